"""The producer's side: a scraper that is killed, and publishes that are refused."""

from __future__ import annotations

import json
import time
from collections.abc import Sequence

import psycopg

from contract.names import MATCHES
from tests.chaos.faults import fault
from tests.chaos.model import Observation
from tests.chaos.processes import Scraper
from tests.chaos.world import World


@fault("scraper-killed", long=True)
def scraper_killed(world: World) -> None:
    """scraper SIGKILLed in the middle of a run: the next run brings the rest, the dead one ends as interrupted."""
    world.workers(run_silence="5")
    with world.load():
        world.flowing()
        track = world.track("killed", parts=6, matches=60)
        first = track.observe()
        parts = list(first.parts)
        reached = world.rng.randrange(1, len(parts) - 1)
        with (
            Scraper(world.environment(), world.directory, first, after_batches=reached) as scraper,
            world.fault(),
        ):
            scraper.wait_until_reached()
            scraper.kill()
            second = track.again()
            _split(first, second, parts[:reached])
            world.ledger.expect(first)
            world.send(second)


def _split(first: Observation, second: Observation, arrived: Sequence[str]) -> None:
    """The dead run has stored what was in the parts that arrived; the second brings the rest.

    The rejects of a part come after its matches: those of the last one that arrived did not.
    """
    brought = {row["match_id"] for part in arrived for row in first.parts[part] if isinstance(row, dict)}
    rejects = sum(not isinstance(row, dict) for part in arrived[:-1] for row in first.parts[part])
    first.stored = {match_id: seen for match_id, seen in first.stored.items() if match_id in brought}
    first.letters = first.letters[:rejects]
    account = first.account
    account.inserted, account.dead, account.state = len(brought), rejects, "interrupted"
    account.found = len(brought) + rejects
    second.account.inserted = len(second.stored) - len(brought)
    second.account.unchanged = len(brought)
    second.stored = {match_id: seen for match_id, seen in second.stored.items() if match_id not in brought}


@fault("publish-refused", brokers=("rabbitmq",))
def publish_refused(world: World) -> None:
    """publishes refused (queue full, reject-publish): runs keep them on disk, and send them when there is room."""
    world.workers()
    with world.load():
        world.flowing()
        with world.fault():
            limit(world, f"^{MATCHES}$")
            time.sleep(world.form.seconds(6, 60))
            if not world.spooled():
                world.problems.append("no publish was refused: the fault did not happen")
            world.rabbitmq.ctl("clear_policy", "-p", world.vhost, "full")


@fault("retry-refused", brokers=("rabbitmq",))
def retry_refused(world: World) -> None:
    """the publish of a retry refused (its queue is full): the message goes back, it is never acked."""
    workers = world.workers(lock_timeout="1")
    with world.load():
        world.flowing()
        with world.fault(), psycopg.connect(world.database_url) as connection:
            limit(world, rf"^{MATCHES}\.DQ$")
            connection.execute("LOCK TABLE touchline.matches IN ACCESS EXCLUSIVE MODE")
            time.sleep(world.form.seconds(8, 60))
            connection.rollback()
            world.rabbitmq.ctl("clear_policy", "-p", world.vhost, "full")
    if "its retry was not taken" not in workers.log.read_text(errors="replace"):
        world.problems.append("no retry was refused: the fault did not happen")


def limit(world: World, queues: str) -> None:
    """From now on the queues whose names match take nothing, by policy. Mended by clearing the policy `full`.

    In two steps: RabbitMQ 3.10 looks at the length before it looks at what to do about it, so that a queue that is told
    both at once first drops (dead-letters) what it holds.
    """
    for policy in ({"overflow": "reject-publish"}, {"overflow": "reject-publish", "max-length": 0}):
        world.rabbitmq.ctl("set_policy", "-p", world.vhost, "full", queues, json.dumps(policy), "--apply-to", "queues")
