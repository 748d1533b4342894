"""The demo league's site, with the habits of the real one (SOURCES.md, section 1).

    /mlsnext/standings/homegrown_division/     the official page: consent banner, and an iframe that waits for it
    /?league=homegrown                         the viewer, a single-page app (also academy)
    /data/schedule/<key>.json                  the feeds that the app loads: ETag, four minutes of cache, gzip
    /data/standings/<key>.json
    /schedule, /league-schedule/…              the same league as modular11.com has it (touchline.demo.modular11)
    anything else                              the viewer's page with status 200, never 404

`python -m touchline.demo.site` serves it until Ctrl-C, for a look with a browser.
"""

from __future__ import annotations

import html
import signal
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any, Final, NamedTuple, Self
from urllib.parse import urlsplit

import click

from contract.errors import ConfigurationError, TouchlineError
from touchline.demo.bodies import CACHE_SECONDS, Bodies, Body, Fault, Part
from touchline.demo.league import DEFAULT_SCALE, DEFAULT_SEASON, DEFAULT_SEED, League
from touchline.demo.modular11 import Schedules, send
from touchline.demo.official import DIVISIONS, Pages, Twist

_HOST: Final = "127.0.0.1"
_EVERYWHERE: Final = "0.0.0.0"  # noqa: S104 - only told from others here
#: The official page asks for this again and again: like the real one, it never reaches network idle.
_TICKER: Final = "/mlsnext/ticker"


class Request(NamedTuple):
    """One request as the site saw it."""

    method: str
    path: str
    status: int
    conditional: bool
    user_agent: str


class DemoSite:
    """Serves a league as of one moment. A context manager; also `start` and `stop`, on the same port again.

    `port` 0 takes a free one; `host` is the address of this machine that it listens on. Raises ConfigurationError at
    `start` where the port is taken, or the address not this machine's.
    """

    def __init__(self, league: League, moment: datetime, *, host: str = _HOST, port: int = 0) -> None:
        self.league = league
        self._host = host
        #: Seconds for which Fault.SLOW and Twist.SLOW_PAGE keep a client waiting.
        self.patience = 60.0
        #: What /robots.txt says. The real one disallows nothing.
        self.robots = "User-agent: *\nDisallow:\n"
        self.port = port
        self._pages = Pages(league)
        self._bodies = Bodies(league.at(moment))
        self.schedules = Schedules(league, moment)
        self._lock = threading.Lock()
        self._requests: list[Request] = []
        self._under_way = 0
        self._busiest = 0
        self._fault: tuple[Fault, str | None] | None = None
        self._over = threading.Event()
        self._server: _Server | None = None
        self._thread: threading.Thread | None = None

    @property
    def url(self) -> str:
        """The base address, for `TOUCHLINE_MLSNEXT_URL` and `…_MODULAR11_URL`. Known once the site was started.

        Of a site that listens everywhere it is the one on loopback.
        """
        return f"http://{_HOST if self._host == _EVERYWHERE else self._host}:{self.port}"

    @property
    def moment(self) -> datetime:
        return self._bodies.snapshot.moment

    @property
    def requests(self) -> list[Request]:
        """All requests since the start or the last `forget`, in the order in which they were answered."""
        with self._lock:
            return list(self._requests)

    @property
    def busiest(self) -> int:
        """The most requests that were under way at once since the start or the last `forget`."""
        with self._lock:
            return self._busiest

    def forget(self) -> None:
        """Empty `requests`, and count `busiest` anew."""
        with self._lock:
            self._requests.clear()
            self._busiest = self._under_way

    def show(self, moment: datetime) -> None:
        """From now on the site publishes what is known at `moment`."""
        self._bodies = Bodies(self.league.at(moment), self._bodies.hidden)
        self.schedules.show(moment)

    def hide(self, *numbers: int) -> None:
        """From now on the schedules leave out these matches, by their public numbers, and no others."""
        self._bodies = Bodies(self._bodies.snapshot, frozenset(numbers))

    def fail(self, fault: Fault | None, *, key: str | None = None) -> None:
        """From now on this is wrong with the site (None: nothing), or with the documents of one feed only."""
        with self._lock:
            self._fault = None if fault is None else (fault, key)
            over, self._over = self._over, threading.Event()
        over.set()

    def twist(self, twist: Twist | None) -> None:
        """From now on this is otherwise with the pages (None: nothing)."""
        self._pages = Pages(self.league, twist)

    @contextmanager
    def failing(self, fault: Fault, *, key: str | None = None) -> Iterator[Self]:
        """`fail` for as long as the block lasts."""
        self.fail(fault, key=key)
        try:
            yield self
        finally:
            self.fail(None)

    def start(self) -> Self:
        if self._server is not None:
            return self
        try:
            self._server = _Server((self._host, self.port), self)
        except OSError as error:
            raise ConfigurationError(
                f"the demo site cannot listen on port {self.port} of {self._host}: {error.strerror or error}",
                hint="choose another --port, or another --host",
            ) from None
        self.port = self._server.server_address[1]
        self._thread = threading.Thread(
            target=self._server.serve_forever,
            kwargs={"poll_interval": 0.05},
            name=f"demo-site-{self.port}",
            daemon=True,
        )
        self._thread.start()
        return self

    def stop(self) -> None:
        """Connections are refused from now on, and those that were open are closed."""
        server, thread = self._server, self._thread
        self._server = self._thread = None
        if server is None or thread is None:
            return
        with self._lock:
            over, self._over = self._over, threading.Event()
        over.set()
        server.shutdown()
        thread.join()
        server.server_close()

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    # What the handler asks for.

    def fault(self, part: Part | None) -> tuple[Fault | None, threading.Event]:
        """What is wrong with a document, or with another path; and the event that ends it."""
        with self._lock:
            fault, key = self._fault or (None, None)
            if (key is not None and (part is None or part.key != key)) or (
                part is None and fault not in (Fault.ERROR, Fault.SLOW)
            ):
                fault = None
            return fault, self._over

    def body(self, path: str, part: Part | None, fault: Fault | None, host: str) -> Body:
        """What a path is answered with, status 200. `host` is what the client calls this site."""
        if path == "/robots.txt":
            return Body(self.robots.encode(), "text/plain; charset=utf-8")
        if part is not None and fault is not Fault.SHELL:
            return self._bodies.document(part, fault) or self._pages.shell
        return self._pages.find(path, host) or self._pages.shell

    def twisted(self, path: str) -> Twist | None:
        """What is otherwise with an official page; None for any other path."""
        return self._pages.twist if self._pages.is_official(path) else None

    def record(self, request: Request) -> None:
        with self._lock:
            self._requests.append(request)

    @contextmanager
    def answering(self) -> Iterator[None]:
        """Counts what is under way."""
        with self._lock:
            self._under_way += 1
            self._busiest = max(self._busiest, self._under_way)
        try:
            yield
        finally:
            with self._lock:
                self._under_way -= 1


