"""A run that is ordered by message: the worker reads the site, as `touchline scrape` does."""

from __future__ import annotations

import time
from typing import Any
from uuid import uuid4

import dramatiq
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


def _send(url: str, order: dict[str, Any]) -> None:
    broker = make_broker(url)
    try:
        broker.enqueue(dramatiq.Message(QUEUE_OF[SCRAPE], SCRAPE, (), order, {}))
    finally:
        broker.close()


def wait_for(place: Place, what: str, *arguments: str) -> list[dict[str, Any]]:
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        rows = place.touchline(what, *arguments).rows
        if rows and rows[0].get("state") != "running":
            return rows
    pytest.fail(f"touchline {what} shows nothing; workers said:\n{(place.home / 'workers.log').read_text()[-3000:]}")


def test_an_order_is_carried_out(servers: Place, demo_site: DemoSite) -> None:
    """By name, from anybody who knows the contract; the run tells who triggered it."""
    place = Place(servers.home, {**servers.env, "TOUCHLINE_MLSNEXT_URL": demo_site.url})
    order = _order(scope={"leagues": ["homegrown"], "season": "2026-27"})
    with place.dramatiq("--processes", "1", "--threads", "2"):
        _send(place.env["RABBITMQ_URL"], order)
        [run] = wait_for(place, "runs")
    assert (run["run_id"], run["trigger"], run["state"]) == (order["run_id"], "api", "succeeded")
    assert run["found"] == run["inserted"] > 0


def test_an_order_for_an_unknown_source_is_dead_at_once(servers: Place) -> None:
    """No retry would help; the dead letter says what there is."""
    with servers.dramatiq("--processes", "1", "--threads", "1"):
        _send(servers.env["RABBITMQ_URL"], _order(source="nosuch"))
        [letter] = wait_for(servers, "dead", "list")
    assert letter["reason"] == "UnknownSource"
    assert letter["attempts"] == 1


def test_an_order_of_an_unknown_contract_version_is_dead_at_once(servers: Place) -> None:
    """Version 99 is not guessed at."""
    with servers.dramatiq("--processes", "1", "--threads", "1"):
        _send(servers.env["RABBITMQ_URL"], _order(contract=99))
        [letter] = wait_for(servers, "dead", "list")
    assert letter["reason"] == "UnknownContractVersion"
