"""What a worker process looks after besides its messages."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from types import SimpleNamespace

import dramatiq
import pytest
from dramatiq.brokers.stub import StubBroker
from dramatiq.middleware.threading import raise_thread_exception

from actors.middleware.chores import Chores
from actors.middleware.gate import Gate
from actors.store.news import recorded
from contract.broker.errors import BrokerAway
from contract.broker.patience import Patience
from contract.errors import UnreachableError
from contract.names import MATCHES, RUNS

PATIENCE = 10.0


@pytest.fixture
def broker() -> Iterator[StubBroker]:
    broker = StubBroker(middleware=[])
    yield broker
    broker.close()


@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
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


@pytest.mark.parametrize(("queues", "done"), [(None, 1), ({RUNS}, 1), ({MATCHES}, 0)])
def test_withdrawals_that_a_dead_worker_left_are_made_up_for(
    broker: StubBroker, monkeypatch: pytest.MonkeyPatch, queues: set[str] | None, done: int
) -> None:
    """By whoever works on the queue in which runs end."""
    calls: list[object] = []
    monkeypatch.setattr("actors.middleware.chores.pool", lambda: "pool")
    monkeypatch.setattr("actors.middleware.chores.carry_out", lambda pool: calls.append(pool) or 3)
    Chores(Gate(look=lambda: None))._withdraw(dramatiq.Worker(broker, queues=queues))
    assert calls == ["pool"] * done


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


def test_no_run_is_judged_by_a_worker_that_could_not_hear_it(
    broker: StubBroker, monkeypatch: pytest.MonkeyPatch
) -> None:
    """While the queue is away signs of life cannot arrive: how long it is back counts, not how long the database is."""
    now = 1_000.0
    stored_for: list[float] = []
    monkeypatch.setattr("actors.middleware.chores.time.monotonic", lambda: now)
    monkeypatch.setattr("actors.middleware.chores.drain", lambda *_: 0)
    monkeypatch.setattr("actors.middleware.chores.pool", lambda: None)
    monkeypatch.setattr(
        "actors.middleware.chores.judge", lambda _, *, storing_for, **__: stored_for.append(storing_for) or []
    )
    broker.patience = Patience()  # type: ignore[attr-defined]
    worker = dramatiq.Worker(broker, queues={RUNS})
    gate = Gate(look=lambda: None)
    gate.open_since = 0.0
    chores = Chores(gate)
    now = 1_100.0
    broker.patience.trouble(RUNS, BrokerAway("gone"))  # type: ignore[attr-defined]
    chores._round(worker)
    broker.patience.well(RUNS)  # type: ignore[attr-defined]
    now = 1_150.0
    chores._round(worker)
    assert stored_for == [0.0, 50.0]


def test_news_is_handed_over_as_soon_as_its_message_is_done(
    broker: StubBroker, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nobody waits for the next round, which is five seconds away at least; a message without news wakes nobody."""
    handed = threading.Event()
    monkeypatch.setattr("actors.notify.hand_over", lambda broker: handed.set())
    chores = Chores(Gate(look=lambda: None))
    monkeypatch.setattr(chores, "_round", lambda worker: None)
    worker = SimpleNamespace(broker=broker, consumer_whitelist=None)
    recorded.clear()
    chores.after_worker_boot(broker, worker)  # type: ignore[arg-type]
    try:
        chores.after_process_message(broker, None)  # type: ignore[arg-type]
        assert not chores._wake.is_set()
        recorded.set()
        chores.after_process_message(broker, None)  # type: ignore[arg-type]
        assert handed.wait(PATIENCE)
        assert not recorded.is_set()
    finally:
        chores.before_worker_shutdown(broker, worker)  # type: ignore[arg-type]
        chores.after_worker_shutdown(broker, worker)  # type: ignore[arg-type]
