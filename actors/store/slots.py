"""Slots of schedules: what becomes of each moment that a schedule is due.

A slot is a row, (schedule, due time), and its run's id is made of the two. So whoever comes second, a second scheduler
or the same one after a crash, finds it, or orders the very same run:

                     ┌─ skipped   the run of an earlier slot is still on its way
    due ──decided────┼─ missed    nothing ticked when it was due, and catching up leaves it out
     (one lock       └─ claimed ──► published ──► running ──► done
     a schedule)          │   broker     │ worker     │
                          │   confirmed  │ began      └──order died──► dead ──replayed──► running
                          │              │
                          └── crash: published again; nothing heard for an hour: published again

- Everything up to `considered_until` is decided, in one transaction with the row's lock: dead before the commit,
  nothing is; dead after it, the row says `claimed`, and whoever ticks next publishes it.
- Dead between publishing and writing that down: published again, under the same message id and run id. The second
  order finds its slot done and does nothing, or waits for its turn until it is.
- The database's clock decides what is due, so that no scheduler's own, or one that slept, can be wrong about it.
- A line that is changed: what came due until the next tick came due by the old one.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any, Final, Literal
from uuid import UUID, uuid5

from psycopg.types.json import Jsonb
from psycopg_pool import ConnectionPool

from actors.store.database import Connection, transaction
from actors.store.statements import statement
from contract import cron
from contract.schedules import Schedule

#: Of the ids of runs that schedules order.
_NAMESPACE: Final = UUID("5b1f6c0e-7d1c-4a58-9a53-1c0c6a3f0d4e")

#: A slot that is decided about this long after it was due was missed. A tick comes each minute, and may be held up.
ON_TIME: Final = dt.timedelta(minutes=2)

#: Seconds after which an order of which nothing is heard is published again. A run takes at most 25 minutes, and is
#: tried again within ten.
LOST_AFTER: Final = 3600.0

State = Literal["claimed", "skipped", "missed"]


@dataclass(frozen=True, slots=True)
class Slot:
    """One moment at which a schedule is due."""

    schedule: str
    due_at: dt.datetime

    @property
    def run_id(self) -> UUID:
        return uuid5(_NAMESPACE, f"{self.schedule}\n{self.due_at.astimezone(dt.UTC):%Y-%m-%dT%H:%M:%S.%fZ}")

    @property
    def message_id(self) -> UUID:
        """The id of its order."""
        return uuid5(self.run_id, "order")


@dataclass(frozen=True, slots=True)
class Decision:
    """What becomes of a slot, and why where it is not run."""

    slot: Slot
    state: State
    why: str | None = None


@dataclass(frozen=True, slots=True)
class Order:
    """What is published for a slot; `delay` in milliseconds."""

    queue: str
    actor: str
    kwargs: dict[str, Any]
    delay: int = 0


def decide(
    schedule: Schedule, due: Sequence[Slot], *, now: dt.datetime, busy: bool, older: Slot | None = None
) -> list[Decision]:
    """What becomes of the slots that came `due` since the last decision, oldest first.

    `busy`: an earlier slot's run is still on its way. `older`: the first of those that lie further back than the
    schedule's window, which are one decision together.
    """
    decisions = []
    if older is not None:
        horizon = f"{now - schedule.window:%Y-%m-%d %H:%M} UTC"
        decisions.append(
            Decision(older, "missed", f"nothing ticked; it and each later one up to {horizon} lie too far back")
        )
    late = [slot for slot in due if now - slot.due_at > ON_TIME]
    caught_up = _caught_up(schedule, late, nothing_else=len(late) == len(due))
    for slot in due:
        if slot in late and slot not in caught_up:
            decisions.append(Decision(slot, "missed", "nothing ticked when it was due"))
        elif busy and not schedule.queues:
            decisions.append(Decision(slot, "skipped", "the run of an earlier slot was still on its way"))
        else:
            decisions.append(Decision(slot, "claimed"))
            busy = True
    return decisions


def _caught_up(schedule: Schedule, late: Sequence[Slot], *, nothing_else: bool) -> Sequence[Slot]:
    match schedule.catch_up:
        case "all":
            return late
        case "latest":
            return late[-1:] if nothing_else else ()
        case "skip":
            return ()


def claim_due(
    pool: ConnectionPool[Connection],
    name: str,
    schedule: Schedule,
    order: Callable[[Slot], Order],
    *,
    now: dt.datetime | None = None,
) -> list[Decision]:
    """Decide about every slot that came due, and write it down; returns what was decided now.

    `order` says what is to be published for a slot. `now` is the database's clock unless a test says otherwise. Safe
    for any number of schedulers at once. Raises DatabaseAway or DatabaseBusy.
    """
    with transaction(pool) as connection:
        said = {"schedule": name, "cron": schedule.cron, "timezone": schedule.timezone, "now": now}
        row = connection.execute(statement("slots/open"), said).fetchone()
        assert row is not None, "an upsert returns its row"
        line, timezone, since, until, is_new = row
        if until > since and not is_new:
            decisions = _decisions(connection, name, schedule, line, timezone, since, until)
            _write_down(connection, name, decisions, order)
        else:
            decisions = []
        connection.execute(statement("slots/close"), {**said, "until": until})
    return decisions


def _decisions(
    connection: Connection,
    name: str,
    schedule: Schedule,
    line: str,
    timezone: str,
    since: dt.datetime,
    until: dt.datetime,
) -> list[Decision]:
    if not schedule.enabled:
        return []
    horizon = until - schedule.window
    older = next((Slot(name, due) for due in islice(cron.between(line, timezone, since, horizon), 1)), None)
    due = [Slot(name, moment) for moment in cron.between(line, timezone, max(since, horizon), until)]
    if not due and older is None:
        return []
    row = connection.execute(statement("slots/busy"), {"schedule": name}).fetchone()
    return decide(schedule, due, now=until, busy=bool(row and row[0]), older=older)


def _write_down(
    connection: Connection, name: str, decisions: Sequence[Decision], order: Callable[[Slot], Order]
) -> None:
    if not decisions:
        return
    rows = [
        {
            "due_at": decision.slot.due_at.isoformat(),
            "run_id": str(decision.slot.run_id),
            "message_id": str(decision.slot.message_id),
            "state": decision.state,
            "order": _as_json(order(decision.slot)),
            "outcome": decision.why,
        }
        for decision in decisions
    ]
    connection.execute(statement("slots/claim"), {"schedule": name, "slots": Jsonb(rows)})


def _as_json(order: Order) -> dict[str, Any]:
    return {"queue": order.queue, "actor": order.actor, "kwargs": order.kwargs, "delay": order.delay}


def claim_now(pool: ConnectionPool[Connection], name: str, order: Callable[[Slot], Order], *, why: str) -> Slot:
    """A slot of its own for somebody who does not want to wait, due now. Raises DatabaseAway or DatabaseBusy."""
    slot = Slot(name, dt.datetime.now(dt.UTC))
    with transaction(pool) as connection:
        _write_down(connection, name, [Decision(slot, "claimed", why)], order)
    return slot


def publish_claimed(
    pool: ConnectionPool[Connection], publish: Callable[[UUID, Order], None], *, lost_after: float = LOST_AFTER
) -> int:
    """Publish the orders that wait for it, oldest first, each written down before the next; returns how many.

    Raises what `publish` raises: that order and those after it wait for the next call. Raises DatabaseAway or
    DatabaseBusy.
    """
    with transaction(pool) as connection:
        connection.execute(statement("orders/bury"))
        connection.execute(statement("slots/bury"))
    return sum(1 for _ in _published(pool, publish, lost_after))


def _published(
    pool: ConnectionPool[Connection], publish: Callable[[UUID, Order], None], lost_after: float
) -> Iterator[Slot]:
    while True:
        with transaction(pool) as connection:
            row = connection.execute(statement("slots/take"), {"lost_after": lost_after}).fetchone()
            if row is None:
                return
            schedule, due_at, message_id, order = row
            publish(message_id, Order(**order))
            connection.execute(statement("slots/publish"), {"schedule": schedule, "due_at": due_at})
        yield Slot(schedule, due_at)


def begin(pool: ConnectionPool[Connection], run_id: UUID) -> bool:
    """The run of a slot begins; False where it is done already. A run that no slot ordered always begins.

    Raises DatabaseAway or DatabaseBusy.
    """
    with transaction(pool) as connection:
        row = connection.execute(statement("slots/begin"), {"run_id": run_id}).fetchone()
    return row is None or row[0] != "done"


def end(pool: ConnectionPool[Connection], run_id: UUID, outcome: str) -> None:
    """The run of a slot is over; `outcome` says in a few words what it found. Raises DatabaseAway or DatabaseBusy."""
    with transaction(pool) as connection:
        connection.execute(statement("slots/end"), {"run_id": run_id, "outcome": outcome})
