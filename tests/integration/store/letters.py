"""Messages that die, for tests of what becomes of them."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID, uuid4

from dramatiq import Message
from psycopg_pool import ConnectionPool

from actors.replays import message_of
from actors.store.database import Connection
from actors.store.dead import DeadMessage, DeadRow, bury_message
from actors.store.letters import held, record_replay
from contract.names import MATCHES, STORE_MATCHES
from tests.integration.store.conftest import DAY, Store

NOON = dt.datetime(2026, 10, 1, 12, tzinfo=dt.UTC)


def a_batch(store: Store, rows: Sequence[Any], *, options: Mapping[str, Any] | None = None) -> Message[Any]:
    """A batch of the store's run, as a producer sends it."""
    kwargs = {
        "contract": 1,
        "run_id": str(store.run_id),
        "source": "mlsnext",
        "part": "league-26-27",
        "sequence": 3,
        "observed_at": DAY.format(1),
        "matches": list(rows),
    }
    return Message(MATCHES, STORE_MATCHES, (), kwargs, dict(options or {}), message_id=str(uuid4()))


def a_death(message: Message[Any], **said: Any) -> DeadMessage:
    """What the worker keeps of `message` when it gives it up."""
    run_id = message.kwargs.get("run_id")
    known: dict[str, Any] = {
        "message_id": UUID(message.message_id),
        "queue": message.queue_name,
        "actor": message.actor_name,
        "run_id": UUID(run_id) if run_id else None,
        "source": message.kwargs.get("source"),
        "reason": "attempts_exhausted:KeyError",
        "error": "KeyError: 'x'",
        "traceback": "Traceback …",
        "attempts": 8,
        "first_failed_at": NOON,
        "payload": message.asdict(),
    }
    return DeadMessage(**{**known, **said})


def bury(store: Store, message: Message[Any], **said: Any) -> None:
    bury_message(store.pool, a_death(message, **said))


def replay(pool: ConnectionPool[Connection], dead_id: int, by: str = "ann@desk") -> Message[Any]:
    """Replay a letter; the message that was to be sent comes back."""
    with pool.connection() as connection, held(connection, dead_id) as letter:
        assert letter is not None, "it is open"
        message = message_of(letter)
        record_replay(connection, letter, by)
        return message


def receive(store: Store, message: Message[Any], *, bad: Sequence[DeadRow] = ()) -> Any:
    """What a worker does with a batch; the rows of `bad` are refused, by their match ids."""
    refused = {row.match_id for row in bad}
    rows = [row for row in message.kwargs["matches"] if row["match_id"] not in refused]
    return store.put(rows, message_id=UUID(message.message_id), bad=bad)


def letters(store: Store) -> list[dict[str, Any]]:
    return store.rows("SELECT * FROM touchline.dead ORDER BY dead_id")


def the_letter(store: Store) -> dict[str, Any]:
    (letter,) = letters(store)
    return letter


def acts(store: Store) -> list[tuple[str, str, str | None]]:
    rows = store.rows("SELECT act, by_whom, outcome FROM touchline.dead_acts ORDER BY act_id")
    return [(row["act"], row["by_whom"], row["outcome"]) for row in rows]


def account(store: Store) -> dict[str, int]:
    """What the run says became of its matches: what is not 0."""
    (run,) = store.rows("SELECT inserted, updated, unchanged, stale, dead FROM public.runs")
    return {name: count for name, count in run.items() if count}
