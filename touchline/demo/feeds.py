"""The two documents of a feed, in the real site's format: its keys, its types, its order, its white space.

SOURCES.md, section 1. The site writes JSON with a line for each value and no indentation, UTF-8 unescaped. A season
has 24,628 events, so an event is written by filling in a form; a test holds the form to `json.dumps`.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import Any, Final

from touchline.demo.model import UNSET_VENUE, UNSET_VENUE_ID, WITHOUT_TABLE, Bracket, Club, Feed, Fixture, Shown
from touchline.demo.structure import FLEX, LEAGUE, PATHWAY
from touchline.demo.tables import Record, official, published

#: Internal ids are the public match number and this much more.
_EVENT_IDS: Final = 5_700_000
_COMPETITION_IDS: Final = {LEAGUE: 1605, PATHWAY: 1612, FLEX: 1620}
_AGE_IDS: Final = {"U13": 42, "U14": 43, "U15": 44, "U16": 45, "U17": 46, "U19": 48}

#: The event's division says nothing, and in Academy even something wrong (SOURCES.md, section 1.1).
_DIVISION: Final = (2, "MLS Next")

_EVENT: Final = """{
"id": %d,
"game_key": "%d",
"start_time": "%s",
"local_timezone": "%s",
"home_squad_id": %d,
"away_squad_id": %d,
"home_squad_name": "%s",
"away_squad_name": "%s",
"competition": {
"id": %d,
"name": "%s"
},
"competition_bracket_id": null,
"completed": %s,
"home_organisation": {
"id": %d,
"name": %s,
"logo_full_path": "%s"
},
"away_organisation": {
"id": %d,
"name": %s,
"logo_full_path": "%s"
},
"home_score": %s,
"away_score": %s,
"home_penalty_shootout_score": %s,
"away_penalty_shootout_score": %s,
"event_location": {
"id": %d,
"name": %s
},
"division": {
"id": %d,
"name": %s
},
"round_number": null
}"""


def schedule(feed: Feed, moment: datetime, keep: Callable[[int], bool] | None = None) -> bytes:
    """The schedule document of `feed` at `moment`; with `keep`, of those match numbers only."""
    rows = [(fixture, fixture.shown(moment)) for fixture in feed.fixtures if keep is None or keep(fixture.number)]
    rows.sort(key=lambda row: (row[1].start, row[0].number))
    labels = _Labels(feed, moment)
    events = ",\n".join([labels.event(fixture, shown) for fixture, shown in rows])
    linked = json.dumps([{"name": name, "key": key} for name, key in feed.linked], indent=0, ensure_ascii=False)
    body = f"[\n{events}\n]" if rows else "[]"
    head = f'{{\n"synced_at": "{stamp(moment)}",\n"linked_competition_seasons": {linked},\n"events": '
    return f"{head}{body}\n}}".encode()


def standings(feed: Feed, moment: datetime) -> bytes:
    """The standings document of `feed` at `moment`: the official tables, or for U13 and U14 only who is in them."""
    brackets = [_bracket(bracket, table, moment) for bracket, table in official(feed, moment)]
    document = {"competition_season": {"name": feed.title, "key": feed.key, "competition_brackets": brackets}}
    return json.dumps(document, indent=0, ensure_ascii=False).encode()


def stamp(moment: datetime) -> str:
    """As the feeds write a moment: `2026-10-03T22:30:00Z`."""
    return moment.astimezone(UTC).isoformat(timespec="seconds").removesuffix("+00:00") + "Z"


class _Labels:
    """Writes events; names are escaped once each."""

    def __init__(self, feed: Feed, moment: datetime) -> None:
        self._moment = moment
        self._names: dict[int, str] = {}
        self._venues: dict[int, str] = {}
        self._divisions = _divisions(feed)

    def event(self, fixture: Fixture, shown: Shown) -> str:
        home, away, score = fixture.home, fixture.away, shown.score
        venue = (UNSET_VENUE_ID, f'"{UNSET_VENUE}"') if shown.unset else (fixture.venue.id, self._venue(fixture))
        return _EVENT % (
            _EVENT_IDS + fixture.number,
            fixture.number,
            shown.start.isoformat()[:19] + "Z",
            home.club.zone.key,
            home.id,
            away.id,
            home.label,
            away.label,
            _COMPETITION_IDS[fixture.competition],
            fixture.competition,
            "true" if shown.completed else "false",
            *self._organisation(home.club),
            *self._organisation(away.club),
            *(("null",) * 4 if score is None else ["null" if value is None else value for value in score]),
            *venue,
            *self._divisions.get(home.club.id, (_DIVISION[0], f'"{_DIVISION[1]}"')),
        )

    def _organisation(self, club: Club) -> tuple[int, str, str]:
        name = self._names.get(club.id)
        if name is None:
            name = self._names[club.id] = _quoted(club.name_at(self._moment))
        return club.id, name, club.crest

    def _venue(self, fixture: Fixture) -> str:
        name = self._venues.get(fixture.venue.id)
        if name is None:
            name = self._venues[fixture.venue.id] = _quoted(fixture.venue.name)
        return name


def _divisions(feed: Feed) -> dict[int, tuple[int, str]]:
    """In Academy: the division that events claim, by home club. Every third club's is the neighbour's."""
    if feed.name != "academy":
        return {}
    names = list(dict.fromkeys(bracket.name for bracket in feed.brackets))
    claimed = {}
    for bracket in feed.brackets:
        for squad in bracket.members:
            place = names.index(bracket.name) + (squad.club.id % 3 == 0)
            claimed[squad.club.id] = (30 + place % len(names), _quoted(names[place % len(names)]))
    return claimed


def _bracket(bracket: Bracket, table: Sequence[Record], moment: datetime) -> dict[str, Any]:
    shown = published(bracket, list(table))
    return {
        "id": bracket.id,
        "name": bracket.name,
        "age_group": {"id": _AGE_IDS[bracket.age], "name": bracket.age},
        "gender": "male",
        "competitions": [],
        "tiebreakers": _tiebreakers(bracket),
        "standings": [
            {
                "position": position,
                "team": {
                    "organisation_id": line.squad.club.id,
                    "squad_id": line.squad.id,
                    "name": line.squad.club.name_at(moment),
                    "logo_url": line.squad.club.crest,
                },
                "tiebreaker_values": _values(line) if shown else {},
            }
            for position, line in enumerate(table, 1)
        ],
    }


def _tiebreakers(bracket: Bracket) -> list[dict[str, str]]:
    if bracket.age in WITHOUT_TABLE:
        chosen = {
            "taka_quality_of_play": ("Quality of Play", "Quality of Play"),
            "taka_att_score": ("Attacking Score", "ATT"),
            "taka_def_score": ("Defending Score", "DEF"),
        }
    else:
        chosen = {
            "points_per_match_penalty_shootout": ("Points per Match", "PPM"),
            "won": ("Wins", "W"),
            "goal_differential_per_match": ("Goal Differential per Match", "GD/M"),
            "goals_for_per_match": ("Goals For per Match", "GF/M"),
        }
    return [{"key": key, "name": name, "abbr": short} for key, (name, short) in chosen.items()]


def _values(line: Record) -> dict[str, dict[str, str]]:
    """All values are strings: counts as `3`, what is per match as `1.5`."""
    counts = {
        "points": line.points,
        "matches_played": line.played,
        "won": line.won,
        "loss": line.lost,
        "tie": line.tied,
    }
    if line.flex:
        # with the shoot-outs counted as what they decided
        counts |= {
            "won_penalty_shootout": line.won + line.shootouts_won,
            "tie_penalty_shootout": 0,
            "loss_penalty_shootout": line.lost + line.shootouts_lost,
            "points_penalty_shootout": line.points,
        }
        counts["points"] = 3 * line.won + line.tied
    rates = {
        "points_per_match_penalty_shootout": (line.points, "points"),
        "goal_differential_per_match": (line.goals_for - line.goals_against, "goal differential"),
        "goals_for_per_match": (line.goals_for, "goals for"),
        "goals_against_per_match": (line.goals_against, "goals against"),
    }
    values = {
        key: {"value": str(value), "description": f"{value} {key.split('_')[0]}"} for key, value in counts.items()
    }
    for key, (total, what) in rates.items():
        rate = round(total / line.played, 2) if line.played else 0.0
        values[key] = {"value": str(rate), "description": f"{total} {what} / {line.played} matches"}
    return values


def _quoted(name: str) -> str:
    return json.dumps(name, ensure_ascii=False)
