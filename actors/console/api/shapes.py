"""What answers look like, for the OpenAPI document. Tests hold the answers to it."""

from __future__ import annotations

import datetime as dt
from typing import Any, Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

Count = int | None


class Shape(BaseModel):
    """An object of an answer. Later versions may add fields."""

    model_config = ConfigDict(extra="allow")


class Paged(Shape):
    """One page of a list."""

    next: str | None = Field(description="The path of the next page; null where there is none.")
    next_cursor: str | None = Field(description="What `next` carries as `cursor`.")


class Match(Shape):
    """One match as it stands now: a row of the view match_list."""

    source: str
    match_id: str
    season: str
    league: str | None
    match_type: str
    division: str | None
    age_group: str
    date: dt.date | None = Field(description="The date at the venue.")
    kickoff: dt.datetime | None = Field(description="UTC; null while it is not set.")
    timezone: str | None = Field(description="The venue's IANA time zone.")
    home_team: str
    away_team: str
    home_team_id: str
    away_team_id: str
    home_score: Count
    away_score: Count
    home_penalties: Count
    away_penalties: Count
    status: Literal["scheduled", "completed", "postponed", "cancelled", "forfeit"]
    location: str | None
    observed_at: dt.datetime = Field(description="The site's own time of the observation that the values come from.")
    first_seen_at: dt.datetime
    changed_at: dt.datetime
    withdrawn_at: dt.datetime | None = Field(description="When the site was first seen not to list it any more.")
    corrected: list[str] | None = Field(default=None, description="Fields that a person has overruled.")


class Change(Shape):
    """One field of a match that changed."""

    changed_at: dt.datetime = Field(description="When the transaction began that stored it.")
    source: str
    match_id: str
    field: str
    old: str | None = Field(description="The value before, as text; times in UTC.")
    new: str | None
    run_id: UUID | None = Field(description="The run that brought it; null where a person did.")


class MatchWithHistory(Match):
    """One match, with what changed in it, latest first."""

    history: list[Change]
    history_is_whole: bool = Field(description="Whether these are all changes of it, or the latest 500.")


class Matches(Paged):
    matches: list[Match]


class Changes(Shape):
    """Changes in the order in which they can be followed."""

    changes: list[Change]
    next: str = Field(description="The path of what comes after these. There always is one: ask it again later.")
    next_cursor: str
    more: bool = Field(description="Whether something is there already.")


class Team(Shape):
    """A team in one season and league, under its latest name."""

    source: str
    season: str
    league: str | None
    age_group: str
    divisions: list[str]
    team: str
    team_id: str
    matches: int


class Teams(Paged):
    teams: list[Team]


class TableRow(Shape):
    """One team in a league table."""

    position: int
    team: str
    team_id: str
    played: int
    won: int
    drawn: int
    lost: int
    goals_for: int
    goals_against: int
    goal_difference: int
    points: int
    points_per_match: float | None


class Table(Shape):
    """One league table, counted from the stored results."""

    source: str
    season: str
    league: str | None
    age_group: str
    division: str
    rows: list[TableRow]


class Standings(Paged):
    standings: list[Table]


class Run(Shape):
    """One reading of a source. Once it is finished, found = inserted + updated + unchanged + stale + dead."""

    run_id: UUID
    source: str
    params: dict[str, Any]
    trigger: Literal["cli", "schedule", "api"]
    scheduled_for: dt.datetime | None
    started_at: dt.datetime
    finished_at: dt.datetime | None
    state: Literal["running", "succeeded", "suspect", "failed", "interrupted"]
    found: int
    inserted: int
    updated: int
    unchanged: int
    stale: int
    dead: int
    error: str | None


class Runs(Paged):
    runs: list[Run]


class Source(Shape):
    """A source that is installed with the console, or that has run."""

    source: str
    installed: bool = Field(description="Whether jobs can be ordered of it.")
    last_run: dict[str, Any] | None = Field(description="Its last run that ended: run_id, state, times and counts.")
    last_good_at: dt.datetime | None


class Sources(Shape):
    sources: list[Source]


class Letter(Shape):
    """A match or message that could not be stored, kept until a person acts."""

    id: int
    kind: Literal["match", "message"]
    queue: str
    actor: str
    source: str | None
    match_id: str | None
    run_id: UUID | None
    reason: str
    error: str
    attempts: int
    first_failed_at: dt.datetime
    died_at: dt.datetime
    state: Literal["open", "replayed", "dropped"]
    replays: int | None = None
    settled_at: dt.datetime | None


class Letters(Paged):
    dead_letters: list[Letter]


class WholeLetter(Letter):
    """A dead letter with everything that is known of it."""

    history: list[dict[str, Any]] = Field(description="What people did about it, oldest first.")
    traceback: str | None
    payload: Any


class Replayed(Shape):
    """What became of a dead letter that was to be sent again."""

    id: int
    outcome: Literal["sent"]
    queue: str
    message_id: UUID


class JobLinks(Shape):
    self: str
    run: str
    changes: str


class Job(Shape):
    """A run that was ordered, and how far it came."""

    run_id: UUID
    source: str
    params: dict[str, Any] = Field(description="What was asked for: scope and full.")
    state: Literal[
        "unconfirmed", "queued", "running", "done", "dead", "succeeded", "suspect", "failed", "interrupted"
    ] = Field(
        description="unconfirmed: written down, the broker has not confirmed it. queued: no worker took it yet. "
        "done: carried out, and there is no account of it, because the site had nothing new; `outcome` says so. "
        "dead: its order died, see `dead_letter`. The others are those of its run."
    )
    created_at: dt.datetime
    confirmed_at: dt.datetime | None
    started_at: dt.datetime | None
    finished_at: dt.datetime | None
    found: Count
    inserted: Count
    updated: Count
    unchanged: Count
    stale: Count
    dead: Count
    error: str | None
    outcome: str | None
    dead_letter: int | None
    links: JobLinks


class Jobs(Paged):
    jobs: list[Job]


class Ordered(Shape):
    """The run that was ordered."""

    run_id: UUID
    links: JobLinks


class Taken(Shape):
    """The message that was published."""

    message_id: UUID = Field(description="Made of the run and what was sent: sent again it is the same message.")
    queue: str
    rows: int = Field(description="How many rows it carries, as `messages` of part_finished and failed name them.")


class ProblemError(Shape):
    where: str = Field(description="A JSON Pointer into the body, or the name of a parameter.")
    what: str


class Problem(Shape):
    """Why a request was not carried out (RFC 9457)."""

    type: str
    title: str
    status: int
    detail: str
    hint: str | None = Field(default=None, description="What to do next.")
    errors: list[ProblemError] | None = None
