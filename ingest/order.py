"""What a worker asks of this side: to run a source as ordered, and to send what waits on disk."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import closing
from datetime import date
from typing import Any
from uuid import UUID

from contract.places import broker_address
from contract.settings import Settings, load
from ingest.browser.visits import Visits
from ingest.errors import SiteUnreachable
from ingest.http import Fetcher, Pace
from ingest.publisher import connected, spool_of
from ingest.pulse import interval_for
from ingest.remembered import Remembered
from ingest.run import Outcome, Progress, run
from ingest.sources import Scope, find
from ingest.spool import Flushed, SpoolUnreadable
from ingest.validators import Validators


def carry_out(order: Mapping[str, Any], *, pace: Pace | None = None) -> Outcome:
    """Run the source that `order` (scrape.schema.json, validated) names, and publish what it says.

    `pace` keeps its requests apart from those of other workers. Raises UnknownSource or UnknownScope for what no source
    has, SiteUnreachable where a part could not be read because the site was away, or may not be asked now: the parts
    that were read are published, and the order may be carried out again.
    """
    outcome = run_source(
        load(),
        order["source"],
        scope_of(order["scope"]),
        run_id=UUID(order["run_id"]),
        full=order["full"],
        trigger=order["trigger"],
        scheduled_for=order["scheduled_for"],
        pace=pace,
    )
    away = [part.error for part in outcome.parts if part.kind == "transient"]
    if away:
        raise SiteUnreachable(f"{len(away)} of {len(outcome.parts)} parts could not be read: {away[0]}")
    return outcome


def run_source(
    settings: Settings,
    name: str,
    scope: Scope,
    *,
    run_id: UUID,
    full: bool = False,
    trigger: str = "cli",
    scheduled_for: str | None = None,
    progress: Progress | None = None,
    pace: Pace | None = None,
) -> Outcome:
    """One run of the source of that name, with everything that it needs by `settings`."""
    kind = find(name)
    source = kind.make(settings.source(name))
    # the spool's name for the broker tells destinations apart without holding a password
    validators = Validators(settings.home, name, scope=scope, destination=spool_of(settings).broker, full=full)
    fetcher = fetcher_for(settings, name, validators, pace=pace)
    # closed whatever ends the run: its threads must not go on asking the site
    with closing(fetcher), connected(settings) as publisher:
        return run(
            source,
            scope,
            run_id=run_id,
            publisher=publisher,
            fetcher=fetcher,
            trigger=trigger,
            scheduled_for=scheduled_for,
            full=full,
            progress=progress,
            alive_every=interval_for(settings.run_silence),
        )


def fetcher_for(settings: Settings, name: str, validators: Validators | None, *, pace: Pace | None = None) -> Fetcher:
    """What the source of that name asks its site with, a browser and the source's notebook included."""
    return Fetcher.of(
        find(name),
        settings.source(name),
        validators,
        pace,
        remembered=Remembered(settings.home, name),
        visits=Visits(settings, name),
    )


def flush_spool(settings: Settings, *, seconds: float) -> Flushed:
    """Send what waits on disk for the queue that `settings` name, for at most about `seconds`.

    A message that is being sent when they are over is sent to its end, which a broker that hangs may stretch to about
    half a minute. Raises what a broker raises that is away, refuses or is misconfigured, SpoolUnreadable where the disk
    does; whatever was sent by then is gone from the spool, the rest is still there.
    """
    spool = spool_of(settings)
    try:
        if not len(spool):
            return Flushed()
        from contract.broker import make_broker

        broker = make_broker(broker_address(settings))
        try:
            return spool.flush(broker, seconds=seconds)
        finally:
            broker.close()
    except OSError as error:
        raise SpoolUnreadable(
            f"what waits in {spool.directory} cannot be sent: {error.strerror or error}",
            hint="may this user read and change that directory?",
        ) from error


def scope_of(said: Mapping[str, Any]) -> Scope:
    """The scope as a message says it: lists for tuples, dates as text."""
    return Scope(
        leagues=tuple(said["leagues"]),
        age_groups=tuple(said["age_groups"]),
        divisions=tuple(said["divisions"]),
        teams=tuple(said["teams"]),
        season=said["season"],
        date_from=date.fromisoformat(said["date_from"]) if said["date_from"] else None,
        date_to=date.fromisoformat(said["date_to"]) if said["date_to"] else None,
    )
