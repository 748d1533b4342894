"""The one fate of a message: stored, or dead and perhaps stored yet; and the account of its run at each step."""

from __future__ import annotations

import datetime as dt
import threading
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from uuid import UUID, uuid4

import pytest
from dramatiq import Message

from actors.replays import message_of
from actors.store.counts import Counts
from actors.store.database import transaction
from actors.store.dead import DeadRow, bury_message, no_message
from actors.store.inbox import carried_out, claim
from actors.store.letters import drop, held, record_replay
from contract.names import RECORD_RUN, RUNS
from tests.conformance.conftest import eventually
from tests.integration.store.conftest import Store, a_match
from tests.integration.store.letters import (
    NOON,
    a_batch,
    a_death,
    account,
    acts,
    bury,
    letters,
    receive,
    replay,
    the_letter,
)

TWO = [a_match("1"), a_match("2")]


def test_a_message_that_dies_counts_its_matches_as_dead(store: Store) -> None:
    """The run accounts for every match of a batch that could not be stored."""
    bury(store, a_batch(store, TWO))
    letter = the_letter(store)
    assert (letter["kind"], letter["state"], letter["rows"], letter["attempts"]) == ("message", "open", 2, 8)
    assert account(store) == {"dead": 2}


def test_rows_that_a_source_rejected_are_counted_too(store: Store) -> None:
    """A run's event that carries rejects dies with them; another event of a run carries no match."""
    said = {"contract": 1, "run_id": str(store.run_id), "source": "mlsnext"}
    bury(store, Message(RUNS, RECORD_RUN, (), {**said, "event": "rejected", "rejects": [{}, {}, {}]}, {}))
    bury(store, Message(RUNS, RECORD_RUN, (), {**said, "event": "part_finished", "found": 3}, {}))
    assert account(store) == {"dead": 3}
    assert [letter["rows"] for letter in letters(store)] == [3, 0]


@pytest.mark.parametrize(
    "kwargs",
    [
        {"matches": [{}, {}]},
        {"run_id": "no run", "source": "x", "matches": [{}]},
        {"run_id": str(uuid4()), "source": 7, "matches": [{}]},
        {"run_id": str(uuid4()), "source": "x", "matches": "many"},
        {"run_id": str(uuid4()), "source": "x"},
    ],
)
def test_what_belongs_to_no_run_is_kept_and_counted_for_none(store: Store, kwargs: dict[str, Any]) -> None:
    """A message of an unknown make is a letter all the same."""
    message: Message[Any] = Message("matches", "store_matches", (), kwargs, {})
    run_id = UUID(kwargs["run_id"]) if "-" in kwargs.get("run_id", "") else None
    source = kwargs.get("source") if isinstance(kwargs.get("source"), str) else None
    bury_message(store.pool, a_death(message.copy(kwargs={}), run_id=run_id, source=source, payload=message.asdict()))
    assert the_letter(store)["rows"] == 0
    assert store.rows("SELECT * FROM touchline.run_accounts") == []


def test_a_stored_message_never_dies(store: Store) -> None:
    """A copy of it that is given up leaves no letter and no count."""
    message = a_batch(store, TWO)
    receive(store, message)
    bury(store, message)
    assert letters(store) == []
    assert account(store) == {"inserted": 2}


def test_a_message_that_dies_twice_is_one_letter_counted_once(store: Store) -> None:
    """A copy that dies after it brings its error; attempts of one life are not added up."""
    message = a_batch(store, TWO)
    bury(store, message, attempts=8, first_failed_at=NOON)
    bury(store, message, attempts=9, error="later", first_failed_at=NOON + dt.timedelta(hours=1))
    letter = the_letter(store)
    assert (letter["attempts"], letter["error"], letter["first_failed_at"]) == (9, "later", NOON)
    assert account(store) == {"dead": 2}


def test_a_replayed_message_that_is_stored_settles_its_letter(store: Store) -> None:
    """Its matches are no longer dead but inserted, the letter is settled, and the act says what came of it."""
    bury(store, a_batch(store, TWO))
    message = replay(store.pool, the_letter(store)["dead_id"])
    assert (the_letter(store)["state"], the_letter(store)["settled_at"]) == ("replayed", None)
    assert account(store) == {"dead": 2}, "until it is stored"
    assert receive(store, message) == Counts(inserted=2)
    assert the_letter(store)["settled_at"] is not None
    assert account(store) == {"inserted": 2}
    assert acts(store) == [("replay", "ann@desk", "stored")]


