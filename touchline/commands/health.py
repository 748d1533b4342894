"""`touchline health`: whether the processes of this machine, or of this container, do their work."""

from __future__ import annotations

import click

from contract.errors import UnreachableError
from touchline import options, output
from touchline.output import Column, Format, say, write
from touchline.settings import start

FIELDS = ("process", "kind", "ready", "live", "why")
COLUMNS = (
    Column("process", "process", right=True),
    Column("kind", "kind"),
    Column("ready", "ready"),
    Column("live", "live"),
    Column("why", "why", fold=True),
)


@click.command(
    cls=options.Command,
    epilog=options.examples("touchline health worker", "touchline health scheduler", "touchline health worker --live"),
)
@click.argument("kind", type=click.Choice(["worker", "scheduler"]), metavar="KIND")
@click.option("--live", is_flag=True, help="Ask only whether a new start would help: an outage is no reason.")
@output.output_option
def health(kind: str, live: bool, output: Format) -> None:
    """Say whether the workers or schedulers on this machine do their work, and if not, why.

    KIND is worker or scheduler. No server is asked: each process says every two seconds how it is, in
    TOUCHLINE_RUNTIME_DIR, so a probe may call this as often as it likes. A worker is ready while it consumes all of its
    queues and has its database; it is live unless it hangs. A scheduler is ready while the queue takes its ticks.

    Exit code 0: all of them are ready (with --live: live). 1: one is not, or there is none; docs/health.md has each
    reason and what to do.
    """
    settings = start()

    from contract.health import judge, judge_all
    from contract.heartbeats import KINDS, read

    (which,) = (each for each in KINDS if each == kind)
    try:
        beats = read(settings.runtime_dir, which)
    except OSError as error:
        raise UnreachableError(
            f"{settings.runtime_dir} cannot be read: {error.strerror or error}",
            hint="ask as the user of the processes, or as root; TOUCHLINE_RUNTIME_DIR is to be the same as theirs",
        ) from None
    verdicts = [(beat, judge(beat)) for beat in beats]
    rows = [
        {"process": beat.pid, "kind": kind, "ready": verdict.ready, "live": verdict.live, "why": verdict.why or None}
        for beat, verdict in verdicts
    ]
    write(rows, FIELDS, COLUMNS, output)
    whole = judge_all(which, beats)
    if not beats:
        say(f"No {kind} runs here that says how it is in {settings.runtime_dir}.")
    raise SystemExit(0 if (whole.live if live else whole.ready) else 1)
