"""The demo league through the built images: its site, RabbitMQ and PostgreSQL are real, and private to the check."""

from __future__ import annotations

import importlib
import json
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import TYPE_CHECKING, Final, TypeVar

from image_room import Container, Room, room
from image_store import CACHE, ROOT, Image
from system_packages import Refused

if TYPE_CHECKING:
    from image_checks import Verdict

#: Seconds until everything has to be in the database; a machine that does more beside it is slow.
_PATIENCE: Final = 180.0

_T = TypeVar("_T")


def pipeline(actors: Image, ingest: Image) -> Iterator[Verdict]:
    """What compose.yaml starts, one container each: migrate, worker, worker for scrapes, scheduler. Raises Refused."""
    from touchline.demo.league import League
    from touchline.demo.site import DemoSite

    # by name: what is checked here need not hold for the tests
    fix_postgres, fix_rabbitmq = map(importlib.import_module, ("tests.fix_postgres", "tests.fix_rabbitmq"))
    programs = fix_rabbitmq.Programs.find()
    if programs is None:
        raise Refused("the demo league needs a RabbitMQ: apt-get install rabbitmq-server")
    league = League()
    with ExitStack() as stack:
        rabbit = stack.enter_context(fix_rabbitmq.running(programs))
        queue = stack.enter_context(rabbit.vhost())
        database = stack.enter_context(fix_postgres.running(fix_postgres.installations()["wheel"]))
        site = stack.enter_context(DemoSite(league, league.weekend().before))
        inside = stack.enter_context(room(actors))
        reading = stack.enter_context(room(ingest))
        secrets = {"database_url": database.url("postgres"), "rabbitmq_url": queue}
        for handed in (inside.handed, reading.handed):
            for name, secret in secrets.items():
                (handed / name).write_text(secret)
            (handed / "touchline.toml").write_bytes((ROOT / "container" / "demo.toml").read_bytes())
        environment = {
            "DATABASE_URL_FILE": "/mnt/database_url",
            "RABBITMQ_URL_FILE": "/mnt/rabbitmq_url",
            "TOUCHLINE_CONFIG": "/mnt/touchline.toml",
            "TOUCHLINE_MLSNEXT_URL": site.url,
        }
        migrated = inside.run(*actors.config["Entrypoint"], "migrate", environment=environment)
        yield "migrates the database", None if migrated.returncode == 0 else migrated.stderr[-600:]
        # they share this machine's network, each with a port of its own; as containers all have the image's 9395
        ports = importlib.import_module("tests.ports").free_ports(5)
        listen = [{"TOUCHLINE_METRICS_LISTEN": f"127.0.0.1:{port}"} for port in ports]
        only_broker = {"RABBITMQ_URL_FILE": "/mnt/rabbitmq_url"}
        containers = {
            "worker": _started(stack, inside, ["worker"], environment | listen[0]),
            "worker scrapes": _started(stack, reading, ["worker", "scrapes"], environment | listen[1]),
            "scheduler": _started(stack, inside, ["scheduler"], only_broker | listen[2]),
        }
        yield from _league_arrives(containers["worker"], league.matches)
        for (name, container), port in zip(containers.items(), ports, strict=False):
            yield from _is_well(name, container, port)
        doctor = _patiently(lambda: containers["worker"].run("touchline", "doctor"), lambda done: done.returncode == 0)
        yield "touchline doctor finds nothing", None if doctor.returncode == 0 else doctor.stdout[-1500:]
        exporter = _started(stack, inside, ["metrics", "--listen", f"127.0.0.1:{ports[3]}"], environment)
        yield "the exporter answers /metrics", _answers_soon(ports[3], "/metrics", "\ntouchline_store_up 1")
        # templates and style are in the image, and the root file system takes no file
        console = _started(stack, inside, ["console", "--listen", f"127.0.0.1:{ports[4]}"], environment)
        for path, wanted in {"/": "mlsnext", "/static/console.css": "color-scheme"}.items():
            yield f"the console answers {path}", _answers_soon(ports[4], path, wanted)
        for name, container in (containers | {"exporter": exporter, "console": console}).items():
            code, seconds = container.stop()
            fine = code == 0
            yield f"{name} stops in order, in {seconds:.1f} s", None if fine else f"exit {code}\n{container.log[-600:]}"


def _is_well(name: str, container: Container, port: int) -> Iterator[Verdict]:
    """What an engine asks in the container, and what Prometheus and Kubernetes ask over the network."""
    kind = name.partition(" ")[0]
    health = _patiently(lambda: container.run("touchline", "health", kind), lambda done: done.returncode == 0)
    yield f"{name} is healthy", None if health.returncode == 0 else f"{health.stdout[-300:]}{health.stderr[-600:]}"
    for path, wanted in {"/ready": "", "/live": "", "/metrics": "touchline_build_info"}.items():
        yield f"{name} answers {path}", _answers(port, path, wanted)


def _answers(port: int, path: str, wanted: str) -> str | None:
    """What is wrong with the answer; None: it is 200, and `wanted` is in it."""
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}{path}", timeout=10) as answer:
            body: str = answer.read().decode()
    except urllib.error.HTTPError as error:
        return f"{error.code}: {error.read().decode()[:300]}"
    except OSError as error:
        return str(error)
    return None if wanted in body else body[:300]


def _answers_soon(port: int, path: str, wanted: str) -> str | None:
    """The same, of a process that has just been started."""
    return _patiently(lambda: _answers(port, path, wanted), lambda wrong: wrong is None)


def _started(stack: ExitStack, inside: Room, arguments: list[str], environment: dict[str, str]) -> Container:
    container = inside.start(*arguments, environment=environment, log=CACHE / f"{'-'.join(arguments)}.log")
    stack.callback(container.kill)
    return container


def _league_arrives(worker: Container, matches: int) -> Iterator[Verdict]:
    began = time.monotonic()
    ordered = _patiently(
        lambda: worker.run("touchline", "schedule", "trigger", "demo"), lambda done: done.returncode == 0
    )
    yield "takes an order", None if ordered.returncode == 0 else f"{ordered.stderr[-300:]}\n{worker.log[-600:]}"

    def runs() -> list[dict[str, object]]:
        done = worker.run("touchline", "runs", "--output", "jsonl")
        return [json.loads(line) for line in done.stdout.splitlines()]

    found = _patiently(runs, lambda rows: bool(rows) and rows[0]["state"] != "running")
    stored = sum(1 for _ in worker.run("touchline", "matches", "--output", "jsonl", "--limit", "0").stdout.splitlines())
    fine = bool(found) and found[0]["state"] == "succeeded" and stored == matches
    took = f"stores the {matches:,} matches of the demo league in {time.monotonic() - began:.0f} s"
    yield took, None if fine else f"{stored} are stored; runs: {found}\n{worker.log[-900:]}"


def _patiently(look: Callable[[], _T], seen: Callable[[_T], bool]) -> _T:
    """What is seen once it is there, else when patience is over."""
    deadline = time.monotonic() + _PATIENCE
    while not seen(result := look()) and time.monotonic() < deadline:
        time.sleep(1)
    return result
