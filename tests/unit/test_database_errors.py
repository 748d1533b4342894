"""What an error of the database says about the next statement."""

from __future__ import annotations

import psycopg
import pytest
from psycopg import errors as pg

from actors.errors import DatabaseAway, DatabaseBusy
from actors.store.database import translate
from contract.errors import ConfigurationError

_URL = "postgresql://someone:secret@db.example/touchline"


@pytest.mark.parametrize("kind", [pg.DeadlockDetected, pg.SerializationFailure, pg.LockNotAvailable, pg.DiskFull])
def test_a_transaction_that_lost_is_busy_and_closes_no_gate(kind: type[psycopg.Error]) -> None:
    """psycopg has a class for each code and none for the group: a deadlock is no TransactionRollback."""
    assert isinstance(translate(kind("it lost"), _URL), DatabaseBusy)


@pytest.mark.parametrize(
    "kind", [pg.AdminShutdown, pg.CannotConnectNow, pg.TooManyConnections, psycopg.OperationalError]
)
def test_a_server_that_takes_no_statement_is_away(kind: type[psycopg.Error]) -> None:
    assert isinstance(translate(kind("not now"), _URL), DatabaseAway)


def test_what_no_time_mends_is_a_setting() -> None:
    assert isinstance(translate(pg.InvalidPassword("no"), _URL), ConfigurationError)
