"""`touchline matches`: the stored matches as they stand now."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from datetime import date, datetime
from operator import itemgetter
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import click

from touchline import options, output
from touchline.output import Column, Format, Row, readable, say, write

STATUSES = ("scheduled", "completed", "postponed", "cancelled", "forfeit")

#: Fields that a score is made of.
SCORES = ("home_score", "away_score", "home_penalties", "away_penalties")

#: What stands behind a corrected value.
MARK = "*"

EMPTY = (
    "No match is stored that fits. `touchline teams` shows names to ask for, `touchline scrape SOURCE` reads a site."
)


@click.command(
    cls=options.Command,
    epilog=options.examples(
        "touchline matches --team Loggers",
        "touchline matches --age-group U14 --division Northeast --from 2026-10-01 --to 2026-10-31",
        "touchline matches --status postponed --output csv > postponed.csv",
        "touchline matches --since 24h",
        "touchline matches --withdrawn --source mlsnext",
    ),
)
@options.league
@options.season
@options.age_group
@options.division
@options.team
@click.option(
    "--status",
    "statuses",
    type=click.Choice(STATUSES, case_sensitive=False),
    multiple=True,
    help="Only matches with this status (may be repeated).",
)
@click.option(
    "--from",
    "date_from",
    callback=options.parsed(options.day),
    metavar="DATE",
    help="Only from this day on, at the venue.",
)
@click.option(
    "--to", "date_to", callback=options.parsed(options.day), metavar="DATE", help="Only up to this day, at the venue."
)
@click.option(
    "--withdrawn/--listed", "withdrawn", default=None, help="Only matches that the site no longer lists, or does list."
)
@options.since("Only matches that are new or changed since then")
@options.source
@options.limit
@output.output_option
def matches(output: Format, limit: int | None, date_from: date | None, date_to: date | None, **filters: Any) -> None:
    """List matches as they stand now, by date and kick-off.

    Names are compared without regard to case, and a team by a part of its name. A match that its site no longer lists
    is still here: its status says "withdrawn", too, and `--listed` leaves it out. Kick-offs are local to the venue in
    a table and UTC elsewhere. What a person corrected has a * in a table, and `corrected` names it elsewhere.
    """
    if date_from and date_to and date_from > date_to:
        raise click.UsageError(f"--from {date_from} is after --to {date_to}")
    from touchline.store import reading

    with reading("matches", limit=limit or None, date_from=date_from, date_to=date_to, **filters) as found:
        marks = Marks(found.rows)
        write(marks, found.columns, COLUMNS, output, limit=limit, empty=EMPTY)
    if output == "table" and marks.seen:
        say(f"{MARK} as a person corrected it; the site says something else: touchline match show MATCH")


class Marks:
    """Rows on their way to be written, and whether one of them has a corrected value."""

    def __init__(self, rows: Iterable[Row]) -> None:
        self._rows = rows
        self.seen = False

    def __iter__(self) -> Iterator[Row]:
        for row in self._rows:
            self.seen = self.seen or bool(row["corrected"])
            yield row


def marked(value: Callable[[Row], object], *fields: str) -> Callable[[Row], str]:
    """The text of a column, with a mark where a person corrected one of `fields`."""

    def text(row: Row) -> str:
        shown = readable(value(row))
        return f"{shown}{MARK}" if set(fields) & set(row["corrected"] or ()) else shown

    return text


def kickoff(row: Row) -> str:
    """The kick-off as a spectator reads it: `09:00 EDT`."""
    moment: datetime | None = row["kickoff"]
    if moment is None:
        return ""
    try:
        local = moment.astimezone(ZoneInfo(row["timezone"] or "UTC"))
    except (ZoneInfoNotFoundError, ValueError):
        return f"{moment:%H:%M} UTC"
    return f"{local:%H:%M %Z}"


def score(row: Row) -> str:
    """`2:1`, with a shoot-out `1:1 (4:3)`."""
    if row["home_score"] is None:
        return ""
    shootout = "" if row["home_penalties"] is None else f" ({row['home_penalties']}:{row['away_penalties']})"
    return f"{row['home_score']}:{row['away_score']}{shootout}"


def status(row: Row) -> str:
    return f"{row['status']}, withdrawn" if row["withdrawn_at"] else str(row["status"])


COLUMNS = (
    Column("date", marked(itemgetter("date"), "date")),
    Column("kick-off", marked(kickoff, "kickoff")),
    Column("league", "league", spare=3),
    Column("age", "age_group"),
    Column("division", marked(itemgetter("division"), "division"), fold=True, spare=1),
    Column("home", "home_team", fold=True),
    Column("score", marked(score, *SCORES)),
    Column("away", "away_team", fold=True),
    Column("status", marked(status, "status")),
    # the venue and the notes have no column here
    Column("match", marked(itemgetter("match_id"), "location", "notes"), spare=2),
)
