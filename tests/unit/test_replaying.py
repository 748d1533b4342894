"""How fast dead letters are sent again."""

from __future__ import annotations

import pytest

from actors.replaying import Pace


def test_letters_come_at_the_pace_that_was_asked_for() -> None:
    """Evenly, and without a burst after a broker that was slow."""
    now = [0.0]
    slept: list[float] = []

    def sleep(seconds: float) -> None:
        slept.append(seconds)
        now[0] += seconds

    pace = Pace(4, clock=lambda: now[0], sleep=sleep)
    for took in (0.0, 0.1, 5.0, 0.0):
        pace.wait()
        now[0] += took
        pace.sent()
    assert slept == [0.25, 0.25, 0.25]
    assert now[0] == pytest.approx(5.85)
