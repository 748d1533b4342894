"""What has ended and is old goes; everything else stays, and stays true."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import Any
from uuid import UUID, uuid4

import pytest

from actors.store import news, orders, runs
from actors.store.database import transaction
from actors.store.dead import DeadRow
from actors.store.housekeeping import Swept, sweep
from contract.bounds import Retention
from tests.integration.store.conftest import Store, a_match
from tests.integration.store.letters import a_batch, bury, receive, replay
from tests.integration.store.test_runs_noticing import accounted, alive, end, judge, put, run_of, start

KEPT = Retention(inbox_days=30, runs_days=400)

#: Tables in which nothing may ever go.
FOR_EVER = ("matches", "teams", "clubs", "changes", "dead", "dead_acts", "frontier")


def house(store: Store, **how: Any) -> Swept:
    return sweep(store.pool, KEPT, **how)


def age(store: Store, days: int) -> None:
    """As if everything in the store had happened so many days earlier."""
    moments = store.rows(
        """
        SELECT format('UPDATE touchline.%%I SET %%s', table_name,
                      string_agg(format('%%1$I = %%1$I - %%2$L::interval', column_name, %(by)s::text), ', ')) AS text
        FROM information_schema.columns JOIN information_schema.tables USING (table_schema, table_name)
        WHERE table_schema = 'touchline' AND table_type = 'BASE TABLE'
          AND data_type LIKE 'timestamp%%' AND table_name <> 'horizon'
        GROUP BY table_name
        """,
        by=f"{days} days",
    )
    store.arrange("; ".join(moment["text"] for moment in moments))


def count(store: Store, table: str) -> int:
    (row,) = store.rows(f"SELECT count(*) AS n FROM touchline.{table}")
    return int(row["n"])


def finished(store: Store, *matches: str, **params: Any) -> UUID:
    """A run of two messages that ended well; the id of its first."""
    store.run_id = uuid4()
    with transaction(store.pool) as connection:
        said: dict[str, Any] = {"params": params, "trigger": "cli", "scheduled_for": None, "parts": ["a"]}
        runs.start(connection, store.run_id, "mlsnext", at="2026-10-03T22:30:00Z", **said)
    first, second = put(store, *matches), put(store, "other")
    end(store, "a", dict([first, second]))
    assert run_of(store)["state"] == "succeeded"
    return first[0]


@pytest.fixture
def lived_in(store: Store) -> Store:
    """A store in which everything is 500 days old: matches that changed, letters open and settled, runs, news."""
    finished(store, "1", "2")
    store.put([a_match("1", location="Field 2")], day=2)
    store.put([a_match("2")], day=3)
    store.put([a_match("2")], day=4)
    store.put([a_match("3")], bad=[DeadRow("4", "malformed", "no", {}), DeadRow("5", "malformed", "no", {})], day=5)
    bury(store, a_batch(store, [a_match("6")]))
    receive(store, replay(store.pool, 3))
    news.tell_of_letters(store.pool)
    age(store, 500)
    return store


def test_nothing_that_must_stay_goes(lived_in: Store) -> None:
    """Matches, their history, and letters with what was done about them are for ever."""
    before = {table: lived_in.rows(f"SELECT * FROM touchline.{table} AS t ORDER BY t") for table in FOR_EVER}
    assert before["changes"]
    assert {row["state"] for row in before["dead"]} == {"open", "replayed"}
    swept = house(lived_in)
    assert swept.rows["inbox"]
    assert swept.rows["sightings"]
    assert swept.rows["news"]
    assert {table: lived_in.rows(f"SELECT * FROM touchline.{table} AS t ORDER BY t") for table in FOR_EVER} == before


def test_what_is_young_stays(store: Store) -> None:
    """29 days are no reason to forget a message, nor 399 to forget a run."""
    finished(store, "1")
    finished(store, "1")
    age(store, 29)
    house(store)
    assert count(store, "inbox") == 4
    age(store, 370)
    house(store)
    assert (count(store, "inbox"), count(store, "run_accounts")) == (0, 2)


def test_a_dead_message_stays_as_long_as_its_letter(store: Store) -> None:
    """It is stored when it is replayed, however long that takes, and counted once."""
    bury(store, a_batch(store, [a_match("1")]))
    age(store, 500)
    house(store)
    assert count(store, "inbox") == 1
    message = replay(store.pool, 1)
    assert receive(store, message) is not None
    assert receive(store, message) is None
    assert (run_of(store)["inserted"], run_of(store)["dead"]) == (1, 0)


def test_a_run_whose_messages_are_forgotten_stays_finished(store: Store) -> None:
    """Its old letter is replayed: the match moves from dead to inserted, the state holds and the sums agree."""
    finished(store, "1")
    start(store, "a", second=2)
    message, bad = uuid4(), DeadRow("2", "malformed", "no", a_match("2"))
    store.put([a_match("3")], part="a", message_id=message, bad=[bad])
    end(store, "a", {message: 2}, second=3)
    before = run_of(store)
    assert (before["state"], before["dead"]) == ("succeeded", 1)
    age(store, 40)
    assert house(store).rows["inbox"] == 3
    receive(store, replay(store.pool, 1))
    run = run_of(store)
    assert (run["state"], run["dead"], run["inserted"]) == ("succeeded", 0, before["inserted"] + 1)
    assert run["found"] == accounted(run) == before["found"]


def test_a_copy_of_a_message_that_was_forgotten_leaves_its_run_finished(store: Store) -> None:
    """Nobody knows any more that it was stored: its rows count once more, as found and as what became of them."""
    message = finished(store, "1", "2")
    age(store, 40)
    house(store)
    assert store.put([a_match("1"), a_match("2")], part="a", message_id=message) is not None
    run = run_of(store)
    assert run["state"] == "succeeded"
    assert run["found"] == accounted(run) == 5


def test_a_run_that_has_not_ended_keeps_its_messages(store: Store) -> None:
    """One that runs, and one that was given up because a message is missing: that may still come."""
    for _ in range(2):
        store.run_id = uuid4()
        start(store, "a", "b")
        late = uuid4()
        end(store, "a", dict([put(store, "1"), (late, 1)]))
        end(store, "b", dict([put(store, "2", part="b")]))
        age(store, 40)
        judge(store)
    # judged a moment ago; and then a month passes
    age(store, 40)
    house(store)
    assert count(store, "inbox") == 4
    store.put([a_match("9")], part="a", message_id=late)
    assert run_of(store)["state"] == "succeeded"


def test_a_part_that_reports_after_its_messages_were_forgotten_is_counted(store: Store) -> None:
    """Its last word was a dead letter for a month: nothing is missing only because the inbox does not know it."""
    start(store, "a")
    message = put(store, "1")
    age(store, 40)
    judge(store)
    assert house(store).rows["inbox"] == 1
    end(store, "a", dict([message]))
    run = run_of(store)
    assert (run["state"], run["found"]) == ("succeeded", 1)


def test_a_late_message_from_before_the_horizon_overwrites_nothing(store: Store) -> None:
    """Seen at 1 and unchanged at 3; that is forgotten, and the message of 2 must leave what 3 said all the same."""
    store.put([a_match("1")], day=1)
    store.put([a_match("1")], day=3)
    store.put([a_match("9")], day=4)
    age(store, 500)
    assert house(store).rows["sightings"] == 1
    with transaction(store.pool) as connection:
        connection.execute("UPDATE touchline.matches SET observed_at = '2026-10-01T12:00:00Z'")
        connection.execute("UPDATE touchline.frontier SET observed_at = '2026-10-04T12:00:00Z'")
        connection.execute("UPDATE touchline.horizon SET before = '2026-10-20T00:00:00Z'")
    counts = store.put([a_match("1", location="Elsewhere"), a_match("2")], day=2)
    assert counts is not None
    assert (counts.stale, counts.inserted) == (1, 1)
    assert store.match("1")["location"] == "Field 1"


def test_what_a_site_that_stands_still_lists_is_not_forgotten(store: Store) -> None:
    """It has shown the same observation for months: its matches were seen by that, and are not missing."""
    store.put([a_match("1")], day=1)
    store.put([a_match("1")], day=3)
    age(store, 500)
    assert house(store).rows["sightings"] == 0


def test_orders_of_parts_go(store: Store) -> None:
    """Carried out or not: nobody waits for what was ordered so long ago."""
    orders.write_down(store.pool, uuid4(), ["u13", "u14"])
    age(store, KEPT.runs_days - 1)
    assert house(store).rows["orders"] == 0
    age(store, 2)
    assert house(store).rows["orders"] == 2
    assert count(store, "orders") == 0


def test_slots_that_are_over_go(store: Store) -> None:
    """One that is still on its way, or dead, is somebody's business."""
    with transaction(store.pool) as connection:
        for minute, state in enumerate(("claimed", "published", "running", "done", "dead", "skipped", "missed")):
            connection.execute(
                'INSERT INTO touchline.slots (schedule, due_at, run_id, message_id, state, "order") VALUES '
                "('daily', now() + make_interval(mins => %s), gen_random_uuid(), gen_random_uuid(), %s, '{}')",
                (minute, state),
            )
    age(store, 399)
    assert house(store).rows["slots"] == 0
    age(store, 2)
    assert house(store).rows["slots"] == 3
    left = {row["state"] for row in store.rows("SELECT state FROM touchline.slots")}
    assert left == {"claimed", "published", "running", "dead"}


