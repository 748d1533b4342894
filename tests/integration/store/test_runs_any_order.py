"""Whatever is read twice, delivered twice, late, out of order or never: the account of the run adds up."""

from __future__ import annotations

import random
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID, uuid4

import pytest

from actors.store import runs
from actors.store.database import transaction
from actors.store.dead import DeadRow
from actors.store.runs import ARRIVAL
from contract.bounds import HealthBounds
from tests.integration.store.conftest import Store, a_match

PARTS = ("a", "b")
AT = "2026-10-03T22:{:02}:{:02}Z"


@dataclass
class Sent:
    """One batch: what it is known by, and its rows; `bad` of them cannot be stored."""

    part: str
    message_id: UUID
    rows: list[dict[str, Any]]
    bad: int

    @property
    def size(self) -> int:
        return len(self.rows) + self.bad


@dataclass
class Reading:
    """A part as it was read once. Where the process died `ended` is False: some batches, and no last word."""

    part: str
    minute: int
    batches: list[Sent] = field(default_factory=list)
    ended: bool = True


def readings(chance: random.Random) -> list[Reading]:
    """Each part read once to three times, the last time to its end; a later reading may send again what was sent."""
    made = []
    for part in PARTS:
        times = chance.randint(1, 3)
        sent: list[Sent] = []
        for time in range(times):
            fresh = [
                Sent(part, uuid4(), [a_match(f"{part}{chance.randrange(9)}") for _ in range(n)], chance.randint(0, 2))
                for n in (chance.randint(1, 4) for _ in range(chance.randint(1, 3)))
            ]
            again = chance.sample(sent, chance.randint(0, len(sent)))
            sent += fresh
            made.append(Reading(part, time, again + fresh, ended=time == times - 1))
    return made


class Deliveries:
    """Delivers the messages of a run to the store, in the order of chance, some of them twice."""

    def __init__(self, store: Store, chance: random.Random, made: list[Reading]) -> None:
        self.store, self.chance = store, chance
        self.batches = {sent.message_id: sent for reading in made for sent in reading.batches}
        self.named = {sent.message_id for reading in made if reading.ended for sent in reading.batches}
        self.ends = [reading for reading in made if reading.ended]

    def events(self) -> None:
        with transaction(self.store.pool) as connection:
            runs.start(
                connection,
                self.store.run_id,
                "mlsnext",
                at=AT.format(0, 0),
                params={},
                trigger="cli",
                scheduled_for=None,
                parts=list(PARTS),
            )

    def end(self, reading: Reading) -> None:
        with transaction(self.store.pool) as connection:
            runs.end_part(
                connection,
                self.store.run_id,
                "mlsnext",
                reading.part,
                at=AT.format(reading.minute, 1),
                found=sum(sent.size for sent in reading.batches),
                batches=len(reading.batches),
                messages={str(sent.message_id): sent.size for sent in reading.batches},
            )

    def batch(self, message_id: UUID) -> None:
        sent = self.batches[message_id]
        bad = [DeadRow(None, "malformed", "no", {}) for _ in range(sent.bad)]
        for _ in range(self.chance.choice((1, 1, 2))):
            self.store.put(sent.rows, part=sent.part, message_id=message_id, bad=bad)

    def all_but(self, lost: set[UUID]) -> None:
        steps: list[Any] = [(self.batch, message_id) for message_id in self.batches if message_id not in lost]
        steps += [(self.end, reading) for reading in self.ends]
        self.chance.shuffle(steps)
        self.events()
        for deliver, what in steps:
            deliver(what)


def account(store: Store) -> tuple[str, int, int]:
    (run,) = store.rows("SELECT * FROM public.runs")
    return run["state"], run["found"], sum(run[n] for n in ("inserted", "updated", "unchanged", "stale", "dead"))


def verdict(batches: Iterable[Sent]) -> str:
    """What a run that brought these comes to: whose rows die in numbers is suspect."""
    bounds, bad, rows = HealthBounds(), 0, 0
    for batch in batches:
        bad, rows = bad + batch.bad, rows + batch.size
    return "suspect" if bad > bounds.slack and bad > bounds.most_dead * rows else "succeeded"


@pytest.mark.parametrize("seed", range(12))
def test_the_account_adds_up_exactly_whatever_happened_on_the_way(store: Store, seed: int) -> None:
    """Finished if and only if everything that the last readings sent is there; then each row was counted once."""
    chance = random.Random(seed)
    sent = Deliveries(store, chance, readings(chance))
    lost = set(chance.sample(sorted(sent.batches), chance.randint(0, min(3, len(sent.batches)))))
    sent.all_but(lost)
    there = [batch for message_id, batch in sent.batches.items() if message_id not in lost]
    arrived = sum(batch.size for batch in there)
    missing = sum(sent.batches[message_id].size for message_id in lost & sent.named)

    state, found, accounted = account(store)
    assert accounted == arrived
    if not missing:
        assert (state, found) == (verdict(there), accounted)
    else:
        assert state == "running"
        with transaction(store.pool) as connection:
            connection.execute("UPDATE touchline.run_accounts SET last_sign_at = now() - interval '1 day'")
        (judged,) = runs.judge(store.pool, storing_for=ARRIVAL)
        assert f"matches missing: {missing} of " in judged.error
        assert account(store) == ("suspect", accounted + missing, accounted)

    for message_id in lost:
        sent.batch(message_id)
    state, found, accounted = account(store)
    assert (state, found) == (verdict(sent.batches.values()), accounted)
    assert accounted == sum(batch.size for batch in sent.batches.values())
