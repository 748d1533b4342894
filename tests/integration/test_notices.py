"""From what happened to who is told: real workers, a real queue, and a receiver of this test's own."""

from __future__ import annotations

import json
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Any
from uuid import uuid4

import dramatiq
import pytest

from contract.broker import make_broker
from contract.names import KEEP_HOUSE, MAINTENANCE, MATCHES, RECORD_RUN, RUNS, STORE_MATCHES, STORE_STANDINGS
from contract.signing import headers_of
from tests.fix_rabbitmq import RabbitServer
from tests.fix_scraping import Program, stored, wait_until, workers
from tests.fix_site import Request, Site, page, status

pytestmark = pytest.mark.slow

SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"

MATCH = {
    "match_id": "1",
    "home_team": "Ashgrove",
    "away_team": "Bellwater",
    "date": "2026-10-10",
    "season": "2026-27",
    "age_group": "U14",
    "match_type": "League",
    "status": "scheduled",
}


class Producer:
    """Says what runs say, in the order that the test wants."""

    def __init__(self, url: str) -> None:
        self._broker = make_broker(url)
        self._second = 0

    def send(self, queue: str, actor: str, **kwargs: Any) -> str:
        self._broker.declare_queue(queue)
        message: dramatiq.Message[Any] = dramatiq.Message(queue, actor, (), kwargs, {}, message_id=str(uuid4()))
        self._broker.enqueue(message)
        return message.message_id

    def event(self, run_id: str, event: str, **said: Any) -> None:
        self._second += 1
        at = f"2026-10-03T22:30:{self._second:02}Z"
        self.send(RUNS, RECORD_RUN, contract=1, run_id=run_id, source="mlsnext", event=event, **{"at": at, **said})

    def start(self, run_id: str) -> None:
        self.event(run_id, "started", params={"leagues": ["flex"]}, trigger="schedule", parts=["a"])

    def fail(self, run_id: str) -> None:
        self.event(run_id, "failed", found=0, batches=0, kind="transient", error="the site answers 503")

    def succeed(self, run_id: str) -> None:
        batch = {"part": "a", "sequence": 0, "observed_at": "2026-10-03T22:00:00Z", "matches": [MATCH]}
        message_id = self.send(MATCHES, STORE_MATCHES, contract=1, run_id=run_id, source="mlsnext", **batch)
        self.event(
            run_id, "part_finished", part="a", found=1, batches=1, messages={message_id: 1}, complete=True,
            not_modified=False, observed_at="2026-10-03T22:00:00Z",
        )  # fmt: skip


def notice(request: Request) -> dict[str, Any]:
    """What was received, once its signature was verified."""
    headers = {name: request.headers[name] for name in ("webhook-id", "webhook-timestamp", "webhook-signature")}
    assert headers == headers_of(SECRET, headers["webhook-id"], int(headers["webhook-timestamp"]), request.body)
    body = json.loads(request.body)
    assert isinstance(body, dict)
    return body


@pytest.fixture(params=["rabbitmq", "postgresql"])
def queue(request: pytest.FixtureRequest, store_url: str) -> str:
    """The queue's address: RabbitMQ's, or that of the store."""
    return str(request.getfixturevalue("rabbitmq_url")) if request.param == "rabbitmq" else store_url


@pytest.fixture
def watched(queue: str, store_url: str, site: Site, tmp_path: Path) -> Program:
    """The program with a webhook at the site's `/hook`."""
    settings = {"DATABASE_URL": store_url} | ({} if queue == store_url else {"RABBITMQ_URL": queue})
    settings |= {"TOUCHLINE_WEBHOOK_URL": f"{site.url}/hook", "TOUCHLINE_WEBHOOK_SECRET": SECRET}
    return Program(tmp_path, site, **settings)


def state_is(url: str, run_id: str, state: str) -> Callable[[], bool]:
    return lambda: stored(url, f"SELECT state FROM runs WHERE run_id = '{run_id}'") == state


