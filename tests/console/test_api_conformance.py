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

#: What it would find that is meant: what is sent is stored later, by workers (202), so that it is not there at once;
#: and the schema of a match cannot say that shoot-out scores go with level scores only.
MEANT = """
[checks]
ensure_resource_availability.enabled = false

[[operations]]
include-operation-id = "send_matches"
checks.positive_data_acceptance.expected-statuses = ["2xx", "422"]
"""


@pytest.mark.timeout(600)
def test_schemathesis_finds_nothing(console: Console, store_url: str, tmp_path: Path) -> None:
    """Examples, coverage, fuzzing and chains of requests; without a worker, so that nothing is read or stored."""
    fill(store_url)
    (tmp_path / "schemathesis.toml").write_text(MEANT)
    done = subprocess.run(
        [
            PROGRAM,
            "run",
            f"{console.url}/api/v1/openapi.json",
            f"--header=Authorization: Bearer {TOKEN}",
            "--max-examples=10",
            "--seed=20261126",
            "--generation-database=none",
            "--request-timeout=60",
            "--no-color",
        ],
        cwd=tmp_path,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, "\n".join(line[:300] for line in done.stdout[-50_000:].splitlines()) + done.stderr
    assert "Tested: 17" in done.stdout
