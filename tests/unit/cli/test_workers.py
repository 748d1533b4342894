"""What `touchline up` does about a worker that ends: when it is started again, what it says, how its log is kept."""

from __future__ import annotations

import importlib
import logging
import os
import signal
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from contract.names import QUEUES
from contract.settings import Settings
from touchline.stop_signals import SAME_SIGNAL, StopSignals
from touchline.worker_logs import WorkerLog
from touchline.workers import Worker, WorkerRefused, Workers

# the package's attribute of that name is the command
up = importlib.import_module("touchline.commands.up")


class Clock:
    """Seconds that pass when they are told to."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


@dataclass
class Script(Worker):
    """A worker that is a shell script."""

    script: str = "exit 3"

    def command(self) -> list[str]:
        return ["/bin/sh", "-c", self.script]

    def ended(self) -> None:
        """It has, and may be looked at."""
        assert self._process is not None
        self._process.wait(10)


@pytest.fixture
def clock() -> Clock:
    return Clock()


def test_a_worker_that_keeps_dying_waits_longer_each_time(
    tmp_path: Path, clock: Clock, caplog: pytest.LogCaptureFixture
) -> None:
    """0.5 s, doubled up to 10 s; who lived for a minute begins with 0.5 s again."""
    worker = Script("workers-1", tmp_path / "w.log")
    waits = []
    with Workers([worker], clock=clock) as workers:
        for life in (0, 0, 0, 0, 0, 0, 61):
            worker.ended()
            clock.now += life
            died, lives = clock.now, worker._process
            while worker._process is lives:
                workers.look()
                clock.now += 0.25
            waits.append(clock.now - 0.25 - died)
    assert waits == [0.5, 1, 2, 4, 8, 10, 0.5]
    assert "workers-1 ended with exit code 3; started again in 0.5 s" in caplog.text


@pytest.mark.parametrize(
    ("script", "said"),
    [
        ("kill -9 $$", "SIGKILL"),
        ("kill -TERM $$", "SIGTERM"),
        ("echo '[1] [CRITICAL] Worker with PID 7 exited unexpectedly (code -11). Shutting down...'; exit 1", "SIGSEGV"),
        ("echo 'touchline: the broker is away'; exit 3", r"exit code 3 (the broker is away)"),
        ("exit 0", "exit code 0"),
    ],
)
def test_a_death_is_named(
    tmp_path: Path, clock: Clock, caplog: pytest.LogCaptureFixture, script: str, said: str
) -> None:
    """By its signal, also where only dramatiq's master knows it, or by its exit code; with the worker's last words."""
    worker = Script("w", tmp_path / "w.log", script=script)
    with Workers([worker], clock=clock) as workers:
        worker.ended()
        workers.look()
    assert f"w ended with {said}; started again" in caplog.text


def test_one_that_refuses_is_not_started_again(tmp_path: Path) -> None:
    """Its reason and its next step become the command's, without the password."""
    script = "echo 'touchline: amqp://me:s3cr3t@mq/x is wrong'; echo '  → look at RABBITMQ_URL'; exit 2"
    worker = Script("w", tmp_path / "w.log", script=script)
    with Workers([worker]) as workers:
        worker.ended()
        with pytest.raises(WorkerRefused) as refused:
            workers.look()
    assert str(refused.value) == "w refuses to start: amqp://me:***@mq/x is wrong"
    assert refused.value.hint == f"look at RABBITMQ_URL; all it said is in {worker.log}"


def test_one_that_cannot_import_refuses_with_the_end_of_its_traceback(tmp_path: Path) -> None:
    """dramatiq's exit code for that is the same 2."""
    lines = "[1] [ERROR] Failed to import module.", "Traceback:", "  File x", "ImportError: no x", "[1] [CRITICAL] bye"
    worker = Script("w", tmp_path / "w.log", script="".join(f"echo '{line}'; " for line in lines) + "exit 2")
    with Workers([worker]) as workers:
        worker.ended()
        with pytest.raises(WorkerRefused, match="w refuses to start: ImportError: no x"):
            workers.look()


