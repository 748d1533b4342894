"""What reading commands print: a table for a person; JSON, JSON lines or CSV for a program.

- Data goes to stdout, talk to stderr.
- Without `--output`: a table on a terminal, JSON lines otherwise.
- `json` is always a list, also of one; `jsonl` is one object a line. Times are UTC, `2026-10-03T22:30:00Z`.
- `csv` follows RFC 4180 (comma, CRLF, a header). A text that a spreadsheet would take for a formula (it begins with
  `=`, `+`, `-`, `@`, a tab or a carriage return) gets a `'` in front: names and venues come from websites, and CSV is
  what people open in spreadsheets. The other formats hold such a text as it is.
- `jsonl`, `json` and `csv` are written while the rows come in, in constant memory.

A table has the columns that a person wants, the other formats all that there are.
"""

from __future__ import annotations

import csv
import json
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from io import TextIOWrapper
from itertools import islice
from typing import TYPE_CHECKING, Any, Literal, TextIO, TypeVar

import click

from touchline.options import TABLE_ROWS

if TYPE_CHECKING:
    from rich.console import Console

Format = Literal["table", "json", "jsonl", "csv"]
FORMATS: tuple[Format, ...] = ("table", "json", "jsonl", "csv")

Row = Mapping[str, Any]
Decorated = TypeVar("Decorated", bound=Callable[..., Any])

#: A table that goes to a file or a pipe is not folded: nobody knows how wide its reader is.
_UNFOLDED = 10_000

#: What a narrow terminal leaves of a column that can be folded, what is between two, and JSON that fits on one line.
_FOLDED = 16
_GAP = "  "
_SHORT = 60

_FORMULA = ("=", "+", "-", "@", "\t", "\r")


@dataclass(frozen=True, slots=True)
class Column:
    """One column of a table for people: its title, and the field that it shows or how it is made from a row."""

    title: str
    value: str | Callable[[Row], object]
    #: Numbers stand at the right.
    right: bool = False
    #: Whether a narrow terminal may fold it; dates and numbers are more use whole.
    fold: bool = False
    #: Columns that a terminal is too narrow for are left out, the highest number first; 0 stays.
    spare: int = 0

    def text(self, row: Row) -> str:
        value = row[self.value] if isinstance(self.value, str) else self.value(row)
        return readable(value)


def _chosen(_: click.Context, __: click.Parameter, value: str | None) -> str:
    return value or ("table" if sys.stdout.isatty() else "jsonl")


def output_option(command: Decorated) -> Decorated:
    """Adds `--output`; the command gets the chosen format as `output`."""
    return click.option(
        "--output",
        "-o",
        type=click.Choice(FORMATS),
        callback=_chosen,
        metavar="FORMAT",
        help="table, json, jsonl or csv.  [default: table on a terminal, else jsonl]",
    )(command)


def write(
    rows: Iterable[Row],
    fields: Sequence[str],
    columns: Sequence[Column],
    output: Format,
    *,
    limit: int | None = None,
    empty: str = "",
) -> None:
    """Write `rows`. `fields` are what the formats for programs hold, `columns` what the table shows.

    `limit` is what `--limit` said (0: all), which the query kept already; None lets a table stop after `TABLE_ROWS`
    and say so. `empty` is what to tell a person if there is no row: why that may be, and what to try.
    """
    if output != "table":
        stream = _stdout()
        _WRITERS[output](rows, fields, stream)
        stream.flush()
        return
    at_most = TABLE_ROWS if limit is None else limit or None
    rows = iter(rows)
    shown = list(islice(rows, at_most))
    if not shown:
        say(empty)
        return
    draw(shown, columns)
    if at_most and limit is None and next(rows, None) is not None:
        say(f"These are the first {at_most}. `--limit 0` shows all; filters show fewer.")


def draw(rows: Iterable[Row], columns: Sequence[Column], *, title: str = "") -> None:
    """Draw one table on stdout. Columns in which nothing stands are left out, and those that do not fit."""
    from rich.box import SIMPLE_HEAD  # 0.05 s that no `--help` should cost
    from rich.table import Table
    from rich.text import Text

    lines = [[column.text(row) for column in columns] for row in rows]
    console = _console()
    used = _fitting(columns, lines, console.width)
    table = Table(box=SIMPLE_HEAD, padding=(0, 1, 0, 0), pad_edge=False, show_edge=False, header_style="bold")
    for index in used:
        column = columns[index]
        table.add_column(
            column.title, justify="right" if column.right else "left", no_wrap=not column.fold, overflow="fold"
        )
    for line in lines:
        # as Text: names come from websites and may look like markup
        table.add_row(*(Text(line[index]) for index in used))
    if title:
        console.print(title, style="bold", markup=False, highlight=False)
    console.print(table)
    if title:
        console.print()


def write_one(row: Row, output: Format) -> None:
    """Write one thing with everything that is known about it; for people, a name and a value a line."""
    if output != "table":
        write([row], list(row), [], output)
        return
    width = max(map(len, row))
    stream = _stdout()
    for name, value in row.items():
        if value is None:
            continue
        first, *more = _in_full(value).splitlines() or [""]
        stream.write(f"{name.replace('_', ' '):{width}}  {first}".rstrip() + "\n")
        stream.writelines(f"{'':{width}}  {line}".rstrip() + "\n" for line in more)
    stream.flush()


