"""Matches that are no longer listed: withdrawn by a run that saw everything, listed again when they are there again."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import psycopg
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from psycopg.rows import dict_row

from actors.store import runs
from actors.store.counts import Counts
from actors.store.database import transaction
from actors.store.dead import DeadRow
from actors.store.frontier import pass_frontier
from actors.store.withdrawal import carry_out
from tests.integration.store.conftest import DAY, Store, a_match
from tests.integration.store.readings import SOURCE, Run, read, wait_for_a_lock, withdrawn


def test_a_match_that_is_no_longer_listed_is_withdrawn(store: Store) -> None:
    """As of the observation that missed it; its values stay as they were last observed, and the history says so."""
    read(store, 1, "1", "2")
    before = store.match("2")
    run = read(store, 2, "1")
    after = store.match("2")
    assert run.state == "succeeded"
    assert withdrawn(store) == {"2": "02"}
    assert store.changes() == [("2", "withdrawn_at", None, DAY.format(2))]
    assert after["changed_at"] > before["changed_at"]
    kept = {name: value for name, value in before.items() if name not in ("withdrawn_at", "changed_at")}
    assert kept == {name: after[name] for name in kept}


def test_a_match_that_was_seen_unchanged_is_listed(store: Store) -> None:
    """No write of its own says that it was seen: the sighting of its batch does."""
    read(store, 1, "1", "2")
    read(store, 2, "1", "2")
    read(store, 3, "1", "2")
    assert withdrawn(store) == {}
    assert store.changes() == []


@pytest.mark.parametrize("day", [2, 3])
def test_a_match_that_is_listed_again_returns(store: Store, day: int) -> None:
    """By a newer observation, or another run of the same: an update, with a row of history."""
    read(store, 1, "1", "2")
    read(store, 2, "1")
    run = read(store, day, "1", "2")
    assert withdrawn(store) == {}
    assert run.row["updated"] == 1
    assert store.changes() == [
        ("2", "withdrawn_at", None, DAY.format(2)),
        ("2", "withdrawn_at", DAY.format(2), None),
    ]


def test_a_late_message_does_not_bring_a_match_back(store: Store) -> None:
    """It was sent before the match was withdrawn, and arrives after: the last that was said of it, and no more."""
    read(store, 1, "1", "2")
    read(store, 3, "1")
    assert store.put([a_match("2", status="cancelled")], day=2, part="a") == Counts(updated=1)
    assert store.put([a_match("2", status="cancelled")], day=2, part="a") == Counts(unchanged=1)
    assert store.put([a_match("2")], day=1, part="a") == Counts(stale=1)
    assert withdrawn(store) == {"2": "03"}
    assert store.match("2")["status"] == "cancelled"
    assert store.changes() == [("2", "status", "scheduled", "cancelled"), ("2", "withdrawn_at", None, DAY.format(3))]


def test_a_run_that_did_not_look_at_everything_withdraws_nothing(store: Store) -> None:
    """It was filtered, or rows of it were rejected: what it does not list may be there all the same."""
    read(store, 1, "1", "2")
    run = read(store, 2, "1", complete=False)
    assert run.state == "succeeded"
    assert withdrawn(store) == {}


@pytest.mark.parametrize("how", ["failed", "interrupted", "suspect"])
def test_a_run_that_did_not_succeed_withdraws_nothing(store: Store, how: str) -> None:
    """Also of a part that was read to its end."""
    read(store, 1, "1", "2")
    run = Run(store, 2, ("a", "b")).start().put([a_match("1")]).end()
    if how == "suspect":
        run.put([], part="b", bad=[DeadRow(str(n), "malformed", "no", {}) for n in range(10, 20)]).end("b")
    else:
        said: dict[str, Any] = {"failed": True, "kind": "transient", "error": "away", "complete": False}
        run.end("b", interrupted=how == "interrupted", **said)
    assert run.state == how
    assert withdrawn(store) == {}


def test_parts_are_told_apart(store: Store) -> None:
    """What one league no longer lists says nothing about another."""
    read(store, 1, "1", "2", part="a")
    read(store, 1, "3", "4", part="b")
    read(store, 2, "1", part="a")
    assert withdrawn(store) == {"2": "02"}


def test_a_match_that_moves_to_another_part_is_not_withdrawn(store: Store) -> None:
    """The part that lists it last is asked; the move alone is no change of the match, and no news."""
    read(store, 1, "1", "2", part="a")
    before = store.match("2")
    Run(store, 2, ("a", "b")).start().put([a_match("2")], part="b").end("b").put([a_match("1")]).end()
    after = store.match("2")
    assert withdrawn(store) == {}
    assert store.changes() == []
    assert after["changed_at"] == before["changed_at"]
    [run] = store.rows("SELECT updated, unchanged FROM runs ORDER BY started_at DESC LIMIT 1")
    assert run == {"updated": 0, "unchanged": 2}
    read(store, 3, "9", part="b")
    assert withdrawn(store) == {"2": "03"}


def test_a_match_from_before_parts_were_known_is_not_withdrawn(store: Store) -> None:
    """Nobody can say which part lists it; once it has been listed again everybody can."""
    read(store, 1, "1", "2", "3")
    with transaction(store.pool) as connection:
        connection.execute("UPDATE touchline.matches SET part = NULL")
    read(store, 2, "1", "2")
    assert withdrawn(store) == {}
    read(store, 3, "1")
    assert withdrawn(store) == {"2": "03"}


def test_a_match_whose_row_died_is_not_withdrawn(store: Store) -> None:
    """It was listed; that its row could not be stored is another matter. The others are withdrawn."""
    read(store, 1, "1", "2", "3")
    run = Run(store, 2).start().put([a_match("1")], bad=[DeadRow("2", "malformed", "no", {})]).end()
    assert run.state == "succeeded"
    assert withdrawn(store) == {"3": "02"}


def test_nothing_is_withdrawn_while_a_dead_row_may_be_any_match(store: Store) -> None:
    """Nobody knows which match it is, until it is stored after all: then what is missing is missing."""
    read(store, 1, "1", "2", "3")
    run = Run(store, 2).start().put([a_match("1")], bad=[DeadRow(None, "malformed", "no", {})]).end()
    assert run.state == "succeeded"
    assert withdrawn(store) == {}
    [letter] = store.rows("SELECT carrier FROM touchline.dead")
    with transaction(store.pool) as connection:
        connection.execute("UPDATE touchline.dead SET state = 'replayed'")
    store.put([a_match("2")], day=2, part="a", message_id=letter["carrier"])
    carry_out(store.pool)
    assert run.row["dead"] == 0
    assert withdrawn(store) == {"3": "02"}


def test_a_run_that_was_overtaken_leaves_it_to_the_newer_one(store: Store) -> None:
    """Its last batch comes when a newer run has stored some: what is missing there the newer one says at its end."""
    read(store, 1, "1", "2", "3")
    slow = Run(store, 2).start().put([a_match("1")])
    newer = Run(store, 3).start().put([a_match("1"), a_match("2")])
    slow.end()
    assert slow.state == "succeeded"
    assert withdrawn(store) == {}
    newer.end()
    assert withdrawn(store) == {"3": "03"}


def test_what_a_dead_worker_left_undone_is_done_by_the_next_round(store: Store) -> None:
    """It died between the verdict and the withdrawal: the mark is in the store, and the run is not over until then."""
    read(store, 1, "1", "2")
    run = Run(store, 2).start().put([a_match("1")]).end(carried_out=False)
    assert (withdrawn(store), _told(store, run)) == ({}, "running")
    assert carry_out(store.pool) == 1
    assert (withdrawn(store), _told(store, run)) == ({"2": "02"}, "succeeded")


def _told(store: Store, run: Run) -> str:
    """What somebody hears who waits for the run."""
    with psycopg.connect(store.pool.conninfo, row_factory=dict_row) as connection:
        told = runs.progress(connection, run.run_id)
    assert told is not None
    return str(told["state"])


def test_nobody_withdraws_what_a_newer_batch_is_about_to_list(store: Store) -> None:
    """It is under way, and has taken the part's frontier: the withdrawal waits, and leaves the rest to its run."""
    read(store, 1, "1", "2")
    Run(store, 2).start().put([a_match("1")]).end(carried_out=False)
    with ThreadPoolExecutor(1) as thread:
        with transaction(store.pool) as connection:
            pass_frontier(connection, source=SOURCE, part="a", observed_at=DAY.format(3))
            connection.execute("INSERT INTO touchline.sightings VALUES (%s, %s, %s)", (SOURCE, DAY.format(3), ["2"]))
            withdrawal = thread.submit(carry_out, store.pool)
            wait_for_a_lock(store)
        assert withdrawal.result(30) == 0
    assert withdrawn(store) == {}


