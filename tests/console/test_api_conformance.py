"""schemathesis asks all that the OpenAPI document allows, and much that it does not, and finds nothing."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tests.console.stored import fill
from tests.fix_console import TOKEN, Console

pytestmark = pytest.mark.slow

#: As it is installed beside the interpreter.
PROGRAM = Path(sys.executable).with_name("schemathesis")


def test_schemathesis_finds_nothing(console: Console, store_url: str, tmp_path: Path) -> None:
    fill(store_url)
    done = subprocess.run(
        [
            PROGRAM,
            "run",
            f"{console.url}/api/v1/openapi.json",
            f"--header=Authorization: Bearer {TOKEN}",
            "--phases=examples,coverage,fuzzing",
            "--max-examples=15",
            "--seed=20261126",
            "--generation-database=none",
            "--request-timeout=60",
            "--no-color",
        ],
        cwd=tmp_path,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stdout[-20_000:] + done.stderr[-2_000:]
