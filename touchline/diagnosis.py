"""What `touchline doctor` looks at: each part of an installation is in order, not in order, or not used.

Each check says what it found; what is wrong comes with the reason and the next step. Checks only look, with one
exception: where nothing is configured the embedded server is started, because whether it starts is the question.
"""

from __future__ import annotations

import logging
import platform
from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from contract.errors import ConfigurationError, TouchlineError, UnreachableError
from contract.passwords import scrub
from touchline.diagnosis_findings import Finding, NotUsed, Unhealthy
from touchline.failures import NotInstalled, explain
from touchline.output import counted
from touchline.settings import start

if TYPE_CHECKING:
    from contract.settings import Settings

log = logging.getLogger(__name__)

#: The oldest PostgreSQL that the SQL is tried on.
OLDEST_POSTGRES = 14

#: A clock that is further off than this makes "since 24h" and the age of messages wrong by what one can notice.
CLOCK_TOLERANCE = timedelta(seconds=5)


def examine(*, online: bool) -> Iterator[Finding]:
    """Check everything, one after the other. Sites are asked only if `online`.

    Without settings nothing else can be looked at, so that a mistake in them is the only finding.
    """
    try:
        settings = start()
    except TouchlineError as error:
        yield _not_ok("settings", error)
        return
    yield from _tried("settings", lambda: _settings(settings))
    yield from _embedded(settings)
    yield from _database(settings)
    yield from _tried("broker", lambda: _broker(settings))
    yield from _tried("queues", lambda: _queues(settings))
    yield from _declarations(settings)
    yield from _tried("schedule", lambda: _schedule(settings))
    yield from _tried("spool", lambda: _spool(settings))
    yield from _tried("kept pages", lambda: _pages(settings))
    yield from _tried("notices", lambda: _notices(settings))
    yield from _tried("browser", lambda: _browser(settings))
    yield from _sources(settings, online=online)


def _tried(check: str, look: Callable[[], str]) -> Iterator[Finding]:
    """The finding of `look`, which says what it found or raises what is wrong."""
    try:
        yield Finding(check, "ok", look())
    except NotUsed as error:
        yield Finding(check, "not used", str(error))
    except Exception as error:
        log.debug("the check %s failed", check, exc_info=True)
        yield _not_ok(check, error)


def _not_ok(check: str, error: Exception) -> Finding:
    explained = explain(error)
    return Finding(
        check, "not ok", scrub(str(explained)), scrub(explained.hint), isinstance(explained, UnreachableError)
    )


def _settings(settings: Settings) -> str:
    from importlib.metadata import version

    from contract.settings import config_file

    file = config_file()
    read = f"{file.absolute()} and the environment" if file else "the environment; there is no touchline.toml"
    return f"from {read}; home {settings.home}; touchline {version('touchline')}, Python {platform.python_version()}"


def _embedded(settings: Settings) -> Iterator[Finding]:
    check = "embedded server"
    if settings.database_url is not None:
        yield Finding(check, "not used", "DATABASE_URL names the database")
        return

    def look() -> str:
        from contract.embedded import EmbeddedPostgres

        status = EmbeddedPostgres(settings.home).status()
        if status.running:
            return f"PostgreSQL {status.version} runs (process {status.pid}), data in {status.data}"
        if status.version:
            return f"PostgreSQL {status.version} in {status.data}, started by whoever needs it"
        return f"none yet, made in {status.data} by whoever needs it first"

    yield from _tried(check, look)


def _database(settings: Settings) -> Iterator[Finding]:
    """The database, its migrations and its clock; the last two only where the first is there."""
    try:
        url, server, uncertainty, theirs, ours = _asked(settings)
    except Exception as error:
        log.debug("the check database failed", exc_info=True)
        yield _not_ok("database", error)
        return
    yield from _tried("database", lambda: server)
    yield from _tried("migrations", lambda: _migrations(url))
    yield from _tried("clock", lambda: clock(ours, theirs, uncertainty))
    yield from _stored("runs", settings, url)
    yield from _stored("tables", settings, url)


