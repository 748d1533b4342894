"""A few matches, a table, a run and its dead letter, stored as workers store them."""

from __future__ import annotations

import uuid
from typing import Any
from uuid import UUID

from actors.models import parse_batch
from actors.store import runs
from actors.store.database import open_pool, transaction
from actors.store.dead import DeadRow
from actors.store.matches import BatchOf, store_batch
from tests.contract.schemas import examples

SOURCE = "mlsnext"


def row(match_id: str, **fields: Any) -> dict[str, Any]:
    """A match of the contract."""
    return {**examples("match", "valid")["played"], "match_id": match_id, **fields}


def batch(rows: list[dict[str, Any]], **fields: Any) -> dict[str, Any]:
    """A batch of the contract with these matches."""
    return {**examples("batch", "valid")["one-match"], "matches": rows, **fields}


def store(url: str, *rows: dict[str, Any], observed_at: str = "2026-10-04T00:00:00Z", run: UUID | None = None) -> None:
    """Store `rows` as one batch."""
    pool = open_pool(url, size=1)
    try:
        _, good, bad = parse_batch(batch(list(rows)))
        of = BatchOf(uuid.uuid4(), run or uuid.uuid4(), SOURCE, "homegrown", observed_at)
        dead = [DeadRow(each.match_id, each.reason, each.error, each.row) for each in bad]
        store_batch(pool, of, good, dead)
    finally:
        pool.close()


def fill(url: str) -> UUID:
    """Three matches, one of them changed, and a row that is dead; returns the run that did it."""
    run = uuid.uuid4()
    rows = [row("a"), row("b", home_team='<script>alert("1")</script>', home_team_id="x"), row("c/d e")]
    store(url, *rows, run=run)
    store(url, row("a", home_score=9), {**row("z"), "status": "lost"}, observed_at="2026-10-05T00:00:00Z", run=run)
    pool = open_pool(url, size=1)
    try:
        with transaction(pool) as connection:
            at = "2026-10-04T00:00:00Z"
            runs.start(
                connection, run, SOURCE, at=at, params={}, trigger="cli", scheduled_for=None, parts=["homegrown"]
            )
    finally:
        pool.close()
    return run