def test_one_that_cannot_be_started_is_tried_again(
    tmp_path: Path, clock: Clock, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    """For want of memory or room, for example; the others are not left alone for it."""
    worker, other = Script("w", tmp_path / "w.log"), Script("other", tmp_path / "o.log", script="exec sleep 60")
    with Workers([worker, other], clock=clock) as workers:
        worker.ended()
        workers.look()
        with monkeypatch.context() as patch:
            patch.setattr(worker, "command", lambda: [str(tmp_path / "gone")])
            clock.now += 0.5
            workers.look()
        assert "w cannot be started" in caplog.text
        assert "tried again in 1.0 s" in caplog.text
        first = worker._process
        clock.now += 1
        workers.look()
        assert worker._process is not first
        assert other.alive


def test_without_the_reading_side_there_is_no_worker_for_scrapes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """And the lines at the start say so."""
    settings = Settings(home=tmp_path)
    assert [worker.name for worker in up._team(settings, tmp_path, 2, 8)] == ["workers-1", "workers-2", "scrapes"]
    monkeypatch.setattr(up, "_READING", ("ingest", "not_installed_here"))
    assert [worker.name for worker in up._team(settings, tmp_path, 2, 8)] == ["workers-1", "workers-2"]
    assert "none for scrapes" in dict(up._lines(settings, 2, 8, tmp_path))["Workers"]


def test_each_queue_has_a_worker(tmp_path: Path) -> None:
    """A new queue is not forgotten, and none is consumed twice."""
    team = list(up._team(Settings(home=tmp_path), tmp_path, 1, 8))
    assert sorted(queue for worker in team for queue in worker.queues) == sorted(QUEUES)


def test_workers_are_asked_to_stop_once_and_then_killed(tmp_path: Path, clock: Clock) -> None:
    """One that is deaf to SIGTERM has the grace and a margin; that is no end in order."""
    log = tmp_path / "w.log"
    deaf = Script("deaf", log, script="trap 'echo asked' TERM; echo ready; while :; do sleep 0.05; done", grace=0)

    def patience() -> bool:
        clock.now += 1
        return False

    with Workers([deaf], at_once=patience, clock=clock) as workers:
        while not log.stat().st_size:
            pass
        workers.ask_to_stop()
        assert not workers.stop()
    assert log.read_text().count("asked") == 1
    assert deaf.exit_code == -signal.SIGKILL


def test_last_words_are_those_of_the_last_life(tmp_path: Path) -> None:
    """What an earlier worker said is not the reason why this one ended."""
    log = WorkerLog(tmp_path / "w.log")
    for line in ("touchline: first", "[1] a line of dramatiq's"):
        with log.open() as out:
            out.write(f"{line}\n".encode())
    assert log.last_words().sentence == ""


def test_a_log_is_bounded(tmp_path: Path) -> None:
    """Above its bound it becomes `.1`; who has it open goes on writing into the new one."""
    log = WorkerLog(tmp_path / "w.log", most_bytes=100)
    with log.open() as out:
        out.write(b"a" * 101)
        out.flush()
        log.cut()
        out.write(b"touchline: new\n")
        out.flush()
    assert log.path.read_bytes() == b"touchline: new\n"
    assert (tmp_path / "w.log.1").read_bytes() == b"a" * 101
    assert log.last_words().sentence == "new"


@pytest.fixture
def signals(clock: Clock) -> Iterator[StopSignals]:
    before = signal.getsignal(signal.SIGTERM), signal.getsignal(signal.SIGINT), signal.getsignal(signal.SIGHUP)
    with StopSignals(clock=clock) as signals:
        yield signals
    for number, handler in zip((signal.SIGTERM, signal.SIGINT, signal.SIGHUP), before, strict=True):
        signal.signal(number, handler)


@pytest.mark.parametrize(("after", "at_once"), [(SAME_SIGNAL, False), (SAME_SIGNAL + 0.1, True)])
def test_a_later_signal_means_at_once(signals: StopSignals, clock: Clock, after: float, at_once: bool) -> None:
    """One that comes together with the first is the same."""
    os.kill(os.getpid(), signal.SIGTERM)
    signals.wait(10)
    assert signals.asked
    assert not signals.at_once
    clock.now += after
    os.kill(os.getpid(), signal.SIGINT)
    signals.wait(10)
    assert signals.at_once == at_once


def test_workers_log_nothing_while_they_live(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """Looking is silent."""
    with caplog.at_level(logging.DEBUG), Workers([Script("w", tmp_path / "w.log", script="exec sleep 60")]) as workers:
        workers.look()
    assert caplog.text == ""
