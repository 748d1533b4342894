"""Dead letters that are replayed while something else happens to them."""

from __future__ import annotations

import threading
from collections.abc import Callable

from tests.chaos.faults import fault
from tests.chaos.model import Observation, Track, arriving_late
from tests.chaos.world import World

_REASON = "UnknownContractVersion"
_REPLAY = ("dead", "replay", "--all", "--reason", _REASON)


def _die_until_upgraded(world: World, observations: list[Observation]) -> None:
    """Batches of a newer contract die with a worker that does not know it; then that worker is upgraded."""
    workers = world.workers()
    batches = 0
    for observation in observations:
        for message in world.capture(observation):
            if message.actor_name == "store_matches":
                batches += 1
                message = message.copy(kwargs={**message.kwargs, "contract": 2})
            world.put(message)
    world.until_dead(batches, _REASON)
    workers.stop()
    world.workers(contract_version="2")


def _replay(world: World) -> None:
    code, said = world.command(*_REPLAY)
    if code not in (0, 1):
        world.problems.append(f"`touchline {' '.join(_REPLAY)}` ended with {code}:\n{said}")


def _together(*works: Callable[[], None]) -> None:
    threads = [threading.Thread(target=work) for work in works]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


@fault("replayed-twice")
def replayed_twice(world: World) -> None:
    """two operators replay the same dead letters at the same time."""
    observations = [world.track(f"dead{number}", parts=4).observe() for number in range(8)]
    _die_until_upgraded(world, observations)
    with world.load(), world.fault(also=lambda: world.letters_settled(_REASON)):
        _together(lambda: _replay(world), lambda: _replay(world))


@fault("replayed-and-anew")
def replayed_and_anew(world: World) -> None:
    """dead letters are replayed while their matches arrive anew."""
    tracks = [world.track(f"dead{number}", parts=1) for number in range(10)]
    first = [track.observe() for track in tracks]
    _die_until_upgraded(world, first)
    second = [track.observe() for track in tracks]

    def send_anew() -> None:
        for observation in second:
            world.send(observation)

    with world.fault(also=lambda: world.letters_settled(_REASON) and all(map(world.run_is_settled, second))):
        _together(lambda: _replay(world), send_anew)
    for observations in zip(tracks, first, second, strict=True):
        _as_it_came(world, *observations)


def _as_it_came(world: World, track: Track, first: Observation, second: Observation) -> None:
    """Which of the two came first nobody can say beforehand; each order has one right outcome."""
    (stale,) = world.query("SELECT stale FROM runs WHERE run_id = %s", first.run_id)[0]
    if not stale:
        return
    known: set[str] = set()
    world.ledger.forget_history(second)
    for observation in (second, first):
        arriving_late(observation, track.state(), known)
        world.ledger.expect(observation, anew=True)
