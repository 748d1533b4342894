"""Messages get to their actors, or to the dead letters, and nowhere else."""

from __future__ import annotations

import json
import time
from typing import Any

import dramatiq
import pytest

from contract.broker import make_broker, queue_depths
from tests.conformance.actors import QUEUE
from tests.conformance.conftest import Backend, Stage, eventually, message_to, working

pytestmark = pytest.mark.slow

#: Bodies that are no messages, but JSON, which is all that PostgreSQL takes. Each once stopped something of Dramatiq's.
_BAD: dict[str, Any] = {
    "a text": "Ajax 3-1 Benfica",
    "a list": [1, 2],
    "a field that nobody knows": {"colour": "red"},
    "no options": {"options": None},
    "options that are a list": {"options": []},
    "arguments that are a number": {"args": 7},
    "keyword arguments that are a list": {"kwargs": [["name", "x"]]},
    "no actor": {"actor_name": None},
    "an id that is none": {"message_id": "42"},
}


def test_a_message_is_sent_by_name(backend: Backend, stage: Stage) -> None:
    """The sender knows the names of queue and actor, and nothing else of the consumer."""
    sent = backend.send("by name", league="Homegrown")
    with working(backend.url, stage):
        stage.wait_for("by name")
    assert stage.reports[0]["league"] == "Homegrown"
    assert backend.counts() == (0, 0, 0)
    assert sent.actor_name == "play"


def test_a_message_waits_for_a_worker(backend: Backend, stage: Stage) -> None:
    """What is enqueued while no worker is there is counted as ready, and delivered later."""
    for name in ("first", "second"):
        backend.send(name)
    assert backend.counts() == (2, 0, 0)
    assert backend.consumers() == 0
    with working(backend.url, stage):
        stage.wait_for("first", "second")
        assert backend.consumers() == 1
    assert backend.counts() == (0, 0, 0)


def test_a_queue_that_nobody_used_has_no_depth(backend: Backend) -> None:
    """`queue_depths` tells an empty queue from one that is not there."""
    assert queue_depths(backend.url, ["nobody-uses-this"]) == {}


def test_any_text_travels(backend: Backend, stage: Stage) -> None:
    """NUL and half a surrogate pair arrive: it is for the actor to refuse them, by row and with a reason."""
    backend.send("text", odd="Ajax\x00 \ud83d Zürich ⚽", long="x" * 200_000)
    with working(backend.url, stage):
        stage.wait_for("text")
    assert stage.reports[0]["odd"] == "Ajax\x00 \ud83d Zürich ⚽"
    assert len(stage.reports[0]["long"]) == 200_000


def test_a_failure_is_tried_again(backend: Backend, stage: Stage) -> None:
    """An actor that fails twice runs three times, and leaves nothing behind."""
    stage.fail("unsteady", 2)
    backend.send("unsteady")
    with working(backend.url, stage):
        stage.wait_for("unsteady", times=3)
    assert stage.runs("unsteady") == 3
    assert backend.counts() == (0, 0, 0)


def test_exhausted_retries_end_as_a_dead_letter(backend: Backend, stage: Stage) -> None:
    """After eight runs a message is dead, and says why."""
    stage.fail("hopeless", 99)
    backend.send("hopeless")
    with working(backend.url, stage):
        eventually(lambda: backend.counts() == (0, 0, 1), "the message is dead")
    assert stage.runs("hopeless") == 8
    (body,) = backend.take_dead()
    options = json.loads(body)["options"]
    assert options["failure"]["error"] == "told to fail"
    assert "RuntimeError" in options["traceback"]


def test_an_unknown_actor_is_a_dead_letter(backend: Backend, stage: Stage) -> None:
    """A message for an actor that the worker does not have is dead at once, its neighbours are delivered."""
    backend.send("before")
    backend.send("lost", actor="nobody")
    backend.send("after")
    with working(backend.url, stage):
        stage.wait_for("before", "after")
        eventually(lambda: backend.counts() == (0, 0, 1), "the message is dead")
    (body,) = backend.take_dead()
    assert json.loads(body)["actor_name"] == "nobody"


@pytest.mark.parametrize("bad", _BAD.values(), ids=_BAD)
def test_what_is_no_message_is_a_dead_letter(backend: Backend, stage: Stage, bad: Any) -> None:
    """A body that is no message is dead, and as it was; its neighbours are delivered, before it and after it."""
    if isinstance(bad, dict):
        bad = json.loads(message_to("play", name="bad").encode()) | bad
    backend.send("before")
    backend.put(json.dumps(bad))
    backend.send("after")
    with working(backend.url, stage, threads=4):
        stage.wait_for("before", "after")
        eventually(lambda: backend.counts() == (0, 0, 1), "the body is dead")
    assert [json.loads(body) for body in backend.take_dead()] == [bad]
    assert stage.runs("bad") == 0


def test_a_message_belongs_to_the_queue_it_lies_in(backend: Backend, stage: Stage) -> None:
    """A message that was moved by hand and names another queue runs, and is settled where it came from."""
    moved = message_to("play", name="moved").asdict() | {"queue_name": f"{QUEUE}.DQ"}
    backend.put(json.dumps(moved))
    with working(backend.url, stage):
        stage.wait_for("moved")
    assert backend.counts() == (0, 0, 0)


def test_a_dead_letter_is_replayed(backend: Backend, stage: Stage) -> None:
    """A dead message is enqueued again as the broker kept it, and runs; its attempts are counted anew."""
    stage.fail("second chance", 8)
    backend.send("second chance")
    with working(backend.url, stage):
        eventually(lambda: backend.counts() == (0, 0, 1), "the message is dead")
        (body,) = backend.take_dead()
        dead = dramatiq.Message.decode(body)
        broker = make_broker(backend.url)
        broker.enqueue(dramatiq.Message(**dead.asdict() | {"options": {}, "queue_name": QUEUE}))
        broker.close()
        stage.wait_for("second chance", times=9)
    assert backend.counts() == (0, 0, 0)


def test_a_delay_is_kept(backend: Backend, stage: Stage) -> None:
    """A delayed message runs when it is due, not before, and is counted as delayed until then."""
    sent_at = time.monotonic()
    backend.send("later", delay=1_000)
    with working(backend.url, stage):
        backend.send("now")
        stage.wait_for("now")
        stage.wait_for("later")
        waited = time.monotonic() - sent_at
    assert 0.95 <= waited < 10
    assert backend.counts() == (0, 0, 0)


def test_each_message_runs_once(backend: Backend, stage: Stage) -> None:
    """Two workers share a queue and no message."""
    names = [f"m{number}" for number in range(60)]
    with working(backend.url, stage), working(backend.url, stage):
        broker = make_broker(backend.url)
        for name in names:
            broker.enqueue(message_to("play", name=name))
        broker.close()
        stage.wait_for(*names)
    assert sorted(report["name"] for report in stage.reports) == sorted(names)
    assert backend.counts() == (0, 0, 0)


def test_no_log_line_holds_a_whole_message(backend: Backend, stage: Stage, caplog: pytest.LogCaptureFixture) -> None:
    """A message that fails is named by actor and id; Dramatiq would write out all of its arguments."""
    stage.fail("unlucky", 1)
    backend.send("unlucky", payload="x" * 5_000)
    with working(backend.url, stage):
        stage.wait_for("unlucky", times=2)
    failed = [record.getMessage() for record in caplog.records if "Failed to process message" in record.getMessage()]
    assert len(failed) == 1
    assert "play " in failed[0]
    assert "xxxx" not in failed[0]
