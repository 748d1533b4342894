"""URLs of brokers and databases, over the whole space of what people put into them."""

from __future__ import annotations

from contextlib import suppress
from urllib.parse import quote, unquote, urlsplit

import pika
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from psycopg.conninfo import conninfo_to_dict

from contract.addresses import check_amqp_url, check_postgres_url, escape_password, redact, scheme_of, split_pgbouncer
from contract.broker.connections_rabbitmq import parameters
from contract.errors import ConfigurationError

#: What a person may have as a password: anything that a keyboard gives, and then some.
_PASSWORDS = st.text(st.characters(codec="utf-8", exclude_characters="\x00", exclude_categories=["Cc"]), min_size=1)
#: The same as a person writes it into a URL without thinking of the standard: raw where urlsplit can still tell.
_RAW = st.text(st.sampled_from("aZ09:@!$&'()*+,;=-._~^| éß"), min_size=1).filter(lambda text: text.strip() == text)
_NAMES = st.text(st.sampled_from("abcxyz0189-_ü%/:@"), min_size=1)
_HOSTS = st.sampled_from(["localhost", "rabbit", "127.0.0.1", "[::1]", "mq.example.org"])
_PORTS = st.one_of(st.none(), st.integers(1, 65535))


def _authority(user: str, password: str, host: str, port: int | None) -> str:
    return f"{user}:{password}@{host}{'' if port is None else f':{port}'}"


@given(_NAMES, _PASSWORDS, _HOSTS, _PORTS, _NAMES)
@example("app", "s3:cr%40t@", "localhost", 5672, "/")
def test_rabbitmq_gets_what_was_encoded(user: str, password: str, host: str, port: int | None, vhost: str) -> None:
    """User, password and vhost reach pika as they were before they were percent-encoded."""
    url = f"amqp://{_authority(quote(user, safe=''), quote(password, safe=''), host, port)}/{quote(vhost, safe='')}"
    check_amqp_url(url)
    wanted = parameters(url)
    assert isinstance(wanted.credentials, pika.PlainCredentials)
    assert (wanted.credentials.username, wanted.credentials.password) == (user, password)
    assert (wanted.host, wanted.port) == (host.strip("[]"), port or 5672)
    assert wanted.virtual_host == vhost


@given(_RAW, _HOSTS, _PORTS)
@example("pass:w@rd", "localhost", None)
def test_a_raw_password_is_understood(password: str, host: str, port: int | None) -> None:
    """Colons and at signs in a password need no encoding: the last `@` ends it, the first `:` begins it."""
    url = f"amqp://app:{_authority('', password, host, port)[1:]}/x"
    wanted = parameters(url)
    assert isinstance(wanted.credentials, pika.PlainCredentials)
    assert (wanted.credentials.username, wanted.credentials.password) == ("app", password)
    assert wanted.host == host.strip("[]")


@given(_NAMES, _PASSWORDS, _HOSTS, _PORTS)
def test_libpq_gets_what_was_encoded(user: str, password: str, host: str, port: int | None) -> None:
    """User and password reach libpq, whose own parser differs from Python's, as they were."""
    url = f"postgresql://{_authority(quote(user, safe=''), quote(password, safe=''), host, port)}/league"
    check_postgres_url(url)
    given_to = conninfo_to_dict(escape_password(url))
    assert (given_to["user"], given_to["password"], given_to["dbname"]) == (user, password, "league")
    assert given_to["host"] == host.strip("[]")


@given(_RAW, _HOSTS)
@example("pass@word", "localhost")
def test_libpq_gets_a_raw_password(password: str, host: str) -> None:
    """libpq ends a password at the first `@`; after `escape_password` the last one does."""
    given_to = conninfo_to_dict(escape_password(f"postgresql://app:{password}@{host}/league"))
    assert (given_to["user"], given_to["password"], given_to["host"]) == ("app", password, host.strip("[]"))


@given(_PASSWORDS | _RAW)
def test_escaping_twice_is_escaping_once(password: str) -> None:
    """What is percent-encoded stays as it is."""
    once = escape_password(f"amqp://app:{quote(password, safe='')}@host/x")
    assert escape_password(once) == once
    assert unquote(urlsplit(once).password or "") == password


@given(
    st.sampled_from(["amqp", "amqps", "postgresql", "postgres"]),
    st.one_of(_PASSWORDS.map(lambda text: quote(text, safe="")), _RAW),
    _HOSTS,
    _PORTS,
    st.sampled_from(["", "?heartbeat=5", "?sslmode=require&application_name=x"]),
)
def test_a_shown_url_has_no_password(scheme: str, secret: str, host: str, port: int | None, query: str) -> None:
    """`redact` leaves out the password and nothing that one needs to find the server."""
    marked = f"SECRET{secret}SECRET"
    shown = redact(f"{scheme}://app:{marked}@{host}{f':{port}' if port else ''}/name{query}")
    assert "SECRET" not in shown
    assert shown == f"{scheme}://app:***@{host}{f':{port}' if port else ''}/name{query}"


