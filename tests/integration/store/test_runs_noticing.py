"""Runs that say nothing more, and messages that do not arrive: noticed, with the numbers, and taken back."""

from __future__ import annotations

from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from uuid import UUID, uuid4

import pytest

from actors.store import runs
from actors.store.database import transaction
from actors.store.dead import DeadRow
from actors.store.runs import ARRIVAL, SILENCE, Judged
from tests.integration.store.conftest import Store, a_match

#: Of a worker that has had its database all day.
LONG = 86_400.0
AT = "2026-10-03T22:30:{:02}Z"


def start(store: Store, *parts: str, second: int = 0) -> None:
    with transaction(store.pool) as connection:
        said: dict[str, Any] = {"params": {}, "trigger": "cli", "scheduled_for": None}
        runs.start(connection, store.run_id, "mlsnext", at=AT.format(second), parts=list(parts), **said)


def end(store: Store, part: str, messages: Mapping[UUID, int], *, second: int = 1, **said: Any) -> None:
    said["messages"] = {str(message_id): rows for message_id, rows in messages.items()}
    end_unnamed(store, part, second=second, found=sum(messages.values()), batches=len(messages), **said)


def end_unnamed(store: Store, part: str, *, second: int = 1, **said: Any) -> None:
    with transaction(store.pool) as connection:
        runs.end_part(connection, store.run_id, "mlsnext", part, at=AT.format(second), **said)


def put(store: Store, *matches: str, part: str = "a") -> tuple[UUID, int]:
    """Store a batch; its id, and how many rows it has."""
    message_id = uuid4()
    store.put([a_match(match_id) for match_id in matches], part=part, message_id=message_id)
    return message_id, len(matches)


def alive(store: Store) -> None:
    with transaction(store.pool) as connection:
        runs.alive(connection, store.run_id)


def pass_by(store: Store, seconds: float) -> None:
    """As if nothing had been heard of the run for so long."""
    with transaction(store.pool) as connection:
        connection.execute(
            "UPDATE touchline.run_accounts SET last_sign_at = now() - make_interval(secs => %s)", (seconds,)
        )


def judge(store: Store, storing_for: float = LONG) -> list[Judged]:
    return runs.judge(store.pool, storing_for=storing_for)


def run_of(store: Store) -> dict[str, Any]:
    (run,) = store.rows("SELECT * FROM public.runs WHERE run_id = %(run_id)s", run_id=store.run_id)
    return run


def accounted(run: Mapping[str, Any]) -> int:
    return sum(run[name] for name in ("inserted", "updated", "unchanged", "stale", "dead"))


def test_a_run_that_says_nothing_more_is_interrupted(store: Store) -> None:
    """Its process died in the middle of the second part: the state says so, and how far it came."""
    start(store, "a", "b", "c")
    end(store, "a", dict([put(store, "1", "2")]))
    put(store, "3", part="b")
    pass_by(store, SILENCE + 1)
    [judged] = judge(store)
    run = run_of(store)
    assert (judged.run_id, judged.state, judged.error) == (store.run_id, "interrupted", run["error"])
    assert run["state"] == "interrupted"
    assert "nothing was heard of its process for 91 s" in run["error"]
    assert "parts read: 1 of 3; matches that arrived: 3" in run["error"]
    assert run["finished_at"] is not None
    # what the part that never ended had sent is found, too
    assert run["found"] == accounted(run) == 3
    assert judge(store) == []


def test_a_run_whose_start_was_never_heard_is_interrupted_too(store: Store) -> None:
    """A batch may overtake the first event; where that never comes the run does not run for ever."""
    put(store, "1")
    pass_by(store, SILENCE + 1)
    assert [judged.state for judged in judge(store)] == ["interrupted"]


@pytest.mark.parametrize("sign", ["alive", "batch", "part", "started"])
def test_any_sign_of_life_keeps_a_run_alive(store: Store, sign: str) -> None:
    """A slow fetch of minutes is none of a death's signs, as long as the run says something."""
    start(store, "a", "b")
    pass_by(store, SILENCE + 1)
    match sign:
        case "alive":
            alive(store)
        case "batch":
            put(store, "1")
        case "part":
            end(store, "a", {})
        case "started":
            start(store, "a", "b", second=1)
    assert judge(store) == []
    assert run_of(store)["state"] == "running"


