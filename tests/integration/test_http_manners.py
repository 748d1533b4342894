"""The fetcher's manners: redirects, robots.txt, limits agreed with a site, secrets and proxies."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from dramatiq.middleware.threading import Interrupt, raise_thread_exception

from contract.errors import TransientError
from contract.settings import SourceSettings, load
from ingest.answers import Answer
from ingest.errors import SiteRefused, SiteUnreachable
from ingest.http import Fetcher
from ingest.order import run_source
from ingest.reading import _Fetch
from ingest.sources import Scope
from ingest.sources.mlsnext import MLSNext
from tests.fix_site import Respond, Site, page, status
from tests.integration.fetching import fetch, make_fetcher


class TestRedirects:
    def test_a_redirect_is_followed(self, site: Site, make_site: Callable[[], Site]) -> None:
        """A document that moved, also to another host, is found, and the answer says where."""
        other = make_site()
        other.put("/new", "here")
        site.put("/a", status(301, Location="/b"))
        site.put("/b", status(307, Location=f"{other.url}/new"))
        answer = fetch(f"{site.url}/a")
        assert isinstance(answer, Answer)
        assert (answer.body, answer.url) == (b"here", f"{other.url}/new")

    def test_a_circle_ends(self, site: Site) -> None:
        """Redirects that lead to each other are refused after five."""
        site.put("/a", status(302, Location="/b"))
        site.put("/b", status(302, Location="/a"))
        with pytest.raises(SiteRefused, match="redirects more than 5 times"):
            fetch(f"{site.url}/a")
        assert len(site.paths) == 6

    @pytest.mark.parametrize("target", ["file:///etc/passwd", "ftp://127.0.0.1/a", "https:a", "javascript:alert(1)"])
    def test_it_stays_on_the_web(self, site: Site, target: str) -> None:
        """A redirect to anything but http and https is refused."""
        site.put("/a", status(302, Location=target))
        with pytest.raises(SiteRefused, match="no address of a web page"):
            fetch(f"{site.url}/a")

    def test_the_robots_of_the_target_count(self, site: Site, make_site: Callable[[], Site]) -> None:
        """A redirect is no way around another host's robots.txt."""
        other = make_site()
        other.put("/robots.txt", "User-agent: *\nDisallow: /")
        other.put("/new", "here")
        site.put("/a", status(302, Location=f"{other.url}/new"))
        with pytest.raises(SiteRefused, match=r"robots\.txt"):
            fetch(f"{site.url}/a")
        assert other.paths == []


class TestRobots:
    def test_what_robots_txt_forbids_is_not_read(self, site: Site) -> None:
        """A rule for us forbids; other paths stay open, and the rules are read once."""
        site.put("/robots.txt", "User-agent: touchline\nDisallow: /data/\n\nUser-agent: *\nDisallow: /")
        site.put("/data/a", "a")
        site.put("/open", "a")
        fetcher, _ = make_fetcher()
        with pytest.raises(SiteRefused, match=r"robots\.txt of http://127\.0\.0\.1:\d+ asks us not to read"):
            fetcher.get(f"{site.url}/data/a")
        assert isinstance(fetcher.get(f"{site.url}/open"), Answer)
        assert site.paths == ["/open"]
        assert len(site.asked("/robots.txt")) == 1

    @pytest.mark.parametrize("answer", [status(404), status(403), status(302, Location="/robots.txt"), page("<html>")])
    def test_no_robots_txt_allows_everything(self, site: Site, answer: Respond) -> None:
        """4xx, redirects without end (RFC 9309, 2.3.1.3) and a page in its place say that there are no rules."""
        site.put("/robots.txt", answer)
        site.put("/a", "a")
        assert isinstance(fetch(f"{site.url}/a"), Answer)

    def test_a_robots_txt_that_cannot_be_read_forbids_for_now(self, site: Site) -> None:
        """5xx (RFC 9309, 2.3.1.4): nothing is read, and another run is worth it; this one does not ask on and on."""
        site.put("/robots.txt", status(500))
        site.put("/a", "a")
        fetcher, _ = make_fetcher()
        for _ in range(2):
            with pytest.raises(SiteUnreachable, match=r"robots\.txt cannot be read: it answers 500 \(4 attempts\)"):
                fetcher.get(f"{site.url}/a")
        assert site.paths == []
        assert len(site.asked("/robots.txt")) == 4

    def test_a_crawl_delay_is_kept_to(self, site: Site) -> None:
        """A pause that the site asks for holds between all requests after robots.txt."""
        site.put("/robots.txt", "User-agent: *\nCrawl-delay: 3")
        site.put("/a", "a")
        fetcher, pauses = make_fetcher(clock=lambda: 100.0)
        for _ in range(3):
            fetcher.get(f"{site.url}/a")
        assert pauses == [3.0, 6.0]


