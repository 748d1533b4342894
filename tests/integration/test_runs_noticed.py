"""Runs whose process is slow, stopped or killed, from the command to the store, through RabbitMQ and real workers."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Any

import pika
import pytest
from psycopg_pool import ConnectionPool

from actors.store import reading, runs
from actors.store.database import Connection, connect, open_pool
from actors.store.runs import Judged
from contract.broker import queue_depths
from contract.names import MATCHES, RUNS
from tests.fix_scraping import PATIENCE, REPOSITORY, Program, counts, stored, wait_until, workers
from tests.fix_site import Site
from touchline.demo.site import DemoSite

pytestmark = pytest.mark.slow

#: Runs the command line, says how many matches two batches had, and dies by SIGKILL right after the second.
_KILLED_AFTER_TWO = """
import os, signal, sys
from ingest import run
send = run._Sender._send_matches
def send_and_die(sender, cut):
    send(sender, cut)
    if sender._account.batches == 2:
        print(sender._account.sent, flush=True)
        os.kill(os.getpid(), signal.SIGKILL)
run._Sender._send_matches = send_and_die
from touchline.cli import main
sys.exit(main(sys.argv[1:]))
"""


def kill_after_two_batches(program: Program) -> int:
    """Start a run, and SIGKILL it in the middle of its first part; returns how many matches it had sent."""
    killed = subprocess.run(
        [sys.executable, "-c", _KILLED_AFTER_TWO, "scrape", "mlsnext"],
        cwd=REPOSITORY,
        env=program.environment,
        capture_output=True,
        timeout=PATIENCE,
        check=False,
    )
    assert killed.returncode == -signal.SIGKILL, killed.stderr
    return int(killed.stdout)


def the_run(url: str) -> dict[str, Any]:
    """The newest run in the store, or nothing."""
    with connect(url) as connection, reading.reading(connection, "runs", limit=1) as found:
        return next(iter(found.rows), {})


@pytest.fixture
def judging(store_url: str) -> Iterator[ConnectionPool[Connection]]:
    pool = open_pool(store_url, size=1)
    yield pool
    pool.close()


def test_a_run_that_is_killed_in_the_middle_of_a_part_is_interrupted_and_made_good(
    rabbitmq_url: str, store_url: str, demo_site: DemoSite, judging: ConnectionPool[Connection], tmp_path: Path
) -> None:
    """SIGKILL after two batches: stored, then missed and said so, with numbers; the next run finds everything."""
    program = Program(tmp_path, demo_site, RABBITMQ_URL=rabbitmq_url, DATABASE_URL=store_url)  # type: ignore[arg-type]
    with workers(program):
        sent = kill_after_two_batches(program)
        wait_until(lambda: the_run(store_url).get("inserted") == sent)
        assert the_run(store_url)["state"] == "running"
        given_up: list[Judged] = []

        def judged() -> bool:
            given_up.extend(runs.judge(judging, storing_for=60, silence=0.5))
            return bool(given_up)

        wait_until(judged)
        run = the_run(store_url)
        assert (run["state"], run["found"], run["inserted"]) == ("interrupted", sent, sent)
        assert "parts read: 0 of" in run["error"]
        assert f"matches that arrived: {sent}" in run["error"]

        again = program("scrape", "mlsnext", "--wait")
        assert (again.code, again.row["state"]) == (0, "succeeded"), again
        found, inserted, _, unchanged, _, _ = counts(again.row)
        assert (inserted, unchanged) == (found - sent, sent)
        assert stored(store_url, "SELECT count(*) FROM match_list") == found
        assert program("runs", "--state", "interrupted").row["run_id"] == str(run["run_id"])


def test_where_no_worker_runs_the_next_command_gives_the_dead_run_up(
    store_url: str, demo_site: DemoSite, tmp_path: Path
) -> None:
    """Alone on a laptop nobody is there to miss it: who stores what it left knows that its process is gone."""
    program = Program(tmp_path, demo_site, DATABASE_URL=store_url)  # type: ignore[arg-type]
    sent = kill_after_two_batches(program)
    again = program("scrape", "mlsnext", "--wait")
    assert (again.code, again.row["state"]) == (0, "succeeded"), again
    assert stored(store_url, "SELECT count(*) FROM match_list") == again.row["found"]
    dead = program("runs", "--state", "interrupted").row
    assert dead["run_id"][:8] in again.err
    # whose batch was stored first is chance
    assert (dead["found"], dead["inserted"] + dead["unchanged"]) == (sent, sent)
    assert f"matches that arrived: {sent}" in dead["error"]


@contextmanager
def hanging_in_its_second_league(
    league: Site, program: Program, store_url: str
) -> Iterator[tuple[subprocess.Popen[str], dict[str, Any]]]:
    """The command while the site does not answer for its second part, and its run in the store."""
    asked = threading.Event()

    def hang(handler: BaseHTTPRequestHandler) -> None:
        asked.set()
        league.closing.wait()

    league.put("/data/schedule/mls-next-flex-26-27.json", hang)
    league.put("/data/standings/mls-next-flex-26-27.json", hang)
    with program.start("scrape", "mlsnext", "--league", "homegrown", "--league", "flex") as process:
        try:
            assert asked.wait(PATIENCE)
            wait_until(lambda: the_run(store_url).get("found") == 320)
            yield process, the_run(store_url)
        finally:
            process.kill()


def test_a_site_that_is_slow_does_not_look_like_a_death(
    rabbitmq_url: str, store_url: str, league: Site, judging: ConnectionPool[Connection], tmp_path: Path
) -> None:
    """The run is heard of again and again while nothing comes of the site, and missed once it is killed."""
    silence = 4.0
    program = Program(
        tmp_path, league, RABBITMQ_URL=rabbitmq_url, DATABASE_URL=store_url, TOUCHLINE_RUN_SILENCE=str(silence)
    )

    def signs() -> float:
        query = "SELECT extract(epoch FROM last_sign_at - started_at)::float8 FROM touchline.run_accounts"
        return float(stored(store_url, query))

    with workers(program), hanging_in_its_second_league(league, program, store_url) as (process, run):
        waiting_since = signs()

        def is_alive_for_long_enough() -> bool:
            assert runs.judge(judging, storing_for=60, silence=silence) == []
            return signs() > waiting_since + 2 * silence

        wait_until(is_alive_for_long_enough)
        process.kill()
        wait_until(lambda: bool(runs.judge(judging, storing_for=60, silence=silence)))
        assert the_run(store_url)["run_id"] == run["run_id"]
        assert the_run(store_url)["state"] == "interrupted"


@pytest.mark.parametrize("by", [signal.SIGINT, signal.SIGTERM])
def test_a_run_that_somebody_stops_is_interrupted_at_once(
    rabbitmq_url: str, store_url: str, league: Site, tmp_path: Path, by: signal.Signals
) -> None:
    """Ctrl-C and SIGTERM alike: exit code 130, and the run's account says who ended it and how far it came."""
    program = Program(tmp_path, league, RABBITMQ_URL=rabbitmq_url, DATABASE_URL=store_url)
    with workers(program), hanging_in_its_second_league(league, program, store_url) as (process, _):
        process.send_signal(by)
        assert process.wait(PATIENCE) == 130
        wait_until(lambda: the_run(store_url)["state"] != "running")
        run = the_run(store_url)
    assert (run["state"], run["found"], run["inserted"]) == ("interrupted", 320, 320)
    assert "stopped by Ctrl-C or SIGTERM" in run["error"]
    assert "parts read: 1 of 2; matches that arrived: 320" in run["error"]


