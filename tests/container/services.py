"""The services of compose.yaml as processes of this machine: its commands, environment, secrets and health checks.

What differs is what belongs to a container: where files are mounted, and the names and ports of other containers.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from tests.container.composing import ROOT
from tests.ports import free_ports

#: Seconds for a command or for the end of a process.
PATIENCE: Final = 120

_ENTRYPOINT: Final = (sys.executable, "-I", str(ROOT / "container" / "entrypoint.py"))

#: What the Dockerfiles set.
_IN_THE_IMAGE: Final = {"TOUCHLINE_LOG_FORMAT": "json", "PYTHONUNBUFFERED": "1"}


class Services:
    """`config` is what Compose makes of compose.yaml; `elsewhere` replaces texts such as `demo-site:8900` by ours."""

    def __init__(self, config: Mapping[str, Any], directory: Path, secrets: Path, elsewhere: Mapping[str, str]) -> None:
        self._config = config
        self._directory = directory
        self.secrets = secrets
        self._elsewhere = dict(elsewhere)
        self._running: dict[str, subprocess.Popen[bytes]] = {}
        self._ports: dict[str, int] = {}

    def start(self, name: str) -> None:
        """As `docker compose up` does."""
        with self.log(name).open("ab") as log:
            self._running[name] = subprocess.Popen(
                self._line(name),
                cwd=self._place(name),
                env=self._environment(name),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )

    def run(self, name: str, *arguments: str) -> subprocess.CompletedProcess[str]:
        """As `docker compose run --rm` does, with other arguments where some are given."""
        line = [*_ENTRYPOINT, *arguments] if arguments else self._line(name)
        return subprocess.run(
            line, cwd=self._place(name), env=self._environment(name), capture_output=True, text=True, timeout=PATIENCE
        )

    def is_healthy(self, name: str) -> bool:
        """What its health check says."""
        assert self._running[name].poll() is None, self.log(name).read_text()[-3000:]
        kind, program, *arguments = self._config["services"][name]["healthcheck"]["test"]
        assert kind == "CMD"
        program = sys.executable if program == "python" else str(Path(sys.executable).with_name(program))
        line = [program, *(self._ours(name, argument) for argument in arguments)]
        return subprocess.run(line, env=self._environment(name), capture_output=True, timeout=PATIENCE).returncode == 0

    def stop(self, name: str) -> int:
        """As `docker stop` does: SIGTERM to its first process; the exit code."""
        process = self._running.pop(name)
        process.send_signal(signal.SIGTERM)
        return process.wait(PATIENCE)

    def kill_all(self) -> None:
        """What is left is ended."""
        for process in self._running.values():
            if process.poll() is None:
                os.killpg(process.pid, signal.SIGKILL)
                process.wait()

    def log(self, name: str) -> Path:
        return self._directory / f"{name}.log"

    def _line(self, name: str) -> list[str]:
        service = self._config["services"][name]
        if service["entrypoint"]:
            program, *rest = service["entrypoint"]
            assert program == "/opt/touchline/bin/python"
            first = [sys.executable, *rest]
        else:
            first = list(_ENTRYPOINT)
        return [*first, *(self._ours(name, argument) for argument in service["command"] or ())]

    def _environment(self, name: str) -> dict[str, str]:
        """Its own, and nothing of ours but the PATH."""
        service = self._config["services"][name]
        given = {key: self._ours(name, value) for key, value in (service.get("environment") or {}).items() if value}
        for secret in service.get("secrets") or ():
            assert (self.secrets / secret["source"]).is_file(), secret
        place = self._place(name)
        return {
            "PATH": os.pathsep.join((str(Path(sys.executable).parent), os.environ["PATH"])),
            "HOME": str(place),
            "TOUCHLINE_HOME": str(place),
            "TOUCHLINE_RUNTIME_DIR": str(place / "run"),
            "TOUCHLINE_METRICS_LISTEN": f"127.0.0.1:{self._port(name)}",
            **_IN_THE_IMAGE,
            **given,
        }

    def _place(self, name: str) -> Path:
        place = self._directory / name
        place.mkdir(exist_ok=True)
        return place

    @property
    def console_port(self) -> int:
        """Where its pages are; the port of its metrics is another."""
        return self._port("console's pages")

    def _port(self, name: str) -> int:
        if name not in self._ports:
            (self._ports[name],) = free_ports(1)
        return self._ports[name]

    def _ours(self, name: str, text: str) -> str:
        text = text.replace("/run/secrets", str(self.secrets))
        if name == "exporter":
            text = text.replace("9396", str(self._port(name)))
        if name == "console":
            text = text.replace("8090", str(self.console_port))
        for theirs, ours in self._elsewhere.items():
            text = text.replace(theirs, ours)
        return text
