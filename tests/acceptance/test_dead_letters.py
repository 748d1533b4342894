"""An operator after a bad deployment: 1,000 matches are dead, the bug is mended, they are replayed, all are stored."""

from __future__ import annotations

import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from contract.broker import queue_depths
from contract.names import MATCHES, RECORD_RUN, RUNS, STORE_MATCHES
from tests.acceptance.conftest import ROOT, Place
from tests.acceptance.test_bad_rows import AT, GOOD, _sender
from tests.conformance.conftest import eventually

pytestmark = pytest.mark.slow

PARTS = ("even", "odd")
EACH = 500
A_BATCH = 50


@contextmanager
def release(place: Place, module: str) -> Iterator[None]:
    """Workers of that release, until the end of the block."""
    with (place.home / "workers.log").open("ab") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "dramatiq", module, "--processes", "1", "--threads", "4"],
            env=place.env,
            cwd=ROOT,
            stdout=log,
            stderr=log,
            start_new_session=True,
        )
    try:
        yield
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(40)


def _the_run(place: Place) -> dict[str, Any]:
    return place.touchline("runs").row


def _account(run: dict[str, Any]) -> dict[str, int]:
    names = ("found", "inserted", "updated", "unchanged", "stale", "dead")
    return {name: run[name] for name in names if run[name]}


@pytest.mark.parametrize("queue", ["rabbitmq", "postgresql"])
def test_a_bad_deployment_is_made_good(servers: Place, queue: str) -> None:
    """Half of the matches died with their batches, half as single rows: `replay --all` brings in every one of them."""
    env = dict(servers.env)
    if queue == "postgresql":
        del env["RABBITMQ_URL"]
    place = Place(servers.home, env)
    address = env.get("RABBITMQ_URL") or env["DATABASE_URL"]
    total = len(PARTS) * EACH

    with _sender(address) as send, release(place, "tests.acceptance.broken_release"):
        send(RECORD_RUN, event="started", at=AT, params={}, trigger="api", parts=list(PARTS))
        for part in PARTS:
            for first in range(0, EACH, A_BATCH):
                rows = [{**GOOD, "match_id": f"{part}-{n}"} for n in range(first, first + A_BATCH)]
                send(STORE_MATCHES, part=part, sequence=first, observed_at=AT, matches=rows)
            ended = {"found": EACH, "batches": EACH // A_BATCH, "complete": True, "not_modified": False}
            send(RECORD_RUN, event="part_finished", at=AT, part=part, observed_at=AT, **ended)
        eventually(lambda: len(place.touchline("dead", "list").rows) == EACH + EACH // A_BATCH, "everything is dead")
        eventually(lambda: _account(_the_run(place)) == {"found": total, "dead": total}, "the run accounts for it")
    assert queue_depths(address, [MATCHES]).get(f"{MATCHES}.XQ", (0, 0))[0] == 0, (
        "what is in the table needs no other copy"
    )

    dry = place.touchline("dead", "replay", "--all", "--dry-run")
    assert f"Would send {EACH + EACH // A_BATCH} dead letters" in dry.err
    with release(place, "actors"):
        replayed = place.touchline("dead", "replay", "--all", "--rate", "0", "--by", "ann")
        assert replayed.code == 0, replayed.err
        assert {row["outcome"] for row in replayed.rows} == {"sent"}
        eventually(lambda: _account(_the_run(place)) == {"found": total, "inserted": total}, "every match is stored")
    assert len(place.touchline("matches", "--limit", "0").rows) == total
    assert place.touchline("dead", "list").rows == []
    history = [place.touchline("dead", "show", str(replayed.rows[n]["id"])).row["history"] for n in (0, -1)]
    assert [[(act["by"], act["outcome"]) for act in acts] for acts in history] == [[("ann", "stored")]] * 2
    depths = queue_depths(address, [MATCHES, RUNS])
    assert {name: ready for name, (ready, _) in depths.items() if ready} == {}