def test_nothing_is_withdrawn_for_a_run_that_fails_at_this_moment(store: Store) -> None:
    """The event that says so holds the run's row: the withdrawal waits for it, and the verdict is another one then."""
    read(store, 1, "1", "2")
    run = Run(store, 2).start().put([a_match("1")]).end(carried_out=False)
    said: dict[str, Any] = {"found": 1, "batches": 1, "failed": True, "kind": "transient", "error": "away"}
    with ThreadPoolExecutor(1) as thread:
        with transaction(store.pool) as connection:
            runs.end_part(connection, run.run_id, SOURCE, "a", at="2026-10-02T12:50:00Z", **said)
            withdrawal = thread.submit(carry_out, store.pool)
            wait_for_a_lock(store)
        assert withdrawal.result(30) == 0
    carry_out(store.pool)
    assert (run.state, withdrawn(store), store.changes()) == ("failed", {}, [])


def test_it_is_done_once_whoever_does_it(store: Store) -> None:
    """Eight workers at the same moment, and again: one row of history."""
    read(store, 1, "1", "2")
    run = Run(store, 2).start().put([a_match("1")]).end(carried_out=False)
    with ThreadPoolExecutor(6) as threads:
        done = list(threads.map(lambda _: carry_out(store.pool), range(12)))
    assert sum(done) == 1
    run.end()
    with transaction(store.pool) as connection:
        runs.settle(connection, run.run_id)
    assert carry_out(store.pool) == 0
    assert store.changes() == [("2", "withdrawn_at", None, DAY.format(2))]


