"""The site by itself, on loopback: `with Modular11Site(Schedules(league, moment)) as site: site.url`."""

from __future__ import annotations

import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any, Final, NamedTuple, Self
from urllib.parse import urlsplit

from touchline.demo.modular11.schedules import Reply, Schedules, send

_HOST: Final = "127.0.0.1"


class Request(NamedTuple):
    """One request as the site saw it."""

    path: str
    query: str
    status: int


class Modular11Site:
    """Serves `schedules`, on a free port where none is named."""

    def __init__(self, schedules: Schedules, *, port: int = 0) -> None:
        self.schedules = schedules
        self._lock = threading.Lock()
        self._requests: list[Request] = []
        self._server = _Server((_HOST, port), self)
        self._thread = threading.Thread(
            target=self._server.serve_forever, kwargs={"poll_interval": 0.05}, name="demo-modular11", daemon=True
        )

    @property
    def url(self) -> str:
        """The base address, for `TOUCHLINE_MODULAR11_URL`."""
        return f"http://{_HOST}:{self._server.server_address[1]}"

    @property
    def requests(self) -> list[Request]:
        """All requests since the start or the last `forget`, in the order in which they were answered."""
        with self._lock:
            return list(self._requests)

    def forget(self) -> None:
        with self._lock:
            self._requests.clear()

    def record(self, request: Request) -> None:
        with self._lock:
            self._requests.append(request)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 64

    def __init__(self, address: tuple[str, int], site: Modular11Site) -> None:
        self.site = site
        super().__init__(address, _Handler)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Silent: the only errors here are of browsers that went away while they were answered."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: _Server
    # headers and body leave in one piece, without waiting for an acknowledgement (Nagle)
    wbufsize = 64 * 1024
    disable_nagle_algorithm = True
    timeout = 120

    def do_GET(self) -> None:
        parts = urlsplit(self.path)
        reply = self.server.site.schedules.reply(self) or Reply(404, b"Not Found", "text/plain")
        self.server.site.record(Request(parts.path, parts.query, reply.status))
        send(self, reply)

    def log_message(self, format: str, *args: Any) -> None:
        """Silent: `Modular11Site.requests` is the log."""
