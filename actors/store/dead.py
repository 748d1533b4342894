"""Dead letters: what could not be stored, kept with its reason until a person acts.

A message has one fate, and its row in the inbox decides it: stored, or dead and perhaps stored yet. A letter follows:

    open ──replay──► replayed ──its message is stored──► replayed, settled
     │ ▲                │
     │ └──── died ──────┘          the same letter, with the attempts of both lives
     ├── stored after all ───────► replayed, settled      (another copy of the message made it)
     └── drop ──► dropped                                 (and stays so, should a copy make it)

A message is known by its id. A row of a batch whose other rows were stored has no message of its own: its letter has a
*carrier*, the id of the message that will bring it when it is replayed. Rows are counted as dead for their run from
the moment of the first burial until the carrier is stored, so a run's account holds at each commit.

Each replay numbers its message (the option `replay`), so that a copy of an earlier life that dies late is known as
such: the life that is under way decides.
"""

from __future__ import annotations

import base64
import datetime as dt
import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final
from uuid import NAMESPACE_OID, UUID, uuid5

from psycopg.types.json import Jsonb
from psycopg_pool import ConnectionPool

from actors import metrics
from actors.store.counts import Counts
from actors.store.database import Connection, transaction
from actors.store.payloads import keep, storable
from actors.store.runs import Verdict, count, count_batch
from actors.store.statements import statement
from contract.names import RECORD_RUN, STORE_MATCHES

#: The option of a message that says by which replay it came.
REPLAY: Final = "replay"

#: The option of a message that was sent with a delay: when that is over, in milliseconds since 1970.
DUE: Final = "due"

#: What happened to a message on its way: it is told by the letter's columns, and no part of what was sent.
TRACES: Final = frozenset(
    {
        "attempts",
        "eta",
        "failure",
        "failures",
        "first_failed_at",
        "requeue_timestamp",
        "retries",
        "traceback",
        DUE,
        REPLAY,
    }
)

#: Where a letter keeps a body that is no message, and how many bytes of it a person sees as text.
BODY: Final = "body_base64"
_GLIMPSE: Final = 1000


@dataclass(frozen=True, slots=True)
class DeadRow:
    """One row of a message that cannot be stored: a short stable reason, and the sentence for a person."""

    match_id: str | None
    reason: str
    error: str
    payload: Any


@dataclass(frozen=True, slots=True)
class DeadMessage:
    """A whole message that was given up, as Dramatiq's `Message.asdict` has it in `payload`.

    `died_at` is when the broker dead-lettered it, for one that was found in `<queue>.XQ`; None for one that dies now.
    """

    message_id: UUID
    queue: str
    actor: str
    run_id: UUID | None
    source: str | None
    reason: str
    error: str
    traceback: str | None
    attempts: int
    first_failed_at: dt.datetime
    payload: Mapping[str, Any]
    died_at: dt.datetime | None = None


def no_message(queue: str, body: bytes, *, reason: str, error: str, died_at: dt.datetime) -> DeadMessage:
    """The letter of a body that was found in `<queue>.XQ` and is no message; found twice it is the same letter."""
    return DeadMessage(
        message_id=uuid5(NAMESPACE_OID, hashlib.sha256(body).hexdigest()),
        queue=queue,
        actor="",
        run_id=None,
        source=None,
        reason=reason,
        error=error,
        traceback=None,
        attempts=0,
        first_failed_at=died_at,
        payload={BODY: base64.b64encode(body).decode(), "text": body[:_GLIMPSE].decode("utf-8", errors="replace")},
        died_at=died_at,
    )


def bury_rows(
    connection: Connection,
    rows: Sequence[DeadRow],
    *,
    queue: str,
    actor: str,
    message_id: UUID,
    run_id: UUID,
    source: str,
    part: str,
    observed_at: str | None,
) -> None:
    """Keep `rows` in the transaction of the message that they came with, which `claim` has begun.

    A row that dies again, brought by its letter's carrier, is the same letter.
    """
    if not rows:
        return
    letters = []
    for row in rows:
        kept = keep(row.payload)
        letters.append(
            {
                "match_id": storable(row.match_id),
                "reason": storable(row.reason),
                "error": storable(row.error),
                "payload": kept.payload,
                "body": kept.body,
            }
        )
    connection.execute(
        statement("store/bury_rows"),
        {
            "queue": queue,
            "actor": actor,
            "message_id": message_id,
            "run_id": run_id,
            "source": source,
            "part": part,
            "observed_at": observed_at,
            "rows": Jsonb(letters),
        },
    )


