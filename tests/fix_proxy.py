"""A TCP proxy that a test can cut and pause: the network's failures, on demand, in front of a real server."""

from __future__ import annotations

import socket
import struct
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, suppress
from types import TracebackType
from typing import Self
from urllib.parse import urlsplit, urlunsplit

import pytest

#: Where a proxy forwards to: host and port, or the path of a Unix socket.
Target = tuple[str, int] | str

_DEFAULT_PORTS = {"amqp": 5672, "amqps": 5671, "postgresql": 5432, "postgres": 5432, "http": 80, "https": 443}

# SO_LINGER with 0 seconds: closing sends a reset, as a broken line does
_RESET_ON_CLOSE = struct.pack("ii", 1, 0)


class Proxy:
    """Listens on a loopback port of its own and forwards to the target. Its port stays the same through a cut."""

    def __init__(self, target: Target, url: str | None = None) -> None:
        self._target = target
        self._lock = threading.Lock()
        self._sockets: set[socket.socket] = set()
        self._threads: list[threading.Thread] = []
        self._listener: socket.socket | None = None
        #: Bound and deaf while there is no listener: refuses connections, and keeps the port from being another's.
        self._reserved: socket.socket | None = None
        self._flowing = threading.Event()
        self._flowing.set()
        #: How many connections were turned away, and whether those that come now are.
        self.turned_away = 0
        self._turning_away = False
        self.host = "127.0.0.1"
        self.port = 0
        self.restore()
        #: The target's URL with this proxy's address in it (if a URL was given).
        self.url = _through(url, self.host, self.port) if url else ""

    def cut(self) -> None:
        """All connections are reset and new ones are refused until `restore`."""
        self._turning_away = False
        with self._lock:
            sockets, self._sockets = self._sockets, set()
            listener, self._listener = self._listener, None
        if listener is not None:
            # `accept` in the other thread returns only if the socket is shut down first
            _close(listener)
            self._reserved = self._bound()
        for connection in sockets:
            _reset(connection)

    def turn_away(self) -> None:
        """As `cut`, but who tries anew is taken, counted, and reset once it has said something, until `restore`."""
        self.cut()
        self._turning_away = True
        self._listen(self._turn_away)

    def restore(self) -> None:
        """Connections are possible (again)."""
        if self._turning_away:
            self.cut()
        if self._listener is None:
            self._listen(self._accept)

    def pause(self) -> None:
        """Connections stay and new ones are taken, but no byte passes until `resume`: a line that went silent."""
        self._flowing.clear()

    def resume(self) -> None:
        """Bytes pass again, those that were held back first."""
        self._flowing.set()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.cut()
        if self._reserved is not None:
            self._reserved.close()
        self.resume()
        for thread in self._threads:
            thread.join(timeout=5)

    def _listen(self, work: Callable[[socket.socket], None]) -> None:
        listener = self._reserved or self._bound()
        self._reserved = None
        self.port = listener.getsockname()[1]
        listener.listen(64)
        self._listener = listener
        self._spawn(work, listener)

    def _bound(self) -> socket.socket:
        bound = socket.socket()
        # or the connections that were accepted on this port, and are ending, would keep it
        bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        bound.bind((self.host, self.port))
        return bound

    def _spawn(self, work: Callable[..., None], *arguments: object) -> None:
        thread = threading.Thread(target=work, args=arguments, name=f"proxy-{self.port}", daemon=True)
        self._threads.append(thread)
        thread.start()

    def _accept(self, listener: socket.socket) -> None:
        while True:
            try:
                near, _ = listener.accept()
            except OSError:
                return  # cut
            try:
                far = self._connect()
            except OSError:
                _reset(near)
                continue
            with self._lock:
                # a cut that came between `accept` and here holds for this connection, too
                alive = self._listener is listener
                if alive:
                    self._sockets |= {near, far}
            if not alive:
                _reset(near)
                _reset(far)
                return
            self._spawn(self._pump, near, far)
            self._spawn(self._pump, far, near)

    def _turn_away(self, listener: socket.socket) -> None:
        while True:
            try:
                near, _ = listener.accept()
            except OSError:
                return  # cut
            with suppress(OSError):
                near.settimeout(5)
                near.recv(1)
            self.turned_away += 1
            _reset(near)

    def _connect(self) -> socket.socket:
        if isinstance(self._target, str):
            connection = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
            connection.connect(self._target)
            return connection
        return socket.create_connection(self._target, timeout=None)

    def _pump(self, source: socket.socket, sink: socket.socket) -> None:
        try:
            while data := source.recv(65536):
                self._flowing.wait()
                sink.sendall(data)
            sink.shutdown(socket.SHUT_WR)  # one side has finished; the other may still be sending
        except OSError:
            with self._lock:
                self._sockets -= {source, sink}
            _close(source)
            _close(sink)


def _reset(connection: socket.socket) -> None:
    try:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET_ON_CLOSE)
    except OSError:
        return  # closed already
    _close(connection)


def _close(connection: socket.socket) -> None:
    with suppress(OSError):  # not connected (any more)
        connection.shutdown(socket.SHUT_RDWR)
    connection.close()


def _through(url: str, host: str, port: int) -> str:
    parts = urlsplit(url)
    userinfo, at, _ = parts.netloc.rpartition("@")
    return urlunsplit(parts._replace(netloc=f"{userinfo}{at}{host}:{port}"))


@pytest.fixture
def tcp_proxy() -> Iterator[Callable[[str | Target], Proxy]]:
    """Call it with a URL (then `.url` leads through the proxy), a (host, port), or the path of a Unix socket."""
    with ExitStack() as stack:

        def proxy(to: str | Target) -> Proxy:
            if isinstance(to, tuple) or "://" not in to:
                return stack.enter_context(Proxy(to))
            parts = urlsplit(to)
            target = (parts.hostname or "127.0.0.1", parts.port or _DEFAULT_PORTS[parts.scheme])
            return stack.enter_context(Proxy(target, to))

        yield proxy
