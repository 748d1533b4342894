"""Pages read in a real Chromium: from which threads, with which limits, and what each failure is called."""

from __future__ import annotations

import threading
import time
from http.server import BaseHTTPRequestHandler

import pytest

from ingest.agent import default_user_agent
from ingest.browser import LivePage
from ingest.errors import BrowserFailed, PageChanged, SiteRefused, SiteUnreachable, TooLarge
from tests.browser.conftest import Run
from tests.fix_site import Site, page, status

pytestmark = pytest.mark.slow


def title(live: LivePage) -> str:
    return live.page.title()


def test_a_page_is_read_as_its_scripts_leave_it(site: Site, run: Run) -> None:
    """In UTF-8, whatever the machine's language is."""
    site.put("/", "<meta charset=utf-8><title>a</title><script>document.title = 'Zürich ⚽'</script>")
    answer = run().browse(f"{site.url}/", lambda live: live.html())
    assert "<title>Zürich ⚽</title>" in answer.body.decode()
    assert (answer.status, answer.url) == (200, f"{site.url}/")


def test_threads_read_pages_together(site: Site, run: Run) -> None:
    """Each gets what its own work returns or raises; all of it is done in one thread, which is none of theirs."""
    for name in "abc":
        site.put(f"/{name}", f"<title>{name}</title>")
    fetcher = run()
    threads: set[str] = set()
    said: dict[str, object] = {}

    def read(name: str) -> None:
        def work(live: LivePage) -> str:
            threads.add(threading.current_thread().name)
            if name == "c":
                raise ZeroDivisionError
            return live.page.title()

        try:
            said[name] = fetcher.browse(f"{site.url}/{name}", work)
        except ZeroDivisionError as error:
            said[name] = type(error)

    readers = [threading.Thread(target=read, args=name) for name in "abc"]
    for reader in readers:
        reader.start()
    for reader in readers:
        reader.join(60)
    assert said == {"a": "a", "b": "b", "c": ZeroDivisionError}
    assert threads == {"browser"}


def test_a_page_may_be_opened_while_another_is_read(site: Site, run: Run) -> None:
    """The first one is still there when the second is closed."""
    site.put("/", "<title>outer</title>")
    site.put("/inner", "<title>inner</title>")
    fetcher = run()
    both = fetcher.browse(f"{site.url}/", lambda live: (fetcher.browse(f"{site.url}/inner", title), title(live)))
    assert both == ("inner", "outer")


def test_the_pages_own_request_has_its_cookies(site: Site, run: Run) -> None:
    """And the header by which the site knows a script's request; a relative address is the page's."""
    site.put("/schedule", page("<title>s</title>", headers={"Set_Cookie": "session=41; Path=/"}))
    site.put("/matches?open_page=2", "<p>Zürich</p>", Content_Type="text/html")
    answer = run().browse(f"{site.url}/schedule", lambda live: live.get("/matches?open_page=2"))
    assert answer.body.decode() == "<p>Zürich</p>"
    assert answer.url == f"{site.url}/matches?open_page=2"
    (asked,) = site.asked("/matches?open_page=2")
    assert asked.headers["Cookie"] == "session=41"
    assert asked.headers["X-Requested-With"] == "XMLHttpRequest"


def test_a_run_has_no_cookies_of_another(site: Site, run: Run) -> None:
    """Two pages of one run share them, two runs do not."""
    site.put("/", page("<title>s</title>", headers={"Set_Cookie": "session=41"}))
    first, second = run(), run()
    for fetcher in (first, first, second):
        fetcher.browse(f"{site.url}/", title)
    assert [request.headers["Cookie"] for request in site.asked("/")] == [None, "session=41", None]


def test_the_site_sees_who_asks(site: Site, run: Run) -> None:
    """The browser's own name, for the site's scripts, and ours behind it."""
    site.put("/", "<title>s</title>")
    run().browse(f"{site.url}/", title)
    (asked,) = site.asked("/")
    assert "Chrome/" in asked.headers["User-Agent"]
    assert asked.headers["User-Agent"].endswith(default_user_agent())


def test_robots_txt_holds_for_pages_and_their_requests(site: Site, run: Run) -> None:
    """What it forbids is not asked for, neither directly nor by a redirect."""
    site.put("/robots.txt", "User-agent: touchline\nDisallow: /private", Content_Type="text/plain")
    site.put("/", "<title>s</title>")
    site.put("/moved", status(302, Location="/private"))
    site.put("/private", "<title>secret</title>")
    fetcher = run()
    for work in (lambda live: live.get("/private"), lambda live: live.get("/moved")):
        with pytest.raises(SiteRefused, match=r"robots\.txt"):
            fetcher.browse(f"{site.url}/", work)
    assert len(site.asked("/private")) == 1  # the redirect is the browser's
    for address in ("/private", "/moved"):
        with pytest.raises(SiteRefused, match=r"robots\.txt"):
            fetcher.browse(f"{site.url}{address}", title)


