"""A web site on loopback whose every answer a test decides, misbehaviour included."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from email.message import Message
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

#: Answers one request; the handler has `send_response`, `wfile` and the others of http.server.
Respond = Callable[[BaseHTTPRequestHandler], None]


@dataclass(frozen=True, slots=True)
class Request:
    """What the site was asked."""

    path: str
    #: Names without regard to case.
    headers: Message
    #: Of a POST.
    body: bytes = b""


@dataclass(slots=True)
class Site:
    """The site; `pages` are its answers by path. What it does not have is a 404 with a body."""

    url: str = ""
    requests: list[Request] = field(default_factory=list)
    closing: threading.Event = field(default_factory=threading.Event)
    _pages: dict[str, list[Respond]] = field(default_factory=dict)

    def put(self, path: str, *answers: bytes | str | Respond, etag: str | None = None, **headers: str) -> None:
        """`path` answers so: each request the next of `answers`, the last one for ever. With `etag` a request that
        knows it already is answered by 304."""
        self._pages[path] = [
            answer if callable(answer) else page(answer, etag=etag, headers=headers) for answer in answers
        ]

    def publish(self, key: str, schedule: Path | bytes, standings: Path | bytes, *, version: int = 1) -> None:
        """A league's two feeds as the real site serves them, `version` in their ETags."""
        for kind, document in (("schedule", schedule), ("standings", standings)):
            body = document if isinstance(document, bytes) else document.read_bytes()
            self.put(f"/data/{kind}/{key}.json", body, etag=f'"{kind}-{version}"', Content_Type="application/json")

    def asked(self, path: str) -> list[Request]:
        return [request for request in self.requests if request.path == path]

    @property
    def paths(self) -> list[str]:
        """What was asked for, in order, robots.txt left out."""
        return [request.path for request in self.requests if request.path != "/robots.txt"]

    def answer(self, handler: BaseHTTPRequestHandler) -> None:
        body = handler.rfile.read(int(handler.headers.get("Content-Length", 0)))
        self.requests.append(Request(handler.path, handler.headers, body))
        answers = self._pages.get(handler.path) or [status(404)]
        (answers.pop(0) if len(answers) > 1 else answers[0])(handler)


def page(
    body: bytes | str, *, code: int = 200, etag: str | None = None, headers: Mapping[str, str] | None = None
) -> Respond:
    """An ordinary answer. Underscores in the names of `headers` stand for hyphens."""
    data = body.encode() if isinstance(body, str) else body

    def respond(handler: BaseHTTPRequestHandler) -> None:
        known = etag is not None and handler.headers.get("If-None-Match") == etag
        handler.send_response(304 if known else code)
        for name, value in {"Content_Type": "text/html", **(headers or {})}.items():
            handler.send_header(name.replace("_", "-"), value)
        if etag:
            handler.send_header("ETag", etag)
        handler.send_header("Content-Length", "0" if known else str(len(data)))
        handler.end_headers()
        if not known:
            handler.wfile.write(data)

    return respond


def status(code: int, **headers: str) -> Respond:
    """An answer that is all status."""
    return page(f"<p>{code}</p>", code=code, headers=headers)


@pytest.fixture
def make_site() -> Iterator[Callable[[], Site]]:
    """Starts sites that are gone after the test."""
    servers: list[tuple[ThreadingHTTPServer, Site, threading.Thread]] = []

    def make() -> Site:
        site = Site()

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            # head and body leave in two writes; held back, the second would wait for the first's acknowledgement
            disable_nagle_algorithm = True

            def do_GET(self) -> None:
                try:
                    site.answer(self)
                except (BrokenPipeError, ConnectionResetError):
                    self.close_connection = True

            do_POST = do_GET

            def log_message(self, *_: Any) -> None:
                """pytest's output is no access log."""

        server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        server.daemon_threads = True
        site.url = f"http://127.0.0.1:{server.server_address[1]}"
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
        thread.start()
        servers.append((server, site, thread))
        return site

    yield make
    for server, site, thread in servers:
        site.closing.set()
        server.shutdown()
        thread.join()
        server.server_close()


@pytest.fixture
def site(make_site: Callable[[], Site]) -> Site:
    """A site for this test."""
    return make_site()
