"""The processes that are hurt: supervised workers, as systemd would run them, and commands. None outlives the suite."""

from __future__ import annotations

import os
import pickle
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Final, Self

from tests.chaos.model import Observation
from tests.fix_leftovers import Lifeline

ROOT: Final = Path(__file__).parents[2]

#: Seconds before a worker that ended by itself is started again.
RESTART: Final = 1.0
#: Characters of a line of a log that are shown: some hold a whole batch.
_WIDTH: Final = 300
#: Seconds that an orderly stop may take before it counts as failed.
STOP: Final = 60.0


class Workers:
    """One `dramatiq` program, started again whenever it ends without having been asked to."""

    def __init__(self, environment: Mapping[str, str], log: Path, *, threads: int) -> None:
        #: `--processes 1`: `dramatiq` ends them all when one dies, so that more would only die together.
        self._command = [sys.executable, "-m", "dramatiq", "tests.chaos.worker"]
        self._command += ["--processes", "1", "--threads", str(threads)]
        self._environment = dict(environment)
        self._stopping = threading.Event()
        self.log = log
        #: How often it was started again, and the codes of ends that were asked for.
        self.restarts = 0
        self._process, self._lifeline = self._spawn()
        self._supervisor = threading.Thread(target=self._supervise, daemon=True)
        self._supervisor.start()

    @property
    def pid(self) -> int:
        return self._process.pid

    def kill(self) -> None:
        """SIGKILL to the program and its worker processes, as when memory runs out."""
        with suppress(ProcessLookupError):  # dead at this moment by something else
            os.killpg(self._process.pid, signal.SIGKILL)

    def stop(self) -> int:
        """An orderly stop by one SIGTERM to the program; its exit code, or -9 where it had to be killed.

        0 where it was dead at that moment, by a fault, and waited to be started again.
        """
        self._stopping.set()
        if self._process.poll() is not None:
            self._supervisor.join()
            return 0
        self._process.send_signal(signal.SIGTERM)
        try:
            code = self._process.wait(STOP)
        except subprocess.TimeoutExpired:
            self.kill()
            code = self._process.wait()
        self._supervisor.join()
        return code

    def kill_if_running(self) -> None:
        """The end, whatever it is doing."""
        self._stopping.set()
        if self._process.poll() is None:
            self.kill()
        self._supervisor.join()

    def restart(self) -> int:
        """One step of a rolling restart; the exit code of the old program."""
        code = self.stop()
        self._stopping.clear()
        self._process, self._lifeline = self._spawn()
        self._supervisor = threading.Thread(target=self._supervise, daemon=True)
        self._supervisor.start()
        return code

    def tail(self, lines: int = 40) -> str:
        text = self.log.read_text(errors="replace") if self.log.exists() else ""
        return "\n".join(line[:_WIDTH] for line in text.splitlines()[-lines:])

    def _spawn(self) -> tuple[subprocess.Popen[bytes], Lifeline]:
        with self.log.open("ab") as output:
            process = subprocess.Popen(
                self._command,
                cwd=ROOT,
                env=self._environment,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                start_new_session=True,
            )
        return process, Lifeline.tie(process.pid)

    def _supervise(self) -> None:
        while True:
            self._process.wait()
            self._end_group()
            if self._stopping.wait(RESTART):
                return
            self.restarts += 1
            self._process, self._lifeline = self._spawn()

    def _end_group(self) -> None:
        """What the program left: a worker whose program was killed alone would go on without it."""
        with suppress(ProcessLookupError):
            os.killpg(self._process.pid, signal.SIGKILL)
        self._lifeline.release()


class Traps:
    """Lays the traps of `tests.chaos.worker`, and sees them spring."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        directory.mkdir()
        self._count = 0

    def lay(self, point: str, *, hold: bool = False) -> Path:
        """A trap at `point`; returns the path that it has once it is sprung."""
        self._count += 1
        trap = self.directory / f"{point}.{self._count}"
        return self._lay(Path(f"{trap}.{'hold' if hold else 'kill'}"))

    def _lay(self, path: Path) -> Path:
        path.touch()
        return path.with_suffix(".sprung")

    def wait(self, sprung: Path, seconds: float = 30.0) -> None:
        """Until the trap has sprung. Raises TimeoutError."""
        deadline = time.monotonic() + seconds
        while not sprung.exists():
            if time.monotonic() > deadline:
                raise TimeoutError(f"nothing came to the trap {sprung.stem} within {seconds:.0f} s")
            time.sleep(0.02)

    def release(self, sprung: Path) -> None:
        """Whoever waits at the trap goes on."""
        sprung.with_suffix(".go").touch()


class Scraper:
    """A run in a process of its own that stops after so many batches, and waits there for its end."""

    def __init__(
        self, environment: Mapping[str, str], directory: Path, observation: Observation, *, after_batches: int
    ):
        path = directory / "observation"
        path.write_bytes(pickle.dumps(observation))
        self._reached = Path(f"{path}.reached")
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.chaos.scraper", str(path), str(after_batches)],
            cwd=ROOT,
            env=dict(environment),
            stdin=subprocess.DEVNULL,
            start_new_session=True,
        )
        self._lifeline = Lifeline.tie(self._process.pid)

    def wait_until_reached(self, seconds: float = 30.0) -> None:
        """Until it has sent its batches. Raises TimeoutError."""
        deadline = time.monotonic() + seconds
        while not self._reached.exists():
            if time.monotonic() > deadline or self._process.poll() is not None:
                raise TimeoutError("the scraper did not come as far as it was told to")
            time.sleep(0.02)

    def kill(self) -> None:
        """SIGKILL."""
        if self._process.poll() is None:
            os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.kill()
        self._lifeline.release()


def run_command(command: list[str], environment: Mapping[str, str], *, seconds: float) -> tuple[int, str]:
    """`touchline …` in a process of its own: exit code, and all it said."""
    done = subprocess.run(
        [sys.executable, "-m", "touchline", *command],
        cwd=ROOT,
        env=dict(environment),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=seconds,
    )
    return done.returncode, done.stdout
