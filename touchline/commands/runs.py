"""`touchline runs`: the runs, and what became of every match that they found."""

from __future__ import annotations

from typing import Any

import click

from contract.errors import ConfigurationError
from touchline import options, output
from touchline.output import Column, Format, duration, say, write, write_one

STATES = ("running", "succeeded", "suspect", "failed", "interrupted")

EMPTY = "No run is stored that fits. `touchline scrape SOURCE` starts one."

#: How many candidates an ambiguous id lists.
_CANDIDATES = 5


class NoSuchRun(ConfigurationError):
    """No run has an id that begins so, or more than one has."""


@click.command(
    cls=options.Command,
    epilog=options.examples(
        "touchline runs",
        "touchline runs 3f2a",
        "touchline runs --state suspect --since 7d",
        "touchline runs --source mlsnext --limit 1 --output json",
    ),
)
@click.argument("run", callback=options.parsed(options.run_id), required=False)
@options.source
@click.option("--state", type=click.Choice(STATES, case_sensitive=False), help="Only runs in this state.")
@options.since("Only runs that were started since then")
@options.limit
@output.output_option
def runs(run: str | None, output: Format, limit: int | None, **filters: Any) -> None:
    """List runs, newest first, or show one in full.

    RUN is the id of a run, or how it begins. Once a run is finished, found = inserted + updated + unchanged + stale +
    dead. Times are UTC.
    """
    if run:
        _show(run, output)
        return
    from touchline.store import reading

    with reading("runs", limit=limit or None, **filters) as found:
        write(found.rows, found.columns, COLUMNS, output, limit=limit, empty=EMPTY)


def _show(run: str, output: Format) -> None:
    from touchline.store import reading

    with reading("runs", run=run, limit=_CANDIDATES + 1) as found:
        candidates = list(found.rows)
    if not candidates:
        raise NoSuchRun(f"no run has an id that begins with {run!r}", hint="`touchline runs` lists them")
    if len(candidates) > 1:
        shown = ", ".join(str(row["run_id"]) for row in candidates[:_CANDIDATES])
        more = ", …" if len(candidates) > _CANDIDATES else ""
        raise NoSuchRun(f"more than one run begins with {run!r}: {shown}{more}", hint="give more of the id")
    shown_run = candidates[0]
    if output != "table":
        write_one(shown_run, output)
        return
    seconds = shown_run.pop("duration_seconds")
    write_one({**shown_run, "took": duration(seconds) or None}, output)
    if shown_run["dead"]:
        say(f"Why {shown_run['dead']} died: touchline dead list --run {run}")


COLUMNS = (
    Column("run", lambda row: str(row["run_id"])[:8]),
    Column("source", "source"),
    Column("started (UTC)", "started_at"),
    Column("state", "state"),
    Column("found", "found", right=True),
    Column("inserted", "inserted", right=True, spare=2),
    Column("updated", "updated", right=True, spare=1),
    Column("unchanged", "unchanged", right=True, spare=3),
    Column("stale", "stale", right=True, spare=4),
    Column("dead", "dead", right=True),
    Column("took", lambda row: duration(row["duration_seconds"]), right=True, spare=5),
    Column("error", "error", fold=True),
)
