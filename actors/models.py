"""What the consumer understands: its own, tolerant model of the messages in contract/*.schema.json.

Fields that it does not know are ignored and absent ones are None, so that a producer may be newer or older than this.
What it does read is checked again, because whatever reaches the store stays there. A bad match costs its row and not
its batch; a message that is wrong as a whole raises ContractViolation or UnknownContractVersion.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any, Final, Literal, NotRequired, Self, TypeVar
from uuid import UUID

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, TypeAdapter, ValidationError, model_validator
from pydantic_core import PydanticCustomError
from typing_extensions import TypedDict

from actors.errors import ContractViolation, UnknownContractVersion
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
from contract.refusals import explain, shown


def accepted_versions(current: int) -> frozenset[int]:
    """`current` and the one before it, so that either side can be upgraded first. There was no version 0."""
    return frozenset({current, current - 1} - {0})


ACCEPTED_VERSIONS: Final = accepted_versions(CONTRACT_VERSION)

_IGNORE = ConfigDict(extra="ignore")
_RUN_ID: Final[TypeAdapter[str]] = TypeAdapter(RunId)


def _whole(value: Any) -> Any:
    # 3.0 is an integer in JSON Schema, and what some languages write for 3
    return int(value) if isinstance(value, float) and value.is_integer() else value


def _canonical(value: Any) -> UUID:
    return UUID(_RUN_ID.validate_python(value))


_Score = Annotated[int, Field(strict=True, ge=0, le=200), BeforeValidator(_whole)]
_Count = Annotated[int, Field(strict=True, ge=0, le=LARGEST), BeforeValidator(_whole)]
_Played = Annotated[int, Field(strict=True, ge=0, le=1000), BeforeValidator(_whole)]
_Points = Annotated[int, Field(strict=True, ge=-1000, le=1000), BeforeValidator(_whole)]
_Names = Annotated[list[Label], Field(max_length=200)]
_Uuid = Annotated[UUID, BeforeValidator(_canonical)]
#: Ids of messages, and how many rows each carried.
_Messages = Annotated[dict[RunId, _Count], Field(max_length=1000)]


class Club(TypedDict):
    """The organisation that a team belongs to; a dict, because that is how the store takes it."""

    __pydantic_config__ = _IGNORE  # type: ignore[misc]

    id: Id
    name: Label
    logo_url: NotRequired[Url | None]


class MatchRow(BaseModel):
    """One match of a batch."""

    model_config = _IGNORE

    match_id: Id
    home_team: Label
    away_team: Label
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


class _Message(BaseModel):
    model_config = _IGNORE

    contract: Annotated[int, BeforeValidator(_whole)]
    run_id: _Uuid
    source: Name


class Batch(_Message):
    """The head of a batch. `matches` are as they were received; `parse_batch` says which of them are good."""

    part: Name
    sequence: _Count
    observed_at: Utc
    matches: Annotated[list[Any], Field(min_length=1, max_length=200)]


class StandingsRow(BaseModel):
    """One team in an official table."""

    model_config = _IGNORE

    position: Annotated[int, Field(strict=True, ge=1, le=10_000), BeforeValidator(_whole)]
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


class StandingsTable(BaseModel):
    """One official table."""

    model_config = _IGNORE

    division: Name
    age_group: AgeGroup
    rows: Annotated[list[StandingsRow], Field(max_length=500)]


class Standings(_Message):
    """Official tables of one league."""

    part: Name
    sequence: _Count
    observed_at: Utc
    season: Season
    league: Name
    tables: Annotated[list[StandingsTable], Field(min_length=1, max_length=500)]


class RejectedRow(BaseModel):
    """A row that the source could not express in the contract."""

    model_config = _IGNORE

    match_id: Id | None = None
    reason: Reason
    error: Text
    #: Whatever the site said; not checked, because what is wrong with it is why it is here.
    payload: Any


class RunStarted(_Message):
    """A run begins."""

    event: Literal["started"]
    at: Utc
    params: Annotated[
        dict[Name, Figure | Flag | Annotated[list[Figure], Field(max_length=200)] | None], Field(max_length=100)
    ]
    trigger: Trigger
    scheduled_for: Utc | None = None
    parts: Annotated[list[Name], Field(min_length=1, max_length=1000)]

    @model_validator(mode="after")
    def _check(self) -> Self:
        check_unique(self.parts)
        return self


class RunAlive(_Message):
    """The run goes on, though it has nothing else to say."""

    event: Literal["alive"]
    at: Utc


class RowsRejected(_Message):
    """Rows that could not be sent as matches."""

    event: Literal["rejected"]
    at: Utc
    part: Name
    rejects: Annotated[list[RejectedRow], Field(min_length=1, max_length=200)]


class PartFinished(_Message):
    """A part was read to its end."""

    event: Literal["part_finished"]
    at: Utc
    part: Name
    observed_at: Utc | None = None
    found: _Count
    batches: _Count
    messages: _Messages | None = None
    complete: Flag
    not_modified: Flag
    notice: Text | None = None

    @model_validator(mode="after")
    def _check(self) -> Self:
        if self.not_modified and (self.found or self.batches):
            raise PydanticCustomError("found_though_not_modified", "nothing is found where nothing was modified")
        return self


class RunFailed(_Message):
    """A part failed, or with no part the whole run."""

    event: Literal["failed"]
    at: Utc
    part: Name | None = None
    kind: FailureKind
    error: Text
    found: _Count
    batches: _Count
    messages: _Messages | None = None
    #: Somebody stopped the run; a producer that is older than this does not say so.
    interrupted: Flag = False


AnyEvent = RunStarted | RunAlive | RowsRejected | PartFinished | RunFailed
RunEvent = Annotated[AnyEvent, Field(discriminator="event")]


class OrderedScope(BaseModel):
    """What a run is asked for; an empty list leaves that side open."""

    model_config = _IGNORE

    leagues: _Names = Field(default_factory=list)
    age_groups: _Names = Field(default_factory=list)
    divisions: _Names = Field(default_factory=list)
    teams: _Names = Field(default_factory=list)
    season: Season | None = None
    date_from: Date | None = None
    date_to: Date | None = None


class ScrapeOrder(BaseModel):
    """Asks a worker to run a source. It is handed on as it came, so that its run's id stays text."""

    model_config = _IGNORE

    contract: Annotated[int, BeforeValidator(_whole)]
    run_id: RunId
    source: Name
    scope: OrderedScope = Field(default_factory=OrderedScope)
    #: Only this part of a run that was divided into one order a part; None: the whole run.
    part: Name | None = None
    full: Flag = False
    trigger: Trigger
    scheduled_for: Utc | None = None


