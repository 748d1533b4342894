"""Answers HTTP on `metrics_listen`: `/metrics`, and what else `routes` names: for Prometheus and probes alone.

One port for all processes of a runtime directory: each tries to become the one that serves, and one succeeds.

    waiting ──the lock `serving` is free──► chosen ──the port is free──► serving, until the process ends
       ▲                                       │ another program has it
       └───────────── 2 s later ───────────────┘ (said once)

The kernel lets go of lock and port when the process ends, however it ends; another has both within about two seconds.
Whoever serves tells the numbers of all, so it does not matter who.

Nothing is asked of who asks: there is no log of requests, no name is looked up, and only GET is answered. What somebody
may take is bounded: a request has ten seconds, and there are eight at a time.
"""

from __future__ import annotations

import errno
import json
import logging
import os
import random
import socket
import socketserver
import threading
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any, Final

from actors.metrics.files import Directory, FilesUnusable
from contract.addresses import split_listen
from contract.health import judge_all
from contract.heartbeats import KINDS, read
from contract.locks import lock_now, open_lock
from contract.settings import Settings

#: Seconds between two tries to become the one that serves, on average.
INTERVAL: Final = 2.0

#: Seconds for one request from its first byte to its last, and how many there may be at once.
LONGEST: Final = 10.0
AT_ONCE: Final = 8

_logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Answer:
    """What a route says: an HTTP status, and text."""

    status: int
    body: bytes
    content_type: str = "text/plain; charset=utf-8"


Route = Callable[[], Answer]


def routes(settings: Settings, directory: Directory) -> dict[str, Route]:
    """The paths that workers and scheduler answer. What a route does is to be quick, and may raise nothing."""
    return {
        "/metrics": lambda: _metrics(settings, directory),
        "/live": lambda: _health(settings.runtime_dir, live=True),
        "/ready": lambda: _health(settings.runtime_dir, live=False),
    }


def _metrics(settings: Settings, directory: Directory) -> Answer:
    from actors.metrics.exposition import CONTENT_TYPE, of_processes

    try:
        return Answer(200, of_processes(settings, directory), CONTENT_TYPE)
    except FilesUnusable as error:
        _logger.warning("No metrics can be told: %s", error)
        return Answer(503, f"{error}\n".encode())


def _health(runtime_dir: Path, *, live: bool) -> Answer:
    """Of all workers and schedulers of this runtime directory: 200, or 503 with the reason."""
    beats = {kind: read(runtime_dir, kind) for kind in KINDS}
    verdicts = [judge_all(kind, found) for kind, found in beats.items() if found]
    well = bool(verdicts) and all(verdict.live if live else verdict.ready for verdict in verdicts)
    why = "; ".join(verdict.why for verdict in verdicts if verdict.why)
    body = json.dumps({"live" if live else "ready": well, "why": why}, ensure_ascii=False)
    return Answer(200 if well else 503, f"{body}\n".encode(), "application/json")


class Server:
    """This process's part in serving: a thread that waits to be the one, and then is."""

    def __init__(self, settings: Settings, directory: Directory) -> None:
        assert settings.metrics_listen is not None, "there is a server only where one is wanted"
        self._where = split_listen(settings.metrics_listen)
        self._routes = routes(settings, directory)
        self._lock = open_lock(directory.path / "serving")
        self._said = False
        self._stopping = threading.Event()
        self._serving: HttpServer | None = None
        self._thread = threading.Thread(target=self._run, name="metrics", daemon=True)

    def start(self) -> None:
        """Returns at once; what goes wrong is said in the log, and tried again."""
        self._thread.start()

    def stop(self) -> None:
        """Leave port and lock to others, as the end of the process does."""
        self._stopping.set()
        if self._serving is not None:
            self._serving.shutdown()
        self._thread.join()
        os.close(self._lock)

    def _run(self) -> None:
        # spreads the tries of many processes; nothing secret hangs on it
        while not self._stopping.is_set():
            if lock_now(self._lock):
                self._serve()
            self._stopping.wait(random.uniform(INTERVAL / 2, INTERVAL * 1.5))  # noqa: S311

    def _serve(self) -> None:
        """Until the process ends; returns where the port is not to be had. The lock stays: nobody would do better."""
        try:
            server = HttpServer(self._where, self._routes)
        except OSError as error:
            if not self._said:
                self._said = True
                why = "another program has that port" if error.errno == errno.EADDRINUSE else error.strerror or error
                _logger.warning("Metrics cannot be served on %s port %d: %s. Trying on.", *self._where, why)
            return
        _logger.info("Metrics are served on %s port %d", *self._where)
        with server:
            self._serving = server
            server.serve_forever()


class HttpServer(socketserver.ThreadingMixIn, HTTPServer):
    """Listens on host and port, and answers `routes`. Raises OSError where that cannot be done."""

    daemon_threads = True
    block_on_close = False
    request_queue_size = 32

    def __init__(self, where: tuple[str, int], routes: Mapping[str, Route]) -> None:
        self.routes = routes
        self._free = threading.BoundedSemaphore(AT_ONCE)
        family, *_, address = socket.getaddrinfo(*where, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)[0]
        self.address_family = family
        super().__init__((str(address[0]), int(address[1])), _Handler)

    def server_bind(self) -> None:
        if self.address_family == socket.AF_INET6:
            # [::] is what was asked for, and not 0.0.0.0 as well
            self.socket.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        # not HTTPServer's: it asks a name server who we are
        socketserver.TCPServer.server_bind(self)
        self.server_name, self.server_port = str(self.server_address[0]), int(self.server_address[1])

    def process_request(self, request: Any, client_address: Any) -> None:
        if not self._free.acquire(blocking=False):
            self.shutdown_request(request)  # they come again
            return
        super().process_request(request, client_address)

    def process_request_thread(self, request: Any, client_address: Any) -> None:
        end = threading.Timer(LONGEST, _cut, [request])
        end.daemon = True
        end.start()
        try:
            super().process_request_thread(request, client_address)
        finally:
            end.cancel()
            self._free.release()

    def handle_error(self, request: Any, client_address: Any) -> None:
        _logger.debug("A request was broken off.", exc_info=True)


def _cut(request: socket.socket) -> None:
    with suppress(OSError):
        request.shutdown(socket.SHUT_RDWR)


class _Handler(BaseHTTPRequestHandler):
    """One request, one answer."""

    server: HttpServer
    timeout = LONGEST
    server_version = "touchline"
    sys_version = ""

    def do_GET(self) -> None:
        route = self.server.routes.get(self.path.partition("?")[0])
        if route is None:
            self._say(Answer(404, f"There is {', '.join(self.server.routes)}.\n".encode()))
            return
        try:
            answer = route()
        except Exception:
            _logger.exception("%s cannot be answered.", self.path.partition("?")[0][:100])
            answer = Answer(500, b"This cannot be answered; the log says why.\n")
        self._say(answer)

    def _refuse(self) -> None:
        self._say(Answer(405, b"Only GET is answered.\n"))

    do_HEAD = do_POST = do_PUT = do_PATCH = do_DELETE = do_OPTIONS = do_TRACE = do_CONNECT = _refuse

    def _say(self, answer: Answer) -> None:
        self.send_response(answer.status)
        self.send_header("Content-Type", answer.content_type)
        self.send_header("Content-Length", str(len(answer.body)))
        if answer.status == 405:
            self.send_header("Allow", "GET")
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(answer.body)

    def log_message(self, format: str, *args: Any) -> None:
        """Prometheus asks four times a minute."""
