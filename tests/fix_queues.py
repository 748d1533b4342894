"""A real queue of each kind, for tests of what must be the same on both."""

from __future__ import annotations

import pytest


@pytest.fixture(params=["rabbitmq", "postgresql"])
def queue_url(request: pytest.FixtureRequest) -> str:
    """A real queue of each kind, empty."""
    url: str = request.getfixturevalue({"rabbitmq": "rabbitmq_url", "postgresql": "postgres_url"}[request.param])
    return url
