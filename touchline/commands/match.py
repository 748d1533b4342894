"""`touchline match`: one match, its history, and what a person says of it against its site."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, TypeVar

import click

from touchline import options, output
from touchline.commands.dead_acts import whoami
from touchline.commands.matches import SCORES, STATUSES, kickoff, score, status
from touchline.options import Group
from touchline.output import Format, readable, say, write_one
from touchline.store import opened, reading

if TYPE_CHECKING:
    from actors.store.corrections import Corrected

Decorated = TypeVar("Decorated", bound=Callable[..., Any])

#: What is typed for "there is none".
NONE = "none"

#: In the order of actors.store.corrections.CORRECTABLE, which no `--help` should have to import.
FIELDS = (
    "home_score",
    "away_score",
    "home_penalties",
    "away_penalties",
    "status",
    "date",
    "kickoff",
    "location",
    "notes",
    "division",
)


@click.group(
    cls=Group,
    epilog=options.examples(
        "touchline match show 26030",
        "touchline match correct 26030 --home-score 2 --why report",
        "touchline match uncorrect 26030 --field home_score --why misread",
    ),
)
def match() -> None:
    """Look at one match, and overrule what its site says of it.

    MATCH is its number at the site, as `touchline matches` shows it.
    """


def _which(command: Decorated) -> Decorated:
    command = click.option("--source", metavar="SOURCE", help="The match of this source, where several have one.")(
        command
    )
    return click.argument("match_id", metavar="MATCH")(command)


def _says_who(help: str) -> Callable[[Decorated], Decorated]:
    def decorate(command: Decorated) -> Decorated:
        command = click.option("--by", metavar="NAME", help="Who says so, for the record.  [default: user@host]")(
            command
        )
        return click.option("--why", required=True, metavar="TEXT", help=help)(command)

    return decorate


@match.command(
    epilog=options.examples("touchline match show 26030", "touchline match show 26030 --source mlsnext --output json")
)
@_which
@output.output_option
def show(match_id: str, source: str | None, output: Format) -> None:
    """Show one match in full: how it stands, what people corrected, what changed. MATCH is its number at the site.

    Of each correction it says what the site says instead and since when, who corrected it, when and why, and whether it
    still stands: the site may have come round, or somebody took it back. A correction rests while the site's other
    values leave no match that it could belong to, for example scores of a match that is scheduled again. Times are UTC.
    """
    with reading("match", match_id=match_id, source=source) as found:
        rows = list(found.rows)
    if len(rows) != 1:
        _refuse(match_id, source)
    shown = rows[0]
    if output != "table":
        write_one(shown, output)
        return
    _draw(shown)


def _refuse(match_id: str, source: str | None) -> None:
    """Raise the error that says which sources have the match, if any."""
    from actors.store.corrections import source_of

    with opened() as connection:
        source_of(connection, match_id, source)


def _draw(shown: Mapping[str, Any]) -> None:
    marks = set(shown["corrected"] or ())

    def marked(text: str, *fields: str) -> str | None:
        return f"{text or 'none'}  (corrected)" if marks & set(fields) else text or None

    zone = shown["timezone"] or "UTC"
    write_one(
        {
            "match": f"{shown['match_id']} of {shown['source']}",
            "teams": f"{shown['home_team']} – {shown['away_team']}",
            "score": marked(score(shown), *SCORES),
            "status": marked(status(shown), "status"),
            "date": marked(readable(shown["date"]), "date"),
            "kick-off": marked(f"{kickoff(shown)} ({zone})" if shown["kickoff"] else "", "kickoff"),
            "location": marked(shown["location"] or "", "location"),
            "competition": ", ".join(
                str(part)
                for part in (shown["season"], shown["league"], shown["match_type"], shown["age_group"], shown["round"])
                if part
            ),
            "division": marked(shown["division"] or "", "division"),
            "notes": marked(shown["notes"] or "", "notes"),
            "url": shown["url"],
            "first_seen": shown["first_seen_at"],
            "changed": shown["changed_at"],
            "withdrawn": shown["withdrawn_at"],
            "corrections": "\n".join(map(_correction, shown["corrections"])) or None,
            "history": "\n".join(map(_change, shown["history"])) or None,
        },
        "table",
    )


def _correction(told: Mapping[str, Any]) -> str:
    said = f"{_minute(told['made_at'])}  {told['field']} is {_named(told['value'])}, says {told['by']}: {told['why']}"
    site = _named(told["site_value"])
    match told["state"]:
        case "standing":
            return f"{said}. The site says {site} since {_minute(told['site_since'])}"
        case "resting":
            since = _minute(told["rests_since"])
            return (
                f"{said}. The site says {site}; it rests since {since}, as what else the site says does not go with it"
            )
        case "site_agrees":
            return f"{said}. The site came round at {_minute(told['ended_at'])}"
    became = "Taken back" if told["state"] == "taken_back" else "Replaced"
    when, by, why = _minute(told["ended_at"]), told["ended_by"], told["ended_why"]
    return f"{said}. The site said {site}. {became} at {when} by {by}: {why}"


def _change(told: Mapping[str, Any]) -> str:
    by = f"run {told['run_id'][:8]}" if told["run_id"] else "by hand"
    return f"{_minute(told['changed_at'])}  {told['field']}: {_named(told['old'])} → {_named(told['new'])}  ({by})"


def _minute(moment: str | None) -> str:
    return (moment or "")[:16].replace("T", " ")


def _named(value: object) -> str:
    return "nothing" if value is None else str(value)


def _number(text: str) -> int | None:
    if text.strip().lower() == NONE:
        return None
    if not text.strip().isascii() or not text.strip().isdigit():
        raise ValueError(f"{text!r} is no number of goals; write for example 2, or {NONE}")
    return int(text)


def _moment(text: str) -> str | None:
    if text.strip().lower() == NONE:
        return None
    return options.moment(text).isoformat(timespec="seconds").replace("+00:00", "Z")


def _words(text: str) -> str | None:
    return None if text.strip().lower() == NONE else text.strip()


def _fields(command: Decorated) -> Decorated:
    number = options.parsed(lambda text: (_number(text),))
    words = options.parsed(lambda text: (_words(text),))
    for option in reversed(
        [
            click.option("--home-score", callback=number, metavar="N", help="Goals of the home team."),
            click.option("--away-score", callback=number, metavar="N", help="Goals of the away team."),
            click.option("--home-penalties", callback=number, metavar="N", help="Its goals in the shoot-out."),
            click.option("--away-penalties", callback=number, metavar="N", help="Its goals in the shoot-out."),
            click.option("--status", type=click.Choice(STATUSES, case_sensitive=False), help="What became of it."),
            click.option("--date", callback=options.parsed(options.day), metavar="DATE", help="The day at the venue."),
            click.option(
                "--kickoff",
                callback=options.parsed(lambda text: (_moment(text),)),
                metavar="TIME",
                help="2026-10-10T14:00-04:00; UTC unless it has a zone.",
            ),
            click.option("--location", callback=words, metavar="TEXT", help="The venue."),
            click.option("--notes", callback=words, metavar="TEXT", help="Notes."),
            click.option("--division", callback=words, metavar="DIVISION", help="The division that it counts in."),
        ]
    ):
        command = option(command)
    return command


@match.command(
    epilog=options.examples(
        "touchline match correct 26030 --home-score 2 --why report",
        "touchline match correct 26031 --status completed --home-score 1 --away-score 0 --why report",
        "touchline match correct 26032 --date 2026-10-11 --kickoff 2026-10-11T10:00-04:00 --why moved",
    )
)
@_which
@_fields
@_says_who("Why the site is wrong, for the record.")
def correct(match_id: str, source: str | None, why: str, by: str | None, **said: Any) -> None:
    """Overrule fields of a match. MATCH is its number at the site.

    What you say is shown everywhere from now on: in lists, tables, calendars and the views. What the site says is kept
    beside it (touchline match show), and reading the site again does not undo it. When the site comes round, the
    correction ends by itself, and that is told. "none" says that there is no such value.

    A match that the contract would refuse is refused: one score without the other, a completed match without scores.
    """
    values = {field: _plain(value) for field, value in said.items() if value is not None}
    if not values:
        raise click.UsageError("what is to be corrected? give at least one field, for example --home-score 2")
    _check_why(why)
    with opened() as connection:
        from actors.store import corrections

        found = corrections.source_of(connection, match_id, source)
        done = corrections.correct(connection, found, match_id, values, why=why, by=by or whoami())
    _tell(done)
    say(f"It stands until the site says the same, or: touchline match uncorrect {match_id}{_at(source)} --why …")


@match.command(
    epilog=options.examples(
        "touchline match uncorrect 26030 --why misread",
        "touchline match uncorrect 26030 --field home_score --field away_score --why misread",
    )
)
@_which
@click.option(
    "--field",
    "fields",
    type=click.Choice(FIELDS),
    multiple=True,
    metavar="FIELD",
    help=f"Only this field (may be repeated): {', '.join(FIELDS)}.  [default: all that are corrected]",
)
@_says_who("Why, for the record.")
def uncorrect(match_id: str, source: str | None, fields: tuple[str, ...], why: str, by: str | None) -> None:
    """Take corrections of a match back: what its site says is shown again. MATCH is its number at the site.

    What was said stays in `touchline match show`, with who took it back, when and why.
    """
    _check_why(why)
    with opened() as connection:
        from actors.store import corrections

        found = corrections.source_of(connection, match_id, source)
        done = corrections.take_back(connection, found, match_id, fields, why=why, by=by or whoami())
    _tell(done)


def _plain(value: Any) -> Any:
    """What an option says: a value that may be None comes in a tuple, so that it differs from an option not given."""
    if isinstance(value, tuple):
        return value[0]
    return value if isinstance(value, str) else value.isoformat()


def _check_why(why: str) -> None:
    if not why.strip():
        raise click.UsageError("--why is empty: whoever comes after you will want to know")


def _tell(done: Corrected) -> None:
    for change in done.changes:
        said = f"{change.field}: {_named(change.before)} → {_named(change.now)}"
        if change.field in done.overruled:
            said += f" (the site says {_named(change.site)})"
        say(readable(said))
    if not done.changes:
        say("Nothing that is shown of the match has changed.")


def _at(source: str | None) -> str:
    return f" --source {source}" if source else ""
