"""Runs `touchline` in the test's own process, in an empty directory and with a home of its own."""

from __future__ import annotations

import json
import shlex
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from touchline.cli import main


@dataclass(frozen=True, slots=True)
class Ended:
    """A command that ended."""

    code: int
    out: str
    err: str

    @property
    def rows(self) -> list[dict[str, Any]]:
        """Its JSON lines, which are the default where stdout is no terminal."""
        return [json.loads(line) for line in self.out.splitlines()]


#: Takes a command line without the first word.
Touchline = Callable[[str], Ended]


@pytest.fixture
def touchline(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Touchline:
    """Runs `touchline` with no address configured; the test sets those that it wants."""
    monkeypatch.setenv("TOUCHLINE_HOME", str(tmp_path / "home"))
    monkeypatch.chdir(tmp_path)

    def run(line: str) -> Ended:
        code = main(shlex.split(line))
        return Ended(code, *capsys.readouterr())

    return run
