"""The fetcher against a real site: what is asked, how often, how patiently, and what is made of every answer."""

from __future__ import annotations

import gzip
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler
from itertools import count
from pathlib import Path

import pytest

from ingest.agent import default_user_agent
from ingest.answers import Answer, NotModified
from ingest.errors import PageChanged, SiteRefused, SiteUnreachable, TooLarge
from ingest.http import Fetcher
from ingest.validators import Validators
from tests.fix_site import Site, page, status
from tests.integration.fetching import NOW, Pauses, fetch, make_fetcher


def chunk(handler: BaseHTTPRequestHandler, data: bytes) -> None:
    handler.wfile.write(b"%x\r\n%s\r\n" % (len(data), data))


def start_chunks(handler: BaseHTTPRequestHandler, **headers: str) -> None:
    handler.send_response(200)
    handler.send_header("Transfer-Encoding", "chunked")
    for name, value in headers.items():
        handler.send_header(name.replace("_", "-"), value)
    handler.end_headers()


def test_an_answer_says_what_came_and_when_it_was_asked_for(site: Site) -> None:
    """An answer holds body, type, ETag, address and the time of the request."""
    site.put("/a.json", b"{}", etag='"1"', Content_Type="application/json")
    answer = fetch(f"{site.url}/a.json")
    assert answer == Answer(200, b"{}", '"1"', f"{site.url}/a.json", "application/json", NOW)


def test_it_says_who_it_is(site: Site) -> None:
    """Every request, that for robots.txt included, carries an honest User-Agent with our name and version."""
    site.put("/a", "a")
    fetch(f"{site.url}/a")
    assert [request.path for request in site.requests] == ["/robots.txt", "/a"]
    assert {request.headers["User-Agent"] for request in site.requests} == {default_user_agent()}
    assert default_user_agent().startswith("touchline/0.")


def test_gzip_is_asked_for_and_undone(site: Site) -> None:
    """A compressed answer arrives decompressed."""
    site.put("/a", gzip.compress(b"word " * 10_000), Content_Encoding="gzip")
    answer = fetch(f"{site.url}/a")
    assert isinstance(answer, Answer)
    assert answer.body == b"word " * 10_000
    assert site.asked("/a")[0].headers["Accept-Encoding"] == "gzip"


def test_an_encoding_that_was_not_asked_for_is_said_so(site: Site) -> None:
    """An answer in an unknown encoding is an error that names it, and no garbage."""
    site.put("/a", b"\x0b\x02\x80", Content_Encoding="br")
    with pytest.raises(PageChanged, match="'br'"):
        fetch(f"{site.url}/a")


class TestConditionalRequests:
    def test_an_etag_is_sent_once_its_part_is_committed(self, site: Site, tmp_path: Path) -> None:
        """What was read is asked for conditionally by the next run, and is NotModified while it is the same."""
        site.put("/a", "one", etag='"1"')
        validators = Validators(tmp_path, "s")
        assert isinstance(Fetcher(validators=validators).get(f"{site.url}/a", part="p"), Answer)
        validators.commit("p")

        again = Fetcher(validators=Validators(tmp_path, "s"))
        assert again.get(f"{site.url}/a", part="p") == NotModified(f"{site.url}/a")
        site.put("/a", "two", etag='"2"')
        answer = again.get(f"{site.url}/a", part="p")
        assert isinstance(answer, Answer)
        assert answer.body == b"two"
        assert [request.headers.get("If-None-Match") for request in site.asked("/a")] == [None, '"1"', '"1"']

    def test_an_etag_is_not_remembered_before_its_part_is_committed(self, site: Site, tmp_path: Path) -> None:
        """A run that died before everything was confirmed leaves no ETag: the next one reads it all."""
        site.put("/a", "one", etag='"1"')
        Fetcher(validators=Validators(tmp_path, "s")).get(f"{site.url}/a", part="p")
        answer = Fetcher(validators=Validators(tmp_path, "s")).get(f"{site.url}/a", part="p")
        assert isinstance(answer, Answer)

    def test_unconditional_means_the_whole_document(self, site: Site, tmp_path: Path) -> None:
        """`conditional=False` sends no ETag though one is known."""
        site.put("/a", "one", etag='"1"')
        validators = Validators(tmp_path, "s")
        fetcher = Fetcher(validators=validators)
        fetcher.get(f"{site.url}/a", part="p")
        validators.commit("p")
        assert isinstance(fetcher.get(f"{site.url}/a", part="p", conditional=False), Answer)

    def test_a_304_that_nobody_asked_for_is_refused(self, site: Site) -> None:
        """Not modified, and we never had it: an error rather than an unchanged part."""
        site.put("/a", status(304))
        with pytest.raises(SiteRefused, match="answers 304"):
            fetch(f"{site.url}/a")


