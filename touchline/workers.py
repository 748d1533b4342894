"""Worker processes under a command: each started, watched and restarted by itself, stopped together, never orphaned.

`dramatiq` ends all its processes when one of them dies. So each of them is a `dramatiq` of its own here, and one that
dies takes nobody's work with it. This is the supervisor of `touchline up`; on servers it is systemd, Docker or
Kubernetes (docs/operations.md).

    started ──► running ──dies──► waiting (0.5 s, doubled up to 10 s) ──► started
                   │ └──refuses its settings (exit code 2)──► all are stopped
                   └──asked to stop (SIGTERM, once) ──► ended, or killed after the grace and 8 s

Nothing is lost by a death: the queue delivers again what the dead worker had (`actors.middleware`).
"""

from __future__ import annotations

import logging
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType

from contract.errors import ConfigurationError
from contract.orphans import stop_with_parent
from touchline.worker_logs import LastWords, WorkerLog

#: Seconds before a worker that died is started again: doubled each time up to the second, forgotten after a life as
#: long as the third.
RESTART_DELAY, RESTART_DELAY_MOST, RESTART_FORGOTTEN = 0.5, 10.0, 60.0

#: Seconds beyond the grace until workers are killed. They end by themselves five seconds after it, whatever their
#: actors do (`actors.middleware.stopping`); this is for one that cannot even do that.
MARGIN = 8.0

#: A worker that ends with this code has refused its settings: to start it again would say the same.
REFUSED = 2

#: Seconds between two looks at workers that are to end.
_LOOK = 0.1


class WorkerRefused(ConfigurationError):
    """A worker says that its settings are wrong; so would the next."""


@dataclass
class Worker:
    """One `dramatiq actors --processes 1`: its master and, under that, the process that works."""

    name: str
    log: Path
    threads: int = 8
    #: None: all.
    queues: Sequence[str] = ()
    #: Messages taken from a queue ahead of time; None: Dramatiq's default, two a thread.
    prefetch: int | None = None
    #: Seconds that running actors get when it is asked to stop.
    grace: float = 30.0
    output: WorkerLog = field(init=False)
    _process: subprocess.Popen[bytes] | None = field(default=None, init=False)
    _asked: bool = field(default=False, init=False)

    def __post_init__(self) -> None:
        self.output = WorkerLog(self.log)

    def start(self) -> None:
        """To be called by a thread that lives as long as the worker shall: the kernel ends the one with the other."""
        prefetch = {} if self.prefetch is None else {"dramatiq_queue_prefetch": str(self.prefetch)}
        parent = os.getpid()

        def before_exec() -> None:
            # a handler of ours would swallow the signal until exec forgets it
            signal.signal(signal.SIGTERM, signal.SIG_DFL)
            stop_with_parent(parent)

        with self.output.open() as log:
            self._process = subprocess.Popen(  # noqa: S603 - our own worker
                self.command(),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                env=os.environ | prefetch,
                # its own group: Ctrl-C on the terminal reaches this process, which then asks it to stop, once
                start_new_session=True,
                preexec_fn=before_exec,
            )
        self._asked = False

    def command(self) -> list[str]:
        """What is run."""
        command = [sys.executable, "-m", "dramatiq", "actors", "--processes", "1", "--threads", str(self.threads)]
        # the grace is the workers' own affair; Dramatiq's limit, ten minutes otherwise, must only not be shorter
        command += ["--worker-shutdown-timeout", str(int((self.grace + MARGIN) * 1000))]
        if self.queues:
            command += ["--queues", *self.queues]
        return command

    @property
    def alive(self) -> bool:
        return self._process is not None and self._process.poll() is None

    @property
    def exit_code(self) -> int | None:
        """What the master ended with; negative for a signal."""
        return self._process.poll() if self._process else None

    def ask_to_stop(self) -> None:
        """Only once: the second SIGTERM ends a worker at once."""
        if self._process is not None and self.alive and not self._asked:
            self._asked = True
            self._process.send_signal(signal.SIGTERM)

    def kill(self) -> None:
        """The master and what is under it."""
        if self._process is not None and self.alive:
            with suppress(ProcessLookupError):
                os.killpg(self._process.pid, signal.SIGKILL)
            self._process.wait()


