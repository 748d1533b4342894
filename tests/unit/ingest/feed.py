"""Feeds made by hand: a valid event and a valid standings document, changed as a test needs them."""

from __future__ import annotations

import json
from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any

from ingest.answers import Answer
from ingest.models import Match
from ingest.sources import Part, Reading, Reject
from ingest.sources.mlsnext import Documents, MLSNext

PART = Part("mls-next-league-26-27", "homegrown", "2026-27")
SYNCED_AT = "2026-10-03T22:30:00Z"
ASKED_AT = datetime(2026, 10, 3, 23, 0, tzinfo=UTC)


def event(number: int = 26030, **changes: Any) -> dict[str, Any]:
    """One fixture: squads 1 and 2, played 2:1 on Saturday, 5 September 2026."""
    return {
        "id": 5700000 + number,
        "game_key": str(number),
        "start_time": "2026-09-05T13:00:00Z",
        "local_timezone": "America/New_York",
        "home_squad_id": 1,
        "away_squad_id": 2,
        "home_squad_name": "U14",
        "away_squad_name": "U14",
        "competition": {"id": 1605, "name": "League"},
        "competition_bracket_id": None,
        "completed": True,
        "home_organisation": {"id": 11, "name": "Ash FC", "logo_full_path": "https://crests.example/11.png"},
        "away_organisation": {"id": 12, "name": "Elm FC", "logo_full_path": "https://crests.example/12.png"},
        "home_score": 2,
        "away_score": 1,
        "home_penalty_shootout_score": None,
        "away_penalty_shootout_score": None,
        "event_location": {"id": 279, "name": "Loggers Run Park - Field # 1"},
        "division": {"id": 2, "name": "MLS Next"},
        "round_number": None,
    } | changes


def unplayed(number: int = 26030, **changes: Any) -> dict[str, Any]:
    """The same before it is played."""
    return event(number, **{"completed": False, "home_score": None, "away_score": None} | changes)


def bracket(number: int, name: str, age_group: str, *squads: int, **changes: Any) -> dict[str, Any]:
    """A bracket with a table of `squads`, in this order."""
    return {
        "id": number,
        "name": name,
        "age_group": {"id": 42, "name": age_group},
        "gender": "male",
        "competitions": [],
        "tiebreakers": [],
        "standings": [row(position, squad) for position, squad in enumerate(squads, 1)],
    } | changes


def row(position: int, squad: int, **values: str) -> dict[str, Any]:
    return {
        "position": position,
        "team": {"organisation_id": squad + 10, "squad_id": squad, "name": f"Team {squad}", "logo_url": None},
        "tiebreaker_values": {name: {"value": value, "description": "…"} for name, value in values.items()},
    }


NORTHEAST = bracket(60, "Northeast", "U14", 1, 2)


def answer(document: object, *, kind: str = "schedule") -> Answer:
    body = document if isinstance(document, bytes) else json.dumps(document).encode()
    return Answer(200, body, None, f"https://site.example/data/{kind}/k.json", "application/json", ASKED_AT)


def documents(events: Iterable[Any], brackets: Iterable[Any] = (NORTHEAST,), **changes: Any) -> Documents:
    schedule = {"synced_at": SYNCED_AT, "linked_competition_seasons": [], "events": list(events)} | changes
    standings = {"competition_season": {"name": "", "key": PART.name, "competition_brackets": list(brackets)}}
    return Documents(answer(schedule), answer(standings, kind="standings"))


def reading(*events: Any, brackets: Iterable[Any] = (NORTHEAST,), part: Part = PART, **changes: Any) -> Reading:
    return MLSNext().parse(part, documents(events, brackets, **changes))


def rows(
    *events: Any, brackets: Iterable[Any] = (NORTHEAST,), part: Part = PART, **changes: Any
) -> list[Match | Reject]:
    return list(reading(*events, brackets=brackets, part=part, **changes).matches)


def match(*events: Any, brackets: Iterable[Any] = (NORTHEAST,), part: Part = PART, **changes: Any) -> Match:
    """The match of the last of `events`; everything has to be one."""
    found = rows(*events, brackets=brackets, part=part, **changes)
    assert all(isinstance(row, Match) for row in found), found
    last = found[-1]
    assert isinstance(last, Match)
    return last


def reject(*events: Any, brackets: Iterable[Any] = (NORTHEAST,), **changes: Any) -> Reject:
    """The only reject among the rows."""
    (found,) = [row for row in rows(*events, brackets=brackets, **changes) if isinstance(row, Reject)]
    return found


def parked(count: int, first: int = 50_000, **changes: Any) -> list[dict[str, Any]]:
    """`count` unplayed fixtures on Tuesday, 8 June 2027, the placeholder of 2026-27."""
    return [unplayed(number, start_time="2027-06-08T20:00:00Z", **changes) for number in range(first, first + count)]
