"""Slots: each moment that a schedule is due has one fate, whoever ticks, how often, and wherever they die."""

from __future__ import annotations

import random
import threading
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any
from uuid import UUID

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from actors.store import slots
from actors.store.slots import Order, Slot
from contract import cron
from contract.schedules import Schedule
from tests.fix_postgres import installations
from tests.integration.store.conftest import Store

NOON = datetime(2026, 3, 7, 12, 0, tzinfo=UTC)

#: The first and the last of these are the same one where only the wheel's is installed.
SERVERS = list(installations()) or ["wheel"]

Sent = list[UUID]


def _schedule(line: str = "*/15 * * * *", **more: Any) -> Schedule:
    return Schedule.model_validate({"cron": line, "source": "mlsnext", **more})


def _order(slot: Slot) -> Order:
    return Order("scrapes", "scrape", {"run_id": str(slot.run_id)})


def _tick(store: Store, schedule: Schedule, minutes: float = 0.0, *, name: str = "s") -> Counter[str]:
    """Decide at so many minutes past noon; what was decided."""
    now = NOON + timedelta(minutes=minutes)
    return Counter(decision.state for decision in slots.claim_due(store.pool, name, schedule, _order, now=now))


def _publish(store: Store, sent: Sent) -> int:
    return slots.publish_claimed(store.pool, lambda message_id, _: sent.append(message_id))


def _tick_and_publish(store: Store, schedule: Schedule, minutes: float, sent: Sent) -> None:
    _tick(store, schedule, minutes)
    _publish(store, sent)


def _fates(store: Store) -> dict[str, str]:
    """Due time → state."""
    return {
        f"{row['due_at']:%H:%M}": row["state"] for row in store.rows("SELECT * FROM touchline.slots ORDER BY due_at")
    }


def _end_all(store: Store) -> None:
    for row in store.rows("SELECT run_id FROM touchline.slots WHERE state = 'published'"):
        assert slots.begin(store.pool, row["run_id"])
        slots.end(store.pool, row["run_id"], "nothing new")


def test_a_schedule_that_is_new_begins_now(store: Store) -> None:
    """It owes nobody the slots of the time before it was written down."""
    assert _tick(store, _schedule()) == {}
    assert _tick(store, _schedule(), 14) == {}
    assert _tick(store, _schedule(), 15) == {"claimed": 1}


def test_a_slot_is_ordered_once_however_often_it_is_looked_at(store: Store) -> None:
    """The second look finds it decided, and its order published."""
    sent: Sent = []
    _tick(store, _schedule())
    for minutes in (15, 15.1, 15.5, 16):
        _tick(store, _schedule(), minutes)
        _publish(store, sent)
    (slot,) = store.rows("SELECT * FROM touchline.slots")
    assert (sent, slot["state"]) == ([slot["message_id"]], "published")


def test_a_scheduler_that_slept_and_wakes_up_late_decides_nothing_again(store: Store) -> None:
    """With the time that it fell asleep at, it finds everything up to then decided."""
    _tick(store, _schedule())
    assert _tick(store, _schedule(), 15.2) == {"claimed": 1}
    assert _tick(store, _schedule(), 15.1) == {}
    assert _tick(store, _schedule(), 29) == {}


def test_an_order_that_was_not_written_down_as_published_is_published_again(store: Store) -> None:
    """A crash between the two: the same message of the same run, which is known when it comes twice."""
    sent: Sent = []
    _tick(store, _schedule())
    _tick(store, _schedule(), 15)

    def publish_and_die(message_id: UUID, _: Order) -> None:
        sent.append(message_id)
        raise SystemExit

    with pytest.raises(SystemExit):
        slots.publish_claimed(store.pool, publish_and_die)
    assert _publish(store, sent) == 1
    assert sent[0] == sent[1]
    assert _publish(store, sent) == 0


