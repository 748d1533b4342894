"""How a kick-off reads in a list."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from touchline.commands.matches import kickoff


@pytest.mark.parametrize(
    ("zone", "said"),
    [
        ("America/New_York", "10:00 EDT"),
        (None, "14:00 UTC"),
        ("America", "14:00 UTC"),  # a folder of zones
        ("No/Where", "14:00 UTC"),
        ("../etc", "14:00 UTC"),
    ],
)
def test_at_the_venue_where_its_zone_is_one(zone: str | None, said: str) -> None:
    assert kickoff({"kickoff": datetime(2026, 10, 10, 14, tzinfo=UTC), "timezone": zone}) == said
