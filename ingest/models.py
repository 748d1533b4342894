"""What the producer can say: its own, strict model of the messages in contract/*.schema.json.

A model that exists is a message that the contract allows: unknown fields, wrong types and impossible values raise
pydantic's ValidationError when it is made. Values stay plain (strings, integers), so that `wire()` need not convert
them. The consumer has its own model, which is tolerant; tests/contract holds both to the schemas.
"""

from __future__ import annotations

import math
from typing import Annotated, Any, Final, Literal, Self

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, JsonValue, model_validator
from pydantic_core import PydanticCustomError

from contract import CONTRACT_VERSION
from contract.fields import (
    LARGEST,
    AgeGroup,
    Date,
    FailureKind,
    Figure,
    Flag,
    Id,
    Label,
    Name,
    Number,
    Reason,
    RunId,
    Season,
    Status,
    Text,
    Timezone,
    Trigger,
    Url,
    Utc,
    check_match,
    check_unique,
)

#: More messages than this a part does not name; its rows are then only counted.
MOST_MESSAGES: Final = 1000

_Version = Annotated[int, Field(strict=True, ge=CONTRACT_VERSION, le=CONTRACT_VERSION)]
_Score = Annotated[int, Field(strict=True, ge=0, le=200)]
_Count = Annotated[int, Field(strict=True, ge=0, le=LARGEST)]
_Played = Annotated[int, Field(strict=True, ge=0, le=1000)]
_Points = Annotated[int, Field(strict=True, ge=-1000, le=1000)]
_Names = Annotated[tuple[Label, ...], Field(max_length=200)]
#: Ids of messages, and how many rows each carried.
_Messages = Annotated[dict[RunId, _Count], Field(max_length=MOST_MESSAGES)]


