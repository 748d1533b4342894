"""A run's turn while the run goes on: renewed, given back, kept through an outage, lost, and let go."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from datetime import datetime
from uuid import uuid4

import psycopg
import pytest
from psycopg_pool import ConnectionPool

from actors import turns
from actors.errors import SourceBusy
from actors.store.database import Connection, open_pool
from actors.turns import pace, taken
from tests.fix_proxy import Proxy
from tests.fix_scraping import wait_until

Proxies = Callable[[str], Proxy]


@pytest.fixture
def proxy(tcp_proxy: Proxies, store_url: str) -> Proxy:
    """What is between the runs and their store."""
    return tcp_proxy(f"{store_url}?connect_timeout=2")


@pytest.fixture
def pool(proxy: Proxy, monkeypatch: pytest.MonkeyPatch) -> Iterator[ConnectionPool[Connection]]:
    """The pool of a worker whose turns are renewed each few hundredths of a second."""
    pool = open_pool(proxy.url, size=4)
    pool.timeout = 0.3
    monkeypatch.setattr(turns, "pool", lambda: pool)
    monkeypatch.setattr(turns, "RENEWED", 0.05)
    monkeypatch.setattr(turns, "_AGAIN", 0.05)
    yield pool
    pool.close()


def expiry(store_url: str) -> datetime | None:
    with psycopg.connect(store_url) as connection:
        row = connection.execute("SELECT expires_at FROM touchline.turns").fetchone()
    return None if row is None else row[0]


def is_renewed(store_url: str) -> bool:
    """Until it is; fails otherwise."""
    before = expiry(store_url)
    assert before is not None
    wait_until(lambda: (expiry(store_url) or before) > before)
    return True


@pytest.mark.usefixtures("pool")
class TestTurns:
    def test_a_turn_is_renewed_while_the_run_goes_on(self, store_url: str) -> None:
        """Again and again, without the run's doing."""
        with taken("mlsnext", str(uuid4()), places=1, longest=600):
            assert is_renewed(store_url)
            assert is_renewed(store_url)

    def test_a_turn_is_given_back_however_the_run_ends(self, store_url: str) -> None:
        """The next one need not wait for a lease to expire."""
        for error in (RuntimeError, KeyboardInterrupt):
            with pytest.raises(error), taken("mlsnext", str(uuid4()), places=1, longest=600):
                raise error
            assert expiry(store_url) is None

    def test_whoever_finds_no_place_takes_none_back(self, store_url: str) -> None:
        """The holder's turn is the holder's, whoever tries beside it."""
        with taken("mlsnext", str(uuid4()), places=1, longest=600):
            with pytest.raises(SourceBusy), taken("mlsnext", str(uuid4()), places=1, longest=600):
                pytest.fail("two runs at once")
            assert is_renewed(store_url)

    def test_a_turn_outlives_an_outage(
        self, store_url: str, proxy: Proxy, pool: ConnectionPool[Connection], caplog: pytest.LogCaptureFixture
    ) -> None:
        """It is renewed as soon as the database is back, although it has expired meanwhile."""
        with taken("mlsnext", str(uuid4()), places=1, longest=600):
            proxy.cut()
            wait_until(lambda: "is renewed when the database is back" in caplog.text)
            with psycopg.connect(store_url) as connection:
                connection.execute("UPDATE touchline.turns SET expires_at = now() - interval '1 hour'")
            proxy.restore()
            assert is_renewed(store_url)
        assert caplog.text.count("is renewed when the database is back") == 1

    def test_a_turn_that_another_took_is_lost(
        self, store_url: str, proxy: Proxy, caplog: pytest.LogCaptureFixture
    ) -> None:
        """The run goes on to its end, which says so, and leaves the other's turn alone."""
        with taken("mlsnext", str(uuid4()), places=1, longest=600):
            proxy.cut()
            wait_until(lambda: "is renewed when the database is back" in caplog.text)
            with psycopg.connect(store_url) as connection:
                connection.execute(
                    "UPDATE touchline.turns SET holder = gen_random_uuid(), expires_at = now() + interval '1 hour'"
                )
            theirs = expiry(store_url)
            proxy.restore()
            wait_until(lambda: "has lost its turn at mlsnext" in caplog.text)
        assert expiry(store_url) == theirs

    def test_a_run_that_hangs_does_not_hold_its_place_for_ever(
        self, store_url: str, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """Beyond its limit nobody renews it, and nobody gives it back."""
        monkeypatch.setattr(turns, "LEASE", 0.0)
        with taken("mlsnext", str(uuid4()), places=1, longest=0.0):
            wait_until(lambda: "of mlsnext hangs" in caplog.text)
            wait_until(lambda: "turn" not in {thread.name for thread in threading.enumerate()})
        assert expiry(store_url) is not None


@pytest.mark.usefixtures("pool")
class TestPace:
    def test_a_source_without_a_limit_has_none(self) -> None:
        """Nothing is asked of the database before each of its requests."""
        assert pace("mlsnext", None) is None

    def test_two_runs_share_the_minute(self) -> None:
        """What one has reserved the other waits for."""
        first, second = pace("mlsnext", 6), pace("mlsnext", 6)
        assert first is not None
        assert second is not None
        assert first() == 0
        assert 5 < second() <= 10
        assert 15 < first() <= 20

    def test_without_a_database_a_run_goes_at_its_own_pace(
        self, proxy: Proxy, caplog: pytest.LogCaptureFixture
    ) -> None:
        """It does not wait for one before each request either, and says so once."""
        ask = pace("mlsnext", 6)
        assert ask is not None
        ask()
        proxy.cut()
        assert [ask() for _ in range(50)] == [0.0] * 50
        assert caplog.text.count("is asked at this run's own pace") == 1
