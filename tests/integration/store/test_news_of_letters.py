"""What is news of dead letters: a burst is told once, and nobody is told of what somebody knows."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from uuid import UUID, uuid4

import pytest

from actors.store import news
from actors.store.dead import DeadRow
from actors.store.letters import drop, held
from contract.names import MAINTENANCE, NOTIFY
from tests.integration.store.conftest import Store, a_match
from tests.integration.store.letters import a_batch, bury, replay
from tests.integration.store.test_news import newest, pass_by


def bad_rows(store: Store, count: int, reason: str = "malformed") -> None:
    store.run_id = uuid4()
    store.put([], bad=[DeadRow(str(number), reason, "what is wrong", {}) for number in range(count)])


def test_a_burst_of_letters_is_one_piece_of_news(store: Store) -> None:
    """One for each reason, with how many there are, and the run if it is only one."""
    bad_rows(store, 30)
    bad_rows(store, 20)
    bad_rows(store, 1, "empty")
    assert news.tell_of_letters(store.pool) == 2
    assert news.tell_of_letters(store.pool) == 0
    told = {row["payload"]["scope"]["reason"]: row for row in store.rows("SELECT * FROM touchline.news")}
    assert told["malformed"]["payload"]["counts"] == {"letters": 50, "matches": 50, "runs": 2}
    assert told["malformed"]["run_id"] is None
    assert told["empty"]["run_id"] == store.run_id
    assert told["empty"]["payload"]["error"] == "what is wrong"


def test_a_row_that_dies_with_every_refresh_is_told_once_a_day(store: Store) -> None:
    """A site may list the same bad match for weeks: the next piece of news counts what came since."""
    bad_rows(store, 1)
    assert news.tell_of_letters(store.pool) == 1
    for _ in range(3):
        bad_rows(store, 1)
        assert news.tell_of_letters(store.pool) == 0
    pass_by(store, 25)
    assert news.tell_of_letters(store.pool) == 1
    assert newest(store)["payload"]["counts"]["letters"] == 3


def test_ten_times_as_many_are_told_at_once(store: Store) -> None:
    """What began with two letters may become two thousand within the hour."""
    bad_rows(store, 2)
    assert news.tell_of_letters(store.pool) == 1
    bad_rows(store, 19)
    assert news.tell_of_letters(store.pool) == 0
    bad_rows(store, 1)
    assert news.tell_of_letters(store.pool) == 1
    assert newest(store)["payload"]["counts"]["letters"] == 20


def test_letters_of_the_actor_that_tells_are_not_told(store: Store) -> None:
    """It would tell of itself for ever."""
    message = a_batch(store, [])
    bury(store, message, queue=MAINTENANCE, actor=NOTIFY, run_id=None)
    assert news.tell_of_letters(store.pool) == 0


def test_letters_that_somebody_settled_meanwhile_are_not_told(store: Store) -> None:
    """Whoever dropped them knows."""
    bad_rows(store, 2)
    with store.pool.connection() as connection:
        drop(connection, [1, 2], by="ann", why="known")
    assert news.tell_of_letters(store.pool) == 0


def test_nobody_waits_for_a_letter_that_somebody_holds(store: Store) -> None:
    """It is being replayed, for as long as the broker takes; the others of the burst are told of."""
    bad_rows(store, 3)
    with store.pool.connection() as connection, held(connection, 2) as letter:
        assert letter is not None
        assert news.tell_of_letters(store.pool) == 1
    assert [row["dead_id"] for row in store.rows("SELECT dead_id FROM touchline.dead WHERE told_at IS NULL")] == [2]
    assert news.tell_of_letters(store.pool) == 0


@pytest.mark.parametrize("what", ["row", "message"])
def test_a_letter_that_dies_again_after_its_replay_is_told_again(store: Store, what: str) -> None:
    """Whoever replayed it may have gone home; a copy of a letter that is open is none of their business."""
    message = a_batch(store, [a_match("1")])
    if what == "row":
        bad_rows(store, 1)
    else:
        bury(store, message)
    assert news.tell_of_letters(store.pool) == 1
    pass_by(store, 25)
    if what == "message":
        bury(store, message)
    assert news.tell_of_letters(store.pool) == 0
    again = replay(store.pool, 1)
    if what == "row":
        store.put([], message_id=UUID(again.message_id), bad=[DeadRow("1", "malformed", "still", {})])
    else:
        bury(store, again)
    assert news.tell_of_letters(store.pool) == 1


def test_many_who_look_at_once_tell_once(store: Store) -> None:
    """One looks, the others leave it to that one."""
    bad_rows(store, 100)
    with ThreadPoolExecutor(4) as threads:
        assert sum(threads.map(lambda _: news.tell_of_letters(store.pool), range(8))) == 1
