"""What waits on disk can be counted without opening a file of it."""

from __future__ import annotations

from pathlib import Path

import dramatiq

from contract.spooled import Spooled, waiting
from ingest.spool import Spool


def test_what_a_spool_keeps_is_counted(tmp_path: Path) -> None:
    """All brokers' together, without what was set aside; the oldest by when it was written."""
    assert waiting(tmp_path) == Spooled(0, 0, None)
    for number, address in enumerate(("amqp://a", "amqp://b")):
        spool = Spool(tmp_path, address, clock=lambda number=number: 1_000_000_000 * (5 + number))  # type: ignore[misc]
        path = spool.write(dramatiq.Message("matches", "store_matches", (), {}, {}))
    path.with_suffix(".torn").write_bytes(b"x" * 1000)
    found = waiting(tmp_path)
    assert (found.messages, found.oldest) == (2, 5.0)
    assert found.size == sum(file.stat().st_size for file in (tmp_path / "spool").glob("*/*.msg"))