def test_a_failure_and_its_end_are_told_once_each(queue: str, store_url: str, watched: Program, site: Site) -> None:
    """The run fails, is tried again and fails again; the receiver is down at first; in the end all is well."""
    site.put("/hook", status(500), page("thanks"))
    producer, run_id = Producer(queue), str(uuid4())
    with workers(watched):
        producer.start(run_id)
        # a failure that overtakes the start is told without what was asked for, which nobody knows by then
        wait_until(state_is(store_url, run_id, "running"))
        for _ in range(3):
            producer.fail(run_id)
            producer.start(run_id)
        producer.fail(run_id)
        wait_until(state_is(store_url, run_id, "failed"))
        wait_until(lambda: len(site.requests) == 2)
        # the same piece of news, tried again
        assert len({request.headers["webhook-id"] for request in site.requests}) == 1
        failed = notice(site.requests[1])
        assert failed["type"] == "run.failed"
        assert failed["text"] == (
            f"Touchline: run {run_id[:8]} of mlsnext (flex) failed: the site answers 503. "
            f"See: touchline runs {run_id[:8]}"
        )
        good = str(uuid4())
        producer.start(good)
        producer.succeed(good)
        wait_until(lambda: len(site.requests) == 3)
        recovered = notice(site.requests[2])
        assert (recovered["type"], recovered["data"]["was"]) == ("source.recovered", "failed")
        assert recovered["data"]["counts"]["found"] == 1
        wait_until(lambda: stored(store_url, "SELECT count(*) FROM touchline.news WHERE delivered_at IS NULL") == 0)
    assert len(site.requests) == 3


def test_a_receiver_that_refuses_makes_a_dead_letter_and_no_news_of_it(
    queue: str, store_url: str, watched: Program, site: Site
) -> None:
    """It would be told to the very receiver that refuses. Once that is mended the letter is replayed."""
    site.put("/hook", status(404), page("thanks"))
    producer, run_id = Producer(queue), str(uuid4())
    with workers(watched):
        producer.start(run_id)
        producer.fail(run_id)
        wait_until(lambda: stored(store_url, "SELECT count(*) FROM touchline.dead WHERE state = 'open'") == 1)
        assert stored(store_url, "SELECT reason FROM touchline.dead") == "ReceiverRefuses"
        assert watched("dead", "replay", "1").code == 0
        wait_until(lambda: stored(store_url, "SELECT delivered_at IS NOT NULL FROM touchline.news"))
    assert notice(site.requests[-1])["type"] == "run.failed"
    assert stored(store_url, "SELECT count(*) FROM touchline.news") == 1


def test_dead_letters_are_told_of(queue: str, store_url: str, watched: Program, site: Site) -> None:
    """Rows that cannot be stored, by the first round of chores after them."""
    site.put("/hook", page("thanks"))
    producer, run_id = Producer(queue), str(uuid4())
    with workers(watched):
        bad = [{**MATCH, "match_id": str(number), "status": "who knows"} for number in range(3)]
        batch = {"part": "a", "sequence": 0, "observed_at": "2026-10-03T22:00:00Z", "matches": bad}
        producer.send(MATCHES, STORE_MATCHES, contract=1, run_id=run_id, source="mlsnext", **batch)
        wait_until(lambda: len(site.requests) == 1)
    told = notice(site.requests[0])
    assert (told["type"], told["data"]["counts"]["letters"]) == ("dead_letters", 3)
    assert told["text"].startswith("Touchline: 3 dead letters from mlsnext (3 matches), unknown_value: ")
    assert told["text"].endswith(f"See: touchline dead list --run {run_id[:8]}")


