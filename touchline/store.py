"""The store as commands see it: opened by the settings, closed at the end, its errors made into sentences."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from touchline.settings import start

if TYPE_CHECKING:
    from actors.store.comparison import Comparison
    from actors.store.database import Connection
    from actors.store.reading import Rows


@contextmanager
def opened() -> Iterator[Connection]:
    """A connection to the store, rows as dicts. Where nothing is configured the embedded server is started or joined.

    Raises ConfigurationError, DatabaseAway, or DatabaseBehind where the tables that were asked for are not there.
    """
    # the settings come first: what is wrong with them is said by them, not by what would be built from them
    settings = start()

    import psycopg

    from actors.store.database import connect, translate
    from actors.store.migrations import check
    from contract.places import database_url

    url = database_url(settings)
    with connect(url) as connection:
        try:
            yield connection
        except (psycopg.errors.UndefinedTable, psycopg.errors.UndefinedColumn, psycopg.errors.InvalidSchemaName):
            connection.rollback()
            check(url)
            raise
        except psycopg.Error as error:
            raise translate(error, url) from error


@contextmanager
def reading(query: str, **parameters: Any) -> Iterator[Rows]:
    """The rows of one query of the store's; see `actors.store.reading`. An empty tuple is "not asked", like None."""
    with opened() as connection:
        from actors.store import reading as store

        with store.reading(connection, query, **_asked(parameters)) as rows:
            yield rows


@contextmanager
def league_tables(**filters: Any) -> Iterator[Rows]:
    """The rows of the league tables that fit; see `actors.store.tables`. An empty tuple is "not asked", like None."""
    with opened() as connection:
        from actors.store import tables as store

        with store.league_tables(connection, **_asked(filters)) as rows:
            yield rows


@contextmanager
def comparisons(**filters: Any) -> Iterator[Iterator[Comparison]]:
    """The league tables that fit, each beside its official one; see `actors.store.comparison`. () is "not asked"."""
    with opened() as connection:
        from actors.store.comparison import compare

        yield compare(connection, **_asked(filters))


def _asked(parameters: dict[str, Any]) -> dict[str, Any]:
    return {name: list(value) or None if isinstance(value, tuple) else value for name, value in parameters.items()}
