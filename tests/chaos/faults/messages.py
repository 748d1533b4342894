"""Messages that are none, too large, from another time, too many, or in the wrong order."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable
from typing import Any
from uuid import uuid4

from dramatiq import Message

from contract.names import MATCHES
from tests.chaos.faults import fault
from tests.chaos.model import Letter, arriving_late
from tests.chaos.world import World


def _dying(world: World, name: str, spoil: Callable[[dict[str, Any]], dict[str, Any]], reason: str) -> None:
    """A run whose batch is spoilt: its message has to die for `reason`, and its matches with it."""
    observation = world.track(name).dying(f"{world.name}-{name}")
    for message in world.capture(observation):
        if message.actor_name == "store_matches":
            world.ledger.expect_letter(Letter("message", message.message_id, reason))
            message = message.copy(kwargs=spoil(dict(message.kwargs)))
        world.put(message)


def _bad_rows(world: World, name: str, notes: str, reason: str) -> None:
    """A run whose matches have such notes: each dies alone, and its neighbours are stored."""
    observation = world.track(name).observe()
    rows = [row for part in observation.parts.values() for row in part if isinstance(row, dict)]
    bad = {row["match_id"] for row in rows[:2]}
    for match_id in bad:
        del observation.stored[match_id]
        observation.letters.append(Letter("match", match_id, reason))
    observation.account.inserted -= len(bad)
    observation.account.dead += len(bad)
    for message in world.capture(observation):
        if message.actor_name == "store_matches":
            kwargs = dict(message.kwargs)
            kwargs["matches"] = [
                {**row, "notes": notes} if row["match_id"] in bad else row for row in kwargs["matches"]
            ]
            message = message.copy(kwargs=kwargs)
        world.put_body(message.queue_name, json.dumps(message.asdict()))


@fault("not-messages", long=True)
def not_messages(world: World) -> None:
    """bodies that are no messages: no JSON, not an object, JSON nested 100,000 deep, options that are null."""
    world.workers()
    with world.load():
        world.flowing()
        with world.fault():
            deep = '{"kwargs": ' + "[" * 100_000 + "]" * 100_000 + "}"
            null: dict[str, Any] = {
                "queue_name": MATCHES, "actor_name": "store_matches", "args": [], "kwargs": {}, "options": None,
                "message_id": str(uuid4()), "message_timestamp": 1,
            }  # fmt: skip
            bodies = ["\x00\xff not JSON", "[]", "17", deep, json.dumps(null)]
            if world.broker == "embedded":
                bodies = ["[]", "17", json.dumps(null)]  # its column is JSON: what is none cannot be put there
            for body in bodies:
                world.ledger.expect_letter(Letter("message", "*", "undecodable"))
                world.put_body(MATCHES, body)
            world.until_dead(len(bodies), "undecodable")


@fault("not-for-us")
def not_for_us(world: World) -> None:
    """messages for an unknown actor, and of a contract that is unknown, past, or no number."""
    world.workers()
    with world.load():
        world.flowing()
        with world.fault():
            message = Message[Any](queue_name=MATCHES, actor_name="sort_matches", args=(), kwargs={}, options={})
            world.ledger.expect_letter(Letter("message", message.message_id, "ActorNotFound"))
            world.put(message)
            for name, version in (("future", 99), ("past", 0), ("words", "one")):
                _dying(
                    world, name, lambda kwargs, version=version: {**kwargs, "contract": version},  # type: ignore[misc]
                    "UnknownContractVersion",
                )  # fmt: skip
            world.until_dead(4)


@fault("odd-text")
def odd_text(world: World) -> None:
    """NUL bytes and lone surrogates, in rows and in the head of a message."""
    world.workers()
    with world.load():
        world.flowing()
        with world.fault():
            _bad_rows(world, "nul", "a\x00b", "nul_character")
            if world.broker == "rabbitmq":  # a column of JSON takes no lone surrogate either
                _bad_rows(world, "surrogate", "a\ud800b", "lone_surrogate")
            _dying(world, "head", lambda kwargs: {**kwargs, "part": "a\x00b"}, "ContractViolation")


@fault("large-messages")
def large(world: World) -> None:
    """messages of 1 MB, of 5 MB, and of 20 MB (which RabbitMQ refuses)."""
    world.workers()
    with world.load():
        world.flowing()
        with world.fault():
            _bad_rows(world, "1mb", "x" * 500_000, "too_long")
            unread = 0
            for size in (5_000_000, 20_000_000):
                # nobody reads these: what they may belong to is not known
                body = {"actor_name": "store_matches", "kwargs": {"notes": "x" * size}, "message_id": str(uuid4())}
                if world.put_body(MATCHES, json.dumps(body)):
                    unread += 1
                    world.ledger.expect_letter(Letter("message", "*", "undecodable"))
            if not unread:
                world.problems.append("no message was taken that is too large to be read")
            world.until_dead(unread, "undecodable")


@fault("ten-times")
def ten_times(world: World) -> None:
    """the same messages delivered ten times at once, to two workers."""
    for _ in range(2):
        world.workers(threads=4)
    with world.load():
        world.flowing()
        with world.fault():
            messages = world.capture(world.track("copies", parts=8, matches=80).observe())
            _at_once(lambda: world.put(*messages), 10)


@fault("reverse-order")
def reverse_order(world: World) -> None:
    """observations stored in reverse order: only the newest counts, the others are stale."""
    world.workers(threads=4)
    with world.load():
        world.flowing()
        with world.fault():
            track = world.track("reversed", parts=2, matches=30)
            observations = [track.observe() for _ in range(6)]
            known: set[str] = set()
            for observation in reversed(observations):
                arriving_late(observation, track.state(), known)
            # read in their order: a site that shows an older state would be suspect
            captured = [(observation, world.capture(observation)) for observation in observations]
            for observation, messages in reversed(captured):
                world.put(*reversed(messages))
                world.until(lambda: world.run_is_settled(observation), "the newer observation is stored")  # noqa: B023


@fault("old-producer")
def old_producer(world: World) -> None:
    """consumers upgraded before producers: contract N-1 is stored."""
    world.workers(contract_version="2")
    with world.load(), world.fault():
        world.flowing(40)


@fault("new-producer")
def new_producer(world: World) -> None:
    """producers upgraded first: fields that the consumer does not know are ignored, and stored is what it knows."""
    world.workers()
    with world.load():
        world.flowing()
        with world.fault():
            for message in world.capture(world.track("new", matches=30).observe()):
                kwargs = {**message.kwargs, "weather": {"rain": True}}
                if "matches" in kwargs:
                    kwargs["matches"] = [{**row, "referee": "Nobody"} for row in kwargs["matches"]]
                world.put(message.copy(kwargs=kwargs))


def _at_once(work: Callable[[], None], times: int) -> None:
    gate = threading.Barrier(times)

    def run() -> None:
        gate.wait()
        work()

    threads = [threading.Thread(target=run) for _ in range(times)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
