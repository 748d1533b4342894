"""Whose turn it is to read a source, and when it may be asked next, whoever asks at the same time."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from itertools import pairwise
from typing import TypeVar
from uuid import UUID, uuid4

import pytest

from actors.errors import SourceBusy
from actors.store import turns
from actors.store.database import transaction
from actors.store.statements import statement
from actors.store.turns import LEASE, LONGEST_WAIT, Turn
from tests.integration.store.conftest import Store

Answer = TypeVar("Answer")


def take(store: Store, *, source: str = "mlsnext", run_id: UUID | None = None, places: int = 1) -> Turn:
    return turns.take(store.pool, source, run_id or uuid4(), places=places)


def pass_by(store: Store, seconds: float) -> None:
    """As if so much time had passed since the turns were taken or renewed."""
    with transaction(store.pool) as connection:
        connection.execute("UPDATE touchline.turns SET expires_at = expires_at - make_interval(secs => %s)", (seconds,))


def at_once(count: int, do: Callable[[], Answer]) -> list[Answer]:
    """What `count` threads get that begin together."""
    barrier = threading.Barrier(count)

    def begin() -> Answer:
        barrier.wait(10)
        return do()

    with ThreadPoolExecutor(count) as threads:
        return [future.result(60) for future in [threads.submit(begin) for _ in range(count)]]


class TestTurns:
    def test_a_source_has_one_place(self, store: Store) -> None:
        """The second run is told who holds it, and since when; other sources are free."""
        run_id = uuid4()
        take(store, run_id=run_id)
        with pytest.raises(
            SourceBusy, match=rf"mlsnext is being read: run {str(run_id)[:8]} by .+\[\d+\] since 20\d\d-"
        ):
            take(store)
        assert take(store, source="village").place == 1

    def test_a_place_that_is_given_back_is_free(self, store: Store) -> None:
        """At once, for whoever comes next; what is given back twice is given back once."""
        first = take(store)
        turns.release(store.pool, first)
        second = take(store)
        turns.release(store.pool, first)
        assert turns.renew(store.pool, second)

    def test_two_places_are_two_runs(self, store: Store) -> None:
        """`runs = 2`: a third waits, and gets the place that is given back."""
        first, second = take(store, places=2), take(store, places=2)
        assert {first.place, second.place} == {1, 2}
        with pytest.raises(SourceBusy, match=r"run .+, run "):
            take(store, places=2)
        turns.release(store.pool, first)
        assert take(store, places=2).place == first.place

    def test_a_setting_that_was_lowered_counts_at_once(self, store: Store) -> None:
        """A run on a place that there is no more counts as one of those that there are."""
        first = take(store, places=2)
        take(store, places=2)
        turns.release(store.pool, first)
        with pytest.raises(SourceBusy):
            take(store, places=1)

    def test_the_place_of_a_dead_holder_is_free_after_its_lease(self, store: Store) -> None:
        """Nobody renews it any more."""
        take(store)
        pass_by(store, LEASE - 5)
        with pytest.raises(SourceBusy):
            take(store)
        pass_by(store, 5)
        assert take(store).place == 1

    def test_a_turn_that_is_renewed_goes_on(self, store: Store) -> None:
        """For another lease, counted from the renewal."""
        turn = take(store)
        pass_by(store, LEASE - 1)
        assert turns.renew(store.pool, turn)
        pass_by(store, LEASE - 1)
        with pytest.raises(SourceBusy):
            take(store)

    def test_a_turn_that_expired_is_not_lost_until_another_takes_it(self, store: Store) -> None:
        """After an outage whoever comes first has the place; the other is told."""
        turn = take(store)
        pass_by(store, LEASE + 60)
        assert turns.renew(store.pool, turn)
        pass_by(store, LEASE + 60)
        other = take(store)
        assert not turns.renew(store.pool, turn)
        turns.release(store.pool, turn)
        assert turns.renew(store.pool, other)

    def test_a_run_has_one_turn_at_a_time(self, store: Store) -> None:
        """An order that was delivered twice waits for itself, though there is a place."""
        run_id = uuid4()
        turn = take(store, run_id=run_id, places=2)
        with pytest.raises(SourceBusy):
            take(store, run_id=run_id, places=2)
        turns.release(store.pool, turn)
        take(store, run_id=run_id, places=2)

    @pytest.mark.parametrize("same", [False, True], ids=["different runs", "one run"])
    def test_of_many_at_once_as_many_as_there_are_places_get_one(self, store: Store, same: bool) -> None:
        """Each place once, and none of them stays free; of one run only one."""
        run_id = uuid4() if same else None

        def try_it() -> int | None:
            try:
                return take(store, run_id=run_id, places=3).place
            except SourceBusy:
                return None

        for _ in range(5):
            places = [place for place in at_once(8, try_it) if place is not None]
            assert sorted(places) == ([1] if same else [1, 2, 3])
            pass_by(store, LEASE)


class TestPace:
    def test_reservations_are_exactly_an_interval_apart(self, store: Store) -> None:
        """Eight threads, five each: forty moments, none twice, none left out."""

        def five() -> list[datetime]:
            asked = {"source": "mlsnext", "interval": 0.7, "longest": LONGEST_WAIT}
            moments = []
            for _ in range(5):
                with transaction(store.pool) as connection:
                    row = connection.execute(statement("turns/reserve"), asked).fetchone()
                assert row is not None
                moments.append(row[0])
            return moments

        moments = sorted(moment for moments in at_once(8, five) for moment in moments)
        gaps = {after - before for before, after in pairwise(moments)}
        assert gaps == {timedelta(seconds=0.7)}

    def test_a_source_that_was_not_asked_for_long_may_be_asked_at_once(self, store: Store) -> None:
        """And what was not asked is not saved up: the next request waits for the interval."""
        assert turns.reserve(store.pool, "mlsnext", interval=10) == 0
        with transaction(store.pool) as connection:
            connection.execute("UPDATE touchline.pace SET next_at = next_at - interval '1 hour'")
        assert turns.reserve(store.pool, "mlsnext", interval=10) == 0
        assert 5 < turns.reserve(store.pool, "mlsnext", interval=10) <= 10

    def test_each_source_has_its_own(self, store: Store) -> None:
        """One source's requests hold up no other's."""
        assert turns.reserve(store.pool, "mlsnext", interval=60) == 0
        assert turns.reserve(store.pool, "village", interval=60) == 0

    def test_no_request_waits_for_longer_than_five_minutes(self, store: Store) -> None:
        """It fails instead, names the setting, and takes nothing from those that come later."""
        for _ in range(2):
            turns.reserve(store.pool, "mlsnext", interval=200)
        for _ in range(2):
            with pytest.raises(SourceBusy, match="no further request within 300 s") as busy:
                turns.reserve(store.pool, "mlsnext", interval=200)
            assert "requests_per_minute" in busy.value.hint
        with transaction(store.pool) as connection:
            connection.execute("UPDATE touchline.pace SET next_at = next_at - interval '5 minutes'")
        assert 50 < turns.reserve(store.pool, "mlsnext", interval=200) <= 100
