"""What a site notices of several workers: no more of them at once than agreed, and no request sooner than agreed."""

from __future__ import annotations

import os
import signal
import threading
import time
from contextlib import ExitStack
from http.server import BaseHTTPRequestHandler
from itertools import pairwise
from pathlib import Path
from typing import Any
from uuid import uuid4

import dramatiq
import psycopg
import pytest

from contract.broker import make_broker, queue_depths
from contract.names import QUEUE_OF, SCRAPE, SCRAPES
from tests.acceptance.conftest import Place, with_site
from tests.fix_scraping import wait_until
from tests.fix_site import Site, status

pytestmark = pytest.mark.slow

KEYS = ("mls-next-league-26-27", "mls-next-flex-26-27", "mls-next-2-academy-division-26-27")

#: One process that reads, one order at a time.
READER = ("--processes", "1", "--threads", "1", "--queues", SCRAPES)


def send(place: Place) -> str:
    """Order a run of everything; returns its id."""
    run_id = str(uuid4())
    order: dict[str, Any] = {"contract": 1, "run_id": run_id, "source": "mlsnext", "trigger": "api"}
    order["scope"] = {"season": "2026-27"}
    broker = make_broker(place.env["RABBITMQ_URL"])
    try:
        broker.enqueue(dramatiq.Message(QUEUE_OF[SCRAPE], SCRAPE, (), order, {}))
    finally:
        broker.close()
    return run_id


def configured(servers: Place, site: Site, **settings: float) -> Place:
    """Settings of the source in a file that all workers read."""
    lines = [f"{name} = {value}" for name, value in settings.items()]
    file = servers.home / "touchline.toml"
    file.write_text("\n".join(["[sources.mlsnext]", *lines, ""]))
    place = with_site(servers, site)
    return Place(place.home, {**place.env, "TOUCHLINE_CONFIG": str(file)})


def of_its_own(place: Place, name: str) -> Place:
    """As if on a machine of its own."""
    home = place.home / name
    home.mkdir()
    return Place(home, {**place.env, "TOUCHLINE_HOME": str(home)})


def log(place: Place) -> str:
    path: Path = place.home / "workers.log"
    return path.read_text(errors="replace") if path.exists() else ""


def turns(place: Place) -> int:
    with psycopg.connect(place.env["DATABASE_URL"]) as connection:
        row = connection.execute("SELECT count(*) FROM touchline.turns").fetchone()
    assert row is not None
    return int(row[0])


def test_workers_keep_to_a_limit_a_minute_together(servers: Place, site: Site) -> None:
    """Two processes read at once: all of their requests are as far apart as if they were one's."""
    asked: list[float] = []
    both = threading.Barrier(2)

    def record(handler: BaseHTTPRequestHandler) -> None:
        asked.append(time.monotonic())
        if handler.path == "/robots.txt":
            both.wait(60)  # nobody goes on before both are there
        status(404)(handler)

    site.put("/robots.txt", record)
    for key in KEYS:
        for kind in ("schedule", "standings"):
            site.put(f"/data/{kind}/{key}.json", record)
    place = configured(servers, site, runs=2, requests_per_minute=60, interval=0)
    with ExitStack() as workers:
        for name in ("first", "second"):
            workers.enter_context(of_its_own(place, name).dramatiq(*READER))
        send(place)
        send(place)
        wait_until(lambda: len(asked) >= 8)
    # what arrives late makes the next gap shorter, but none is a third of a second late for each of them
    assert all(after - before > 0.4 for before, after in pairwise(asked))
    assert asked[-1] - asked[0] > len(asked) - 1 - 0.6


def test_an_order_whose_worker_is_killed_is_carried_out_after_its_turn(servers: Place, site: Site) -> None:
    """SIGKILL in the middle of a scrape: delivered again it waits, as does an order of another run; then both run."""
    asked, answer = threading.Semaphore(0), threading.Event()

    def hang(handler: BaseHTTPRequestHandler) -> None:
        asked.release()
        answer.wait(60)
        status(404)(handler)

    site.put("/robots.txt", hang)
    place = configured(servers, site, interval=0)
    first, second = of_its_own(place, "first"), of_its_own(place, "second")
    with first.dramatiq(*READER) as worker:
        runs = [send(place)]
        assert asked.acquire(timeout=60)
        os.killpg(worker.pid, signal.SIGKILL)
    runs.append(send(place))
    answer.set()
    with second.dramatiq(*READER):
        wait_until(lambda: log(second).count(" waits for ") >= 2)
        assert len(site.asked("/robots.txt")) == 1
        with psycopg.connect(place.env["DATABASE_URL"]) as connection:
            connection.execute("UPDATE touchline.turns SET expires_at = now()")
        for _ in runs:
            assert asked.acquire(timeout=60)
        wait_until(lambda: turns(place) == 0)
    assert f"mlsnext is being read: run {runs[0][:8]} by " in log(second)
    depths = queue_depths(place.env["RABBITMQ_URL"], [SCRAPES])
    assert [depths[f"{SCRAPES}{kind}"][0] for kind in ("", ".DQ", ".XQ")] == [0, 0, 0]
    with psycopg.connect(place.env["DATABASE_URL"]) as connection:
        assert connection.execute("SELECT * FROM dead_letters").fetchall() == []


def test_a_scrape_that_waits_for_its_site_can_be_stopped(servers: Place, site: Site) -> None:
    """When the grace is over it goes back into its queue, its turn is free, and its worker ends in order."""
    asked = threading.Event()

    def hang(handler: BaseHTTPRequestHandler) -> None:
        asked.set()
        site.closing.wait(60)

    site.put("/robots.txt", hang)
    place = configured(servers, site, interval=0)
    place.env["TOUCHLINE_SHUTDOWN_GRACE"] = "1"
    with place.dramatiq(*READER) as worker:
        send(place)
        assert asked.wait(60)
        assert turns(place) == 1
        worker.send_signal(signal.SIGTERM)
        assert worker.wait(60) == 0
    assert turns(place) == 0
    assert queue_depths(place.env["RABBITMQ_URL"], [SCRAPES])[SCRAPES][0] == 1
    assert "goes back: the worker stops" in log(place)
