"""League tables as they are asked for: which ones, and then those alone.

Two questions, because the view counts a table from all results of its teams. What a condition says with a subquery, or
in letters of another case, the server cannot know before it has counted every table of every season (2.8 s of a million
matches, where one table takes milliseconds).
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from actors.store.database import Connection
from actors.store.reading import Rows, reading

#: Column of a table's name → the list of it that `reading/standings.sql` takes.
_LISTS = {
    "source": "sources",
    "season": "seasons",
    "league": "leagues",
    "division": "divisions",
    "age_group": "age_groups",
}


@contextmanager
def league_tables(connection: Connection, **filters: Any) -> Iterator[Rows]:
    """The rows of the tables that fit `filters` (see `reading/tables.sql`), one table after another.

    Without a season those of the latest that each league has matches of.
    """
    with reading(connection, "standings", **named_tables(connection, **filters)) as tables:
        yield tables


def named_tables(connection: Connection, **filters: Any) -> dict[str, list[str]]:
    """The tables that fit `filters`, as the five lists that queries of tables take."""
    with reading(connection, "tables", latest=filters.get("season") is None, **filters) as found:
        named = list(found.rows)
    return {name: [table[column] for table in named] for column, name in _LISTS.items()}
