"""`touchline teams`: who plays, and where."""

from __future__ import annotations

from typing import Any

import click

from touchline import options, output
from touchline.output import Column, Format, write

EMPTY = "No team is stored that fits. `touchline scrape SOURCE` reads a site; fewer filters find more."


@click.command(
    cls=options.Command,
    epilog=options.examples(
        "touchline teams --age-group U14 --division Northeast",
        "touchline teams --team Loggers",
        "touchline teams --league homegrown --output csv > teams.csv",
    ),
)
@options.league
@options.season
@options.age_group
@options.division
@options.team
@options.source
@options.limit
@output.output_option
def teams(output: Format, limit: int | None, **filters: Any) -> None:
    """List teams with their league, age group, division and number of matches.

    A team stands here once a season and league, under the name that its site uses now. One that plays in two divisions
    names both.
    """
    from touchline.store import reading

    with reading("teams", limit=limit or None, **filters) as found:
        write(found.rows, found.columns, COLUMNS, output, limit=limit, empty=EMPTY)


COLUMNS = (
    Column("season", "season"),
    Column("league", "league"),
    Column("age", "age_group"),
    Column("division", "division", fold=True),
    Column("team", "team", fold=True),
    Column("matches", "matches", right=True),
    Column("id", "team_id", spare=1),
)
