"""Reads the store: one query a file in `sql/reading`, each with a sentence on what it is for.

This module owns how a query is run (a read-only transaction, a server-side cursor, so that a season costs no memory)
and knows no query by heart. What a query can be asked is what its placeholders say; a parameter that is not given is
NULL, which every query takes for "not asked".
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from psycopg.rows import dict_row

from actors.store.database import Connection
from actors.store.statements import statement

#: Rows that are fetched from the server at a time.
FETCH = 1000

_PLACEHOLDER = re.compile(r"%\((\w+)\)s")

Row = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Rows:
    """What a query yields: the names of its columns, and its rows while the reading is open."""

    columns: Sequence[str]
    rows: Iterator[Row]


@contextmanager
def reading(connection: Connection, query: str, **parameters: Any) -> Iterator[Rows]:
    """The rows of `query` (a file's name without `.sql`), as dictionaries, fetched as they are asked for.

    Raises TypeError for a parameter that the query does not have.
    """
    text = statement(f"reading/{query}")
    known = set(_PLACEHOLDER.findall(text))
    if unknown := parameters.keys() - known:
        raise TypeError(f"the query {query!r} has no parameter {', '.join(sorted(unknown))}")
    with connection.transaction(), connection.cursor(name=f"touchline_{query}", row_factory=dict_row) as cursor:
        connection.execute("SET TRANSACTION READ ONLY")
        cursor.itersize = FETCH
        # the query becomes part of a DECLARE, which takes no semicolon at its end
        cursor.execute(text.rstrip().removesuffix(";"), {name: parameters.get(name) for name in known})
        yield Rows([column.name for column in cursor.description or ()], iter(cursor))