def test_a_command_that_waits_for_what_never_arrives_ends_with_1(
    rabbitmq_url: str, store_url: str, league: Site, judging: ConnectionPool[Connection], tmp_path: Path
) -> None:
    """One batch is taken out of the queue: the command says how much is missing, and what to do about it."""
    program = Program(tmp_path, league, RABBITMQ_URL=rabbitmq_url, DATABASE_URL=store_url)
    with program.start("scrape", "mlsnext", "--league", "homegrown", "--wait") as process:
        try:
            wait_until(lambda: queue_depths(rabbitmq_url).get(RUNS, (0, 0))[0] == 2)
            with pika.BlockingConnection(pika.URLParameters(rabbitmq_url)) as connection:
                _, _, body = connection.channel().basic_get(MATCHES, auto_ack=True)
            lost = len(json.loads(body)["kwargs"]["matches"])
            with workers(program):
                wait_until(lambda: the_run(store_url).get("inserted") == 320 - lost)
                wait_until(lambda: bool(runs.judge(judging, storing_for=60, silence=0.5, arrival=0.5)))
                out, err = process.communicate(timeout=PATIENCE)
        finally:
            process.kill()
    assert process.returncode == 1, err
    row = json.loads(out)
    assert (row["state"], row["found"], row["inserted"]) == ("suspect", 320, 320 - lost)
    assert f"matches missing: {lost} of 320" in err
    assert "touchline scrape mlsnext --full" in err
    shown = program("runs", str(row["run_id"]), "--output", "table")
    assert "touchline scrape mlsnext --full" in shown.err
