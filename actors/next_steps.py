"""What a person can do about what is wrong with a run or with the clock: said alike by commands and on pages."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final, NamedTuple

from actors.words import counted, took

#: What becomes of what a run found.
ACCOUNTED: Final = ("inserted", "updated", "unchanged", "stale", "dead")

#: Seconds without a tick: two ticks that did not come, and a moment for the third.
STOPPED: Final = 150.0

#: Seconds for which an order may wait to be published, and published for a worker to begin: longer than a scrape.
UNPUBLISHED: Final = 150.0
WAITING: Final = 1_800.0

_START: Final = "start it: touchline up, or `periodiq actors` beside `dramatiq actors`"


class Wrong(NamedTuple):
    """What is wrong, and the next step."""

    said: str
    step: str


def of_run(run: Mapping[str, Any]) -> str:
    """What a person can do about a run that did not succeed, or nothing. `run` as the view has it."""
    missing = run["found"] - sum(run[name] for name in ACCOUNTED)
    if missing > 0 and run["state"] == "suspect":
        return (
            "what is missing may lie in a queue that nobody consumes (touchline queues) or on the disk of the machine "
            f"that read it (touchline spool list); else read it anew: touchline scrape {run['source']} --full"
        )
    if run["state"] == "suspect":
        return (
            f"look at the site, and read it again: touchline scrape {run['source']} --full; if the site is right, "
            f"widen the bounds for that one run: [sources.{run['source']}.health] in touchline.toml"
        )
    if run["state"] == "failed":
        return f"once its cause is gone: touchline scrape {run['source']}"
    if run["state"] == "interrupted":
        return f"what it had not read yet the next run reads: touchline scrape {run['source']}"
    return ""


def of_clock(said: Mapping[str, Any]) -> Wrong | None:
    """What is wrong by the row of reading/clock.sql, if anything: the worst of it."""
    since = said["seconds_since_tick"]
    if since is None or since >= STOPPED:
        how = "nothing has ticked yet" if since is None else f"nothing has ticked for {took(since)}"
        return Wrong(f"{how}: no slot is run", _START)
    if said["claimed"] and said["claimed_seconds"] >= UNPUBLISHED:
        return Wrong(
            f"{counted(said['claimed'], 'order')} cannot be published, for {took(said['claimed_seconds'])} now",
            "a worker's log says why (queue schedule), or that of touchline up",
        )
    if (said["waiting_seconds"] or 0) >= WAITING:
        return Wrong(
            f"an order waits for a worker since {took(said['waiting_seconds'])}",
            "does anybody work on queue scrapes? see: touchline queues, touchline schedule history",
        )
    if said["dead"]:
        return Wrong(f"the last order of {', '.join(said['dead'])} died", "see: touchline dead list --queue scrapes")
    return None


def scope_of(params: Mapping[str, Any]) -> str:
    """What a run was asked for, to tell it from others: ` (homegrown, U14)`, or nothing where that was everything."""
    told = [value for name, value in params.items() if name != "full"]
    words = [str(word) for value in told for word in (value if isinstance(value, list) else [value])]
    return f" ({', '.join(words)})" if words else ""
