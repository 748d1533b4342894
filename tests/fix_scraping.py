"""`touchline` as somebody types it, in a process of its own, and the real sample feeds on a site."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import psutil
import psycopg
import pytest

if TYPE_CHECKING:
    from tests.fix_site import Site


REPOSITORY = Path(__file__).parents[1]
FEEDS = REPOSITORY.parent / "shared" / "feeds"
KEY = "mls-next-league-26-27"

#: Seconds that a command may take on a busy machine.
PATIENCE = 90


@pytest.fixture
def league(site: Site) -> Site:
    """The site of the homegrown league as on 2026-10-03."""
    if not FEEDS.is_dir():
        pytest.skip("the sample feeds are not beside the repository")
    publish(site, "2026-10-03")
    return site


def publish(site: Site, day: str) -> None:
    schedule = FEEDS / f"schedule.{KEY}.{day}.json"
    site.publish(KEY, schedule, FEEDS / f"standings.{KEY}.json", version=int(day[-2:]))


class Program:
    """The program with an environment of its own: nothing of this machine's settings reaches it."""

    def __init__(self, home: Path, site: Site, **settings: str) -> None:
        kept = {name: value for name, value in os.environ.items() if not name.startswith("TOUCHLINE_HOME")}
        kept = {name: value for name, value in kept.items() if name not in ("DATABASE_URL", "RABBITMQ_URL")}
        self.home = home
        self.environment = kept | {
            "TOUCHLINE_HOME": str(home),
            "TOUCHLINE_MLSNEXT_URL": site.url,
            "TOUCHLINE_PUBLISH_TIMEOUT": "0.5",
            **settings,
        }

    def start(self, *arguments: str, module: str = "touchline") -> subprocess.Popen[str]:
        return subprocess.Popen(
            [sys.executable, "-m", module, *arguments],
            cwd=REPOSITORY,
            env=self.environment,
            text=True,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )

    def __call__(self, *arguments: str) -> Ended:
        process = self.start(*arguments)
        out, err = process.communicate(timeout=PATIENCE)
        return Ended(process.returncode, out, err)

    def scrape(self, *arguments: str) -> Ended:
        return self("scrape", "mlsnext", "--league", "homegrown", *arguments)


class Ended:
    """How a command ended."""

    def __init__(self, code: int, out: str, err: str) -> None:
        self.code, self.out, self.err = code, out, err

    @property
    def row(self) -> dict[str, Any]:
        [row] = [json.loads(line) for line in self.out.splitlines()]
        assert isinstance(row, dict)
        return row

    def __repr__(self) -> str:
        return f"exit {self.code}\n{self.out}\n{self.err}"


def counts(row: dict[str, Any]) -> tuple[Any, ...]:
    return tuple(row[name] for name in ("found", "inserted", "updated", "unchanged", "stale", "dead"))


def stored(url: str, query: str) -> Any:
    with psycopg.connect(url) as connection:
        row = connection.execute(query).fetchone()  # type: ignore[call-overload]
        return None if row is None else row[0]


@contextmanager
def workers(program: Program) -> Iterator[psutil.Process]:
    """`dramatiq actors` in its own processes, until the end of the block."""
    with program.start("actors", "--processes", "1", "--threads", "4", module="dramatiq") as process:
        drain = threading.Thread(target=process.stderr.read, daemon=True)  # type: ignore[union-attr]
        drain.start()
        try:
            yield psutil.Process(process.pid)
        finally:
            process.send_signal(signal.SIGTERM)
            process.wait(PATIENCE)


def wait_until(true: Callable[[], bool]) -> None:
    """Until it is so; fails after `PATIENCE` seconds."""
    pause = threading.Event()
    for _ in range(PATIENCE * 20):
        if true():
            return
        pause.wait(0.05)
    pytest.fail("it never came to be")
