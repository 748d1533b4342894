"""Rows of the table about storing: new matches, a refresh, Celery, and what a million stored matches make of it."""

from __future__ import annotations

import sys
import time
from collections.abc import Sequence
from typing import Any, Final
from uuid import UUID

import psycopg

from bench import bare
from bench.budgets import Measured, budget
from bench.history import fill
from bench.load import MATCHES, Message, Row, batches_of, changed, matches, messages_of
from bench.stage import Place, Stage, Workers, started, wait

#: 0.5 % of the rows.
_EACH: Final = 200

#: Matches that the Celery worker gets: at some thousand a second enough for a rate.
_CELERY_MATCHES: Final = 4_000

#: How the workers of all rows run: docs/operations.md, one process a core.
PROCESSES: Final = 2
THREADS: Final = 1


def measure_store(stage: Stage, rounds: int) -> list[Measured]:
    """New matches, and then the refresh of them, each beside the bare upsert."""
    new, refresh, written = (Measured(budget(name)) for name in ("store-new", "refresh", "rows-written"))
    rows = matches()
    for _ in range(rounds):
        first, second = messages_of(rows), messages_of(changed(rows, each=_EACH), day=1)
        with stage.place() as place, place.connect() as connection:
            bare.prepare(connection)
            with place.worker(processes=PROCESSES, threads=THREADS) as worker:
                warm(place, PROCESSES)
                for run, measured in ((first, new), (second, refresh)):
                    place.settle()
                    yardstick = _rate(rows, bare.seconds(connection, batches_of(run[1])))
                    place.settle()
                    ours = _rate(rows, stored(place, worker, *run))
                    measured.add(ours / yardstick, ours=ours, yardstick=yardstick)
            # when the workers have gone, who hand their statistics on late; storing them first updates none
            written.add(_written(connection) / (MATCHES / _EACH))
    return [new, refresh, written]


def measure_celery(stage: Stage, rounds: int, ours: Measured) -> Measured:
    """Against the rates of `ours`, which were measured before in the same run."""
    measured = Measured(budget("celery"))
    rows = matches(_CELERY_MATCHES)
    for number in range(rounds):
        with stage.place() as place, place.connect() as connection:
            bare.prepare(connection)
            place.settle()
            rate = _rate(rows, _celery(place, connection, rows))
            mine = ours.parts["ours"][number % len(ours.values)]
            measured.add(mine / rate, ours=mine, yardstick=rate)
    return measured


def _celery(place: Place, connection: psycopg.Connection[Any], rows: Sequence[Row]) -> float:
    """Seconds for `rows`, one a message."""
    from celery import Celery

    app = Celery("bench", broker=place.queue_url)
    command = [sys.executable, "-m", "celery", "-A", "bench.celery_worker", "worker", "--loglevel", "WARNING"]
    command += ["--concurrency", str(PROCESSES), "--without-gossip", "--without-mingle", "--without-heartbeat"]
    with started(command, place.environment, place.home / "celery.log") as process:
        app.send_task("store", [rows[0]])
        wait("Celery to store", lambda: _bare_rows(connection) == 1)
        worker = Workers(process)
        with worker.held():
            for row in rows:
                app.send_task("store", [row])
            begun = time.perf_counter()
        wait("Celery to store all", lambda: _bare_rows(connection) == len(rows), look=0.02)
        taken = time.perf_counter() - begun
    app.close()
    return taken


def measure_growth(stage: Stage, rounds: int) -> Measured:
    """The same 25,000 new matches beside 10,000 stored ones and beside a million."""
    measured = Measured(budget("growth"))
    with stage.place() as small, stage.place() as large:
        for place, stored_before in ((small, 10_000), (large, 1_000_000)):
            with place.connect() as connection:
                fill(connection, stored_before)
        for number in range(rounds):
            rows = matches(first=MATCHES * (number + 1))
            rates = []
            for place in (small, large):
                with place.worker(processes=PROCESSES, threads=THREADS) as worker:
                    warm(place, PROCESSES)
                    # a source of its own: nothing of it was seen before, as in the first row of the table
                    run = messages_of(rows, source=f"bench-{number}")
                    rates.append(_rate(rows, stored(place, worker, *run)))
            measured.add(rates[1] / rates[0], ours=rates[1], yardstick=rates[0])
    return measured


def stored(place: Place, worker: Workers, run_id: UUID, messages: Sequence[Message]) -> float:
    """Seconds from the moment at which the workers may begin until the run has ended: all messages wait by then."""
    with worker.held():
        place.publish(messages)
        begun = time.perf_counter()
    place.wait_for(run_id)
    return time.perf_counter() - begun


def warm(place: Place, processes: int) -> None:
    """Each process has its connections, and has stored something: of a source that no other run is held against."""
    for number in range(2 * processes):
        run_id, messages = messages_of(matches(3, first=9_000_000 + 3 * number), source=f"warm-{time.time_ns()}")
        place.publish(messages)
        place.wait_for(run_id)


def _rate(rows: Sequence[Row], seconds: float) -> float:
    return len(rows) / seconds


def _written(connection: psycopg.Connection[Any]) -> int:
    """Rows of touchline.matches that were ever updated: dead tuples to be."""
    row = connection.execute(
        "SELECT n_tup_upd + n_tup_del FROM pg_stat_user_tables WHERE schemaname = 'touchline' AND relname = 'matches'"
    ).fetchone()
    return int(row[0]) if row else 0


def _bare_rows(connection: psycopg.Connection[Any]) -> int:
    row = connection.execute("SELECT count(*) FROM bench.bare").fetchone()
    return int(row[0]) if row else 0
