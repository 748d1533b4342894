"""The program `touchline`: which commands there are, and how each of them ends.

Nothing is imported for a command that is not called, and `touchline --help` imports none at all: a command's module and
its one-line help stand in the table below. Settings, drivers and drawing are imported inside the commands, so that
every `--help` comes at once.

Exit codes: 0 fine, 1 it ran and found something wrong, 2 usage or configuration, 3 something is unreachable,
130 interrupted.
"""

from __future__ import annotations

import importlib
import logging
import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import click

from touchline import failures
from touchline.options import Group, examples

if TYPE_CHECKING:
    from click.shell_completion import CompletionItem


class Entry(NamedTuple):
    """One command: where it is, and what `touchline --help` says about it."""

    target: str
    help: str


#: Section of the help → command → where it is.
COMMANDS: dict[str, dict[str, Entry]] = {
    "Start": {
        "demo": Entry("touchline.demo.command:demo", "See the main job done, on a made-up league."),
        "up": Entry("touchline.commands.up:up", "Run everything: workers, schedule, and servers where none are set."),
        "console": Entry("touchline.commands.console:console", "Serve web pages, the HTTP API and calendars."),
        "scrape": Entry("touchline.commands.scrape:scrape", "Read a source once and store what it says."),
        "reparse": Entry(
            "touchline.commands.reparse:reparse", "Read again what earlier runs were given, without the site."
        ),
    },
    "Look": {
        "sources": Entry("touchline.commands.sources:sources", "The sites that can be read."),
        "runs": Entry("touchline.commands.runs:runs", "Runs and what became of what they found."),
        "matches": Entry("touchline.commands.matches:matches", "Matches as they stand now."),
        "match": Entry("touchline.commands.match:match", "One match, its history, and corrections by people."),
        "changes": Entry("touchline.commands.changes:changes", "What changed in stored matches."),
        "table": Entry("touchline.commands.table:table", "League tables."),
        "teams": Entry("touchline.commands.teams:teams", "Teams, where they play, how many matches they have."),
        "calendar": Entry("touchline.commands.calendar:calendar", "A team's matches as a calendar for phones."),
    },
    "Operate": {
        "doctor": Entry("touchline.commands.doctor:doctor", "Is everything in order, and if not, what to do."),
        "migrate": Entry("touchline.commands.migrate:migrate", "Bring the database up to date."),
        "dead": Entry("touchline.commands.dead:dead", "Messages and matches that could not be stored."),
        "schedule": Entry("touchline.commands.schedule:schedule", "When which source is read, and what became of it."),
        "queues": Entry("touchline.commands.queues:queues", "How much waits in each queue, and who works on it."),
        "health": Entry("touchline.commands.health:health", "Whether worker or scheduler of this machine work."),
        "metrics": Entry("touchline.commands.metrics:metrics", "Database and queue in numbers, for Prometheus."),
        "notify": Entry("touchline.commands.notify:notify", "Send a test notice to the webhook."),
        "spool": Entry("touchline.commands.spool:spool", "What waits on disk because the broker was away."),
    },
}


class Program(Group):
    """The root: its commands come from the table."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return [name for section in COMMANDS.values() for name in section]

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        for section in COMMANDS.values():
            if entry := section.get(cmd_name):
                module, _, attribute = entry.target.partition(":")
                command = getattr(importlib.import_module(module), attribute)
                assert isinstance(command, click.Command)
                return command
        return None

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        width = max(map(len, self.list_commands(ctx)))
        for title, section in COMMANDS.items():
            with formatter.section(title):
                formatter.write_dl([(name.ljust(width), entry.help) for name, entry in section.items()])

    def shell_complete(self, ctx: click.Context, incomplete: str) -> list[CompletionItem]:
        from click.shell_completion import CompletionItem  # only completion needs it

        return [
            CompletionItem(name, help=entry.help)
            for section in COMMANDS.values()
            for name, entry in section.items()
            if name.startswith(incomplete)
        ] + click.Command.shell_complete(self, ctx, incomplete)


def _show_version(ctx: click.Context, _: click.Parameter, wanted: bool) -> None:
    if wanted and not ctx.resilient_parsing:
        from importlib.metadata import version  # slow to import, and seldom asked for

        click.echo(f"touchline {version('touchline')}")
        ctx.exit()


@click.command(
    cls=Program,
    name="touchline",
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    epilog=examples(
        "touchline demo", "touchline scrape mlsnext --wait", "touchline matches --team Loggers", "touchline runs --help"
    ),
)
@click.option(
    "--version",
    is_flag=True,
    is_eager=True,
    expose_value=False,
    callback=_show_version,
    help="Show the version and end.",
)
@click.option(
    "--config",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    metavar="FILE",
    help="Settings file, instead of the touchline.toml here or in the home.",
)
@click.option(
    "--home",
    type=click.Path(file_okay=False, path_type=Path),
    metavar="DIRECTORY",
    help="Where state is kept, instead of TOUCHLINE_HOME.",
)
@click.option("--debug", is_flag=True, help="Show tracebacks and every log line.")
def root(config: Path | None, home: Path | None, **_: bool) -> None:
    """Every match of a league in your Postgres, minutes after the league publishes it, with nothing lost."""
    # Flags go over the environment, and the processes that a command starts must see them too.
    if config:
        os.environ["TOUCHLINE_CONFIG"] = str(config.absolute())
    if home:
        os.environ["TOUCHLINE_HOME"] = str(home.expanduser().absolute())


def main(arguments: Sequence[str] | None = None) -> int:
    """Run `touchline` with `arguments` (default: the process's own) and return its exit code."""
    # Until a command configures logging there is none: what fails is reported below, once.
    logging.getLogger().addHandler(logging.NullHandler())
    arguments = sys.argv[1:] if arguments is None else arguments
    try:
        if "_TOUCHLINE_COMPLETE" in os.environ:
            root.main(prog_name="touchline")
        # Not through click's `main`: it takes a broken connection to a server for a reader that has gone (`| head`).
        with root.make_context("touchline", list(arguments)) as context:
            root.invoke(context)
        sys.stdout.flush()
    except BaseException as error:  # noqa: BLE001 - the one place that turns every error into an exit code
        return failures.report(error, debug="--debug" in arguments)
    return 0
