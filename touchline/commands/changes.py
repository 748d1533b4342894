"""`touchline changes`: the history of stored matches."""

from __future__ import annotations

from typing import Any

import click

from touchline import options, output
from touchline.output import Column, Format, Row, readable, write

EMPTY = "No change is stored that fits. A match that is stored for the first time is none: see `touchline matches`."


@click.command(
    cls=options.Command,
    epilog=options.examples(
        "touchline changes --since 24h",
        "touchline changes --team Loggers --field date --field kickoff",
        "touchline changes --match 26030 --output csv",
        "touchline changes --run 3f2a --output json",
    ),
)
@options.since("Only changes that were stored since then")
@options.team
@click.option("--match", metavar="MATCH", help="Only this match, by its number at the site.")
@options.many("--field", "fields", "FIELD", "Only this field, for example status, date or home_score")
@options.run
@options.source
@options.limit
@output.output_option
def changes(output: Format, limit: int | None, **filters: Any) -> None:
    """List what changed in stored matches, newest first: one row a field, with its old and its new value.

    Times are UTC. The teams and the date are those that the match has now.
    """
    from touchline.store import reading

    with reading("changes", limit=limit or None, **filters) as found:
        write(found.rows, found.columns, COLUMNS, output, limit=limit, empty=EMPTY)


def _teams(row: Row) -> str:
    return f"{row['home_team']} – {row['away_team']}" if row["home_team"] else ""


def _step(row: Row) -> str:
    old, new = (readable(row[side]) or "nothing" for side in ("old", "new"))
    return f"{old} → {new}"


COLUMNS = (
    Column("changed (UTC)", "changed_at"),
    Column("date", "date"),
    Column("age", "age_group", spare=1),
    Column("teams", _teams, fold=True),
    Column("field", "field"),
    Column("change", _step, fold=True),
    Column("match", "match_id", spare=2),
    Column("run", lambda row: str(row["run_id"] or "")[:8], spare=3),
)
