"""What is written down of a message that the broker itself gave up."""

from __future__ import annotations

import datetime as dt
import json
from typing import Any
from uuid import uuid4

import pytest

from actors.middleware.dead_letters import bury_corpse
from actors.store.dead import DeadMessage
from contract.broker.corpses import Corpse

AT = dt.datetime(2026, 11, 21, 12, 0, tzinfo=dt.UTC)


@pytest.fixture
def letters(monkeypatch: pytest.MonkeyPatch) -> list[DeadMessage]:
    """Where letters go instead of into the database."""
    written: list[DeadMessage] = []
    monkeypatch.setattr("actors.middleware.dead_letters.pool", lambda: None)
    monkeypatch.setattr("actors.middleware.dead_letters.bury_message", lambda _, letter: written.append(letter))
    return written


def _body(**options: Any) -> bytes:
    message = {
        "queue_name": "matches",
        "actor_name": "store_matches",
        "args": [],
        "kwargs": {},
        "options": options,
        "message_id": str(uuid4()),
        "message_timestamp": 0,
    }
    return json.dumps(message).encode()


def _buried(body: bytes, reason: str, letters: list[DeadMessage]) -> DeadMessage:
    bury_corpse(Corpse.of("matches", body, reason=reason, died_at=AT))
    (letter,) = letters
    return letter


def test_the_brokers_reason_counts_where_it_has_one(letters: list[DeadMessage]) -> None:
    """A message that had failed for another reason before was to be tried again: it is the limit that ended it."""
    earlier = {"reason": "DatabaseAway", "error": "the database was away"}
    letter = _buried(_body(failure=earlier, attempts=3), "maxlen", letters)
    assert letter.reason == "maxlen"
    assert letter.error == "the broker gave it up: maxlen; before that: the database was away"
    assert (letter.attempts, letter.died_at) == (3, AT)


def test_what_a_worker_rejected_has_its_own_reason(letters: list[DeadMessage]) -> None:
    """It lies there because its letter could not be written then."""
    letter = _buried(_body(failure={"reason": "ContractViolation", "error": "no run_id"}), "rejected", letters)
    assert (letter.reason, letter.error) == ("ContractViolation", "no run_id")


def test_what_a_message_says_of_itself_is_not_believed(letters: list[DeadMessage]) -> None:
    """Anybody may have put it there."""
    odd = {"failure": "because", "attempts": "many", "first_failed_at": 1e300, "traceback": ["x"]}
    letter = _buried(_body(**odd), "expired", letters)
    assert letter.reason == "expired"
    assert (letter.attempts, letter.traceback) == (0, None)


def test_what_is_no_message_is_kept_as_it_is(letters: list[DeadMessage]) -> None:
    """With the reason why it is none."""
    letter = _buried(b"Ajax 3-1 Benfica", "rejected", letters)
    assert letter.reason == "undecodable"
    assert letter.error.startswith("no JSON")
    assert letter.payload["text"] == "Ajax 3-1 Benfica"