def test_a_replay_that_dies_again_is_the_same_letter(store: Store) -> None:
    """Open again, with the attempts of both lives, the earliest failure, and the newest error; counted once."""
    bury(store, a_batch(store, TWO), attempts=8)
    message = replay(store.pool, the_letter(store)["dead_id"])
    bury(store, message, attempts=3, error="still broken", first_failed_at=NOON + dt.timedelta(days=1))
    letter = the_letter(store)
    assert (letter["state"], letter["attempts"], letter["error"]) == ("open", 11, "still broken")
    assert letter["first_failed_at"] == NOON
    assert acts(store) == [("replay", "ann@desk", "died")]
    assert account(store) == {"dead": 2}
    again = replay(store.pool, letter["dead_id"], "bob@desk")
    receive(store, again)
    assert account(store) == {"inserted": 2}
    assert acts(store) == [("replay", "ann@desk", "died"), ("replay", "bob@desk", "stored")]


def test_an_open_letter_whose_message_is_stored_after_all_is_settled(store: Store) -> None:
    """A redelivered copy made it, or a replay whose sender died before it could write that down."""
    message = a_batch(store, TWO)
    bury(store, message)
    receive(store, message)
    letter = the_letter(store)
    assert (letter["state"], letter["settled_at"] is not None) == ("replayed", True)
    assert account(store) == {"inserted": 2}
    assert acts(store) == []


def test_a_replayed_message_is_stored_once(store: Store) -> None:
    """However often it comes: the letter and the account do not move again."""
    bury(store, a_batch(store, TWO))
    message = replay(store.pool, the_letter(store)["dead_id"])
    receive(store, message)
    settled = the_letter(store)
    assert receive(store, message) is None
    bury(store, message)
    assert the_letter(store) == settled
    assert account(store) == {"inserted": 2}


def test_an_order_that_was_carried_out_settles_its_letter(store: Store) -> None:
    """An actor that stores nothing claims nothing; that it returned is what became of the replay."""
    order: Message[Any] = Message("scrapes", "scrape", (), {"run_id": str(store.run_id), "source": "mlsnext"}, {})
    bury(store, order)
    message = replay(store.pool, the_letter(store)["dead_id"])
    carried_out(store.pool, UUID(message.message_id))
    assert the_letter(store)["settled_at"] is not None
    assert acts(store) == [("replay", "ann@desk", "stored")]


def test_a_dropped_letter_stays_dropped(store: Store) -> None:
    """Its matches stay dead. Should a copy of its message come all the same, it is stored and counted as such."""
    message = a_batch(store, TWO)
    bury(store, message)
    with store.pool.connection() as connection:
        drop(connection, [the_letter(store)["dead_id"]], by="ann@desk", why="made up")
    assert account(store) == {"dead": 2}
    bury(store, message)
    assert the_letter(store)["state"] == "dropped"
    assert receive(store, message) == Counts(inserted=2)
    assert the_letter(store)["state"] == "dropped"
    assert account(store) == {"inserted": 2}


def test_a_copy_that_the_broker_kept_changes_no_open_letter(store: Store) -> None:
    """What is drained from the broker's dead-letter queue knows less than the worker that gave it up."""
    message = a_batch(store, TWO)
    bury(store, message)
    before = the_letter(store)
    bury(store, message, reason="expired", attempts=0, traceback=None, died_at=NOON)
    assert the_letter(store) == before


def test_a_message_that_only_the_broker_gave_up_is_a_letter(store: Store) -> None:
    """Expired or refused, it died when the broker says so."""
    bury(store, a_batch(store, TWO), reason="expired", attempts=0, died_at=NOON)
    letter = the_letter(store)
    assert (letter["died_at"], letter["reason"], letter["attempts"]) == (NOON, "expired", 0)
    assert account(store) == {"dead": 2}


def test_an_old_copy_says_nothing_about_a_replay(store: Store) -> None:
    """A copy of the first life that dies late, here or in the broker, leaves the letter on its way."""
    message = a_batch(store, TWO)
    bury(store, message)
    replay(store.pool, the_letter(store)["dead_id"])
    bury(store, message)
    bury(store, message, died_at=dt.datetime.now(dt.UTC) + dt.timedelta(hours=1))
    assert the_letter(store)["state"] == "replayed"
    assert acts(store) == [("replay", "ann@desk", None)]


