"""What is news and what is not, whatever runs, letters and their messages do meanwhile."""

from __future__ import annotations

from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from typing import Any
from uuid import UUID, uuid4

import pytest

from actors.errors import DatabaseBusy
from actors.store import news, runs
from actors.store.database import transaction
from actors.store.dead import DeadRow
from actors.store.letters import drop, held
from contract.names import MAINTENANCE, NOTIFY
from tests.integration.store.conftest import Store, a_match
from tests.integration.store.letters import a_batch, bury, replay

AT = "2026-10-03T{:02}:30:00Z"
AWAY: dict[str, Any] = {"failed": True, "kind": "transient", "error": "the site went away"}


class Run:
    """A run of the store's source that began at this hour."""

    def __init__(self, store: Store, hour: int, **params: Any) -> None:
        self.store, self.hour, self.params, self.run_id = store, hour, params, uuid4()
        self.start()

    def start(self) -> Run:
        said: dict[str, Any] = {"params": self.params, "trigger": "schedule", "scheduled_for": None, "parts": ["a"]}
        with transaction(self.store.pool) as connection:
            runs.start(connection, self.run_id, "mlsnext", at=AT.format(self.hour), **said)
        return self

    def end(self, *, found: int = 0, **said: Any) -> Run:
        self.hour += 1
        with transaction(self.store.pool) as connection:
            at = AT.format(self.hour)
            runs.end_part(connection, self.run_id, "mlsnext", "a", at=at, found=found, batches=1, **said)
        return self

    def put(self) -> Run:
        self.store.run_id = self.run_id
        self.store.put([a_match("1")], part="a")
        return self

    def end_well(self) -> Run:
        return self.put().end(found=1)


def kinds(store: Store) -> list[str]:
    """What was told, in order."""
    return [row["kind"] for row in store.rows("SELECT kind FROM touchline.news ORDER BY created_at, ctid")]


def newest(store: Store) -> Mapping[str, Any]:
    return store.rows("SELECT * FROM touchline.news ORDER BY created_at DESC LIMIT 1")[0]


def pass_by(store: Store, hours: int) -> None:
    """As if so much time had passed since everything that was told."""
    with transaction(store.pool) as connection:
        connection.execute("UPDATE touchline.news SET created_at = created_at - make_interval(hours => %s)", (hours,))
        connection.execute("UPDATE touchline.troubles SET told_at = told_at - make_interval(hours => %s)", (hours,))


def test_runs_that_end_well_are_no_news(store: Store) -> None:
    """Nobody wants to hear of them."""
    Run(store, 1).end_well()
    Run(store, 3).end_well()
    assert kinds(store) == []


def test_a_run_that_fails_is_told_with_its_account(store: Store) -> None:
    """Once, in the transaction that settled it: what was asked for, why, and the numbers."""
    run = Run(store, 1, leagues=["homegrown"], full=True).put().end(found=1, **AWAY)
    told = newest(store)
    assert (told["kind"], told["run_id"], told["scope"]) == ("run.failed", run.run_id, '{"leagues": ["homegrown"]}')
    payload = told["payload"]
    assert payload.pop("since")
    assert payload == {
        "source": "mlsnext",
        "scope": {"leagues": ["homegrown"]},
        "run_id": str(run.run_id),
        "state": "failed",
        "error": "the site went away",
        "trigger": "schedule",
        "started_at": "2026-10-03T01:30:00+00:00",
        "counts": {"found": 1, "inserted": 1, "updated": 0, "unchanged": 0, "stale": 0, "dead": 0},
    }


def test_what_is_rolled_back_is_not_told(store: Store) -> None:
    """A delivery that fails after it settled the run has told nothing."""
    run = Run(store, 1)
    with store.pool.connection() as connection:
        runs.end_part(connection, run.run_id, "mlsnext", "a", at=AT.format(2), found=0, batches=0, **AWAY)
        connection.rollback()
    assert kinds(store) == []


def test_a_scope_that_stays_bad_is_told_once(store: Store) -> None:
    """Every quarter of an hour the same failure is no news; that it is over is."""
    for hour in (1, 3, 5):
        Run(store, hour).end(**AWAY)
    assert kinds(store) == ["run.failed"]
    Run(store, 7).end_well()
    Run(store, 9).end_well()
    assert kinds(store) == ["run.failed", "source.recovered"]
    assert newest(store)["payload"]["was"] == "failed"


