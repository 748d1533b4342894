"""What tests of the browser share: runs of a source that reads one site, and the browser that they read it with."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, closing, contextmanager
from pathlib import Path

import pytest

from contract.settings import Settings
from ingest.browser.shared import Shared
from ingest.browser.visits import Visits
from ingest.http import Fetcher
from tests.fix_site import Site

#: Starts a process that reads a page of its site and then does what the argument says: `wait` for ever on that page,
#: or `leave` without closing anything. Its home is `tmp_path`.
Program = Callable[[str], AbstractContextManager["subprocess.Popen[str]"]]

#: Makes the fetcher of one run; `browser` is another one than the process's.
Run = Callable[..., Fetcher]


@pytest.fixture
def run(chromium_settings: Settings) -> Iterator[Run]:
    """Makes runs that are closed after the test. They do not wait between two tries."""
    with ExitStack() as runs:

        def make(
            *, max_bytes: int = 1_000_000, browser: Shared | None = None, settings: Settings | None = None
        ) -> Fetcher:
            more = {} if browser is None else {"browser": lambda: browser}
            visits = Visits(
                settings or chromium_settings, "village", max_bytes=max_bytes, sleep=lambda seconds: None, **more
            )
            return runs.enter_context(closing(Fetcher(visits=visits, sleep=lambda seconds: None)))

        yield make


@pytest.fixture
def make_browser() -> Iterator[Callable[..., Shared]]:
    """Makes browsers beside the process's own, which are closed after the test."""
    with ExitStack() as browsers:

        def make(**how: float) -> Shared:
            browser = Shared(**how)
            browsers.callback(browser.close)
            return browser

        yield make


_PROGRAM = """
import sys
from contextlib import closing
from contract.settings import load
from ingest.browser.visits import Visits
from ingest.http import Fetcher

def work(live):
    print("open", flush=True)
    if sys.argv[2] == "wait":
        live.page.wait_for_timeout(600_000)

fetcher = Fetcher(visits=Visits(load(), "village"))
if sys.argv[2] == "leave":
    fetcher.browse(sys.argv[1], work)
else:
    with closing(fetcher):
        fetcher.browse(sys.argv[1], work)
"""


@pytest.fixture
def program(site: Site, chromium: Settings, tmp_path: Path) -> Program:
    """Starts processes, and goes on as soon as their page is open."""
    site.put("/", "<title>s</title>")

    @contextmanager
    def start(how: str) -> Iterator[subprocess.Popen[str]]:
        with subprocess.Popen(
            [sys.executable, "-c", _PROGRAM, f"{site.url}/", how],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
            env=os.environ | {"TOUCHLINE_HOME": str(tmp_path)},
        ) as process:
            assert process.stdout is not None
            try:
                # before it stands what is logged
                assert "open\n" in process.stdout, process.communicate()[1]
                yield process
            except BaseException:
                process.kill()
                raise

    return start