def _stored(check: str, settings: Settings, url: str) -> Iterator[Finding]:
    """The last runs, or the tables; nothing where the database lacks what is asked for, which another check says."""
    from actors.store.migrations import pending
    from touchline.diagnosis_runs import examine_runs
    from touchline.diagnosis_tables import examine_tables

    try:
        if not pending(url):
            yield from examine_runs(url) if check == "runs" else examine_tables(settings, url)
    except Exception as error:
        log.debug("the check %s failed", check, exc_info=True)
        yield _not_ok(check, error)


def _asked(settings: Settings) -> tuple[str, str, timedelta, datetime, datetime]:
    """The database's URL, what it is, and its clock beside ours: how far apart they may seem by the way alone."""
    from actors.store.database import connect
    from actors.store.reading import reading
    from contract.addresses import redact
    from contract.places import database_url

    url = database_url(settings)
    with connect(url) as connection:
        before = datetime.now(UTC)
        with reading(connection, "server") as answer:
            row = next(answer.rows)
        after = datetime.now(UTC)
    if row["version_number"] < OLDEST_POSTGRES * 10_000:
        raise Unhealthy(f"PostgreSQL {row['version']} is too old", hint=f"upgrade it to {OLDEST_POSTGRES} or later")
    if row["replica"]:
        raise Unhealthy("the database is a replica, which takes no writes", hint="let DATABASE_URL name the primary")
    half = (after - before) / 2
    where = f"at {redact(url)}" if settings.database_url else "(embedded)"
    return url, f"PostgreSQL {row['version']} {where}", half, row["clock"], before + half


def _migrations(url: str) -> str:
    from actors.store.migrations import check, revisions

    check(url)
    return f"up to date ({revisions()[-1]})"


def clock(ours: datetime, theirs: datetime, uncertainty: timedelta) -> str:
    """Our clock against the database's. Raises Unhealthy where they differ by more than one can put up with."""
    apart = abs(theirs - ours)
    if apart > CLOCK_TOLERANCE + uncertainty:
        behind = "behind" if ours < theirs else "ahead of"
        raise Unhealthy(
            f"this machine's clock is {apart.total_seconds():.0f} s {behind} the database's",
            hint="let NTP set both (timedatectl set-ntp true)",
        )
    return f"within {max(apart, uncertainty).total_seconds():.1f} s of the database's"


def _broker(settings: Settings) -> str:
    from contract.addresses import redact
    from contract.broker import check
    from contract.places import broker_url

    check(broker_url(settings), settings.rabbitmq_exchange)
    if settings.rabbitmq_url is None:
        return "the queue is in the database"
    exchange = f", exchange {settings.rabbitmq_exchange}" if settings.rabbitmq_exchange else ""
    return f"RabbitMQ at {redact(settings.rabbitmq_url.get_secret_value())}{exchange}"


def _queues(settings: Settings) -> str:
    from contract.broker import neglected, queue_depths
    from contract.names import LENGTH_LIMITS, QUEUES
    from contract.places import broker_url

    depths = queue_depths(broker_url(settings))
    ready = sum(depths[queue][0] for queue in QUEUES if queue in depths)
    if left := neglected(depths):
        raise Unhealthy(
            f"{counted(ready, 'message')} in the queues, and nobody works on {', '.join(left)}",
            hint=f"start workers: touchline up, or dramatiq actors --queues {' '.join(left)}",
        )
    if dead := [queue for queue in QUEUES if depths.get(f"{queue}.XQ", (0, 0))[0]]:
        count = sum(depths[f"{queue}.XQ"][0] for queue in dead)
        raise Unhealthy(
            f"{counted(count, 'message')} in the dead-letter queue of {', '.join(dead)}",
            hint="a worker moves them into the database within seconds, then see touchline dead list; "
            "if they stay, its log says why",
        )
    if settings.rabbitmq_url is not None:
        for queue, limit in LENGTH_LIMITS.items():
            _check_length(queue, depths.get(queue, (0, 0))[0], limit)
    if not any(queue in depths for queue in QUEUES):
        return "none yet, made by the first message or worker"
    consumers = sum(depths[queue][1] for queue in QUEUES if queue in depths)
    return f"{counted(ready, 'message')} ready, {counted(consumers, 'consumer')}" + (
        "" if consumers else ": no worker runs now"
    )


