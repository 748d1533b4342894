"""Bounds of what a person wants to hear of: a healthy run, and how long what has ended is kept."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, Field


class HealthBounds(BaseModel):
    """Outside of these a run is suspect: `[sources.NAME.health]`. Shares are from 0 to 1."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    #: Of the matches of the last good run of the same scope, and of those that are stored, so many must be found again.
    least_found: float = Field(default=0.8, ge=0, le=1)
    #: Of the divisions of the official tables, so many may be without any match.
    most_uncovered: float = Field(default=0.25, ge=0, le=1)
    #: Of the rows found, so many may be unparseable or dead.
    most_dead: float = Field(default=0.05, ge=0, le=1)
    #: Of the teams of the scope, so many may never have been seen before.
    most_new_teams: float = Field(default=0.3, ge=0, le=1)
    #: Hours for which the site may go on saying that it was synchronised at the same moment, though it is read anew.
    standstill_hours: float = Field(default=24.0, gt=0)
    #: Minutes by which the site may show an older state than before: not all nodes of a CDN are equally fresh.
    setback_minutes: float = Field(default=10.0, ge=0)
    #: Differences of so many rows, teams or divisions are no reason for suspicion, whatever share they are.
    slack: int = Field(default=5, ge=0)


class Retention(BaseModel):
    """Days for which what has ended is kept: `[retention]`. Matches, changes and dead letters are never deleted."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    #: The ids of messages that were stored; a copy that is delivered later than this would be stored once more.
    inbox_days: int = Field(default=30, ge=7)
    #: Accounts of runs, slots of schedules, and news that was delivered.
    runs_days: int = Field(default=400, ge=7)
    #: Documents in `keep_pages`. What later runs do not list can be repaired from them for `inbox_days`.
    pages_days: int = Field(default=30, ge=1)