class Said(BaseModel):
    """What all messages and their pieces have in common."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    def wire(self) -> dict[str, Any]:
        """As it crosses the queue: plain JSON values, absent where a field is None."""
        return self.model_dump(mode="json", exclude_none=True)


class Club(Said):
    """The organisation that a team belongs to."""

    id: Id
    name: Label
    logo_url: Url | None = None


class Match(Said):
    """One match as its site shows it. `date` has to be said, even where it is None: see `contract.fields.DATELESS`."""

    match_id: Id
    home_team: Label
    away_team: Label
    #: At the venue.
    date: Date | None
    season: Season
    age_group: AgeGroup
    match_type: Name
    status: Status
    kickoff: Utc | None = None
    timezone: Timezone | None = None
    home_team_id: Id | None = None
    away_team_id: Id | None = None
    home_club: Club | None = None
    away_club: Club | None = None
    league: Name | None = None
    division: Name | None = None
    home_score: _Score | None = None
    away_score: _Score | None = None
    home_penalties: _Score | None = None
    away_penalties: _Score | None = None
    location: Label | None = None
    round: Name | None = None
    notes: Text | None = None
    url: Url | None = None

    @model_validator(mode="after")
    def _check(self) -> Self:
        check_match(self.status, self.date, self.home_score, self.away_score, self.home_penalties, self.away_penalties)
        return self

    def wire(self) -> dict[str, Any]:
        """As it crosses the queue; `date` is there even where it is null."""
        row = self.model_dump(exclude_none=True)
        row.setdefault("date", None)
        return row


class Message(Said):
    """The head of every message."""

    contract: _Version = CONTRACT_VERSION
    run_id: RunId
    source: Name


class Batch(Message):
    """Matches of one part of a run, for the actor `store_matches`."""

    part: Name
    sequence: _Count
    #: When the site knew it, by its own word where it gives one.
    observed_at: Utc
    matches: Annotated[tuple[Match, ...], Field(min_length=1, max_length=200)]

    def wire(self) -> dict[str, Any]:
        """As it crosses the queue."""
        head = self.model_dump(exclude={"matches"})
        return {**head, "matches": [match.wire() for match in self.matches]}


class StandingsRow(Said):
    """One team in an official table. `values` are the published figures that have no field of their own."""

    position: Annotated[int, Field(strict=True, ge=1, le=10_000)]
    team_id: Id | None = None
    team: Label
    club_id: Id | None = None
    played: _Played | None = None
    won: _Played | None = None
    drawn: _Played | None = None
    lost: _Played | None = None
    points: _Points | None = None
    points_per_match: Number | None = None
    values: Annotated[dict[Name, Figure], Field(max_length=100)] = Field(default_factory=dict)


class StandingsTable(Said):
    """One official table."""

    division: Name
    age_group: AgeGroup
    rows: Annotated[tuple[StandingsRow, ...], Field(max_length=500)]


class Standings(Message):
    """Official tables of one league as published, for the actor `store_standings`."""

    part: Name
    sequence: _Count
    observed_at: Utc
    season: Season
    league: Name
    tables: Annotated[tuple[StandingsTable, ...], Field(min_length=1, max_length=500)]


def _plain(value: JsonValue) -> JsonValue:
    """Refuses what a queue in PostgreSQL cannot hold; `ingest.batches.plain` writes such things out."""
    match value:
        case str():
            if "\0" in value or not _is_text(value):
                raise PydanticCustomError("not_plain", "U+0000 and lone surrogates have to be written out")
        case float():
            if not math.isfinite(value):
                raise PydanticCustomError("not_plain", "a number in JSON is finite")
        case list():
            for item in value:
                _plain(item)
        case dict():
            for name, item in value.items():
                _plain(name)
                _plain(item)
    return value


def _is_text(value: str) -> bool:
    try:
        value.encode()
    except UnicodeEncodeError:
        return False
    return True


class RejectedRow(Said):
    """A row that the source could not express in the contract."""

    match_id: Id | None = None
    reason: Reason
    error: Text
    payload: Annotated[JsonValue, AfterValidator(_plain)]


_Parameter = Figure | Flag | Annotated[tuple[Figure, ...], Field(max_length=200)] | None


class RunStarted(Message):
    """A run begins: what it was asked for, and the parts that it will read."""

    event: Literal["started"] = "started"
    at: Utc
    params: Annotated[dict[Name, _Parameter], Field(max_length=100)]
    trigger: Trigger
    scheduled_for: Utc | None = None
    parts: Annotated[tuple[Name, ...], Field(min_length=1, max_length=1000)]

    @model_validator(mode="after")
    def _check(self) -> Self:
        check_unique(self.parts)
        return self


class RunAlive(Message):
    """The run goes on, though it has nothing else to say."""

    event: Literal["alive"] = "alive"
    at: Utc


class RowsRejected(Message):
    """Rows that cannot be sent as matches. They count as found, and end as dead."""

    event: Literal["rejected"] = "rejected"
    at: Utc
    part: Name
    rejects: Annotated[tuple[RejectedRow, ...], Field(min_length=1, max_length=200)]

    def wire(self) -> dict[str, Any]:
        """As it crosses the queue; a payload that is null says so."""
        kwargs = super().wire()
        for row, reject in zip(kwargs["rejects"], self.rejects, strict=True):
            row["payload"] = reject.payload
        return kwargs


class PartFinished(Message):
    """A part was read to its end, or the site said that nothing in it changed."""

    event: Literal["part_finished"] = "part_finished"
    at: Utc
    part: Name
    observed_at: Utc | None = None
    #: Rows, those included that were rejected.
    found: _Count
    batches: _Count
    #: Those that carried what `found` counts; None where there are too many to name.
    messages: _Messages | None = None
    complete: Flag
    not_modified: Flag
    #: What a person should know though nothing failed.
    notice: Text | None = None

    @model_validator(mode="after")
    def _check(self) -> Self:
        if self.not_modified and (self.found or self.batches):
            raise PydanticCustomError("found_though_not_modified", "nothing is found where nothing was modified")
        return self


class RunFailed(Message):
    """A part failed, or with no part the whole run. `found` and `batches` say what was sent before it did."""

    event: Literal["failed"] = "failed"
    at: Utc
    part: Name | None = None
    kind: FailureKind
    error: Text
    found: _Count
    batches: _Count
    #: As for a part that finished.
    messages: _Messages | None = None
    #: Nothing failed: somebody stopped the run.
    interrupted: Flag | None = None


class OrderedScope(Said):
    """What a run is asked for; a list that is empty leaves that side open."""

    leagues: _Names = ()
    age_groups: _Names = ()
    divisions: _Names = ()
    teams: _Names = ()
    season: Season | None = None
    date_from: Date | None = None
    date_to: Date | None = None


class ScrapeOrder(Message):
    """Asks a worker to run a source, by the actor `scrape`."""

    scope: OrderedScope = Field(default_factory=OrderedScope)
    #: Only this part of a run that was divided into one order a part; None: the whole run.
    part: Name | None = None
    full: Flag = False
    trigger: Trigger
    scheduled_for: Utc | None = None
