"""`touchline dead`: what could not be stored, and why."""

from __future__ import annotations

from typing import Any

import click

from contract.errors import ConfigurationError
from contract.names import QUEUES
from touchline import options, output
from touchline.options import Group
from touchline.output import Column, Format, write, write_one

STATES = ("open", "replayed", "dropped", "all")


class NoSuchLetter(ConfigurationError):
    """There is no dead letter of that number."""


@click.group(cls=Group, epilog=options.examples("touchline dead list", "touchline dead show 17"))
def dead() -> None:
    """Look at dead letters: messages and matches that could not be stored.

    Nothing is lost by dying: each is kept with its reason and everything that it held until a person acts.
    """


@dead.command(
    "list",
    epilog=options.examples(
        "touchline dead list",
        "touchline dead list --reason invalid --since 7d",
        "touchline dead list --state all --queue matches --output csv",
    ),
)
@click.option(
    "--state",
    type=click.Choice(STATES, case_sensitive=False),
    default="open",
    show_default=True,
    help="Only dead letters in this state.",
)
@click.option("--reason", metavar="TEXT", help="Only those with this in their reason.")
@click.option("--queue", type=click.Choice(QUEUES), help="Only those that came through this queue.")
@options.source
@options.run
@options.since("Only those that died since then")
@options.limit
@output.output_option
def list_(state: str, output: Format, limit: int | None, **filters: Any) -> None:
    """List dead letters, newest first. Times are UTC."""
    from touchline.store import reading

    with reading("dead", state=None if state == "all" else state, limit=limit or None, **filters) as found:
        write(found.rows, found.columns, COLUMNS, output, limit=limit, empty=_nothing(state))


@dead.command(epilog=options.examples("touchline dead show 17", "touchline dead show 17 --output jsonl | jq .payload"))
@click.argument("id", type=click.IntRange(min=1))
@output.output_option
def show(id: int, output: Format) -> None:
    """Show one dead letter in full: why it died, how often it was tried, and what it held.

    ID is its number in `touchline dead list`.
    """
    from touchline.store import reading

    with reading("dead_letter", id=id) as found:
        letter = next(found.rows, None)
    if letter is None:
        raise NoSuchLetter(f"there is no dead letter {id}", hint="`touchline dead list --state all` lists them")
    write_one(letter, output)


def _nothing(state: str) -> str:
    if state == "open":
        return "No dead letter is open that fits. `--state all` shows those that somebody dealt with."
    return "There is no dead letter that fits."


COLUMNS = (
    Column("id", "id", right=True),
    Column("died (UTC)", "died_at"),
    Column("kind", "kind", spare=3),
    Column("queue", "queue", spare=4),
    Column("source", "source"),
    Column("match", "match_id"),
    Column("reason", "reason"),
    Column("error", "error", fold=True),
    Column("tries", "attempts", right=True, spare=2),
    Column("state", "state", spare=5),
)
