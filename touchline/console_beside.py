"""The console beside the workers of `touchline up`: a process of its own, started again when it dies.

Whatever is wrong with it is said in a sentence, and the workers go on: nothing that is stored needs it.
"""

from __future__ import annotations

import errno
import importlib.util
import logging
import socket
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

from contract.addresses import split_listen
from contract.errors import ConfigurationError, TouchlineError
from touchline.workers import Worker, WorkerRefused, Workers

if TYPE_CHECKING:
    from contract.settings import Settings

#: What it does not work without.
_NEEDED: Final = ("fastapi", "uvicorn", "jinja2", "python_multipart")

#: Seconds that it gets to end: no answer of it takes longer.
_GRACE: Final = 3.0

_log = logging.getLogger(__name__)


@dataclass
class ConsoleProcess(Worker):
    """`touchline console`, which is watched as workers are."""

    listen: str = ""

    def command(self) -> list[str]:
        return [sys.executable, "-m", "touchline", "console", "--listen", self.listen]


class ConsoleBeside:
    """Keeps the console running as long as that can be done. For one thread, that of the command."""

    def __init__(self, settings: Settings, folder: Path, *, at_once: Callable[[], bool]) -> None:
        #: Where it is, and what whoever acts there needs, or why there is none: for the lines at the start.
        self.said: str
        self._workers: Workers | None = None
        if missing := [package for package in _NEEDED if not importlib.util.find_spec(package)]:
            self.said = f"none: {missing[0]} is not installed (pip install 'touchline[console]')"
            return
        try:
            listen = _listen(settings)
            self.said = _where(settings, listen)
        except TouchlineError as error:
            self.said = f"none: {error}" + (f"; {error.hint}" if error.hint else "")
            return
        process = ConsoleProcess("console", folder / "console.log", grace=_GRACE, listen=listen)
        self._workers = Workers([process], at_once=at_once)

    def start(self) -> None:
        if self._workers is not None:
            try:
                self._workers.__enter__()
            except OSError as error:
                self._give_up(f"it cannot be started: {error}")

    def look(self) -> None:
        """Start it again if it died and is due; to be called a few times a second."""
        if self._workers is None:
            return
        try:
            self._workers.look()
        except WorkerRefused as error:
            self._give_up(f"{error}" + (f"; {error.hint}" if error.hint else ""))

    def stop(self) -> None:
        """Let it end, and see that it has."""
        if self._workers is not None:
            self._workers.stop()

    def _give_up(self, why: str) -> None:
        self._workers = None
        _log.warning("There is no console any more, and the workers go on: %s", why)


def _listen(settings: Settings) -> str:
    """Where it is to answer: as is configured, else at the default port, else at one that is free.

    Raises ConfigurationError where the configured one is taken.
    """
    host, port = split_listen(settings.console_listen)
    if _is_free(host, port):
        return settings.console_listen
    if "console_listen" in settings.model_fields_set:
        raise ConfigurationError(
            f"another program has port {port} of {host}", hint="TOUCHLINE_CONSOLE_LISTEN names another"
        )
    with socket.create_server((host, 0)) as found:
        return f"{host}:{found.getsockname()[1]}"


def _is_free(host: str, port: int) -> bool:
    """Whether nobody listens there; whatever else is wrong with the address the console itself says better."""
    try:
        with socket.create_server((host, port), family=socket.AF_INET6 if ":" in host else socket.AF_INET):
            return True
    except OSError as error:
        return error.errno != errno.EADDRINUSE


def _where(settings: Settings, listen: str) -> str:
    from actors.console.token import token_of

    host, port = split_listen(listen)
    token = token_of(settings)
    shown = f"[{host}]" if ":" in host else host
    acting = "TOUCHLINE_CONSOLE_TOKEN" if token.file is None else str(token.file)
    return f"http://{shown}:{port}; whoever acts there needs the token in {acting}"
