"""Changes as people read them: what changed in a match at one moment stands together, and a result is one line."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import groupby
from typing import Any, Final

#: Two fields that are said as one: how it is called, and what stands between the values.
_PAIRS: Final = (("home_score", "away_score", "result"), ("home_penalties", "away_penalties", "shoot-out"))

#: Fields in other words.
WORDS: Final[Mapping[str, str]] = {
    "age_group": "age group",
    "away_penalties": "away penalties",
    "away_score": "away score",
    "away_team_id": "away team",
    "corrected": "corrected by a person",
    "home_penalties": "home penalties",
    "home_score": "home score",
    "home_team_id": "home team",
    "kickoff": "kick-off",
    "location": "venue",
    "match_type": "competition",
    "timezone": "time zone",
    "withdrawn_at": "withdrawn",
}

#: All that history tells of, as choices.
FIELDS: Final = tuple(
    (name, WORDS.get(name, name))
    for name in (
        "status", "date", "kickoff", "home_score", "away_score", "home_penalties", "away_penalties", "location",
        "division", "age_group", "league", "match_type", "season", "home_team_id", "away_team_id", "round", "notes",
        "url", "timezone", "withdrawn_at", "corrected",
    )
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Line:
    """What changed: its name, and both values as text; None for nothing."""

    what: str
    old: str | None
    new: str | None


@dataclass(frozen=True, slots=True)
class Event:
    """All that changed in one match at one moment. `first` is any row of it: match, teams, time, run."""

    first: Mapping[str, Any]
    lines: list[Line]


def events(rows: Iterable[Mapping[str, Any]]) -> Iterator[Event]:
    """Rows of `change_page`, in its order, as events."""
    for _, group in groupby(rows, key=key):
        changes = list(group)
        yield Event(changes[0], list(lines(changes)))


def key(row: Mapping[str, Any]) -> tuple[Any, ...]:
    """What rows of one event have in common."""
    return row["changed_at"], row["source"], row["match_id"]


def lines(changes: Iterable[Mapping[str, Any]]) -> Iterator[Line]:
    """The changes of one event, a result and a shoot-out as one line each."""
    left = {row["field"]: (row["old"], row["new"]) for row in changes}
    for home, away, what in _PAIRS:
        if home in left and away in left:
            of_home, of_away = left.pop(home), left.pop(away)
            yield Line(what, *(_both(*pair) for pair in zip(of_home, of_away, strict=True)))
    for name, (old, new) in left.items():
        yield Line(WORDS.get(name, name), _readable(name, old), _readable(name, new))


def _both(home: str | None, away: str | None) -> str | None:
    return None if home is None and away is None else f"{home or '–'}:{away or '–'}"


def _readable(name: str, value: str | None) -> str | None:
    """Moments and names of fields as people write them; all else as it is."""
    if value is not None and name in ("kickoff", "withdrawn_at"):
        return value.replace("T", " ").removesuffix(":00Z").removesuffix("Z") + " UTC"
    if value is not None and name == "corrected":
        return ", ".join(WORDS.get(each, each) for each in value.split(", "))
    return value
