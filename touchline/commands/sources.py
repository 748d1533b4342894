"""`touchline sources`: the sites that can be read."""

from __future__ import annotations

from pathlib import Path

import click

from touchline import options, output
from touchline.output import Column, Format, Row, write
from touchline.settings import start

FIELDS = ("name", "leagues", "description", "last_checked_at", "last_changed_at")

EMPTY = "No source is installed. The package's own come with: python -m pip install 'touchline[ingest]'"


@click.command(
    cls=options.Command,
    epilog=options.examples(
        "touchline sources", "touchline sources --output json", "touchline scrape mlsnext --dry-run"
    ),
)
@output.output_option
def sources(output: Format) -> None:
    """List the sources that are installed: their leagues, when each was last asked from here, and when it had news.

    Times are UTC. A source that runs in workers on another machine is remembered there; `touchline runs` knows of all.
    """
    settings = start()

    from ingest.sources import names

    found = [_about(name, settings.home) for name in names()]
    write(found, FIELDS, COLUMNS, output, empty=EMPTY)


def _about(name: str, home: Path) -> Row:
    from ingest.sources import find
    from ingest.validators import checks

    try:
        source = find(name)
    except (ImportError, AttributeError) as error:
        return dict.fromkeys(FIELDS) | {"name": name, "description": f"cannot be loaded: {error}"}
    seen = checks(home, name)
    return {
        "name": name,
        "leagues": list(source.leagues),
        "description": source.description,
        "last_checked_at": max((check.checked_at for check in seen), default=None),
        "last_changed_at": max((check.changed_at for check in seen if check.changed_at), default=None),
    }


COLUMNS = (
    Column("source", "name"),
    Column("leagues", lambda row: ", ".join(row["leagues"] or ()), fold=True),
    Column("about", "description", fold=True),
    Column("last checked (UTC)", "last_checked_at"),
    Column("last news (UTC)", "last_changed_at"),
)