def _check_length(queue: str, length: int, limit: int) -> None:
    """Raises Unhealthy where a queue will soon take no more, or takes more than it should."""
    if length > 2 * limit:
        raise Unhealthy(
            f"queue {queue} holds {counted(length, 'message')}, more than {limit}: its limit is not in force",
            hint="load the policies of container/rabbitmq/definitions.json, see docs/queues.md",
        )
    if length > limit * 0.8:
        raise Unhealthy(
            f"queue {queue} is nearly full: {counted(length, 'message')} of {limit}",
            hint="start more workers for it; what it refuses is kept on disk by who sends it",
        )


def _declarations(settings: Settings) -> Iterator[Finding]:
    """One finding for each queue that was declared otherwise, and so is not consumed (DESIGN section 3)."""
    if settings.rabbitmq_url is None:
        return
    from contract.broker import misdeclared
    from contract.broker.errors import NotForThisUser

    try:
        wrong = misdeclared(settings.rabbitmq_url.get_secret_value())
    except NotForThisUser:
        yield Finding("queue arguments", "not used", "this user may not declare queues; ask as the one of the workers")
        return
    except TouchlineError:
        return  # the check of the broker says so
    for error in wrong:
        yield _not_ok("queue arguments", error)


def _schedule(settings: Settings) -> str:
    from touchline.diagnosis_schedule import look

    return look(settings)


def _spool(settings: Settings) -> str:
    from ingest.spool import spools

    waiting = sum(len(kept) for kept in spools(settings.home))
    if waiting:
        raise Unhealthy(
            f"{counted(waiting, 'message')} on disk because a broker was away",
            hint="once it is back: touchline spool flush",
        )
    return "nothing waits on disk"


def _pages(settings: Settings) -> str:
    from touchline.diagnosis_pages import look

    return look(settings)


def _notices(settings: Settings) -> str:
    if settings.webhook_url is None:
        raise NotUsed("TOUCHLINE_WEBHOOK_URL is not set: nobody is told of failed runs and dead letters")
    from contract.addresses import origin

    return f"signed, to {origin(settings.webhook_url.get_secret_value())}; to try it: touchline notify"


def _browser(settings: Settings) -> str:
    try:
        import playwright  # noqa: F401
    except ModuleNotFoundError:
        raise NotUsed("playwright is not installed; only sources that need a browser want it") from None
    from ingest.browser import BrowserOff, check

    try:
        return f"{check(settings)} opens pages"
    except BrowserOff as error:
        raise NotUsed(f"{error}: sources that need one fail") from None


def _sources(settings: Settings, *, online: bool) -> Iterator[Finding]:
    try:
        from ingest.sources import names
    except ModuleNotFoundError as error:
        if not isinstance(explain(error), NotInstalled):
            raise
        yield Finding("sources", "not used", "the reading side is not installed here")
        return
    for name in names():
        yield from source(settings, name, online=online)


def source(settings: Settings, name: str, *, online: bool) -> Iterator[Finding]:
    """One finding: whether the source of that name can be used, and, if `online`, whether its site answers."""
    yield from _tried(f"source {name}", lambda: _source(settings, name, online=online))


def _source(settings: Settings, name: str, *, online: bool) -> str:
    try:
        return _used(settings, name, online=online)
    except ModuleNotFoundError as error:
        if not isinstance(missing := explain(error), NotInstalled):
            raise
        raise NotUsed(f"{missing}; to read this site, {missing.hint}") from None


def _used(settings: Settings, name: str, *, online: bool) -> str:
    from ingest.errors import NotConfigured
    from ingest.order import fetcher_for
    from ingest.publisher import spool_of
    from ingest.sources import Scope, find
    from ingest.validators import Validators

    kind = find(name)
    try:
        source = kind.make(settings.source(name))
    except NotConfigured as error:
        raise NotUsed(f"{error}; to use it, {error.hint}") from None
    if not online:
        return "installed; --online asks its site"
    # conditional, as the next run would ask, and never committed: nothing is remembered of this
    validators = Validators(settings.home, name, destination=spool_of(settings).broker)
    with closing(fetcher_for(settings, name, validators)) as fetcher:
        parts = source.plan(Scope(), fetcher)
        if not parts:
            raise ConfigurationError("the source plans nothing to read", hint="does it have a season now?")
        read = source.fetch(parts[0], fetcher)
    notice = f"; {parts[0].notice}" if parts[0].notice else ""
    return f"{parts[0].name} answers" + (", nothing new" if read is None else "") + notice
