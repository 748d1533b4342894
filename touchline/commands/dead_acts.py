"""`touchline dead replay` and `drop`: what a person does about dead letters, written down with who and when."""

from __future__ import annotations

import getpass
import os
import socket
import sys
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from typing import TYPE_CHECKING, Any, TypeVar

import click

from contract.errors import ConfigurationError, UnreachableError
from contract.names import QUEUES
from touchline import options, output
from touchline.output import Column, Format, Row, counted, say, write
from touchline.progress import counting
from touchline.settings import start
from touchline.store import opened, reading

if TYPE_CHECKING:
    from actors.store.database import Connection
    from contract.settings import Settings

Decorated = TypeVar("Decorated", bound=Callable[..., Any])

KINDS = ("match", "message")

#: Letters a second, unless somebody says otherwise: workers go on with what runs send meanwhile.
RATE = 50.0

#: Letters that a sentence names one by one.
_NAMED = 5


class NoSuchLetter(ConfigurationError):
    """There is no dead letter of that number."""


def filters(command: Decorated) -> Decorated:
    """The options by which `list`, `replay --all` and `drop --all` choose: the same letters, said the same way."""
    for option in reversed(
        [
            click.option("--queue", type=click.Choice(QUEUES), help="Only those that came through this queue."),
            click.option("--actor", metavar="ACTOR", help="Only those for this actor, for example store_matches."),
            click.option("--kind", type=click.Choice(KINDS), help="Only single matches, or only whole messages."),
            click.option("--reason", metavar="TEXT", help="Only those with this in their reason."),
            options.source,
            options.run,
            options.since("Only those that died since then"),
        ]
    ):
        command = option(command)
    return command


def _chooses(command: Decorated) -> Decorated:
    for option in (
        click.option("--by", metavar="NAME", help="Who does it, for the record.  [default: user@host]"),
        click.option("--limit", type=click.IntRange(min=1), metavar="N", help="With --all: the newest N that fit."),
        filters,
        click.option("--all", "everything", is_flag=True, help="All open letters that fit the filters."),
        click.argument("ids", nargs=-1, type=click.IntRange(min=1), metavar="[ID]..."),
    ):
        command = option(command)
    return command


@click.command(
    cls=options.Command,
    epilog=options.examples(
        "touchline dead replay 17",
        "touchline dead replay --all --reason ContractViolation --since 24h --dry-run",
        "touchline dead replay --all --queue matches --rate 200",
    ),
)
@_chooses
@click.option(
    "--rate",
    type=click.FloatRange(min=0),
    default=RATE,
    show_default=True,
    metavar="N",
    help="At most so many a second; 0 is as fast as they go.",
)
@click.option("--dry-run", is_flag=True, help="Say what would be sent, and send nothing.")
@output.output_option
@click.pass_context
def replay(
    context: click.Context,
    /,
    ids: tuple[int, ...],
    everything: bool,
    by: str | None,
    rate: float,
    dry_run: bool,
    output: Format,
    limit: int | None,
    **filters: Any,
) -> None:
    """Send dead letters again, once what made them die is mended.

    Name each by its ID, or give --all, which the filters narrow as they narrow `touchline dead list`. A letter is sent
    by one person at a time, and a match is stored once however often it is sent. What dies again is the same letter.

    Tells of each letter what was done; on a terminal only of those that were not sent. Exit code 1: some could not be
    sent; 3: the broker or the database is unreachable, and what was not sent is still open.
    """
    _one_way(context, ids, everything, limit, filters)
    settings = start()

    from actors.replaying import REFUSED, TAKEN, explain_taken

    with opened() as connection:
        chosen = _chosen(connection, ids, limit, filters)
        done: list[dict[str, Any]] = []
        try:
            _send(connection, chosen, done, settings=settings, by=by or whoami(), rate=rate, dry_run=dry_run)
            explain_taken(connection, done)
        finally:
            _tell(done, chosen, output)
    _say_if_nobody_works(settings, done)
    failed = {REFUSED} if everything else {REFUSED, TAKEN}
    if any(told["outcome"] in failed for told in done):
        context.exit(1)


@click.command(
    cls=options.Command,
    epilog=options.examples(
        "touchline dead drop 17 --why duplicate",
        "touchline dead drop --all --source demo --why test-data --yes",
    ),
)
@_chooses
@click.option("--why", required=True, metavar="TEXT", help="Why nothing is to be done about it, for the record.")
@click.option("--yes", is_flag=True, help="With --all: do not ask.")
@click.pass_context
def drop(
    context: click.Context,
    /,
    ids: tuple[int, ...],
    everything: bool,
    by: str | None,
    why: str,
    yes: bool,
    limit: int | None,
    **filters: Any,
) -> None:
    """Give up dead letters: nothing is to be done about them.

    Name each by its ID, or give --all, which the filters narrow as they narrow `touchline dead list`. Nothing is
    deleted: `touchline dead list --state dropped` shows them, with who dropped them and why.

    Exit code 1: some were not open any more.
    """
    _one_way(context, ids, everything, limit, filters)
    if not why.strip():
        raise click.UsageError("--why is empty: whoever comes after you will want to know", context)
    start()
    with opened() as connection:
        chosen = _chosen(connection, ids, limit, filters)
        if everything and chosen and not yes:
            _ask(context, len(chosen))

        from actors.replaying import became
        from actors.store.letters import drop as store_drop
        from actors.store.letters import standing

        dropped = store_drop(connection, chosen, by=by or whoami(), why=why)
        say(f"Dropped {counted(len(dropped), 'dead letter')}." if dropped else "Nothing was dropped.")
        left = [dead_id for dead_id in chosen if dead_id not in dropped]
        for letter in standing(connection, left).values():
            say(became(letter))
    if left and not everything:
        context.exit(1)


