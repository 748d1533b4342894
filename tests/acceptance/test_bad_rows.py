"""A batch from a producer that does not validate: the bad row is dead with its reason, its neighbours are stored."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from uuid import uuid4

import dramatiq
import pytest

from contract.broker import make_broker
from contract.names import QUEUE_OF, RECORD_RUN, STORE_MATCHES
from tests.acceptance.conftest import Place
from tests.acceptance.test_scrape_order import wait_for

pytestmark = pytest.mark.slow

PART = "made-up"
AT = "2026-10-03T22:30:00Z"

GOOD: dict[str, Any] = {
    "match_id": "1",
    "home_team": "Ashgrove",
    "away_team": "Bellwater",
    "date": "2026-10-03",
    "season": "2026-27",
    "age_group": "U14",
    "match_type": "League",
    "status": "scheduled",
}

BAD = {
    "a NUL byte in a name": {**GOOD, "match_id": "2", "home_team": "Ash\0grove"},
    "one score without the other": {**GOOD, "match_id": "2", "home_score": 1},
    "a date that does not exist": {**GOOD, "match_id": "2", "date": "2026-02-30"},
    "a required field missing": {name: value for name, value in GOOD.items() if name != "away_team"},
    "a lone surrogate": {**GOOD, "match_id": "2", "location": "Field \ud800"},
    "no match at all": "2",
}


@contextmanager
def _sender(url: str) -> Iterator[Any]:
    broker = make_broker(url)
    run_id = str(uuid4())

    def send(actor: str, **kwargs: Any) -> str:
        head = {"contract": 1, "run_id": run_id, "source": "made-up"}
        broker.enqueue(dramatiq.Message(QUEUE_OF[actor], actor, (), {**head, **kwargs}, {}))
        return run_id

    try:
        yield send
    finally:
        broker.close()


def _run_of(send: Any, rows: list[Any]) -> str:
    send(RECORD_RUN, event="started", at=AT, params={}, trigger="api", parts=[PART])
    send(STORE_MATCHES, part=PART, sequence=0, observed_at=AT, matches=rows)
    ended = {"found": len(rows), "batches": 1, "complete": True, "not_modified": False}
    run_id: str = send(RECORD_RUN, event="part_finished", at=AT, part=PART, observed_at=AT, **ended)
    return run_id


@pytest.mark.parametrize("queue", ["rabbitmq", "postgresql"])
def test_one_bad_row_of_each_kind(servers: Place, queue: str) -> None:
    """found = inserted + updated + unchanged + stale + dead, and each letter shows its reason and its row."""
    env = dict(servers.env)
    if queue == "postgresql":
        # the store's database is the queue as well
        del env["RABBITMQ_URL"]
    place = Place(servers.home, env)
    address = env.get("RABBITMQ_URL") or env["DATABASE_URL"]
    neighbours = [{**GOOD, "match_id": str(n)} for n in range(10, 15)]
    newer = {**GOOD, "match_id": "20", "field_of_next_year": {"x": 1}}
    with place.dramatiq("--processes", "1", "--threads", "2"), _sender(address) as send:
        _run_of(send, [*neighbours[:2], *BAD.values(), *neighbours[2:], newer])
        [run] = wait_for(place, "runs")
    counts = {name: run[name] for name in ("found", "inserted", "updated", "unchanged", "stale", "dead")}
    bad = len(BAD)
    assert counts == {"found": 6 + bad, "inserted": 6, "updated": 0, "unchanged": 0, "stale": 0, "dead": bad}
    letters = place.touchline("dead", "list").rows
    assert len(letters) == bad
    assert {letter["kind"] for letter in letters} == {"match"}
    reasons = {letter["reason"] for letter in letters}
    assert len(reasons) >= bad - 1, reasons
    shown = place.touchline("dead", "show", str(letters[0]["id"])).row
    assert shown["error"]
    stored = {row["match_id"] for row in place.touchline("matches").rows}
    assert stored == {"10", "11", "12", "13", "14", "20"}, "a field that nobody knows yet costs no row"
