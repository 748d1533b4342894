"""Who may run beside whom in a worker process."""

from __future__ import annotations

import threading
from collections.abc import Callable

from actors.middleware.isolation import Isolation
from contract.names import MATCHES, RUNS, SCRAPES

PATIENCE = 10.0


class Runner:
    """A thread that enters, waits to be let go, and leaves."""

    def __init__(self, isolation: Isolation, queue: str, *, alone: bool) -> None:
        self.entered = threading.Event()
        self.refused = threading.Event()
        self.leave = threading.Event()
        self.alone: bool | None = None

        def run() -> None:
            if not isolation.enter(queue, alone=alone):
                self.refused.set()
                return
            self.entered.set()
            self.leave.wait(PATIENCE)
            self.alone = isolation.leave()

        self.thread = threading.Thread(target=run, daemon=True)
        self.thread.start()

    def end(self) -> None:
        self.leave.set()
        self.thread.join(PATIENCE)


def test_who_runs_alone_waits_for_the_others_and_they_for_it() -> None:
    """Two run together; a third that must be alone waits for both, and a fourth for the third."""
    isolation = Isolation()
    first, second = (Runner(isolation, MATCHES, alone=False) for _ in range(2))
    assert first.entered.wait(PATIENCE)
    assert second.entered.wait(PATIENCE)
    suspect = Runner(isolation, RUNS, alone=True)
    first.end()
    assert not suspect.entered.wait(0.3)
    late = Runner(isolation, MATCHES, alone=False)
    second.end()
    assert suspect.entered.wait(PATIENCE), "who came later does not hold it up"
    assert not late.entered.wait(0.3)
    suspect.end()
    assert late.entered.wait(PATIENCE)
    late.end()
    assert (first.alone, suspect.alone, late.alone) == (False, True, False)


def test_scrapes_hold_up_nobody() -> None:
    """A scrape takes up to 25 minutes: a batch that must run alone does not wait for it, nor the other way round."""
    isolation = Isolation()
    scrape = Runner(isolation, SCRAPES, alone=True)
    assert scrape.entered.wait(PATIENCE)
    batch = Runner(isolation, MATCHES, alone=True)
    assert batch.entered.wait(PATIENCE)
    batch.end()
    scrape.end()


def test_the_place_of_a_dead_thread_is_free() -> None:
    """A thread that was struck down inside leaves nothing locked."""
    isolation = Isolation()
    struck = threading.Thread(target=lambda: isolation.enter(MATCHES, alone=True))
    struck.start()
    struck.join()
    assert isolation.enter(MATCHES, alone=True)


def test_nobody_waits_for_a_process_that_stops() -> None:
    """Who would have to wait is told to go; who need not may still run."""
    isolation = Isolation()
    running = Runner(isolation, MATCHES, alone=False)
    assert running.entered.wait(PATIENCE)
    waiting = Runner(isolation, MATCHES, alone=True)
    isolation.stop()
    assert waiting.refused.wait(PATIENCE)
    running.end()


def test_leaving_without_having_entered_is_told() -> None:
    """A message that was skipped before it entered holds no place."""
    leave: Callable[[], bool | None] = Isolation().leave
    assert leave() is None
