"""URLs of brokers, databases and webhooks: checked as the standards say, shown without their passwords.

RFC 3986 for the parts (a colon or an at sign in a password is percent-encoded or not: the last `@` before the host
ends it), the AMQP URI specification for the vhost (`/` absent: the default vhost; `/%2f` names it; `/` alone is the
empty one), libpq for PostgreSQL.
"""

from __future__ import annotations

import re
from ipaddress import ip_address
from urllib.parse import SplitResult, quote, unquote, urlsplit, urlunsplit

AMQP_SCHEMES = ("amqp", "amqps")
POSTGRES_SCHEMES = ("postgresql", "postgres")
HTTP_SCHEMES = ("https", "http")
#: A Playwright server speaks WebSocket; a browser's DevTools are found by HTTP.
BROWSER_SCHEMES = ("wss", "ws", *HTTP_SCHEMES)

_HOST = re.compile(r"[0-9A-Za-z.-]{1,253}")
_PORT = re.compile(r"[0-9]{1,5}")


def redact(url: str) -> str:
    """`url` without its password, fit for a log: `amqp://app:***@rabbit:5671/league`.

    Whatever might be a password is left out: if somebody forgot to encode a `/` in it, up to the last `@` there is.
    """
    scheme, separator, rest = url.strip().partition("://")
    if not separator:
        return "(not a URL)"
    userinfo, at, where = rest.rpartition("@")
    user, colon, _ = userinfo.partition(":")
    where, mark, query = where.partition("#")[0].partition("?")
    # libpq takes a password among the parameters, too
    shown = "&".join(
        f"{name}=***" if "password" in unquote(name).lower() else f"{name}{equals}{value}"
        for name, equals, value in (item.partition("=") for item in query.split("&") if item)
    )
    return f"{scheme}://{user}{':***' if colon else ''}{at}{where}{mark}{shown}"


def without_user(url: str) -> str:
    """`url` without user and password, which are not part of what is asked for."""
    parts = _split(url)
    if parts is None or "@" not in parts.netloc:
        return url
    return urlunsplit(parts._replace(netloc=parts.netloc.rpartition("@")[2]))


def check_amqp_url(url: str) -> None:
    """Raise ValueError, without the value, where `url` is no AMQP address."""
    example = "amqp://user:password@host:5672/vhost"
    if not _check(url, AMQP_SCHEMES, example).hostname:
        raise ValueError(f"names no host (expected {example})")


def check_postgres_url(url: str) -> None:
    """Raise ValueError, without the value, where `url` is no PostgreSQL address; libpq has defaults for the rest."""
    _check(url, POSTGRES_SCHEMES, "postgresql://user:password@host:5432/database")
    split_pgbouncer(url)


def split_pgbouncer(url: str) -> tuple[str, bool]:
    """`url` as libpq takes it, and whether it says `pgbouncer=true`: each transaction may run in another session.

    A word of ours, which libpq does not know. Raises ValueError, without the value, where it is neither true nor false.
    """
    address, mark, query = url.partition("?")
    said = [item for item in query.split("&") if item.partition("=")[0] == "pgbouncer"]
    if not mark or not said:
        return url, False
    values = {item.partition("=")[2].lower() for item in said}
    if len(values) > 1 or not values <= {"true", "false"}:
        raise ValueError("has a pgbouncer that is neither true nor false")
    kept = "&".join(item for item in query.split("&") if item not in said)
    return f"{address}?{kept}" if kept else address, values == {"true"}


def check_http_url(url: str) -> None:
    """Raise ValueError, without the value, where `url` is no address to send something to by HTTP."""
    example = "https://user:password@host/path"
    if not _check(url, HTTP_SCHEMES, example).hostname:
        raise ValueError(f"names no host (expected {example})")
    if not all(" " < character < "\x7f" for character in url.strip()):
        raise ValueError("holds a space or another character that has to be percent-encoded: write %20 for a space")


def check_browser_url(url: str) -> None:
    """Raise ValueError, without the value, where `url` is no address of a browser that runs elsewhere."""
    example = "ws://host:3000/ or http://host:9222"
    if not _check(url, BROWSER_SCHEMES, example).hostname:
        raise ValueError(f"names no host (expected {example})")


def split_listen(where: str) -> tuple[str, int]:
    """Host and port to listen on, of `host:port`; an IPv6 address stands in brackets. Raises ValueError for others."""
    host, _, port = where.strip().rpartition(":")
    example = "127.0.0.1:9395 or [::1]:9395"
    if host.startswith("[") and host.endswith("]"):
        host = host[1:-1]
        try:
            ip_address(host)
        except ValueError:
            raise ValueError(f"has no IPv6 address in its brackets (expected {example})") from None
    elif not host or ":" in host or not _HOST.fullmatch(host):
        raise ValueError(f"is not host:port (expected {example})")
    if not _PORT.fullmatch(port) or not 0 < int(port) < 65536:
        raise ValueError(f"has a port that is not a number from 1 to 65535 (expected {example})")
    return host, int(port)


def origin(url: str) -> str:
    """Scheme, host and port: what may be shown of an address whose path or query is often its only secret."""
    parts = _split(url)
    return f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}/…" if parts and parts.hostname else "(not a URL)"


def escape_password(url: str) -> str:
    """`url` with user and password percent-encoded, as clients that split at the first colon or at sign need it.

    What is percent-encoded already stays as it is.
    """
    parts = _split(url)
    if parts is None or "@" not in parts.netloc:
        return url
    userinfo, _, host = parts.netloc.rpartition("@")
    user, colon, password = userinfo.partition(":")
    netloc = f"{quote(unquote(user), safe='')}{colon}{quote(unquote(password), safe='')}@{host}"
    return urlunsplit((parts.scheme, netloc, parts.path, parts.query, parts.fragment))


def scheme_of(url: str) -> str:
    return url.partition(":")[0].lower()


def _check(url: str, schemes: tuple[str, ...], example: str) -> SplitResult:
    parts = _split(url)
    if parts is None or parts.scheme not in schemes or not url.strip()[len(parts.scheme) :].startswith("://"):
        raise ValueError(f"is not an address of the form {example}")
    if "@" not in parts.netloc and "@" in parts.path + parts.query + parts.fragment:
        raise ValueError("has a / or ? or # in its user or password: write %2F, %3F, %23 there")
    try:
        port = parts.port
    except ValueError:
        raise ValueError(f"has a port that is not a number from 1 to 65535 (expected {example})") from None
    if port == 0:
        raise ValueError("has port 0")
    return parts


def _split(url: str) -> SplitResult | None:
    try:
        # `urlsplit` ends the authority at the first `/`, `?` or `#`, so these three must be encoded in a password
        return urlsplit(url.strip())
    except ValueError:
        return None
