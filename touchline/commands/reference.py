"""Writes docs/commands.md from the commands' own help: `python -m touchline.commands.reference`."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import click

from touchline.cli import COMMANDS, root

TARGET = Path(__file__).parents[2] / "docs" / "commands.md"

_WIDTH = 100

_INTRODUCTION = """\
# Commands

<!-- Written by `python -m touchline.commands.reference` from the commands' own help. Do not edit. -->

What `touchline COMMAND --help` says, in one place.

**Output.** stdout is data, stderr is talk. Commands that show something take `--output`:

- `table`, for people: the default on a terminal. It has the columns that one usually wants, as many as the terminal is
  wide, and the first 100 rows unless `--limit` says otherwise.
- `jsonl`, one JSON object a line with every field: the default elsewhere.
- `json`, one JSON list, also of a single thing.
- `csv` by RFC 4180: a header, commas, CRLF. A text that a spreadsheet would take for a formula (it begins with `=`,
  `+`, `-`, `@`, a tab or a carriage return) gets a `'` in front, because names and venues come from websites. The
  other formats hold it as it is.

Times in data are UTC (`2026-10-03T22:30:00Z`), dates are those at the venue.

**Times on the command line** (`--since`): so long ago (`30m`, `24h`, `7d`, `2w`), a date (`2026-10-01`), or date and
time (`2026-10-01T18:00`, UTC unless it has a zone: `2026-10-01T18:00-04:00`).

**Exit codes.** 0 fine; 1 it ran and found something wrong; 2 usage or configuration; 3 something is unreachable;
130 interrupted. A reader that has seen enough (`| head`) is no error.

**Errors** are one line and a next step on stderr. `touchline --debug COMMAND` adds the traceback and the log.
"""


def text() -> str:
    """The whole page."""
    context = click.Context(root, info_name="touchline", **{**root.context_settings, "terminal_width": _WIDTH})
    pages = [_INTRODUCTION, *_entry(root, context, 2)]
    for title, section in COMMANDS.items():
        pages.append(f"## {title}\n")
        for name in section:
            command = root.get_command(context, name)
            assert command is not None
            pages += _entry(command, _below(command, context, name), 3)
    return "\n".join(pages)


def _entry(command: click.Command, context: click.Context, level: int) -> Iterator[str]:
    yield f"{'#' * level} `{context.command_path}`\n"
    yield f"```text\n{command.get_help(context).rstrip()}\n```\n"
    if command is root or not isinstance(command, click.Group):
        return
    for name in command.list_commands(context):
        inner = command.get_command(context, name)
        assert inner is not None
        yield from _entry(inner, _below(inner, context, name), level + 1)


def _below(command: click.Command, parent: click.Context, name: str) -> click.Context:
    # the settings of the root (such as `-h`) reach a command through its parent
    return click.Context(command, parent=parent, info_name=name)


def main() -> None:
    TARGET.write_text(text(), encoding="utf-8")
    click.echo(f"{TARGET.name} written")


if __name__ == "__main__":
    main()
