"""The numbers of many processes are one number, whatever becomes of the processes."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from prometheus_client.mmap_dict import MmapedDict, mmap_key

from actors.metrics.files import Directory, FilesUnusable
from contract.locks import lock_now, open_lock

NAMES = ("queue",)


class Process:
    """What a process leaves on the disk: values in files, and a lock as long as it lives."""

    def __init__(self, metrics: Path, name: str) -> None:
        self.folder = metrics / name
        self.folder.mkdir(parents=True)
        self._lock = open_lock(self.folder / "lock")
        assert lock_now(self._lock)

    def writes(self, kind: str, name: str, sample: str, value: float, **labels: str) -> None:
        values = MmapedDict(str(self.folder / f"{kind}_1.db"))
        values.write_value(mmap_key(name, sample, list(labels), list(labels.values()), "help"), value, 0.0)
        values.close()

    def counts(self, value: float, queue: str = "matches") -> None:
        self.writes("counter", "sent", "sent_total", value, queue=queue)

    def ends(self) -> None:
        os.close(self._lock)


@pytest.fixture
def metrics(tmp_path: Path) -> Path:
    return tmp_path / "metrics"


@pytest.fixture
def joined(metrics: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Directory]:
    monkeypatch.setenv("PROMETHEUS_MULTIPROC_DIR", "")
    directory = Directory(metrics)
    directory.join()
    yield directory
    os.close(directory._life)


def told(directory: Directory) -> dict[tuple[str, ...], float]:
    """Each sample: its name and the values of its labels, and its value."""
    return {
        (sample.name, *sample.labels.values()): sample.value for metric in directory.read() for sample in metric.samples
    }


def test_processes_are_added_up(joined: Directory, metrics: Path) -> None:
    """Those that run and those that are gone, however often one asks."""
    running, gone = Process(metrics, "1-a"), Process(metrics, "1-b")
    running.counts(3)
    gone.counts(4)
    gone.ends()
    for _ in range(3):
        assert told(joined) == {("sent_total", "matches"): 7}
    running.counts(5)
    assert told(joined) == {("sent_total", "matches"): 9}
    running.ends()
    assert told(joined) == {("sent_total", "matches"): 9}


def test_hundreds_of_restarts_leave_one_directory(joined: Directory, metrics: Path) -> None:
    """What the dead have counted is kept; their files are not."""
    for number in range(300):
        process = Process(metrics, f"1-{number:x}")
        process.counts(1)
        process.ends()
        if number % 50 == 0:
            told(joined)
    assert told(joined) == {("sent_total", "matches"): 300}
    folders = [path.name for path in metrics.iterdir() if path.is_dir()]
    assert len(folders) == 2, "its own, and that of all that are gone"


def test_a_live_gauge_goes_with_its_process(joined: Directory, metrics: Path) -> None:
    """What a dead process was doing nobody does; when it last did something stays true."""
    running, gone = Process(metrics, "1-a"), Process(metrics, "1-b")
    for process, value in ((running, 2), (gone, 5)):
        process.writes("gauge_livesum", "now", "now", value)
        process.writes("gauge_max", "last", "last", value)
    assert told(joined) == {("now",): 7, ("last",): 5}
    gone.ends()
    assert told(joined) == {("now",): 2, ("last",): 5}


def test_histograms_of_the_dead_are_added_once(joined: Directory, metrics: Path) -> None:
    """Their buckets are kept as they are counted, and not as they are shown, where each holds those below it."""
    for name in ("1-a", "1-b"):
        process = Process(metrics, name)
        for bucket, value in (("1.0", 1), ("+Inf", 2)):
            process.writes("histogram", "took", "took_bucket", value, le=bucket)
        process.writes("histogram", "took", "took_sum", 9)
        process.ends()
        told(joined)
    assert told(joined) == {
        ("took_bucket", "1.0"): 2,
        ("took_bucket", "+Inf"): 6,
        ("took_count",): 6,
        ("took_sum",): 18,
    }


def test_a_crash_while_merging_counts_nothing_twice(joined: Directory, metrics: Path) -> None:
    """Where somebody died after the sum was there, and before its parts were deleted, the parts are deleted later."""
    gone = Process(metrics, "1-a")
    gone.counts(4)
    gone.ends()
    told(joined)
    again = Process(metrics, "1-a")  # as if it had not been deleted
    again.counts(4)
    again.ends()
    half = Process(metrics, "new-2")  # and as if somebody had died before
    half.counts(4)
    half.ends()
    assert told(joined) == {("sent_total", "matches"): 4}
    assert not half.folder.exists()


def test_who_follows_a_dead_process_is_counted(metrics: Path) -> None:
    """What died is merged by who begins next, and that must not keep its own numbers from being kept."""
    gone = Process(metrics, "1-a")
    gone.counts(4)
    gone.ends()
    code = """
import sys
from pathlib import Path
from actors.metrics.files import Directory
directory = Directory(Path(sys.argv[1]))
directory.join()
from actors.metrics.collectors import Collectors
Collectors().count_message("matches", "store_matches", "succeeded")
"""
    subprocess.run([sys.executable, "-c", code, str(metrics)], check=True)
    found = told(Directory(metrics))
    assert found["sent_total", "matches"] == 4
    assert found["touchline_messages_total", "store_matches", "succeeded", "matches"] == 1


def test_what_cannot_be_read_is_left_out(joined: Directory, metrics: Path, caplog: pytest.LogCaptureFixture) -> None:
    """After a power cut a file may hold anything; the others are told all the same."""
    process, broken = Process(metrics, "1-a"), Process(metrics, "1-b")
    process.counts(3)
    (broken.folder / "counter_1.db").write_bytes(b"\xff\x00\x00\x00" + b"nonsense" * 100)
    (broken.folder / "histogram_1.db").write_bytes(b"")
    assert told(joined) == {("sent_total", "matches"): 3}
    assert "counter_1.db" in caplog.text
    broken.ends()
    assert told(joined) == {("sent_total", "matches"): 3}


def test_who_begins_waits_for_who_merges(metrics: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """So that nobody takes one that is beginning for dead; but not for ever."""
    monkeypatch.setattr("actors.metrics.files.PATIENCE", 0.1)
    directory = Directory(metrics)
    metrics.mkdir()
    with directory.locked(), pytest.raises(FilesUnusable, match="in use"):
        Directory(metrics).join()


def test_a_directory_that_cannot_be_made_is_said(tmp_path: Path) -> None:
    """By its name and why."""
    (tmp_path / "run").write_text("a file", encoding="ascii")
    with pytest.raises(FilesUnusable, match=r"run/metrics cannot be used: Not a directory"):
        Directory(tmp_path / "run" / "metrics").join()
