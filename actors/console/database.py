"""The console's connections to the store: a few, shared by all requests, with short patience."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Annotated, Final

import psycopg
from fastapi import Depends, Request
from psycopg_pool import ConnectionPool

from actors.store.database import Connection, open_pool, translate

#: Connections at most; who comes while all are taken waits, as the pool does, ten seconds.
SIZE: Final = 6


class Store:
    """The store as requests see it. `url` is its address."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.pool: ConnectionPool[Connection] = open_pool(url, size=SIZE)

    @contextmanager
    def connection(self) -> Iterator[Connection]:
        """One connection for one request. Raises DatabaseAway, DatabaseBusy or ConfigurationError, as sentences."""
        try:
            with self.pool.connection() as connection:
                yield connection
        except psycopg.Error as error:
            raise translate(error, self.url) from error

    def close(self) -> None:
        self.pool.close()


def _store(request: Request) -> Store:
    store: Store = request.app.state.store
    return store


def _connection(request: Request) -> Iterator[Connection]:
    with _store(request).connection() as connection:
        yield connection


#: Parameters of a route: the store, or one connection to it for the time of the request.
TheStore = Annotated[Store, Depends(_store)]
StoreConnection = Annotated[Connection, Depends(_connection)]