def test_old_runs_go_and_the_last_good_one_of_each_scope_stays(store: Store) -> None:
    """The next run is held against it, a year later if need be."""
    good = []
    for scope in ({"leagues": ["flex"]}, {"leagues": ["academy"]}):
        finished(store, "1", **scope)
        age(store, 1)
        finished(store, "1", **scope, full=True)
        good.append(store.run_id)
        age(store, 1)
        store.run_id = uuid4()
        start(store, "a")
        end(store, "a", {}, failed=True, kind="unknown", error="no")
    age(store, 401)
    assert house(store).rows["runs"] == 4
    assert {row["run_id"] for row in store.rows("SELECT run_id FROM touchline.run_accounts")} == set(good)
    assert {row["run_id"] for row in store.rows("SELECT run_id FROM touchline.run_parts")} == set(good)


def test_a_run_with_an_open_letter_stays(store: Store) -> None:
    """Its account moves when somebody replays that; once it is settled the run goes."""
    finished(store, "1")
    store.put([], part="a", bad=[DeadRow("2", "malformed", "no", a_match("2"))])
    other = store.run_id
    age(store, 1)
    finished(store, "1")
    age(store, 401)
    assert house(store).rows["runs"] == 0
    store.run_id = other
    receive(store, replay(store.pool, 1))
    age(store, 401)
    assert house(store).rows["runs"] == 1


