"""Where the demo league's luck comes from: one stream of random numbers for each stage of its making."""

from __future__ import annotations

from random import Random


def dice(seed: int, stage: str) -> Random:
    """The stream of one stage. Stages do not share one, so that a change in one leaves the others as they were."""
    return Random(f"{seed}/{stage}")  # noqa: S311 - nothing here is a secret