def test_a_replay_that_the_broker_gives_up_opens_its_letter_again(store: Store) -> None:
    """Whatever its clock says: the copy tells by which replay it came."""
    bury(store, a_batch(store, TWO))
    message = replay(store.pool, the_letter(store)["dead_id"])
    bury(store, message, reason="expired", attempts=0, died_at=NOON)
    letter = the_letter(store)
    assert (letter["state"], letter["reason"], letter["attempts"]) == ("open", "expired", 8)
    assert acts(store) == [("replay", "ann@desk", "died")]


def test_a_body_that_is_no_message_is_one_letter(store: Store) -> None:
    """Drained twice it is the same; a person sees how it begins."""
    for _ in range(2):
        body = no_message("matches", b"\xff\x00{nonsense", reason="undecodable", error="no JSON", died_at=NOON)
        bury_message(store.pool, body)
    letter = the_letter(store)
    assert letter["payload"]["text"].endswith("{nonsense")
    assert letter["payload"]["body_base64"] == "/wB7bm9uc2Vuc2U="


def test_a_row_that_dies_keeps_where_it_came_from(store: Store) -> None:
    """Part and observation, so that it can be brought again as of then."""
    store.put([a_match("1")], bad=[DeadRow("2", "one_score", "x", {"match_id": "2"})])
    letter = the_letter(store)
    assert (letter["part"], letter["observed_at"]) == ("league-26-27", NOON)
    assert letter["carrier"] not in (None, letter["message_id"])
    assert account(store) == {"inserted": 1, "dead": 1}


def test_a_replayed_row_is_stored_as_of_its_observation(store: Store) -> None:
    """It comes as a batch of one, under its carrier's id; something newer makes it stale."""
    store.put([a_match("1")], bad=[DeadRow("2", "r", "x", a_match("2")), DeadRow("3", "r", "x", a_match("3"))])
    store.put([a_match("3")], day=2)
    for letter in letters(store):
        message = replay(store.pool, letter["dead_id"])
        assert message.kwargs["observed_at"] == "2026-10-01T12:00:00Z"
        receive(store, message)
    assert account(store) == {"inserted": 3, "stale": 1}
    assert acts(store) == [("replay", "ann@desk", "stored")] * 2


def test_a_replayed_row_that_dies_again_is_the_same_letter(store: Store) -> None:
    """Its message is stored, and so used up: the letter gets another carrier, and the next replay comes through."""
    bad = DeadRow("2", "one_score", "x", a_match("2"))
    store.put([a_match("1")], bad=[bad])
    first = replay(store.pool, the_letter(store)["dead_id"])
    receive(store, first, bad=[DeadRow("2", "no_date", "y", a_match("2"))])
    letter = the_letter(store)
    assert (letter["state"], letter["reason"], letter["attempts"], letter["settled_at"]) == ("open", "no_date", 2, None)
    assert acts(store) == [("replay", "ann@desk", "died")]
    assert account(store) == {"inserted": 1, "dead": 1}
    second = replay(store.pool, letter["dead_id"])
    assert second.message_id != first.message_id
    receive(store, second)
    assert account(store) == {"inserted": 2}
    assert acts(store) == [("replay", "ann@desk", "died"), ("replay", "ann@desk", "stored")]


def test_a_replayed_row_whose_message_dies_is_the_same_letter(store: Store) -> None:
    """The row stays what it is, and is counted once."""
    store.put([a_match("1")], bad=[DeadRow("2", "one_score", "x", a_match("2"))])
    bury(store, replay(store.pool, the_letter(store)["dead_id"]), attempts=8)
    letter = the_letter(store)
    assert (letter["kind"], letter["state"], letter["attempts"]) == ("match", "open", 9)
    assert letter["payload"]["match_id"] == "2"
    assert account(store) == {"inserted": 1, "dead": 1}
    receive(store, replay(store.pool, letter["dead_id"]))
    assert account(store) == {"inserted": 2}


