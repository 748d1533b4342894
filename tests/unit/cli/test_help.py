"""Every command can be understood from its own `--help`, and none of them takes long to say it."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import click
import pytest
from click.testing import CliRunner

from contract import settings
from touchline.cli import COMMANDS, main, root
from touchline.commands import reference

REPOSITORY = Path(__file__).parents[3]

#: Each of these costs more than the whole of `--help` may, or leads to one that does.
HEAVY = {
    "pydantic",
    "psycopg",
    "dramatiq",
    "pika",
    "rich",
    "structlog",
    "sqlalchemy",
    "playwright",
}


def walk(command: click.Command, context: click.Context) -> Iterator[tuple[str, click.Command, click.Context]]:
    """`command` and everything below it, with the words that call it."""
    yield context.command_path, command, context
    if isinstance(command, click.Group):
        for name in command.list_commands(context):
            below = command.get_command(context, name)
            assert below is not None
            yield from walk(below, click.Context(below, parent=context, info_name=name))


NAMES = [name for section in COMMANDS.values() for name in section]


def tree(name: str) -> list[tuple[str, click.Command, click.Context]]:
    """The command of that name and everything below it; the program itself for the empty name."""
    context = click.Context(root, info_name="touchline", **root.context_settings)
    if not name:
        return [("touchline", root, context)]
    command = root.get_command(context, name)
    assert command is not None
    return list(walk(command, click.Context(command, parent=context, info_name=name)))


@pytest.mark.parametrize("name", ["", *NAMES])
def test_every_command_says_what_it_does(name: str) -> None:
    """A command's help begins with a sentence."""
    for path, command, _ in tree(name):
        assert command.help, path
        assert command.help.strip().partition("\n\n")[0].strip().endswith((".", ":")), path


@pytest.mark.parametrize("name", ["", *NAMES])
def test_every_option_has_help(name: str) -> None:
    """No option of any command is left unexplained."""
    unexplained = [
        f"{path} {parameter.opts[0]}"
        for path, command, context in tree(name)
        for parameter in command.get_params(context)
        if isinstance(parameter, click.Option) and not parameter.hidden and not parameter.help
    ]
    assert unexplained == []


@pytest.mark.parametrize("name", NAMES)
def test_every_argument_is_explained(name: str) -> None:
    """An argument is named in the text, since click has no help of its own for it."""
    for path, command, context in tree(name):
        for parameter in command.params:
            if isinstance(parameter, click.Argument):
                assert parameter.make_metavar(context).strip("[].") in (command.help or ""), path


@pytest.mark.parametrize("name", ["", *NAMES])
def test_every_command_has_examples_that_work(name: str) -> None:
    """The help ends with examples, and each of them is a command line that the program understands."""
    for path, command, context in tree(name):
        _, _, examples = command.get_help(context).partition("Examples:\n")
        lines = [line.strip() for line in examples.splitlines() if line.strip()]
        assert lines, path
        for line in lines:
            words = line.partition(" | ")[0].partition(" > ")[0].split()
            assert words[0] == "touchline", line
            understood(words[1:])


def understood(words: list[str]) -> None:
    """Parse `words` down to the last command without running it."""
    context = root.make_context("touchline", list(words))
    while isinstance(context.command, click.Group):
        words = [*context._protected_args, *context.args]
        name, command, words = context.command.resolve_command(context, words)
        assert command is not None
        if words in (["--help"], ["-h"]):
            return
        context = command.make_context(name, words, parent=context)


def test_the_table_says_what_the_command_says() -> None:
    """The one line in `touchline --help` and the command itself are both there for each command."""
    result = CliRunner().invoke(root, ["--help"])
    assert result.exit_code == 0
    for section, commands in COMMANDS.items():
        assert f"{section}:" in result.output
        for name, entry in commands.items():
            assert f"  {name} " in result.output
            assert entry.help.rstrip(".")[:30] in result.output


def imported_by(*arguments: str) -> set[str]:
    """The top-level modules that a fresh process has after `touchline ARGUMENTS`."""
    program = (
        "import sys; from touchline.cli import main; code = main(sys.argv[1:]); print('\\n'.join(sys.modules)); "
        "sys.exit(code)"
    )
    ended = subprocess.run([sys.executable, "-c", program, *arguments], capture_output=True, text=True, check=True)
    return {name.partition(".")[0] for name in ended.stdout.splitlines()} | {
        name for name in ended.stdout.splitlines() if name.startswith("touchline.commands.")
    }


def test_the_help_of_the_program_imports_no_command() -> None:
    """`touchline --help` is fast because it imports neither the commands nor what they need."""
    imported = imported_by("--help")
    assert not imported & HEAVY
    assert not [name for name in imported if name.startswith("touchline.commands.")]


@pytest.mark.parametrize("name", NAMES)
def test_the_help_of_a_command_imports_nothing_heavy(name: str) -> None:
    """`COMMAND --help` is fast because settings, drivers and drawing are imported when the command runs."""
    assert not imported_by(name, "--help") & HEAVY


def test_the_version_is_shown(capsys: pytest.CaptureFixture[str]) -> None:
    """`touchline --version` prints the version and ends well."""
    assert main(["--version"]) == 0
    assert capsys.readouterr().out.startswith("touchline 0.")


def test_flags_go_over_the_environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """`--home` and `--config` count for this process and for those that it starts."""
    (tmp_path / "other.toml").write_text("publish_timeout = 3\n", encoding="utf-8")
    monkeypatch.setenv("TOUCHLINE_HOME", "/elsewhere")
    monkeypatch.setenv("TOUCHLINE_CONFIG", "/elsewhere/touchline.toml")
    assert main(["--home", str(tmp_path), "--config", str(tmp_path / "other.toml"), "spool", "list"]) == 0
    loaded = settings.load()
    assert (loaded.home, loaded.publish_timeout) == (tmp_path, 3)


def test_the_reference_is_up_to_date() -> None:
    """docs/commands.md is what `python -m touchline.commands.reference` writes."""
    written = (REPOSITORY / "docs" / "commands.md").read_text(encoding="utf-8")
    assert written == reference.text(), "run: python -m touchline.commands.reference"
