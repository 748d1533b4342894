"""The account of a run: finished when every part has ended and every match is accounted for, whatever came first."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from typing import Any
from uuid import uuid4

import pytest

from actors.store import runs
from actors.store.database import transaction
from tests.integration.store.conftest import Store, a_match

AT = "2026-10-03T22:30:{:02}Z"


def _start(store: Store, *parts: str, second: int = 0) -> None:
    with transaction(store.pool) as connection:
        said: dict[str, Any] = {"params": {}, "trigger": "cli", "scheduled_for": None}
        runs.start(connection, store.run_id, "mlsnext", at=AT.format(second), parts=list(parts), **said)


def _end(store: Store, part: str, *, found: int = 0, second: int = 1, **said: Any) -> None:
    with transaction(store.pool) as connection:
        runs.end_part(connection, store.run_id, "mlsnext", part, at=AT.format(second), found=found, batches=1, **said)


def _run(store: Store) -> dict[str, Any]:
    (run,) = store.rows("SELECT * FROM public.runs")
    return run


@pytest.mark.parametrize("order", list(itertools.permutations(range(4))))
def test_a_run_finishes_with_its_last_message_whatever_that_is(store: Store, order: tuple[int, ...]) -> None:
    """Events and batches come through different queues, so any of them may be the last."""
    store.run_id = uuid4()
    messages: list[Callable[[], Any]] = [
        lambda: _start(store, "a"),
        lambda: store.put([a_match("1"), a_match("2")], part="a"),
        lambda: store.put([a_match("3")], part="a"),
        lambda: _end(store, "a", found=3),
    ]
    for place, index in enumerate(order):
        if place:
            assert _run(store)["state"] == "running"
        messages[index]()
    run = _run(store)
    assert (run["state"], run["found"], run["inserted"]) == ("succeeded", 3, 3)
    assert run["finished_at"] is not None


def test_a_run_waits_for_all_its_parts(store: Store) -> None:
    """One league of two is not the run."""
    _start(store, "a", "b")
    _end(store, "a")
    assert _run(store)["state"] == "running"
    _end(store, "b", not_modified=True)
    assert _run(store)["state"] == "suspect"


def test_a_run_that_found_nothing_is_suspect(store: Store) -> None:
    """ "Succeeded with 0 rows" does not exist."""
    _start(store, "a")
    _end(store, "a")
    run = _run(store)
    assert run["state"] == "suspect"
    assert "no match at all" in run["error"]


def test_a_part_that_failed_fails_the_run_and_keeps_what_it_stored(store: Store) -> None:
    """What was read before it failed is stored and accounted for; the error says why."""
    _start(store, "a", "b")
    store.put([a_match("1")], part="a")
    _end(store, "a", found=1, failed=True, kind="transient", error="the site went away")
    store.put([a_match("2")], part="b")
    _end(store, "b", found=1)
    run = _run(store)
    assert (run["state"], run["error"], run["found"], run["inserted"]) == ("failed", "the site went away", 2, 2)


def test_a_part_that_failed_and_is_read_again_is_made_good(store: Store) -> None:
    """The order is carried out again: the run is open again, and the later word on the part counts."""
    _start(store, "a")
    _end(store, "a", failed=True, kind="transient", error="away")
    assert _run(store)["state"] == "failed"
    _start(store, "a", second=2)
    assert _run(store)["state"] == "running"
    store.put([a_match("1")], part="a")
    _end(store, "a", found=1, second=3)
    run = _run(store)
    assert (run["state"], run["error"]) == ("succeeded", None)


def test_a_late_word_on_a_part_changes_the_verdict(store: Store) -> None:
    """Events may overtake each other: what the part said last counts, also of a finished run."""
    _start(store, "a")
    store.put([a_match("1")], part="a")
    _end(store, "a", found=1, failed=True, kind="transient", error="away")
    assert _run(store)["state"] == "failed"
    _end(store, "a", found=1, second=3)
    assert (_run(store)["state"], _run(store)["error"]) == ("succeeded", None)


def test_not_modified_takes_nothing_back(store: Store) -> None:
    """A part that was read, and is asked for again by a second delivery of the order, keeps what was found."""
    _start(store, "a")
    store.put([a_match("1")], part="a")
    _end(store, "a", found=1)
    _end(store, "a", not_modified=True, second=2)
    assert (_run(store)["found"], _run(store)["state"]) == (1, "succeeded")


def test_a_run_that_fails_as_a_whole_needs_no_parts(store: Store) -> None:
    """Planning may fail before there is a part."""
    _start(store, "a", "b")
    _end(store, "", failed=True, kind="unknown", error="the plan failed")
    assert _run(store)["state"] == "failed"


def test_a_notice_is_told_and_fails_nothing(store: Store) -> None:
    """A league that is not published yet is said, beside those that were stored."""
    _start(store, "a", "b")
    _end(store, "b", error="b is not published")
    store.put([a_match("1")], part="a")
    _end(store, "a", found=1)
    assert (_run(store)["state"], _run(store)["error"]) == ("succeeded", "b is not published")
