"""The console's own database, as the tests of the store fill it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from actors.store.database import open_pool
from tests.integration.store.conftest import Store


@pytest.fixture
def store(store_url: str) -> Iterator[Store]:
    """What the console of the test reads."""
    pool = open_pool(store_url, size=4)
    yield Store(pool, store_url)
    pool.close()
