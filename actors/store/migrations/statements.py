"""Runs the `.sql` file of a revision, as it stands, on the migration's own connection."""

from __future__ import annotations

from pathlib import Path

from alembic import op


def run(name: str) -> None:
    """Execute `versions/<name>` in the migration's transaction.

    By the driver itself: SQLAlchemy would take a colon, and a parameterised call a per cent sign, for a placeholder.
    """
    sql = (Path(__file__).parent / "versions" / name).read_text(encoding="utf-8")
    connection = op.get_bind().connection.driver_connection
    assert connection is not None
    connection.execute(sql)
