"""Messages on disk while the broker is away."""

from __future__ import annotations

import errno
import fcntl
import json
import os
import resource
from collections.abc import Callable
from pathlib import Path
from typing import Any
from uuid import UUID

import dramatiq
import pytest
from dramatiq.errors import ConnectionClosed
from hypothesis import given, settings
from hypothesis import strategies as st

from contract.names import RECORD_RUN, STORE_MATCHES
from ingest.batches import message_to
from ingest.spool import Spool, SpoolUnwritable, destination, spools

ADDRESS = "amqp://user:secret@rabbit.example/league"
RUN = "5b0e3d5c-9a43-4f5a-8c63-0a6a5a1b7f10"


class Taking(dramatiq.Broker):
    """A broker that keeps what it is given, up to `limit` messages; afterwards it is away."""

    def __init__(self, limit: int = 10**9) -> None:
        super().__init__(middleware=[])
        self.taken: list[dramatiq.Message[Any]] = []
        self.limit = limit
        self.before: Callable[[], None] = lambda: None

    def enqueue(self, message: dramatiq.Message[Any], *, delay: int | None = None) -> dramatiq.Message[Any]:
        self.before()
        if len(self.taken) >= self.limit:
            raise ConnectionClosed("away")
        self.taken.append(message)
        return message


def message(number: int, actor: str = STORE_MATCHES) -> dramatiq.Message[Any]:
    return message_to(actor, {"run_id": RUN, "sequence": number}, str(UUID(int=number)))


@pytest.fixture
def spool(tmp_path: Path) -> Spool:
    return Spool(tmp_path, ADDRESS)


def test_messages_come_back_in_the_order_they_were_written(spool: Spool) -> None:
    """A flush sends every message as it was, oldest first, and leaves the spool empty."""
    written = [message(number, actor) for number, actor in enumerate([RECORD_RUN, STORE_MATCHES, STORE_MATCHES])]
    for each in written:
        spool.write(each)
    broker = Taking()

    flushed = spool.flush(broker)

    assert broker.taken == written
    assert (flushed.sent, flushed.set_aside, len(spool)) == (3, 0, 0)


@settings(max_examples=50)
@given(times=st.lists(st.integers(0, 2**63 - 1), min_size=1, max_size=20))
def test_order_survives_a_clock_that_goes_backwards(tmp_path_factory: pytest.TempPathFactory, times: list[int]) -> None:
    """Names sort in the order of writing whatever the clock says, over the end of a process as well."""
    home = tmp_path_factory.mktemp("home")
    clock = iter(times)
    for number in range(len(times)):
        if number % 3 == 0:
            spool = Spool(home, ADDRESS, clock=lambda: next(clock))
        spool.write(message(number))

    assert [entry.message_id for entry in spool.entries()] == [str(UUID(int=n)) for n in range(len(times))]


def test_a_message_is_removed_only_after_its_confirm(spool: Spool) -> None:
    """While the broker has not answered the file is there."""
    path = spool.write(message(1))
    broker = Taking()
    seen = []
    broker.before = lambda: seen.append(path.exists())

    spool.flush(broker)

    assert seen == [True]
    assert not path.exists()


def test_a_flush_stops_at_the_first_message_that_is_not_taken(spool: Spool) -> None:
    """What was confirmed is gone, that message and everything after it stay, in order."""
    for number in range(5):
        spool.write(message(number))

    with pytest.raises(ConnectionClosed):
        spool.flush(Taking(limit=2))

    assert [entry.message_id for entry in spool.entries()] == [str(UUID(int=number)) for number in (2, 3, 4)]


def test_torn_files_are_set_aside_and_hold_up_nothing(spool: Spool) -> None:
    """A file cut off in the middle, an empty one and one with a flipped bit are renamed; the others are sent."""
    paths = [spool.write(message(number)) for number in range(5)]
    paths[0].write_bytes(paths[0].read_bytes()[:-40])
    paths[1].write_bytes(b"")
    paths[3].write_bytes(paths[3].read_bytes().replace(rb"\"sequence\":3", rb"\"sequence\":9"))
    broker = Taking()

    flushed = spool.flush(broker)

    assert [sent.kwargs["sequence"] for sent in broker.taken] == [2, 4]
    assert (flushed.sent, flushed.set_aside) == (2, 3)
    assert sorted(path.name for path in spool.directory.glob("*.torn")) == [
        f"{paths[number].name}.torn" for number in (0, 1, 3)
    ]
    assert [entry.state for entry in spool.entries()] == ["torn"] * 3
    assert len(spool) == 0


