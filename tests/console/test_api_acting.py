"""What programs order and send by HTTP reaches the queue, and real workers carry it out; on both brokers."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import uuid4

import psycopg
import pytest

from contract.broker import queue_depths
from tests.console.stored import batch, row
from tests.contract.schemas import examples
from tests.fix_console import Console, MakeConsole
from tests.fix_scraping import Program, publish, wait_until, workers
from tests.fix_site import Site
from tests.ports import free_ports

pytestmark = pytest.mark.slow

API = "/api/v1"
AT = "2026-10-04T00:00:00Z"


@dataclass
class System:
    """A console, the queue that it sends to, and where workers find both."""

    console: Console
    queue: str
    settings: dict[str, str]

    def post(self, path: str, content: Any, *, status: int = 202, **headers: str) -> Any:
        body = content if isinstance(content, bytes) else json.dumps(content)
        answer = self.console.ask("POST", API + path, act=True, body=body, headers=_JSON | headers)
        assert answer.status == status, answer.data[:1000]
        return json.loads(answer.data)

    def get(self, path: str, *, status: int = 200) -> Any:
        answer = self.console.get(path if path.startswith(API) else API + path)
        assert answer.status == status, answer.data[:1000]
        return json.loads(answer.data)

    def waiting(self, queue: str) -> int:
        return queue_depths(self.queue, [queue]).get(queue, (0, 0))[0]


_JSON = {"Content-Type": "application/json"}


@pytest.fixture(params=["embedded", "rabbitmq"])
def system(request: pytest.FixtureRequest, make_console: MakeConsole, store_url: str) -> System:
    if request.param == "embedded":
        return System(make_console(), store_url, {"DATABASE_URL": store_url})
    url = request.getfixturevalue("rabbitmq_url")
    return System(make_console(rabbitmq_url=url), url, {"DATABASE_URL": store_url, "RABBITMQ_URL": url})


@pytest.fixture
def program(system: System, site: Site, tmp_path: Path) -> Program:
    return Program(tmp_path, site, **system.settings)


def _until(system: System, path: str, true: Callable[[Any], bool]) -> Any:
    """What is at `path` once it is so."""
    found: list[Any] = []

    def look() -> bool:
        answer = system.console.get(API + path)
        if answer.status != 200:
            return False
        found[:] = [json.loads(answer.data)]
        return true(found[0])

    wait_until(look)
    return found[0]


@pytest.fixture
def order() -> dict[str, Any]:
    return {"source": "mlsnext", "scope": {"leagues": ["homegrown"]}}


def test_a_job_is_in_the_queue_once_it_is_accepted(system: System, order: dict[str, Any]) -> None:
    answer = system.console.ask(
        "POST", f"{API}/jobs", act=True, body=json.dumps(order), headers=_JSON | {"Idempotency-Key": "one"}
    )
    said = json.loads(answer.data)
    assert (answer.status, answer.headers["Location"]) == (202, f"{API}/jobs/{said['run_id']}")
    assert system.waiting("scrapes") == 1
    job = system.get(answer.headers["Location"])
    assert (job["state"], job["source"], job["params"]["scope"]) == ("queued", "mlsnext", {"leagues": ["homegrown"]})
    assert job["confirmed_at"] >= job["created_at"]

    assert system.post("/jobs", order, **{"Idempotency-Key": "one"}) == said
    assert system.waiting("scrapes") == 1
    system.post("/jobs", {**order, "full": True}, status=409, **{"Idempotency-Key": "one"})
    assert system.post("/jobs", order)["run_id"] != said["run_id"]
    assert system.waiting("scrapes") == 2
    assert [each["state"] for each in system.get("/jobs?limit=1")["jobs"]] == ["queued"]
    assert system.get(system.get("/jobs?limit=1")["next"])["jobs"][0]["run_id"] == said["run_id"]


def test_a_worker_carries_a_job_out(system: System, league: Site, program: Program, order: dict[str, Any]) -> None:
    """Queued, then what its run came to; where the site had nothing new, done."""
    first = system.post("/jobs", order)["run_id"]
    with workers(program):
        job = _until(system, f"/jobs/{first}", lambda job: job["state"] in ("succeeded", "suspect", "failed"))
        assert (job["state"], job["found"], job["inserted"]) == ("succeeded", 320, 320)
        assert system.get(job["links"]["run"])["trigger"] == "api"
        publish(league, "2026-10-05")
        second = system.post("/jobs", order)["run_id"]
        job = _until(system, f"/jobs/{second}", lambda job: job["state"] == "succeeded")
        assert (job["updated"], job["unchanged"]) == (4, 316)
        assert len(_until(system, f"/changes?run={second}", lambda said: len(said["changes"]) == 11)["changes"]) == 11
        third = system.post("/jobs", order)["run_id"]
        job = _until(system, f"/jobs/{third}", lambda job: job["state"] == "done")
        assert (job["outcome"], job["found"]) == ("nothing new", None)


def test_a_job_that_nobody_can_carry_out_is_dead_and_is_replayed(system: System, program: Program) -> None:
    """Its order is a dead letter, which is sent again by HTTP."""
    run_id = system.post("/jobs", {"source": "mlsnext", "scope": {"leagues": ["no such league"]}})["run_id"]
    with workers(program):
        job = _until(system, f"/jobs/{run_id}", lambda job: job["state"] == "dead")
    assert "no such league" in job["error"]
    letter = system.get(f"/dead-letters/{job['dead_letter']}")
    assert (letter["state"], letter["queue"], letter["run_id"]) == ("open", "scrapes", run_id)
    told = system.post(f"/dead-letters/{letter['id']}/replay", b"")
    assert (told["outcome"], told["queue"]) == ("sent", "scrapes")
    assert system.waiting("scrapes") == 1
    again = system.get(f"/dead-letters/{letter['id']}")
    assert (again["state"], again["history"][0]["act"], again["history"][0]["by"]) == ("replayed", "replay", "HTTP API")
    assert "was replayed by HTTP API" in system.post(f"/dead-letters/{letter['id']}/replay", b"", status=409)["detail"]
    system.post("/dead-letters/999/replay", b"", status=404)


def test_what_is_asked_for_wrongly_is_refused_with_where(system: System, order: dict[str, Any]) -> None:
    assert "mlsnext" in system.post("/jobs", {**order, "source": "nobody"}, status=422)["hint"]
    problem = system.post("/jobs", {**order, "ful": True, "scope": {"season": "2026-28"}}, status=422)
    assert {error["where"] for error in problem["errors"]} == {"body.ful", "body.scope.season"}
    system.post("/jobs", b"{", status=422)
    system.post("/jobs", order, status=422, **{"Idempotency-Key": "a b"})
    assert system.waiting("scrapes") == 0


def test_a_foreign_producers_run_is_accounted_for_from_start_to_end(system: System, program: Program) -> None:
    """Every message twice, as somebody sends who saw no answer: the account is exact."""
    run = str(uuid4())
    head = {"contract": 1, "run_id": run, "source": "elsewhere"}
    started = {**head, "event": "started", "at": AT, "params": {}, "trigger": "api", "parts": ["all"]}
    sent = {**batch([row("1"), row("2"), row("3")]), **head, "part": "all", "sequence": 0, "observed_at": AT}
    reject = {"match_id": "4", "reason": "no_date", "error": "the site shows no date", "payload": {"row": 4}}
    rejected = {**head, "event": "rejected", "at": AT, "part": "all", "rejects": [reject]}
    tables = {**examples("standings", "valid")["one-table"], **head, "part": "all"}
    for _ in range(2):
        system.post("/runs", started)
        took = system.post("/matches", sent)
        assert took["rows"] == 3
        refused = system.post("/runs", rejected)
        assert system.post("/standings", tables)["queue"] == "matches"
        messages = {took["message_id"]: took["rows"], refused["message_id"]: refused["rows"]}
        finished = {
            **{**head, "event": "part_finished", "at": AT, "part": "all", "observed_at": AT, "found": 4, "batches": 1},
            **{"messages": messages, "complete": True, "not_modified": False},
        }
        system.post("/runs", finished)
    # white space and the order of fields make no other message
    same = json.dumps(dict(reversed(sent.items())), indent=2).encode()
    assert system.post("/matches", same)["message_id"] == took["message_id"]
    with workers(program):
        account = _until(system, f"/runs/{run}", lambda run: run["state"] != "running" and run["found"] == 4)
        assert (account["trigger"], account["inserted"], account["dead"]) == ("api", 3, 1)
        wait_until(lambda: system.waiting("matches") == 0)
    assert [match["match_id"] for match in system.get("/matches?source=elsewhere")["matches"]] == ["1", "2", "3"]
    assert system.get(f"/runs/{run}")["inserted"] == 3


def test_a_batch_that_breaks_the_contract_is_refused_with_every_error(system: System) -> None:
    bad = batch([row("1", home_score="2"), row("2", date="2026-02-30"), row("3")], sequence=-1, more=1)
    problem = system.post("/matches", bad, status=422)
    assert {error["where"] for error in problem["errors"]} == {"/sequence", "/more", "/matches/0/home_score"}
    # what no schema can say is said, too
    problem = system.post("/matches", batch([row("2", date="2026-02-30"), row("3")]), status=422)
    assert [error["where"] for error in problem["errors"]] == ["/matches/0"]
    assert "no such date" in problem["errors"][0]["what"]
    assert (
        system.post("/matches", {**batch([row("1")]), "contract": 2}, status=422)["errors"][0]["where"] == "/contract"
    )
    for body in (b"", b"{", b"\xff", b'{"a": NaN}', b'{"a": 1e999}', b"[" * 5000 + b"]" * 5000, b"[" * 65 + b"]" * 65):
        assert system.post("/matches", body, status=400)["title"] == "Bad Request"
    problem = system.post("/matches", b'{"\\ud800": 1}', status=422)
    assert any(error["where"] == "/\ud800" for error in problem["errors"])
    system.post("/matches", b" " * (256 * 1024 + 1), status=413)
    assert system.waiting("matches") == 0


def test_where_the_broker_is_away_nothing_is_ordered(
    make_console: MakeConsole, store_url: str, order: dict[str, Any]
) -> None:
    away = f"amqp://127.0.0.1:{free_ports(1)[0]}"
    system = System(make_console(rabbitmq_url=away), away, {})
    for path, content in (("/jobs", order), ("/matches", batch([row("1")]))):
        answer = system.console.ask("POST", API + path, act=True, body=json.dumps(content), headers=_JSON)
        assert (answer.status, answer.headers["Retry-After"]) == (503, "5")
        assert "does not answer" in json.loads(answer.data)["detail"]
    assert system.get("/jobs")["jobs"] == []
    with psycopg.connect(store_url) as connection:
        assert connection.execute("SELECT count(*) FROM touchline.slots").fetchone() == (0,)
