"""What PostgreSQL can keep of what came as JSON, and how exactly.

Its text and jsonb hold neither U+0000 nor lone surrogates, and jsonb knows no difference between 1.0 and 1. For people
such things are written so that they can be seen; where that changes what came, what came is kept beside it, so that a
replay sends just that. What no JSON document may hold, or no reader take, is refused before (contract.broker.bodies).
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

#: In JSON of ASCII: an escaped backslash, a surrogate pair, and what PostgreSQL refuses.
_ESCAPES: Final = re.compile(
    r"\\\\|\\u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2}|(\\u(?:0000|[dD][89a-fA-F][0-9a-fA-F]{2}))"
)


@dataclass(frozen=True, slots=True)
class Kept:
    """A value as the store keeps it: `payload`, JSON for jsonb, and `body`, JSON as it came, where they differ."""

    payload: str
    body: str | None


def keep(value: Any) -> Kept:
    """`value`, which came as JSON, in a form that PostgreSQL takes. Raises ValueError for NaN and infinities."""
    body = json.dumps(value, allow_nan=False)
    payload = _ESCAPES.sub(_visible, body)
    return Kept(payload, None if payload == body and not _has_fractions(body) else body)


def storable(value: Any) -> Any:
    """`value` with what PostgreSQL's text and jsonb cannot hold (U+0000, lone surrogates) written as `\\u0000`."""
    if isinstance(value, str):
        if value.isascii() and "\0" not in value:
            return value
        return "".join(f"\\u{ord(char):04x}" if _is_refused(char) else char for char in value)
    if isinstance(value, Mapping):
        return {storable(str(key)): storable(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [storable(item) for item in value]
    return value


def _has_fractions(text: str) -> bool:
    """Whether there is a number in it that jsonb may give back as another kind, such as 1e22 as an integer."""
    found: list[str] = []
    json.loads(text, parse_float=found.append)
    return bool(found)


def _visible(match: re.Match[str]) -> str:
    return f"\\{match[1]}" if match[1] else match[0]


def _is_refused(char: str) -> bool:
    return char == "\0" or "\ud800" <= char <= "\udfff"