@dataclass(frozen=True, slots=True)
class BadRow:
    """A row of a batch that cannot be stored: where it stood, what was received, and why."""

    index: int
    row: Any
    reason: str
    error: str

    @property
    def match_id(self) -> str | None:
        """The row's match id, where it has one that is text."""
        match_id = self.row.get("match_id") if isinstance(self.row, Mapping) else None
        return match_id if isinstance(match_id, str) else None


_BATCH: Final = TypeAdapter(Batch)
_ROWS: Final = TypeAdapter(list[MatchRow])
_STANDINGS: Final = TypeAdapter(Standings)
_EVENT: Final[TypeAdapter[AnyEvent]] = TypeAdapter(RunEvent)
_ORDER: Final = TypeAdapter(ScrapeOrder)

Message = TypeVar("Message")


def parse_batch(kwargs: Mapping[str, Any]) -> tuple[Batch, list[dict[str, Any]], list[BadRow]]:
    """The head of a batch, its good rows with every field present (None for absent), and its bad ones.

    Raises UnknownContractVersion, or ContractViolation where the head is wrong.
    """
    batch = _parse(_BATCH, "batch", kwargs)
    bad: list[BadRow] = []
    received = batch.matches
    try:
        rows = _ROWS.validate_python(received)
    except ValidationError as error:
        bad = _bad_rows(received, error)
        refused = {row.index for row in bad}
        rows = _ROWS.validate_python([row for index, row in enumerate(received) if index not in refused])
    # the model's own dict, and not model_dump, which would copy what is plain already
    return batch, [row.__dict__ for row in rows], bad


def parse_standings(kwargs: Mapping[str, Any]) -> Standings:
    """Official tables. Raises UnknownContractVersion or ContractViolation."""
    return _parse(_STANDINGS, "standings message", kwargs)


def parse_event(kwargs: Mapping[str, Any]) -> AnyEvent:
    """What a run says of itself. Raises UnknownContractVersion or ContractViolation."""
    return _parse(_EVENT, "run event", kwargs)


def parse_order(kwargs: Mapping[str, Any]) -> ScrapeOrder:
    """An order to run a source. Raises UnknownContractVersion or ContractViolation."""
    return _parse(_ORDER, "scrape order", kwargs)


def _parse(adapter: TypeAdapter[Message], what: str, kwargs: Mapping[str, Any]) -> Message:
    _check_version(what, kwargs)
    try:
        return adapter.validate_python(kwargs)
    except ValidationError as error:
        _, sentence = explain(error.errors(include_url=False))
        raise ContractViolation(
            f"the {what} breaks the contract: {sentence}",
            hint=f"mend its producer; the shape is in contract/{_SCHEMA[what]}.schema.json",
        ) from None


_SCHEMA: Final = {"batch": "batch", "standings message": "standings", "run event": "run", "scrape order": "scrape"}


def _check_version(what: str, kwargs: Mapping[str, Any]) -> None:
    version = kwargs.get("contract")
    # true equals 1 in Python, and is no version
    if isinstance(version, int | float) and not isinstance(version, bool) and version in ACCEPTED_VERSIONS:
        return
    known = " and ".join(str(accepted) for accepted in sorted(ACCEPTED_VERSIONS))
    said = f"speaks version {shown(version)}" if "contract" in kwargs else "names no version"
    raise UnknownContractVersion(
        f"the {what} {said} of the contract, and this consumer knows {known}",
        hint="upgrade the workers before the producers, then replay it",
    )


def _bad_rows(received: list[Any], error: ValidationError) -> list[BadRow]:
    by_index: dict[int, list[Any]] = {}
    for detail in error.errors(include_url=False):
        by_index.setdefault(int(detail["loc"][0]), []).append(detail)
    return [BadRow(index, received[index], *explain(details, depth=1)) for index, details in sorted(by_index.items())]