class Workers:
    """Keeps workers running; a context manager that stops them. For one thread, that of the command.

    `at_once` says whether whoever asked to stop has lost patience; `clock` counts seconds.
    """

    def __init__(
        self,
        workers: Sequence[Worker],
        *,
        at_once: Callable[[], bool] = lambda: False,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._lives = [_Life(worker) for worker in workers]
        self._at_once = at_once
        self._clock = clock
        self._logger = logging.getLogger(__name__)

    def __enter__(self) -> Workers:
        try:
            for life in self._lives:
                life.start(self._clock())
        except BaseException:
            self.kill()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def look(self) -> None:
        """Start again what died and is due; to be called a few times a second. Raises WorkerRefused."""
        now = self._clock()
        for life in self._lives:
            life.worker.output.cut()
            if life.worker.alive:
                continue
            if life.due is None:
                said = life.worker.output.last_words()
                if life.worker.exit_code == REFUSED:
                    raise _refusal(life.worker, said)
                delay = life.died(now)
                self._logger.warning(
                    "%s ended with %s%s; started again in %.1f s. Its log: %s",
                    life.worker.name,
                    _how(life.worker.exit_code, said.code),
                    f" ({said.sentence})" if said.sentence else "",
                    delay,
                    life.worker.log,
                )
            elif now >= life.due:
                self._start_again(life, now)

    def _start_again(self, life: _Life, now: float) -> None:
        try:
            life.start(now)
        except OSError as error:
            # no memory or no room for one more just now: no reason to leave the others alone
            self._logger.error(
                "%s cannot be started: %s; tried again in %.1f s", life.worker.name, error, life.died(now)
            )

    def ask_to_stop(self) -> None:
        """Tell the workers to finish what is running and end; `stop` waits for that."""
        for life in self._lives:
            life.worker.ask_to_stop()

    def stop(self) -> bool:
        """Let running actors finish within the grace, then kill what is left. Returns whether all ended in order.

        A worker that is killed loses nothing either: what it had is delivered again.
        """
        asked = [life.worker for life in self._lives if life.worker.alive]
        self.ask_to_stop()
        deadline = self._clock() + MARGIN + max((life.worker.grace for life in self._lives), default=0)
        try:
            while any(life.worker.alive for life in self._lives):
                if self._clock() >= deadline or self._at_once():
                    return False
                time.sleep(_LOOK)
            # a master that SIGTERM ended was still booting, and had no worker yet
            return all(worker.exit_code in (0, -signal.SIGTERM) for worker in asked)
        finally:
            self.kill()

    def kill(self) -> None:
        """At once."""
        for life in self._lives:
            life.worker.kill()


@dataclass
class _Life:
    """When a worker was started, and when it is due to be started again."""

    worker: Worker
    due: float | None = None
    _started: float = 0.0
    _delay: float = RESTART_DELAY

    def start(self, now: float) -> None:
        self.due = None
        self._started = now
        self.worker.start()

    def died(self, now: float) -> float:
        """Seconds until it is due."""
        if now - self._started >= RESTART_FORGOTTEN:
            self._delay = RESTART_DELAY
        delay, self._delay = self._delay, min(self._delay * 2, RESTART_DELAY_MOST)
        self.due = now + delay
        return delay


def _how(code: int | None, inner: int | None) -> str:
    """An exit code, or a signal by its name. `inner` is that of the worker process, whose master only says 1 for it."""
    if inner is not None and inner < 0:
        code = inner
    if code is None or code >= 0:
        return f"exit code {code}"
    try:
        return signal.Signals(-code).name
    except ValueError:
        return f"signal {-code}"


def _refusal(worker: Worker, said: LastWords) -> WorkerRefused:
    why = f": {said.sentence}" if said.sentence else ""
    where = f"all it said is in {worker.log}"
    return WorkerRefused(f"{worker.name} refuses to start{why}", hint=f"{said.hint}; {where}" if said.hint else where)
