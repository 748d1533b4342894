"""What is pinned because a newer version breaks something."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
LOCKS = sorted((ROOT / "requirements").glob("*.txt"))


@pytest.mark.parametrize("lock", LOCKS, ids=lambda lock: lock.stem)
def test_pika_is_older_than_the_one_that_warns(lock: Path) -> None:
    """1.5 deprecates the adapter that Dramatiq uses, and 2.0 removes it: no lock holds either."""
    for version in re.findall(r"^pika==(\d+)\.(\d+)", lock.read_text(), re.MULTILINE):
        assert tuple(map(int, version)) < (1, 5)


def test_whoever_installs_without_a_lock_gets_that_pika_too() -> None:
    """The bound is the package's own; one lock at least holds pika, or the test above proves nothing."""
    dependencies = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["dependencies"]
    (pika,) = [line for line in dependencies if re.match(r"pika\b", line)]
    assert "<1.5" in pika.replace(" ", "")
    assert any(re.search(r"^pika==", lock.read_text(), re.MULTILINE) for lock in LOCKS)