def whoami() -> str:
    """Who is at it, as far as the system knows: `user@host`."""
    try:
        user = getpass.getuser()
    except (KeyError, OSError):
        user = str(os.getuid())  # in a container it may have no name
    return f"{user}@{socket.gethostname()}"


def _one_way(
    context: click.Context, ids: Sequence[int], everything: bool, limit: int | None, filters: Mapping[str, Any]
) -> None:
    """Letters are named or chosen by filters, and never by accident all of them."""
    narrowed = limit is not None or any(value is not None for value in filters.values())
    if ids and (everything or narrowed):
        raise click.UsageError("give either IDs, or --all with its filters", context)
    if not ids and not everything:
        meant = "add --all to take all that fit" if narrowed else "give IDs, or --all"
        raise click.UsageError(f"which dead letters? {meant} (touchline dead list shows them)", context)


def _chosen(connection: Connection, ids: Sequence[int], limit: int | None, filters: Mapping[str, Any]) -> list[int]:
    """The letters that are meant, oldest first. Raises NoSuchLetter."""
    if not ids:
        with reading("dead", state="open", limit=limit, **filters) as found:
            return [row["id"] for row in found.rows][::-1]

    from actors.store.letters import standing

    named = list(dict.fromkeys(ids))
    known = standing(connection, named)
    if unknown := [str(dead_id) for dead_id in named if dead_id not in known]:
        raise NoSuchLetter(
            f"there is no dead letter {', '.join(unknown)}; nothing was done",
            hint="`touchline dead list --state all` lists them",
        )
    return named


def _send(
    connection: Connection,
    chosen: Sequence[int],
    done: list[dict[str, Any]],
    *,
    settings: Settings,
    by: str,
    rate: float,
    dry_run: bool,
) -> None:
    """Send what was chosen; `done` gets what became of each, also if it ends half-way."""
    from actors.replaying import Pace
    from actors.replaying import replay as send

    if dry_run or not chosen:
        done.extend(send(connection, None, chosen, by, Pace(0)))
        return
    from contract.broker import make_broker
    from contract.places import broker_url

    broker = make_broker(broker_url(settings), exchange=settings.rabbitmq_exchange)
    try:
        with counting("sending", len(chosen)) as show:
            for told in send(connection, broker, chosen, by, Pace(rate)):
                done.append(told)
                show(len(done))
    finally:
        broker.close()


def _tell(done: Sequence[Row], chosen: Sequence[int], output: Format) -> None:
    from actors.replaying import FIELDS, READY, REFUSED, SENT, TAKEN

    rows = [told for told in done if output != "table" or told["outcome"] not in (SENT, READY)]
    if rows or output != "table":
        write(rows, FIELDS, COLUMNS, output, limit=0)
    count = {outcome: sum(told["outcome"] == outcome for told in done) for outcome in (SENT, READY, REFUSED, TAKEN)}
    if not chosen:
        say("No dead letter is open that fits.")
    elif count[READY]:
        say(f"Would send {counted(count[READY], 'dead letter')}.")
    else:
        of = f" of {len(chosen):,}" if count[SENT] != len(chosen) else ""
        say(f"Sent {count[SENT]:,}{of} dead letter{'s' if len(chosen) != 1 else ''}.")
    if count[REFUSED]:
        say(f"{counted(count[REFUSED], 'letter')} cannot be sent and stayed open; see what is said of each.")
    if len(done) < len(chosen):
        say(f"{counted(len(chosen) - len(done), 'letter')} not sent and still open.")


def _say_if_nobody_works(settings: Settings, done: Sequence[Row]) -> None:
    from actors.replaying import SENT
    from contract.broker import queue_depths
    from contract.places import broker_address

    queues = sorted({told["queue"] for told in done if told["outcome"] == SENT})
    with suppress(UnreachableError):  # it was sent, whoever works
        depths = queue_depths(broker_address(settings), queues) if queues else {}
        idle = [repr(queue) for queue in queues if not depths.get(queue, (0, 0))[1]]
        if idle:
            say(f"No worker consumes {' and '.join(idle)}; it waits. Start one: dramatiq actors (or touchline up).")


def _ask(context: click.Context, number: int) -> None:
    if not sys.stdin.isatty():
        raise click.UsageError(
            f"--all would drop {counted(number, 'dead letter')}: add --yes if that is meant", context
        )
    click.confirm(f"Drop {counted(number, 'dead letter')}?", abort=True, err=True)


COLUMNS = (
    Column("id", "id", right=True),
    Column("outcome", "outcome"),
    Column("kind", "kind", spare=2),
    Column("source", "source", spare=1),
    Column("match", "match_id", spare=3),
    Column("error", "error", fold=True),
)
