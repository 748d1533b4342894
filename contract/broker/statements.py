"""The embedded queue's statements by name: `<name>.sql` beside this file, each with a sentence on what it is for."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Final, LiteralString

#: Its own, lest somebody else's dramatiq-postgres in the same database is disturbed. The .sql files name it.
SCHEMA: Final = "touchline_queue"


@cache
def statement(name: str) -> LiteralString:
    """The text of `<name>.sql`."""
    # a file of ours, never a value: literal in the sense that psycopg asks for
    return (Path(__file__).parent / f"{name}.sql").read_text(encoding="utf-8")
