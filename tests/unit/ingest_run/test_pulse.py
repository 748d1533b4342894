"""A run that has nothing to say for a while says that it is alive, and that costs it nothing."""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from uuid import UUID

import dramatiq
import pytest
from dramatiq.errors import ConnectionClosed

from contract.names import RUNS
from ingest.publisher import Publisher
from ingest.pulse import INTERVAL, Pulse, interval_for
from ingest.run import run
from ingest.sources import Scope
from ingest.spool import Spool
from tests.unit.ingest_run.made_up import Fetching, MadeUp, Says, check_message, match, name_of, then_raises

RUN = UUID("5b0e3d5c-9a43-4f5a-8c63-0a6a5a1b7f10")

#: Seconds between two signs of life in these tests, and within which one has to come.
OFTEN, SOON = 0.02, 30.0


class Line(dramatiq.Broker):
    """One connection: what is sent over it can be waited for. `send` may raise, or hang."""

    def __init__(self, send: Callable[[], object] = lambda: None) -> None:
        super().__init__(middleware=[])
        self.sent: queue.SimpleQueue[dramatiq.Message[Any]] = queue.SimpleQueue()
        self.closed = threading.Event()
        self._send = send

    def enqueue(self, message: dramatiq.Message[Any], *, delay: int | None = None) -> dramatiq.Message[Any]:
        self._send()
        self.sent.put(message)
        return message

    def close(self) -> None:
        self.closed.set()

    def names(self) -> Iterator[str]:
        while not self.sent.empty():
            message = self.sent.get()
            check_message(message)
            yield name_of(message)


class Lines:
    """Makes connections: `own` for the run, `beside` for its signs of life."""

    def __init__(self, beside: Line | None = None) -> None:
        self.own, self.beside = Line(), beside or Line()
        self.made: list[str] = []

    def __call__(self) -> Line:
        name = threading.current_thread().name
        self.made.append(name)
        return self.beside if name == "pulse" else self.own


def do(home: Path, lines: Lines, source: MadeUp, *, every: float = OFTEN) -> None:
    with Publisher(lines, Spool(home, "amqp://made.up"), timeout=0) as publisher:
        run(
            source,
            Scope(),
            run_id=RUN,
            publisher=publisher,
            fetcher=Fetching(),  # type: ignore[arg-type]
            alive_every=every,
        )


def after_two_signs(lines: Lines) -> Callable[[], str]:
    """A site that answers only when the run has said twice that it is alive."""

    def fetch() -> str:
        signs = [lines.beside.sent.get(timeout=SOON) for _ in range(2)]
        for sign in signs:
            check_message(sign)
            assert (name_of(sign), sign.queue_name, sign.kwargs["run_id"]) == ("alive", RUNS, str(RUN))
        assert len({sign.message_id for sign in signs}) == 2
        return "documents"

    return fetch


def test_a_run_says_that_it_is_alive_while_a_site_is_slow(tmp_path: Path) -> None:
    """Over a connection of its own, again and again, until the next part is read."""
    lines = Lines()
    do(tmp_path, lines, MadeUp({"a": Says([match(1)]), "slow": Says([match(2)], fetch=after_two_signs(lines))}))
    assert list(lines.own.names()) == ["started", "batch", "part_finished", "batch", "part_finished"]
    assert lines.made.count("pulse") == 1


def test_a_run_with_nothing_new_says_nothing_at_all(tmp_path: Path) -> None:
    """However slow the site is to say so: no message, no connection, no thread."""
    lines = Lines()
    threads: list[str] = []

    def nothing() -> None:
        threads.extend(thread.name for thread in threading.enumerate())

    do(tmp_path, lines, MadeUp({"a": Says(fetch=nothing), "b": Says(fetch=nothing)}))
    assert lines.made == []
    assert threads
    assert "pulse" not in threads


@pytest.mark.parametrize("how", [None, KeyError("events"), KeyboardInterrupt()])
def test_signs_of_life_end_with_the_run(tmp_path: Path, how: BaseException | None) -> None:
    """However it ends: the thread is gone and its connection closed."""
    lines = Lines()
    slow = Says([match(2)], fetch=after_two_signs(lines))
    if how is not None:
        slow.matches = then_raises([match(2)], how)
    try:
        do(tmp_path, lines, MadeUp({"a": Says([match(1)]), "slow": slow}))
    except KeyboardInterrupt:
        assert isinstance(how, KeyboardInterrupt)
    assert lines.beside.closed.wait(SOON)
    assert join_pulse()


def join_pulse() -> bool:
    """Whether the thread ends by itself, now that it has been told to."""
    for thread in threading.enumerate():
        if thread.name == "pulse":
            thread.join(SOON)
            return not thread.is_alive()
    return True


def test_a_sign_of_life_that_cannot_be_sent_is_dropped(tmp_path: Path) -> None:
    """Nothing is spooled, the run goes on, and the next sign is tried in its turn."""
    tried: queue.SimpleQueue[None] = queue.SimpleQueue()

    def refuse() -> None:
        tried.put(None)
        raise ConnectionClosed("away")

    def fetch() -> str:
        for _ in range(3):
            tried.get(timeout=SOON)
        return "documents"

    lines = Lines(Line(refuse))
    do(tmp_path, lines, MadeUp({"a": Says([match(1)]), "slow": Says([match(2)], fetch=fetch)}))
    assert list(lines.own.names()) == ["started", "batch", "part_finished", "batch", "part_finished"]
    assert len(Spool(tmp_path, "amqp://made.up")) == 0


def test_a_sign_of_life_that_hangs_holds_up_nothing(tmp_path: Path) -> None:
    """A broker that takes the one connection's messages and hangs on the other: the run ends all the same."""
    hanging, released = threading.Event(), threading.Event()

    def hang() -> None:
        hanging.set()
        released.wait(SOON)

    lines = Lines(Line(hang))
    slow = Says([match(2)], fetch=lambda: hanging.wait(SOON) and "documents")
    try:
        do(tmp_path, lines, MadeUp({"a": Says([match(1)]), "slow": slow}))
        assert not lines.beside.closed.is_set()
        assert list(lines.own.names())[-1] == "part_finished"
    finally:
        released.set()
    assert lines.beside.closed.wait(SOON)


def test_a_run_that_says_enough_needs_no_sign_of_life(tmp_path: Path) -> None:
    """Each confirmed message is one: nothing is added before the interval has passed in silence."""
    lines = Lines()
    do(tmp_path, lines, MadeUp({str(n): Says([match(n)]) for n in range(20)}), every=3600)
    assert "pulse" not in lines.made


def test_a_publisher_with_one_connection_sends_no_signs_of_life() -> None:
    """Where no second connection can be made there is no thread."""
    pulse = Pulse(None, lambda: ({}, ""), interval=0)
    with pulse:
        pulse.heard()
    assert join_pulse()


def test_four_signs_of_life_may_be_lost_before_a_run_is_missed() -> None:
    """Every 20 s where it is missed after 90; more often where the settings are less patient."""
    assert interval_for(90) == INTERVAL == 20
    assert interval_for(3600) == 20
    assert interval_for(9) == 2
