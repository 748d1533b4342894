"""The shapes of the two documents of a league (SOURCES section 1), and what is not one of them.

A document that is not there is `NotPublished`, one of another shape is `PageChanged`. One event or one row that cannot
be used is neither: it is looked at alone (`Event`, `Row`), and nothing else suffers from it.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Annotated, Any, Final

from pydantic import BaseModel, ConfigDict, Field, StrictBool, StrictInt, StrictStr, StringConstraints
from pydantic_core import from_json

from contract.addresses import redact
from ingest.answers import Answer
from ingest.errors import NotPublished, PageChanged
from ingest.season import Season

#: What at least one event of a feed has to have: none has it only where the site has renamed it.
_EVENT_FIELDS: Final = (
    "game_key",
    "start_time",
    "local_timezone",
    "home_squad_id",
    "away_squad_id",
    "home_squad_name",
    "away_squad_name",
    "competition",
    "completed",
    "home_organisation",
    "away_organisation",
    "home_score",
    "away_score",
    "event_location",
)

#: Numbers in the feeds; a site that quotes them means the same.
_Id = StrictInt | Annotated[str, StringConstraints(strict=True, strip_whitespace=True, min_length=1)]
_Name = Annotated[str, StringConstraints(strict=True, strip_whitespace=True, min_length=1)]


class _Shape(BaseModel):
    model_config = ConfigDict(extra="ignore")


class Named(_Shape):
    """A competition, a venue, an age group."""

    name: StrictStr


class Organisation(_Shape):
    """A club."""

    id: _Id | None = None
    name: _Name
    logo_full_path: StrictStr | None = None


class Event(_Shape):
    """One fixture of a schedule document, as far as it is used."""

    game_key: _Id
    start_time: StrictStr
    local_timezone: StrictStr
    home_squad_id: _Id
    away_squad_id: _Id
    home_squad_name: StrictStr | None = None
    away_squad_name: StrictStr | None = None
    competition: Named
    completed: StrictBool
    home_organisation: Organisation
    away_organisation: Organisation
    home_score: StrictInt | None = None
    away_score: StrictInt | None = None
    home_penalty_shootout_score: StrictInt | None = None
    away_penalty_shootout_score: StrictInt | None = None
    event_location: Named | None = None
    round_number: StrictInt | StrictStr | None = None


class Team(_Shape):
    """A squad in a table."""

    organisation_id: _Id | None = None
    squad_id: _Id
    name: _Name


class Row(_Shape):
    """One line of a published table; the values are strings, in objects that explain them."""

    position: StrictInt
    team: Team
    tiebreaker_values: dict[str, Any] | None = None


class Bracket(_Shape):
    """One group of squads that play each other, its lines still to be looked at."""

    id: _Id
    name: _Name
    age_group: Named | None = None
    competitions: list[Any] | None = None
    standings: list[Any] = Field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Schedule:
    """Events as they came; `synced_at` is None where the document does not say when it was made."""

    synced_at: datetime | None
    events: list[Any]


def check_published(answer: Answer) -> None:
    """Raises NotPublished where the site has no such document: it answers 200 with a page then, not 404."""
    start = answer.body[:512].lstrip(b"\xef\xbb\xbf \t\r\n")
    if start[:1] in (b"{", b"["):
        return
    if start[:1] == b"<" or "html" in answer.content_type.lower() or not start:
        raise NotPublished(
            f"{redact(answer.url)} answers with a page instead of data: this season is not published (yet)",
            hint="check --season; if the league's own page shows matches, the site has renamed its feeds",
        )
    raise PageChanged(f"{redact(answer.url)} answers something that is neither data nor a page")


def schedule(answer: Answer) -> Schedule:
    """Raises PageChanged, naming what is missing."""
    document = _load(answer)
    events = document.get("events")
    if not isinstance(events, list):
        raise _changed(answer, "has no list 'events'")
    seen: set[str] = set()
    for event in events:
        if isinstance(event, dict):
            seen |= event.keys()
    missing = [name for name in _EVENT_FIELDS if name not in seen] if events else []
    if missing:
        raise _changed(answer, f"has {len(events)} events, none of which has {', '.join(map(repr, missing))}")
    return Schedule(_moment(document.get("synced_at")), events)


def check_season(answer: Answer, events: list[Any], season: Season) -> None:
    """Raises NotPublished where most of the events lie outside of `season`.

    A key without years is the same in each season, so that only what it lists tells which one it is of.
    """
    days = [day for event in events if isinstance(event, dict) and (day := _day(event.get("start_time"))) is not None]
    inside = sum(season.first_day <= day <= season.last_day for day in days)
    if 2 * inside < len(days):
        raise NotPublished(
            f"{redact(answer.url)} does not list season {season}: {len(days) - inside:,} of its {len(days):,} events "
            "lie outside of it",
            hint="its key says no season; the next one is read once the calendar has come to it, on 1 August",
        )


def brackets(answer: Answer) -> list[Any]:
    """The brackets of a standings document as they came. Raises PageChanged, naming what is missing."""
    season = _load(answer).get("competition_season")
    if not isinstance(season, dict):
        raise _changed(answer, "has no object 'competition_season'")
    found = season.get("competition_brackets")
    if not isinstance(found, list):
        raise _changed(answer, "has no list 'competition_season.competition_brackets'")
    for bracket in found:
        if not isinstance(bracket, dict) or not isinstance(bracket.get("standings"), list):
            raise _changed(answer, "has a bracket without a list 'standings'")
    return found


def instant(text: str) -> datetime:
    """A time of the feed, in UTC. Raises ValueError where it is none, or does not say which time zone it is in."""
    moment = datetime.fromisoformat(text)
    if moment.tzinfo is None:
        raise ValueError("no time zone")
    try:
        return moment.astimezone(UTC)
    except OverflowError:
        raise ValueError("no such year") from None


def _day(value: Any) -> date | None:
    moment = _moment(value)
    return None if moment is None else moment.date()


def _moment(value: Any) -> datetime | None:
    try:
        return instant(value) if isinstance(value, str) else None
    except ValueError:
        return None


def _load(answer: Answer) -> dict[str, Any]:
    try:
        # reads the bytes as they are: for the largest feed 40 MB, where the way over a string takes 65 to 120
        document = from_json(answer.body)
    except ValueError:
        document = _load_leniently(answer)
    if not isinstance(document, dict):
        raise _changed(answer, "is no JSON object")
    return document


def _load_leniently(answer: Answer) -> Any:
    """Half a surrogate pair in one name is that event's trouble, and not the document's."""
    try:
        return json.loads(answer.body)
    except (ValueError, RecursionError) as error:
        raise _changed(answer, f"starts like JSON and is none ({error})") from None


def _changed(answer: Answer, what: str) -> PageChanged:
    return PageChanged(
        f"{redact(answer.url)} {what}",
        hint="the site has changed its feeds, or was caught while it wrote one: if the next run says the same, "
        "this source needs an update",
    )
