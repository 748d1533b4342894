"""`touchline calendar`: a team's matches, for phones and calendars."""

from __future__ import annotations

import os
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from touchline import options
from touchline.output import readable, say

if TYPE_CHECKING:
    from actors.calendars import Team

#: How many teams are named to whoever may have meant any of them.
_NAMED = 20

#: Where a server answers that answers on all addresses of its machine.
_EVERY_ADDRESS = frozenset({"", "0.0.0.0", "::"})  # noqa: S104 - compared with, not listened on


@click.command(
    cls=options.Command,
    epilog=options.examples(
        "touchline calendar 5748 > team.ics",
        "touchline calendar Loggers --age-group U14",
        "touchline calendar Loggers --age-group U14 --league homegrown --output-file loggers.ics",
        "touchline calendar 5748 --season 2026-27 -o team.ics",
        "touchline calendar 5748 --url",
    ),
)
@click.argument("team")
@options.source
@options.season
@options.league
@options.age_group
@click.option(
    "--output-file",
    "-o",
    "file",
    type=click.Path(dir_okay=False, path_type=Path),
    metavar="FILE",
    help="Write the calendar there instead of to stdout; a file that holds it already is not touched.",
)
@click.option("--url", is_flag=True, help="Print the address at which the console serves it, for phones.")
def calendar(
    team: str,
    source: str | None,
    season: str | None,
    leagues: tuple[str, ...],
    age_groups: tuple[str, ...],
    file: Path | None,
    url: bool,
) -> None:
    """Write the matches of TEAM as an iCalendar file: kick-offs, venues, results, what was postponed or cancelled.

    TEAM is a team's id, or its name or a part of it, without regard to case. Where several teams fit they are listed;
    `--league`, `--age-group` and `--source` say which. All seasons that are stored are in the calendar, unless
    `--season` says otherwise. The same matches give the same file, so it can be written again whenever you like and
    served to phones that subscribe to it: docs/calendars.md. Of a match whose day was never known there is no event.

    `--url` needs the console's own settings: where reading is not open to everyone, the address has a key in it that is
    made of the console's token.
    """
    if url and file:
        raise click.UsageError("--url prints an address, and --output-file writes a calendar: one of them")
    from touchline.store import opened

    with opened() as connection:
        from actors.calendars import calendar_of, find

        found = find(connection, team, source=source, season=season, leagues=leagues, age_groups=age_groups)
        chosen = _one_of(found, team)
        if url:
            click.echo(_address(chosen, season))
            return
        made = calendar_of(connection, chosen.source, chosen.team_id, season=season)
    if made.dateless:
        say(f"Not in it: {_matches(made.dateless)} whose day was never known.")
    if file is None:
        sys.stdout.flush()
        sys.stdout.buffer.write(made.to_ical())
        sys.stdout.buffer.flush()
        return
    changed = _write(file, made.to_ical())
    say(f"{readable(made.name)}: {_matches(made.matches)} in {file}" + ("." if changed else ", as before."))


def _address(team: Team, season: str | None) -> str:
    """Where the console serves the calendar. Raises ConfigurationError where nobody has said by which name it goes."""
    from actors.console.access import Access, open_to_read
    from actors.console.calendar import path_of
    from actors.console.token import token_of
    from contract.addresses import split_listen
    from contract.errors import ConfigurationError
    from contract.settings import load

    settings = load()
    if settings.console_hosts:
        base = f"https://{settings.console_hosts[0]}"
    elif split_listen(settings.console_listen)[0] in _EVERY_ADDRESS:
        raise ConfigurationError(
            f"the console answers on {settings.console_listen}, which is no name that a phone could ask for",
            hint="TOUCHLINE_CONSOLE_HOSTS names it",
        )
    else:
        base = f"http://{settings.console_listen}"
    is_open = open_to_read(settings)
    # where everyone may read there is no key, and no token has to be there
    access = Access("" if is_open else token_of(settings).value, open_to_read=is_open)
    return base + path_of(access, team.source, team.team_id, season=season)


def _matches(number: int) -> str:
    return "1 match" if number == 1 else f"{number:,} matches"


def _one_of(teams: Sequence[Team], asked: str) -> Team:
    """The only one. Raises NoSuchTeam where there is none, or more than one; those are listed first."""
    from actors.errors import NoSuchTeam

    if len(teams) == 1:
        return teams[0]
    if not teams:
        raise NoSuchTeam(
            f"no team with a match that fits is called {asked!r}, in whole or in part",
            hint="`touchline teams` lists all, with their ids",
        )
    say(_list(teams))
    raise NoSuchTeam(
        f"{asked!r} may be any of these",
        hint="say which: by its id (the first column), --age-group, --league, or --source where one id is two sites'",
    )


def _list(teams: Sequence[Team]) -> str:
    lines = [
        (each.team_id, each.team, each.age_group, each.league or "", each.division or "", each.season, each.source)
        for each in teams[:_NAMED]
    ]
    cells = [[readable(cell) for cell in line] for line in lines]
    widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
    listed = ["  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip() for line in cells]
    if len(teams) > _NAMED:
        listed.append("… and more")
    return "\n".join(listed)


def _write(file: Path, content: bytes) -> bool:
    """Have `file` hold `content`: all of it or none, whenever somebody reads. Whether it did not hold it before."""
    if file.exists():
        if not file.is_file():
            # a pipe, say: there is nothing to be read in it, and nothing to be put in its place
            file.write_bytes(content)
            return True
        if file.read_bytes() == content:
            return False
    file = file.resolve()
    # beside it, where it can be renamed into place
    try:
        descriptor, name = tempfile.mkstemp(prefix=f".{file.name}.", dir=file.parent)
    except OSError as error:
        raise type(error)(error.errno, error.strerror, str(file)) from None
    beside = Path(name)
    try:
        with os.fdopen(descriptor, "wb") as stream:
            stream.write(content)
        # what a web server reads is no secret, as with any file that one makes
        beside.chmod(file.stat().st_mode & 0o777 if file.exists() else 0o666 & ~_umask())
        beside.replace(file)
    except BaseException:
        beside.unlink(missing_ok=True)
        raise
    return True


def _umask() -> int:
    """There is no way to ask for it but to set it."""
    mask = os.umask(0o022)
    os.umask(mask)
    return mask
