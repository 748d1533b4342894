"""How far a part of a source has been seen: the newest observation that a batch was stored of.

Batches of that observation share the part's row and run side by side; a batch of a newer or an older one holds it
alone until it commits. No lock is ever upgraded, so two batches cannot wait for each other here.
"""

from __future__ import annotations

from actors.store.database import Connection
from actors.store.statements import statement


def pass_frontier(connection: Connection, *, source: str, part: str, observed_at: str) -> bool:
    """Lock the part's frontier as this observation needs it. Returns whether it is late: something newer was seen."""
    at = {"source": source, "part": part, "observed_at": observed_at}
    if connection.execute(statement("store/share_frontier"), at).fetchone() is not None:
        return False
    if connection.execute(statement("store/raise_frontier"), at).fetchone() is not None:
        return False
    row = connection.execute(statement("store/is_late"), at).fetchone()
    assert row is not None, "raise_frontier leaves a row behind"
    return bool(row[0])
