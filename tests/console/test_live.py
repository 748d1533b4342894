"""Server-sent events: a word whenever there is something else to be seen, until the server stops."""

from __future__ import annotations

import asyncio
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from urllib.parse import urlsplit

import psycopg
import pytest
from starlette.types import Message

from actors.console import live
from tests.fix_console import Console, MakeConsole

#: Seconds for what is to come soon; a loaded machine needs some of them.
PATIENCE = 60.0


class Listener:
    """Somebody who listens, line by line."""

    def __init__(self, console: Console) -> None:
        at = urlsplit(console.url)
        self._line = socket.create_connection(("127.0.0.1", at.port or 0), timeout=PATIENCE)
        self._line.sendall(b"GET /live HTTP/1.1\r\nHost: localhost\r\n\r\n")
        self._file = self._line.makefile("rb")
        self.status = int(self._file.readline().split()[1])
        while self._file.readline().strip():
            pass

    def version(self) -> str:
        """The next one. Raises EOFError where the stream ends, and TimeoutError."""
        while line := self._file.readline():
            if line.startswith(b"data: "):
                return line.removeprefix(b"data: ").strip().decode()
        raise EOFError

    def ended(self) -> bool:
        """Reads to the end: whether it was one, and not a line that was cut. Raises TimeoutError where none comes."""
        last = b""
        while line := self._file.readline():
            last = line if line.strip() else last
        return last.strip() == b"0"

    def close(self) -> None:
        self._file.close()
        self._line.close()


@contextmanager
def listening(console: Console) -> Iterator[Listener]:
    listener = Listener(console)
    try:
        yield listener
    finally:
        listener.close()


def _eventually(true: Callable[[], bool]) -> None:
    deadline = time.monotonic() + PATIENCE
    while not true():
        assert time.monotonic() < deadline, "it never came to be"
        time.sleep(0.02)


def _begin_run(url: str) -> None:
    with psycopg.connect(url) as connection:
        connection.execute("INSERT INTO touchline.run_accounts (run_id, source) VALUES (gen_random_uuid(), 'ics')")


def test_all_who_listen_are_told_that_something_changed(console: Console, store_url: str) -> None:
    with listening(console) as one, listening(console) as other:
        first = one.version()
        assert other.version() == first
        _begin_run(store_url)
        second = one.version()
        assert second != first
        assert other.version() == second
        with psycopg.connect(store_url) as connection:
            connection.execute("UPDATE touchline.run_accounts SET inserted = 5")
        third = one.version()
        assert third not in (first, second)


def test_whoever_comes_beyond_the_bound_is_told_to_look_by_the_clock(
    console: Console, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(live, "LISTENERS", 2)
    with listening(console) as one, listening(console):
        one.version()
        with listening(console) as refused:
            assert refused.status == 503
    # a place is free again once a stream was left
    _eventually(lambda: _status(console) == 200)


def test_whoever_leaves_before_the_stream_begins_leaves_no_place_taken() -> None:
    async def leave() -> int:
        told = live.Live(lambda: "one")
        stream = live._Stream(told)

        async def gone() -> Message:
            return {"type": "http.disconnect"}

        async def never(_: Message) -> None:
            await asyncio.Event().wait()

        await stream({"type": "http", "asgi": {"spec_version": "2.3"}}, gone, never)
        return told.listeners

    assert asyncio.run(leave()) == 0


def _status(console: Console) -> int:
    with listening(console) as listener:
        return listener.status


def test_listening_needs_the_right_to_read(make_console: MakeConsole) -> None:
    assert make_console(console_readers="token").get("/live").status == 303


def test_streams_end_when_the_server_stops(store_url: str, make_console: MakeConsole) -> None:
    from actors.console.serving import serving
    from contract.settings import Settings
    from tests.ports import free_ports

    settings = Settings(console_listen=f"127.0.0.1:{free_ports(1)[0]}")
    with serving(settings, store_url=store_url, token="a token that is long") as address:
        listener = Listener(Console(address))
        listener.version()
        ended: list[bool] = []
        waiting = threading.Thread(target=lambda: ended.append(listener.ended()))
        waiting.start()
    waiting.join(PATIENCE)
    assert ended == [True]
    listener.close()


def test_a_store_that_is_away_is_something_else_to_be_seen() -> None:
    from actors.errors import DatabaseAway

    answers = iter(["one", DatabaseAway("gone"), "two"])

    def ask() -> str:
        said = next(answers, "two")
        if isinstance(said, Exception):
            raise said
        return said

    async def listen() -> list[str]:
        told = live.Live(ask, look=0.01)
        place = told.listen()
        events = told.events(place)
        heard = [await anext(events) for _ in range(4)]
        told.leave(place)
        assert told.listeners == 0
        return heard

    assert [event.partition("data: ")[2].strip() for event in asyncio.run(listen())] == ["", "one", "away", "two"]
