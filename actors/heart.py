"""Says every two seconds how this process is, in a thread of its own, for `touchline health` and probes.

A process works whether or not anybody can hear it: a directory that cannot be written is said once, in the log.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Mapping
from typing import Any

from actors import metrics
from contract.health import INTERVAL, judge
from contract.heartbeats import Beat, Heartbeat, Kind
from contract.settings import load

_logger = logging.getLogger(__name__)


class Heart:
    """One for the process, started after it was forked. `describe` returns JSON and is called from the thread."""

    def __init__(self, kind: Kind, describe: Callable[[], Mapping[str, Any]]) -> None:
        self._kind = kind
        self._describe = describe
        self._now = threading.Event()
        self._heartbeat: Heartbeat | None = None
        self._deaf = False

    def start(self) -> None:
        """Returns when it was said for the first time."""
        self._beat()
        threading.Thread(target=self._run, name="heart", daemon=True).start()

    def hurry(self) -> None:
        """Something has changed that others should hear of at once."""
        self._now.set()

    def _run(self) -> None:
        while True:
            self._now.wait(INTERVAL)
            self._now.clear()
            self._beat()

    def _beat(self) -> None:
        try:
            said = self._describe()
        except Exception:
            # threads come and go while they are looked at; a process that can never say how it is falls silent
            _logger.debug("This process cannot say how it is.", exc_info=True)
            return
        if self._kind == "worker":
            metrics.set_ready(judge(Beat(self._kind, 0, 0.0, said)).ready)
        self._say(said)

    def _say(self, said: Mapping[str, Any]) -> None:
        directory = load().runtime_dir if self._heartbeat is None else None
        try:
            if self._heartbeat is None:
                assert directory is not None
                self._heartbeat = Heartbeat(directory, self._kind)
            self._heartbeat.say(said)
        except OSError as error:
            if not self._deaf:
                self._deaf = True
                _logger.warning("Nobody hears how this process is, which goes on working: %s", error)
        else:
            self._deaf = False
