"""RabbitMQ over TLS, with certificates as `make certs` makes them: what is refused, and what is said then."""

from __future__ import annotations

import os
import socket
import ssl
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

import certs
from contract.broker import check, make_broker, queue_depths
from contract.broker.errors import BrokerAway, BrokerMisconfigured
from contract.errors import ConfigurationError, TouchlineError
from tests.conformance.conftest import eventually
from tests.fix_rabbitmq_as_code import EXCHANGE, PRODUCER, WORKER, CodedServer
from tests.integration.producing import do
from tests.unit.ingest_run.made_up import MadeUp, Says, match

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parents[2]


@pytest.fixture
def served(rabbitmq_as_code: CodedServer) -> Iterator[CodedServer]:
    """The server, whose certificate a test may replace."""
    kept = {file: file.read_bytes() for file in rabbitmq_as_code.certificates.glob("server.*")}
    yield rabbitmq_as_code
    for file, content in kept.items():
        file.unlink()
        file.write_bytes(content)
    rabbitmq_as_code.read_certificates_again()


@pytest.fixture(scope="session")
def stranger(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What another authority made."""
    place = tmp_path_factory.mktemp("another-authority")
    certs.make(place)
    return place


def _ca(server: CodedServer) -> Path:
    return server.certificates / "ca.pem"


def _client(place: Path, name: str = WORKER) -> dict[str, Path]:
    return {"certfile": place / f"{name}.pem", "keyfile": place / f"{name}.key"}


def _refused(server: CodedServer, url: str, kind: type[TouchlineError] = BrokerMisconfigured) -> str:
    """What is said where the connection is refused; never a password.

    In TLS 1.3 a client's certificate is refused after the client takes the handshake for done: a reset may overtake
    what the server says of it, and then there is no more to tell than that it hangs up. So it is asked again.
    """
    for _ in range(20):
        with pytest.raises((kind, BrokerAway)) as caught:
            check(url)
        if caught.type is kind:
            break
        assert "does it refuse the client's certificate?" in caught.value.hint
    said = f"{caught.value} → {caught.value.hint}"
    assert not any(password in said for password in server.passwords.values())
    return said


def test_a_producer_publishes_over_tls(rabbitmq_as_code: CodedServer, tmp_path: Path) -> None:
    """By password, to a server whose authority the address names; by name and by address."""
    rabbitmq_as_code.empty()
    for host in ("localhost", "127.0.0.1"):
        url = rabbitmq_as_code.tls_url(PRODUCER, host=host, cacertfile=_ca(rabbitmq_as_code))
        outcome = do(url, tmp_path, MadeUp({"a": Says([match(1)])}), exchange=EXCHANGE)
        assert (outcome.spooled, outcome.exit_code) == (0, 0)
    assert queue_depths(rabbitmq_as_code.url(WORKER))["matches"][0] == 2


@pytest.mark.filterwarnings("ignore:ssl.TLSVersion:DeprecationWarning")
def test_what_is_spoken_is_tls_of_today(rabbitmq_as_code: CodedServer) -> None:
    """1.3 and 1.2; a client that knows nothing newer than 1.1 is refused."""
    context = ssl.create_default_context(cafile=_ca(rabbitmq_as_code))
    context.set_ciphers("ALL:@SECLEVEL=0")  # or our own side would refuse
    for version, spoken in (("TLSv1_3", True), ("TLSv1_2", True), ("TLSv1_1", False)):
        context.minimum_version = ssl.TLSVersion.TLSv1_1
        context.maximum_version = ssl.TLSVersion[version]
        address = ("127.0.0.1", rabbitmq_as_code.tls_port)
        try:
            with socket.create_connection(address, timeout=30) as raw:
                context.wrap_socket(raw, server_hostname="localhost").close()
                assert spoken, version
        except ssl.SSLError:
            assert not spoken, version


def test_an_unknown_authority_is_refused(rabbitmq_as_code: CodedServer, stranger: Path) -> None:
    """Another one than the server's, and none at all: the system's do not know it."""
    for query in ({"cacertfile": stranger / "ca.pem"}, {}):
        said = _refused(rabbitmq_as_code, rabbitmq_as_code.tls_url(WORKER, **query))
        assert "not trusted" in said
        assert "cacertfile=" in said


def test_another_name_is_refused(served: CodedServer) -> None:
    """Of the right authority, and for another host: whoever has that one's key cannot take this one's place."""
    certs.make_certificate(served.certificates, "server", ["DNS:elsewhere.example"])
    served.read_certificates_again()
    url = served.tls_url(WORKER, cacertfile=_ca(served))
    said = _refused(served, url)
    assert "another name" in said
    assert "--name localhost" in said
    check(f"{url}&server_name_indication=elsewhere.example")


def test_an_expired_certificate_is_refused_until_it_is_renewed(served: CodedServer) -> None:
    """And the server takes the new one without a restart."""
    url = served.tls_url(WORKER, cacertfile=_ca(served))
    certs.make_certificate(served.certificates, "server", ["DNS:localhost"], days=0)
    served.read_certificates_again()
    eventually(lambda: "has expired" in _refused(served, url), "it has expired")
    assert "--renew" in _refused(served, url)

    certs.make(served.certificates, renew=True)
    served.read_certificates_again()
    check(url)


def test_the_wrong_port_is_named_as_such(rabbitmq_as_code: CodedServer) -> None:
    """TLS to the port without, no TLS to the port with, and neither is RabbitMQ's fault."""
    server = rabbitmq_as_code
    url = server.tls_url(WORKER, cacertfile=_ca(server)).replace(f":{server.tls_port}/", f":{server.server.port}/")
    assert "5671" in _refused(server, url)
    url = server.url(WORKER).replace(f":{server.server.port}/", f":{server.tls_port}/")
    # it might be starting as well, so that a worker waits
    assert "amqps://" in _refused(server, url, BrokerAway)


def test_a_clients_certificate_of_another_authority_is_refused(rabbitmq_as_code: CodedServer, stranger: Path) -> None:
    """Where none is demanded one that is shown has to be good all the same."""
    ca = _ca(rabbitmq_as_code)
    check(rabbitmq_as_code.tls_url(WORKER, cacertfile=ca, **_client(rabbitmq_as_code.certificates)))
    said = _refused(rabbitmq_as_code, rabbitmq_as_code.tls_url(WORKER, cacertfile=ca, **_client(stranger)))
    assert "does not take the client's certificate" in said
    # a server's is none for a client
    said = _refused(
        rabbitmq_as_code,
        rabbitmq_as_code.tls_url(WORKER, cacertfile=ca, **_client(rabbitmq_as_code.certificates, "server")),
    )
    assert "does not take the client's certificate" in said


def test_a_server_may_demand_a_certificate(rabbitmq_as_code: CodedServer) -> None:
    """`fail_if_no_peer_cert = true`: a password alone does not do then."""
    ca = _ca(rabbitmq_as_code)
    _demand_certificates(rabbitmq_as_code, "true")
    try:
        assert "wants a client's certificate" in _refused(
            rabbitmq_as_code, rabbitmq_as_code.tls_url(WORKER, cacertfile=ca)
        )
        check(rabbitmq_as_code.tls_url(WORKER, cacertfile=ca, **_client(rabbitmq_as_code.certificates)))
    finally:
        _demand_certificates(rabbitmq_as_code, "false")


def _demand_certificates(server: CodedServer, whether: str) -> None:
    """What a restart with another tls.conf does, in a hundredth of the time."""
    server.server.evaluate(
        "[begin #{socket_opts := Old} = All = ranch:get_transport_options(Ref), ok = ranch:suspend_listener(Ref), "
        f"New = lists:keystore(fail_if_no_peer_cert, 1, Old, {{fail_if_no_peer_cert, {whether}}}), "
        "ok = ranch:set_transport_options(Ref, All#{socket_opts := New}), ok = ranch:resume_listener(Ref) end "
        f"|| {{acceptor, _, Port}} = Ref <- maps:keys(ranch:info()), Port =:= {server.tls_port}]."
    )


def test_a_certificate_instead_of_a_password(rabbitmq_as_code: CodedServer) -> None:
    """EXTERNAL: its CN is the user, who may do what it may do; a CN that is no user is refused."""
    server = rabbitmq_as_code
    bare = f"amqps://localhost:{server.tls_port}/touchline?auth_mechanism=external&cacertfile={_ca(server)}"
    place = server.certificates
    check(f"{bare}&certfile={place}/{WORKER}.pem&keyfile={place}/{WORKER}.key")
    broker = make_broker(f"{bare}&certfile={place}/{PRODUCER}.pem&keyfile={place}/{PRODUCER}.key")
    with pytest.raises(BrokerMisconfigured, match="does not let whom the client certificate names"):
        broker.declare_queue("matches", ensure=True)  # type: ignore[call-arg]
    broker.close()

    certs.make_certificate(place, "nobody")
    said = _refused(server, f"{bare}&certfile={place}/nobody.pem&keyfile={place}/nobody.key")
    assert "refuses whom the client certificate names" in said


@pytest.mark.parametrize(
    ("query", "says"),
    [
        ("cacertfile=/nowhere/ca.pem", "cannot be read"),
        ("cacertfile=/etc/hostname", "PEM"),
        ("cacertfile=", "without a value"),
        ("keyfile={place}/server.key", "certfile"),
        ("auth_mechanism=external", "certfile"),
        ("auth_mechanism=magic", "auth_mechanism"),
        ("certfile={place}/server.pem&keyfile={place}/touchline-worker.key", "belong together"),
    ],
)
def test_what_cannot_be_used_is_said_before_anything_is_connected(stranger: Path, query: str, says: str) -> None:
    """A setting, with exit code 2: the file or the parameter is named."""
    url = f"amqps://app:secret@127.0.0.1:1/league?{query.format(place=stranger)}"
    with pytest.raises(ConfigurationError) as caught:
        make_broker(url)
    said = f"{caught.value} → {caught.value.hint}"
    assert says in said
    assert "secret" not in said


def test_tls_options_of_an_address_without_tls_are_refused(stranger: Path) -> None:
    """Whoever gives an authority means TLS: going on without would be a trap."""
    with pytest.raises(ConfigurationError, match="no TLS"):
        make_broker(f"amqp://app:secret@127.0.0.1:1/league?cacertfile={stranger}/ca.pem")


def test_a_worker_that_does_not_trust_the_server_ends(
    rabbitmq_as_code: CodedServer, stranger: Path, store_url: str, tmp_path: Path
) -> None:
    """A wrong authority is a setting: exit code 2 at its start, a line that says what to do, no password."""
    done = subprocess.run(
        [sys.executable, "-m", "dramatiq", "actors", "--processes", "1", "--threads", "1"],
        env=os.environ
        | {
            "TOUCHLINE_HOME": str(tmp_path),
            "DATABASE_URL": store_url,
            "RABBITMQ_URL": rabbitmq_as_code.tls_url(WORKER, cacertfile=stranger / "ca.pem"),
        },
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 2
    assert "not trusted" in done.stderr
    assert "cacertfile=" in done.stderr
    assert "Traceback" not in done.stderr
    assert rabbitmq_as_code.passwords[WORKER] not in done.stdout + done.stderr
