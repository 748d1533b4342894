"""A schedule as it stands in `touchline.toml`, `[schedules.NAME]`: when to read which source, and what of it."""

from __future__ import annotations

import re
from datetime import date, timedelta
from typing import Annotated, Any, Final, Literal

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, field_validator

from contract import cron
from contract.fields import Date, Label, Name, Season

#: The schedule that keeps house, which nobody has to write down.
HOUSEKEEPING: Final = "housekeeping"

#: As a name stands in commands, logs and the database.
_NAME: Final = re.compile(r"[a-z0-9][a-z0-9_-]{0,59}")

_UNITS: Final = {"m": "minutes", "h": "hours", "d": "days"}

#: Slots that were missed are recorded one by one, so that there must not be too many of them.
LONGEST_WINDOW: Final = timedelta(days=7)


def _text(value: Any) -> Any:
    return value.isoformat() if type(value) is date else value


#: A day, as TOML writes it with or without quotes.
Day = Annotated[Date, BeforeValidator(_text)]


def _span(value: Any) -> Any:
    """`24h`, `30m` or `7d` as a length of time."""
    match = re.fullmatch(r"(\d{1,5})([mhd])", value) if isinstance(value, str) else None
    if match is None:
        raise ValueError("write it like 24h, 90m or 7d")
    span = timedelta(**{_UNITS[match[2]]: int(match[1])})
    if not timedelta(minutes=1) <= span <= LONGEST_WINDOW:
        raise ValueError("it must be between 1m and 7d")
    return span


def _check_name(name: str) -> str:
    if not _NAME.fullmatch(name):
        raise ValueError("a schedule's name has small letters, digits, - and _, at most 60")
    if name == HOUSEKEEPING:
        raise ValueError(f"the name {HOUSEKEEPING} is taken: it prunes what [retention] says, once a day")
    return name


#: What a schedule can be called.
ScheduleName = Annotated[str, AfterValidator(_check_name)]


class Schedule(BaseModel):
    """One schedule. What is left out of its parameters is left open, as on the command line."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    #: Five fields: minute, hour, day of the month, month, weekday (`*/15 8-23 * * sat,sun`).
    cron: str
    #: The IANA zone whose clock the line is read by.
    timezone: str = "UTC"
    source: Name

    leagues: tuple[Label, ...] = ()
    age_groups: tuple[Label, ...] = ()
    divisions: tuple[Label, ...] = ()
    teams: tuple[Label, ...] = ()
    season: Season | None = None
    date_from: Day | None = None
    date_to: Day | None = None
    #: Read what did not change since the last time, too.
    full: bool = False

    #: What becomes of slots that came due while nothing ticked: the latest of them is run, all are, or none is.
    catch_up: Literal["latest", "all", "skip"] = "latest"
    #: How long ago such a slot may have been due.
    window: Annotated[timedelta, BeforeValidator(_span)] = timedelta(hours=24)
    #: What becomes of a slot while a run of an earlier one is going on: it is skipped, or it waits its turn. By default
    #: it waits where all slots are to be caught up, and is skipped otherwise.
    overlap: Literal["skip", "queue"] | None = None
    #: Each run begins up to so many seconds late: by how much, the slot itself decides.
    jitter: int = Field(default=0, ge=0, le=600)
    #: A schedule that is off has no slots, and catches up on none when it is on again.
    enabled: bool = True

    @field_validator("cron")
    @classmethod
    def _cron(cls, line: str) -> str:
        cron.check(line)
        return " ".join(line.split())

    @field_validator("timezone")
    @classmethod
    def _timezone(cls, name: str) -> str:
        cron.check_timezone(name)
        return name

    @property
    def queues(self) -> bool:
        """Whether a slot waits for the run before it."""
        return self.overlap == "queue" or (self.overlap is None and self.catch_up == "all")

    @property
    def scope(self) -> dict[str, Any]:
        """What is to be read, as a scrape order says it: what is open is absent."""
        said = self.model_dump(
            mode="json",
            include={"leagues", "age_groups", "divisions", "teams", "season", "date_from", "date_to"},
        )
        return {name: value for name, value in said.items() if value}
