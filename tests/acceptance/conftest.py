"""The product from outside: real commands in processes of their own, against real servers."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.fix_site import Site, page
from touchline.demo.site import DemoSite

ROOT = Path(__file__).parents[2]
FEEDS = ROOT.parent / "shared" / "feeds"
KEY = "mls-next-league-26-27"

#: What the real site answers to a key that it does not publish: a page, with status 200.
SHELL = "<!doctype html><html><head><title>Viewer</title></head><body><div id=root></div></body></html>"

needs_feeds = pytest.mark.skipif(not FEEDS.is_dir(), reason="the sample feeds are not beside this checkout")


@dataclass(frozen=True)
class Ended:
    """How a command ended."""

    code: int
    out: str
    err: str

    @property
    def rows(self) -> list[dict[str, Any]]:
        """What it printed: JSON lines, the default where stdout is no terminal."""
        return [json.loads(line) for line in self.out.splitlines()]

    @property
    def row(self) -> dict[str, Any]:
        assert len(self.rows) == 1, f"exit code {self.code}\n{self.out}\n{self.err}"
        return self.rows[0]


@dataclass
class Place:
    """One home with its addresses, and the commands run there."""

    home: Path
    env: dict[str, str]

    def touchline(self, *arguments: str, timeout: float = 120, **env: str) -> Ended:
        done = subprocess.run(
            [sys.executable, "-m", "touchline", *arguments],
            env={**self.env, **env},
            cwd=self.home,
            capture_output=True,
            text=True,
            timeout=timeout,
            check=False,
        )
        return Ended(done.returncode, done.stdout, done.stderr)

    @contextmanager
    def dramatiq(self, *arguments: str) -> Iterator[subprocess.Popen[bytes]]:
        """`dramatiq actors`, asked to stop at the end and given time to."""
        log = (self.home / "workers.log").open("ab")
        process = subprocess.Popen(
            [sys.executable, "-m", "dramatiq", "actors", *arguments],
            env=self.env,
            cwd=ROOT,
            stdout=log,
            stderr=log,
            start_new_session=True,
        )
        log.close()
        try:
            yield process
        finally:
            process.send_signal(signal.SIGTERM)
            try:
                process.wait(40)
            except subprocess.TimeoutExpired:
                os.killpg(process.pid, signal.SIGKILL)
                process.wait()
                raise


def until(what: str, holds: Callable[[], bool], seconds: float = 120) -> None:
    """Returns when `holds` does, which others bring about."""
    deadline = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < deadline, f"{what} did not come true"
        time.sleep(0.02)


def clean_environment(**more: str) -> dict[str, str]:
    """This process's environment without what configures Touchline."""
    ours = ("DATABASE_URL", "RABBITMQ_URL", "DATABASE_URL_FILE", "RABBITMQ_URL_FILE")
    kept = {name: value for name, value in os.environ.items() if name not in ours}
    stays = ("TEST", "TOUCHLINE_CHROMIUM")
    return {
        name: value
        for name, value in kept.items()
        if not name.startswith("TOUCHLINE_") or any(word in name for word in stays)
    } | more


@pytest.fixture
def home() -> Iterator[Path]:
    """A home that a server running as another user can reach, with a path that fits a socket."""
    with tempfile.TemporaryDirectory(prefix="tl-", ignore_cleanup_errors=True) as folder:
        Path(folder).chmod(0o755)
        yield Path(folder)


@pytest.fixture
def embedded(home: Path) -> Place:
    """Nothing configured: the store and the queue are one PostgreSQL under the home."""
    return Place(home, clean_environment(TOUCHLINE_HOME=str(home)))


@pytest.fixture
def servers(home: Path, store_url: str, rabbitmq_url: str) -> Place:
    """A PostgreSQL with migrations applied, and a RabbitMQ."""
    return Place(home, clean_environment(TOUCHLINE_HOME=str(home), DATABASE_URL=store_url, RABBITMQ_URL=rabbitmq_url))


@dataclass
class SampleSite:
    """The real sample, as of a day, served as the real site does: unknown keys answer a page with status 200."""

    site: Site

    def show(self, day: str) -> None:
        schedule = FEEDS / f"schedule.{KEY}.{day}.json"
        self.site.publish(KEY, schedule, FEEDS / f"standings.{KEY}.json", version=int(day[-2:]))
        # the tables are the same file on both days
        self.site.put(
            f"/data/standings/{KEY}.json",
            (FEEDS / f"standings.{KEY}.json").read_bytes(),
            etag='"standings"',
            Content_Type="application/json",
        )
        for key in ("mls-next-flex-26-27", "mls-next-2-academy-division-26-27"):
            for kind in ("schedule", "standings"):
                self.site.put(f"/data/{kind}/{key}.json", page(SHELL))


@pytest.fixture
def sample(site: Site) -> SampleSite:
    return SampleSite(site)


def with_site(place: Place, site: Site | DemoSite) -> Place:
    return Place(place.home, {**place.env, "TOUCHLINE_MLSNEXT_URL": site.url})


def without(place: Place, *names: str) -> Mapping[str, str]:
    return {name: value for name, value in place.env.items() if name not in names}
