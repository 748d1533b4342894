"""The port of the metrics: who has it, what it answers, and what it bears."""

from __future__ import annotations

import http.client
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest

from actors.metrics import server as module
from actors.metrics.files import Directory
from actors.metrics.server import AT_ONCE, Answer, HttpServer, Server
from contract.settings import Settings
from tests.conformance.conftest import eventually
from tests.ports import free_ports


@contextmanager
def serving(host: str = "127.0.0.1", **routes: Callable[[], Answer]) -> Iterator[tuple[str, int]]:
    (port,) = free_ports(1)
    with HttpServer((host, port), {f"/{name}": route for name, route in routes.items()}) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
        thread.start()
        yield host, port
        server.shutdown()
        thread.join()


def ask(where: tuple[str, int], path: str = "/metrics", method: str = "GET") -> tuple[int, str]:
    connection = http.client.HTTPConnection(*where, timeout=10)
    try:
        connection.request(method, path)
        answer = connection.getresponse()
        return answer.status, answer.read().decode()
    finally:
        connection.close()


def fine() -> Answer:
    return Answer(200, b"fine\n")


def test_it_answers_its_routes_and_nothing_else() -> None:
    """A path it does not have, a method that is not GET, a route that fails: each has its own status."""

    def broken() -> Answer:
        raise RuntimeError("secret")

    with serving(metrics=fine, broken=broken) as where:
        assert ask(where) == (200, "fine\n")
        assert ask(where, "/metrics?name=x") == (200, "fine\n")
        assert ask(where, "/") == (404, "There is /metrics, /broken.\n")
        assert ask(where, "/metrics/") == (404, "There is /metrics, /broken.\n")
        for method in ("POST", "PUT", "DELETE", "OPTIONS"):
            assert ask(where, method=method) == (405, "Only GET is answered.\n")
        assert ask(where, method="HEAD") == (405, "")
        status, said = ask(where, "/broken")
        assert status == 500
        assert "secret" not in said


def test_it_listens_where_it_was_told_to() -> None:
    """On one address, and on none beside it."""
    with serving("127.0.0.2", metrics=fine) as (host, port):
        assert ask((host, port))[0] == 200
        with pytest.raises(ConnectionRefusedError):
            ask(("127.0.0.1", port))


def test_it_speaks_ipv6() -> None:
    """Brackets are for whoever writes the address down."""
    with serving("::1", metrics=fine) as where:
        assert ask(where)[0] == 200


def test_no_name_is_looked_up(monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither its own, when it begins to listen, nor that of who asks."""

    def refuse(*_: object) -> str:
        raise AssertionError("a name was looked up")

    for lookup in ("getfqdn", "gethostbyaddr", "getnameinfo"):
        monkeypatch.setattr(socket, lookup, refuse)
    with serving(metrics=fine) as where:
        assert ask(where)[0] == 200


def test_who_says_nothing_is_cut_off(monkeypatch: pytest.MonkeyPatch) -> None:
    """Those who hold all places without asking are shown out, and the next is answered."""
    monkeypatch.setattr(module, "LONGEST", 0.5)
    with serving(metrics=fine) as where, ExitStack() as idle:
        for _ in range(AT_ONCE):
            line = idle.enter_context(socket.create_connection(where))
            line.sendall(b"GET /metrics HTTP/1.1\r\n")

        def answered() -> bool:
            try:
                return ask(where)[0] == 200
            except (OSError, http.client.HTTPException):
                return False

        eventually(answered, "somebody is answered again")


def test_one_serves_and_another_takes_over(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A stranger on the port is said once; when it has gone, the port is ours."""
    monkeypatch.setattr(module, "INTERVAL", 0.02)
    monkeypatch.setattr(module, "routes", lambda *_: {"/metrics": fine})
    said: list[str] = []
    monkeypatch.setattr(module._logger, "warning", lambda text, *values: said.append(text % values))
    (tmp_path / "metrics").mkdir()
    with serving(metrics=lambda: Answer(418, b"")) as where:
        settings = Settings(home=tmp_path, metrics_listen=f"127.0.0.1:{where[1]}")
        server = Server(settings, Directory(tmp_path / "metrics"))
        server.start()
        eventually(lambda: bool(said), "it says that the port is taken")
        assert ask(where)[0] == 418

    def ours() -> bool:
        try:
            return ask(where) == (200, "fine\n")
        except OSError:
            return False

    eventually(ours, "the port is ours")
    server.stop()
    assert not ours()
    assert said == [f"Metrics cannot be served on 127.0.0.1 port {where[1]}: another program has that port. Trying on."]
