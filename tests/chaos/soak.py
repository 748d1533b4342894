"""A random soak: for some minutes one fault after another, in any order, some at the same time, under one load.

Both servers are hurt, workers reach them through proxies. What is drawn depends on the seed alone; when it strikes
depends on the machine. At the end everything is mended, and the model has to hold as for a single fault.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from typing import Final

import psycopg

from contract.names import MATCHES
from tests.chaos.faults.databases import set_read_only
from tests.chaos.faults.producers import limit
from tests.chaos.model import Letter
from tests.chaos.names import KILLS, RAISES
from tests.chaos.processes import Workers
from tests.chaos.world import World

#: Seconds that are left after the last fault for everything to be stored.
MENDING: Final = 150.0

Harm = Callable[["Soak"], None]


class Soak:
    """One world, three workers, and what can be done to them."""

    def __init__(self, world: World, minutes: float) -> None:
        self.world = world
        self.rng = world.rng
        self._until = time.monotonic() + minutes * 60
        self.queue_line = world.proxy(world.queue_url)
        self.store_line = world.proxy(world.database_url)
        world.worker_queue_url = self.queue_line.url
        world.worker_database_url = self.store_line.url
        self.workers: list[Workers] = []
        self.counts: dict[str, int] = {}

    def run(self) -> None:
        """Until the time is up and everything is mended."""
        world = self.world
        self.workers = [
            world.workers(threads=3, lock_timeout="3", statement_timeout="5", unknown_delay="2000") for _ in "123"
        ]
        with world.load(tracks=4, pace=0.3):
            world.flowing()
            while time.monotonic() < self._until:
                harm = self.rng.choice(HARMS)
                name = harm.__name__.strip("_")
                self.counts[name] = self.counts.get(name, 0) + 1
                sys.stderr.write(f"chaos: {time.strftime('%H:%M:%S')} {name}\n")
                harm(self)
                time.sleep(self.rng.uniform(0, 6))
        world.recover(time.monotonic(), MENDING)
        world.finish(MENDING)

    def pause(self, most: float) -> None:
        """Some seconds, mostly few; now and then a worker dies in them as well."""
        seconds = min(most, self.rng.expovariate(3 / most))
        time.sleep(seconds / 2)
        if self.rng.random() < 0.3:
            _kill_worker(self)
        time.sleep(seconds / 2)


def _kill_worker(soak: Soak) -> None:
    soak.rng.choice(soak.workers).kill()


def _kill_all_workers(soak: Soak) -> None:
    for workers in soak.workers:
        workers.kill()


def _kill_at_a_point(soak: Soak) -> None:
    points = ("begun", "before-commit", "during-commit", "after-commit", "before-ack")
    soak.world.traps.lay(soak.rng.choice(points))


def _restart_worker(soak: Soak) -> None:
    workers = soak.rng.choice(soak.workers)
    code = workers.restart()
    if code:
        soak.world.problems.append(f"a worker that was asked to stop ended with {code}:\n{workers.tail()}")


def _stop_broker(soak: Soak) -> None:
    soak.world.rabbitmq.stop()
    soak.pause(30)
    _start_broker(soak)


def _kill_broker(soak: Soak) -> None:
    soak.world.kill_rabbitmq()
    soak.pause(10)
    _start_broker(soak)


def _start_broker(soak: Soak) -> None:
    """RabbitMQ itself does not always come up at the first try after an end like that; a supervisor tries again."""
    try:
        soak.world.rabbitmq.start()
    except RuntimeError as error:
        sys.stderr.write(f"chaos: RabbitMQ did not start, and is started again: {error}\n")
        soak.world.rabbitmq.discard()
        soak.world.rabbitmq.start()


def _stop_database(soak: Soak) -> None:
    soak.world.postgresql.stop()
    soak.pause(30)
    soak.world.postgresql.start()


def _kill_database(soak: Soak) -> None:
    soak.world.postgresql.kill()
    soak.pause(5)
    soak.world.postgresql.start()


def _stop_both(soak: Soak) -> None:
    soak.world.postgresql.stop()
    _stop_broker(soak)
    soak.world.postgresql.start()


def _cut_a_line(soak: Soak) -> None:
    line = soak.rng.choice((soak.queue_line, soak.store_line))
    line.cut()
    soak.pause(10)
    line.restore()


def _silence_a_line(soak: Soak) -> None:
    line = soak.rng.choice((soak.queue_line, soak.store_line))
    line.pause()
    soak.pause(45)
    line.resume()


def _lock(soak: Soak) -> None:
    with psycopg.connect(soak.world.database_url) as connection:
        connection.execute("LOCK TABLE touchline.matches IN ACCESS EXCLUSIVE MODE")
        soak.pause(20)


def _no_writes(soak: Soak) -> None:
    with psycopg.connect(soak.world.database_url, autocommit=True) as connection:
        set_read_only(connection, soak.world.database, on=True)
        soak.pause(20)
        set_read_only(connection, soak.world.database, on=False)


def _refuse(soak: Soak) -> None:
    limit(soak.world, soak.rng.choice((f"^{MATCHES}$", rf"^{MATCHES}\.DQ$", r"^runs$")))
    soak.pause(20)
    soak.world.rabbitmq.ctl("clear_policy", "-p", soak.world.vhost, "full")


def _alarm(soak: Soak) -> None:
    soak.world.rabbitmq.ctl("set_vm_memory_high_watermark", "0.000001")
    soak.pause(30)
    soak.world.rabbitmq.ctl("set_vm_memory_high_watermark", "0.4")


def _poison(soak: Soak) -> None:
    marker, reason = soak.rng.choice(((KILLS, "worker_killed"), (RAISES, "attempts_exhausted:ZeroDivisionError")))
    number = sum(soak.counts.values())
    for message in soak.world.capture(soak.world.track(f"poison{number}").dying(f"{marker}-{number}")):
        if message.actor_name == "store_matches":
            soak.world.ledger.expect_letter(Letter("message", message.message_id, reason))
        soak.world.put(message)


def _rubbish(soak: Soak) -> None:
    soak.world.ledger.expect_letter(Letter("message", "*", "undecodable"))
    # the same body again would be the same letter
    soak.world.put_body(MATCHES, f"[{sum(soak.counts.values())}]")


def _copies(soak: Soak) -> None:
    messages = soak.world.capture(soak.world.track(f"copies{sum(soak.counts.values())}", parts=4).observe())
    for _ in range(3):
        soak.world.put(*messages)


#: Those that hurt more than once in the list are drawn more often.
HARMS: Final[tuple[Harm, ...]] = (
    _kill_worker, _kill_worker, _kill_all_workers, _kill_at_a_point, _kill_at_a_point, _kill_at_a_point,
    _restart_worker, _stop_broker, _kill_broker, _stop_database, _kill_database, _stop_both, _cut_a_line, _cut_a_line,
    _silence_a_line, _lock, _no_writes, _refuse, _alarm, _poison, _rubbish, _copies,
)  # fmt: skip


def soak(world: World, minutes: float) -> None:
    """The body of a fault that mixes them all."""
    Soak(world, minutes).run()
