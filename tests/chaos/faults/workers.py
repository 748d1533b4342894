"""Workers that are killed and restarted."""

from __future__ import annotations

import time

from tests.chaos.faults import fault
from tests.chaos.world import World


def _killed_at(world: World, point: str) -> None:
    """Kills at that point, one after another, under load; the worker comes back by its supervisor."""
    world.workers(threads=2)
    with world.load():
        world.flowing()
        for _ in range(int(world.form.seconds(1, 5))):
            sprung = world.traps.lay(point)
            world.traps.wait(sprung)
            world.recover(time.monotonic(), _within(world))


def _within(world: World) -> float:
    """Seconds in which the work of a killed worker has to be stored.

    `make chaos` holds RabbitMQ's to 15; the short form shares its processors with the whole of `make test`.
    """
    return world.form.seconds(short=60.0, full=15.0) if world.broker == "rabbitmq" else 90.0


@fault("worker-killed-begun")
def begun(world: World) -> None:
    """worker SIGKILLed before it stores anything."""
    _killed_at(world, "begun")


@fault("worker-killed-before-commit")
def before_commit(world: World) -> None:
    """worker SIGKILLed before the commit."""
    _killed_at(world, "before-commit")


@fault("worker-killed-during-commit")
def during_commit(world: World) -> None:
    """worker SIGKILLed while the commit is under way."""
    _killed_at(world, "during-commit")


@fault("worker-killed-after-commit")
def after_commit(world: World) -> None:
    """worker SIGKILLed after the commit, before the actor returns."""
    _killed_at(world, "after-commit")


@fault("worker-killed-before-ack")
def before_ack(world: World) -> None:
    """worker SIGKILLed before the ack."""
    _killed_at(world, "before-ack")


@fault("worker-killed")
def killed(world: World) -> None:
    """worker and its program SIGKILLed at any time."""
    workers = world.workers(threads=4)
    with world.load(pace=0.2):
        for _ in range(int(world.form.seconds(2, 6))):
            world.flowing()
            time.sleep(world.rng.uniform(0, 0.5))
            workers.kill()
            world.recover(time.monotonic(), _within(world))


@fault("rolling-restart")
def rolling_restart(world: World) -> None:
    """rolling restart under load (SIGTERM, one worker after another)."""
    workers = [world.workers(threads=2) for _ in range(2)]
    with world.load(pace=0.2):
        world.flowing()
        for _ in range(int(world.form.seconds(1, 3))):
            for each in workers:
                code = each.restart()
                if code:
                    world.problems.append(f"a worker that was asked to stop ended with {code}:\n{each.tail()}")
        with world.fault():
            pass


@fault("embedded-worker-killed", on="embedded", long=True)
def embedded_killed(world: World) -> None:
    """worker SIGKILLed on the embedded queue."""
    workers = world.workers(threads=4)
    with world.load(pace=0.3):
        world.flowing()
        for _ in range(int(world.form.seconds(1, 3))):
            world.traps.wait(world.traps.lay("after-commit"))
            world.recover(time.monotonic(), _within(world))
            world.flowing()
            workers.kill()
            world.recover(time.monotonic(), _within(world))