class _Server(ThreadingHTTPServer):
    """Knows its open connections, so that stopping the site ends them too."""

    daemon_threads = True
    request_queue_size = 64

    def __init__(self, address: tuple[str, int], site: DemoSite) -> None:
        self.site = site
        self._open: set[socket.socket] = set()
        self._guard = threading.Lock()
        super().__init__(address, _Handler)

    def process_request(self, request: Any, client_address: Any) -> None:
        with self._guard:
            self._open.add(request)
        super().process_request(request, client_address)

    def shutdown_request(self, request: Any) -> None:
        with self._guard:
            self._open.discard(request)
        super().shutdown_request(request)

    def server_close(self) -> None:
        super().server_close()
        with self._guard:
            still_open = list(self._open)
        for connection in still_open:
            with suppress(OSError):  # the client was faster
                connection.shutdown(socket.SHUT_RDWR)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Silent: the only errors here are of clients that went away while they were answered."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server_version = "DemoLeague"
    sys_version = ""
    server: _Server
    # headers and body leave in one piece: without this each answer waits for an acknowledgement (Nagle)
    wbufsize = 64 * 1024
    disable_nagle_algorithm = True
    timeout = 120

    def do_GET(self) -> None:
        with self.server.site.answering():
            self._answer(with_body=True)

    def do_HEAD(self) -> None:
        with self.server.site.answering():
            self._answer(with_body=False)

    def log_message(self, format: str, *args: Any) -> None:
        """Silent: `DemoSite.requests` is the log."""

    def _answer(self, *, with_body: bool) -> None:
        site = self.server.site
        path = urlsplit(self.path).path
        part = Part.of(path)
        fault, over = site.fault(part)
        twist = site.twisted(path)
        if fault is Fault.SLOW or twist is Twist.SLOW_PAGE:
            over.wait(site.patience)
        if twist is Twist.BUSY_PAGE:
            self._send(503, Body(b"Service Unavailable\n", "text/plain; charset=utf-8"), with_body=with_body)
        elif fault is Fault.ERROR:
            self._send(500, Body(b"Internal Server Error\n", "text/plain; charset=utf-8"), with_body=with_body)
        elif path == _TICKER:
            self._send(204, None, with_body=False)
        elif (reply := site.schedules.reply(self)) is not None:
            site.record(Request(self.command, self.path, reply.status, False, self.headers.get("User-Agent", "")))
            send(self, reply)
        else:
            body = site.body(path, part, fault, html.escape(self.headers.get("Host") or f"{_HOST}:{site.port}"))
            condition = self.headers.get("If-None-Match")
            if body.cached and condition and body.matches(condition):
                self._send(304, body, with_body=False)
            else:
                self._send(200, body, with_body=with_body, broken=fault is Fault.TRUNCATED)

    def _send(self, status: int, body: Body | None, *, with_body: bool, broken: bool = False) -> None:
        squeezed = body is not None and body.cached and _takes_gzip(self.headers.get("Accept-Encoding", ""))
        content = b"" if body is None else body.squeezed if squeezed else body.content
        self.send_response(status)
        if body is not None and status != 304:
            self.send_header("Content-Type", body.kind)
            self.send_header("Content-Length", str(len(content)))
            if squeezed:
                self.send_header("Content-Encoding", "gzip")
        if body is not None and body.cached:
            self.send_header("ETag", body.tag(squeezed=squeezed))
            self.send_header("Vary", "Accept-Encoding")
            self.send_header("Cache-Control", f"public, max-age={CACHE_SECONDS}")
        else:
            self.send_header("Cache-Control", "no-cache")
        self.end_headers()
        headers = self.headers
        self.server.site.record(
            Request(self.command, self.path, status, "If-None-Match" in headers, headers.get("User-Agent", ""))
        )
        if with_body:
            self.wfile.write(content[: len(content) // 2] if broken else content)
        self.wfile.flush()
        self.close_connection = self.close_connection or broken


def _takes_gzip(accepted: str) -> bool:
    for item in accepted.split(","):
        coding, _, quality = item.replace(" ", "").partition(";")
        if coding.lower() in ("gzip", "*"):
            return quality not in ("q=0", "q=0.0", "q=0.00", "q=0.000")
    return False


@click.command(epilog="Example: python -m touchline.demo.site --port 8900 --scale 0.1 --at 2026-10-03")
@click.option("--host", default=_HOST, show_default=True, help="Address to listen on; 0.0.0.0 is all of them.")
@click.option("--port", default=8900, show_default=True, help="Port there; 0 takes a free one.")
@click.option("--scale", default=DEFAULT_SCALE, show_default=True, help="Size of the league; 1 is 24,628 matches.")
@click.option("--season", default=DEFAULT_SEASON, show_default=True, help="Season to serve.")
@click.option("--seed", default=DEFAULT_SEED, show_default=True, help="Another seed is another league.")
@click.option("--at", "at", default=None, help="Date or UTC moment to show; by default a Friday in October.")
@click.option("--twist", type=click.Choice([twist.value for twist in Twist]), help="What is in a reader's way.")
def main(host: str, port: int, scale: float, season: str, seed: int, at: str | None, twist: str | None) -> None:
    """Serve the demo league's site on this machine until Ctrl-C."""
    try:
        league = League(seed=seed, scale=scale, season=season)
        moment = parse_moment(at) if at else league.weekend().before
        site = DemoSite(league, moment, host=host, port=port).start()
        site.twist(Twist(twist) if twist else None)
    except TouchlineError as error:
        click.echo(f"Error: {error}" + (f" ({error.hint})" if error.hint else ""), err=True)
        raise SystemExit(error.exit_code) from None
    official = "\n          ".join(f"{site.url}{path}/" for path in DIVISIONS)
    documents = "\n          ".join(f"{site.url}/data/schedule/{key}.json" for key in league.keys)
    click.echo(f"League    {league.season}, {league.matches:,} matches, as of {moment:%Y-%m-%d %H:%M} UTC")
    click.echo(f"Pages     {official}")
    click.echo(f"Viewer    {site.url}/?league=homegrown")
    click.echo(f"Feeds     {documents}")
    click.echo("Ctrl-C ends it.")
    ended = threading.Event()
    for ending in (signal.SIGINT, signal.SIGTERM):
        signal.signal(ending, lambda *_: ended.set())
    ended.wait()
    site.stop()


def parse_moment(text: str) -> datetime:
    """`2026-10-03` (its evening, 22:30 UTC) or `2026-10-03T22:30Z`. Raises ConfigurationError."""
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise ConfigurationError(f"{text!r} is not a date", hint="write 2026-10-03 or 2026-10-03T22:30Z") from None
    if len(text) <= 10:
        moment = moment.replace(hour=22, minute=30)
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)


if __name__ == "__main__":
    main()
