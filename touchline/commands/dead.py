"""`touchline dead`: what could not be stored and why; `replay` and `drop` are in `dead_acts`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import click

from contract.passwords import scrub
from touchline import options, output
from touchline.commands.dead_acts import NoSuchLetter, drop, filters, replay
from touchline.options import Group
from touchline.output import Column, Format, Row, say, write, write_one

STATES = ("open", "replayed", "dropped", "all")


@click.group(
    cls=Group,
    epilog=options.examples(
        "touchline dead list",
        "touchline dead show 17",
        "touchline dead replay --all --dry-run",
        "touchline dead drop 17 --why test",
    ),
)
def dead() -> None:
    """Look at dead letters, messages and matches that could not be stored, and send them again.

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
@filters
@options.limit
@output.output_option
def list_(state: str, output: Format, limit: int | None, **filters: Any) -> None:
    """List dead letters, newest first. Times are UTC.

    A letter that was replayed is settled when its message was stored; until then it is on its way.
    """
    from touchline.store import reading

    with reading("dead", state=None if state == "all" else state, limit=limit or None, **filters) as found:
        rows = ({**row, "error": scrub(row["error"])} for row in found.rows)
        write(rows, found.columns, COLUMNS, output, limit=limit, empty=_nothing(state))


@dead.command(epilog=options.examples("touchline dead show 17", "touchline dead show 17 --output jsonl | jq .payload"))
@click.argument("id", type=click.IntRange(min=1))
@output.output_option
def show(id: int, output: Format) -> None:
    """Show one dead letter in full: why it died, how often it was tried, what was done about it, what it held.

    ID is its number in `touchline dead list`. The field `body` holds what came, as it came, where `payload` cannot.
    """
    from touchline.store import reading

    with reading("dead_letter", id=id) as found:
        letter = next(found.rows, None)
    if letter is None:
        raise NoSuchLetter(f"there is no dead letter {id}", hint="`touchline dead list --state all` lists them")
    for told in (letter, *letter["history"]):
        told.update({name: scrub(told[name]) for name in ("error", "traceback") if told.get(name)})
    if output != "table":
        write_one(letter, output)
        return
    del letter["body"]
    letter["history"] = "\n".join(map(_line, letter["history"])) or None
    write_one(letter, output)
    if letter["state"] == "open":
        say(f"Once its cause is mended: touchline dead replay {id}. To give it up: touchline dead drop {id} --why …")


def _line(act: Mapping[str, Any]) -> str:
    """One act of a letter's history, for a person."""
    at = act["at"].replace("T", " ").removesuffix("Z")
    if act["act"] == "drop":
        return f"{at}  dropped by {act['by']}: {act['why']}"
    came = {
        None: "not known yet",
        "stored": f"stored at {(act['outcome_at'] or '')[11:19]}",
        "died": f"died again: {act['error']}",
    }
    return f"{at}  replayed by {act['by']}: {came[act['outcome']]}"


def _state(row: Row) -> str:
    if row["state"] != "replayed":
        return str(row["state"])
    return "stored" if row["settled_at"] else "on its way"


def _nothing(state: str) -> str:
    if state == "open":
        return "No dead letter is open that fits. `--state all` shows those that somebody dealt with."
    return "There is no dead letter that fits."


dead.add_command(replay)
dead.add_command(drop)

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
    Column("state", _state, spare=5),
)
