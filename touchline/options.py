"""Options, arguments and help that several commands share, and how times are written on the command line."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from typing import Any, TypeVar

import click

Decorated = TypeVar("Decorated", bound=Callable[..., Any])
Value = TypeVar("Value")

#: Rows in a table on which nobody set a limit: about what somebody reads. Other formats have no such limit.
TABLE_ROWS = 100

_UNITS = {"m": "minutes", "h": "hours", "d": "days", "w": "weeks"}
_AGO = re.compile(r"(\d{1,6})([mhdw])", re.IGNORECASE)


class Command(click.Command):
    """A command whose examples stand at the end of its help, as they are typed."""

    def format_epilog(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        _write_examples(self.epilog, formatter)


class Group(click.Group):
    """A group of commands, with examples; suggests the nearest where it has none of that name."""

    command_class = Command

    def format_epilog(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        _write_examples(self.epilog, formatter)

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        name = args[0]
        # an option in place of a command is click's to complain about
        if name.startswith("-") or name in self.list_commands(ctx):
            return super().resolve_command(ctx, args)
        from difflib import get_close_matches  # only a wrong command needs it

        near = get_close_matches(name, self.list_commands(ctx), n=1)
        meant = f" Did you mean {near[0]!r}?" if near else ""
        raise click.UsageError(f"there is no command {name!r}.{meant}", ctx)


def moment(text: str, clock: Callable[[], datetime] = lambda: datetime.now(UTC)) -> datetime:
    """A point in time: so long ago (`24h`, `30m`, `7d`, `2w`), a date, or date and time; UTC unless it has a zone."""
    text = text.strip()
    try:
        if ago := _AGO.fullmatch(text):
            return clock() - timedelta(**{_UNITS[ago[2].lower()]: int(ago[1])})
        written = datetime.fromisoformat(text)
        return written.replace(tzinfo=UTC) if written.tzinfo is None else written.astimezone(UTC)
    except (ValueError, OverflowError):
        raise ValueError(
            f"{text!r} is no time; write for example 24h, 30m, 7d, 2w, 2026-10-01 or 2026-10-01T18:00"
        ) from None


def day(text: str) -> date:
    """A calendar date, `2026-10-01`."""
    try:
        return date.fromisoformat(text.strip())
    except ValueError:
        raise ValueError(f"{text!r} is no date; write for example 2026-10-01") from None


def season_name(text: str) -> str:
    """A season as it is stored, `2026-27`; `2026-2027` and `26-27` are understood."""
    written = re.fullmatch(r"(?:20)?(\d\d)[-/](?:20)?(\d\d)", text.strip())
    if written is None or int(written[2]) != (int(written[1]) + 1) % 100:
        raise ValueError(f"{text!r} is no season; write for example 2026-27")
    return f"20{written[1]}-{written[2]}"


def run_id(text: str) -> str:
    """The id of a run, or how it begins."""
    if not re.fullmatch(r"[0-9a-f-]{1,36}", text.strip().lower()):
        raise ValueError(f"{text!r} is no run; `touchline runs` shows their ids, and the beginning of one is enough")
    return text.strip().lower()


def parsed(parse: Callable[[str], Value]) -> Callable[[click.Context, click.Parameter, str | None], Value | None]:
    """The callback of an option or argument that is read by `parse`, whose ValueError becomes a usage error."""

    def callback(ctx: click.Context, param: click.Parameter, text: str | None) -> Value | None:
        if text is None:
            return None
        try:
            return parse(text)
        except ValueError as error:
            raise click.BadParameter(str(error), ctx, param) from None

    return callback


def parsed_each(
    parse: Callable[[str], Value],
) -> Callable[[click.Context, click.Parameter, tuple[str, ...]], tuple[Value, ...]]:
    """As `parsed`, for an option that may be given several times."""

    def callback(ctx: click.Context, param: click.Parameter, texts: tuple[str, ...]) -> tuple[Value, ...]:
        try:
            return tuple(parse(text) for text in texts)
        except ValueError as error:
            raise click.BadParameter(str(error), ctx, param) from None

    return callback


def examples(*lines: str) -> str:
    """The `epilog` of a Command or Group: each line is something that can be typed as it stands."""
    return "\n".join(lines)


def since(help: str) -> Callable[[Decorated], Decorated]:
    return click.option("--since", callback=parsed(moment), metavar="TIME", help=f"{help}: 24h, 7d, 2026-10-01, …")


def many(name: str, parameter: str, metavar: str, help: str) -> Callable[[Decorated], Decorated]:
    """An option that may be given several times; any of its values will do."""
    return click.option(name, parameter, multiple=True, metavar=metavar, help=f"{help} (may be repeated).")


league = many("--league", "leagues", "LEAGUE", "Only this league, for example homegrown")
age_group = many("--age-group", "age_groups", "AGE", "Only this age group, for example U14")
division = many("--division", "divisions", "DIVISION", "Only this division, for example Northeast")
team = many("--team", "teams", "TEAM", "Only this team: a part of its name, or its id")
season = click.option(
    "--season", callback=parsed(season_name), metavar="SEASON", help="Only this season, for example 2026-27."
)
source = click.option("--source", metavar="SOURCE", help="Only what came from this source, for example mlsnext.")
run = click.option("--run", callback=parsed(run_id), metavar="RUN", help="Only this run: its id, or how it begins.")
limit = click.option(
    "--limit",
    type=click.IntRange(min=0),
    metavar="N",
    help=f"At most so many rows; 0 is all of them.  [default: {TABLE_ROWS} in a table, else all]",
)


def _write_examples(lines: str | None, formatter: click.HelpFormatter) -> None:
    if lines:
        with formatter.section("Examples"):
            for line in lines.splitlines():
                formatter.write(f"{'':{formatter.current_indent}}{line}\n")
