"""`touchline scrape`: one ad hoc run of a source."""

from __future__ import annotations

import logging
import re
import signal
from contextlib import closing
from datetime import date
from types import FrameType
from typing import TYPE_CHECKING, Any

import click

from touchline import options, output
from touchline.output import Column, Format, Row, say, write
from touchline.settings import start

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from contract.settings import Settings
    from ingest.run import Outcome
    from ingest.sources import Scope

#: How many rejected rows `--dry-run` explains one by one.
_EXPLAINED = 10

FIELDS = (
    "run_id",
    "source",
    "nothing_new",
    "found",
    "sent",
    "rejected",
    "spooled",
    "failed_parts",
    "state",
    "inserted",
    "updated",
    "unchanged",
    "stale",
    "dead",
    "error",
)


def age_group(text: str) -> str:
    """An age group as it is stored, `U14`."""
    written = re.fullmatch(r"[Uu]?([0-9]{1,2})", text.strip())
    if written is None:
        raise ValueError(f"{text!r} is no age group; write for example U14")
    return f"U{int(written[1])}"


def _age_groups(context: click.Context, parameter: click.Parameter, texts: tuple[str, ...]) -> tuple[str, ...]:
    parse = options.parsed(age_group)
    return tuple(parse(context, parameter, text) or "" for text in texts)


@click.command(
    cls=options.Command,
    epilog=options.examples(
        "touchline scrape mlsnext --wait",
        "touchline scrape mlsnext --league homegrown --age-group U14 --division Northeast",
        "touchline scrape mlsnext --from 2026-10-01 --to 2026-10-31 --dry-run --output csv",
        "touchline scrape mlsnext --full",
    ),
)
@click.argument("source")
@options.league
@click.option(
    "--age-group",
    "age_groups",
    multiple=True,
    callback=_age_groups,
    metavar="AGE",
    help="Only this age group, for example U14 (may be repeated).",
)
@options.division
@options.many("--team", "teams", "TEAM", "Only matches of this team: a part of its name")
@options.season
@click.option(
    "--from", "date_from", callback=options.parsed(options.day), metavar="DATE", help="Only from this day on."
)
@click.option("--to", "date_to", callback=options.parsed(options.day), metavar="DATE", help="Only up to this day.")
@click.option("--dry-run", is_flag=True, help="Print the matches; send nothing and remember nothing.")
@click.option("--full", is_flag=True, help="Read everything, also what did not change since the last run.")
@click.option("--wait", is_flag=True, help="Follow the run until every match is stored.")
@output.output_option
@click.pass_context
def scrape(
    context: click.Context,
    /,
    source: str,
    date_from: date | None,
    date_to: date | None,
    dry_run: bool,
    full: bool,
    wait: bool,
    output: Format,
    **filters: Any,
) -> None:
    """Read SOURCE once and send what it says to be stored: the whole season, or what the filters leave.

    Parts that did not change since they were last read are skipped. Where no broker is configured and no worker runs,
    the command stores the matches itself. Exit code 1: something was found wrong; 3: the site or the broker is
    unreachable (what was read is then kept on disk and sent by the next run, or by `touchline spool flush`).
    """
    if date_from and date_to and date_from > date_to:
        raise click.UsageError("--from is later than --to", context)
    if dry_run and wait:
        raise click.UsageError("--dry-run sends nothing that --wait could wait for", context)
    settings = start()
    keep_logs_quiet()
    stop_when_terminated()

    from ingest.sources import Scope

    scope = Scope(date_from=date_from, date_to=date_to, **filters)
    if dry_run:
        context.exit(_preview(settings, source, scope, output))
    context.exit(_scrape(settings, source, scope, output, full=full, wait=wait))


