"""A worker whose clock is wrong."""

from __future__ import annotations

import time

import psycopg

from tests.chaos.faults import fault
from tests.chaos.world import World


def _wrong(world: World, seconds: int) -> None:
    """Two workers, one of them wrong, while messages have to be tried again: a delay is a time in the message."""
    world.workers(lock_timeout="1")
    world.workers(lock_timeout="1", clock=str(seconds))
    with world.load(pace=0.2):
        world.flowing()
        with world.fault(), psycopg.connect(world.database_url) as connection:
            connection.execute("LOCK TABLE touchline.matches IN ACCESS EXCLUSIVE MODE")
            time.sleep(world.form.seconds(5, 30))


@fault("clock-fast", long=True)
def fast(world: World) -> None:
    """clock of one worker an hour ahead."""
    _wrong(world, 3600)


@fault("clock-slow", long=True)
def slow(world: World) -> None:
    """clock of one worker an hour behind."""
    _wrong(world, -3600)
