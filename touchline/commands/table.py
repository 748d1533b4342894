"""`touchline table`: league tables."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import groupby
from typing import Any

import click

from touchline import options, output
from touchline.output import Column, Format, Row, draw, readable, say, write

#: How many tables are named to whoever asked for one that does not exist.
_NAMED = 20


@click.command(
    cls=options.Command,
    epilog=options.examples(
        "touchline table --age-group U14 --division Northeast",
        "touchline table --league homegrown --age-group U15 --division Frontier",
        "touchline table --age-group U14 --season 2026-27 --output csv > tables.csv",
        "touchline table --league homegrown --age-group U15 --official",
    ),
)
@options.league
@options.age_group
@options.division
@click.option(
    "--season",
    callback=options.parsed(options.season_name),
    metavar="SEASON",
    help="The tables of this season.  [default: each league's latest]",
)
@options.source
@click.option("--official", is_flag=True, help="Beside the official table, with why they differ.")
@output.output_option
def table(output: Format, official: bool, **filters: Any) -> None:
    """Show the league table of a division, or of each that fits.

    Counted from the stored results by the league's own rules. Each table of several has its title; in the formats for
    programs they follow one another, a row a team.

    With --official each row has the published figures beside ours, and each difference is explained in a sentence: a
    match of the last 48 hours, teams that nothing published tells apart, a team on one side only, or a real
    disagreement, for which the command exits with 1.
    """
    if official:
        _beside_official(output, filters)
        return
    from touchline.store import league_tables, reading

    with league_tables(**filters) as found:
        if output != "table":
            write(found.rows, found.columns, COLUMNS, output)
            return
        none = True
        for name, rows in groupby(found.rows, key=_title):
            none = False
            draw(rows, COLUMNS, title=name)
    if none:
        with reading("tables") as existing:
            say(_none_fits(existing.rows))


def _beside_official(output: Format, filters: dict[str, Any]) -> None:
    from touchline.commands.table_official import show
    from touchline.store import comparisons, reading

    with comparisons(**filters) as found:
        any_table, disagree = show(found, output)
    if not any_table and output == "table":
        with reading("tables") as existing:
            say(_none_fits(existing.rows))
    if disagree:
        click.get_current_context().exit(1)


def _title(row: Row) -> str:
    parts = (row["league"], row["age_group"], row["division"], row["season"])
    return " · ".join(readable(part) for part in parts if part)


def _none_fits(existing: Iterable[Row]) -> str:
    titles = [_title(row) for row in existing]
    if not titles:
        return "There is no league table yet. `touchline scrape SOURCE` reads a site."
    lines = ["No league table fits. There are:", *(f"  {title}" for title in titles[:_NAMED])]
    if len(titles) > _NAMED:
        lines.append(f"  … and {len(titles) - _NAMED} more; `touchline teams` names league, age group and division")
    return "\n".join(lines)


COLUMNS = (
    Column("", "position", right=True),
    Column("team", "team", fold=True),
    Column("played", "played", right=True),
    Column("won", "won", right=True),
    Column("drawn", "drawn", right=True),
    Column("lost", "lost", right=True),
    Column("goals", lambda row: f"{readable(row['goals_for'])}:{readable(row['goals_against'])}", right=True),
    Column("+/-", "goal_difference", right=True),
    Column("points", "points", right=True),
    Column("a match", "points_per_match", right=True),
)