class TestPatience:
    def test_a_500_is_tried_again(self, site: Site) -> None:
        """A site that fails once is asked again after a pause, and the run never notices."""
        site.put("/a", status(500), page("fine"))
        fetcher, pauses = make_fetcher()
        answer = fetcher.get(f"{site.url}/a")
        assert isinstance(answer, Answer)
        assert answer.body == b"fine"
        assert pauses == [2.0]

    @pytest.mark.parametrize("code", [408, 425, 429, 500, 502, 503, 504])
    def test_a_site_that_stays_busy_is_unreachable(self, site: Site, code: int) -> None:
        """After four attempts, further and further apart, it is SiteUnreachable: worth another try later."""
        site.put("/a", status(code))
        fetcher, pauses = make_fetcher()
        with pytest.raises(SiteUnreachable, match=f"/a cannot be read: it answers {code} \\(4 attempts\\)"):
            fetcher.get(f"{site.url}/a")
        assert len(site.asked("/a")) == 4
        assert pauses == [2.0, 4.0, 8.0]

    def test_pauses_have_full_jitter(self, site: Site) -> None:
        """A pause is anything up to its full length, so that many who failed together do not return together."""
        site.put("/a", status(500))
        pauses = Pauses()
        with pytest.raises(SiteUnreachable):
            Fetcher(sleep=pauses, chance=lambda: 0.25).get(f"{site.url}/a")
        assert pauses == [0.5, 1.0, 2.0]

    @pytest.mark.parametrize(
        ("value", "pause"),
        [("7", 7.0), ("Sat, 03 Oct 2026 22:00:09 GMT", 9.0), ("Sat, 03 Oct 2026 21:00:00 GMT", 2.0), ("soon", 2.0)],
    )
    def test_retry_after_is_kept_to(self, site: Site, value: str, pause: float) -> None:
        """A site that says when to come back, in seconds or as a date, is not asked before."""
        site.put("/a", status(503, Retry_After=value), page("fine"))
        fetcher, pauses = make_fetcher()
        assert isinstance(fetcher.get(f"{site.url}/a"), Answer)
        assert pauses == [pause]

    def test_a_retry_after_that_is_too_long_ends_the_waiting(self, site: Site) -> None:
        """A site that wants us back in an hour is unreachable now; the run does not hang for an hour."""
        site.put("/a", status(429, Retry_After="3600"))
        fetcher, pauses = make_fetcher()
        with pytest.raises(SiteUnreachable, match="come back in 3600 s"):
            fetcher.get(f"{site.url}/a")
        assert len(site.asked("/a")) == 1
        assert not pauses

    @pytest.mark.parametrize("code", [400, 401, 403, 404, 410, 451])
    def test_a_4xx_is_a_no(self, site: Site, code: int) -> None:
        """What the site refuses is asked for once."""
        site.put("/a", status(code))
        with pytest.raises(SiteRefused, match=f"answers {code}"):
            fetch(f"{site.url}/a")
        assert len(site.asked("/a")) == 1

    def test_nobody_listens(self) -> None:
        """A port without a server is SiteUnreachable, by the system's own word and with exit code 3."""
        with pytest.raises(SiteUnreachable, match="Connection refused") as raised:
            fetch("http://127.0.0.1:9/a")
        assert raised.value.exit_code == 3

    def test_a_name_that_does_not_resolve(self) -> None:
        """An unknown host is said to be one, without urllib3's object names."""
        with pytest.raises(SiteUnreachable, match="its name does not resolve") as raised:
            fetch("http://no-such-host.invalid/a")
        assert "object at" not in str(raised.value)

    def test_a_body_that_breaks_off_is_read_again(self, site: Site) -> None:
        """An answer shorter than it said is no answer."""

        def short(handler: BaseHTTPRequestHandler) -> None:
            handler.send_response(200)
            handler.send_header("Content-Length", "100")
            handler.end_headers()
            handler.wfile.write(b"[1, 2")
            handler.close_connection = True

        site.put("/a", short, page("whole"))
        answer = fetch(f"{site.url}/a")
        assert isinstance(answer, Answer)
        assert answer.body == b"whole"

    @pytest.mark.parametrize(
        "damage", [lambda data: data[:-20], lambda data: data[:-8] + bytes(8), lambda _: b"[1, 2]"]
    )
    def test_a_damaged_gzip_is_read_again(self, site: Site, damage: Callable[[bytes], bytes]) -> None:
        """A compressed body that ends early, has a wrong check sum or is none is no answer either."""
        site.put(
            "/a",
            page(damage(gzip.compress(bytes(range(256)) * 100)), headers={"Content_Encoding": "gzip"}),
            page("whole"),
        )
        answer = fetch(f"{site.url}/a")
        assert isinstance(answer, Answer)
        assert answer.body == b"whole"


