"""The worker process's one pool of connections to the store, opened when it is first needed."""

from __future__ import annotations

import threading

from psycopg_pool import ConnectionPool

from actors.store.database import Connection, open_pool
from contract.places import database_url
from contract.settings import load

#: More threads than this in one process wait for a connection; Dramatiq's default is eight.
SIZE = 16

_lock = threading.Lock()
_pool: ConnectionPool[Connection] | None = None


def store_url() -> str:
    """The store's address by the settings; starts the embedded server where that is the store."""
    return database_url(load())


def pool() -> ConnectionPool[Connection]:
    """The pool, opened by the first caller. Never called before a fork: workers are forked before they import us."""
    global _pool
    with _lock:
        if _pool is None or _pool.closed:
            # a new password in DATABASE_URL_FILE is for the next connection; the embedded server's address stays
            again = None if load().database_url is None else store_url
            _pool = open_pool(store_url(), size=SIZE, again=again)
        return _pool


def close_pool() -> None:
    """Close the pool if there is one; the next caller opens another."""
    global _pool
    with _lock:
        if _pool is not None:
            _pool.close()
            _pool = None