def test_a_table_that_disagrees_with_the_official_one_is_told_of(
    queue: str, store_url: str, watched: Program, site: Site
) -> None:
    """By the first round of chores after a whole reading, and nobody has to ask."""
    site.put("/hook", page("thanks"))
    producer, run_id = Producer(queue), str(uuid4())
    with workers(watched):
        producer.event(run_id, "started", params={}, trigger="schedule", parts=["a"])
        part = {"part": "a", "sequence": 0, "observed_at": "2026-10-03T22:00:00Z"}
        played = {**MATCH, "date": "2026-09-10", "status": "completed", "home_score": 1, "away_score": 0}
        match = {**played, "league": "homegrown", "division": "Northeast", "home_team_id": "1", "away_team_id": "2"}
        sent = {"contract": 1, "run_id": run_id, "source": "mlsnext", **part}
        line = {"position": 1, "team": "Ashgrove", "team_id": "1", "played": 2, "points": 6}
        table = {"division": "Northeast", "age_group": "U14", "rows": [line]}
        of_matches = producer.send(MATCHES, STORE_MATCHES, **sent, matches=[match])
        tables = {"season": "2026-27", "league": "homegrown", "tables": [table]}
        of_tables = producer.send(MATCHES, STORE_STANDINGS, **sent, **tables)
        producer.event(
            run_id, "part_finished", part="a", found=1, batches=1, messages={of_matches: 1, of_tables: 0},
            complete=True, not_modified=False, observed_at="2026-10-03T22:00:00Z",
        )  # fmt: skip
        wait_until(lambda: len(site.requests) == 1)
    told = notice(site.requests[0])
    assert (told["type"], told["data"]["run_id"]) == ("table.disagrees", run_id)
    assert told["data"]["scope"]["division"] == "Northeast"
    assert "Ashgrove: officially 2 played, 6 points; by the stored results 1 played, 3 points." in told["text"]


def test_without_a_webhook_nothing_is_published(queue: str, store_url: str, site: Site, tmp_path: Path) -> None:
    """What happened is recorded all the same, and the queue of maintenance stays empty."""
    settings = {"DATABASE_URL": store_url} | ({} if queue == store_url else {"RABBITMQ_URL": queue})
    producer, run_id = Producer(queue), str(uuid4())
    with workers(Program(tmp_path, site, **settings)):
        producer.start(run_id)
        producer.fail(run_id)
        wait_until(lambda: stored(store_url, "SELECT count(*) FROM touchline.news") == 1)
        producer.send(MAINTENANCE, KEEP_HOUSE, run_id=run_id)
        wait_until(lambda: stored(store_url, "SELECT count(*) FROM touchline.horizon") == 1)
    assert stored(store_url, "SELECT published_at IS NULL FROM touchline.news")
    assert site.requests == []


def test_news_outlives_the_broker_and_the_worker(
    rabbitmq_url: str, rabbitmq_server: RabbitServer, store_url: str, site: Site, tmp_path: Path
) -> None:
    """The receiver is down, RabbitMQ is killed, the worker as well: it is received when all are back, and once."""
    tried = status(503)
    up = False

    def answer(handler: BaseHTTPRequestHandler) -> None:
        (page("thanks") if up else tried)(handler)

    site.put("/hook", answer)
    program = Program(
        tmp_path, site, DATABASE_URL=store_url, RABBITMQ_URL=rabbitmq_url,
        TOUCHLINE_WEBHOOK_URL=f"{site.url}/hook", TOUCHLINE_WEBHOOK_SECRET=SECRET,
    )  # fmt: skip
    producer, run_id = Producer(rabbitmq_url), str(uuid4())
    with workers(program) as master:
        producer.start(run_id)
        producer.fail(run_id)
        wait_until(lambda: bool(site.requests))
        rabbitmq_server.kill()
        for process in master.children(recursive=True):
            process.kill()
        rabbitmq_server.start()
    up = True
    before = len(site.requests)
    with workers(program):
        wait_until(lambda: stored(store_url, "SELECT delivered_at IS NOT NULL FROM touchline.news"))
    assert notice(site.requests[-1])["data"]["run_id"] == run_id
    assert len(site.requests) == before + 1
