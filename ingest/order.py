"""What a worker asks of this side: to run a source as ordered, and to send what waits on disk."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from datetime import date
from typing import Any
from uuid import UUID

from contract.logging import named
from contract.places import broker_address
from contract.settings import Settings, load
from ingest.archive import Archive, Keeper, RunKeeper
from ingest.browser.visits import Visits
from ingest.errors import SiteUnreachable
from ingest.http import Fetcher, Pace
from ingest.planning import SITE_ERRORS, Unplanned, plan
from ingest.pruning import prune
from ingest.publisher import Publisher, connected, spool_of
from ingest.pulse import interval_for
from ingest.remembered import Remembered
from ingest.run import Outcome, Progress, begin, run
from ingest.sources import Scope, Source, find
from ingest.spool import Flushed, SpoolUnreadable
from ingest.validators import Validators


def divided(name: str) -> bool:
    """Whether runs of the source of that name are divided into one order a part. Raises UnknownSource."""
    return bool(getattr(find(name), "separate_orders", False))


def divide(order: Mapping[str, Any], *, pace: Pace | None = None) -> tuple[tuple[str, ...], str]:
    """Plan the run that `order` names, and say that it starts; its parts are for orders of their own (`part`).

    Returns the names of the parts, and what became of it in a few words. There is no part where the site did not tell
    them: the run has ended then, and failed. Raises as `carry_out` does.
    """
    settings, scope = load(), scope_of(order["scope"])
    said: dict[str, Any] = {
        "run_id": UUID(order["run_id"]),
        "trigger": order["trigger"],
        "scheduled_for": order["scheduled_for"],
    }
    how = {"run_id": said["run_id"], "full": order["full"], "pace": pace}
    with _opened(settings, order["source"], scope, **how) as (source, fetcher, publisher):
        try:
            parts = plan(source, scope, fetcher)
        except SITE_ERRORS as error:
            unplanned = Unplanned(source, error)
            outcome = run(unplanned, scope, publisher=publisher, fetcher=fetcher, full=order["full"], **said)
            return (), _read(outcome).summary
        begin(source, scope, parts, publisher=publisher, full=order["full"], **said)
    return tuple(part.name for part in parts), f"divided into {len(parts)} parts"


def carry_out(order: Mapping[str, Any], *, pace: Pace | None = None) -> Outcome:
    """Run the source that `order` (scrape.schema.json, validated) names, and publish what it says.

    `pace` keeps its requests apart from those of other workers. Raises UnknownSource or UnknownScope for what no source
    has, SiteUnreachable where a part could not be read because the site was away, or may not be asked now: the parts
    that were read are published, and the order may be carried out again.
    """
    return _read(
        run_source(
            load(),
            order["source"],
            scope_of(order["scope"]),
            run_id=UUID(order["run_id"]),
            full=order["full"],
            trigger=order["trigger"],
            scheduled_for=order["scheduled_for"],
            pace=pace,
            only=order["part"],
        )
    )


def _read(outcome: Outcome) -> Outcome:
    """`outcome`, unless it is worth another try."""
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
    only: str | None = None,
) -> Outcome:
    """One run of the source of that name, or the part of it that is called `only`, with all it needs by `settings`."""
    with _opened(settings, name, scope, run_id=run_id, full=full, pace=pace) as (source, fetcher, publisher):
        outcome = run(
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
            only=only,
        )
    archive = archive_of(settings)
    if archive is not None:
        prune(archive, days=settings.retention.pages_days)
    return outcome


@contextmanager
def _opened(
    settings: Settings, name: str, scope: Scope, *, run_id: UUID, full: bool, pace: Pace | None
) -> Iterator[tuple[Source, Fetcher, Publisher]]:
    """The source of that name, what it asks its site with, and where what it says is published."""
    source = find(name).make(settings.source(name))
    # the spool's name for the broker tells destinations apart without holding a password
    validators = Validators(settings.home, name, scope=scope, destination=spool_of(settings).broker, full=full)
    archive = archive_of(settings)
    keeper = None if archive is None else RunKeeper(archive, run_id, name, scope)
    fetcher = fetcher_for(settings, name, validators, pace=pace, keeper=keeper, run_id=run_id)
    # closed whatever ends the run: its threads must not go on asking the site
    with named(run_id=str(run_id), source=name), closing(fetcher), connected(settings) as publisher:
        yield source, fetcher, publisher


def archive_of(settings: Settings) -> Archive | None:
    """Where this machine keeps documents; None where it keeps none."""
    return None if settings.keep_pages is None else Archive(settings.keep_pages)


def fetcher_for(
    settings: Settings,
    name: str,
    validators: Validators | None,
    *,
    pace: Pace | None = None,
    keeper: Keeper | None = None,
    run_id: UUID | None = None,
) -> Fetcher:
    """What the source of that name asks its site with, a browser and the source's notebook included.

    `run_id` names the evidence that is kept of a page that is not as expected.
    """
    return Fetcher.of(
        find(name),
        settings.source(name),
        validators,
        pace,
        remembered=Remembered(settings.home, name),
        visits=Visits(settings, name, run=str(run_id or "")),
        keeper=keeper,
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

        broker = make_broker(broker_address(settings), exchange=settings.rabbitmq_exchange)
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
