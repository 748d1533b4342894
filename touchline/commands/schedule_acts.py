"""`touchline schedule init` and `trigger`: schedules to begin with, and a slot for who does not want to wait."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

import click

from contract.errors import ConfigurationError, UnreachableError
from touchline import options, output
from touchline.output import Format, say, write_one
from touchline.settings import start

if TYPE_CHECKING:
    from contract.schedules import Schedule
    from contract.settings import Settings

NO_SCHEDULES = "No schedule is written down. `touchline schedule init` writes some to begin with."

#: Match days every quarter of an hour from morning to night, all other times every six hours.
DEFAULT = """\
# When to read what. A change is in force within a minute. `touchline schedule next` shows what is due.
# cron: minute, hour, day of the month, month, weekday, read by the clock of the timezone.
# Also: leagues, age_groups, divisions, teams, season, full (as on the command line); catch_up = "latest" (or "all",
# "skip"), window = "24h"; overlap = "skip" (or "queue"); jitter = 0 (seconds); enabled = true.

[schedules.match-days]
cron = "*/15 8-23 * * sat,sun"
timezone = "America/New_York"
source = "mlsnext"

[schedules.match-nights]
cron = "0 0,6 * * sat,sun"
timezone = "America/New_York"
source = "mlsnext"

[schedules.weekdays]
cron = "0 */6 * * mon-fri"
timezone = "America/New_York"
source = "mlsnext"
"""


class NoSuchSchedule(ConfigurationError):
    """No schedule is called so."""


class SchedulesThere(ConfigurationError):
    """There are schedules already, which nobody wants to be written over."""


def named(settings: Settings, name: str) -> Schedule:
    """The schedule of that name. Raises NoSuchSchedule, which lists those there are."""
    from actors.schedule import schedules

    there = schedules(settings)
    if name not in there:
        raise NoSuchSchedule(f"there is no schedule {name!r}", hint=f"there are: {', '.join(sorted(there))}")
    return there[name]


@click.command(
    cls=options.Command,
    epilog=options.examples("touchline schedule init", "touchline schedule init --file /etc/touchline/touchline.toml"),
)
@click.option(
    "--file",
    "path",
    type=click.Path(dir_okay=False, path_type=Path),
    metavar="FILE",
    help="The settings file to write to.  [default: the one in use, else touchline.toml here]",
)
def init(path: Path | None) -> None:
    """Write schedules to begin with into touchline.toml; what stands there already stays.

    The source mlsnext is read every 15 minutes on match days from morning to night, and every 6 hours otherwise, by
    the clock of New York. Refuses where the file has schedules already.
    """
    from contract.settings import config_file

    settings = start()
    path = path or config_file() or Path("touchline.toml")
    before = path.read_text(encoding="utf-8") if path.exists() else ""
    if settings.schedules or "[schedules." in before:
        raise SchedulesThere(f"{path} has schedules already", hint="edit it, then: touchline schedule next")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("a", encoding="utf-8") as file:
            file.write(("\n" if before else "") + DEFAULT)
    except OSError as error:
        raise ConfigurationError(f"{path} cannot be written: {error.strerror or error}") from None
    say(f"Written to {path}. What is due next: touchline schedule next")
    if config_file() is None:
        say(f"  → it is not read from there: set TOUCHLINE_CONFIG={path.absolute()}, or begin commands with --config")


@click.command(
    cls=options.Command,
    epilog=options.examples("touchline schedule trigger match-days", "touchline schedule trigger housekeeping"),
)
@click.argument("name")
@output.output_option
def trigger(name: str, output: Format) -> None:
    """Order a run of schedule NAME now, with its parameters, whatever its other slots are doing.

    It has a slot of its own in `touchline schedule history`, which says who triggered it. Workers carry it out.
    """
    settings = start()
    one = named(settings, name)

    from functools import partial

    from actors.publishing import publish
    from actors.schedule import order_of
    from actors.store import slots
    from actors.store.database import open_pool
    from contract.broker import make_broker, queue_depths
    from contract.places import broker_url, database_url
    from touchline.commands.dead_acts import whoami

    pool = open_pool(database_url(settings), size=1)
    broker = make_broker(broker_url(settings), exchange=settings.rabbitmq_exchange)
    try:
        order = partial(order_of, name, one)
        slot = slots.claim_now(pool, name, order, why=f"triggered by {whoami()}")
        slots.publish_claimed(pool, partial(publish, broker))
    finally:
        broker.close()
        pool.close()
    write_one({"schedule": name, "due_at": slot.due_at, "run_id": str(slot.run_id)}, output)
    queue = order(slot).queue
    with suppress(UnreachableError):  # it was sent, whoever works
        if not queue_depths(broker_url(settings), [queue]).get(queue, (0, 0))[1]:
            say(f"Nobody works on queue {queue}; it waits there. Start workers: touchline up")