def test_a_run_that_runs_stays(store: Store) -> None:
    """However long ago it began: it is another's to give it up."""
    start(store, "a")
    age(store, 500)
    house(store)
    assert run_of(store)["state"] == "running"
    alive(store)


def test_news_on_its_way_stays(store: Store) -> None:
    """It is in the queue, or a dead letter that may be replayed; what was delivered goes, and so does old trouble."""
    for scope in ("a", "b", "c"):
        store.run_id = uuid4()
        with transaction(store.pool) as connection:
            said: dict[str, Any] = {
                "trigger": "cli",
                "scheduled_for": None,
                "parts": ["a"],
                "params": {"leagues": [scope]},
            }
            runs.start(connection, store.run_id, "mlsnext", at="2026-10-03T22:30:00Z", **said)
        end(store, "a", {}, failed=True, kind="unknown", error="no")
    sent: list[UUID] = []
    assert news.publish(store.pool, sent.append) == 3
    with news.held(store.pool, sent[0]):
        pass
    age(store, 500)
    swept = house(store)
    assert (swept.rows["news"], swept.rows["troubles"]) == (1, 3)
    assert {row["news_id"] for row in store.rows("SELECT news_id FROM touchline.news")} == set(sent[1:])


def test_starts_of_a_week_ago_go(store: Store) -> None:
    """A message that still kills workers is begun more often than that."""
    with transaction(store.pool) as connection:
        connection.execute("INSERT INTO touchline.starts (message_id, starts) VALUES (gen_random_uuid(), 1)")
    age(store, 6)
    assert house(store).rows["starts"] == 0
    age(store, 2)
    assert house(store).rows["starts"] == 1


def fill_inbox(store: Store, rows: int) -> None:
    with transaction(store.pool) as connection:
        connection.execute(
            "INSERT INTO touchline.inbox (message_id, stored_at) "
            "SELECT gen_random_uuid(), now() - interval '31 days' FROM generate_series(1, %s)",
            (rows,),
        )


class Killed(BaseException):
    """As by a stop of the worker, in the middle."""


def test_who_is_stopped_in_the_middle_goes_on_the_next_time(store: Store) -> None:
    """Each batch is done for good, and the rest is still there."""
    fill_inbox(store, 250)
    looks = iter(range(6))

    def clock() -> float:
        if next(looks, None) is None:
            raise Killed
        return 0.0

    with pytest.raises(Killed):
        house(store, batch=50, clock=clock)
    left = count(store, "inbox")
    assert 0 < left < 250
    assert house(store, batch=50).rows["inbox"] == left


def test_it_does_not_go_on_for_ever(store: Store) -> None:
    """What is not done in time is left for the next time, and it says so."""
    fill_inbox(store, 250)
    ticks = iter(range(1000))
    swept = house(store, batch=50, enough=5, clock=lambda: next(ticks))
    assert not swept.whole
    assert 0 < swept.rows["inbox"] < 250
    assert house(store).whole


def test_many_at_once_do_not_wait_for_each_other(store: Store) -> None:
    """Each takes other rows, while messages are being stored; what each left to the others the next one takes."""
    fill_inbox(store, 2000)
    for number in range(20):
        finished(store, str(number), leagues=[str(number)])
        finished(store, str(number), leagues=[str(number)])
    age(store, 401)
    # of another run: one that is stored into ends anew, and what it asks the inbox for is kept
    store.run_id = uuid4()
    with ThreadPoolExecutor(5) as threads:
        others = [threads.submit(house, store, batch=50) for _ in range(4)]
        storing = [threads.submit(store.put, [a_match(str(number))], day=2) for number in range(20)]
        swept = [other.result(60) for other in others]
        assert all(stored.result(60) for stored in storing)
    swept.append(house(store))
    assert sum(each.rows["inbox"] for each in swept) == 2080
    assert sum(each.rows["runs"] for each in swept) == 20
