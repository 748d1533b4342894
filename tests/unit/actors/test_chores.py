"""What a worker process looks after besides its messages."""

from __future__ import annotations

import threading
from collections.abc import Iterator

import dramatiq
import pytest
from dramatiq.brokers.stub import StubBroker
from dramatiq.middleware.threading import raise_thread_exception

from actors.middleware.chores import Chores
from actors.middleware.gate import Gate
from contract.errors import UnreachableError

PATIENCE = 10.0


@pytest.fixture
def broker() -> Iterator[StubBroker]:
    broker = StubBroker(middleware=[])
    yield broker
    broker.close()


def test_a_thread_that_was_struck_down_is_replaced(broker: StubBroker) -> None:
    """Dramatiq's worker threads do not come back by themselves, and without any a process stores nothing."""
    ran = threading.Event()

    @dramatiq.actor(broker=broker)
    def actor() -> None:
        ran.set()

    worker = dramatiq.Worker(broker, worker_threads=1, worker_timeout=50)
    worker.start()
    try:
        (thread,) = worker.workers
        assert thread.ident is not None
        raise_thread_exception(thread.ident, SystemExit)
        thread.join(PATIENCE)
        assert not thread.is_alive()
        chores = Chores(Gate(look=lambda: None))
        chores._replace_dead_threads(worker)
        assert len(worker.workers) == 1
        actor.send()
        assert ran.wait(PATIENCE)
    finally:
        worker.stop()


def test_a_chore_that_cannot_be_done_now_says_so_once(caplog: pytest.LogCaptureFixture) -> None:
    """And again when it says something else, or when it had worked in between; others go on."""
    chores = Chores(Gate(look=lambda: None))

    def away(why: str) -> None:
        raise UnreachableError(why)

    for why in ("gone", "gone", "refused", "refused"):
        chores._try("spool", lambda why=why: away(why))  # type: ignore[misc]
    chores._try("spool", lambda: None)
    chores._try("spool", lambda: away("refused"))
    assert [record.message.rpartition(": ")[2] for record in caplog.records] == ["gone", "refused", "refused"]


def test_a_chore_with_a_bug_ends_no_thread(caplog: pytest.LogCaptureFixture) -> None:
    """It is in the log with its traceback, and tried again."""

    def broken() -> None:
        raise KeyError("nobody")

    Chores(Gate(look=lambda: None))._try("runs", broken)
    assert "KeyError" in caplog.text