def test_the_order_of_a_slot_that_is_done_begins_nothing(store: Store) -> None:
    """Whichever copy of it comes last."""
    _tick(store, _schedule())
    _tick(store, _schedule(), 15)
    _publish(store, [])
    (slot,) = store.rows("SELECT * FROM touchline.slots")
    assert slots.begin(store.pool, slot["run_id"])
    assert slots.begin(store.pool, slot["run_id"]), "its worker died"
    slots.end(store.pool, slot["run_id"], "found 3 matches")
    assert not slots.begin(store.pool, slot["run_id"])
    (slot,) = store.rows("SELECT * FROM touchline.slots")
    assert (slot["state"], slot["outcome"], slot["attempts"]) == ("done", "found 3 matches", 2)


def test_a_run_that_no_slot_ordered_begins(store: Store) -> None:
    """Whoever orders a run by hand is asked for no slot."""
    assert slots.begin(store.pool, UUID(int=7))


@pytest.mark.parametrize(
    ("more", "fates"),
    [
        ({}, {"12:15": "missed", "12:30": "missed", "12:45": "claimed"}),
        ({"catch_up": "all"}, {"12:15": "claimed", "12:30": "claimed", "12:45": "claimed"}),
        ({"catch_up": "all", "overlap": "skip"}, {"12:15": "claimed", "12:30": "skipped", "12:45": "skipped"}),
        ({"catch_up": "skip"}, {"12:15": "missed", "12:30": "missed", "12:45": "missed"}),
        ({"catch_up": "all", "window": "25m"}, {"12:15": "missed", "12:30": "claimed", "12:45": "claimed"}),
        ({"window": "5m"}, {"12:15": "missed"}),  # the first of three, which says so
    ],
)
def test_missed_slots_are_caught_up_as_the_schedule_says(
    store: Store, more: dict[str, str], fates: dict[str, str]
) -> None:
    """Nothing ticked for fifty minutes. What is not run is written down, too."""
    _tick(store, _schedule(**more))
    _tick(store, _schedule(**more), 52.5)
    assert _fates(store) == fates


def test_of_an_outage_longer_than_the_window_one_row_is_left(store: Store) -> None:
    """A year of minutes is not written down one by one, and nothing of it comes back."""
    schedule = _schedule("* * * * *", window="10m")
    _tick(store, schedule)
    _tick(store, schedule, 60 * 24 * 365)
    rows = store.rows("SELECT due_at, state, outcome FROM touchline.slots ORDER BY due_at")
    assert rows[0]["due_at"] == NOON + timedelta(minutes=1)
    assert "each later one" in rows[0]["outcome"]
    assert len(rows) < 15


def test_a_slot_on_time_makes_the_missed_ones_superfluous(store: Store) -> None:
    """The latest of all is run: it reads what the others would have read."""
    _tick(store, _schedule())
    _tick(store, _schedule(), 30.5)
    assert _fates(store) == {"12:15": "missed", "12:30": "claimed"}


def test_a_slot_is_skipped_while_the_run_before_it_is_on_its_way(store: Store) -> None:
    """Waiting in the queue counts: nobody reads, so orders must not pile up."""
    schedule = _schedule()
    _tick(store, schedule)
    _tick(store, schedule, 15)
    _publish(store, [])
    assert _tick(store, schedule, 30) == {"skipped": 1}
    _end_all(store)
    assert _tick(store, schedule, 45) == {"claimed": 1}


def test_a_slot_waits_where_the_schedule_says_so(store: Store) -> None:
    """`overlap = "queue"` orders each of them."""
    schedule = _schedule(overlap="queue")
    _tick(store, schedule)
    assert _tick(store, schedule, 15) == _tick(store, schedule, 30) == {"claimed": 1}


