"""Whether what a run found can be trusted: held against earlier runs, the official tables, and what is stored.

A run that read everything without an error may still have read half a feed, last week's, or a page that has changed its
shape. Here each part that it read is compared with what was read of it before; `[sources.NAME.health]` says what is
still in bounds. Outside of them there is *doubt*: the run is suspect, and withdraws nothing. What a person should know
and need not act upon is a *notice*: the run succeeds, and says it.

All is judged relative to earlier runs, by the times at which they began, never by today's date: a feed of last year is
as good as any while it was not seen newer. So the first run of a scope is held against the official tables alone. So
is a run that read again what was kept of an earlier one: it shows what the site said then.
"""

from __future__ import annotations

import datetime as dt
import logging
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, Literal
from uuid import UUID

from psycopg.rows import dict_row

from actors.store.database import Connection
from actors.store.statements import statement
from contract.bounds import HealthBounds
from contract.errors import ConfigurationError
from contract.settings import load

_logger = logging.getLogger(__name__)

State = Literal["succeeded", "suspect"]

#: What leaves matches of a part out, by the names of a run's parameters: such a run need not cover each division.
_FILTERS: Final = frozenset({"age_groups", "divisions", "teams", "date_from", "date_to"})

#: So many divisions are named, and so many sentences said; the rest is counted.
_NAMED: Final = 5


@dataclass(frozen=True, slots=True)
class Listed:
    """What a part listed: matches of those that are `stored`, official tables, and teams."""

    stored: int = 0
    missing: int = 0
    tables: int = 0
    uncovered: int = 0
    named: Sequence[str] = ()
    teams: int = 0
    new_teams: int = 0


@dataclass(frozen=True, slots=True)
class ReadPart:
    """A part that a run read, beside what earlier runs read of it. `listed` is None where that could not be told."""

    part: str
    found: int
    complete: bool = False
    observed_at: dt.datetime | None = None
    #: Its source said why nothing was found: it is not published yet.
    explained: bool = False
    listed: Listed | None = None
    #: What the last good run found, and when it began.
    last_found: int | None = None
    last_at: dt.datetime | None = None
    #: The newest state of the site that earlier runs saw, if none was older than this one's; and which of them first
    #: saw the very same.
    newest: dt.datetime | None = None
    first_at: dt.datetime | None = None


@dataclass(frozen=True, slots=True)
class ReadRun:
    """A run that has read all that it was asked for. Of the rows that are `accounted` for some are `dead`."""

    source: str
    started_at: dt.datetime
    filtered: bool
    accounted: int
    dead: int
    parts: Sequence[ReadPart] = ()
    #: It read documents that were kept of an earlier run.
    again: bool = False


@dataclass(slots=True)
class Opinion:
    """Sentences: why the run is suspect, and what else there is to know of it."""

    doubts: list[str] = field(default_factory=list)
    notices: list[str] = field(default_factory=list)


def examine(
    connection: Connection, run_id: UUID, notice: str | None
) -> tuple[Literal["succeeded", "suspect"], str | None]:
    """The state of a run that would succeed, and what is to be said of it; `notice` is what it said itself.

    The caller's transaction holds the run's row. Asked again it gives the same answer, unless more is known.
    """
    run = _read(connection, run_id)
    opinion = weigh(run, _bounds(run.source))
    said = [*opinion.doubts[:_NAMED], *_more(opinion.doubts, "reason")]
    said += [*([notice] if notice else []), *opinion.notices[:_NAMED], *_more(opinion.notices, "notice")]
    return "suspect" if opinion.doubts else "succeeded", "; ".join(said) or None


def weigh(run: ReadRun, bounds: HealthBounds) -> Opinion:
    """What there is to say of `run` within these bounds."""
    opinion = Opinion()
    opinion.doubts += _dead(run, bounds)
    for part in run.parts:
        if not run.again:
            fewer = list(_fewer(part, run, bounds))
            opinion.doubts += fewer or _missing(part, bounds)
            opinion.doubts += _age(part, run, bounds)
        _coverage(part, run, bounds, opinion)
        _teams(part, bounds, opinion)
        if not (part.found or part.last_found or part.explained or run.filtered):
            opinion.notices.append(f"{part.part} lists no match")
    return opinion


