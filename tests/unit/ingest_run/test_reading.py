"""How far a run reads ahead."""

from __future__ import annotations

import gc
import threading
import weakref
from pathlib import Path
from typing import Any

import pytest
from dramatiq.middleware.threading import Interrupt, raise_thread_exception

from tests.unit.ingest_run.made_up import Gate, MadeUp, Says, match
from tests.unit.ingest_run.test_run import do


def test_the_next_part_is_fetched_while_one_is_published(tmp_path: Path) -> None:
    """The second fetch is done while the first part's rows are still being read."""
    fetched = Gate()

    def rows() -> Any:
        fetched.wait()
        yield match(1)

    def fetch() -> str:
        fetched.open()
        return "documents"

    outcome, _ = do(tmp_path, MadeUp({"a": Says(rows()), "b": Says([match(2)], fetch=fetch)}))
    assert outcome.found == 2


@pytest.mark.parametrize("concurrency", [1, 2, 5])
def test_at_most_two_parts_are_in_memory(tmp_path: Path, concurrency: int) -> None:
    """However fast the site is and whatever the source allows: one part is published, one is fetched ahead."""

    class Documents:
        pass

    alive: weakref.WeakSet[Documents] = weakref.WeakSet()
    most = []
    lock = threading.Lock()

    def fetch() -> Documents:
        with lock:
            gc.collect()
            alive.add(documents := Documents())
            most.append(len(alive))
        return documents

    source = MadeUp({str(n): Says([match(n)], fetch=fetch) for n in range(12)}, concurrency=concurrency)
    # what the tests before this one left in memory is not looked through each time
    gc.freeze()
    try:
        outcome, _ = do(tmp_path, source)
    finally:
        gc.unfreeze()
    assert outcome.found == 12
    assert max(most) <= 2
    assert sorted(source.fetched, key=int) == [str(n) for n in range(12)]


def test_parts_are_fetched_together_where_the_source_allows_it(tmp_path: Path) -> None:
    """With concurrency 2 both first fetches are under way at once: each waits for the other here."""
    both = threading.Barrier(2, timeout=30)

    def fetch() -> str:
        both.wait()
        return "documents"

    source = MadeUp({"a": Says([match(1)], fetch=fetch), "b": Says([match(2)], fetch=fetch)}, concurrency=2)
    outcome, _ = do(tmp_path, source)
    assert outcome.exit_code == 3
    assert outcome.found == 2


def test_a_run_that_waits_for_its_site_can_be_interrupted(tmp_path: Path) -> None:
    """A time limit or a stop, thrown into its thread, ends it though the site has not answered."""
    asked, answered, interrupted = threading.Event(), threading.Event(), threading.Event()

    def fetch() -> str:
        asked.set()
        answered.wait(60)
        return "documents"

    def scrape() -> None:
        try:
            do(tmp_path, MadeUp({"a": Says([match(1)], fetch=fetch)}))
        except Interrupt:
            interrupted.set()

    thread = threading.Thread(target=scrape, daemon=True)
    thread.start()
    try:
        assert asked.wait(30)
        raise_thread_exception(thread.ident, Interrupt)
        assert interrupted.wait(30)
    finally:
        answered.set()