def test_a_dead_order_blocks_nobody(store: Store) -> None:
    """Its slot is over, and says why; replayed and carried out, it is done."""
    schedule = _schedule()
    _tick(store, schedule)
    _tick(store, schedule, 15)
    _publish(store, [])
    (slot,) = store.rows("SELECT * FROM touchline.slots")
    store.rows(
        "INSERT INTO touchline.dead (kind, queue, actor, message_id, carrier, reason, error, payload) VALUES"
        " ('message', 'scrapes', 'scrape', %(id)s, %(id)s, 'UnknownSource', 'there is no source', '{}') RETURNING 1",
        id=slot["message_id"],
    )
    _publish(store, [])
    assert _tick(store, schedule, 30) == {"claimed": 1}
    (slot, _) = store.rows("SELECT * FROM touchline.slots ORDER BY due_at")
    assert (slot["state"], slot["outcome"]) == ("dead", "the order died: there is no source")
    assert slots.begin(store.pool, slot["run_id"])
    slots.end(store.pool, slot["run_id"], "found 3 matches")
    assert _fates(store)["12:15"] == "done"


def test_an_order_that_was_lost_is_published_again(store: Store) -> None:
    """Somebody emptied the queue: after an hour of silence the slot is ordered once more."""
    sent: Sent = []
    _tick(store, _schedule())
    _tick(store, _schedule(), 15)
    _publish(store, sent)
    _publish(store, sent)
    store.rows("UPDATE touchline.slots SET touched_at = touched_at - interval '61 min' RETURNING 1")
    _publish(store, sent)
    _publish(store, sent)
    assert len(sent) == 2
    assert len(set(sent)) == 1


def test_a_schedule_that_is_off_has_no_slots_and_catches_up_on_none(store: Store) -> None:
    """Off is off, also for the time in between."""
    _tick(store, _schedule())
    _tick(store, _schedule(enabled=False), 60)
    assert _tick(store, _schedule(catch_up="all"), 75) == {"claimed": 1}
    assert _fates(store) == {"13:15": "claimed"}


def test_what_came_due_before_a_line_was_changed_came_due_by_the_old_one(store: Store) -> None:
    """Nobody knows when the file was saved; until the tick that sees it the old line was in force."""
    _tick(store, _schedule("0 * * * *", catch_up="all"))
    _tick(store, _schedule("*/20 * * * *", catch_up="all"), 125)
    _tick(store, _schedule("*/20 * * * *", catch_up="all"), 145)
    assert list(_fates(store)) == ["13:00", "14:00", "14:20"]


def test_many_schedulers_at_once_make_one_slot_and_one_order(store: Store) -> None:
    """Eight tick at the same moment, and publish at the same moment."""
    schedule, sent = _schedule("* * * * *", catch_up="all"), Sent()
    _tick(store, schedule)
    together = threading.Barrier(8)

    def work(_: int) -> int:
        together.wait()
        found = _tick(store, schedule, 30.5)["claimed"]
        together.wait()
        _publish(store, sent)
        return found

    with ThreadPoolExecutor(8) as threads:
        assert sum(threads.map(work, range(8))) == 30
    assert len(sent) == len(set(sent)) == 30


class _Killed(BaseException):
    """A scheduler is gone, between any two statements."""


def _dying_after(statements: int, store: Store, act: Callable[[], object]) -> None:
    """Do `act`, and die before the statement after so many: what is not committed by then never was."""
    from psycopg import Connection

    execute, left = Connection.execute, [statements]

    def counting(self: Any, *arguments: Any, **more: Any) -> Any:
        if left[0] == 0:
            raise _Killed
        left[0] -= 1
        return execute(self, *arguments, **more)

    Connection.execute = counting  # type: ignore[method-assign]
    try:
        act()
    except _Killed:
        pass
    finally:
        Connection.execute = execute  # type: ignore[method-assign]