def bury_message(pool: ConnectionPool[Connection], message: DeadMessage) -> None:
    """Keep a message that was given up, in a transaction of its own; nothing if it was stored before.

    Raises DatabaseAway or DatabaseBusy.
    """
    rows, verdict = 0, None
    with transaction(pool) as connection:
        if connection.execute(statement("dead/condemn"), {"message_id": message.message_id}).fetchone() is None:
            return
        found = connection.execute(statement("dead/by_carrier"), {"message_id": message.message_id}).fetchone()
        if found is None:
            # a run that ends by this withdraws nothing: nobody knows which matches the message carried
            rows, verdict = _bury_first(connection, message)
        else:
            _bury_known(connection, message, *found)
    if rows:
        metrics.count_matches(message.source or "", Counts(dead=rows))
    count(verdict)


def settle_act(connection: Connection, dead_id: int, outcome: str, error: str | None = None) -> None:
    """Write down what became of the newest replay of a letter, `stored` or `died`, if there was one."""
    connection.execute(statement("dead/settle_act"), {"dead_id": dead_id, "outcome": outcome, "error": error})


def uncount(connection: Connection, run_id: UUID, rows: int) -> None:
    """Take back `rows` that the run counted as dead, in the transaction that counts them as what they became.

    Locks the run's row, so it stands where `count_batch` does: after everything else, lest two batches deadlock.
    """
    if rows:
        connection.execute(statement("dead/uncount"), {"run_id": run_id, "rows": rows})


def _bury_first(connection: Connection, message: DeadMessage) -> tuple[int, Verdict | None]:
    """Returns how many matches died with it, and what their run came to by that."""
    rows = _rows_of(message)
    source = storable(message.source)
    kept = keep(_as_sent(message.payload))
    connection.execute(
        statement("store/bury_message"),
        {
            **_death(message),
            "message_id": message.message_id,
            "queue": storable(message.queue),
            "actor": storable(message.actor),
            "run_id": message.run_id,
            "source": source,
            "rows": rows,
            "payload": kept.payload,
            "body": kept.body,
        },
    )
    if not rows:
        return 0, None
    assert message.run_id is not None, "rows are counted for a run"
    return rows, count_batch(connection, message.run_id, source, Counts(dead=rows))


def _bury_known(connection: Connection, message: DeadMessage, dead_id: int, state: str, replays: int) -> None:
    if state == "open" and message.died_at is None:
        _bury_again(connection, dead_id, message)
    elif state == "replayed" and _life(message) >= replays:
        _bury_again(connection, dead_id, message)
        settle_act(connection, dead_id, "died", storable(message.error))


def _bury_again(connection: Connection, dead_id: int, message: DeadMessage) -> None:
    connection.execute(statement("dead/bury_again"), {**_death(message), "dead_id": dead_id})


def _death(message: DeadMessage) -> dict[str, Any]:
    return {
        "reason": storable(message.reason),
        "error": storable(message.error),
        "traceback": storable(message.traceback),
        "attempts": message.attempts,
        "first_failed_at": message.first_failed_at,
        "died_at": message.died_at,
    }


def _rows_of(message: DeadMessage) -> int:
    """How many matches the message carries that its run has to account for."""
    kwargs = message.payload.get("kwargs")
    if message.run_id is None or message.source is None or not isinstance(kwargs, Mapping):
        return 0
    rows: object = None
    if message.actor == STORE_MATCHES:
        rows = kwargs.get("matches")
    elif message.actor == RECORD_RUN and kwargs.get("event") == "rejected":
        rows = kwargs.get("rejects")
    return len(rows) if isinstance(rows, list) else 0


def _as_sent(payload: Mapping[str, Any]) -> dict[str, Any]:
    options = payload.get("options")
    if not isinstance(options, Mapping):
        return dict(payload)
    return {**payload, "options": {name: value for name, value in options.items() if name not in TRACES}}


def _life(message: DeadMessage) -> int:
    """By which replay this copy of the message came; 0 for the first life."""
    options = message.payload.get("options")
    life = options.get(REPLAY) if isinstance(options, Mapping) else None
    return life if isinstance(life, int) else 0
