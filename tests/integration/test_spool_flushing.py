"""A running worker sends what runs of its home left on disk; and what a full disk does to a run."""

from __future__ import annotations

import errno
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

import pytest

from actors.scrapes import flush_spool
from contract.errors import UnreachableError
from contract.names import MATCHES, STORE_MATCHES
from contract.settings import load
from ingest import order
from ingest.batches import message_to
from ingest.spool import Spool, SpoolUnwritable
from tests.integration.producing import BOUNDED, batch, taken

pytestmark = pytest.mark.slow

#: Nothing listens there.
NOWHERE = "amqp://guest:guest@127.0.0.1:1/"


def keep(home: Path, url: str, count: int) -> Spool:
    """A spool with so many messages."""
    spool = Spool(home, url)
    for number in range(count):
        spool.write(message_to(STORE_MATCHES, batch(number), str(uuid4())))
    return spool


@pytest.fixture
def configured(queue_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """The queue, in the settings of this process as a worker reads them."""
    monkeypatch.delenv("RABBITMQ_URL", raising=False)
    monkeypatch.setenv("TOUCHLINE_HOME", str(tmp_path))
    monkeypatch.setenv("RABBITMQ_URL" if "amqp" in queue_url else "DATABASE_URL", queue_url)
    return queue_url


def test_a_worker_sends_what_waits_on_disk(configured: str, tmp_path: Path) -> None:
    """In the order of writing, confirmed, and gone from the disk; the next call has nothing to do."""
    spool = keep(tmp_path, configured, 3)
    assert flush_spool() == 3
    assert len(spool) == 0
    assert [message.kwargs["sequence"] for message in taken(configured)[MATCHES]] == [0, 1, 2]
    assert flush_spool() == 0


def test_a_worker_sends_nothing_that_is_for_another_broker(configured: str, tmp_path: Path) -> None:
    """What was spooled for the broker that was configured before stays where it is."""
    other = keep(tmp_path, "amqp://old.example/league", 2)
    assert flush_spool() == 0
    assert len(other) == 2


def test_where_nothing_waits_no_broker_is_asked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every worker looks every few seconds: it costs one listing of a directory, and no connection."""
    monkeypatch.setenv("TOUCHLINE_HOME", str(tmp_path))
    monkeypatch.setenv("RABBITMQ_URL", NOWHERE)
    assert flush_spool() == 0
    assert not list(tmp_path.iterdir())


def test_a_worker_whose_broker_is_away_keeps_everything(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It says so within a bounded time, as an error that may pass by itself."""
    monkeypatch.setenv("TOUCHLINE_HOME", str(tmp_path))
    monkeypatch.setenv("RABBITMQ_URL", NOWHERE)
    spool = keep(tmp_path, NOWHERE, 2)
    began = time.monotonic()
    with pytest.raises(UnreachableError, match="does not answer"):
        flush_spool()
    assert time.monotonic() - began < BOUNDED
    assert len(spool) == 2


def test_a_flush_ends_when_its_time_is_over(configured: str, tmp_path: Path) -> None:
    """No message is begun after it; the next flush goes on where this one stopped."""
    spool = keep(tmp_path, configured, 2)
    flushed = order.flush_spool(load(), seconds=0)
    assert (flushed.sent, flushed.unfinished, len(spool)) == (0, True, 2)
    assert flush_spool() == 2


def test_a_spool_that_may_not_be_read_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A file stands where the directory should be: one sentence, with the path, and no traceback."""
    monkeypatch.setenv("TOUCHLINE_HOME", str(tmp_path))
    monkeypatch.setenv("RABBITMQ_URL", NOWHERE)
    (tmp_path / "spool").write_text("")
    with pytest.raises(UnreachableError, match=str(tmp_path / "spool")):
        flush_spool()


def test_a_worker_without_the_reading_side_has_nothing_to_flush(tmp_path: Path) -> None:
    """A machine that only stores has no ingest package, and no spool."""
    program = (
        "import sys; sys.modules['ingest.order'] = None\nfrom actors.scrapes import flush_spool\nprint(flush_spool())"
    )
    environment = {**os.environ, "TOUCHLINE_HOME": str(tmp_path), "RABBITMQ_URL": NOWHERE}
    done = subprocess.run(
        [sys.executable, "-c", program], env=environment, capture_output=True, text=True, timeout=60, check=True
    )
    assert done.stdout == "0\n"


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of 64 KB, where this user may make one."""
    disk = tmp_path / "disk"
    disk.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=64k", "tmpfs", str(disk)]
    try:
        subprocess.run(mount, check=True, capture_output=True, timeout=10)
    except (OSError, subprocess.CalledProcessError):
        pytest.skip("this user may not mount a file system")
    yield disk
    subprocess.run(["umount", str(disk)], check=True, capture_output=True, timeout=10)


def test_a_disk_that_is_really_full_is_a_clear_error(small_disk: Path) -> None:
    """Messages until it is full: the one that does not fit leaves nothing, those before it are whole."""
    spool = Spool(small_disk, NOWHERE)
    kept = 0

    def fill() -> None:
        nonlocal kept
        while True:
            spool.write(message_to(STORE_MATCHES, {**batch(kept), "pad": "x" * 5000}, str(uuid4())))
            kept += 1

    with pytest.raises(SpoolUnwritable, match=os.strerror(errno.ENOSPC)) as raised:
        fill()
    assert "make room on that disk" in raised.value.hint
    assert kept > 0
    assert [entry.state for entry in spool.entries()] == ["waiting"] * kept
    assert len(list(spool.directory.iterdir())) == kept
