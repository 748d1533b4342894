"""When the browser is opened, exchanged and closed, and that it is gone whatever ends the process."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Callable
from pathlib import Path

import psutil
import pytest
from dramatiq.middleware.threading import raise_thread_exception
from dramatiq.middleware.time_limit import TimeLimitExceeded

from ingest.browser import BrowserFailed, LivePage
from ingest.browser.shared import Shared
from ingest.errors import SiteUnreachable
from ingest.http import Fetcher
from tests.browser.conftest import Program, Run
from tests.browser.processes import chromiums, until
from tests.fix_site import Site, page

pytestmark = pytest.mark.slow

#: Makes a browser beside the process's own.
MakeBrowser = Callable[..., Shared]


def title(live: LivePage) -> str:
    return live.page.title()


@pytest.fixture
def fresh(site: Site) -> Callable[[], list[psutil.Process]]:
    """The Chromiums that were opened since the test began. The site has a page that gives a cookie."""
    site.put("/", page("<title>s</title>", headers={"Set_Cookie": "session=41"}))
    before = set(chromiums())
    return lambda: [process for process in chromiums() if process not in before]


def test_a_run_without_pages_opens_nothing(
    run: Run, make_browser: MakeBrowser, fresh: Callable[[], list[object]]
) -> None:
    """It costs nothing to have one at hand."""
    run(browser=make_browser()).close()
    assert fresh() == []


def test_runs_share_one_browser(
    site: Site, run: Run, make_browser: MakeBrowser, fresh: Callable[[], list[object]]
) -> None:
    """The second one need not open another, and the end of a run does not close it."""
    browser = make_browser()
    with_one = run(browser=browser)
    with_one.browse(f"{site.url}/", title)
    (first,) = fresh()
    with_one.close()
    run(browser=browser).browse(f"{site.url}/", title)
    assert fresh() == [first]


def test_it_is_exchanged_after_some_pages(
    site: Site, run: Run, make_browser: MakeBrowser, fresh: Callable[[], list[object]]
) -> None:
    """The run goes on in the next one with the cookies that it had."""
    fetcher = run(browser=make_browser(pages=2))
    seen = []
    for _ in range(3):
        fetcher.browse(f"{site.url}/", title)
        seen += fresh()
    assert seen[0] == seen[1] != seen[2]
    assert [request.headers["Cookie"] for request in site.asked("/")] == [None, "session=41", "session=41"]


def test_it_is_closed_when_there_is_nothing_to_do(
    site: Site, run: Run, make_browser: MakeBrowser, fresh: Callable[[], list[object]]
) -> None:
    """Its driver too; a run that goes on later opens another, and keeps its cookies."""
    drivers = len(psutil.Process().children())
    fetcher = run(browser=make_browser(idle=0.3))
    fetcher.browse(f"{site.url}/", title)
    until(lambda: not fresh())
    until(lambda: len(psutil.Process().children()) == drivers)
    fetcher.browse(f"{site.url}/", title)
    assert site.asked("/")[-1].headers["Cookie"] == "session=41"


def test_one_that_died_is_replaced(
    site: Site, run: Run, make_browser: MakeBrowser, fresh: Callable[[], list[psutil.Process]]
) -> None:
    """In the middle of a page that is a failure worth another try; between two pages nobody notices."""
    fetcher = run(browser=make_browser())

    def kill() -> None:
        (process,) = fresh()
        os.killpg(process.pid, signal.SIGKILL)
        psutil.wait_procs([process], timeout=10)

    def die(live: LivePage) -> str:
        kill()
        return live.page.title()

    with pytest.raises(BrowserFailed, match="the browser ended while it showed"):
        fetcher.browse(f"{site.url}/", die)
    assert fetcher.browse(f"{site.url}/", title) == "s"
    kill()
    assert fetcher.browse(f"{site.url}/", title) == "s"


def test_a_page_that_crashes_is_worth_another_try(
    site: Site, run: Run, make_browser: MakeBrowser, fresh: Callable[[], list[psutil.Process]]
) -> None:
    """It does not look as if the site had changed."""
    fetcher = run(browser=make_browser())

    def crash(live: LivePage) -> None:
        for process in fresh()[0].children(recursive=True):
            if "--type=renderer" in process.cmdline():
                process.kill()
        live.page.locator("#fixtures").wait_for()

    with pytest.raises(BrowserFailed, match="crashed in the browser"):
        fetcher.browse(f"{site.url}/", crash)
    assert fetcher.browse(f"{site.url}/", title) == "s"


def test_a_time_limit_strikes_who_waits(
    site: Site, run: Run, make_browser: MakeBrowser, fresh: Callable[[], list[object]]
) -> None:
    """As a worker throws it into the thread of a run, which then closes what it has."""
    fetcher = run(browser=make_browser())
    reading = threading.Event()
    said: list[BaseException] = []

    def work(live: LivePage) -> None:
        reading.set()
        live.page.wait_for_timeout(600_000)

    def read() -> None:
        try:
            fetcher.browse(f"{site.url}/", work)
        except TimeLimitExceeded as error:
            said.append(error)
            fetcher.close()

    reader = threading.Thread(target=read)
    reader.start()
    assert reading.wait(30)
    raise_thread_exception(reader.ident, TimeLimitExceeded)
    reader.join(30)
    assert not reader.is_alive()
    assert said
    assert fresh() == []


def test_work_that_never_ends_is_left_behind(site: Site, run: Run, make_browser: MakeBrowser, fresh: object) -> None:
    """Not even by the end of its browser: others get another thread, and who waited in line is told."""
    browser = make_browser()
    fetcher = run(browser=browser)
    reading, enough = threading.Event(), threading.Event()
    said: list[BaseException] = []

    def work(live: LivePage) -> None:
        reading.set()
        enough.wait(60)

    def read(one: Fetcher, what: Callable[[LivePage], object]) -> None:
        try:
            one.browse(f"{site.url}/", what)
        except (BrowserFailed, SiteUnreachable) as error:
            said.append(error)

    stuck = threading.Thread(target=read, args=(fetcher, work))
    stuck.start()
    assert reading.wait(30)
    waiting = threading.Thread(target=read, args=(run(browser=browser), title))
    waiting.start()
    fetcher.close()
    waiting.join(30)
    assert isinstance(said[0], BrowserFailed)
    enough.set()
    stuck.join(30)
    assert not stuck.is_alive()


def test_the_end_of_the_process_closes_it(program: Program, tmp_path: Path) -> None:
    """Also one that closed nothing; nothing is left on disk."""
    with program("leave") as process:
        _, err = process.communicate(timeout=60)
    assert (process.returncode, err) == (0, "")
    assert list((tmp_path / "browsers").iterdir()) == []


def test_ctrl_c_ends_a_page_that_is_read(program: Program, tmp_path: Path) -> None:
    """At once, and nothing is left. A terminal sends it to the driver as well."""
    with program("wait") as process:
        (browser,) = chromiums(process.pid)
        os.killpg(process.pid, signal.SIGINT)
        _, err = process.communicate(timeout=60)
    assert err.rstrip().endswith("KeyboardInterrupt")
    assert not browser.is_running()
    assert list((tmp_path / "browsers").iterdir()) == []
