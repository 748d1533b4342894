"""Orders of a run's parts: each is carried out, whoever dies and however often they come; then their slot is over."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import dramatiq
import pytest
from dramatiq.errors import ConnectionClosed

from actors import dividing
from actors.models import ScrapeOrder, parse_order
from actors.store import orders, runs, slots
from actors.store.database import transaction
from actors.store.slots import Order, Slot
from contract.schedules import Schedule
from tests.integration.store.conftest import Store

NOON = datetime(2026, 3, 7, 12, 0, tzinfo=UTC)
PARTS = ["u13", "u14", "u15"]


def divided(store: Store, parts: list[str] = PARTS) -> None:
    orders.write_down(store.pool, store.run_id, parts)


def left(store: Store) -> list[str] | None:
    waiting = orders.left(store.pool, store.run_id)
    return None if waiting is None else [order.part for order in waiting]


def carry_out(store: Store, part: str, outcome: str = "found 3 matches") -> bool:
    begun = orders.begin(store.pool, store.run_id, part)
    if begun:
        orders.end(store.pool, store.run_id, part, outcome)
    return begun


def a_slot(store: Store) -> None:
    """The store's run is the one that a slot ordered, and its order is begun."""
    schedule = Schedule.model_validate({"cron": "*/15 * * * *", "source": "modular11"})
    for minutes in (0, 15):
        slots.claim_due(store.pool, "s", schedule, _order, now=NOON + timedelta(minutes=minutes))
    slots.publish_claimed(store.pool, lambda *_: None)
    (row,) = store.rows("SELECT run_id FROM touchline.slots")
    store.run_id = row["run_id"]
    assert slots.begin(store.pool, store.run_id)


def slot(store: Store) -> dict[str, Any]:
    (row,) = store.rows("SELECT * FROM touchline.slots")
    return row


def _order(slot: Slot) -> Order:
    return Order("scrapes", "scrape", {"run_id": str(slot.run_id)})


def die(store: Store, part: str) -> None:
    """The message of that order is given up, and a dead letter."""
    (row,) = store.rows("SELECT message_id FROM touchline.orders WHERE part = %(part)s", part=part)
    store.rows(
        "INSERT INTO touchline.dead (kind, queue, actor, message_id, carrier, reason, error, payload) VALUES"
        " ('message', 'scrapes', 'scrape', %(id)s, %(id)s, 'worker_died', 'it killed five workers', '{}') RETURNING 1",
        id=row["message_id"],
    )
    slots.publish_claimed(store.pool, lambda *_: None)


def test_a_run_that_was_not_divided_has_no_orders(store: Store) -> None:
    """Which is not the same as none that is left."""
    assert left(store) is None
    divided(store, ["u13"])
    assert carry_out(store, "u13")
    assert left(store) == []


def test_what_was_carried_out_is_not_left(store: Store) -> None:
    """A wide order that is delivered again orders the rest, under the ids that it had."""
    divided(store)
    before = orders.left(store.pool, store.run_id)
    assert carry_out(store, "u14")
    assert left(store) == ["u13", "u15"]
    divided(store, ["u13", "u14", "u15", "u16"])
    assert [order for order in orders.left(store.pool, store.run_id) or [] if order.part != "u16"] == [
        order for order in before or [] if order.part != "u14"
    ]


def test_an_order_that_was_begun_is_left_until_it_has_ended(store: Store) -> None:
    """Its worker may have died: it is ordered again, and begun again."""
    divided(store)
    assert orders.begin(store.pool, store.run_id, "u13")
    assert left(store) == PARTS
    assert orders.begin(store.pool, store.run_id, "u13")


def test_an_order_that_comes_twice_is_carried_out_once(store: Store) -> None:
    """The copy finds it done."""
    divided(store)
    assert carry_out(store, "u13")
    assert not carry_out(store, "u13")


def test_an_order_that_nobody_wrote_down_is_carried_out(store: Store) -> None:
    """Somebody sent it by hand; it leaves nothing behind."""
    assert carry_out(store, "u13")
    assert carry_out(store, "u13")
    assert left(store) is None


def test_ids_differ_by_run_and_part(store: Store) -> None:
    """Two orders are never taken for one."""
    divided(store)
    orders.write_down(store.pool, UUID(int=7), PARTS)
    both = [*(orders.left(store.pool, store.run_id) or []), *(orders.left(store.pool, UUID(int=7)) or [])]
    assert len({order.message_id for order in both}) == 2 * len(PARTS)