@pytest.mark.parametrize("sign", ["alive", "batch", "part"])
def test_an_interrupted_run_that_is_heard_of_runs_again(store: Store, sign: str) -> None:
    """Its worker was merely cut off, or a batch had waited: the verdict is taken back, and the run can finish."""
    start(store, "a", "b")
    first = put(store, "1")
    pass_by(store, SILENCE + 1)
    assert judge(store)
    match sign:
        case "alive":
            alive(store)
        case "batch":
            put(store, "2", part="b")
        case "part":
            end(store, "a", dict([first]))
    run = run_of(store)
    assert (run["state"], run["error"], run["finished_at"]) == ("running", None, None)
    if sign != "part":
        end(store, "a", dict([first]))
    end(store, "b", dict([put(store, "3", part="b")]))
    run = run_of(store)
    assert (run["state"], run["error"]) == ("succeeded", None)
    assert run["found"] == accounted(run)


@pytest.mark.parametrize("how", ["succeeded", "stopped", "suspect"])
def test_a_late_sign_of_life_revives_no_run_that_ended(store: Store, how: str) -> None:
    """`alive` may be delivered after everything else; what the run itself said last holds."""
    start(store, "a")
    message = put(store, "1")
    if how == "stopped":
        end(store, "a", dict([message]), failed=True, interrupted=True, error="stopped by Ctrl-C", kind="transient")
    elif how == "succeeded":
        end(store, "a", dict([message]))
    else:
        end(store, "a", dict([message, (uuid4(), 5)]))
        pass_by(store, ARRIVAL + 1)
        assert judge(store)
    before = run_of(store)
    alive(store)
    assert run_of(store) == before
    assert before["state"] != "running"


def test_a_sign_of_life_of_an_unknown_run_makes_none(store: Store) -> None:
    """It may overtake the first event, or come after the run was forgotten."""
    alive(store)
    assert store.rows("SELECT * FROM public.runs") == []


@pytest.mark.parametrize("storing_for", [0.0, SILENCE - 1])
def test_nothing_is_judged_by_a_worker_that_has_just_come_back(store: Store, storing_for: float) -> None:
    """While the database was away, or no worker ran, signs of life waited in the queue: they are heard first."""
    start(store, "a")
    pass_by(store, 3600)
    assert judge(store, storing_for) == []
    assert run_of(store)["state"] == "running"
    assert judge(store, SILENCE + 1)


def test_batches_that_do_not_arrive_make_the_run_suspect(store: Store) -> None:
    """Of three messages one is lost: the state is suspect, and the error says how many matches are missing."""
    start(store, "a", "b")
    end(store, "a", dict([put(store, "1", "2"), (uuid4(), 200)]))
    end(store, "b", dict([put(store, "3", part="b")]))
    assert run_of(store)["state"] == "running"
    pass_by(store, ARRIVAL - 10)
    assert judge(store) == []
    pass_by(store, ARRIVAL + 1)
    [judged] = judge(store)
    assert judged.state == run_of(store)["state"] == "suspect"
    assert "matches missing: 200 of 203; messages that arrived: 2 of 3; nothing came for 15 min" in judged.error


def test_missing_batches_are_given_the_time_of_the_longest_retry_after_an_outage(store: Store) -> None:
    """A worker that has had its database for a minute does not know yet what still comes."""
    start(store, "a")
    end(store, "a", {uuid4(): 200})
    pass_by(store, 86_400)
    assert judge(store, SILENCE + 1) == []
    assert judge(store, ARRIVAL + 1)


def test_a_suspect_run_whose_batches_arrive_after_all_is_finished(store: Store) -> None:
    """They had waited in a queue that nobody consumed: counted, the run succeeds, and the doubt is gone."""
    start(store, "a")
    late, later = uuid4(), uuid4()
    end(store, "a", {late: 1, later: 2})
    pass_by(store, ARRIVAL + 1)
    assert judge(store)
    store.put([a_match("1")], part="a", message_id=late)
    assert run_of(store)["state"] == "running"
    store.put([a_match("2"), a_match("3")], part="a", message_id=later)
    run = run_of(store)
    assert (run["state"], run["error"], run["found"], run["inserted"]) == ("succeeded", None, 3, 3)


