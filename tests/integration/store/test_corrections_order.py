"""Corrections among batches: whatever the order, and whoever is at it at the same moment, none undoes the other."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any

import psycopg
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from actors.errors import NotCorrectable
from actors.store.corrections import correct, take_back
from actors.store.counts import Counts
from actors.store.database import connect
from tests.integration.store.conftest import Store, a_match
from tests.integration.store.readings import wait_for_a_lock

FIELDS = "home_score, away_score, status, date::text AS date, kickoff, location, notes"

_MATCH = st.one_of(
    st.builds(
        lambda home, away, location: {
            "status": "completed",
            "home_score": home,
            "away_score": away,
            "location": location,
        },
        st.integers(0, 2),
        st.integers(0, 2),
        st.sampled_from(["Field 1", "Field 2"]),
    ),
    st.just({}),
    st.just({"status": "postponed", "date": None, "kickoff": None}),
    st.just({"status": "postponed", "date": "2026-10-17", "kickoff": None}),
)
_PUT = st.tuples(st.just("put"), st.integers(1, 6), _MATCH)
_SAY = st.tuples(
    st.just("say"),
    st.sampled_from(
        [
            {"home_score": 2},
            {"home_score": 0, "away_score": 1},
            {"status": "completed", "home_score": 1, "away_score": 1},
            {"status": "cancelled"},
            {"status": "scheduled"},
            {"date": "2026-10-17", "kickoff": None},
            {"location": "Field 2", "notes": "moved"},
            {"location": None},
        ]
    ),
)
_UNSAY = st.tuples(st.just("unsay"), st.sampled_from([(), ("home_score",), ("location",)]))


def _row(store: Store, match_id: str) -> dict[str, Any]:
    return store.rows(
        f"SELECT {FIELDS} FROM match_list JOIN touchline.match_extras USING (source, match_id) WHERE match_id = %(m)s",
        m=match_id,
    )[0]


def _typed(field: str, value: str | None) -> Any:
    return int(value) if value is not None and field.endswith("_score") else value


def _open(store: Store) -> list[dict[str, Any]]:
    return store.rows("SELECT * FROM touchline.match_corrections WHERE state IN ('standing', 'resting')")


@settings(max_examples=120, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(acts=st.lists(st.one_of(_PUT, _PUT, _SAY, _UNSAY), min_size=2, max_size=10), first=_MATCH)
def test_the_site_is_followed_under_a_correction_as_without_one(
    store: Store, acts: list[tuple[Any, ...]], first: dict[str, Any]
) -> None:
    """Of two matches that are listed alike one is corrected: under its corrections it is as the other."""
    store.arrange(
        "TRUNCATE touchline.matches, touchline.changes, touchline.inbox, touchline.frontier, touchline.sightings, "
        "touchline.run_accounts, touchline.corrections, touchline.news"
    )
    store.put([a_match("1", **first), a_match("2", **first)], day=1)
    for act in acts:
        try:
            match act:
                case "put", day, said:
                    counts = store.put([a_match("1", **said), a_match("2", **said)], day=day)
                    assert counts
                    assert counts.inserted + counts.updated + counts.unchanged + counts.stale == 2
                case "say", values:
                    correct(store.pool, "mlsnext", "1", values, why="so", by="ann")
                case "unsay", fields:
                    take_back(store.pool, "mlsnext", "1", fields, why="no", by="ann")
        except NotCorrectable:
            pass
        shown, site, corrections = _row(store, "1"), _row(store, "2"), _open(store)
        for each in corrections:
            if each["field"] != "kickoff":
                assert _typed(each["field"], each["site_value"]) == site[each["field"]]
            assert each["value"] != each["site_value"]
        standing = {c["field"]: _typed(c["field"], c["value"]) for c in corrections if c["state"] == "standing"}
        assert len(standing) in (0, len(corrections)), "all rest, or none"
        assert shown == site | standing
        assert sorted(store.match("1")["corrected"] or []) == sorted(standing)
    # the history leads to what is shown
    told = store.rows(
        "SELECT DISTINCT ON (field) field, new FROM touchline.changes WHERE match_id = '1' "
        "ORDER BY field, change_id DESC"
    )
    shown = _row(store, "1")
    for row in told:
        if row["field"] in shown and row["field"] != "kickoff":
            assert _typed(row["field"], row["new"]) == shown[row["field"]]


def played(home: int, away: int, match_id: str = "1") -> dict[str, Any]:
    return a_match(match_id, status="completed", home_score=home, away_score=away)


def _site_says(store: Store) -> tuple[Any, ...]:
    (row,) = store.rows("SELECT value, site_value, state FROM touchline.match_corrections")
    return tuple(row.values())


@contextmanager
def _thread() -> Iterator[ThreadPoolExecutor]:
    with ThreadPoolExecutor(2) as threads:
        yield threads


def test_corrected_while_a_batch_is_about_to_write_the_match(store: Store, any_store_url: str) -> None:
    """The batch compared before the correction was there, and writes after it: the correction stays."""
    store.put([played(1, 3)], day=1)
    with _thread() as threads:
        with connect(any_store_url) as person, person.transaction():
            correct(person, "mlsnext", "1", {"home_score": 2}, why="so", by="ann")
            batch = threads.submit(store.put, [played(0, 3)], day=2)
            wait_for_a_lock(store)
        counts = batch.result(60)
    assert counts is not None
    assert counts.unchanged + counts.updated == 1
    assert store.match("1")["home_score"] == 2
    assert _site_says(store) == ("2", "0", "standing")


def test_corrected_while_a_batch_has_written_the_match(store: Store, any_store_url: str) -> None:
    """The person waits for the batch, and overrules what it wrote."""
    store.put([played(1, 3, "1"), played(1, 3, "2")], day=1)
    with _thread() as threads:
        with psycopg.connect(any_store_url) as other:
            other.execute("SELECT FROM touchline.matches WHERE match_id = '2' FOR UPDATE")
            # locks 1, and waits for 2
            batch = threads.submit(store.put, [played(0, 3, "1"), played(0, 3, "2")], day=2)
            wait_for_a_lock(store)
            said = threads.submit(correct, store.pool, "mlsnext", "1", {"home_score": 2}, why="so", by="ann")
            wait_for_a_lock(store)
            assert not said.done()
        assert batch.result(60) == Counts(updated=2)
        assert said.result(60).changes[0].site == 0
    assert store.match("1")["home_score"] == 2
    assert _site_says(store) == ("2", "0", "standing")


def test_the_site_comes_round_while_a_person_takes_it_back(store: Store, any_store_url: str) -> None:
    """Whoever is first ends it; it ends once."""
    store.put([played(1, 3)], day=1)
    correct(store.pool, "mlsnext", "1", {"home_score": 2}, why="so", by="ann")
    with _thread() as threads:
        with connect(any_store_url) as person, person.transaction():
            take_back(person, "mlsnext", "1", why="no", by="bob")
            batch = threads.submit(store.put, [played(2, 3)], day=2)
            wait_for_a_lock(store)
        assert batch.result(60) == Counts(updated=1)
    assert store.match("1")["home_score"] == 2
    assert store.match("1")["corrected"] is None
    assert _site_says(store) == ("2", "1", "taken_back")
    assert store.rows("SELECT FROM touchline.news") == []


@pytest.mark.parametrize("seed", range(4))
def test_workers_and_people_at_once(store: Store, seed: int) -> None:
    """Batches of several days and people who correct and take back, all at once: everybody is heard."""
    ids = [f"{n:02}" for n in range(40)]
    store.put([played(1, 3, match_id) for match_id in ids], day=1)
    barrier = threading.Barrier(5)

    def batch(day: int, *, backwards: bool) -> None:
        barrier.wait(30)
        rows = [played(day, 9, match_id) for match_id in ids]
        for part in ("league-26-27", "b"):
            store.put(rows[::-1] if backwards else rows, day=day, part=part)

    def people(mine: list[str], last: Callable[[str], Any]) -> None:
        barrier.wait(30)
        for match_id in mine:
            correct(store.pool, "mlsnext", match_id, {"home_score": 100}, why="so", by="ann")
            last(match_id)

    def stays(_: str) -> None:
        pass

    def back(match_id: str) -> None:
        take_back(store.pool, "mlsnext", match_id, why="no", by="bob")

    with ThreadPoolExecutor(5) as threads:
        tasks = [
            threads.submit(batch, 2, backwards=bool(seed % 2)),
            threads.submit(batch, 3, backwards=False),
            threads.submit(batch, 4, backwards=True),
            threads.submit(people, ids[:20], stays),
            threads.submit(people, ids[:19:-1], back),
        ]
        for task in tasks:
            task.result(120)
    shown = {row["match_id"]: row["home_score"] for row in store.rows("SELECT match_id, home_score FROM match_list")}
    assert shown == dict.fromkeys(ids[:20], 100) | dict.fromkeys(ids[20:], 4)
    kept = store.rows("SELECT match_id, site_value FROM touchline.match_corrections WHERE state = 'standing'")
    assert {row["match_id"]: row["site_value"] for row in kept} == dict.fromkeys(ids[:20], "4")


def test_a_worker_of_the_version_before_does_not_undo_it(store: Store) -> None:
    """It writes all columns and knows nothing of corrections: what it writes counts as what the site says."""
    store.put([played(1, 3)], day=1)
    correct(store.pool, "mlsnext", "1", {"home_score": 2, "notes": "brawl"}, why="so", by="ann")
    with psycopg.connect(store.owner_url) as older:
        older.execute(
            "UPDATE touchline.matches SET home_score = 0, away_score = 4, notes = NULL, location = 'Field 2',"
            " status = 'completed', date = '2026-10-10', kickoff = NULL, division = 'Northeast', home_penalties = NULL,"
            " away_penalties = NULL, observed_at = '2026-10-02T12:00Z', changed_at = now(),"
            " fingerprint = gen_random_uuid()"
        )
    match = store.match("1")
    assert (match["home_score"], match["away_score"], match["location"]) == (2, 4, "Field 2")
    assert match["corrected"] == ["home_score", "notes"]
    kept = store.rows("SELECT field, site_value FROM touchline.match_corrections ORDER BY field")
    assert [tuple(row.values()) for row in kept] == [("home_score", "0"), ("notes", None)]
