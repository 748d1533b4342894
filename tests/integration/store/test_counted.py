"""What becomes of matches and runs is counted for the metrics once, and after it was committed."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, field
from uuid import uuid4

import psycopg
import pytest

from actors import metrics
from actors.store import runs
from actors.store.counts import Counts
from actors.store.dead import DeadMessage, DeadRow, bury_message
from contract.names import MATCHES, STORE_MATCHES
from tests.integration.store.conftest import Store, a_match
from tests.integration.store.readings import SOURCE, Run, read

pytestmark = pytest.mark.slow


@dataclass
class Counted:
    """Stands where a process keeps its numbers, and looks at each count whether others can see what it is about."""

    url: str
    states: list[str] = field(default_factory=list)
    fates: list[Counts] = field(default_factory=list)

    def count_run(self, source: str, state: str) -> None:
        assert source == SOURCE
        assert state in self._seen("SELECT state FROM runs"), "it is not committed yet"
        self.states.append(state)

    def count_matches(self, source: str, counts: Counts) -> None:
        assert source == SOURCE
        assert sum(self._seen("SELECT inserted + dead FROM runs")) > 0, "it is not committed yet"
        self.fates.append(counts)

    def _seen(self, query: str) -> list[str]:
        with psycopg.connect(self.url) as connection:
            return [row[0] for row in connection.execute(query.encode())]


@pytest.fixture
def counted(any_store_url: str, monkeypatch: pytest.MonkeyPatch) -> Counted:
    counted = Counted(any_store_url)
    monkeypatch.setattr(metrics, "_collectors", counted)
    return counted


def test_a_run_is_counted_when_its_verdict_is_committed(store: Store, counted: Counted) -> None:
    """By its last batch, whoever brings that; and not again because something else about it is known."""
    run = Run(store, 1).start()
    run.messages["a"] = {str(last := uuid4()): 1}
    run.end()
    assert counted.states == []
    store.run_id = run.run_id
    store.put([a_match("1")], message_id=last, part="a")
    assert counted.states == ["succeeded"]
    assert counted.fates == [Counts(inserted=1)]
    store.put([a_match("1")], message_id=last, part="a")  # delivered again
    store.put([a_match("2")], part="a")  # and a message that nobody named: the verdict has another number
    assert run.row["found"] == 2
    assert counted.states == ["succeeded"]
    assert counted.fates == [Counts(inserted=1), Counts(inserted=1)]


def test_a_run_that_was_given_up_is_counted_by_whoever_judges(store: Store, counted: Counted) -> None:
    """And again when it ends well after all: both were said."""
    run = Run(store, 1).start()
    store.rows("UPDATE touchline.run_accounts SET last_sign_at = now() - interval '1 hour' RETURNING run_id")
    assert len(runs.judge(store.pool, storing_for=3600.0)) == 1
    assert counted.states == ["interrupted"]
    assert runs.judge(store.pool, storing_for=3600.0) == []
    run.put([a_match("1")]).end()
    assert run.state == "succeeded"
    # this test ends the part itself, and what it has committed is its own to count
    assert counted.states == ["interrupted"]
    assert counted.fates == [Counts(inserted=1)]


def test_what_dies_is_counted_with_its_letter(store: Store, counted: Counted) -> None:
    """Rows of a batch, and all that a dead message carried; the same letter again is nothing new."""
    run = read(store, 1, "1")
    counted.fates.clear()
    run.put([], bad=[DeadRow("2", "invalid", "no date", {})])
    message = DeadMessage(
        message_id=uuid4(),
        queue=MATCHES,
        actor=STORE_MATCHES,
        run_id=run.run_id,
        source=SOURCE,
        reason="x",
        error="x",
        traceback=None,
        attempts=1,
        first_failed_at=dt.datetime.now(dt.UTC),
        payload={"kwargs": {"matches": [{}, {}, {}]}, "options": {}},
    )
    bury_message(store.pool, message)
    bury_message(store.pool, message)
    assert counted.fates == [Counts(dead=1), Counts(dead=3)]


def test_what_was_rolled_back_is_not_counted(store: Store, counted: Counted) -> None:
    """A batch that cannot be stored has had no fate."""
    Run(store, 1).start()
    with psycopg.connect(counted.url) as owner:
        owner.execute("ALTER TABLE touchline.run_accounts ADD CONSTRAINT none_fit CHECK (inserted < 1)")
    try:
        with pytest.raises(psycopg.errors.CheckViolation):
            store.put([a_match("1")])
    finally:
        with psycopg.connect(counted.url) as owner:
            owner.execute("ALTER TABLE touchline.run_accounts DROP CONSTRAINT none_fit")
    assert counted.fates == []
