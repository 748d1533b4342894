"""What is thought of a process by what it said, and what is left of one that is gone."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from contract.health import DEAD, DEAF, NO_TICK, NO_TRY, OVERDUE, QUIET, judge, judge_all
from contract.heartbeats import FOLDER, Beat, Heartbeat, Kind, read

_WELL = {"heard": 0.4, "trouble": None, "dead": False}
_WORKS: dict[str, Any] = {"phase": "working", "away": None, "unknown": [], "queues": {"matches": _WELL, "runs": _WELL}}


def _beat(said: Mapping[str, Any], *, kind: Kind = "worker", age: float = 1.0) -> Beat:
    return Beat(kind, 4711, age, said)


def _queue(**what: object) -> dict[str, Any]:
    return {**_WORKS, "queues": {"matches": {**_WELL, **what}, "runs": _WELL}}


@pytest.mark.parametrize(
    ("said", "age", "ready", "live", "why"),
    [
        pytest.param(_WORKS, 1, True, True, "", id="consuming"),
        pytest.param({}, 1, False, True, "it is starting", id="has said nothing yet"),
        pytest.param({"phase": "starting"}, 1, False, True, "it is starting", id="starting"),
        pytest.param({**_WORKS, "phase": "stopping"}, 1, False, True, "it is stopping", id="stopping"),
        pytest.param({**_WORKS, "away": "it does not answer"}, 1, False, True, "until the database", id="no database"),
        pytest.param({**_WORKS, "unknown": ["matchs"]}, 1, False, True, "no actor listens", id="misspelt queue"),
        pytest.param(_queue(trouble="refused"), 1, False, True, "matches: refused", id="one queue refused"),
        pytest.param(_queue(heard=None), 1, False, True, "matches: not consumed yet", id="not consumed yet"),
        pytest.param(_queue(heard=DEAF + 1), 1, False, True, "has not moved for 61 s", id="consumer hangs"),
        pytest.param(_queue(dead=True), 1, False, False, "what consumes matches has died", id="consumer died"),
        pytest.param(_WORKS, QUIET + 1, False, True, "said nothing for 16 s", id="silent"),
        pytest.param(_WORKS, DEAD + 1, False, False, "stopped, or hangs", id="silent for long"),
        pytest.param({**_WORKS, "running": [{"actor": "scrape", "over": 1.0}]}, 1, True, True, "", id="a little over"),
        pytest.param(
            {**_WORKS, "running": [{"actor": "scrape", "over": OVERDUE}]}, 1, False, False, "scrape is 61 s", id="hung"
        ),
    ],
)
def test_a_worker_is_judged_by_what_it_said(
    said: Mapping[str, Any], age: float, ready: bool, live: bool, why: str
) -> None:
    """Ready only while it consumes all its queues; not live only where a new start would help."""
    verdict = judge(_beat(said, age=age))
    assert (verdict.ready, verdict.live) == (ready, live)
    assert why in verdict.why
    assert bool(verdict.why) is not verdict.ready


@pytest.mark.parametrize(
    ("said", "ready", "live", "why"),
    [
        pytest.param({"tried_since": 30, "sent_since": 30, "refused": None}, True, True, "", id="ticks"),
        pytest.param({"tried_since": 3, "sent_since": None, "refused": None}, False, True, "no tick yet", id="first"),
        pytest.param({"tried_since": 3, "sent_since": 63, "refused": "away"}, False, True, "away", id="refused"),
        pytest.param({"tried_since": 9, "sent_since": NO_TICK, "refused": None}, False, True, "101 s", id="none sent"),
        pytest.param({"tried_since": NO_TRY, "sent_since": NO_TRY}, False, False, "it hangs", id="does not try"),
    ],
)
def test_a_scheduler_is_judged_by_its_ticks(said: Mapping[str, Any], ready: bool, live: bool, why: str) -> None:
    """A queue that takes no tick is no reason to start it anew; a loop that does not try is."""
    verdict = judge(_beat(said, kind="scheduler"))
    assert (verdict.ready, verdict.live) == (ready, live)
    assert why in verdict.why


def test_processes_are_well_together() -> None:
    """One of two that is not ready is named; none at all is not live either."""
    one = judge_all("worker", [_beat(_WORKS), _beat({"phase": "stopping"})])
    assert (one.ready, one.live, one.why) == (False, True, "process 4711: it is stopping")
    none = judge_all("worker", [])
    assert (none.ready, none.live, none.why) == (False, False, "no worker runs here")


def test_what_a_process_says_is_read_with_its_age(tmp_path: Path) -> None:
    """The last word counts, the other kind is left out, and the end leaves nothing."""
    worker, scheduler = Heartbeat(tmp_path, "worker"), Heartbeat(tmp_path, "scheduler")
    worker.say({"phase": "starting"})
    worker.say(_WORKS)
    (beat,) = read(tmp_path, "worker")
    assert (beat.kind, beat.pid, dict(beat.said)) == ("worker", os.getpid(), _WORKS)
    assert 0 <= beat.age < 5
    assert [each.said for each in read(tmp_path, "scheduler")] == [{}]
    worker.end()
    scheduler.end()
    assert read(tmp_path, "worker") == read(tmp_path, "scheduler") == []
    assert list((tmp_path / FOLDER).iterdir()) == []


def test_words_that_cannot_be_read_are_none(tmp_path: Path) -> None:
    """A living process with a torn file counts as one that has said nothing, not as an error of whoever asks."""
    heartbeat = Heartbeat(tmp_path, "worker")
    heartbeat.say(_WORKS)
    (state,) = (tmp_path / FOLDER).glob("*.json")
    for torn in (b'{"phase": "wor', b"[1]", b'{"at": "now"}', b"\xff"):
        state.write_bytes(torn)
        assert [each.said for each in read(tmp_path, "worker")] == [{}]
    heartbeat.end()


_SAYS = """
import sys, time
from pathlib import Path
from contract.heartbeats import Heartbeat
heartbeat = Heartbeat(Path(sys.argv[1]), "worker")
heartbeat.say({"phase": "working"})
print("said", flush=True)
time.sleep(600)
"""


def test_a_killed_process_is_gone_at_once(tmp_path: Path) -> None:
    """Its lock tells, not its number: nothing of it is left after the next look, however it ended."""
    process = subprocess.Popen([sys.executable, "-c", _SAYS, str(tmp_path)], stdout=subprocess.PIPE, text=True)
    try:
        assert process.stdout is not None
        assert process.stdout.readline() == "said\n"
        assert [beat.pid for beat in read(tmp_path, "worker")] == [process.pid]
        process.send_signal(signal.SIGSTOP)
        assert [beat.pid for beat in read(tmp_path, "worker")] == [process.pid]
    finally:
        process.kill()
        process.communicate()
    assert read(tmp_path, "worker") == []
    assert list((tmp_path / FOLDER).iterdir()) == []


def test_the_time_of_day_makes_nobody_ill(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Ages are by the monotonic clock: an hour forward or back changes nothing."""
    heartbeat = Heartbeat(tmp_path, "worker")
    heartbeat.say(_WORKS)
    monkeypatch.setattr(time, "time", lambda: 0.0)
    (beat,) = read(tmp_path, "worker")
    assert beat.age < 5
    heartbeat.end()