def test_matches_return_if_their_run_is_no_good_after_all(store: Store) -> None:
    """Its order is carried out again, and fails now: they are as before. When it is made good they are gone again."""
    read(store, 1, "1", "2")
    run = read(store, 2, "1")
    assert withdrawn(store) == {"2": "02"}
    said: dict[str, Any] = {"failed": True, "kind": "transient", "error": "away", "complete": False}
    run.end(minute=40, observed_at=None, **said)
    assert run.state == "failed"
    assert withdrawn(store) == {}
    # as before: a message that is older than the withdrawal, and newer than the stored values, counts
    assert store.put([a_match("2", location="Field 2")], day=2, part="a") == Counts(updated=1)
    run.start(minute=50)
    run.messages.clear()
    run.put([a_match("1")]).end(minute=55)
    assert run.state == "succeeded"
    assert withdrawn(store) == {}, "it was seen at that observation by now"
    assert [change[1:] for change in store.changes() if change[1] == "withdrawn_at"] == [
        ("withdrawn_at", None, DAY.format(2)),
        ("withdrawn_at", DAY.format(2), None),
    ]


def test_what_was_taken_back_is_withdrawn_again_when_the_run_is_good_again(store: Store) -> None:
    """The same observation, found missing a second time."""
    read(store, 1, "1", "2")
    run = read(store, 2, "1")
    said: dict[str, Any] = {"failed": True, "kind": "transient", "error": "away", "complete": False}
    run.end(minute=40, observed_at=None, **said)
    assert withdrawn(store) == {}
    run.end(minute=50)
    assert (run.state, withdrawn(store)) == ("succeeded", {"2": "02"})


def test_a_run_that_is_read_anew_takes_nothing_back_before_it_ends(store: Store) -> None:
    """An order that was delivered twice: no match goes and comes, unless the second reading dies."""
    read(store, 1, "1", "2")
    run = read(store, 2, "1")
    run.start(minute=40)
    carry_out(store.pool)
    assert (run.state, withdrawn(store)) == ("succeeded", {"2": "02"}), "its parts were all read before"
    run.parts = ("a", "b")
    run.start(minute=45)
    carry_out(store.pool)
    assert (run.state, withdrawn(store)) == ("running", {"2": "02"})
    with transaction(store.pool) as connection:
        connection.execute("UPDATE touchline.run_accounts SET last_sign_at = now() - interval '1 day'")
    assert [judged.state for judged in runs.judge(store.pool, storing_for=86_400)] == ["interrupted"]
    carry_out(store.pool)
    assert withdrawn(store) == {}


def test_late_official_tables_take_a_withdrawal_back(store: Store) -> None:
    """They come after the end of the run, and show that most divisions are missing: it is suspect."""
    read(store, 1, "1", "2")
    run = read(store, 2, "1")
    assert withdrawn(store) == {"2": "02"}
    run.tables("Northeast", *(f"Division {n}" for n in range(8)))
    assert run.state == "suspect"
    assert "8 of the 9 divisions of a have no match" in run.error
    assert withdrawn(store) == {}


def test_what_a_newer_run_saw_missing_too_is_not_taken_back(store: Store) -> None:
    """The older run turns out to be no good: what the site lists now is the newer one's to say."""
    read(store, 1, "1", "2")
    older = read(store, 2, "1")
    read(store, 3, "1", "5")
    said: dict[str, Any] = {"failed": True, "kind": "transient", "error": "away", "complete": False}
    older.end(minute=50, observed_at=None, **said)
    assert older.state == "failed"
    assert withdrawn(store) == {"2": "02"}