def test_dead_rows_have_arrived(store: Store) -> None:
    """A row that cannot be stored is accounted for: nothing is missing."""
    start(store, "a")
    message_id = uuid4()
    end(store, "a", {message_id: 2})
    store.put([a_match("1")], part="a", message_id=message_id, bad=[DeadRow("2", "malformed", "no", {})])
    run = run_of(store)
    assert (run["state"], run["found"], run["inserted"], run["dead"]) == ("succeeded", 2, 1, 1)


def test_rows_of_an_earlier_reading_do_not_stand_in_for_missing_ones(store: Store) -> None:
    """A part is read again after a crash, and the site has changed: the sums agree, and yet a batch is missing."""
    start(store, "a")
    put(store, "1", "2")  # the reading that died
    start(store, "a", second=1)
    missing = uuid4()
    end(store, "a", {missing: 2}, second=2)
    run = run_of(store)
    assert (run["state"], run["found"], accounted(run)) == ("running", 2, 2)
    pass_by(store, ARRIVAL + 1)
    [judged] = judge(store)
    assert "matches missing: 2 of 2; messages that arrived: 0 of 1" in judged.error
    assert run_of(store)["found"] - accounted(run_of(store)) == 2
    store.put([a_match("1"), a_match("3")], part="a", message_id=missing)
    run = run_of(store)
    assert run["state"] == "succeeded"
    assert run["found"] == accounted(run) == 4


def test_what_only_an_earlier_reading_sent_counts_as_found(store: Store) -> None:
    """A batch that both readings sent is counted once, one that only the first sent is found as well: sums agree."""
    start(store, "a")
    both = put(store, "1", "2")
    put(store, "3")
    start(store, "a", second=1)
    end(store, "a", dict([both, put(store, "3", "4")]), second=2)
    run = run_of(store)
    assert (run["state"], run["found"], accounted(run)) == ("succeeded", 5, 5)
    # and one of the first reading that was delivered only now
    put(store, "9")
    run = run_of(store)
    assert (run["state"], run["found"], accounted(run)) == ("succeeded", 6, 6)


def test_a_part_that_names_no_messages_is_counted_as_before(store: Store) -> None:
    """A producer that is older than this, or a part of more than a thousand messages: rows are counted."""
    start(store, "a")
    end_unnamed(store, "a", found=3, batches=1)
    put(store, "1", "2")
    assert run_of(store)["state"] == "running"
    pass_by(store, ARRIVAL + 1)
    [judged] = judge(store)
    assert "matches missing: 1 of 3" in judged.error
    put(store, "3")
    assert run_of(store)["state"] == "succeeded"


def test_a_run_that_somebody_stopped_is_interrupted(store: Store) -> None:
    """Ctrl-C is no failure: the state says who ended it, and the numbers how far it came."""
    start(store, "a", "b")
    end(store, "a", dict([put(store, "1", "2")]))
    stopped: dict[str, Any] = {"failed": True, "interrupted": True, "kind": "transient", "error": "stopped by Ctrl-C"}
    end(store, "b", dict([put(store, "3", part="b")]), **stopped)
    run = run_of(store)
    assert run["state"] == "interrupted"
    assert run["error"] == "stopped by Ctrl-C; parts read: 1 of 2; matches that arrived: 3"
    assert run["found"] == accounted(run) == 3


def test_many_workers_judge_at_once(store: Store) -> None:
    """Each run is given up by one of them, and said once."""
    expected = set()
    for _ in range(20):
        store.run_id = uuid4()
        expected.add(store.run_id)
        start(store, "a")
    pass_by(store, SILENCE + 1)
    with ThreadPoolExecutor(4) as threads:
        found = [judged.run_id for batch in threads.map(lambda _: judge(store), range(4)) for judged in batch]
    assert len(found) == len(expected)
    assert set(found) == expected


def test_a_message_that_comes_at_the_same_moment_wins(store: Store) -> None:
    """While a batch of the run is being stored nobody gives the run up."""
    start(store, "a")
    pass_by(store, SILENCE + 1)
    with transaction(store.pool) as connection:
        runs.alive(connection, store.run_id)
        assert judge(store) == []
    assert judge(store) == []
    assert run_of(store)["state"] == "running"
