"""The order of observations decides, not the order or the number of deliveries: by property, and with two at once."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from uuid import uuid4

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from actors.store.counts import Counts
from actors.store.database import open_pool, transaction
from tests.integration.store.conftest import Store, a_match
from tests.integration.store.readings import wait_for_a_lock

_MATCHES = ("1", "2", "3")


@st.composite
def deliveries(draw: st.DrawFn) -> list[tuple[int, tuple[str, ...]]]:
    """Observations (day, matches listed) in the order of their arrival, some of them twice."""
    days = draw(st.lists(st.integers(1, 6), min_size=1, max_size=8))
    return [
        (day, tuple(draw(st.lists(st.sampled_from(_MATCHES), min_size=1, max_size=3, unique=True)))) for day in days
    ]


def _on(day: int, match_id: str, values: dict[tuple[int, str], int]) -> dict[str, Any]:
    return a_match(match_id, location=f"Field {values[day, match_id]}")


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    order=deliveries(),
    values=st.fixed_dictionaries({(day, m): st.integers(1, 2) for day in range(1, 7) for m in _MATCHES}),
)
def test_what_stays_is_what_the_newest_observation_said(
    store: Store, order: list[tuple[int, tuple[str, ...]]], values: dict[tuple[int, str], int]
) -> None:
    """Whatever the order of arrival: each match holds the values of the newest day it was listed on, and all add up."""
    store.arrange(
        "TRUNCATE touchline.matches, touchline.changes, touchline.inbox, touchline.frontier, touchline.sightings, "
        "touchline.run_accounts"
    )
    store.run_id = uuid4()
    for day, listed in order:
        store.put([_on(day, match_id, values) for match_id in listed], day=day)
    for match_id in _MATCHES:
        days = [day for day, listed in order if match_id in listed]
        stored = store.rows("SELECT location FROM match_list WHERE match_id = %(m)s", m=match_id)
        assert [row["location"] for row in stored] == ([f"Field {values[max(days), match_id]}"] if days else [])
    (run,) = store.rows("SELECT inserted, updated, unchanged, stale FROM runs")
    assert sum(run.values()) == sum(len(listed) for _, listed in order)
    # replaying the history from the first sight ends at what is stored
    for row in store.rows(
        "SELECT DISTINCT ON (match_id) match_id, new FROM match_changes ORDER BY match_id, changed_at DESC"
    ):
        assert store.match(row["match_id"])["location"] == row["new"]


def _at_once(*tasks: Callable[[], Counts | None]) -> list[Counts | None]:
    barrier = threading.Barrier(len(tasks))

    def run(task: Callable[[], Counts | None]) -> Counts | None:
        barrier.wait(10)
        return task()

    with ThreadPoolExecutor(len(tasks)) as threads:
        return [future.result(60) for future in [threads.submit(run, task) for task in tasks]]


@pytest.mark.parametrize("seed", range(6))
def test_two_workers_storing_overlapping_batches_at_once(store: Store, seed: int) -> None:
    """Batches that share matches, in opposite orders, old and new: no deadlock, right counts, the newest stays."""
    ids = [str(n) for n in range(120)]
    first = [a_match(m, location="old") for m in ids[:80]]
    second = [a_match(m, location="new") for m in reversed(ids[40:])]
    if seed % 2:
        store.put([a_match(m) for m in ids], day=1)
    results = _at_once(lambda: store.put(first, day=2), lambda: store.put(second, day=3))
    total = Counts()
    for counts in results:
        assert counts is not None
        total += counts
    assert total.inserted + total.updated + total.unchanged + total.stale == 160
    assert total.inserted == (0 if seed % 2 else 120)
    assert {row["location"] for row in store.rows("SELECT location FROM match_list WHERE match_id::int >= 40")} == {
        "new"
    }
    (run,) = store.rows("SELECT inserted + updated + unchanged + stale AS accounted FROM runs")
    assert run["accounted"] == (160 + 120 if seed % 2 else 160)


def test_the_same_message_at_once_is_stored_once(store: Store) -> None:
    """Ten deliveries of one message: nine find it in the inbox."""
    message_id = uuid4()
    results = _at_once(*[lambda: store.put([a_match("1"), a_match("2")], message_id=message_id)] * 8)
    assert [counts for counts in results if counts is not None] == [Counts(inserted=2)]


def test_nobody_changes_a_match_while_another_decides_that_it_is_unchanged(store: Store, any_store_url: str) -> None:
    """A late change waits for the newer observation's "unchanged" to commit, and is stale then."""
    from actors.store.frontier import pass_frontier

    store.put([a_match("1")], day=1)
    other = open_pool(any_store_url, size=1)
    with ThreadPoolExecutor(1) as thread:
        with transaction(other) as connection:
            # the newer observation is under way: it holds the frontier, and has seen the match unchanged
            pass_frontier(connection, source="mlsnext", part="league-26-27", observed_at="2026-10-03T12:00:00Z")
            connection.execute("INSERT INTO touchline.sightings VALUES ('mlsnext', '2026-10-03T12:00:00Z', ARRAY['1'])")
            late = thread.submit(store.put, [a_match("1", status="cancelled")], day=2)
            wait_for_a_lock(store)
            assert not late.done()
        assert late.result(30) == Counts(stale=1)
    other.close()
    assert store.match("1")["status"] == "scheduled"
