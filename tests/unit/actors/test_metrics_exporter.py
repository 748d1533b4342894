"""What the exporter makes of what it is told, and of what comes too late."""

from __future__ import annotations

import threading
import time
from datetime import UTC, datetime, timedelta
from typing import Any

from actors.metrics.exporter import REASONS, _dead_letters, _Place, _slots

NOW = datetime(2026, 11, 25, 12, 0, 30, tzinfo=UTC)


def values(family: Any) -> dict[tuple[str, ...], float]:
    return {tuple(sample.labels.values()): sample.value for sample in family.samples}


def test_an_answer_to_an_earlier_question_is_not_taken() -> None:
    """Who hung is down, and down still when it answers what it was asked before; then it is asked anew."""
    going_on, asked = threading.Event(), []

    def ask() -> int:
        asked.append(time.monotonic())
        assert going_on.wait(30)
        return len(asked)

    place = _Place("store", ask)
    place.ask()
    assert place.answer(time.monotonic() + 0.05) is None
    place.ask()
    going_on.set()
    assert place.answer(time.monotonic() + 30) is None
    assert place.seconds is None
    place.ask()
    assert place.answer(time.monotonic() + 30) == 2
    assert place.seconds is not None


def test_reasons_without_number_are_others() -> None:
    """A reason may be what a message says; the sum is right all the same."""
    rows = [{"kind": "match", "reason": f"r{n}", "letters": 3, "oldest": 100.0 - n} for n in range(REASONS + 7)]
    letters, oldest = _dead_letters(rows)
    told = values(letters)
    assert len(told) == REASONS + 2
    assert told["match", "other"] == 21
    assert sum(told.values()) == 3 * len(rows)
    assert values(oldest) == {(): 100.0 - (REASONS + 6)}


def test_a_slot_that_nobody_has_seen_lags_too() -> None:
    """Where nothing ticks nothing is claimed: then the cron line says since when something is due."""
    schedule = {"cron": "0 * * * *", "timezone": "UTC", "now": NOW, "waiting_since": None}
    decided = {**schedule, "schedule": "decided", "considered_until": NOW}
    unseen = {**schedule, "schedule": "unseen", "considered_until": NOW - timedelta(minutes=1)}
    waits = {**decided, "schedule": "waits", "waiting_since": NOW - timedelta(hours=2)}
    [lag] = _slots([decided, unseen, waits])
    assert values(lag) == {("decided",): 0.0, ("unseen",): 30.0, ("waits",): 7200.0}