def say(sentence: str) -> None:
    """Talk: to stderr, so that stdout stays data."""
    if sentence:
        click.echo(sentence, err=True)


def readable(value: object) -> str:
    """`value` as a person reads it in a table; control characters of foreign texts do not reach the terminal."""
    match value:
        case None:
            return ""
        case bool():
            return "yes" if value else "no"
        case datetime():
            return value.astimezone(UTC).strftime("%Y-%m-%d %H:%M")
        case timedelta():
            return duration(value.total_seconds())
        case str():
            return "".join(c if c.isprintable() or c == "\n" else "\N{REPLACEMENT CHARACTER}" for c in value)
        case dict() | list():
            return readable(json.dumps(value, ensure_ascii=False, default=_plain))
        case Decimal():
            return str(value)
        case _:
            return str(_plain(value))


def counted(number: int, noun: str) -> str:
    """`1 message`, `1,432 messages`."""
    return f"{number:,} {noun}" if number == 1 else f"{number:,} {noun}s"


def duration(seconds: float | None) -> str:
    """`0.4 s`, `12 s`, `3 min 5 s`, `2 h 14 min`; empty for None."""
    if seconds is None:
        return ""
    if seconds < 10:
        return f"{seconds:.1f} s"
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} min {whole % 60} s"
    return f"{whole // 3600} h {whole % 3600 // 60} min"


def instant(moment: datetime) -> str:
    """A time in data: UTC, ISO 8601, with as many digits of a second as there are."""
    return moment.astimezone(UTC).isoformat().replace("+00:00", "Z")


def _fitting(columns: Sequence[Column], lines: Sequence[Sequence[str]], width: int) -> list[int]:
    """Which of the columns hold something and fit next to each other in `width`."""
    from rich.cells import cell_len

    used = [index for index in range(len(columns)) if any(line[index] for line in lines)]

    def least(index: int) -> int:
        column = columns[index]
        natural = max(cell_len(column.title), *(cell_len(line[index]) for line in lines))
        return min(natural, _FOLDED) if column.fold else natural

    needed = {index: least(index) + len(_GAP) for index in used}
    for index in sorted(used, key=lambda index: -columns[index].spare):
        if sum(needed.values()) - len(_GAP) <= width or not columns[index].spare:
            break
        del needed[index]
    return [index for index in used if index in needed]


def _in_full(value: object) -> str:
    """`value` where it has room: times to the second, JSON indented unless it is short."""
    match value:
        case datetime():
            return value.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S")
        case dict() | list():
            short = json.dumps(value, ensure_ascii=False, default=_plain)
            return readable(
                short if len(short) <= _SHORT else json.dumps(value, indent=2, ensure_ascii=False, default=_plain)
            )
        case _:
            return readable(value)


def _console() -> Console:
    from rich.console import Console

    return Console(file=_stdout(), width=None if sys.stdout.isatty() else _UNFOLDED)


def _stdout() -> TextIO:
    # UTF-8 whatever the locale says: data that depends on the reader's settings is no data
    if isinstance(sys.stdout, TextIOWrapper) and not sys.stdout.isatty():
        sys.stdout.reconfigure(encoding="utf-8")
    return sys.stdout


def _write_json_lines(rows: Iterable[Row], fields: Sequence[str], stream: TextIO) -> None:
    stream.writelines(f"{_json(row, fields)}\n" for row in rows)


def _write_json(rows: Iterable[Row], fields: Sequence[str], stream: TextIO) -> None:
    separator = "[\n  "
    for row in rows:
        stream.write(separator + _json(row, fields))
        separator = ",\n  "
    stream.write("[]\n" if separator.startswith("[") else "\n]\n")


def _write_csv(rows: Iterable[Row], fields: Sequence[str], stream: TextIO) -> None:
    writer = csv.writer(stream)
    writer.writerow(fields)
    writer.writerows([_cell(row[field]) for field in fields] for row in rows)


_WRITERS: dict[Format, Callable[[Iterable[Row], Sequence[str], TextIO], None]] = {
    "json": _write_json,
    "jsonl": _write_json_lines,
    "csv": _write_csv,
}


def _json(row: Row, fields: Sequence[str]) -> str:
    return json.dumps({field: row[field] for field in fields}, ensure_ascii=False, default=_plain)


def _cell(value: object) -> str:
    match value:
        case None:
            return ""
        case bool():
            return "true" if value else "false"
        case str():
            return f"'{value}" if value.startswith(_FORMULA) else value
        case dict() | list():
            return json.dumps(value, ensure_ascii=False, default=_plain)
        case Decimal():
            return str(value)
        case _:
            return str(_plain(value))


def _plain(value: object) -> str | int | float:
    """What JSON has no word for."""
    match value:
        case datetime():
            return instant(value)
        case date():
            return value.isoformat()
        case Decimal():
            return float(value)
        case timedelta():
            return value.total_seconds()
        case bool() | int() | float() | str():
            return value
        case _:
            return str(value)