def _scrape(settings: Settings, source: str, scope: Scope, output: Format, *, full: bool, wait: bool) -> int:
    """Run, see to it that the run is stored if nobody else does, and report; returns the exit code."""
    from uuid import uuid4

    from ingest.order import run_source
    from touchline.following import follow, must_store, work_off
    from touchline.progress import reading
    from touchline.unstored import Noting, left_behind

    # with a broker of its own somebody runs workers; otherwise nobody may but this command
    home = settings.home if settings.rabbitmq_url is None else None
    run_id = uuid4()
    stored: Mapping[str, Any] = {}
    with Noting(home, run_id) as noting:
        with reading() as noting.watcher:
            outcome = run_source(settings, source, scope, run_id=run_id, full=full, progress=noting)
        noting.keep = outcome.spooled > 0
        _say_what_was_read(settings, source, scope, outcome)
        notes = left_behind(home) if home else []
        if notes or (home and outcome.flushed and outcome.nothing_new):
            work_off(settings, notes)
        if not outcome.nothing_new and not outcome.spooled and (wait or must_store(settings)):
            stored = follow(settings, outcome)
            _say_what_was_stored(source, stored)
        else:
            _say_notices(outcome.notices)
    write([summary(source, outcome, stored)], FIELDS, COLUMNS, output)
    if outcome.spooled:
        raise kept_on_disk(settings, outcome)
    return outcome.exit_code or int(bool(stored) and (stored["state"] != "succeeded" or stored["dead"] > 0))


def _say_what_was_read(settings: Settings, source: str, scope: Scope, outcome: Outcome) -> None:
    if outcome.flushed:
        say(f"Sent {output.counted(outcome.flushed, 'message')} that earlier runs had left on disk.")
    if outcome.nothing_new:
        say(f"{source}: nothing new{_since(settings, source, outcome)}.")
        return
    unchanged = sum(part.not_modified for part in outcome.parts)
    beside = f", {unchanged} of {len(outcome.parts)} parts unchanged" if unchanged else ""
    rejected = f", {outcome.rejected:,} of them unusable" if outcome.rejected else ""
    matches = "match" if outcome.found == 1 else "matches"
    say(f"{source}: found {outcome.found:,} {matches}{rejected}{beside}.")
    if outcome.suspect:
        say(
            "No match on the site fits what was asked for; check the filters."
            if scope.filtered
            else "What has changed lists no match at all, which no league's site does; look at it in a browser."
            if unchanged
            else "The site listed no match at all, which no league's site does; look at it in a browser."
        )
    for part in outcome.parts:
        if part.absent:
            say(f"{part.name} is left out: {part.error}")
        elif part.error:
            say(f"{part.name} failed: {part.error}")
            if part.hint:
                say(f"  → {part.hint}")


def _say_notices(notices: Iterable[str]) -> None:
    for notice in notices:
        say(f"To know of it: {notice}")


def _since(settings: Settings, source: str, outcome: Outcome) -> str:
    """` since …`: when one of the parts last said something new."""
    from ingest.validators import checks

    names = {part.name for part in outcome.parts}
    changed = [check.changed_at for check in checks(settings.home, source) if check.part in names]
    last = max((moment for moment in changed if moment), default=None)
    return f" since {output.readable(last)} UTC" if last else ""


def _say_what_was_stored(source: str, stored: Mapping[str, Any]) -> None:
    from touchline.commands.runs import ACCOUNTED, next_step

    say(f"Stored: {', '.join(f'{stored[name]:,} {name}' for name in ACCOUNTED)}.")
    if stored["state"] != "succeeded":
        say(f"The run ended as {stored['state']}: {stored['error'] or 'no reason was given'}")
        if step := next_step({**stored, "source": source}):
            say(f"  → {step}")
    elif stored["error"]:
        say(f"To know of it: {stored['error']}")
    if stored["dead"]:
        say("  → why matches died: touchline dead list")


def summary(source: str, outcome: Outcome, stored: Mapping[str, Any]) -> Row:
    """One run as data; `stored` is its account, if it was followed."""
    counts = ("state", "inserted", "updated", "unchanged", "stale", "dead", "error")
    return {
        # a run in which nothing was new is no run to anybody else
        "run_id": None if outcome.nothing_new else str(outcome.run_id),
        "source": source,
        "nothing_new": outcome.nothing_new,
        "found": outcome.found,
        "sent": outcome.sent,
        "rejected": outcome.rejected,
        "spooled": outcome.spooled,
        "failed_parts": [part.name for part in outcome.parts if part.error and not part.absent],
        **{name: stored.get(name) for name in counts},
    }