@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.sampled_from(["*/7 * * * *", "0,30 1-3 * * *", "30 2 * * *", "*/15 1 * * sun"]),
    st.sampled_from(["America/New_York", "UTC", "Australia/Lord_Howe"]),
    st.sampled_from(["all", "latest"]),
    st.lists(st.tuples(st.integers(1, 90), st.integers(0, 12), st.booleans()), min_size=5, max_size=40),
)
def test_each_slot_is_run_exactly_once_whoever_dies_where(
    store: Store, line: str, zone: str, catch_up: str, ticks: list[tuple[int, int, bool]]
) -> None:
    """Schedulers that tick irregularly, are paused with an old time in hand, and die between any two statements.

    With `all` every slot is run, and nothing else; with `latest` each is run or written down as missed, and of those
    that one tick found the latest is run.
    """
    schedule = _schedule(line, timezone=zone, catch_up=catch_up, overlap="queue", window="7d")
    store.arrange("DELETE FROM touchline.schedules; DELETE FROM touchline.slots")
    sent: Sent = []
    minutes = float((datetime(2026, 10, 31, 22, tzinfo=UTC) - NOON).total_seconds() / 60)
    begin = minutes
    _tick(store, schedule, minutes)
    for later, statements, behind in ticks:
        minutes += later
        at = minutes - 20 if behind else minutes
        _dying_after(statements, store, partial(_tick_and_publish, store, schedule, at, sent))
    _tick(store, schedule, minutes)
    _publish(store, sent)
    since, until = NOON + timedelta(minutes=begin), NOON + timedelta(minutes=minutes)
    due = {Slot("s", moment) for moment in cron.between(line, zone, since, until)}
    rows = store.rows("SELECT * FROM touchline.slots")
    assert {Slot("s", row["due_at"].astimezone(UTC)) for row in rows} == due
    run = {row["message_id"] for row in rows if row["state"] == "published"}
    assert set(sent) == run
    if catch_up == "all":
        assert len(run) == len(due)
    else:
        assert {row["state"] for row in rows} <= {"published", "missed"}
        assert not due or max(due, key=lambda slot: slot.due_at).message_id in run


# each on one of the servers: ten years are ten thousand transactions
@pytest.mark.slow
@pytest.mark.parametrize(
    ("any_postgres_server", "catch_up", "line", "zone"),
    [
        (SERVERS[0], "all", "0 6 * * sat,sun", "America/New_York"),
        (SERVERS[-1], "latest", "30 1 * * sun,wed", "Europe/Dublin"),
    ],
    indirect=["any_postgres_server"],
)
def test_ten_years_of_three_schedulers(store: Store, catch_up: str, line: str, zone: str) -> None:
    """They tick when they like, are paused for days with an old time in hand, and are killed between any statements.

    One lives through its tick within each six days, so nothing leaves the window of seven.
    """
    chance = random.Random(line)
    schedule = _schedule(line, timezone=zone, catch_up=catch_up, overlap="queue", window="7d")
    sent: Sent = []
    minutes = ticked = 0.0
    _tick(store, schedule, minutes)
    while minutes < 10 * 366 * 24 * 60:
        minutes += chance.uniform(1, 3 * 24 * 60)
        for at in (minutes, minutes - chance.uniform(0, 2 * 24 * 60), minutes - chance.uniform(0, 60)):
            if chance.random() < 0.6:
                _dying_after(
                    chance.randrange(9), store, lambda at=at: (_tick(store, schedule, at), _publish(store, sent))
                )
        if minutes - ticked > 3 * 24 * 60:
            ticked = minutes
            _tick(store, schedule, minutes)
    _publish(store, sent)
    due = list(cron.between(line, zone, NOON, NOON + timedelta(minutes=ticked)))
    rows = store.rows("SELECT due_at, state, message_id FROM touchline.slots ORDER BY due_at")
    assert [row["due_at"] for row in rows][: len(due)] == due
    assert len(due) > 1000
    run = [row["message_id"] for row in rows if row["state"] == "published"]
    assert set(sent) == set(run)
    assert len(run) == len(rows) if catch_up == "all" else len(run) > len(rows) / 2
