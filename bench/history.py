"""What has been stored for years: a dozen seasons (history.sql)."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import psycopg


def fill(connection: psycopg.Connection[Any], matches: int) -> None:
    """So many matches and five times as many changes, with statistics as autovacuum leaves them."""
    connection.execute((Path(__file__).parent / "history.sql").read_bytes(), {"matches": matches})
    connection.execute("VACUUM ANALYZE")