def test_what_lasts_is_told_again_after_a_day(store: Store) -> None:
    """With the moment since which it lasts."""
    Run(store, 1).end(**AWAY)
    since = newest(store)["payload"]["since"]
    pass_by(store, 23)
    Run(store, 3).end(**AWAY)
    assert kinds(store) == ["run.failed"]
    pass_by(store, 2)
    Run(store, 5).end(**AWAY)
    assert kinds(store) == ["run.failed", "run.failed"]
    assert newest(store)["payload"]["since"] == since


def test_another_state_is_news(store: Store) -> None:
    """It answers again, and lists nothing: that is another matter."""
    Run(store, 1).end(**AWAY)
    Run(store, 3).end()
    assert kinds(store) == ["run.failed", "run.suspect"]
    Run(store, 5).end_well()
    assert newest(store)["payload"]["was"] == "suspect"


def test_a_run_that_is_tried_again_and_fails_again_is_told_once(store: Store) -> None:
    """An order is carried out again under the same id: failed, running, failed, and in the end well."""
    run = Run(store, 1).end(**AWAY)
    for _ in range(3):
        run.start().end(**AWAY)
    assert kinds(store) == ["run.failed"]
    run.start().end_well()
    assert kinds(store) == ["run.failed", "source.recovered"]


def test_settling_again_tells_nothing_again(store: Store) -> None:
    """Every late message of a run settles it once more."""
    run = Run(store, 1).end(**AWAY)
    run.put()
    with transaction(store.pool) as connection:
        runs.settle(connection, run.run_id)
    assert kinds(store) == ["run.failed"]


def test_each_scope_speaks_for_itself(store: Store) -> None:
    """That one league is read well says nothing of the other; `--full` is no scope of its own."""
    Run(store, 1, leagues=["flex"]).end(**AWAY)
    Run(store, 3, leagues=["academy"]).end_well()
    assert kinds(store) == ["run.failed"]
    Run(store, 5, leagues=["flex"], full=True).end_well()
    assert kinds(store) == ["run.failed", "source.recovered"]


def test_an_older_run_neither_ends_a_trouble_nor_changes_it(store: Store) -> None:
    """It took its time, and what it saw is older than what is known."""
    older, other = Run(store, 1), Run(store, 2)
    Run(store, 5).end(**AWAY)
    older.end_well()
    other.end()
    assert kinds(store) == ["run.failed"]


def test_a_run_that_was_given_up_and_ends_well_after_all_is_told_twice(store: Store) -> None:
    """Its process was cut off, and people were told; so they are told that it was not lost."""
    run = Run(store, 1)
    with transaction(store.pool) as connection:
        connection.execute("UPDATE touchline.run_accounts SET last_sign_at = now() - interval '1 hour'")
    assert runs.judge(store.pool, storing_for=3600)
    assert kinds(store) == ["run.interrupted"]
    assert "nothing was heard" in newest(store)["payload"]["error"]
    with transaction(store.pool) as connection:
        runs.alive(connection, run.run_id)
    run.end_well()
    assert kinds(store) == ["run.interrupted", "source.recovered"]


def test_a_run_that_somebody_stopped_is_no_news(store: Store) -> None:
    """Whoever pressed Ctrl-C knows; and it says nothing of the site, neither good nor bad."""
    Run(store, 1).end(**AWAY)
    Run(store, 3).end(failed=True, interrupted=True, kind="transient", error="stopped by Ctrl-C")
    assert kinds(store) == ["run.failed"]
    Run(store, 5).end_well()
    assert kinds(store) == ["run.failed", "source.recovered"]


def test_a_run_whose_start_is_heard_late_ends_its_own_trouble(store: Store) -> None:
    """Before that nobody knows what it was asked for, so it was told of under another scope."""
    store.run_id = uuid4()
    store.put([a_match("1")], part="a")
    with transaction(store.pool) as connection:
        connection.execute("UPDATE touchline.run_accounts SET last_sign_at = now() - interval '1 hour'")
    assert runs.judge(store.pool, storing_for=3600)
    run = Run.__new__(Run)
    run.store, run.hour, run.params, run.run_id = store, 1, {"leagues": ["flex"]}, store.run_id
    run.start().end(found=1)
    assert kinds(store) == ["run.interrupted", "source.recovered"]
    assert store.rows("SELECT * FROM touchline.troubles") == []


