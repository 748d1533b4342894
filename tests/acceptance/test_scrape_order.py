"""A run that is ordered by message: the worker reads the site, as `touchline scrape` does."""

from __future__ import annotations

import time
from typing import Any
from uuid import uuid4

import dramatiq
import psycopg
import pytest

from contract.broker import make_broker
from contract.names import QUEUE_OF, SCRAPE
from tests.acceptance.conftest import Place
from touchline.demo.site import DemoSite

pytestmark = pytest.mark.slow


def _order(**fields: Any) -> dict[str, Any]:
    scope = {"leagues": ["homegrown"]}
    base = {"contract": 1, "run_id": str(uuid4()), "source": "mlsnext", "scope": scope, "trigger": "api", "full": False}
    return {**base, **fields}


def send_order(url: str, order: dict[str, Any]) -> None:
    broker = make_broker(url)
    try:
        broker.enqueue(dramatiq.Message(QUEUE_OF[SCRAPE], SCRAPE, (), order, {}))
    finally:
        broker.close()


def wait_for(place: Place, what: str, *arguments: str) -> list[dict[str, Any]]:
    """What `touchline` shows, once a run has ended or a letter is there; the workers have the processor until then."""
    query = {
        "runs": b"SELECT 1 FROM runs WHERE state <> 'running'",
        "dead": b"SELECT 1 FROM dead_letters",
    }[what]
    deadline = time.monotonic() + 60
    with psycopg.connect(place.env["DATABASE_URL"], autocommit=True) as connection:
        while connection.execute(query).fetchone() is None:
            if time.monotonic() > deadline:
                said = (place.home / "workers.log").read_text()[-3000:]
                pytest.fail(f"touchline {what} would show nothing; workers said:\n{said}")
            time.sleep(0.05)
    return place.touchline(what, *arguments).rows


def test_an_order_is_carried_out(servers: Place, demo_site: DemoSite) -> None:
    """By name, from anybody who knows the contract; the run tells who triggered it."""
    place = Place(servers.home, {**servers.env, "TOUCHLINE_MLSNEXT_URL": demo_site.url})
    order = _order(scope={"leagues": ["homegrown"], "season": "2026-27"})
    with place.dramatiq("--processes", "1", "--threads", "2"):
        send_order(place.env["RABBITMQ_URL"], order)
        [run] = wait_for(place, "runs")
    assert (run["run_id"], run["trigger"], run["state"]) == (order["run_id"], "api", "succeeded")
    assert run["found"] == run["inserted"] > 0


@pytest.mark.parametrize(
    ("wrong", "reason"),
    [({"source": "nosuch"}, "UnknownSource"), ({"contract": 99}, "UnknownContractVersion")],
    ids=["unknown source", "unknown contract version"],
)
def test_an_order_that_nobody_can_carry_out_is_dead_at_once(servers: Place, wrong: dict[str, Any], reason: str) -> None:
    """No retry would help; the dead letter says why."""
    with servers.dramatiq("--processes", "1", "--threads", "1"):
        send_order(servers.env["RABBITMQ_URL"], _order(**wrong))
        [letter] = wait_for(servers, "dead", "list")
    assert letter["reason"] == reason
    assert letter["attempts"] == 1
