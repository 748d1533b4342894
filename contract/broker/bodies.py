"""Reads what lies in a queue: anybody may have put it there.

Dramatiq refuses what is no JSON object with the names of a message's fields, and trusts the rest. A message whose
options are null stops its consumer then, again and again, one that names another queue ends a worker thread, and one
that can be read but not written again (NaN, a thousand levels) cannot be given up. Whatever is returned here can be
encoded, copied and stored. NUL and halves of surrogate pairs can: the store refuses their row by name.
"""

from __future__ import annotations

import json
import math
from typing import Any, Final, NoReturn
from uuid import UUID

from dramatiq import Message
from dramatiq.errors import DecodeError

#: Bytes. Ours have 100 KB (contract.schema); read, a message takes four times its size, for each that is prefetched.
LARGEST: Final = 4 * 1024 * 1024

#: Levels of arrays and objects. Ours have 6. Python's own recursion ends near 1,000 and differs between versions,
#: PostgreSQL's near 6,000.
DEEPEST: Final = 64

_TYPES: Final[dict[str, type]] = {
    "actor_name": str,
    "args": list,
    "kwargs": dict,
    "options": dict,
    "message_id": str,
    "message_timestamp": int,
}

_FIELDS: Final = {"queue_name", *_TYPES}

_NO_BRACKETS: Final = bytes(set(range(256)) - set(b"[]{}"))


def decode(body: bytes, queue: str) -> Message[Any]:
    """The message in `body`, delivered from `queue` whatever it says itself. Raises DecodeError, which says why."""

    def refuse(why: str) -> NoReturn:
        raise DecodeError(why, body, None)

    if len(body) > LARGEST:
        refuse(f"a body of {len(body) / 1_048_576:.1f} MiB, more than {LARGEST / 1_048_576:.0f}")
    try:
        fields = json.loads(body.decode(), parse_constant=_no_number, parse_float=_finite)
    except RecursionError:
        refuse(f"more than {DEEPEST} levels of JSON")
    except ValueError as error:  # of JSON and UTF-8 alike; neither quotes more than a byte
        refuse(f"no JSON: {error}")
    if not isinstance(fields, dict):
        refuse("the body is no object")
    if fields.keys() != _FIELDS:
        odd = ", ".join(sorted(repr(name[:40]) for name in fields.keys() ^ _FIELDS)[:5])
        refuse(f"the fields are not a message's: {odd}")
    for name, kind in _TYPES.items():
        if not isinstance(fields[name], kind):
            refuse(f"{name} of the message is no {kind.__name__}")
    try:
        UUID(fields["message_id"])
    except ValueError:
        refuse("message_id of the message is no UUID")
    if is_deep(body, fields):
        refuse(f"more than {DEEPEST} levels of JSON")
    return Message(**fields | {"queue_name": queue, "args": tuple(fields["args"])})


def _no_number(name: str) -> NoReturn:
    raise ValueError(f"{name} is no number")


def _finite(digits: str) -> float:
    if math.isinf(number := float(digits)):
        raise ValueError(f"{digits[:20]} is too large a number")
    return number


def is_deep(body: bytes, fields: Any) -> bool:
    """Whether `fields`, which were read from `body`, have more than `DEEPEST` levels."""
    # by the brackets alone, which takes a twentieth of reading the body; those in strings may be in the way
    brackets, shorter = b"", body.translate(None, _NO_BRACKETS)
    for _ in range(DEEPEST):
        if len(brackets) == len(shorter):
            break
        brackets, shorter = shorter, shorter.replace(b"{}", b"").replace(b"[]", b"")
    if not shorter:
        return False
    level = [fields]
    for _ in range(DEEPEST):
        level = [
            item
            for part in level
            for item in (part.values() if isinstance(part, dict) else part)
            if isinstance(item, dict | list)
        ]
        if not level:
            return False
    return True
