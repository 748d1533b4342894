"""What `touchline doctor` says of the schedules: whether anything ticks, and whether what is due is carried out."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final

from touchline.diagnosis_findings import NotUsed, Unhealthy
from touchline.output import counted, duration

if TYPE_CHECKING:
    from contract.settings import Settings

#: Seconds: two ticks that did not come, and a moment for the third.
STOPPED: Final = 150.0

#: Seconds for which an order may wait to be published, and published for a worker to begin: longer than a scrape.
UNPUBLISHED: Final = 150.0
WAITING: Final = 1_800.0

_START = "start it: touchline up, or `periodiq actors` beside `dramatiq actors`"


def look(settings: Settings) -> str:
    """One line for what is in order. Raises NotUsed or Unhealthy."""
    on = [name for name, schedule in settings.schedules.items() if schedule.enabled]
    if not on:
        raise NotUsed("no schedule is written down; touchline schedule init writes some")
    _check_sources(settings)

    from touchline.store import reading

    with reading("clock") as found:
        said = next(found.rows)
    check(said)
    return f"{counted(len(on), 'schedule')}, last tick {duration(said['seconds_since_tick'])} ago"


def check(said: Mapping[str, Any]) -> None:
    """Raises Unhealthy for what is wrong by the row of reading/clock.sql."""
    since = said["seconds_since_tick"]
    if since is None or since >= STOPPED:
        how = "nothing has ticked yet" if since is None else f"nothing has ticked for {duration(since)}"
        raise Unhealthy(f"{how}: no slot is run", hint=_START)
    if said["claimed"] and said["claimed_seconds"] >= UNPUBLISHED:
        raise Unhealthy(
            f"{counted(said['claimed'], 'order')} cannot be published, for {duration(said['claimed_seconds'])} now",
            hint="a worker's log says why (queue schedule), or that of touchline up",
        )
    if (said["waiting_seconds"] or 0) >= WAITING:
        raise Unhealthy(
            f"an order waits for a worker since {duration(said['waiting_seconds'])}",
            hint="does anybody work on queue scrapes? see: touchline queues, touchline schedule history",
        )
    if said["dead"]:
        raise Unhealthy(
            f"the last order of {', '.join(said['dead'])} died", hint="see: touchline dead list --queue scrapes"
        )


def _check_sources(settings: Settings) -> None:
    """Raises Unhealthy where a schedule names a source that is not there, as far as that can be told here."""
    try:
        from ingest.sources import names
    except ModuleNotFoundError:
        return
    there = names()
    for name, schedule in settings.schedules.items():
        if schedule.source not in there:
            raise Unhealthy(
                f"schedule {name} names the source {schedule.source!r}, which is not installed",
                hint=f"installed are: {', '.join(there)}",
            )
