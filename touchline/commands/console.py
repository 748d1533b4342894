"""`touchline console`: web pages, the HTTP API and calendars."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

import click

from touchline import options
from touchline.settings import start

if TYPE_CHECKING:
    from actors.console.token import Token
    from contract.settings import Settings

#: Seconds between two looks at whether it is to end.
_LOOK = 3600.0


@click.command(
    cls=options.Command,
    epilog=options.examples("touchline console", "touchline console --listen 127.0.0.1:9000"),
)
@click.option("--listen", metavar="HOST:PORT", help="Answer here.  [default: TOUCHLINE_CONSOLE_LISTEN, 127.0.0.1:8090]")
def console(listen: str | None) -> None:
    """Serve the console until Ctrl-C: web pages, the HTTP API under /api/v1, calendars.

    It answers this machine alone unless it is told otherwise, and there everyone may read. Whoever acts (replays,
    drops, corrects, orders a run) needs the token: TOUCHLINE_CONSOLE_TOKEN or its _FILE, else the one that is made in
    the home.

    Exit code 2: it cannot listen there; 3: the database does not answer.
    """
    settings = start("INFO")

    from actors.console.serving import serving
    from actors.console.token import token_of
    from actors.store.migrations import check
    from contract.places import database_url
    from contract.settings import load
    from touchline.stop_signals import StopSignals

    settings = load({"console_listen": listen})
    url = database_url(settings)
    check(url)
    token = token_of(settings)
    with StopSignals() as signals, serving(settings, store_url=url, token=token.value) as address:
        for name, what in lines(settings, token, address):
            _say(settings, name, what)
        while not signals.asked:
            signals.wait(_LOOK)


def _say(settings: Settings, name: str, what: str) -> None:
    if settings.log_format == "json":
        # whoever reads the log of a container expects nothing else in it
        logging.getLogger(__name__).info("%s: %s", name, what)
    else:
        click.echo(f"{name:<9} {what}", err=True)


def lines(settings: Settings, token: Token, address: str) -> list[tuple[str, str]]:
    """Where it is, who may read there, and what whoever acts needs."""
    from actors.console.access import open_to_read

    where = "TOUCHLINE_CONSOLE_TOKEN" if token.file is None else str(token.file)
    readers = "everyone who reaches it may read" if open_to_read(settings) else "whoever reads needs the token"
    return [
        ("Console", f"{address}; {readers}; Ctrl-C stops it"),
        ("Acting", f"needs the token in {where}"),
    ]