@given(st.text(st.sampled_from("aZ0:@/?#%&=")))
def test_a_password_that_should_have_been_encoded_is_not_shown_either(secret: str) -> None:
    """`/`, `?` and `#` end what `urlsplit` takes for the authority; the password goes on behind them."""
    url = f"amqp://app:SECRET{secret}SECRET@host/name"
    assert redact(url) == "amqp://app:***@host/name"
    try:
        check_amqp_url(url)
    except ValueError as error:
        said = str(error)
    else:
        said = ""
    assert "SECRET" not in said
    if set(secret) & set("/?#") and "@" not in secret:
        assert "%2F" in said


@pytest.mark.parametrize("name", ["password", "PASSWORD", "sslpassword", "passwor%64"])
def test_a_password_among_the_parameters_is_not_shown(name: str) -> None:
    """libpq takes passwords in the query, too, and names there may be percent-encoded."""
    assert "SECRET" not in redact(f"postgresql://host/db?{name}=SECRET&user=app")


@given(st.text() | st.text(st.sampled_from("amqp:/@?#%[]1&=")).map("amqp://".__add__))
@example("amqp://[::1/x:SECRET@")
@example("http://app:SECRET@host")
def test_nothing_breaks_the_functions(text: str) -> None:
    """Whatever is configured is shown, or refused, without a traceback."""
    assert "SECRET" not in redact(text)
    escape_password(text)
    for check in (check_amqp_url, check_postgres_url):
        with suppress(ValueError):
            check(text)


@pytest.mark.parametrize(
    ("url", "vhost"),
    [
        ("amqp://host", "/"),
        ("amqp://host:5672", "/"),
        ("amqp://host/", ""),
        ("amqp://host/%2f", "/"),
        ("amqp://host/%2F", "/"),
        ("amqp://host//", "/"),
        ("amqp://host/league", "league"),
        ("amqp://host/a%2Fb", "a/b"),
        ("amqps://host/league?heartbeat=5", "league"),
    ],
)
def test_the_vhost_is_the_standards(url: str, vhost: str) -> None:
    """https://www.rabbitmq.com/docs/uri-spec: no path is the default vhost, `/` alone the one without a name.

    `//` is what Celery's users write for the default one; the standard has no use for it.
    """
    assert parameters(url).virtual_host == vhost


@pytest.mark.parametrize(
    "url",
    [
        "",
        "host",
        "http://host",
        "amqp:",
        "amqp://",
        "amqp:///vhost",
        "amqp://host:0",
        "amqp://host:65536",
        "amqp://host:port",
        "amqp://[::1",
    ],
)
def test_what_is_no_address_of_a_broker_is_refused(url: str) -> None:
    """Scheme, host and port are checked before anything connects."""
    with pytest.raises(ValueError, match=r"^(is|has|names) "):
        check_amqp_url(url)


@pytest.mark.parametrize(
    "url", ["postgresql://", "postgresql:///league", "postgres://h/db", "postgresql://h1,h2:5433/db"]
)
def test_what_libpq_takes_is_taken(url: str) -> None:
    """Host and database may be missing, and there may be several hosts: libpq has its own defaults."""
    check_postgres_url(url)


@pytest.mark.parametrize("url", ["amqp://app@host", "amqp://app@host/x"])
def test_a_user_without_a_password_is_refused(url: str) -> None:
    """pika would fail on it with a TypeError."""
    with pytest.raises(ConfigurationError, match="without a password"):
        parameters(url)


def test_the_url_wins_over_our_defaults() -> None:
    """Time-outs in the query are the operator's; the others are ours, since pika's are too long."""
    wanted = parameters("amqp://host/x?heartbeat=7&blocked_connection_timeout=3")
    assert (wanted.heartbeat, wanted.blocked_connection_timeout) == (7, 3)
    assert wanted.socket_timeout is not None
    assert wanted.connection_attempts == 2


def test_schemes_know_no_case() -> None:
    assert scheme_of("AMQPS://Host") == "amqps"


@pytest.mark.parametrize(
    ("url", "address", "pooled"),
    [
        ("postgresql://u:p@h/d", "postgresql://u:p@h/d", False),
        ("postgresql://u:p@h/d?sslmode=require", "postgresql://u:p@h/d?sslmode=require", False),
        ("postgresql://u:p@h/d?pgbouncer=true", "postgresql://u:p@h/d", True),
        (
            "postgresql://u:p@h:6543/d?sslmode=require&pgbouncer=true&a=b",
            "postgresql://u:p@h:6543/d?sslmode=require&a=b",
            True,
        ),
        ("postgresql://u:p@h/d?pgbouncer=false", "postgresql://u:p@h/d", False),
    ],
)
def test_pgbouncer_is_a_word_of_ours(url: str, address: str, pooled: bool) -> None:
    """libpq does not know it, and is not shown it."""
    check_postgres_url(url)
    assert split_pgbouncer(url) == (address, pooled)


@pytest.mark.parametrize("query", ["pgbouncer=yes", "pgbouncer", "pgbouncer=true&pgbouncer=false"])
def test_pgbouncer_is_true_or_false(query: str) -> None:
    """Anything else is a mistake of whoever wrote it, found with the settings."""
    with pytest.raises(ValueError, match="pgbouncer that is neither"):
        check_postgres_url(f"postgresql://u:p@h/d?{query}")
