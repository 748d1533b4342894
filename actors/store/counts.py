"""What becomes of rows: each ends as exactly one of five."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(slots=True)
class Counts:
    """What became of the rows of a batch: each is exactly one of these."""

    inserted: int = 0
    updated: int = 0
    unchanged: int = 0
    stale: int = 0
    dead: int = 0

    def __iadd__(self, other: Counts) -> Counts:
        self.inserted += other.inserted
        self.updated += other.updated
        self.unchanged += other.unchanged
        self.stale += other.stale
        self.dead += other.dead
        return self
