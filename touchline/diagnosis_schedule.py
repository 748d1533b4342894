"""What `touchline doctor` says of the schedules: whether anything ticks, and whether what is due is carried out."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from touchline.diagnosis_findings import NotUsed, Unhealthy
from touchline.output import counted, duration

if TYPE_CHECKING:
    from contract.settings import Settings


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
    from actors.next_steps import of_clock

    if wrong := of_clock(said):
        raise Unhealthy(wrong.said, hint=wrong.step)


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