class TestLimits:
    def test_a_document_that_is_too_large(self, site: Site) -> None:
        """A document above the limit is refused, and one just at it is not."""
        site.put("/a", b"x" * 10_001)
        with pytest.raises(TooLarge, match="more than 10,000 bytes"):
            fetch(f"{site.url}/a", max_bytes=10_000)
        assert isinstance(fetch(f"{site.url}/a", max_bytes=10_001), Answer)

    def test_a_bomb_is_measured_unpacked(self, site: Site) -> None:
        """The limit holds for what is decompressed: 100 MB in 100 KB never get into memory."""
        site.put("/a", gzip.compress(bytes(100_000_000)), Content_Encoding="gzip")
        with pytest.raises(TooLarge):
            fetch(f"{site.url}/a", max_bytes=1_000_000)

    @pytest.mark.parametrize("piece", [b"x" * 1000, gzip.compress(b"")], ids=["data", "empty gzip members"])
    def test_a_body_without_end(self, site: Site, piece: bytes) -> None:
        """A body that never ends is cut at the limit, even one that decompresses to nothing."""

        def endless(handler: BaseHTTPRequestHandler) -> None:
            start_chunks(handler, **({"Content_Encoding": "gzip"} if piece[:1] == b"\x1f" else {}))
            while not site.closing.is_set():
                chunk(handler, piece)

        site.put("/a", endless)
        with pytest.raises(TooLarge):
            fetch(f"{site.url}/a", max_bytes=100_000)

    @pytest.mark.parametrize("chunked", [True, False])
    def test_a_body_that_drips(self, site: Site, chunked: bool) -> None:
        """A body that comes byte by byte ends at the deadline, though the site is never silent."""

        def drip(handler: BaseHTTPRequestHandler) -> None:
            if chunked:
                start_chunks(handler)
            else:
                handler.send_response(200)
                handler.send_header("Content-Length", "1000000")
                handler.end_headers()
            while not site.closing.wait(0.001):
                chunk(handler, b".") if chunked else handler.wfile.write(b".")

        site.put("/a", drip)
        # each look at this clock is a second later
        with pytest.raises(SiteUnreachable, match="was not complete within 30 s"):
            fetch(f"{site.url}/a", clock=count().__next__, timeout=30)

    def test_a_site_that_says_nothing(self, site: Site) -> None:
        """A site that takes the connection and stays silent is given up."""
        site.put("/a", lambda _: site.closing.wait() and None)
        with pytest.raises(SiteUnreachable, match=r"silent for 0\.1 s"):
            fetch(f"{site.url}/a", timeout=0.1)
