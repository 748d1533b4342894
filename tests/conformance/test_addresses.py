"""Addresses that are wrong, or lead to nothing: one sentence, the right exit code, no password."""

from __future__ import annotations

import socket
import time
from collections.abc import Callable, Iterator
from urllib.parse import urlsplit, urlunsplit

import pytest

from contract.broker import check, make_broker, queue_depths
from contract.errors import ConfigurationError, TouchlineError, UnreachableError
from tests.conformance.conftest import Backend, message_to

pytestmark = pytest.mark.slow

#: What every parser of URLs trips over.
_PASSWORD = "s3:cr%40t@"

Change = Callable[[str], str]


def _with(url: str, *, password: str | None = None, at: str | None = None, path: str | None = None) -> str:
    parts = urlsplit(url)
    userinfo, _, host = parts.netloc.rpartition("@")
    user, _, old = userinfo.partition(":")
    netloc = f"{user}:{password or old}@{at or host}"
    return urlunsplit(parts._replace(netloc=netloc, path=path or parts.path))


_WRONG: dict[str, tuple[Change, str]] = {
    "password": (lambda url: _with(url, password=_PASSWORD), "refuses"),
    "vhost or database": (lambda url: _with(url, path="/nowhere"), "nowhere"),
}
_AWAY: dict[str, Change] = {
    "nobody listens": lambda url: _with(url, password=_PASSWORD, at="127.0.0.1:1"),
    "no such host": lambda url: _with(url, password=_PASSWORD, at="nowhere.invalid"),
}


def _ways(url: str) -> Iterator[Callable[[], object]]:
    """All that connects."""
    yield lambda: check(url)
    yield lambda: queue_depths(url)
    yield lambda: make_broker(url).enqueue(message_to("play", name="x"))
    yield lambda: next(make_broker(url).consume("matches", timeout=100))


def _raised(way: Callable[[], object]) -> TouchlineError:
    with pytest.raises(TouchlineError) as raised:
        way()
    error = raised.value
    for part in (_PASSWORD, "s3:cr", "cr%40t", "cr@t"):
        assert part not in f"{error} {error.hint}"
    assert "\n" not in str(error)
    return error


@pytest.mark.parametrize(("change", "named"), _WRONG.values(), ids=_WRONG)
def test_what_is_wrong_is_a_matter_of_configuration(backend: Backend, change: Change, named: str) -> None:
    """A wrong password and an unknown vhost or database: exit code 2, whoever connects."""
    for way in _ways(change(backend.url)):
        error = _raised(way)
        assert isinstance(error, ConfigurationError), error
        assert named in str(error)
        assert error.hint


@pytest.mark.parametrize("change", _AWAY.values(), ids=_AWAY)
def test_what_is_away_is_unreachable(backend: Backend, change: Change) -> None:
    """A port where nobody listens, a host that is none: exit code 3, whoever connects, within seconds."""
    for way in _ways(change(backend.url)):
        started = time.monotonic()
        error = _raised(way)
        assert isinstance(error, UnreachableError), error
        assert time.monotonic() - started < 15


def test_a_server_that_says_nothing_is_unreachable(backend: Backend) -> None:
    """Something that takes connections and never answers is given up after the time-outs."""
    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = _with(backend.url, at=f"127.0.0.1:{silent.getsockname()[1]}")
        url += "?stack_timeout=1" if url.startswith("amqp") else "?connect_timeout=2"
        assert isinstance(_raised(lambda: check(url)), UnreachableError)


@pytest.mark.parametrize(
    "url",
    [
        "amqp://user:s3:cr%40t@host/x?nonsense=1",
        "amqp://user:s3:cr%40t@host/x?heartbeat=often",
        "amqps://user:s3:cr%40t@host/x?ssl_options={'ca_certs':'/nowhere/ca.pem'}",
        "postgresql://user:s3:cr%40t@host/x?nonsense=1",
        "postgresql://user:s3:cr%40t@host/x?connect_timeout=often",
        "redis://user:s3:cr%40t@host/1",
    ],
)
def test_an_address_that_cannot_be_used(url: str) -> None:
    """Nonsense in an address is a matter of configuration, said without the password."""
    assert isinstance(_raised(lambda: check(url)), ConfigurationError)


def test_a_port_that_speaks_no_tls(backend: Backend) -> None:
    """`amqps` to a plain port, `sslmode=require` to a server without TLS."""
    url = backend.url.replace("amqp:", "amqps:")
    if url.startswith("postgresql"):
        url += "?sslmode=require"
    error = _raised(lambda: check(url))
    assert "TLS" in f"{error}" or "SSL" in f"{error}"
