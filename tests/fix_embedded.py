"""Homes for embedded servers, and processes that use one. A server that a test leaves behind ends with its home."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Self

import psycopg
import pytest

from contract.embedded import EmbeddedPostgres

ROOT = Path(__file__).parents[1]

MakeHome = Callable[..., Path]

#: A user in a process of its own: says where the server is, leaves when its input ends.
USER = """
import json, sys
from pathlib import Path
from contract.embedded import EmbeddedPostgres
server = EmbeddedPostgres(Path(sys.argv[1]))
print(json.dumps({"url": server.start(), "server": server.status().pid}), flush=True)
sys.stdin.read()
server.release()
"""


class User:
    """A process that uses the server of `home`."""

    def __init__(self, home: Path, script: str = USER) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-c", script, str(home)],
            cwd=ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )
        self.url = ""
        self.server = 0

    def joined(self) -> Self:
        assert self.process.stdout is not None
        said = json.loads(self.process.stdout.readline())
        self.url, self.server = said["url"], said["server"]
        return self

    def leave(self) -> None:
        self.process.communicate(timeout=30)

    def kill(self) -> None:
        self.process.kill()
        self.process.communicate(timeout=30)


def ask(url: str, statement: str = "SELECT 1") -> Any:
    with psycopg.connect(url) as connection:
        row = connection.execute(statement.encode()).fetchone()
    return row and row[0]


@pytest.fixture
def make_embedded_home() -> Iterator[MakeHome]:
    """Fresh homes where the account that runs PostgreSQL for root can go; pytest's own directories are root's alone."""
    made: list[Path] = []

    def make(name: str = "home") -> Path:
        made.append(Path(tempfile.mkdtemp(prefix="touchline-", dir="/tmp")))
        made[-1].chmod(0o755)
        return made[-1] / name

    yield make
    for directory in made:
        for data in directory.glob("*/postgres"):
            _stop(EmbeddedPostgres(data.parent))
        shutil.rmtree(directory, ignore_errors=True)


@pytest.fixture
def embedded_home(make_embedded_home: MakeHome) -> Path:
    """A directory that there is not yet, for the state of an embedded server."""
    return make_embedded_home()


def _stop(server: EmbeddedPostgres) -> None:
    """Whatever state a test left it in."""
    if (pid := server.status().pid) is not None:
        os.kill(pid, signal.SIGQUIT)
