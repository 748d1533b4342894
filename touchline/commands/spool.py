"""`touchline spool`: the messages that wait on disk because the broker was away."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import click

from touchline import options, output
from touchline.options import Group
from touchline.output import Column, Format, Row, counted, say, write
from touchline.settings import start

if TYPE_CHECKING:
    from contract.settings import Settings
    from ingest.spool import Spool

FIELDS = ("state", "written_at", "queue", "actor", "run_id", "message_id", "size", "broker", "path")

EMPTY = "Nothing waits on disk."


@click.group(cls=Group, epilog=options.examples("touchline spool list", "touchline spool flush"))
def spool() -> None:
    """Look at, and send, what a run had to keep on disk because the broker was away or refused.

    A worker that runs with this home sends it, and so does the next run. Sending twice is harmless.
    """


@spool.command("list", epilog=options.examples("touchline spool list", "touchline spool list --output jsonl | wc -l"))
@output.output_option
def list_(output: Format) -> None:
    """List the messages on disk in the order in which they were written, those for other brokers, too.

    Times are UTC. A file that is torn (the disk did not keep what was written) or foreign (none of ours) was set
    aside; it holds up nothing.
    """
    settings = start()
    write(_waiting(settings), FIELDS, COLUMNS, output, limit=0, empty=EMPTY)


@spool.command(epilog=options.examples("touchline spool flush"))
@click.pass_context
def flush(context: click.Context) -> None:
    """Send what waits on disk for the configured broker, oldest first.

    A file is removed when the broker has confirmed its message. Exit code 1: something could not be read and was set
    aside; 3: the broker is unreachable, and what was not sent is still there.
    """
    settings = start()

    from ingest.publisher import spool_of

    kept = spool_of(settings)
    if len(kept):
        flushed = _send(kept, settings)
        if flushed:
            context.exit(1)
    else:
        say("Nothing waits on disk for the configured broker.")
    for other in filter(len, _others(settings.home, kept)):
        say(f"For another broker on disk: {counted(len(other), 'message')} to {other.broker}")


def _send(kept: Spool, settings: Settings) -> int:
    """Flush the spool, say how it went, and return how many files were set aside."""
    from contract.broker import make_broker
    from contract.places import broker_url

    waiting = len(kept)
    broker = make_broker(broker_url(settings), exchange=settings.rabbitmq_exchange)
    try:
        flushed = kept.flush(broker)
    except BaseException:
        say(f"Sent {waiting - len(kept):,} of {counted(waiting, 'message')}; the rest is still in {kept.directory}")
        raise
    finally:
        broker.close()
    if flushed.busy:
        say("Another process is sending them already.")
        return 0
    say(f"Sent {counted(flushed.sent, 'message')}.")
    if flushed.set_aside:
        say(f"Set aside {counted(flushed.set_aside, 'file')} that could not be read; see `touchline spool list`")
    return flushed.set_aside


def _waiting(settings: Settings) -> Iterator[Row]:
    from ingest.publisher import spool_of

    ours = spool_of(settings)
    for kept in [ours, *_others(settings.home, ours)]:
        for entry in kept.entries(decode=False):
            row = {name: getattr(entry, name) or None for name in FIELDS}
            yield {**row, "broker": entry.broker or kept.broker, "size": entry.size, "path": str(entry.path)}


def _others(home: Path, ours: Spool) -> list[Spool]:
    from ingest.spool import spools

    return [kept for kept in spools(home) if kept.directory != ours.directory]


COLUMNS = (
    Column("state", "state"),
    Column("written (UTC)", lambda row: (row["written_at"] or "")[:19].replace("T", " ")),
    Column("queue", "queue"),
    Column("actor", "actor", spare=1),
    Column("run", lambda row: (row["run_id"] or "")[:8]),
    Column("bytes", "size", right=True, spare=2),
    Column("broker", "broker", fold=True),
)
