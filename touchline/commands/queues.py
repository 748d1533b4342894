"""`touchline queues`: what waits in the queues, and who works on it."""

from __future__ import annotations

from collections.abc import Mapping

import click

from contract.names import QUEUES
from touchline import options, output
from touchline.output import Column, Format, Row, say, write
from touchline.settings import start

FIELDS = ("queue", "ready", "delayed", "dead", "consumers")


@click.command(cls=options.Command, epilog=options.examples("touchline queues", "touchline queues --output json"))
@output.output_option
def queues(output: Format) -> None:
    """List the queues: how many messages are ready, delayed and dead in each, and how many consumers it has.

    Dead messages here are on their way: what died is kept in the database, see `touchline dead list`. A queue that
    nobody has used yet has no numbers.
    """
    settings = start()

    from contract.broker import neglected, queue_depths
    from contract.places import broker_url

    depths = queue_depths(broker_url(settings))
    rows = [_row(queue, depths) for queue in QUEUES]
    write(rows, FIELDS, COLUMNS, output)
    if output == "table" and not depths:
        say("No queue is there yet: the first message or worker makes them.")
    if output == "table" and (left := neglected(depths)):
        say(f"Nobody works on {', '.join(left)}. `touchline up` does, or: dramatiq actors --queues {' '.join(left)}")


def _row(queue: str, depths: Mapping[str, tuple[int, int]]) -> Row:
    ready, consumers = depths.get(queue, (None, None))
    delayed, dead = (depths.get(f"{queue}.{kind}", (None,))[0] for kind in ("DQ", "XQ"))
    return {"queue": queue, "ready": ready, "delayed": delayed, "dead": dead, "consumers": consumers}


COLUMNS = (
    Column("queue", "queue"),
    Column("ready", "ready", right=True),
    Column("delayed", "delayed", right=True),
    Column("dead", "dead", right=True),
    Column("consumers", "consumers", right=True),
)
