"""`touchline sources`: the sites that can be read."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import click

from contract.errors import ConfigurationError, TouchlineError
from touchline import options, output
from touchline.output import Column, Format, Row, say, write
from touchline.settings import start

if TYPE_CHECKING:
    from contract.settings import Settings

FIELDS = ("name", "leagues", "description", "last_checked_at", "last_changed_at", "readers")

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
    Which worker reads it now, wherever it is, the store says, where there is one.
    """
    settings = start()

    from ingest.sources import names

    readers = _readers(settings)
    found = [_about(name, settings, readers) for name in names()]
    write(found, FIELDS, COLUMNS, output, empty=EMPTY)


def _readers(settings: Settings) -> Mapping[str, Sequence[Row]] | None:
    """Who reads each source now; None where the store does not say. No server is started to find out."""
    from contract.places import embedded

    found: dict[str, list[Row]] = {}
    try:
        if settings.database_url is None and not embedded(settings.home).status().running:
            return None
        from touchline.store import reading

        with reading("turns") as turns:
            for turn in turns.rows:
                said = {"run_id": str(turn["run_id"]), "host": turn["host"], "pid": turn["pid"]}
                found.setdefault(turn["source"], []).append(said | {"since": output.instant(turn["since"])})
    except TouchlineError as error:
        say(f"Who reads them now is not known: {error}")
        return None
    return found


def _about(name: str, settings: Settings, readers: Mapping[str, Sequence[Row]] | None) -> Row:
    from ingest.errors import NotConfigured
    from ingest.sources import find
    from ingest.validators import checks

    leagues: Sequence[str] = ()
    try:
        source = find(name)
        about = source.description
        # as it is configured: some have the leagues that somebody names
        leagues = source.make(settings.source(name)).leagues
    except (ImportError, AttributeError) as error:
        return dict.fromkeys(FIELDS) | {"name": name, "description": f"cannot be loaded: {error}"}
    except NotConfigured as error:
        about = f"{about}; {error}"
    except ConfigurationError as error:
        about = f"cannot be used: {error}"
    seen = checks(settings.home, name)
    return {
        "name": name,
        "leagues": list(leagues),
        "description": about,
        "last_checked_at": max((check.checked_at for check in seen), default=None),
        "last_changed_at": max((check.changed_at for check in seen if check.changed_at), default=None),
        # none is another thing than not knowing
        "readers": None if readers is None else list(readers.get(name, ())),
    }


def _now(row: Row) -> str:
    return ", ".join(f"{turn['host']}[{turn['pid']}] since {turn['since'][:19]}Z" for turn in row["readers"] or ())


COLUMNS = (
    Column("source", "name"),
    Column("leagues", lambda row: ", ".join(row["leagues"] or ()), fold=True),
    Column("about", "description", fold=True),
    Column("last checked (UTC)", "last_checked_at"),
    Column("last news (UTC)", "last_changed_at"),
    Column("is read by", _now, fold=True),
)