def kept_on_disk(settings: Settings, outcome: Outcome) -> Exception:
    """The error that ends a run whose messages are on disk: where they are, and what sends them."""
    from contract.errors import ConfigurationError
    from ingest.errors import Spooled
    from ingest.publisher import spool_of

    spool = spool_of(settings)
    kept = f"{output.counted(outcome.spooled, 'message')} kept in {spool.directory}"
    if outcome.misconfigured is not None:
        mend = outcome.misconfigured.hint or "mend the settings"
        return ConfigurationError(
            f"{outcome.misconfigured}; {kept}", hint=f"{mend}; then: touchline spool flush, or the same command again"
        )
    return Spooled(
        f"the broker {spool.broker} takes no messages ({outcome.away}); {kept}",
        hint="a worker of this home or the next run sends them; at once: touchline spool flush",
    )


def _preview(settings: Settings, source: str, scope: Scope, output: Format) -> int:
    """Print what a run would send; returns the exit code."""
    from uuid import UUID

    from ingest.models import Match
    from ingest.order import fetcher_for
    from ingest.reading import Unreadable, preview
    from ingest.run import Outcome, PartOutcome
    from ingest.sources import Reject, find

    reader = find(source).make(settings.source(source))
    found = PartOutcome(source)
    outcome = Outcome(run_id=UUID(int=0), parts=[found])
    notices: dict[str, bool] = {}

    def matches() -> Iterator[Row]:
        fields = dict.fromkeys(Match.model_fields)
        for part, row in preview(reader, scope, fetcher):
            if part.notice:
                notices[part.notice] = True
            if isinstance(row, Unreadable):
                failed = PartOutcome(part.name)
                failed.fail(row.reason, asked_for=bool(scope.leagues))
                outcome.parts.append(failed)
            elif isinstance(row, Reject):
                found.rejected += 1
                if found.rejected <= _EXPLAINED:
                    say(f"unusable: match {row.match_id or '?'}: {row.error}")
            else:
                found.found += 1
                yield fields | row.wire()

    with closing(fetcher_for(settings, source, None)) as fetcher:
        write(matches(), list(Match.model_fields), PREVIEW, output, limit=0, empty="No match fits what was asked for.")
    _say_what_was_read(settings, source, scope, outcome)
    _say_notices(notices)
    say("Nothing was sent (--dry-run).")
    return outcome.exit_code


def keep_logs_quiet() -> None:
    """What these log in a worker this command says itself, at the end and once. `--debug` shows both."""
    if not logging.getLogger().isEnabledFor(logging.DEBUG):
        for name in ("ingest.run", "ingest.publisher", "ingest.sources.mlsnext.discovery"):
            logging.getLogger(name).setLevel(logging.CRITICAL)


def stop_when_terminated() -> None:
    """SIGTERM ends a run as Ctrl-C does, so that also a run that systemd stops tells the other side."""

    def interrupt(number: int, frame: FrameType | None) -> None:
        raise KeyboardInterrupt

    signal.signal(signal.SIGTERM, interrupt)


COLUMNS = (
    Column("run", lambda row: (row["run_id"] or "")[:8]),
    Column("source", "source"),
    Column("found", "found", right=True),
    Column("sent", "sent", right=True),
    Column("rejected", lambda row: row["rejected"] or "", right=True),
    Column("spooled", lambda row: row["spooled"] or "", right=True),
    Column("state", "state"),
    Column("inserted", "inserted", right=True),
    Column("updated", "updated", right=True),
    Column("unchanged", "unchanged", right=True),
    Column("stale", "stale", right=True),
    Column("dead", "dead", right=True),
    Column("failed", lambda row: ", ".join(row["failed_parts"]), fold=True),
)

PREVIEW = (
    Column("match", "match_id"),
    Column("date", "date"),
    Column("kick-off (UTC)", lambda row: (row["kickoff"] or "")[11:16]),
    Column("age", "age_group"),
    Column("division", "division", fold=True),
    Column("home", "home_team", fold=True),
    Column("", lambda row: "" if row["home_score"] is None else f"{row['home_score']}:{row['away_score']}"),
    Column("away", "away_team", fold=True),
    Column("status", "status"),
)
