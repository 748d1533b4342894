"""One HTTP request and its whole answer, within a deadline and a size.

Built on urllib3, whose own retries and redirects are off: `ingest.http` decides about those. Nothing here knows of
politeness, robots.txt or remembered ETags.
"""

from __future__ import annotations

import gzip
import io
import urllib.request
import zlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final
from urllib.parse import unquote, urlsplit

import urllib3
from urllib3 import exceptions

from contract.addresses import redact
from contract.errors import ConfigurationError
from ingest.errors import PageChanged, TooLarge

#: Bytes that are asked of the socket at once. A read returns what is there, so that the deadline is looked at often.
_CHUNK: Final = 64 * 1024

#: Seconds without a byte after which a site counts as silent, whatever the deadline leaves.
IDLE: Final = 20.0


class NoAnswer(Exception):
    """This attempt brought no answer, or only a part of one; the next may. `str` says why, without the address."""


@dataclass(frozen=True, slots=True)
class Response:
    """Status, headers (without regard to case) and the decoded body; the body is read where the status is 2xx."""

    status: int
    headers: Mapping[str, str]
    body: bytes


class Transport:
    """Connections to a site, directly or through the proxy that the environment names."""

    def __init__(self, *, timeout: float, max_bytes: int, clock: Callable[[], float]) -> None:
        """`timeout` is for a whole request in seconds, `max_bytes` for the body as sent and as decompressed."""
        self._timeout = timeout
        self._max_bytes = max_bytes
        self._clock = clock
        self._pools: dict[str, urllib3.PoolManager] = {}

    def send(self, url: str, headers: Mapping[str, str]) -> Response:
        """GET `url`. Raises NoAnswer, TooLarge, and PageChanged for an encoding that was not asked for."""
        deadline = self._clock() + self._timeout
        try:
            response = self._pool(url).request(
                "GET",
                url,
                headers={**headers, "Accept-Encoding": "gzip"},
                timeout=urllib3.Timeout(connect=min(IDLE, self._timeout), read=min(IDLE, self._timeout)),
                retries=False,
                redirect=False,
                preload_content=False,
                decode_content=False,
            )
            try:
                body = self._read(url, response, deadline) if 200 <= response.status < 300 else b""
                return Response(response.status, response.headers, body)
            finally:
                # a connection whose answer was read to the end goes back to its pool by itself
                response.close()
        except (exceptions.HTTPError, OSError, EOFError, zlib.error) as error:
            raise NoAnswer(_reason(error, self._timeout)) from error

    def _read(self, url: str, response: urllib3.BaseHTTPResponse, deadline: float) -> bytes:
        raw = _Raw(response, deadline, self._clock, self._max_bytes)
        encoding = response.headers.get("Content-Encoding", "").strip().lower()
        source: _Raw | gzip.GzipFile
        if encoding in ("", "identity"):
            source = raw
        elif encoding in ("gzip", "x-gzip"):
            # bounded output for bounded input, a check sum, and an error where the stream ends early
            source = gzip.GzipFile(fileobj=raw)
        else:
            raise PageChanged(f"{redact(url)} comes in the encoding {encoding!r}, which was not asked for")
        body = io.BytesIO()
        try:
            while chunk := source.read1(_CHUNK):
                body.write(chunk)
                if body.tell() > self._max_bytes:
                    raise _TooMuch
        except _TooMuch:
            raise TooLarge(
                f"{redact(url)} sends more than {self._max_bytes:,} bytes, the most that is taken of one document",
                hint="look at what is served there; the source's limit is far above anything it should send",
            ) from None
        return body.getvalue()

    def _pool(self, url: str) -> urllib3.PoolManager:
        parts = urlsplit(url)
        proxy = _proxy_for(parts.scheme, parts.hostname or "")
        key = proxy or ""
        # two threads may both make one; the loser's is forgotten before it holds a connection
        return self._pools.get(key) or self._pools.setdefault(key, _make_pool(proxy))


class _TooMuch(Exception):
    """The limit on one body is reached."""


class _Raw(io.RawIOBase):
    """The body as it comes from the socket, until the deadline or the limit."""

    def __init__(
        self, response: urllib3.BaseHTTPResponse, deadline: float, clock: Callable[[], float], limit: int
    ) -> None:
        self._response = response
        self._deadline = deadline
        self._clock = clock
        self._left = limit

    def readable(self) -> bool:
        return True

    def read(self, size: int = -1) -> bytes:
        if self._clock() > self._deadline:
            raise _Late
        # `read` of the response would wait until all of `size` is there: a slow drip would hold it for ever
        data = self._response.read1(_CHUNK if size < 0 else size, decode_content=False) or b""
        self._left -= len(data)
        if self._left < 0:
            raise _TooMuch
        return data

    read1 = read


class _Late(OSError):
    """The deadline has passed in the middle of a body."""


def _proxy_for(scheme: str, host: str) -> str | None:
    """The proxy that the environment names for a host, by the rules that every Python program follows."""
    if urllib.request.proxy_bypass(host):
        return None
    proxies = urllib.request.getproxies()
    proxy = proxies.get(scheme) or proxies.get("all")
    if not proxy:
        return None
    proxy = proxy if "://" in proxy else f"http://{proxy}"
    if urlsplit(proxy).scheme not in ("http", "https"):
        raise ConfigurationError(
            f"the proxy {redact(proxy)} cannot be used: only http and https proxies can",
            hint=f"set {scheme}_proxy to an http proxy, or name the site in no_proxy",
        )
    return proxy


def _make_pool(proxy: str | None) -> urllib3.PoolManager:
    if proxy is None:
        return urllib3.PoolManager(maxsize=16)
    auth = urllib3.util.parse_url(proxy).auth
    headers = urllib3.make_headers(proxy_basic_auth=unquote(auth)) if auth else None
    return urllib3.ProxyManager(proxy, maxsize=16, proxy_headers=headers)


def _reason(error: Exception, timeout: float) -> str:
    """Why there was no answer, for a person. urllib3's own words hold object names, and addresses of proxies."""
    match error:
        case _Late():
            return f"its answer was not complete within {timeout:g} s"
        case exceptions.NameResolutionError():
            return "its name does not resolve"
        case exceptions.NewConnectionError():  # for urllib3 it is a kind of the next one
            return _innermost(error)
        case exceptions.ConnectTimeoutError():
            return "it cannot be connected to in time"
        case exceptions.TimeoutError():
            return f"it is silent for {min(IDLE, timeout):g} s"
        case exceptions.SSLError():
            return f"no secure connection: {error}"
        case exceptions.ProxyError():
            return f"the proxy does not connect us ({_innermost(error)})"
        case exceptions.IncompleteRead() | EOFError():
            return "its answer breaks off"
        case gzip.BadGzipFile() | zlib.error():
            return f"its answer is damaged ({error})"
    return _innermost(error)


def _innermost(error: BaseException) -> str:
    """The operating system's word on it (`Connection refused`), where it is the cause."""
    cause: BaseException | None = error
    while cause is not None:
        if isinstance(cause, OSError) and cause.strerror:
            return cause.strerror
        cause = cause.__cause__ or cause.__context__
    return type(error).__name__