def test_foreign_files_are_set_aside_and_hold_up_nothing(spool: Spool, tmp_path: Path) -> None:
    """A later format, a message for another broker and a stray file are renamed; the others are sent."""
    ours = spool.write(message(1))
    later = spool.write(message(2))
    document = json.loads(later.read_bytes())
    later.write_text(json.dumps({**document, "format": 2}))
    other = Spool(tmp_path, "amqp://another.example").write(message(3))
    other.rename(spool.directory / other.name)
    (spool.directory / "notes.txt").write_text("hands off")
    broker = Taking()

    flushed = spool.flush(broker)

    assert [sent.message_id for sent in broker.taken] == [str(UUID(int=1))]
    assert flushed.set_aside == 3
    assert {path.name for path in spool.directory.glob("*.foreign")} == {
        f"{later.name}.foreign",
        f"{other.name}.foreign",
        "notes.txt.foreign",
    }
    assert not ours.exists()
    assert spool.flush(broker).set_aside == 0


def test_only_one_process_flushes_a_spool_at_a_time(spool: Spool) -> None:
    """Who comes second leaves it alone and says so; after the first is done it is free again."""
    spool.write(message(1))
    broker = Taking()
    with (spool.directory / "lock").open("a") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        assert spool.flush(broker).busy
        assert not broker.taken
    assert spool.flush(broker).sent == 1


def test_what_another_process_sent_meanwhile_is_passed_over(spool: Spool) -> None:
    """A file that goes away between listing and reading is no error."""
    paths = [spool.write(message(number)) for number in range(3)]
    broker = Taking()
    broker.before = lambda: paths[1].unlink(missing_ok=True)

    assert spool.flush(broker).sent == 2


@pytest.mark.parametrize("step", ["os.fsync", "Path.replace"])
def test_a_full_disk_leaves_nothing_half_written(spool: Spool, monkeypatch: pytest.MonkeyPatch, step: str) -> None:
    """Wherever the disk is full: one clear error that ends the program with 3, and no trace of the message."""
    spool.write(message(1))

    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(f"ingest.spool.{step}", full)
    with pytest.raises(SpoolUnwritable, match="No space left on device") as raised:
        spool.write(message(2))

    assert raised.value.exit_code == 3
    assert "run the same command again" in raised.value.hint
    assert [path.name for path in spool.directory.iterdir()] == [entry.path.name for entry in spool.entries()]
    assert len(spool) == 1


def test_a_write_that_the_system_cuts_short_leaves_nothing(spool: Spool) -> None:
    """The kernel takes the first 100 bytes and no more: an error, and no trace of them."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (100, hard))
    try:
        with pytest.raises(SpoolUnwritable, match="File too large"):
            spool.write(message(1))
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert not list(spool.directory.iterdir())


def test_what_a_dead_process_left_half_written_is_swept_away(spool: Spool) -> None:
    """A temporary file goes an hour after its process was last heard of, and is never taken for a message."""
    spool.write(message(1))
    fresh = spool.directory / ".00000000000000000001-x.msg.1.tmp"
    old = spool.directory / ".00000000000000000002-x.msg.2.tmp"
    for path in (fresh, old):
        path.write_text("{")
    os.utime(old, (0, 0))

    assert spool.flush(Taking()).sent == 1
    assert fresh.exists()
    assert not old.exists()


def test_an_empty_spool_creates_nothing(tmp_path: Path) -> None:
    """Asking, listing and flushing leave no directory behind."""
    spool = Spool(tmp_path, ADDRESS)
    assert (len(spool), list(spool.entries()), spool.flush(Taking()).sent) == (0, [], 0)
    assert not list(tmp_path.iterdir())


def test_no_password_reaches_the_disk(spool: Spool) -> None:
    """Neither the name of the directory nor a file holds the broker's user or password."""
    path = spool.write(message(1))
    assert "secret" not in str(path)
    assert b"secret" not in path.read_bytes()
    assert json.loads(path.read_bytes())["broker"] == "amqp://rabbit.example:5672/league"


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("amqp://a:b@rabbit/league", "amqp://c:d%40e@RABBIT:5672/league", True),
        ("amqp://rabbit/league", "amqp://rabbit/other", False),
        ("amqp://rabbit/league?heartbeat=5", "amqp://rabbit/league", True),
        ("amqp://rabbit", "amqps://rabbit", False),
        ("postgresql://a@/db?host=/run/one", "postgresql://a@/db?host=/run/two", False),
        ("postgresql://a:b@host/db", "postgresql://c@host:5432/db?sslmode=require", True),
        ("embedded:///home/a", "embedded:///home/b", True),
    ],
)
def test_a_spool_belongs_to_a_queue_and_to_nobodys_password(one: str, other: str, same: bool) -> None:
    """Another user, password, spelling or parameter is the same broker; another host, port or vhost is not."""
    assert (destination(one) == destination(other)) is same


def test_every_spool_with_messages_is_found(tmp_path: Path) -> None:
    """Messages for a broker that is no longer configured are listed as well."""
    Spool(tmp_path, "amqp://old.example/league").write(message(1))
    Spool(tmp_path, "embedded:///home/a").write(message(2))
    found = {spool.broker: [entry.message_id for entry in spool.entries()] for spool in spools(tmp_path)}
    assert found == {"amqp://old.example:5672/league": [str(UUID(int=1))], "embedded": [str(UUID(int=2))]}
