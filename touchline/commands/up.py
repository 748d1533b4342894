"""`touchline up`: everything under one command, until Ctrl-C."""

from __future__ import annotations

import signal
import threading
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING

import click

from touchline import options
from touchline.settings import start

if TYPE_CHECKING:
    from contract.settings import Settings
    from touchline.workers import Workers

#: Seconds between two looks at the workers.
_LOOK = 0.5


@click.command(
    cls=options.Command,
    epilog=options.examples("touchline up", "touchline up --processes 2 --threads 4", "touchline --home ./league up"),
)
@click.option("--processes", type=click.IntRange(1, 64), default=1, show_default=True, help="Worker processes.")
@click.option("--threads", type=click.IntRange(1, 16), default=8, show_default=True, help="Threads in each of them.")
def up(processes: int, threads: int) -> None:
    """Run the workers, and the embedded server where no address is configured, until Ctrl-C.

    The database is brought up to date first. Commands from other terminals share what runs here: `touchline scrape`
    leaves the storing to these workers, and `dramatiq actors` may add more. A worker that dies is started again.
    """
    settings = start()

    from actors.store import migrations
    from contract import broker, places
    from touchline.workers import Workers

    if settings.rabbitmq_url is not None:
        broker.check(settings.rabbitmq_url.get_secret_value())
    migrations.upgrade(places.database_url(settings))
    log = _log_file(settings.home)
    with Workers(processes=processes, threads=threads, log=log) as workers:
        for name, what in _lines(settings, workers, log):
            click.echo(f"{name:<8} {what}")
        _watch(workers)


def _lines(settings: Settings, workers: Workers, log: Path) -> list[tuple[str, str]]:
    """What runs, where, and where to look: five lines."""
    from contract.addresses import redact

    home = settings.home
    embedded = f"embedded PostgreSQL in {home}"
    database = redact(settings.database_url.get_secret_value()) if settings.database_url else embedded
    queue = redact(settings.rabbitmq_url.get_secret_value()) if settings.rabbitmq_url else "in the same database"
    many = "process" if workers.processes == 1 else "processes"
    return [
        ("Store", database),
        ("Queue", queue),
        ("Workers", f"{workers.processes} {many}, {workers.threads} threads each; Ctrl-C stops them"),
        ("Log", str(log)),
        ("Next", "in another terminal: touchline scrape mlsnext --wait, then touchline matches"),
    ]


def _log_file(home: Path) -> Path:
    folder = home / "log"
    folder.mkdir(parents=True, exist_ok=True)
    return folder / "workers.log"


def _watch(workers: Workers) -> None:
    """Keep the workers alive until somebody asks to stop (Ctrl-C, SIGTERM): both are a clean end."""
    from touchline.workers import REFUSED

    stop = threading.Event()

    def ask(number: int, frame: FrameType | None) -> None:
        stop.set()
        # a second one stops at once
        signal.signal(number, signal.SIG_DFL)

    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, ask)
    while not stop.wait(_LOOK):
        if workers.restart_if_dead():
            click.echo("Workers died and were started again; the log says why.", err=True)
        elif not workers.alive and workers.exit_code == REFUSED:
            click.echo(f"The workers refuse to start; see {workers.log}", err=True)
            raise SystemExit(REFUSED)