class TestPoliteness:
    def test_requests_start_an_interval_apart(self, site: Site) -> None:
        """One request a second is one request a second, that for robots.txt included."""
        site.put("/a", "a")
        fetcher, pauses = make_fetcher(interval=1.0, clock=lambda: 50.0)
        for _ in range(3):
            fetcher.get(f"{site.url}/a")
        assert pauses == [1.0, 2.0, 3.0]

    def test_no_more_requests_at_once_than_agreed(self, site: Site) -> None:
        """Six threads and two places: two requests are under way, and a third comes when one of them is answered."""
        arrived, answered = threading.Semaphore(0), threading.Semaphore(0)

        def respond(handler: BaseHTTPRequestHandler) -> None:
            arrived.release()
            answered.acquire(timeout=10)
            page("a")(handler)

        site.put("/a", respond)
        fetcher, _ = make_fetcher(concurrency=2)
        threads = [threading.Thread(target=fetcher.get, args=(f"{site.url}/a",)) for _ in range(6)]
        for thread in threads:
            thread.start()
        assert arrived.acquire(timeout=10)
        assert arrived.acquire(timeout=10)
        assert not arrived.acquire(timeout=0.2)
        answered.release()
        assert arrived.acquire(timeout=10)
        answered.release(5)
        for thread in threads:
            thread.join(timeout=10)
        assert len(site.asked("/a")) == 6

    def test_each_request_keeps_to_the_pace_of_all(self, site: Site) -> None:
        """That for robots.txt, and each try, wait for as long as the pace says."""
        site.put("/a", status(503), page("a"))
        fetcher, pauses = make_fetcher(pace=iter([0.0, 2.5, 3.5]).__next__)
        fetcher.get(f"{site.url}/a")
        backoff = 2.0
        assert pauses == [2.5, backoff, 3.5]

    def test_a_pace_that_cannot_be_kept_ends_the_request(self, site: Site) -> None:
        """The error is the pace's own, which may pass; nothing is asked."""

        def full() -> float:
            raise TransientError("the minute is full")

        fetcher, _ = make_fetcher(pace=full)
        with pytest.raises(TransientError, match="the minute is full"):
            fetcher.get(f"{site.url}/a")
        assert site.requests == []

    def test_a_limit_a_minute_is_kept_alone_as_well(self, site: Site) -> None:
        """A run without a pace, of a command or without a database, never asks faster than `requests_per_minute`."""
        site.put("/a", "a")
        fetcher = Fetcher.of(MLSNext, SourceSettings(requests_per_minute=600, interval=0), None)
        began = time.monotonic()
        for _ in range(4):
            fetcher.get(f"{site.url}/a")
        assert time.monotonic() - began >= 4 * 0.1

    def test_whoever_waits_when_the_run_is_over_asks_no_more(self, site: Site) -> None:
        """The threads of a run that was interrupted end, and leave the site alone."""
        waits = threading.Event()

        def pace() -> float:
            waits.set()
            return 600.0

        fetcher = Fetcher(pace=pace)
        ended: list[BaseException] = []

        def get() -> None:
            try:
                fetcher.get(f"{site.url}/a")
            except SiteUnreachable as error:
                ended.append(error)

        thread = threading.Thread(target=get, daemon=True)
        thread.start()
        assert waits.wait(10)
        fetcher.close()
        thread.join(10)
        assert "the run is over" in str(ended[0])
        assert site.requests == []

    def test_a_run_that_is_interrupted_leaves_the_site_alone(
        self, site: Site, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """A time limit or a stop ends its threads, too: the next run is not one of two."""
        begun, waits, interrupted = threading.Event(), threading.Event(), threading.Event()
        settings = load(
            {"home": tmp_path, "rabbitmq_url": "amqp://127.0.0.1:9", "sources": {"mlsnext": {"url": site.url}}}
        )

        def pace() -> float:
            waits.set()
            return 600.0

        def take(fetch: _Fetch, take: Callable[[_Fetch], Any] = _Fetch.take) -> Any:
            begun.set()
            return take(fetch)

        def scrape() -> None:
            try:
                run_source(settings, "mlsnext", Scope(), run_id=uuid4(), pace=pace)
            except Interrupt:
                interrupted.set()

        monkeypatch.setattr(_Fetch, "take", take)
        thread = threading.Thread(target=scrape, daemon=True)
        thread.start()
        assert begun.wait(30)
        assert waits.wait(30)
        fetching = [thread for thread in threading.enumerate() if thread.name.startswith("fetch-")]
        raise_thread_exception(thread.ident, Interrupt)
        assert interrupted.wait(30)
        for thread in fetching:
            thread.join(10)
        assert not any(thread.is_alive() for thread in fetching)
        assert site.requests == []

    def test_settings_replace_what_the_source_says(self) -> None:
        """`concurrency` and `interval` of `[sources.NAME]` count more than the source's own."""
        assert Fetcher.of(MLSNext, SourceSettings(), None).concurrency == 2
        assert Fetcher.of(MLSNext, SourceSettings(concurrency=1), None).concurrency == 1


class TestSecrets:
    def test_a_password_in_an_address_is_used_and_never_shown(self, site: Site) -> None:
        """A mirror behind basic authentication is reached; errors and answers do not hold the password."""
        address = site.url.replace("http://", "http://coach:s3cr%40t@")
        site.put("/a", page("a"), status(404))
        fetcher, _ = make_fetcher()
        answer = fetcher.get(f"{address}/a")
        assert isinstance(answer, Answer)
        assert answer.url == f"{site.url}/a"
        assert site.asked("/a")[0].headers["Authorization"] == "Basic Y29hY2g6czNjckB0"  # coach:s3cr@t
        with pytest.raises(SiteRefused) as raised:
            fetcher.get(f"{address}/a")
        assert "s3cr" not in str(raised.value)

    def test_a_password_does_not_follow_a_redirect_elsewhere(self, site: Site, make_site: Callable[[], Site]) -> None:
        """Neither credentials nor own headers reach another host."""
        other = make_site()
        other.put("/new", "here")
        site.put("/a", status(302, Location=f"{other.url}/new"))
        address = site.url.replace("http://", "http://coach:secret@")
        make_fetcher()[0].get(f"{address}/a", headers={"X-Requested-With": "XMLHttpRequest"})
        assert site.asked("/a")[0].headers["X-Requested-With"] == "XMLHttpRequest"
        assert site.asked("/a")[0].headers["Authorization"]
        carried = other.asked("/new")[0].headers
        assert "Authorization" not in carried
        assert "X-Requested-With" not in carried


class TestProxy:
    def test_the_proxy_of_the_environment_is_used(self, site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
        """`http_proxy` is asked for addresses elsewhere, with its password in its own header."""
        monkeypatch.setenv("http_proxy", site.url.replace("http://", "http://me:p%3Aw@"))
        monkeypatch.delenv("no_proxy", raising=False)
        monkeypatch.delenv("NO_PROXY", raising=False)
        site.put("http://league.invalid/a", "through")
        answer = fetch("http://league.invalid/a")
        assert isinstance(answer, Answer)
        assert answer.body == b"through"
        assert site.asked("http://league.invalid/a")[0].headers["Proxy-Authorization"] == "Basic bWU6cDp3"  # me:p:w

    def test_a_host_named_in_no_proxy_is_asked_directly(self, site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
        """`no_proxy` counts."""
        monkeypatch.setenv("http_proxy", "http://127.0.0.1:9")
        monkeypatch.setenv("no_proxy", "127.0.0.1")
        site.put("/a", "direct")
        assert isinstance(fetch(f"{site.url}/a"), Answer)
