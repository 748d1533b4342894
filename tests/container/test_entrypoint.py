"""What an image runs for which arguments: the real entrypoint, and programs that write down how they were called."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import pytest

ENTRYPOINT = Path(__file__).resolve().parents[2] / "container" / "entrypoint.py"

_RECORDER = """#!{python} -IS
import json, os, sys
print(json.dumps([os.path.basename(sys.argv[0]), sys.argv[1:], os.getpid(), os.environ.get("dramatiq_queue_prefetch")]))
"""


class Became(NamedTuple):
    """The program that the entrypoint turned into, and how that was called."""

    program: str
    arguments: list[str]
    same_process: bool
    prefetch: str | None


@pytest.fixture
def start(tmp_path: Path) -> Callable[..., Became | str]:
    """Start it with arguments and variables; what became of it, or what it said when it ended with 2."""
    for name in ("dramatiq", "periodiq", "touchline"):
        (tmp_path / name).write_text(_RECORDER.format(python=sys.executable))
        (tmp_path / name).chmod(0o755)

    def starting(*arguments: str, **variables: str) -> Became | str:
        process = subprocess.Popen(
            [sys.executable, "-I", ENTRYPOINT, *arguments],
            env={"PATH": str(tmp_path)} | variables,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        out, error = process.communicate(timeout=60)
        if process.returncode == 2:
            assert not out
            return error
        assert process.returncode == 0, error
        program, given, pid, prefetch = json.loads(out)
        return Became(program, given, pid == process.pid, prefetch)

    return starting


def worker(threads: int, *queues: str) -> list[str]:
    return ["actors", "--processes", "1", "--threads", str(threads), "--queues", *queues]


def test_a_worker_has_all_queues_but_scrapes(start: Callable[..., Became | str]) -> None:
    """It is dramatiq itself, in the same process: nothing stands between it and SIGTERM."""
    assert start("worker") == (
        "dramatiq", worker(8, "matches", "runs", "schedule", "maintenance"), True, None
    )  # fmt: skip


def test_a_worker_has_the_queues_that_are_named(start: Callable[..., Became | str]) -> None:
    assert start("worker", "runs", "matches", TOUCHLINE_THREADS="3") == (
        "dramatiq", worker(3, "runs", "matches"), True, None
    )  # fmt: skip


def test_a_worker_for_scrapes_takes_one_order_at_a_time(start: Callable[..., Became | str]) -> None:
    assert start("worker", "scrapes") == ("dramatiq", worker(1, "scrapes"), True, "1")


def test_the_scheduler_is_periodiq(start: Callable[..., Became | str]) -> None:
    assert start("scheduler") == ("periodiq", ["actors"], True, None)


@pytest.mark.parametrize("arguments", [[], ["--help"], ["runs", "--since", "24h; echo", "$(id)"], ["workers"]])
def test_everything_else_is_a_command_as_it_stands(start: Callable[..., Became | str], arguments: list[str]) -> None:
    """No shell ever reads it."""
    assert start(*arguments) == ("touchline", arguments, True, None)


@pytest.mark.parametrize(
    ("arguments", "threads", "says"),
    [
        (["worker", "match"], "", "there is no queue 'match'"),
        (["worker", "scrapes", "matches"], "", "a worker for scrapes has no other queue"),
        (["worker"], "many", "TOUCHLINE_THREADS is 'many'"),
        (["worker"], "0", "TOUCHLINE_THREADS is '0'"),
        (["worker"], "²", "TOUCHLINE_THREADS is '²'"),
        (["scheduler", "actors"], "", "the scheduler takes no arguments"),
    ],
)
def test_what_makes_no_sense_is_refused_with_what_to_do(
    start: Callable[..., Became | str], arguments: list[str], threads: str, says: str
) -> None:
    """Exit code 2: starting it again would say the same."""
    refusal = start(*arguments, TOUCHLINE_THREADS=threads)
    assert isinstance(refusal, str)
    first, second = refusal.splitlines()
    assert first == f"touchline: {says}"
    assert second.startswith("  → ")