def test_a_run_that_fails_before_its_start_is_heard_is_told_once(store: Store) -> None:
    """Events overtake each other: what it was asked for is known a moment later, and is no other failure."""
    run = Run.__new__(Run)
    run.store, run.hour, run.params, run.run_id = store, 3, {"leagues": ["flex"]}, uuid4()
    with transaction(store.pool) as connection:
        said = {"found": 0, "batches": 0, **AWAY}
        runs.end_part(connection, run.run_id, "mlsnext", "", at=AT.format(4), **said)
    assert kinds(store) == ["run.failed"]
    run.start()
    assert kinds(store) == ["run.failed"]
    assert [row["scope"] for row in store.rows("SELECT scope FROM touchline.troubles")] == ['{"leagues": ["flex"]}']
    Run(store, 5, leagues=["flex"]).end_well()
    assert kinds(store) == ["run.failed", "source.recovered"]


def test_many_runs_that_are_given_up_at_once_do_not_deadlock(store: Store) -> None:
    """Each scope is told once, whoever tells of it."""
    for index in range(40):
        Run(store, 1, leagues=[str(index % 10)])
    with transaction(store.pool) as connection:
        connection.execute("UPDATE touchline.run_accounts SET last_sign_at = now() - interval '1 hour'")
    with ThreadPoolExecutor(4) as threads:
        judged = list(threads.map(lambda _: runs.judge(store.pool, storing_for=3600), range(4)))
    assert sum(map(len, judged)) == 40
    assert kinds(store) == ["run.interrupted"] * 10


# Dead letters ------------------------------------------------------------------------------------------------------


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


# On its way --------------------------------------------------------------------------------------------------------


def test_news_is_published_once_and_oldest_first(store: Store) -> None:
    """What was handed over is not handed over again."""
    Run(store, 1, leagues=["flex"]).end(**AWAY)
    Run(store, 3, leagues=["academy"]).end(**AWAY)
    sent: list[UUID] = []
    assert news.publish(store.pool, sent.append) == 2
    assert sent == [row["news_id"] for row in store.rows("SELECT news_id FROM touchline.news ORDER BY created_at")]
    assert news.publish(store.pool, sent.append) == 0


def test_what_the_queue_does_not_take_is_handed_over_later(store: Store) -> None:
    """The broker is away: nothing is written down as published."""
    Run(store, 1).end(**AWAY)

    def refuse(news_id: UUID) -> None:
        raise ConnectionError

    with pytest.raises(ConnectionError):
        news.publish(store.pool, refuse)
    assert news.publish(store.pool, lambda news_id: None) == 1


def test_what_nobody_was_told_for_a_day_is_history(store: Store) -> None:
    """Whoever sets a webhook today is not told of last week."""
    Run(store, 1).end(**AWAY)
    pass_by(store, 25)
    assert news.publish(store.pool, lambda news_id: None) == 0


def test_news_is_delivered_once(store: Store) -> None:
    """A second copy of its message finds it delivered; one that failed to deliver it changes nothing."""
    Run(store, 1).end(**AWAY)
    news_id = newest(store)["news_id"]
    with suppress(ConnectionError), news.held(store.pool, news_id):
        raise ConnectionError
    with news.held(store.pool, news_id) as piece:
        assert piece is not None
        assert (piece.kind, piece.payload["state"]) == ("run.failed", "failed")
    with news.held(store.pool, news_id) as piece:
        assert piece is None
    with news.held(store.pool, uuid4()) as piece:
        assert piece is None


def test_two_copies_at_once_do_not_deliver_it_twice(store: Store) -> None:
    """The second is told to come again."""
    Run(store, 1).end(**AWAY)
    news_id = newest(store)["news_id"]
    with news.held(store.pool, news_id):
        second = news.held(store.pool, news_id)
        with pytest.raises(DatabaseBusy):
            second.__enter__()


def test_what_is_recorded_wakes_whoever_publishes(store: Store) -> None:
    """A run that ended well wakes nobody."""
    news.recorded.clear()
    Run(store, 1).end_well()
    assert not news.recorded.is_set()
    Run(store, 3).end(**AWAY)
    assert news.recorded.is_set()
