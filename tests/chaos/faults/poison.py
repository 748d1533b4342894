"""One message that is worse than the others: it kills its worker, always raises, or never returns."""

from __future__ import annotations

from tests.chaos.faults import fault
from tests.chaos.model import Letter
from tests.chaos.names import HANGS, KILLS, RAISES
from tests.chaos.world import World

#: Seconds that a healthy message may wait for a sick one (issue 3, "Shown by").
_LONGEST_WAIT = 60.0


def _poison(world: World, part: str, reason: str, **environment: str) -> None:
    workers = world.workers(4, **environment)
    with world.load(pace=0.3):
        world.flowing()
        with world.fault(within=240):
            observation = world.track("poison").dying(f"{part}-{world.name}")
            for message in world.capture(observation):
                if message.actor_name == "store_matches":
                    world.ledger.expect_letter(Letter("message", message.message_id, reason))
                    poisoned = message.message_id
                world.put(message)
            world.until(
                lambda: bool(world.query("SELECT 1 FROM touchline.dead WHERE message_id = %s", poisoned)),
                "the message is dead",
                180,
            )
    world.finish()
    wait, message_id = world.longest_wait()
    if wait > _LONGEST_WAIT:
        world.problems.append(f"message {message_id}, which is healthy, waited {wait:.0f} s")
    if part == KILLS and not 4 <= workers.restarts <= 6:
        world.problems.append(f"the message killed its worker {workers.restarts} times before it was dead, not 5")


@fault("poison-kills", long=True)
def kills(world: World) -> None:
    """a message kills its worker each time (as the OOM killer does)."""
    _poison(world, KILLS, "worker_killed")


@fault("poison-raises", long=True)
def raises(world: World) -> None:
    """an actor that always raises."""
    _poison(world, RAISES, "attempts_exhausted:ZeroDivisionError", unknown_delay="800")


@fault("poison-hangs", long=True)
def hangs(world: World) -> None:
    """an actor that never returns (its time limit cut to a second)."""
    _poison(world, HANGS, "attempts_exhausted:TimeLimitExceeded", unknown_delay="800", time_limit="1000")
