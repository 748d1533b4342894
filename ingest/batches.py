"""Cuts what a part said into messages: at most 200 rows and 100 KB each, measured as Dramatiq encodes them.

Streaming: a cutter holds the rows of one message and no more. It neither drops nor reorders a row; one that fits no
message at all is refused by RowTooLarge, and the caller says so to the other side (`too_large`).
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

import dramatiq

from contract.names import QUEUE_OF

#: DESIGN section 2: one confirm and one commit a message; larger ones gain nothing and cost the worker its memory.
MAX_ROWS: Final = 200
#: Bytes of the whole message as it crosses the queue, envelope included.
MAX_BYTES: Final = 100_000
#: What a single row may make of its message. RabbitMQ 4 refuses messages over 16 MB; nothing real comes near this.
HARD_BYTES: Final = 1_000_000

#: How much of a value that is too large to send is kept as its beginning.
_KEPT_CHARACTERS: Final = 2_000
#: Deeper than any site's row; JSON encoders give up at about a thousand levels.
_MAX_DEPTH: Final = 50
#: Python refuses to write integers of more than 4,300 digits; 256 bits are more than any score has.
_MAX_BITS: Final = 256

Row = dict[str, Any]

# Both have the length that every real message's have: a UUID, and a timestamp in milliseconds until the year 2286.
_NIL_ID = str(UUID(int=0))
_NIL_TIMESTAMP = 10**12
#: Stands in for the number of a message while its envelope is measured: no part has more.
_HIGHEST_SEQUENCE: Final = 999_999_999


class RowTooLarge(Exception):
    """One row alone is larger than a message may be."""

    def __init__(self, size: int, limit: int) -> None:
        super().__init__(f"the row makes a message of {size} bytes, and the limit is {limit}")
        self.size = size


@dataclass(frozen=True, slots=True)
class Cut:
    """The rows of one message. `digest` is the SHA-256 of their encoded bytes: equal rows, equal digest."""

    rows: list[Row]
    digest: str


def message_to(actor: str, kwargs: Mapping[str, Any], message_id: str) -> dramatiq.Message[Any]:
    """A message for `actor`, by name alone, on the queue that the contract gives it."""
    return dramatiq.Message(
        queue_name=QUEUE_OF[actor], actor_name=actor, args=(), kwargs=dict(kwargs), options={}, message_id=message_id
    )


def overhead(actor: str, envelope: Mapping[str, Any]) -> int:
    """Bytes of a message to `actor` apart from its rows; `envelope` holds the list of rows, empty."""
    kwargs = {**envelope, "sequence": _HIGHEST_SEQUENCE} if "sequence" in envelope else dict(envelope)
    empty = message_to(actor, kwargs, _NIL_ID).copy(message_timestamp=_NIL_TIMESTAMP)
    return len(empty.encode())


class Cutter:
    """Collects rows and hands them out in order, as many as fit one message of `overhead` bytes without them."""

    def __init__(
        self, overhead: int, *, max_rows: int = MAX_ROWS, max_bytes: int = MAX_BYTES, hard_bytes: int = HARD_BYTES
    ) -> None:
        self._overhead = overhead
        self._max_rows = max_rows
        self._max_bytes = max_bytes
        self._hard_bytes = max(hard_bytes, max_bytes)
        self._start()

    def add(self, row: Row) -> Cut | None:
        """Take `row`; returns the rows before it when it no longer fits with them.

        Raises RowTooLarge, having taken nothing, where the row fits no message.
        """
        encoded = dramatiq.get_encoder().encode(row)
        if self._overhead + len(encoded) > self._hard_bytes:
            raise RowTooLarge(self._overhead + len(encoded), self._hard_bytes)
        size = len(encoded) + 1  # the comma
        full = None
        if self._rows and (len(self._rows) >= self._max_rows or self._size + size > self._max_bytes + 1):
            full = self.rest()
        self._rows.append(row)
        self._size += size
        self._digest.update(encoded)
        self._digest.update(b",")
        return full

    def rest(self) -> Cut | None:
        """The rows that are left, or None; the cutter is empty afterwards."""
        cut = Cut(self._rows, self._digest.hexdigest()) if self._rows else None
        self._start()
        return cut

    def _start(self) -> None:
        self._rows: list[Row] = []
        self._size = self._overhead
        self._digest = hashlib.sha256()


def cut(rows: Iterable[Row], overhead: int, **limits: int) -> Iterator[Cut]:
    """`rows` as the contents of messages, each as full as the limits allow. Raises RowTooLarge."""
    cutter = Cutter(overhead, **limits)
    for row in rows:
        if full := cutter.add(row):
            yield full
    if last := cutter.rest():
        yield last


def shortened(value: Any) -> dict[str, Any]:
    """What is sent of a value that is itself too large to send: its size and its beginning."""
    text = dramatiq.get_encoder().encode(value).decode("utf-8")
    return {"too_large": len(text), "beginning": text[:_KEPT_CHARACTERS]}


def plain(value: Any, depth: int = 0) -> Any:
    """`value` as JSON that every queue and PostgreSQL's jsonb take: what they refuse is written out instead.

    A rejected row may hold just what made it unusable: a NUL byte, half a surrogate pair, NaN, a type JSON lacks.
    """
    if isinstance(value, str):
        return value.replace("\x00", "\\u0000").encode("utf-8", "backslashreplace").decode("utf-8")
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, int):
        return value if value.bit_length() <= _MAX_BITS else hex(value)[:_KEPT_CHARACTERS]
    if isinstance(value, float):
        return value if math.isfinite(value) else str(value)
    if depth >= _MAX_DEPTH:
        return "(nested too deeply)"
    if isinstance(value, Mapping):
        return {plain(str(key)): plain(item, depth + 1) for key, item in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [plain(item, depth + 1) for item in value]
    return plain(str(value))