def test_pictures_fonts_and_trackers_are_not_asked_for(site: Site, run: Run) -> None:
    """The site sees no request for them; scripts and styles come."""
    site.put(
        "/",
        """<link rel="stylesheet" href="/s.css"><img src="/crest.png"><video src="/goal.mp4"></video>
        <script src="https://www.googletagmanager.com/gtag.js"></script><p style="font-family: f">text</p>
        <script src="/app.js"></script>""",
    )
    site.put("/s.css", "@font-face { font-family: f; src: url(/f.woff2) }", Content_Type="text/css")
    site.put("/app.js", "document.title = 'ran'", Content_Type="text/javascript")

    def work(live: LivePage) -> tuple[str, tuple[str, ...]]:
        live.page.wait_for_function("document.title === 'ran'")
        live.page.evaluate("document.fonts.load('12px f').catch(() => 0)")
        return live.page.title(), tuple(live.requested)

    name, requested = run().browse(f"{site.url}/", work)
    assert name == "ran"
    assert set(site.paths) == {"/", "/s.css", "/app.js"}
    # that the page wanted them is known all the same
    assert {f"{site.url}/crest.png", "https://www.googletagmanager.com/gtag.js"} <= set(requested)


def test_no_service_worker_is_installed(site: Site, run: Run) -> None:
    """One would answer in the site's place, and outlive the page."""
    site.put("/", "<title>s</title>")
    site.put("/worker.js", "", Content_Type="text/javascript")
    register = "navigator.serviceWorker.register('/worker.js').catch(() => 0)"
    run().browse(f"{site.url}/", lambda live: live.page.evaluate(f"{register}.then(() => fetch('/after'))"))
    assert site.paths == ["/", "/after"]


def test_a_page_that_never_rests_is_read(site: Site, run: Run) -> None:
    """Nobody waits until it asks for nothing any more."""
    site.put("/", "<title>busy</title><script>setInterval(() => fetch('/poll'), 20)</script>")
    site.put("/poll", "{}")

    def work(live: LivePage) -> str:
        live.page.wait_for_function("performance.getEntriesByType('resource').length > 2")
        return live.page.title()

    assert run().browse(f"{site.url}/", work) == "busy"


def test_dialogs_hold_nothing_up(site: Site, run: Run) -> None:
    """They are dismissed, whenever they come."""
    site.put("/", "<script>alert('hello'); document.title = confirm('sure?') ? 'yes' : 'no'</script>")
    assert run().browse(f"{site.url}/", title) == "no"


