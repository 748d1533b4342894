"""Matches in the order in which they are played, a page at a time, in both directions.

    … days that were │ today, days to come …, days that nobody knows
      ◄── backward ── key ── forward ──►

A *key* is the place of a match in that order. A page is what comes after a key, or before it; so it stays what it is
while others are stored, and costs the same wherever it is.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Annotated, Any, Final, Literal, Self

from pydantic import StringConstraints, TypeAdapter, ValidationError

from actors.console.errors import Invalid
from actors.store.database import Connection
from actors.store.reading import reading
from contract.fields import NO_NUL

#: Matches on a page.
PAGE: Final = 50

#: After all days: the matches of which none is known.
_UNDATED: Final = "infinity"

_Id = Annotated[str, StringConstraints(max_length=200, pattern=NO_NUL)]
_Key: Final = TypeAdapter(tuple[date | Literal["infinity"], datetime | Literal["infinity", "-infinity"], _Id, _Id])

Match = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Key:
    """A place in the order: of a match, or where a day begins."""

    day: str
    kickoff: str = "-infinity"
    at_source: str = ""
    at_match: str = ""

    @classmethod
    def of(cls, match: Mapping[str, Any]) -> Self:
        day, kickoff = match["date"], match["kickoff"]
        return cls(
            _UNDATED if day is None else day.isoformat(),
            "infinity" if kickoff is None else kickoff.astimezone(UTC).isoformat(),
            match["source"],
            match["match_id"],
        )

    @classmethod
    def read(cls, text: str) -> Self:
        """What `str` made. Raises Invalid."""
        try:
            day, kickoff, source, match_id = _Key.validate_json(text)
        except ValidationError:
            raise Invalid("no page begins there", hint="take the links of the page before it") from None
        return cls(
            day if isinstance(day, str) else day.isoformat(),
            kickoff if isinstance(kickoff, str) else kickoff.isoformat(),
            source,
            match_id,
        )

    def __str__(self) -> str:
        return json.dumps([self.day, self.kickoff, self.at_source, self.at_match], separators=(",", ":"))


@dataclass(frozen=True, slots=True)
class Page:
    """Its matches, and the keys before and after which there are more; None where there are none."""

    matches: list[Match]
    earlier: Key | None = None
    later: Key | None = None


def page_after(connection: Connection, key: Key, asked: Mapping[str, Any]) -> Page:
    rows = _forward(connection, key, asked, PAGE + 1)
    shown = rows[:PAGE]
    return Page(shown, Key.of(shown[0]) if shown else None, Key.of(shown[-1]) if len(rows) > PAGE else None)


def page_before(connection: Connection, key: Key, asked: Mapping[str, Any]) -> Page:
    rows = _backward(connection, key, asked, PAGE + 1)
    shown = rows[:PAGE][::-1]
    return Page(shown, Key.of(shown[0]) if len(rows) > PAGE else None, Key.of(shown[-1]) if shown else None)


def page_around(connection: Connection, day: date, asked: Mapping[str, Any]) -> Page:
    """From `day` on; where those are few, those before it as well, as many as fit."""
    key = Key(day.isoformat())
    rows = _forward(connection, key, asked, PAGE + 1)
    shown = rows[:PAGE]
    before = _backward(connection, key, asked, PAGE - len(shown) + 1)
    shown = before[: PAGE - len(shown)][::-1] + shown
    if not shown:
        return Page([])
    more = len(before) > PAGE - len(rows[:PAGE])
    # a page without room for those before the day has them before its first match all the same
    return Page(shown, Key.of(shown[0]) if more else None, Key.of(shown[-1]) if len(rows) > PAGE else None)


def _forward(connection: Connection, key: Key, asked: Mapping[str, Any], limit: int) -> list[Match]:
    if key.day == _UNDATED:
        return _read(connection, "match_page", key, asked, limit, undated=True)
    rows = _read(connection, "match_page", key, asked, limit)
    if len(rows) < limit:
        rows += _read(connection, "match_page", Key(_UNDATED), asked, limit - len(rows), undated=True)
    return rows


def _backward(connection: Connection, key: Key, asked: Mapping[str, Any], limit: int) -> list[Match]:
    rows = []
    if key.day == _UNDATED:
        rows = _read(connection, "match_page_back", key, asked, limit, undated=True)
    if len(rows) < limit:
        # where the undated begin, and every day has ended
        rows += _read(connection, "match_page_back", key, asked, limit - len(rows))
    return rows


def _read(
    connection: Connection, query: str, key: Key, asked: Mapping[str, Any], limit: int, *, undated: bool = False
) -> list[Match]:
    at = {"day": key.day, "kickoff": key.kickoff, "at_source": key.at_source, "at_match": key.at_match}
    with reading(connection, query, **at, **asked, undated=undated, limit=limit) as found:
        return list(found.rows)
