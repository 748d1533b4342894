"""A run that is divided into one order a part: a worker that is killed repeats one part, and the run is whole."""

from __future__ import annotations

import json
import os
import signal
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler
from typing import Any
from uuid import uuid4

import psycopg
import pytest

from contract.broker import make_broker
from contract.names import QUEUE_OF, SCRAPE
from tests.acceptance.conftest import Place, until
from tests.acceptance.test_scrape_order import send_order
from tests.fix_site import Respond, Site, page

pytestmark = pytest.mark.slow

PARTS = ["u13", "u14", "u15"]

SOURCE = """
import json

from ingest.errors import NotPublished
from ingest.models import Match
from ingest.sources import Part, Reading


class Counties:
    name, description, leagues = "counties", "for tests", ("county",)
    concurrency, interval = 1, 0.0
    separate_orders = True

    def __init__(self, url):
        self.url = url

    @classmethod
    def make(cls, settings):
        return cls(settings.url)

    def plan(self, scope, fetcher):
        answer = fetcher.get(self.url + "/parts.json", conditional=False)
        if not answer.body:
            raise NotPublished("the counties have no season")
        return [Part(name, "county", "2026-27") for name in json.loads(answer.body)]

    def fetch(self, part, fetcher):
        return fetcher.get(f"{self.url}/{part.name}.json", part=part.name, conditional=False)

    def parse(self, part, answer):
        rows = [
            Match(
                match_id=f"{part.name}-{number}", home_team="Ash", away_team="Elm", date="2026-10-03",
                season=part.season, age_group=part.name.upper(), match_type="League", status="scheduled",
            )
            for number in range(json.loads(answer.body))
        ]
        return Reading(f"{answer.asked_at:%Y-%m-%dT%H:%M:%SZ}", rows)
"""


@pytest.fixture
def counties(servers: Place, site: Site) -> Place:
    """A place in which the source is installed, and reads `site`."""
    package = servers.home / "site-packages"
    metadata = package / "counties-1.0.dist-info"
    metadata.mkdir(parents=True)
    (package / "counties.py").write_text(SOURCE)
    (metadata / "METADATA").write_text("Metadata-Version: 2.1\nName: counties\nVersion: 1.0\n")
    (metadata / "entry_points.txt").write_text("[touchline.sources]\ncounties = counties:Counties\n")
    env = {"PYTHONPATH": str(package), "TOUCHLINE_COUNTIES_URL": site.url}
    site.put("/parts.json", json.dumps(PARTS))
    for number, part in enumerate(PARTS, 1):
        site.put(f"/{part}.json", str(100 * number))
    return Place(servers.home, {**servers.env, **env})


def order() -> dict[str, Any]:
    return {"contract": 1, "run_id": str(uuid4()), "source": "counties", "trigger": "api"}


def ended(place: Place) -> bool:
    with psycopg.connect(place.env["DATABASE_URL"]) as connection:
        return connection.execute("SELECT FROM runs WHERE state <> 'running'").fetchone() is not None


def carried_out(place: Place) -> dict[str, str]:
    with psycopg.connect(place.env["DATABASE_URL"]) as connection:
        return dict(connection.execute("SELECT part, state FROM touchline.orders").fetchall())


def hang(until_gone: threading.Event) -> Respond:
    def respond(handler: BaseHTTPRequestHandler) -> None:
        until_gone.wait(60)
        handler.close_connection = True

    return respond


@pytest.fixture
def killed() -> Iterator[threading.Event]:
    event = threading.Event()
    yield event
    event.set()


def test_a_killed_worker_repeats_its_part_and_no_other(counties: Place, site: Site, killed: threading.Event) -> None:
    """Half of the season is stored by then; the rest comes by the next worker, each match once."""
    site.put("/u14.json", hang(killed), page("200"))
    sent = order()
    with counties.dramatiq("--processes", "1", "--threads", "1") as worker:
        send_order(counties.env["RABBITMQ_URL"], sent)
        until("the second part is asked for", lambda: bool(site.asked("/u14.json")))
        os.killpg(worker.pid, signal.SIGKILL)
        worker.wait()
    killed.set()
    assert carried_out(counties) == {"u13": "done", "u14": "running", "u15": "waiting"}
    with psycopg.connect(counties.env["DATABASE_URL"]) as connection:
        # the dead worker's turn at the source, which is free after 45 s by itself
        connection.execute("UPDATE touchline.turns SET expires_at = now() WHERE source = 'counties'")
    with counties.dramatiq("--processes", "1", "--threads", "2"):
        until("the run ends", lambda: ended(counties))
        until("all is carried out", lambda: set(carried_out(counties).values()) == {"done"})
    run = counties.touchline("runs").row
    assert (run["run_id"], run["state"], run["found"], run["inserted"]) == (sent["run_id"], "succeeded", 600, 600)
    assert [len(site.asked(f"/{part}.json")) for part in PARTS] == [1, 2, 1]
    assert len(counties.touchline("matches", "--limit", "0").rows) == 600


def test_an_order_that_comes_twice_asks_the_site_once(counties: Place, site: Site) -> None:
    """Of its parts too: what is done is not done again."""
    sent = order()
    with counties.dramatiq("--processes", "1", "--threads", "2"):
        send_order(counties.env["RABBITMQ_URL"], sent)
        until("the run ends", lambda: ended(counties))
        until("all is carried out", lambda: set(carried_out(counties).values()) == {"done"})
        asked = len(site.paths)
        send_order(counties.env["RABBITMQ_URL"], sent)
        send_order(counties.env["RABBITMQ_URL"], {**sent, "part": "u13"})
        log = counties.home / "workers.log"
        until("the copies are seen", lambda: "order of it came twice" in log.read_text() and _idle(counties))
    assert len(site.paths) == asked
    assert counties.touchline("runs").row["state"] == "succeeded"


def test_a_site_that_does_not_tell_its_parts_is_a_failed_run(counties: Place, site: Site) -> None:
    """On record, with the sentence, and no order is left."""
    site.put("/parts.json", "")
    with counties.dramatiq("--processes", "1", "--threads", "2"):
        send_order(counties.env["RABBITMQ_URL"], order())
        until("the run ends", lambda: ended(counties))
    run = counties.touchline("runs").row
    assert (run["state"], run["error"]) == ("failed", "the counties have no season")
    assert carried_out(counties) == {}


def _idle(place: Place) -> bool:
    """Whether the queue of orders is empty."""
    broker = make_broker(place.env["RABBITMQ_URL"])
    try:
        waiting, *_ = broker.get_queue_message_counts(QUEUE_OF[SCRAPE])
    finally:
        broker.close()
    return bool(waiting == 0)