def test_a_replayed_batch_of_which_a_row_dies_is_stored(store: Store) -> None:
    """The message made it; its bad row is a letter of its own."""
    bury(store, a_batch(store, TWO))
    message = replay(store.pool, the_letter(store)["dead_id"])
    receive(store, message, bad=[DeadRow("2", "one_score", "x", a_match("2"))])
    assert [(letter["kind"], letter["state"]) for letter in letters(store)] == [
        ("message", "replayed"),
        ("match", "open"),
    ]
    assert account(store) == {"inserted": 1, "dead": 1}


def waiting(store: Store) -> int:
    (row,) = store.rows("SELECT count(*) AS n FROM pg_locks WHERE NOT granted")
    return int(row["n"])


def test_burying_waits_for_who_stores(store: Store) -> None:
    """Two deliveries of one message at once, one stores and one dies: once it is stored, nothing is dead."""
    message = a_batch(store, TWO)
    with ThreadPoolExecutor(1) as thread:
        with transaction(store.pool) as connection:
            assert claim(connection, UUID(message.message_id))
            burying = thread.submit(bury, store, message)
            eventually(lambda: waiting(store) > 0, "the other one waits")
        burying.result(30)
    assert letters(store) == []


def test_storing_waits_for_who_buries(store: Store) -> None:
    """The other way round: the letter that was written meanwhile is found, settled, and no longer counted."""
    message = a_batch(store, TWO)
    # whoever buries stops before its commit, at the account of the run
    store.put([], message_id=uuid4())
    with ThreadPoolExecutor(2) as threads:
        with transaction(store.pool) as connection:
            connection.execute("SELECT * FROM touchline.run_accounts FOR UPDATE")
            burying = threads.submit(bury, store, message)
            eventually(lambda: waiting(store) == 1, "who buries waits for the account")
            storing = threads.submit(receive, store, message)
            eventually(lambda: waiting(store) == 2, "who stores waits for who buries")
        burying.result(30)
        assert storing.result(30) == Counts(inserted=2)
    assert the_letter(store)["state"] == "replayed"
    assert account(store) == {"inserted": 2}


def test_storing_waits_for_who_replays(store: Store) -> None:
    """A worker may have the message before its replay is written down: the act learns all the same what came of it."""
    bury(store, a_batch(store, TWO))
    with ThreadPoolExecutor(1) as thread:
        with store.pool.connection() as connection, held(connection, the_letter(store)["dead_id"]) as letter:
            assert letter is not None
            storing = thread.submit(receive, store, message_of(letter))
            eventually(lambda: waiting(store) > 0, "the worker waits")
            record_replay(connection, letter, "ann@desk")
        storing.result(30)
    assert acts(store) == [("replay", "ann@desk", "stored")]
    assert the_letter(store)["settled_at"] is not None


def test_dying_waits_for_who_replays(store: Store) -> None:
    """What is still broken dies before its replay is written down: it is open again, and the act says that it died."""
    bury(store, a_batch(store, TWO), attempts=1)
    with ThreadPoolExecutor(1) as thread:
        with store.pool.connection() as connection, held(connection, the_letter(store)["dead_id"]) as letter:
            assert letter is not None
            dying = thread.submit(bury, store, message_of(letter), attempts=1)
            eventually(lambda: waiting(store) > 0, "the worker waits")
            record_replay(connection, letter, "ann@desk")
        dying.result(30)
    assert (the_letter(store)["state"], the_letter(store)["attempts"]) == ("open", 2)
    assert acts(store) == [("replay", "ann@desk", "died")]


def test_many_replays_of_one_run_do_not_deadlock(store: Store) -> None:
    """Batches that name the same new teams and end in the same account are stored side by side."""
    messages = [
        a_batch(store, [a_match(f"{batch}-{n}", home_team_id=str(n), away_team_id=str(n + 1)) for n in range(5)])
        for batch in range(24)
    ]
    for message in messages:
        bury(store, message)
    assert account(store) == {"dead": 120}
    again = [replay(store.pool, letter["dead_id"]) for letter in letters(store)]
    start = threading.Barrier(8)

    def work(index: int) -> None:
        start.wait(10)
        for message in again[index::8]:
            receive(store, message)

    with ThreadPoolExecutor(8) as threads:
        for done in [threads.submit(work, index) for index in range(8)]:
            done.result(60)
    assert account(store) == {"inserted": 120}
    assert {outcome for _, _, outcome in acts(store)} == {"stored"}
