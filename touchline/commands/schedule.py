"""`touchline schedule`: what is due when, and what became of it; `init` and `trigger` are in `schedule_acts`."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from heapq import merge
from itertools import islice
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

import click

from touchline import options, output
from touchline.commands.schedule_acts import NO_SCHEDULES, init, named, trigger
from touchline.options import Group
from touchline.output import Column, Format, Row, duration, say, write
from touchline.settings import start

if TYPE_CHECKING:
    from contract.schedules import Schedule
    from contract.settings import Settings

STATES = ("claimed", "published", "running", "done", "dead", "skipped", "missed")

LISTED = (
    *("schedule", "cron", "timezone", "source", "scope", "full", "catch_up", "window_seconds", "overlap", "jitter"),
    *("enabled", "next_at", "last_due_at", "last_state", "last_outcome", "last_run_id", "ticked_at"),
)
UPCOMING = ("due_at", "local", "timezone", "schedule", "source", "seconds")


@click.group(
    cls=Group,
    epilog=options.examples(
        "touchline schedule init",
        "touchline schedule next",
        "touchline schedule trigger match-days",
        "touchline schedule history --state missed",
    ),
)
def schedule() -> None:
    """Say when which source is read, and look at what became of it.

    Schedules stand in touchline.toml, [schedules.NAME]; a change is in force within a minute. The clock is `touchline
    up`, or `periodiq actors` beside workers: several may tick at once, and a slot is run once all the same.
    """


@schedule.command("list", epilog=options.examples("touchline schedule list", "touchline schedule list --output json"))
@output.output_option
def list_(output: Format) -> None:
    """List the schedules, when each is due next, and what became of its last slot.

    Times are UTC; `schedule next` has those of the schedule's own zone. Says so if nothing ticks.
    """
    settings = start()

    from actors.schedule import schedules
    from touchline.store import reading

    with reading("schedules") as found:
        known = {row["schedule"]: row for row in found.rows}
    now = datetime.now(UTC)
    rows = [_listed(name, one, known.get(name, {}), now) for name, one in schedules(settings).items()]
    write(rows, LISTED, COLUMNS, output, limit=0)
    if not settings.schedules:
        say(NO_SCHEDULES)
    elif stopped := silence(known.values()):
        say(stopped)


def silence(known: Any) -> str:
    """A sentence if nothing ticks, from what the clock knows of the schedules; else nothing."""
    from actors.next_steps import STOPPED

    since = min((row["seconds_since_tick"] for row in known), default=None)
    if since is not None and since < STOPPED:
        return ""
    how = "Nothing has ticked yet" if since is None else f"Nothing has ticked for {duration(since)}"
    return f"{how}: no slot is run. Start the clock: touchline up, or `periodiq actors` beside `dramatiq actors`."


def _listed(name: str, one: Schedule, known: Mapping[str, Any], now: datetime) -> Row:
    from contract import cron

    return {
        "schedule": name,
        **one.model_dump(include={"cron", "timezone", "source", "full", "catch_up", "jitter", "enabled"}),
        "scope": one.scope,
        "window_seconds": one.window.total_seconds(),
        "overlap": "queue" if one.queues else "skip",
        "next_at": next(cron.moments(one.cron, one.timezone, now)) if one.enabled else None,
        **{field: known.get(field) for field in LISTED[-5:]},
    }


@schedule.command(
    "next", epilog=options.examples("touchline schedule next", "touchline schedule next match-days --limit 30")
)
@click.argument("names", metavar="[NAME]...", nargs=-1)
@click.option("--limit", type=click.IntRange(1, 10_000), default=10, show_default=True, help="How many slots.")
@output.output_option
def next_(names: tuple[str, ...], limit: int, output: Format) -> None:
    """Show the next slots of all schedules, or of each schedule NAME, with weekday and zone.

    Daylight saving: a slot in the hour that is skipped is due once at its end, one in the hour that comes twice is due
    the first time; a line that fires in each hour follows real time. Needs no database.
    """
    settings = start()
    now = datetime.now(UTC)
    rows = islice(_upcoming(settings, names, now), limit)
    write(rows, UPCOMING, NEXT_COLUMNS, output, limit=0, empty=NO_SCHEDULES)


def _upcoming(settings: Settings, names: tuple[str, ...], now: datetime) -> Iterator[Row]:
    from contract import cron

    wanted = {name: named(settings, name) for name in names} or settings.schedules

    def slots(name: str, one: Schedule) -> Iterator[tuple[datetime, str]]:
        return ((due, name) for due in cron.moments(one.cron, one.timezone, now))

    for due, name in merge(*(slots(name, one) for name, one in wanted.items() if one.enabled)):
        one = wanted[name]
        local = due.astimezone(ZoneInfo(one.timezone))
        yield {
            "due_at": due,
            "local": f"{local:%a %Y-%m-%d %H:%M %Z}",
            "timezone": one.timezone,
            "schedule": name,
            "source": one.source,
            "seconds": (due - now).total_seconds(),
        }


@schedule.command(
    epilog=options.examples(
        "touchline schedule history",
        "touchline schedule history match-days --since 7d",
        "touchline schedule history --state missed --output json",
    ),
)
@click.argument("name", required=False)
@click.option("--state", type=click.Choice(STATES, case_sensitive=False), help="Only slots in this state.")
@options.since("Only slots that were due since then")
@options.limit
@output.output_option
def history(name: str | None, state: str | None, since: datetime | None, output: Format, limit: int | None) -> None:
    """Show what became of each slot, latest first: of all schedules, or of schedule NAME alone.

    A slot is claimed when it has come due, published when the queue has its order, running, and done; dead if its
    order died; skipped if the run before it was still on its way; missed if nothing ticked when it was due and the
    schedule does not catch up on it. A run that found nothing new has no row in `touchline runs`; it has one here.
    Times are UTC.
    """
    from touchline.store import reading

    with reading("slots", schedule=name, state=state, since=since, limit=limit or None) as found:
        write(found.rows, found.columns, HISTORY_COLUMNS, output, limit=limit, empty="No slot has come due that fits.")


schedule.add_command(init)
schedule.add_command(trigger)


def _last(row: Row) -> str:
    if not row["last_state"]:
        return ""
    said = f": {row['last_outcome']}" if row["last_outcome"] else ""
    return f"{row['last_due_at']:%Y-%m-%d %H:%M} {row['last_state']}{said}"


def _became(row: Row) -> str:
    if row["run_error"]:
        return f"{row['run_state']}: {row['run_error']}"
    return row["outcome"] or ""


COLUMNS = (
    Column("schedule", "schedule"),
    Column("cron", lambda row: row["cron"] if row["enabled"] else f"{row['cron']} (off)"),
    Column("zone", "timezone", spare=1),
    Column("source", "source", spare=3),
    Column("catch up", "catch_up", spare=4),
    Column("overlap", "overlap", spare=5),
    Column("next (UTC)", "next_at"),
    Column("last", _last, fold=True, spare=2),
)

NEXT_COLUMNS = (
    Column("due", "local"),
    Column("in", lambda row: duration(row["seconds"]), right=True),
    Column("schedule", "schedule"),
    Column("source", "source"),
    Column("zone", "timezone", spare=1),
)

HISTORY_COLUMNS = (
    Column("due (UTC)", "due_at"),
    Column("schedule", "schedule"),
    Column("state", "state"),
    Column("run", lambda row: str(row["run_id"])[:8]),
    Column("found", "found", right=True, spare=1),
    Column("began after", lambda row: _after(row["due_at"], row["started_at"]), right=True, spare=3),
    Column("took", lambda row: _after(row["started_at"], row["ended_at"]), right=True, spare=2),
    Column("what became of it", _became, fold=True),
)


def _after(begin: datetime | None, end: datetime | None) -> str:
    return duration((end - begin).total_seconds()) if begin and end else ""
