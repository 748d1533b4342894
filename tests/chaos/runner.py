"""Runs faults side by side: most of them wait most of the time. Those that hurt a server itself run one at a time."""

from __future__ import annotations

import functools
import queue
import shutil
import tempfile
import threading
import time
import traceback
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from tests.chaos.check import judge
from tests.chaos.faults import Fault
from tests.chaos.report import Row
from tests.chaos.servers import Servers
from tests.chaos.soak import soak
from tests.chaos.world import Form, World

#: Faults at a time besides those that hurt a server.
LANES = 3


@contextmanager
def making(
    name: str, servers: Servers, *, base: Path, broker: str, which: dict[str, str], seed: int, form: Form
) -> Iterator[World]:
    """A fresh world on the servers that `which` names; all of it is gone at the end."""
    directory = base / name
    directory.mkdir()
    database_server = servers.postgresql(which["postgresql"])
    with servers.copying:
        database = database_server.create_database("chaos", template=database_server.migrated_template())
    amqp_url = None
    try:
        if broker == "rabbitmq":
            vhost = servers.rabbitmq(which["rabbitmq"]).vhost()
            with servers.calling:
                amqp_url = vhost.__enter__()
        try:
            world = World(
                name, directory, servers, broker=broker, amqp_url=amqp_url,
                database_url=database_server.url(database), which=which, seed=seed, form=form,
            )  # fmt: skip
            try:
                yield world
            finally:
                world.close()
        finally:
            if amqp_url is not None:
                with servers.calling:
                    vhost.__exit__(None, None, None)
    finally:
        servers.hurt(which["postgresql"]).ensure_running()
        database_server.drop_database(database)
        shutil.rmtree(directory, ignore_errors=True)


def run_fault(fault: Fault, servers: Servers, base: Path, *, broker: str, seed: int, form: Form) -> Row:
    """One fault in a world of its own."""
    row = Row(fault.name, fault.title)
    began = time.monotonic()
    try:
        with making(
            fault.name, servers, base=base, broker=fault.on or broker, which=fault.which(), seed=seed, form=form
        ) as world:
            _do(fault, world, row)
    except Exception:  # noqa: BLE001 - a broken fault is a row that is off, and the others go on
        row.problems.append(traceback.format_exc())
    row.took = time.monotonic() - began
    return row


def _do(fault: Fault, world: World, row: Row) -> None:
    try:
        fault.body(world)
        world.finish()
    except Exception:  # noqa: BLE001 - told with the logs of the workers, which would be gone further up
        world.problems.append(traceback.format_exc())
        world.end_workers()
    verdict = judge(world)
    row.messages, row.lost, row.doubled = verdict.messages, verdict.lost, verdict.doubled
    row.dead, row.expected_dead = verdict.dead, verdict.expected_dead
    row.longest_wait = world.longest_wait()[0]
    row.differences = verdict.differences
    row.recovery = max(world.recovered, default=None)
    row.problems += world.problems
    if not row.ok:
        row.problems += [f"-- {each.log.name}\n{each.tail()}" for each in world.workers_started]


def run_all(
    faults: Sequence[Fault],
    *,
    broker: str,
    seed: int,
    form: Form,
    done: Callable[[Row], None] = lambda row: None,
    lanes: int = LANES,
) -> list[Row]:
    """All of `faults`; rows in their order."""
    pending: dict[str | None, queue.SimpleQueue[Fault]] = {}
    for fault in sorted(faults, key=lambda fault: not fault.long):
        pending.setdefault(fault.hurts, queue.SimpleQueue()).put(fault)
    rows: dict[str, Row] = {}
    with Servers() as servers, _directory() as base:

        def lane(kinds: Sequence[str | None]) -> None:
            for kind in kinds:
                while kind in pending:
                    try:
                        fault = pending[kind].get_nowait()
                    except queue.Empty:
                        break
                    row = run_fault(fault, servers, Path(base), broker=broker, seed=seed, form=form)
                    rows[fault.name] = row
                    done(row)

        kinds: list[list[str | None]] = [["rabbitmq", None], ["postgresql", None]]
        kinds += [[None] for _ in range(lanes)]
        # daemons: whoever presses Ctrl-C does not wait for them, and what they started ends with this process
        threads = [threading.Thread(target=lane, args=(own,), daemon=True) for own in kinds]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    return [rows[fault.name] for fault in faults]


def _directory() -> tempfile.TemporaryDirectory[str]:
    return tempfile.TemporaryDirectory(prefix="touchline-chaos-", ignore_cleanup_errors=True)


def run_soak(minutes: float, *, seed: int, form: Form) -> Row:
    """All faults mixed, at random, for so many minutes."""
    body = functools.partial(soak, minutes=minutes)
    mixed = Fault(
        f"soak-{seed}", f"all faults mixed for {minutes:g} minutes", body, "hurt", "hurt", ("rabbitmq",), None
    )
    with Servers() as servers, _directory() as base:
        return run_fault(mixed, servers, Path(base), broker="rabbitmq", seed=seed, form=form)