def test_a_page_that_never_comes_is_given_up(site: Site, run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """So is an answer that the page waits for."""
    monkeypatch.setattr("ingest.browser.live.PAGE_LIMIT", 0.5)

    def hang(handler: BaseHTTPRequestHandler) -> None:
        site.closing.wait(60)
        handler.close_connection = True

    site.put("/never", hang)
    site.put("/", "<title>s</title>")
    with pytest.raises(SiteUnreachable, match=r"Timeout 500ms exceeded.*\(3 attempts\)"):
        run().browse(f"{site.url}/never", title)
    with pytest.raises(SiteUnreachable, match=r"no answer within 0\.5 s \(3 attempts\)"):
        run().browse(f"{site.url}/", lambda live: live.get("/never"))


def test_a_site_that_is_busy_is_asked_again(site: Site, run: Run) -> None:
    """The page as well as what it asks for, some times."""
    site.put("/", status(503), status(429), "<title>at last</title>")
    site.put("/data", status(500), status(502, Retry_After="1"), "data")
    answer = run().browse(f"{site.url}/", lambda live: (live.page.title(), live.get("/data").body))
    assert answer == ("at last", b"data")
    site.put("/", status(503))
    with pytest.raises(SiteUnreachable, match=r"it answers 503 \(3 attempts\)"):
        run().browse(f"{site.url}/", title)


def test_a_site_that_says_no_is_not_asked_again(site: Site, run: Run) -> None:
    """Neither for a page nor for what a page asks for."""
    with pytest.raises(SiteRefused, match="answers 404"):
        run().browse(f"{site.url}/missing", title)
    site.put("/", "<title>s</title>")
    site.put("/data", status(403))
    with pytest.raises(SiteRefused, match="answers 403"):
        run().browse(f"{site.url}/", lambda live: live.get("/data"))
    assert (len(site.asked("/missing")), len(site.asked("/data"))) == (1, 1)


def test_a_download_is_no_page(site: Site, run: Run) -> None:
    """Nothing is written to disk, and it is not asked for again."""
    site.put("/file", page("x" * 1000, headers={"Content_Disposition": "attachment; filename=x.zip"}))
    with pytest.raises(SiteRefused, match="is no page but a file to download"):
        run().browse(f"{site.url}/file", title)
    assert len(site.asked("/file")) == 1


def test_a_site_that_is_away_is_unreachable(run: Run) -> None:
    """As it is without a browser: robots.txt cannot be asked for."""
    with pytest.raises(SiteUnreachable):
        run().browse("http://127.0.0.1:1/", title)


def test_a_page_does_not_take_another_sites_answer(site: Site, make_site: object, run: Run) -> None:
    """Whether the other one would give it or not."""
    other = make_site()  # type: ignore[operator]
    site.put("/", "<title>s</title>")
    site.put("/open", status(302, Location=f"{other.url}/open"))
    site.put("/shut", status(302, Location=f"{other.url}/shut"))
    other.put("/open", page("given", headers={"Access_Control_Allow_Origin": "*"}))
    other.put("/shut", "not given")
    for address in ("/open", "/shut"):
        with pytest.raises(SiteRefused, match="which is another site"):
            run().browse(f"{site.url}/", lambda live, address=address: live.get(address))
        assert len(site.asked(address)) == 1


def test_what_is_too_large_is_not_taken(site: Site, run: Run) -> None:
    """An answer without end is left at the limit; a page is counted before it comes over."""
    sent = []

    def endless(handler: BaseHTTPRequestHandler) -> None:
        handler.send_response(200)
        handler.end_headers()
        handler.close_connection = True
        for _ in range(2_000):
            handler.wfile.write(b"x" * 65_536)
            sent.append(65_536)

    site.put("/", f"<title>s</title><p>{'x' * 60_000}</p>")
    site.put("/endless", endless)
    with pytest.raises(TooLarge, match="larger than 50,000 bytes"):
        run(max_bytes=50_000).browse(f"{site.url}/", lambda live: live.html())
    with pytest.raises(TooLarge, match="larger than 1,000,000 bytes"):
        run(max_bytes=1_000_000).browse(f"{site.url}/", lambda live: live.get("/endless"))
    assert sum(sent) < 60_000_000


def test_a_page_whose_script_never_ends_is_given_up(site: Site, run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """Playwright has no time limit for what is asked of a page's script; the browser is ended, and the next is fine."""
    monkeypatch.setattr("ingest.browser.live.HTML_LIMIT", 1.0)
    site.put("/", "<title>s</title>")
    site.put("/fine", "<title>fine</title>")
    fetcher = run()

    def work(live: LivePage) -> None:
        live.page.evaluate("setTimeout(() => { for (;;); }, 0)")
        live.html()

    with pytest.raises(BrowserFailed, match="the browser hangs"):
        fetcher.browse(f"{site.url}/", work)
    assert fetcher.browse(f"{site.url}/fine", title) == "fine"


def test_what_is_waited_for_in_vain_has_changed(site: Site, run: Run) -> None:
    """The sentence names it. That the site was busy before it answered does not count."""
    site.put("/", status(503), "<title>s</title>")
    with pytest.raises(PageChanged, match=r"does not show what was expected: locator\(\"#fixtures\"\)"):
        run().browse(f"{site.url}/", lambda live: live.page.locator("#fixtures").wait_for(timeout=200))


def test_a_frame_that_did_not_come_is_the_sites_failure(site: Site, run: Run) -> None:
    """Nothing can be waited for in it; it may come the next time."""
    site.put("/", "<iframe src='/viewer'></iframe>")
    site.put("/viewer", status(502))
    with pytest.raises(SiteUnreachable, match="/viewer: it answers 502"):
        run().browse(f"{site.url}/", lambda live: live.page.locator("#fixtures").wait_for(timeout=500))


def test_an_end_elsewhere_ends_a_page_that_is_read(site: Site, run: Run) -> None:
    """Who waits for it, in one thread, hears of it within seconds when another closes the run."""
    site.put("/", "<title>s</title>")
    fetcher = run()
    reading = threading.Event()
    said: list[BaseException] = []

    def work(live: LivePage) -> None:
        reading.set()
        live.page.wait_for_timeout(600_000)

    def read() -> None:
        try:
            fetcher.browse(f"{site.url}/", work)
        except SiteUnreachable as error:
            said.append(error)

    reader = threading.Thread(target=read)
    reader.start()
    assert reading.wait(30)
    begun = time.monotonic()
    fetcher.close()
    reader.join(30)
    assert time.monotonic() - begun < 15
    assert "the run is over" in str(said[0])
    with pytest.raises(SiteUnreachable, match="the run is over"):
        fetcher.browse(f"{site.url}/", title)
    assert run().browse(f"{site.url}/", title) == "s"
