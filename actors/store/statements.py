"""Statements by name: `sql/<folder>/<name>.sql`, each with a sentence at its head on what it is for."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import LiteralString

_FOLDER = Path(__file__).parent / "sql"


@cache
def statement(name: str) -> LiteralString:
    """The text of `sql/<name>.sql`, such as `statement("store/insert_matches")`."""
    # a file of ours, never a value: literal in the sense that psycopg asks for
    return (_FOLDER / f"{name}.sql").read_text(encoding="utf-8")
