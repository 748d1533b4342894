"""`touchline runs`: the runs, and what became of every match that they found."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import click

from contract.errors import ConfigurationError
from touchline import options, output
from touchline.output import Column, Format, duration, say, write, write_one

STATES = ("running", "succeeded", "suspect", "failed", "interrupted")

EMPTY = "No run is stored that fits. `touchline scrape SOURCE` starts one."

#: What becomes of what a run found.
ACCOUNTED = ("inserted", "updated", "unchanged", "stale", "dead")

#: What is known of a run, in the order of the data.
FIELDS = (
    *("run_id", "source", "params", "trigger", "scheduled_for", "started_at", "finished_at", "state"),
    *("found", *ACCOUNTED, "error", "duration_seconds"),
)

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
        "touchline runs --follow --source mlsnext",
        "touchline runs --follow --state failed --output jsonl",
    ),
)
@click.argument("run", callback=options.parsed(options.run_id), required=False)
@options.source
@click.option("--state", type=click.Choice(STATES, case_sensitive=False), help="Only runs in this state.")
@options.since("Only runs that were started since then")
@options.limit
@click.option("--follow", "-f", is_flag=True, help="Go on: show runs as they begin, change and end, until Ctrl-C.")
@output.output_option
def runs(run: str | None, output: Format, limit: int | None, follow: bool, **filters: Any) -> None:
    """List runs, newest first, or show one in full.

    RUN is the id of a run, or how it begins. Once a run is finished, found = inserted + updated + unchanged + stale +
    dead. A run is interrupted when somebody stopped it or its process died. It is suspect when it found nothing, or far
    fewer matches than the last good run, when the site shows an older state or stands still, when divisions are empty,
    many rows are dead or most teams are new, or when not everything that it sent arrived: the error says which, with
    the numbers. A suspect run withdraws no match. What is heard of a run after all takes that back. Of a run that
    succeeded the error is what else there is to know. Times are UTC.

    With --follow the newest ten come first (--limit: more or fewer, 0: all of the last two days or since --since), the
    oldest at the top, then a line for each run that begins, changes or ends; one that goes on is shown anew every ten
    seconds while its numbers grow. Filters hold, and a database that is away is waited for. As data this is jsonl or
    csv: a JSON list would never end.
    """
    if follow:
        _follow(output, limit, run=run, **filters)
        return
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
    if step := next_step(shown_run):
        say(f"  → {step}")


def _follow(output: Format, limit: int | None, **filters: Any) -> None:
    if output == "json":
        raise ConfigurationError(
            "--follow has no end, and a JSON list needs one", hint="use --output jsonl: one object a line"
        )
    from touchline.watching import AT_FIRST, watch

    rows = watch(first=AT_FIRST if limit is None else limit, **filters)
    if output == "table":
        from touchline.lines import Lines

        lines = Lines(COLUMNS, _WIDTHS)
        for row in rows:
            lines.write(row)
    else:
        write(_seen_at_once(rows), FIELDS, COLUMNS, output, limit=0)


def _seen_at_once(rows: Iterable[Mapping[str, Any]]) -> Iterator[Mapping[str, Any]]:
    """`rows`, each of which is on its way to the reader before the next is waited for."""
    for row in rows:
        yield row
        sys.stdout.flush()


def next_step(run: Mapping[str, Any]) -> str:
    """What a person can do about a run that did not succeed, or nothing. `run` as the view has it."""
    from actors.next_steps import of_run

    return of_run(run)


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

#: Of the columns in a table that grows.
_WIDTHS = {
    "run": 8,
    "source": 10,
    "started (UTC)": 16,
    "state": 11,
    "found": 6,
    "inserted": 8,
    "updated": 7,
    "unchanged": 9,
    "stale": 5,
    "dead": 5,
    "took": 9,
}
