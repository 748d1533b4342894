"""Connections to the store, and what their errors mean.

A worker process has one pool; a command has one connection. Whoever opens one gets UTC, a name in
`pg_stat_activity`, bounded waits, and errors told apart: what may pass by itself is a DatabaseAway (transient), a
wrong address or password is a ConfigurationError.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import psycopg
from psycopg import errors as pg
from psycopg.conninfo import make_conninfo
from psycopg.rows import dict_row, tuple_row
from psycopg_pool import ConnectionPool, PoolTimeout

from actors.errors import DatabaseAway, DatabaseBusy
from actors.store.statements import statement
from contract.addresses import escape_password, redact, split_pgbouncer
from contract.errors import ConfigurationError, TouchlineError

#: Seconds. A database that does not answer is away; a statement of ours that takes a minute is waiting for a lock.
CONNECT_TIMEOUT = 10
STATEMENT_TIMEOUT = 60
LOCK_TIMEOUT = 30
RECONNECT_TIMEOUT = 5

#: What the server says when trying again may help. OperationalError is the class of connection failures, deadlocks,
#: serialization failures, too many connections, lock time-outs, full disks and shutdowns.
TRANSIENT = (psycopg.OperationalError, psycopg.InterfaceError, PoolTimeout, pg.ReadOnlySqlTransaction)

#: Those of them that say nothing about the next statement: the server is there, and takes others.
BUSY = (
    pg.DeadlockDetected,
    pg.SerializationFailure,
    pg.TransactionRollback,
    pg.LockNotAvailable,
    pg.QueryCanceled,
    pg.DiskFull,
    pg.IdleInTransactionSessionTimeout,
)

#: What the server says when a value cannot be stored, however often it is tried.
REFUSED = (psycopg.DataError, psycopg.IntegrityError, pg.ProgramLimitExceeded, pg.StatementTooComplex)

_WRONG_SETTING = (
    pg.InvalidPassword,
    pg.InvalidAuthorizationSpecification,
    pg.InvalidCatalogName,
)

#: What to do where the server says "permission denied": it does not say which role may.
NOT_ALLOWED = (
    "the role in DATABASE_URL may not do that: touchline_reader looks, touchline_writer acts, touchline_owner "
    "migrates; are the grants there? run as the owner: touchline migrate"
)

Connection = psycopg.Connection[Any]


def conninfo(url: str) -> str:
    """`url` as libpq wants it, with our defaults where the URL says nothing of its own."""
    url = escape_password(split_pgbouncer(url)[0])
    defaults: dict[str, Any] = {
        "application_name": f"touchline[{os.getpid()}]",
        "connect_timeout": CONNECT_TIMEOUT,
        # a peer that vanished is noticed within about half a minute
        "keepalives_idle": 10,
        "keepalives_interval": 5,
        "keepalives_count": 3,
        "tcp_user_timeout": 30_000,
    }
    given = psycopg.conninfo.conninfo_to_dict(url)
    return make_conninfo(url, **{name: value for name, value in defaults.items() if name not in given})


def connect(url: str, *, tuples: bool = False) -> Connection:
    """One connection for a command; rows are dicts, or tuples.

    Raises DatabaseAway, or ConfigurationError where address, user or password are wrong; neither shows the password.
    """
    try:
        connection = psycopg.connect(conninfo(url), row_factory=tuple_row if tuples else dict_row)
        configurer(url)(connection)
    except psycopg.Error as error:
        raise translate(error, url) from None
    return connection


def configurer(url: str) -> Callable[[Connection], None]:
    """What is to be done with each connection to `url` before it is used."""
    return configure_pooled if split_pgbouncer(url)[1] else configure


def configure(connection: Connection) -> None:
    """What each connection of ours has: UTC, so that times as text are the same everywhere, and bounded waits."""
    connection.execute(
        "SELECT set_config('TimeZone', 'UTC', false), set_config('statement_timeout', %s, false), "
        "set_config('lock_timeout', %s, false), set_config('idle_in_transaction_session_timeout', %s, false)",
        (f"{STATEMENT_TIMEOUT}s", f"{LOCK_TIMEOUT}s", f"{STATEMENT_TIMEOUT}s"),
    )
    connection.commit()


def configure_pooled(connection: Connection) -> None:
    """The same behind PgBouncer in transaction mode, where each transaction may run in another session of the server.

    Nothing is prepared, because the next session would not know it. The time zone is what PgBouncer hands on; bounded
    waits are the role's (container/postgres/roles.sql): what a session is told stays with whoever has it next.
    """
    connection.prepare_threshold = None
    connection.execute("SELECT set_config('TimeZone', 'UTC', false)")
    connection.commit()


def open_pool(url: str, *, size: int) -> ConnectionPool[Connection]:
    """A pool for a worker process of `size` threads. Opens nothing until it is asked, so that a fork is safe before."""
    return ConnectionPool(
        conninfo(url),
        min_size=0,
        max_size=size,
        open=True,
        kwargs={"row_factory": tuple_row},
        configure=configurer(url),
        check=ConnectionPool.check_connection,
        timeout=CONNECT_TIMEOUT,
        # the default, 300, doubles its pauses up to minutes: work must go on soon after the database is back
        reconnect_timeout=RECONNECT_TIMEOUT,
        name="touchline",
    )


@contextmanager
def transaction(pool: ConnectionPool[Connection]) -> Iterator[Connection]:
    """A connection in one transaction: committed at the end, rolled back on an error.

    Raises DatabaseAway or DatabaseBusy. Whether a commit that was cut off took place nobody knows; the inbox does.
    """
    try:
        with pool.connection() as connection, connection.transaction():
            yield connection
    except REFUSED:
        raise  # some of them are operational errors to psycopg, though no time will mend them
    except BUSY as error:
        raise DatabaseBusy(f"the database could not do it now: {_sentence(error)}") from error
    except TRANSIENT as error:
        raise DatabaseAway(f"the database did not answer: {_sentence(error)}") from error


def check_writable(url: str) -> None:
    """Connect once, and see that the database takes writes. Raises DatabaseAway, or ConfigurationError as `connect`."""
    try:
        with connect(url, tuples=True) as connection:
            row = connection.execute(statement("store/writable")).fetchone()
    except psycopg.Error as error:
        raise translate(error, url) from None
    if row is None or not row[0]:
        raise DatabaseAway(f"the database {redact(url)} is read-only", hint="does DATABASE_URL name the primary?")


def translate(error: psycopg.Error, url: str) -> TouchlineError:
    """The error for a person: which database, what it said, what to do."""
    said = _sentence(error)
    if isinstance(error, pg.InsufficientPrivilege):
        return ConfigurationError(f"the database {redact(url)} refuses: {said}", hint=NOT_ALLOWED)
    if isinstance(error, _WRONG_SETTING) or _refused_login(said):
        return ConfigurationError(
            f"the database {redact(url)} refuses: {said}", hint="check DATABASE_URL: user, password, database"
        )
    if isinstance(error, BUSY):
        return DatabaseBusy(f"the database {redact(url)} could not do it now: {said}", hint="try again in a moment")
    if isinstance(error, TRANSIENT):
        return DatabaseAway(
            f"the database {redact(url)} does not answer: {said}", hint="is it running? see: touchline doctor"
        )
    if isinstance(error, psycopg.ProgrammingError):
        return ConfigurationError(f"the database {redact(url)} refuses: {said}", hint="run: touchline migrate")
    return TouchlineError(f"the database {redact(url)} refuses: {said}")


def _refused_login(said: str) -> bool:
    """libpq gives no SQLSTATE for a failed login, only the server's words."""
    return any(
        words in said
        for words in ("password authentication failed", "no password supplied", "does not exist", "pg_hba.conf")
    )


def _sentence(error: Exception) -> str:
    """The first telling line of what libpq said; it repeats itself for each address that it tried."""
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    return lines[0] if lines else type(error).__name__
