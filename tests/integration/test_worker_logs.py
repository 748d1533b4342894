"""The log of a worker and of a scheduler as JSON: every line an object, every line of a message with its ids."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from dramatiq import Message

from contract import broker
from contract.names import MATCHES, RECORD_RUN, RUNS, STORE_MATCHES
from tests.conformance.conftest import eventually
from tests.fix_proxy import Proxy

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parents[2]
#: As the images do it.
_LAUNCH = (sys.executable, "-m", "touchline.launch")
_RUN = "5b0f7a34-53c1-4c0e-9d5b-7f2f1f6d2c11"
_MATCH = json.loads((ROOT / "contract" / "examples" / "match" / "valid" / "played.json").read_text())


def _message(queue: str, actor: str, **kwargs: Any) -> Message[Any]:
    return Message(queue_name=queue, actor_name=actor, args=(), kwargs=kwargs, options={})


def _lines(log: Path) -> list[dict[str, Any]]:
    """All that was said, dramatiq's master included."""
    return [json.loads(line) for line in log.read_text().splitlines()]


def test_every_line_of_a_message_has_its_ids(
    tmp_path: Path, store_url: str, rabbitmq_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A batch that came twice, and one that is none: their lines name message, actor, run and source; others do not."""
    monkeypatch.setenv("DATABASE_URL", store_url)
    monkeypatch.setenv("RABBITMQ_URL", rabbitmq_url)
    monkeypatch.setenv("TOUCHLINE_LOG_FORMAT", "json")
    said = {"contract": 1, "run_id": _RUN, "part": "a", "sequence": 0, "source": "mlsnext"}
    batch = _message(MATCHES, STORE_MATCHES, **said, observed_at="2026-10-03T22:30:00Z", matches=[_MATCH])
    wrong = _message(RUNS, RECORD_RUN, contract=99, run_id=_RUN, source="mlsnext")
    queue = broker.make_broker(rabbitmq_url)
    for message in (batch, batch, wrong):
        queue.enqueue(message)
    queue.close()
    log = tmp_path / "worker.log"
    command = [*_LAUNCH, "dramatiq", "actors", "--processes", "1", "--threads", "1"]
    with log.open("wb") as output:
        worker = subprocess.Popen([*command, "--queues", MATCHES, RUNS], cwd=ROOT, stdout=output, stderr=output)
    try:
        eventually(
            lambda: "was stored before" in log.read_text() and "Giving up" in log.read_text(),
            "it said what became of it",
        )
    finally:
        worker.send_signal(signal.SIGTERM)
        assert worker.wait(60) == 0
    lines = _lines(log)
    twice = next(line for line in lines if "was stored before" in line["message"])
    wanted = {"message_id": batch.message_id, "actor": STORE_MATCHES, "queue": MATCHES, "run_id": _RUN}
    assert twice | wanted | {"source": "mlsnext"} == twice
    given_up = [line for line in lines if line.get("message_id") == wrong.message_id]
    assert any("Giving up" in line["message"] and line["run_id"] == _RUN for line in given_up)
    others = [line for line in lines if "ready for action" in line["message"] or "booting up" in line["message"]]
    assert len(others) == 2
    assert not {"message_id", "run_id", "source"} & set().union(*others)
    assert all({"level", "timestamp", "logger"} <= set(line) for line in lines)


def test_a_scheduler_says_it_as_json(
    tmp_path: Path, rabbitmq_url: str, tcp_proxy: Callable[[str], Proxy], monkeypatch: pytest.MonkeyPatch
) -> None:
    """From its first line on, that of a broker that is away included."""
    proxy = tcp_proxy(rabbitmq_url)
    proxy.cut()
    monkeypatch.setenv("RABBITMQ_URL", proxy.url)
    monkeypatch.setenv("TOUCHLINE_LOG_FORMAT", "json")
    log = tmp_path / "scheduler.log"
    with log.open("wb") as output:
        scheduler = subprocess.Popen([*_LAUNCH, "periodiq", "actors"], cwd=ROOT, stdout=output, stderr=output)
    try:
        eventually(lambda: "no tick was sent" in log.read_text(), "it said that it is idle")
    finally:
        scheduler.send_signal(signal.SIGTERM)
        assert scheduler.wait(60) == 0
    lines = _lines(log)
    assert next(line for line in lines if "no tick was sent" in line["message"])["level"] == "warning"
    assert proxy.url.partition("//")[2].partition(":")[2].partition("@")[0] not in log.read_text()
