"""The yardstick of the store: the same rows, in the same batches, by one bare upsert each."""

from __future__ import annotations

import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import psycopg
from psycopg.types.json import Jsonb

from bench.load import Row

_HERE = Path(__file__).parent
_TABLE = (_HERE / "bare_table.sql").read_bytes()
UPSERT = (_HERE / "bare.sql").read_bytes()


def prepare(connection: psycopg.Connection[Any]) -> None:
    """An empty table."""
    connection.execute(_TABLE)


def seconds(connection: psycopg.Connection[Any], batches: Sequence[Sequence[Row]]) -> float:
    """How long it takes to upsert them, a transaction each."""
    begun = time.perf_counter()
    for batch in batches:
        connection.execute(UPSERT, {"matches": Jsonb(batch)})
    return time.perf_counter() - begun
