"""`touchline up`: everything under one command, until Ctrl-C."""

from __future__ import annotations

import importlib.util
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

import click

from touchline import options
from touchline.output import counted
from touchline.settings import start

if TYPE_CHECKING:
    from contract.settings import Settings
    from touchline.console_beside import ConsoleBeside
    from touchline.stop_signals import StopSignals
    from touchline.ticking import Ticker, Told
    from touchline.workers import Worker, Workers

#: Seconds between two looks at the workers.
_LOOK = 0.25

#: The reading side, and what it does not work without.
_READING = ("ingest", "urllib3", "selectolax")


@click.command(
    cls=options.Command,
    epilog=options.examples("touchline up", "touchline up --processes 2 --threads 4", "touchline --home ./league up"),
)
@click.option(
    "--processes", type=click.IntRange(1, 64), default=1, show_default=True, help="Worker processes that store."
)
@click.option("--threads", type=click.IntRange(1, 16), default=8, show_default=True, help="Threads in each of them.")
@click.option("--console/--no-console", default=True, help="Serve the console, too.  [default: console]")
def up(processes: int, threads: int, console: bool) -> None:
    """Run workers, schedules and the console, and the embedded server where no address is configured, until Ctrl-C.

    The database is brought up to date first. Beside the processes that store there is one that runs scrapes. What the
    schedules in touchline.toml say is ordered each minute (`touchline schedule init` writes some). Commands from other
    terminals share what runs here: `touchline scrape` leaves the storing to these workers, and `dramatiq actors` may
    add more.

    The console (`touchline console`) answers at TOUCHLINE_CONSOLE_LISTEN; where that is not set and its default port is
    taken, at another one. Without it, or where it cannot start, everything else runs all the same.

    A worker that dies is started again, while the others go on. Ctrl-C lets running work finish within
    TOUCHLINE_SHUTDOWN_GRACE; a second one stops at once. Exit code 1: workers had to be killed (nothing is lost by
    that); 2: a worker refuses its settings.
    """
    settings = start()

    from actors.store import migrations
    from contract import broker, places
    from touchline.console_beside import ConsoleBeside
    from touchline.stop_signals import StopSignals
    from touchline.workers import Workers

    if settings.rabbitmq_url is not None:
        broker.check(settings.rabbitmq_url.get_secret_value(), settings.rabbitmq_exchange)
    url = places.database_url(settings)
    # whoever may not change the tables runs workers all the same, where there is nothing to change
    if migrations.pending(url):
        migrations.upgrade(url)
    folder = settings.home / "log"
    team = list(_team(settings, folder, processes, threads))
    with StopSignals() as signals, Workers(team, at_once=lambda: signals.at_once) as workers:
        beside = ConsoleBeside(settings, folder, at_once=lambda: signals.at_once) if console else None
        for name, what in _lines(settings, processes, threads, folder, "" if beside is None else beside.said):
            click.echo(f"{name:<9} {what}")
        clean = _watch(workers, beside, signals, settings.shutdown_grace, settings.runtime_dir)
    if not clean:
        raise SystemExit(1)


def _team(settings: Settings, folder: Path, processes: int, threads: int) -> Iterator[Worker]:
    """The processes that store, each on its own, and the one that runs scrapes where it can."""
    from contract.names import QUEUES, SCRAPES
    from touchline.workers import Worker

    stored = [queue for queue in QUEUES if queue != SCRAPES]
    grace = settings.shutdown_grace
    for number in range(1, processes + 1):
        name = f"workers-{number}"
        yield Worker(name, folder / f"{name}.log", threads=threads, queues=stored, grace=grace)
    if _can_read():
        yield Worker(SCRAPES, folder / f"{SCRAPES}.log", threads=1, queues=[SCRAPES], prefetch=1, grace=grace)


def _can_read() -> bool:
    return all(importlib.util.find_spec(package) for package in _READING)


def _lines(settings: Settings, processes: int, threads: int, folder: Path, console: str = "") -> list[tuple[str, str]]:
    """What runs, where, and where to look: six lines, or five without a console."""
    from contract.addresses import redact

    embedded = f"embedded PostgreSQL in {settings.home}"
    database = redact(settings.database_url.get_secret_value()) if settings.database_url else embedded
    queue = redact(settings.rabbitmq_url.get_secret_value()) if settings.rabbitmq_url else "in the same database"
    many = "process" if processes == 1 else "processes"
    beside = "and one for scrapes" if _can_read() else "none for scrapes (pip install 'touchline[ingest]')"
    return [
        ("Store", database),
        ("Queue", queue),
        ("Workers", f"{processes} {many} of {threads} threads, {beside}; logs in {folder}; Ctrl-C stops them"),
        ("Schedule", _schedule(settings)),
        *([("Console", console)] if console else []),
        ("Next", "in another terminal: touchline scrape mlsnext --wait, then touchline matches"),
    ]


def _schedule(settings: Settings) -> str:
    """What is due next, or why nothing ever is."""
    from contract import cron

    now = datetime.now(UTC)
    due = [
        (next(cron.moments(one.cron, one.timezone, now)), name, one)
        for name, one in settings.schedules.items()
        if one.enabled
    ]
    if not due:
        why = "all are off" if settings.schedules else "none is written down; touchline schedule init"
        return f"idle: {why}"
    moment, name, one = min(due, key=lambda entry: entry[:2])
    local = moment.astimezone(ZoneInfo(one.timezone))
    return f"{counted(len(due), 'schedule')}; next: {name}, {local:%a %H:%M %Z}; touchline schedule next"


def _watch(
    workers: Workers, beside: ConsoleBeside | None, signals: StopSignals, grace: float, runtime_dir: Path
) -> bool:
    """Keep workers and console running until somebody asks to stop. Returns whether the workers ended in order."""
    from touchline.ticking import Ticker, Told

    ticker = Ticker()
    told = Told(ticker, runtime_dir)
    if beside is not None:
        beside.start()
    try:
        return _until_asked(workers, beside, signals, grace, ticker, told)
    finally:
        if beside is not None:
            beside.stop()


def _until_asked(
    workers: Workers, beside: ConsoleBeside | None, signals: StopSignals, grace: float, ticker: Ticker, told: Told
) -> bool:
    while not signals.asked:
        workers.look()
        if beside is not None:
            beside.look()
        ticker.look()
        told.look()
        signals.wait(_LOOK)
    told.end()
    workers.ask_to_stop()
    _say(f"Stopping: running work may finish within {grace:g} s. Ctrl-C again stops at once.")
    if workers.stop():
        return True
    _say("Not every worker ended in order; what it was at is delivered again.")
    return False


def _say(line: str) -> None:
    # whoever read it may be gone (a closed terminal): no reason to leave the workers alone
    try:
        click.echo(line, err=True)
    except OSError:
        return
