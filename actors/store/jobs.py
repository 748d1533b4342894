"""Jobs: runs that programs order, each once, however often they ask for it with the same key.

A job is a slot of its own (`actors.store.slots`), due at once, so that workers, the clock and dead letters treat its
order as they treat those of schedules:

    asked ──written down──► unconfirmed ──confirmed──► queued ──► running ──► done, or what its run came to
      ▲   (one transaction)    │   │                                    └──order died──► dead ──replayed──► running
      └── broker is away ──────┘   └── whoever asked died: published by the next who asks with that key, or by the clock

- Dead before the commit, nothing is ordered. Dead after it, the row says `unconfirmed`; whoever publishes it does so
  under the same message id and run id, and the second order of a run finds its slot done.
- The broker does not take it: the job is taken back, and whoever asked is told so. If only the confirm was lost the
  run takes place all the same; asked for again with the same key it is the same run, because its id is made of the key.
- Of two who ask at once with one key the second waits for the first, and publishes what the first could not.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping
from typing import Any, Final
from uuid import UUID, uuid4, uuid5

import psycopg
from psycopg.types.json import Jsonb

from actors.errors import KeyTaken
from actors.store.database import Connection
from actors.store.slots import Order
from actors.store.statements import statement
from contract.errors import TouchlineError

#: What the slots of jobs are of. No schedule in touchline.toml can be called so.
SCHEDULE: Final = "(api)"

#: Of the ids of runs that are ordered with a key.
_NAMESPACE: Final = UUID("0d5f7e0a-51c7-4c0b-8a39-2f4f3c9a6f11")

#: How often a job is written down again that somebody else took back meanwhile.
_AGAIN: Final = 5

Publish = Callable[[UUID, Order], None]


def order(
    connection: Connection,
    source: str,
    params: Mapping[str, Any],
    order: Callable[[UUID], Order],
    publish: Publish,
    *,
    key: str | None = None,
) -> UUID:
    """The run of the job that is ordered now, or that was ordered with this `key` before; the broker has its order.

    `order` says what is to be published for a run. `connection` is outside of a transaction. Raises KeyTaken where the
    key was used for something else, what the database raises, and what `publish` raises: then there is no such job.
    """
    asked = hashlib.sha256(json.dumps([source, params], sort_keys=True).encode()).digest()
    key_digest = None if key is None else hashlib.sha256(key.encode()).digest()
    fresh = uuid4() if key_digest is None else uuid5(_NAMESPACE, f"{key_digest.hex()}\n{asked.hex()}")
    said = {
        "run_id": fresh,
        "key_digest": key_digest,
        "asked_digest": asked,
        "source": source,
        "params": Jsonb(dict(params)),
    }
    run_id = fresh
    for _ in range(_AGAIN):
        run_id = _write_down(connection, said, order)
        if _published(connection, run_id, publish):
            break
    return run_id


def _write_down(connection: Connection, said: Mapping[str, Any], order: Callable[[UUID], Order]) -> UUID:
    """The run of the job that has this key, or is written down now."""
    while True:
        try:
            with connection.transaction():
                if connection.execute(statement("jobs/write_down"), said).fetchone() is not None:
                    _slot(connection, said["run_id"], order(said["run_id"]))
                    return UUID(str(said["run_id"]))
                known = connection.execute(statement("jobs/known"), {"key_digest": said["key_digest"]}).fetchone()
        except psycopg.errors.UniqueViolation as error:
            if error.diag.constraint_name != "slots_pkey":
                raise
            continue  # somebody else's job has the same microsecond
        if known is not None:
            run_id, asked = known
            if bytes(asked) != said["asked_digest"]:
                raise KeyTaken("that Idempotency-Key was used for another job", hint="use a new one for a new job")
            return UUID(str(run_id))
        # else it was taken back between the two statements


def _slot(connection: Connection, run_id: UUID, order: Order) -> None:
    written = {"queue": order.queue, "actor": order.actor, "kwargs": order.kwargs, "delay": order.delay}
    message_id = uuid5(run_id, "order")
    connection.execute(
        statement("jobs/order"),
        {"schedule": SCHEDULE, "run_id": run_id, "message_id": message_id, "order": Jsonb(written)},
    )


def _published(connection: Connection, run_id: UUID, publish: Publish) -> bool:
    """Have the broker confirm the job's order, unless it did. False where somebody took the job back."""
    try:
        with connection.transaction():
            row = connection.execute(statement("jobs/take"), {"run_id": run_id}).fetchone()
            if row is None:
                return False
            unpublished, schedule, due_at, message_id, order = row
            if unpublished:
                publish(message_id, Order(**order))
                connection.execute(statement("slots/publish"), {"schedule": schedule, "due_at": due_at})
    except TouchlineError:
        with connection.transaction():
            taken_back = connection.execute(statement("jobs/take_back"), {"run_id": run_id}).rowcount
        if taken_back:
            raise
        # the clock, somebody else who asked, or a worker that has it already: it is ordered
    return True