def test_what_another_run_of_the_same_observation_saw_missing_too_is_not_taken_back(store: Store) -> None:
    """Two runs read the same state of the site, and one of them is good."""
    read(store, 1, "1", "2")
    first = read(store, 2, "1")
    read(store, 2, "1", hour=1)
    said: dict[str, Any] = {"failed": True, "kind": "transient", "error": "away", "complete": False}
    first.end(minute=50, observed_at=None, **said)
    assert first.state == "failed"
    assert withdrawn(store) == {"2": "02"}


def test_what_a_part_had_sent_before_a_crash_is_listed(store: Store) -> None:
    """Read again, it sends the same rows in the same messages, which the inbox knows: they are as of the first time."""
    ids = [str(n) for n in range(20)]
    read(store, 1, *ids)
    changed = [a_match(match_id, location="Field 2") for match_id in ids[:8]]
    run = Run(store, 2).start().put([*changed, *map(a_match, ids[8:12])])
    # its process died; the site moved on before the order was carried out again, and lists one match less
    run.start(minute=10).put(map(a_match, ids[12:19]), day=3).end(minute=20, observed_at=DAY.format(3))
    assert (run.state, run.error) == ("succeeded", "")
    assert withdrawn(store) == {"19": "03"}


def test_a_part_that_lists_nothing_withdraws_nothing(store: Store) -> None:
    """Nothing there is no answer, however few matches there were."""
    read(store, 1, "1", "2")
    Run(store, 1, ("b",)).start().put([a_match("9")], part="b").end("b")
    run = Run(store, 2, ("a", "b")).start().end("a").put([a_match("9")], part="b").end("b")
    assert run.state == "suspect"
    assert "a lists no match at all; the last good run (2026-10-01 12:00 UTC) found 2" in run.error
    assert withdrawn(store) == {}


_MATCHES = ("1", "2", "3")
_LISTED = st.lists(st.sampled_from(_MATCHES), min_size=1, max_size=3, unique=True)


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(deliveries=st.lists(st.tuples(st.integers(1, 6), _LISTED, st.booleans()), min_size=1, max_size=8))
def test_what_is_withdrawn_follows_from_the_order_of_observations(
    store: Store, deliveries: list[tuple[int, list[str], bool]]
) -> None:
    """Runs of any days in any order, complete or not: gone is what the newest complete one did not list."""
    store.arrange(
        "TRUNCATE touchline.matches, touchline.changes, touchline.inbox, touchline.frontier, touchline.sightings, "
        "touchline.run_accounts, touchline.run_parts"
    )
    seen: dict[str, int] = {}
    gone: dict[str, int] = {}
    frontier = 0
    for day, listed, complete in deliveries:
        read(store, day, *listed, complete=complete)
        for match_id in listed:
            if max(seen.get(match_id, 0), gone.get(match_id, 0)) <= day:
                seen[match_id] = day
                gone.pop(match_id, None)
        frontier = max(frontier, day)
        if complete and day == frontier:
            gone |= {m: day for m, last in seen.items() if last < day and m not in gone}
        assert withdrawn(store) == {m: f"{at:02}" for m, at in sorted(gone.items())}
    told = store.rows(
        "SELECT DISTINCT ON (match_id) match_id, new FROM touchline.changes WHERE field = 'withdrawn_at' "
        "ORDER BY match_id, change_id DESC"
    )
    assert {row["match_id"]: row["new"] for row in told if row["new"]} == {m: DAY.format(at) for m, at in gone.items()}


@pytest.mark.parametrize("seed", range(4))
def test_withdrawals_and_batches_wait_for_each_other_and_never_in_a_circle(store: Store, seed: int) -> None:
    """Two parts that exchange matches, runs that end, and late batches of the very runs, all at once: no deadlock."""
    ids = [str(n) for n in range(60)]
    Run(store, 1, ("a", "b")).start().put(map(a_match, ids[:40])).end().put(map(a_match, ids[40:]), part="b").end("b")
    run = Run(store, 2, ("a", "b")).start().put(map(a_match, ids[:36])).end().put(map(a_match, ids[40:]), part="b")
    run.end("b", carried_out=False)
    other = Run(store, 3 if seed % 2 else 2, ("b",)).start()

    def late() -> None:
        run.put([a_match(m, location="Field 2") for m in reversed(ids[20:50])], part="b")

    def moved() -> None:
        other.put([a_match(m, location="Field 3") for m in ids[30:55]], part="b")

    tasks = [lambda: carry_out(store.pool), late, moved, lambda: carry_out(store.pool), lambda: run.tables("Northeast")]
    with ThreadPoolExecutor(len(tasks)) as threads:
        for future in [threads.submit(task) for task in tasks]:
            future.result(60)
    carry_out(store.pool)
    assert store.rows("SELECT 1 FROM touchline.run_parts WHERE withdrawal_due") == []
    # whoever came first: what is listed by the newest observation is there
    assert withdrawn(store) == {}