class TestTheSlot:
    def test_is_over_with_the_last_order(self, store: Store) -> None:
        """Until then the next run of the schedule does not begin; then it says what each of them found."""
        a_slot(store)
        divided(store)
        for part in PARTS:
            assert slot(store)["state"] == "running"
            carry_out(store, part, f"found {part[1:]} matches")
        ended = slot(store)
        assert ended["state"] == "done"
        assert ended["outcome"] == "u13: found 13 matches; u14: found 14 matches; u15: found 15 matches"

    def test_is_over_once_where_the_last_two_end_together(self, store: Store) -> None:
        """Each sees what the other did: one of them is the last."""
        a_slot(store)
        divided(store)
        barrier = threading.Barrier(len(PARTS))

        def end(part: str) -> None:
            orders.begin(store.pool, store.run_id, part)
            barrier.wait(10)
            orders.end(store.pool, store.run_id, part, "found 1 match")

        with ThreadPoolExecutor(len(PARTS)) as threads:
            for future in [threads.submit(end, part) for part in PARTS]:
                future.result(30)
        assert slot(store)["state"] == "done"

    def test_stays_as_long_as_an_order_waits_however_long_the_others_take(self, store: Store) -> None:
        """What is heard of one of them counts for all: nothing is published again as if it were lost."""
        a_slot(store)
        divided(store)
        store.rows("UPDATE touchline.slots SET touched_at = touched_at - interval '61 min' RETURNING 1")
        orders.begin(store.pool, store.run_id, "u13")
        published: list[Any] = []
        slots.publish_claimed(store.pool, lambda *order: published.append(order))
        assert published == []

    def test_is_dead_when_an_order_died_and_no_other_is_on_its_way(self, store: Store) -> None:
        """It blocks nobody then, and says which; replayed and carried out, it is done."""
        a_slot(store)
        divided(store)
        carry_out(store, "u13")
        die(store, "u14")
        assert slot(store)["state"] == "running"
        carry_out(store, "u15")
        slots.publish_claimed(store.pool, lambda *_: None)
        dead = slot(store)
        assert dead["state"] == "dead"
        assert "u14: the order died: it killed five workers" in dead["outcome"]
        store.rows("UPDATE touchline.dead SET state = 'replayed' RETURNING 1")
        assert orders.begin(store.pool, store.run_id, "u14")
        assert slot(store)["state"] == "running"
        orders.end(store.pool, store.run_id, "u14", "found 3 matches")
        assert slot(store)["state"] == "done"


class Broker(dramatiq.Broker):
    """Takes orders until it is away: after so many."""

    def __init__(self, takes: int) -> None:
        super().__init__(middleware=[])
        self.takes = takes
        self.sent: list[tuple[str, str]] = []

    def enqueue(self, message: dramatiq.Message[Any], *, delay: int | None = None) -> dramatiq.Message[Any]:
        if len(self.sent) == self.takes:
            raise ConnectionClosed("away")
        parse_order(message.kwargs)
        self.sent.append((message.kwargs["part"], message.message_id))
        return message


class TestDividing:
    def _divide(self, store: Store, takes: int, monkeypatch: pytest.MonkeyPatch) -> tuple[Broker, int]:
        """One attempt; what was sent, and how often the site was asked for its parts."""
        broker, plans = Broker(takes), []
        monkeypatch.setattr(dividing, "pool", lambda: store.pool)
        monkeypatch.setattr(dramatiq, "get_broker", lambda: broker)
        order = ScrapeOrder(contract=1, run_id=str(store.run_id), source="modular11", trigger="api", full=True)

        def plan() -> tuple[list[str], str]:
            plans.append(1)
            return PARTS, "divided into 3 parts"

        with suppress(ConnectionClosed):
            dividing.divide(order, plan)
        return broker, len(plans)

    def test_a_broker_that_goes_away_in_between_gets_the_rest_later(
        self, store: Store, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """The wide order comes again: under the same ids, and without asking the site again."""
        first, plans = self._divide(store, 1, monkeypatch)
        assert ([part for part, _ in first.sent], plans) == (["u13"], 1)
        again, plans = self._divide(store, 9, monkeypatch)
        assert ([part for part, _ in again.sent], plans) == (PARTS, 0)
        assert again.sent[0] == first.sent[0]
        carry_out(store, "u13")
        rest, _ = self._divide(store, 9, monkeypatch)
        assert [part for part, _ in rest.sent] == ["u14", "u15"]


class TestASilentRun:
    """A run of which nothing is heard while its orders wait for their turn is not missed."""

    def _silent(self, store: Store, seconds: float = 600.0) -> None:
        with transaction(store.pool) as connection:
            said: dict[str, Any] = {"params": {}, "trigger": "schedule", "scheduled_for": None, "parts": PARTS}
            runs.start(connection, store.run_id, "modular11", at="2026-10-03T22:30:00Z", **said)
            connection.execute(
                "UPDATE touchline.run_accounts SET last_sign_at = now() - make_interval(secs => %s)", (seconds,)
            )

    def _missed(self, store: Store) -> list[str]:
        return [judged.state for judged in runs.judge(store.pool, storing_for=86_400.0)]

    def test_while_an_order_waits(self, store: Store) -> None:
        """Others read the source, or the workers are busy."""
        self._silent(store)
        divided(store)
        assert self._missed(store) == []

    def test_but_not_for_ever(self, store: Store) -> None:
        """The queue was emptied by hand, or nobody consumes it."""
        self._silent(store)
        divided(store)
        store.rows("UPDATE touchline.orders SET touched_at = touched_at - interval '61 min' RETURNING 1")
        assert self._missed(store) == ["interrupted"]

    def test_nor_where_the_last_order_was_begun_and_is_silent(self, store: Store) -> None:
        """Its worker died: as of any other run. Just begun, it has not had its chance."""
        self._silent(store)
        divided(store, ["u13"])
        orders.begin(store.pool, store.run_id, "u13")
        assert self._missed(store) == []
        store.rows("UPDATE touchline.orders SET touched_at = touched_at - interval '91 s' RETURNING 1")
        assert self._missed(store) == ["interrupted"]

    def test_nor_where_all_were_carried_out(self, store: Store) -> None:
        """Then what they said has not arrived."""
        self._silent(store)
        divided(store)
        for part in PARTS:
            carry_out(store, part)
        assert self._missed(store) == ["interrupted"]
