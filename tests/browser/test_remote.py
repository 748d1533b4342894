"""A Chromium that runs elsewhere: reached by DevTools or by a Playwright server, and what is said without one."""

from __future__ import annotations

import json
import os
import re
import signal
import socket
import subprocess
import sys
import threading
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from contract.errors import ConfigurationError
from contract.settings import Settings, load
from ingest.browser import BrowserFailed, BrowserMissing, LivePage, check, find_chromium
from ingest.errors import SiteUnreachable
from tests.browser.conftest import Run
from tests.browser.processes import chromiums, until
from tests.fix_leftovers import Lifeline
from tests.fix_site import Site, page
from tests.ports import free_ports


@contextmanager
def serving(command: list[str], port: int, directory: Path) -> Iterator[None]:
    """A process in a group of its own, as soon as it listens."""
    with subprocess.Popen(
        command,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
        cwd=directory,
        env=os.environ | {"TMPDIR": str(directory)},
    ) as process:
        lifeline = Lifeline.tie(process.pid)
        try:

            def listens() -> bool:
                assert process.poll() is None
                with socket.socket() as client:
                    return client.connect_ex(("127.0.0.1", port)) == 0

            until(listens, seconds=60)
            yield
        finally:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()
            lifeline.release()


@pytest.fixture(scope="module")
def devtools(chromium_settings: Settings, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A Chromium that somebody else started."""
    (port,), directory = free_ports(1), tmp_path_factory.mktemp("devtools")
    command = [
        str(find_chromium(chromium_settings)),
        *("--headless", "--no-sandbox", "--disable-gpu", f"--user-data-dir={directory}"),
        *("--remote-debugging-address=127.0.0.1", f"--remote-debugging-port={port}", "about:blank"),
    ]
    with serving(command, port, directory):
        yield f"http://127.0.0.1:{port}"


@pytest.fixture(scope="module")
def playwright_server(chromium_settings: Settings, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Playwright's own server, with a browser of its choice for each that connects."""
    (port,), directory = free_ports(1), tmp_path_factory.mktemp("server")
    options = {
        "executablePath": str(find_chromium(chromium_settings)),
        "port": port,
        "host": "127.0.0.1",
        "wsPath": "s",
    }
    (directory / "launch.json").write_text(json.dumps(options))
    command = [sys.executable, "-m", "playwright", "launch-server", "--browser", "chromium", "--config", "launch.json"]
    with serving(command, port, directory):
        yield f"ws://127.0.0.1:{port}/s"


def reads_pages(site: Site, run: Run, settings: Settings) -> None:
    """Two runs, each with a context of its own; none starts a browser here."""
    site.put("/", page("<title>s</title>", headers={"Set_Cookie": "session=41"}))
    before = set(chromiums())
    for _ in range(2):
        with_one = run(settings=settings)
        assert with_one.browse(f"{site.url}/", lambda live: live.page.title()) == "s"
        with_one.close()
    assert set(chromiums()) <= before
    assert [request.headers["Cookie"] for request in site.asked("/")] == [None, None]


@pytest.mark.slow
def test_one_by_devtools_reads_pages(site: Site, run: Run, devtools: str, tmp_path: Path) -> None:
    """It is not closed by us, and is named without what may be secret."""
    settings = Settings(home=tmp_path, chromium=f"{devtools}/?token=hunter22")
    assert check(settings).endswith(f"({devtools}/…)")
    reads_pages(site, run, settings)
    assert check(settings)


@pytest.mark.slow
def test_one_by_devtools_keeps_nothing_of_a_run_that_is_ended(
    site: Site, run: Run, devtools: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A page that is being read when the run is closed is gone there, too."""
    site.put("/", "<title>s</title>")
    # a driver that is killed leaves an empty directory
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    fetcher = run(settings=Settings(home=tmp_path, chromium=devtools))

    def pages() -> list[str]:
        with urllib.request.urlopen(f"{devtools}/json/list", timeout=30) as answer:
            return [target["url"] for target in json.load(answer) if target["type"] == "page"]

    reading = threading.Event()

    def work(live: LivePage) -> None:
        reading.set()
        live.page.wait_for_timeout(600_000)

    def read() -> None:
        with pytest.raises(SiteUnreachable, match="the run is over"):
            fetcher.browse(f"{site.url}/", work)

    reader = threading.Thread(target=read)
    reader.start()
    assert reading.wait(60)
    assert f"{site.url}/" in pages()
    fetcher.close()
    reader.join(30)
    assert not reader.is_alive()
    until(lambda: f"{site.url}/" not in pages())


@pytest.mark.slow
def test_one_by_a_playwright_server_reads_pages(site: Site, run: Run, playwright_server: str, tmp_path: Path) -> None:
    """As by DevTools; each run has what it would have in one of its own."""
    settings = Settings(home=tmp_path, chromium=playwright_server)
    assert check(settings).startswith("Chromium ")
    reads_pages(site, run, settings)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("scheme", "where"), [("ws", "127.0.0.1:1"), ("http", "127.0.0.1:1"), ("ws", "site"), ("http", "site")]
)
def test_one_that_is_not_there_is_said_so_without_secrets(site: Site, scheme: str, where: str, tmp_path: Path) -> None:
    """Whether nobody listens or somebody else: which host was meant, and what to do."""
    host = site.url.partition("://")[2] if where == "site" else where
    settings = Settings(home=tmp_path, chromium=f"{scheme}://me:hunter22@{host}/hunter23?token=hunter24")
    with pytest.raises(BrowserFailed, match=rf"^{scheme}://{re.escape(host)}/… does not open: ") as caught:
        check(settings)
    assert "hunter" not in str(caught.value) + caught.value.hint + repr(settings)
    assert "listen there" in caught.value.hint


@pytest.mark.parametrize("address", ["ftp://host/", "http:///path", "ws://host:port/", "http://u:p/w@host/"])
def test_an_address_that_is_none_is_refused(address: str) -> None:
    """By the settings, without showing it."""
    with pytest.raises(ConfigurationError, match=r"TOUCHLINE_CHROMIUM \(chromium\): ") as caught:
        load(environ={"TOUCHLINE_CHROMIUM": address})
    assert address not in str(caught.value)


def test_an_address_may_stand_in_a_file(tmp_path: Path) -> None:
    """As other secrets do."""
    (tmp_path / "chromium").write_text("wss://browsers.example.org/?token=hunter22\n")
    settings = load(environ={"TOUCHLINE_CHROMIUM_FILE": str(tmp_path / "chromium")})
    assert settings.chromium is not None
    assert settings.chromium.get_secret_value() == "wss://browsers.example.org/?token=hunter22"


def test_none_is_none(run: Run, tmp_path: Path) -> None:
    """Whatever is installed; the sentence says how that came about, and nothing is asked of the site."""
    settings = Settings(home=tmp_path, chromium="none")
    assert find_chromium(settings) is None
    with pytest.raises(BrowserMissing, match=r"switched off \(TOUCHLINE_CHROMIUM=none\)"):
        run(settings=settings).browse("http://127.0.0.1:1/", lambda live: live.page.title())
