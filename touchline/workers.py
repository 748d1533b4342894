"""Worker processes under a command: started, restarted when they die, stopped with the command, never orphaned.

`dramatiq` ends all its processes when one of them dies, so somebody has to start it again; this is that somebody for
`touchline up`. On servers it is systemd, Docker or Kubernetes.
"""

from __future__ import annotations

import ctypes
import os
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType

#: Seconds that running actors get to finish when the workers are asked to stop.
GRACE = 30.0

#: Seconds before a worker that died is started again: doubled each time up to the second, forgotten after the third.
RESTART_DELAY, RESTART_DELAY_MOST, RESTART_FORGOTTEN = 1.0, 30.0, 60.0

#: A worker that ends with this code has refused its settings: to start it again would say the same.
REFUSED = 2

_PR_SET_PDEATHSIG = 1


@dataclass
class Workers:
    """One `dramatiq actors` with its processes; a context manager that stops it."""

    processes: int = 1
    threads: int = 8
    queues: Sequence[str] = ()
    log: Path | None = None
    _child: subprocess.Popen[bytes] | None = field(default=None, init=False)
    _started: float = field(default=0.0, init=False)
    _delay: float = field(default=RESTART_DELAY, init=False)
    _asked: bool = field(default=False, init=False)

    def __enter__(self) -> Workers:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def start(self) -> None:
        command = [sys.executable, "-m", "dramatiq", "actors"]
        command += ["--processes", str(self.processes), "--threads", str(self.threads)]
        command += ["--worker-shutdown-timeout", str(int(GRACE * 1000))]
        if self.queues:
            command += ["--queues", *self.queues]
        log = self.log.open("ab") if self.log else None
        try:
            self._child = subprocess.Popen(  # noqa: S603 - our own worker
                command,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                # its own group: Ctrl-C on the terminal reaches this process, which then asks it to stop, once
                start_new_session=True,
                preexec_fn=_end_with_parent if sys.platform == "linux" else None,
            )
        finally:
            if log:
                log.close()
        self._started = time.monotonic()
        self._asked = False

    @property
    def alive(self) -> bool:
        return self._child is not None and self._child.poll() is None

    @property
    def exit_code(self) -> int | None:
        return None if self._child is None else self._child.poll()

    def restart_if_dead(self) -> bool:
        """Start the workers again if they died and are due. Returns whether they did."""
        if self.alive or self.exit_code == REFUSED:
            return False
        now = time.monotonic()
        if now - self._started > RESTART_FORGOTTEN:
            self._delay = RESTART_DELAY
        if now - self._started < self._delay:
            return False
        self._delay = min(self._delay * 2, RESTART_DELAY_MOST)
        self.start()
        return True

    def ask_to_stop(self) -> None:
        """Tell the workers to finish what is running and end; `stop` waits for that."""
        if self._child is not None and self._child.poll() is None and not self._asked:
            self._asked = True
            self._child.send_signal(signal.SIGTERM)

    def stop(self) -> None:
        """Let running actors finish within the grace, then end what is left."""
        child = self._child
        if child is None or child.poll() is not None:
            return
        # a second SIGTERM would kill them at once
        self.ask_to_stop()
        try:
            child.wait(GRACE + 5)
        except subprocess.TimeoutExpired:
            os.killpg(child.pid, signal.SIGKILL)
            child.wait()


def _end_with_parent() -> None:
    """In the child, before it becomes the worker: the kernel asks it to stop when this process is gone (prctl(2))."""
    ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)
