"""`touchline reparse`: what earlier runs were given, read again by today's parser."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack
from datetime import datetime
from typing import TYPE_CHECKING, Any

import click

from contract.errors import ConfigurationError
from touchline import options, output
from touchline.output import Column, Format, Row, counted, say, write
from touchline.settings import start

if TYPE_CHECKING:
    from contract.settings import Settings
    from ingest.archive import Archive
    from ingest.kept import KeptRun

LISTED = ("run_id", "source", "started_at", "scope", "parts", "documents", "size", "stored", "touchline")

EMPTY = "Nothing is kept that fits. What the next run is given will be."


@click.command(
    cls=options.Command,
    epilog=options.examples(
        "touchline reparse",
        "touchline reparse 3f2a --dry-run --output csv",
        "touchline reparse --since 30d --source mlsnext --wait",
        "touchline reparse --list --since 7d --output json",
    ),
)
@click.argument("run", callback=options.parsed(options.run_id), required=False)
@options.since("Every run that began since then, oldest first")
@click.option("--source", metavar="SOURCE", help="Only runs of this source, for example mlsnext.")
@click.option("--list", "listing", is_flag=True, help="Only list what is kept; so does the command alone.")
@click.option("--dry-run", is_flag=True, help="Print the matches as they are read now; send nothing.")
@click.option("--wait", is_flag=True, help="Follow each run until every match is stored.")
@output.output_option
@click.pass_context
def reparse(
    context: click.Context,
    /,
    run: str | None,
    since: datetime | None,
    source: str | None,
    listing: bool,
    dry_run: bool,
    wait: bool,
    output: Format,
) -> None:
    """Read again, with the parser of this version, the documents that earlier runs were given; no site is asked.

    This repairs what a mistake in a parser has left behind. Documents are kept where `keep_pages` (or
    TOUCHLINE_KEEP_PAGES) names a directory, on the machine that reads. RUN is the id of a run, or how it begins;
    `touchline reparse` lists those that are kept, newest last.

    Each becomes a run of its own, with the times of the run that it reads: so a match gets what the newest of the runs
    that listed it says, and what was seen since stays as it is. Nothing is withdrawn. Parts that the site said were
    not modified have no documents in that run, but in one before it. Exit codes are those of `touchline scrape`.
    """
    if run and since:
        raise click.UsageError("RUN and --since are two ways to say which; give one", context)
    if dry_run and wait:
        raise click.UsageError("--dry-run sends nothing that --wait could wait for", context)
    settings = start()

    from ingest.order import archive_of

    archive = archive_of(settings)
    if archive is None:
        raise ConfigurationError(
            "no documents are kept here: keep_pages is not set",
            hint='write keep_pages = "pages" into touchline.toml, and the next run keeps what it is given',
        )
    chosen = _chosen(archive, run, since, source)
    if listing or not (run or since):
        _list(archive, chosen, output)
    elif dry_run:
        context.exit(_preview(settings, archive, chosen, output))
    else:
        context.exit(_reparse(settings, archive, chosen, output, wait=wait))


def _chosen(archive: Archive, run: str | None, since: datetime | None, source: str | None) -> list[KeptRun]:
    """The kept runs that are meant, oldest first. Raises NoSuchRun where a RUN is none, or more than one."""
    from ingest.kept import runs
    from touchline.commands.runs import NoSuchRun

    found = [
        kept
        for kept in runs(archive)
        if (run is None or str(kept.run_id).startswith(run))
        and (since is None or kept.started_at >= since)
        and source in (None, kept.source)
    ]
    if run and not found:
        raise NoSuchRun(
            f"no run that begins with {run!r} is kept in {archive.directory}", hint="`touchline reparse` lists them"
        )
    if run and len(found) > 1:
        raise NoSuchRun(
            f"more than one run begins with {run!r}: {', '.join(str(kept.run_id) for kept in found[:5])}",
            hint="give more of the id",
        )
    return found


def _list(archive: Archive, chosen: Sequence[KeptRun], output: Format) -> None:
    write([_listed(kept) for kept in chosen], LISTED, COLUMNS, output, limit=0, empty=EMPTY)
    if chosen and output == "table":
        from ingest.pruning import usage

        used = usage(archive)
        say(f"On disk: {counted(used.documents, 'document')}, {used.stored / 1e6:,.1f} MB, in {archive.directory}")


def _listed(kept: KeptRun) -> Row:
    from ingest.messages import params_of
    from ingest.replaying import readable

    return {
        "run_id": str(kept.run_id),
        "source": kept.source,
        "started_at": kept.started_at,
        "scope": params_of(kept.scope, full=False),
        "parts": [part.name for part in readable(kept)],
        "documents": len(kept.documents),
        "size": kept.size,
        "stored": kept.stored,
        "touchline": kept.touchline,
    }


def _reparse(settings: Settings, archive: Archive, chosen: Sequence[KeptRun], output: Format, *, wait: bool) -> int:
    """Read the runs one after the other, and report each; returns the exit code."""
    from touchline.commands.scrape import FIELDS, keep_logs_quiet, stop_when_terminated
    from touchline.rereading import Rereading

    keep_logs_quiet()
    stop_when_terminated()
    if not chosen:
        say(EMPTY)
        return 0
    with ExitStack() as stack:
        rereading = stack.enter_context(Rereading(settings, archive, wait=wait))

        def rows() -> Iterator[Row]:
            for number, kept in enumerate(chosen, 1):
                yield rereading.read(kept, f"{number} of {len(chosen)}: " if len(chosen) > 1 else "")

        write(rows(), ("reparsed", *FIELDS), REPORT, output, limit=0)
    if (kept_on_disk := rereading.kept_on_disk()) is not None:
        raise kept_on_disk
    return rereading.exit_code


def _preview(settings: Settings, archive: Archive, chosen: Sequence[KeptRun], output: Format) -> int:
    """Print what the runs would send now; returns the exit code."""
    from ingest.models import Match
    from ingest.reading import Unreadable, preview
    from ingest.replaying import Kept, Replay
    from ingest.sources import Reject, find
    from touchline.commands.scrape import PREVIEW

    rejects, code = 0, 0

    def matches() -> Iterator[Mapping[str, Any]]:
        nonlocal rejects, code
        fields = dict.fromkeys(Match.model_fields)
        for kept in chosen:
            source = Kept(find(kept.source).make(settings.source(kept.source)), kept)
            for part, row in preview(source, kept.scope, Replay(archive, kept)):
                if isinstance(row, Unreadable):
                    say(f"{part.name} of run {str(kept.run_id)[:8]} failed: {row}")
                    code = 1
                elif isinstance(row, Reject):
                    rejects += 1
                else:
                    yield fields | row.wire()

    write(matches(), list(Match.model_fields), PREVIEW, output, limit=0, empty="No match is in what is kept.")
    if rejects:
        say(f"{counted(rejects, 'row')} cannot be said in the contract.")
    say("Nothing was sent (--dry-run).")
    return code or int(rejects > 0)


COLUMNS = (
    Column("run", lambda row: row["run_id"][:8]),
    Column("source", "source"),
    Column("started (UTC)", "started_at"),
    Column("parts", lambda row: len(row["parts"]), right=True),
    Column("documents", "documents", right=True),
    Column("MB read", lambda row: f"{row['size'] / 1e6:,.1f}", right=True),
    Column("MB on disk", lambda row: f"{row['stored'] / 1e6:,.2f}", right=True),
    Column("asked for", lambda row: row["scope"] or "", fold=True, spare=1),
)

REPORT = (
    Column("read again", lambda row: row["reparsed"][:8]),
    Column("run", lambda row: (row["run_id"] or "")[:8]),
    Column("source", "source"),
    Column("found", "found", right=True),
    Column("rejected", lambda row: row["rejected"] or "", right=True),
    Column("spooled", lambda row: row["spooled"] or "", right=True),
    Column("state", "state"),
    Column("inserted", "inserted", right=True),
    Column("updated", "updated", right=True),
    Column("unchanged", "unchanged", right=True),
    Column("stale", "stale", right=True),
    Column("dead", "dead", right=True),
    Column("failed", lambda row: ", ".join(row["failed_parts"]), fold=True),
)
