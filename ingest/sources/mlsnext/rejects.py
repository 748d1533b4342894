"""What becomes of a row that the contract cannot say: it travels as it came, with its reason, to the dead letters."""

from __future__ import annotations

from typing import Any

from pydantic import ValidationError

from ingest.sources import Reject


class Unusable(ValueError):
    """A row that cannot be expressed in the contract: `reason` for programs, `str` for people."""

    def __init__(self, reason: str, error: str) -> None:
        super().__init__(error)
        self.reason = reason


def match_id(raw: Any) -> str | None:
    """An event's `game_key`, where it has one that can be an id."""
    key = raw.get("game_key") if isinstance(raw, dict) else None
    if isinstance(key, bool) or not isinstance(key, int | str):
        return None
    text = str(key).strip()
    if not 1 <= len(text) <= 100:
        return None
    # a control character or half a surrogate pair: the contract would not have it
    return text if text.isascii() or text.isprintable() else None


def shown(value: object) -> str:
    """A value of the site in a sentence: quoted, printable, short."""
    text = repr(value)
    return text if len(text) <= 80 else f"{text[:77]}…"


def reject(raw: Any, reason: str, error: str) -> Reject:
    """`raw` as it came: `ingest.messages` makes it fit to travel."""
    return Reject(match_id(raw), reason, error, raw)


def reject_invalid(raw: Any, error: ValidationError, *, what: str) -> Reject:
    """The same for the first thing that pydantic found."""
    first = error.errors(include_url=False, include_context=False)[0]
    # the last steps into a union are names of types, not of fields
    path = ".".join(
        str(step) for step in first["loc"] if step not in ("int", "constrained-str", "str", "function-after")
    )
    blank = first["input"] is None or (isinstance(first["input"], str) and not first["input"].strip())
    if first["type"] == "missing" or (blank and path):
        return reject(raw, "missing", f"{what} has no {path}")
    return reject(raw, first["type"], f"{what} cannot be used: {path}{': ' if path else ''}{first['msg']}")