def _fewer(part: ReadPart, run: ReadRun, bounds: HealthBounds) -> Iterator[str]:
    if part.last_found is None:
        return
    last = f"the last good run ({_time(part.last_at)}) found {part.last_found:,}"
    if not part.found and not run.filtered:
        # nothing there is never an ordinary answer, however little there was
        yield f"{part.part} lists no match at all; {last}"
    elif part.found < bounds.least_found * part.last_found and part.last_found - part.found > bounds.slack:
        yield f"{part.part} lists {part.found:,} matches; {last}"


def _missing(part: ReadPart, bounds: HealthBounds) -> Iterator[str]:
    """What would be withdrawn is bounded, too: earlier runs may each have seen a piece of the part only."""
    if part.listed is None or not part.complete:
        return
    listed = part.listed
    if listed.stored - listed.missing < bounds.least_found * listed.stored and listed.missing > bounds.slack:
        yield f"{part.part} no longer lists {listed.missing:,} of the {listed.stored:,} matches that are stored of it"


def _age(part: ReadPart, run: ReadRun, bounds: HealthBounds) -> Iterator[str]:
    if part.observed_at is None or part.newest is None:
        return
    if part.newest - part.observed_at > dt.timedelta(minutes=bounds.setback_minutes):
        yield (
            f"the site shows an older state of {part.part}: as of {_time(part.observed_at)}, "
            f"where {_time(part.newest)} was seen before"
        )
    elif part.first_at is not None and part.newest == part.observed_at:
        stands = run.started_at - part.first_at
        if stands > dt.timedelta(hours=bounds.standstill_hours):
            yield (
                f"the site's state of {part.part} stands still: as of {_time(part.observed_at)}, "
                f"as {stands.total_seconds() / 3600:,.0f} hours ago"
            )


def _dead(run: ReadRun, bounds: HealthBounds) -> Iterator[str]:
    if run.dead > bounds.slack and run.dead > bounds.most_dead * run.accounted:
        yield f"{run.dead:,} of {run.accounted:,} rows could not be read or stored"


def _coverage(part: ReadPart, run: ReadRun, bounds: HealthBounds, opinion: Opinion) -> None:
    if part.listed is None or run.filtered or not part.listed.uncovered:
        return
    listed = part.listed
    names = ", ".join(listed.named)
    if rest := listed.uncovered - len(listed.named):
        names += f" and {rest} more"
    without = f"{listed.uncovered} of the {listed.tables} divisions of {part.part} have no match: {names}"
    too_many = listed.uncovered > bounds.most_uncovered * listed.tables and listed.uncovered > bounds.slack
    (opinion.doubts if too_many else opinion.notices).append(without)


def _teams(part: ReadPart, bounds: HealthBounds, opinion: Opinion) -> None:
    """Of the first good run of a scope all teams are new, which says nothing."""
    if part.listed is None or part.last_found is None or not part.listed.new_teams:
        return
    new, teams = part.listed.new_teams, part.listed.teams
    said = f"{new:,} of the {teams:,} teams of {part.part} {'was' if new == 1 else 'were'} never seen before"
    too_many = new > bounds.most_new_teams * teams and new > bounds.slack
    (opinion.doubts if too_many else opinion.notices).append(said)


def _bounds(source: str) -> HealthBounds:
    """Read when they are needed: a run comes here once, when the last of its messages has arrived."""
    try:
        return load().source(source).health
    except ConfigurationError as error:
        # it was in order when the worker started; a slip in the file must not kill the messages of a run
        _logger.warning("The settings cannot be read, so runs of %s are held to the default bounds: %s", source, error)
        return HealthBounds()


def _read(connection: Connection, run_id: UUID) -> ReadRun:
    which = {"run_id": run_id}
    connection.execute(statement("health/measure"), {**which, "named": _NAMED})
    with connection.cursor(row_factory=dict_row) as cursor:
        run: Any = cursor.execute(statement("health/run"), which).fetchone()
        parts = cursor.execute(statement("health/parts"), which).fetchall()
    params = run.pop("params")
    filtered = not _FILTERS.isdisjoint(params)
    return ReadRun(**run, filtered=filtered, again="reparse" in params, parts=[_part(row) for row in parts])


def _part(row: dict[str, Any]) -> ReadPart:
    listed = row.pop("listed")
    return ReadPart(**row, listed=None if listed is None else Listed(**listed))


def _more(sentences: Sequence[str], what: str) -> list[str]:
    left = len(sentences) - _NAMED
    return [f"{left} more {what}{'' if left == 1 else 's'} of this kind"] if left > 0 else []


def _time(moment: dt.datetime | None) -> str:
    return f"{moment:%Y-%m-%d %H:%M} UTC" if moment else "?"
