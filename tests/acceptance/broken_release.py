"""The actors with a bug, as they were deployed: `dramatiq tests.acceptance.broken_release`.

Of the part `odd` it takes every row for a bad one, and of any other part every batch.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import actors
from actors import matches
from actors.errors import ContractViolation
from actors.models import BadRow, Batch, parse_batch

broker = actors.broker


def _parse_wrongly(kwargs: Mapping[str, Any]) -> tuple[Batch, list[dict[str, Any]], list[BadRow]]:
    batch, rows, _ = parse_batch(kwargs)
    if batch.part != "odd":
        raise ContractViolation("the batch breaks the contract: it was made on a Sunday")
    bad = [BadRow(index, row, "sunday", "a match on a Sunday") for index, row in enumerate(batch.matches)]
    return batch, rows[:0], bad


matches.parse_batch = _parse_wrongly
