"""The judge itself: it finds nothing where all is as sent, and each thing that can be off."""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import psycopg
import pytest
from dramatiq.middleware import CurrentMessage

import actors
from actors.pool import close_pool
from tests.chaos.check import judge
from tests.chaos.load import capture
from tests.chaos.model import Ledger, Track


@dataclass
class Stored:
    """As much of a world as the judge looks at."""

    url: str
    ledger: Ledger = field(default_factory=Ledger)

    def query(self, text: str, *parameters: Any) -> list[tuple[Any, ...]]:
        with psycopg.connect(self.url) as connection:
            cursor = connection.execute(text.encode(), parameters)
            return cursor.fetchall() if cursor.description else []

    def in_queues(self) -> int:
        return 0


@pytest.fixture
def stored(store_url: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[Stored]:
    """Four observations of a track and a late one, stored by the actors in this process."""
    monkeypatch.setenv("DATABASE_URL", store_url)
    close_pool()
    world = Stored(store_url)
    track = Track("track", random.Random(2))
    for observation in [*(track.observe() for _ in range(4)), track.late()]:
        for message in capture(observation, world.ledger):
            CurrentMessage._MESSAGE.set(message)
            actors.broker.get_actor(message.actor_name).fn(**message.kwargs)
    CurrentMessage._MESSAGE.set(None)
    yield world
    close_pool()


def test_what_is_stored_as_sent_is_faultless(stored: Stored) -> None:
    """Model and store agree on every column, change, count and dead letter, and there are some of each."""
    verdict = judge(stored)  # type: ignore[arg-type]
    assert verdict.differences == []
    assert (verdict.lost, verdict.doubled) == (0, 0)
    assert verdict.dead == verdict.expected_dead > 0
    assert stored.ledger.changes
    assert any(account.stale for account in stored.ledger.runs.values())
    assert any(account.unchanged for account in stored.ledger.runs.values())


@pytest.mark.parametrize(
    ("harm", "number"),
    [
        ("DELETE FROM touchline.matches WHERE match_id = 'track-0'", "lost"),
        ("UPDATE touchline.matches SET round = 'final' WHERE match_id = 'track-0'", "lost"),
        ("UPDATE touchline.matches SET observed_at = now() WHERE match_id = 'track-0'", "lost"),
        ("DELETE FROM touchline.changes WHERE change_id = (SELECT min(change_id) FROM touchline.changes)", "lost"),
        ("UPDATE touchline.run_accounts SET inserted = inserted - 1 WHERE inserted > 0", "lost"),
        ("UPDATE touchline.run_accounts SET state = 'interrupted'", "lost"),
        ("UPDATE touchline.run_accounts SET inserted = inserted + 1", "doubled"),
        ("UPDATE touchline.run_accounts SET stale = stale + 1, updated = updated - 1 WHERE updated > 0", "doubled"),
        (
            "INSERT INTO touchline.changes (source, match_id, field, old, new, run_id)"
            " SELECT source, match_id, field, old, new, run_id FROM touchline.changes LIMIT 1",
            "doubled",
        ),
        ("UPDATE touchline.matches SET match_id = 'another' WHERE match_id = 'track-0'", "doubled"),
        ("DELETE FROM touchline.dead WHERE dead_id = (SELECT min(dead_id) FROM touchline.dead)", "dead"),
        ("UPDATE touchline.dead SET reason = 'another'", ""),
    ],
)
def test_whatever_is_off_is_found(stored: Stored, harm: str, number: str) -> None:
    """One row that differs is told, and counted under its name."""
    stored.query(harm)
    verdict = judge(stored)  # type: ignore[arg-type]
    assert verdict.differences
    counted = {"lost": verdict.lost, "doubled": verdict.doubled, "dead": verdict.expected_dead - verdict.dead, "": 1}
    assert counted[number] > 0
