"""Orders that wait for their turn at a source, in real workers: they burn nothing, and hold up nobody."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from uuid import uuid4

import psycopg
import pytest

from actors.middleware.retries import ATTEMPTS
from actors.middleware.starts import AGAIN, STARTS
from contract.broker import make_broker
from tests.conformance.conftest import Backend, Process, Stage, eventually, message_to

pytestmark = pytest.mark.slow

Processes = Callable[..., Process]

#: A worker that reads holds no further order, as those of the queue of scrapes.
ONE = {"dramatiq_queue_prefetch": "1"}


def order(backend: Backend, name: str, *, source: str = "mlsnext") -> None:
    backend.send(name, actor="read", source=source, run_id=str(uuid4()))


def query(store_url: str, text: str) -> list[tuple[Any, ...]]:
    with psycopg.connect(store_url) as connection:
        return connection.execute(text.encode()).fetchall()


def let_leases_expire(store_url: str) -> None:
    """As if 45 seconds had passed without a renewal."""
    query(store_url, "UPDATE touchline.turns SET expires_at = now() RETURNING place")


def waits(worker: Process) -> int:
    """How often an order had to wait in that worker."""
    return worker.log.read_text(errors="replace").count(" waits for ")


def test_an_order_waits_while_its_source_is_read_and_others_go_on(
    backend: Backend, stage: Stage, processes: Processes, store_url: str
) -> None:
    """However long it waits: no attempt is burnt, nothing is said to be wrong, and its worker reads other sources."""
    stage.hold("first")
    order(backend, "first")
    processes(backend.url, store=store_url, **ONE)
    stage.wait_for("first")
    worker = processes(backend.url, store=store_url, **ONE)
    order(backend, "second")
    eventually(lambda: waits(worker) > ATTEMPTS, "it waits more often than it has attempts")
    order(backend, "other", source="village")
    stage.wait_for("other")
    assert stage.runs("second") == 0
    stage.let("first")
    stage.wait_for("second")
    eventually(lambda: backend.counts() == (0, 0, 0), "nothing is left over")
    assert query(store_url, "SELECT * FROM dead_letters") == []
    eventually(lambda: query(store_url, "SELECT * FROM touchline.turns") == [], "each turn was given back")
    said = worker.log.read_text(errors="replace")
    assert "mlsnext is being read: run " in said
    assert not any(word in said for word in ("WARNING", "ERROR", "Traceback", "Trying message")), said


def test_the_order_of_a_killed_worker_waits_for_its_turn_to_expire(
    backend: Backend, stage: Stage, processes: Processes, store_url: str
) -> None:
    """SIGKILL in the middle: it is delivered again, waits for what the dead one held, and then runs to its end."""
    stage.hold("order")
    order(backend, "order")
    first = processes(backend.url, store=store_url)
    stage.wait_for("order")
    first.kill()
    stage.let("order")
    second = processes(backend.url, store=store_url)
    eventually(lambda: waits(second) > 2, "it waits")
    assert stage.runs("order") == 1
    let_leases_expire(store_url)
    stage.wait_for("order", times=2)
    eventually(lambda: backend.counts() == (0, 0, 0), "nothing is left over")
    eventually(lambda: query(store_url, "SELECT * FROM touchline.turns") == [], "the turn was given back")
    eventually(lambda: query(store_url, "SELECT * FROM touchline.starts") == [], "nothing is held against it")


def test_an_order_that_kills_its_workers_is_dead_after_five_starts(
    backend: Backend, stage: Stage, processes: Processes, store_url: str
) -> None:
    """Though it waits for the turn of the last one that it killed each time, as a message that is new to the broker."""
    stage.kill("deadly")
    order(backend, "deadly")
    worker = processes(backend.url, store=store_url)
    stage.wait_for("deadly")

    def dead() -> bool:
        nonlocal worker
        if not worker.alive:
            worker = processes(backend.url, store=store_url)  # as a supervisor does
        elif waits(worker) > 2:
            let_leases_expire(store_url)
        return bool(query(store_url, "SELECT * FROM dead_letters"))

    eventually(dead, "the order is dead", patience=120)
    assert stage.runs("deadly") == STARTS
    ((reason,),) = query(store_url, "SELECT reason FROM dead_letters")
    assert reason == "worker_killed"


def test_a_second_copy_of_an_order_that_is_dead_of_its_kills_kills_nobody(
    backend: Backend, stage: Stage, processes: Processes, store_url: str
) -> None:
    """A worker that dies between the copy that had waited and the ack of the one before leaves two."""
    stage.kill("deadly")
    message = message_to("read", name="deadly", source="mlsnext", run_id=str(uuid4()))
    message = message.copy(options={AGAIN: True})
    query(store_url, f"INSERT INTO touchline.starts VALUES ('{message.message_id}', {STARTS - 1}) RETURNING starts")
    broker = make_broker(backend.url)
    try:
        for _ in range(2):
            broker.enqueue(message)
    finally:
        broker.close()
    letters = "SELECT reason FROM dead_letters"
    for _ in range(2):
        worker = processes(backend.url, store=store_url)
        _until_ready(worker)
        eventually(lambda: query(store_url, letters) == [("worker_killed",)], "the order is dead")
        eventually(lambda: backend.counts() == (0, 0, 0), "both copies were taken")
        assert worker.alive
        # what it holds is settled by its end, or goes back and is for the next
        worker.ask_to_stop()
        assert worker.stopped() == 0
    assert backend.counts() == (0, 0, 0)
    assert stage.runs("deadly") == 0
    assert query(store_url, letters) == [("worker_killed",)]


def _until_ready(worker: Process) -> None:
    eventually(lambda: "ready for action" in worker.log.read_text(errors="replace"), "the worker is ready")
