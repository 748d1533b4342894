"""How the program ends when something goes wrong: one line, a next step, an exit code, and never a password."""

from __future__ import annotations

import errno
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import click
import pika.exceptions
import psycopg
import pytest
from dramatiq.errors import BrokerConnectionError

from contract.errors import ConfigurationError, TouchlineError, UnreachableError
from touchline import cli, failures

#: As in the issue: a colon, and an at sign that is percent-encoded.
PASSWORD = "se:cr%40et"
SPELLINGS = ("se:cr%40et", "se:cr@et", "cr@et", "cr%40et")


@pytest.fixture
def failing(monkeypatch: pytest.MonkeyPatch) -> Callable[[BaseException, list[str]], int]:
    """Runs a command that raises the given error."""

    def run(error: BaseException, arguments: list[str]) -> int:
        @click.command()
        def broken() -> None:
            raise error

        monkeypatch.setattr(cli.Program, "get_command", lambda *_: broken)
        return cli.main([*arguments, "runs"])

    return run


class Suspicious(TouchlineError):
    """It ran and found something wrong."""


@pytest.mark.parametrize(
    ("error", "code", "said"),
    [
        (Suspicious("the run is suspect", hint="look at it"), 1, "touchline: the run is suspect\n  → look at it\n"),
        (ConfigurationError("no such league", hint="try flex"), 2, "touchline: no such league\n  → try flex\n"),
        (UnreachableError("the site is away"), 3, "touchline: the site is away\n"),
        (ConfigurationError("two\nlines"), 2, "touchline: two lines\n"),
        (KeyboardInterrupt(), 130, "touchline: interrupted\n"),
        (click.Abort(), 130, "touchline: interrupted\n"),
        (click.exceptions.Exit(3), 3, ""),
        (SystemExit(3), 3, ""),
        (SystemExit(None), 0, ""),
    ],
)
def test_errors_are_one_line_and_a_next_step(
    failing: Callable[[BaseException, list[str]], int],
    capsys: pytest.CaptureFixture[str],
    error: BaseException,
    code: int,
    said: str,
) -> None:
    """An error that says itself what to do is shown as it is, and its exit code is the program's."""
    assert failing(error, []) == code
    captured = capsys.readouterr()
    assert captured.out == ""
    assert captured.err == said


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        (psycopg.OperationalError("connection refused\n\tIs the server running?"), UnreachableError),
        (psycopg.errors.AdminShutdown("terminating connection"), UnreachableError),
        (psycopg.errors.InvalidPassword("password authentication failed"), ConfigurationError),
        (psycopg.OperationalError('FATAL:  password authentication failed for user "app"'), ConfigurationError),
        (psycopg.errors.UndefinedTable('relation "matches" does not exist'), ConfigurationError),
        (psycopg.errors.InsufficientPrivilege("permission denied"), ConfigurationError),
        (pika.exceptions.AMQPConnectionError("refused"), UnreachableError),
        (pika.exceptions.ProbableAuthenticationError(403, "no"), ConfigurationError),
        (pika.exceptions.ProbableAccessDeniedError(530, "no vhost"), ConfigurationError),
        (BrokerConnectionError("gone"), UnreachableError),
        (ConnectionRefusedError(errno.ECONNREFUSED, "Connection refused"), UnreachableError),
        (TimeoutError("timed out"), UnreachableError),
        (PermissionError(errno.EACCES, "Permission denied", "/var/lib/touchline"), ConfigurationError),
        (OSError(errno.ENOSPC, "No space left on device", "/var/lib/touchline/spool"), TouchlineError),
        (ModuleNotFoundError("No module named 'playwright'", name="playwright.sync_api"), ConfigurationError),
    ],
)
def test_foreign_errors_are_explained(error: BaseException, kind: type[TouchlineError]) -> None:
    """What drivers and the system raise becomes a line with the right exit code, and is no bug."""
    explained = failures.explain(error)
    assert isinstance(explained, kind)
    assert explained.exit_code == kind.exit_code
    assert not isinstance(explained, failures.Bug)
    assert "\n" not in str(explained)


def test_the_cause_of_a_broker_error_counts() -> None:
    """Dramatiq wraps what pika says; a wrong password behind it is still a wrong password."""
    error = BrokerConnectionError("could not connect")
    error.__cause__ = pika.exceptions.ProbableAuthenticationError(403, "no")
    assert failures.explain(error).exit_code == 2


def test_the_unforeseen_is_called_a_bug(
    failing: Callable[[BaseException, list[str]], int], capsys: pytest.CaptureFixture[str]
) -> None:
    """An error that nobody foresaw is one line with its type, without its text, which may hold anything."""
    assert failing(KeyError("postgresql://app:hunter22@db/x"), []) == 1
    err = capsys.readouterr().err
    assert "this is a bug: KeyError at test_failures.py:" in err
    assert "--debug" in err
    assert "hunter22" not in err
    assert "Traceback" not in err


def test_debug_shows_the_traceback_without_passwords(
    failing: Callable[[BaseException, list[str]], int],
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """`--debug` adds where it happened; a password is not part of that, however it is spelled."""
    monkeypatch.setenv("DATABASE_URL", f"postgresql://app:{PASSWORD}@db/league")
    said = f"postgresql://app:{PASSWORD}@db/league or password=se:cr@et or just se:cr@et"
    assert failing(RuntimeError(said), ["--debug"]) == 1
    err = capsys.readouterr().err
    assert "Traceback" in err
    assert "RuntimeError: postgresql://app:***@db/league or password=*** or just ***" in err
    assert not any(spelling in err for spelling in SPELLINGS)


@pytest.mark.parametrize("variable", ["DATABASE_URL", "RABBITMQ_URL"])
def test_a_password_in_an_error_is_not_shown(
    failing: Callable[[BaseException, list[str]], int],
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    variable: str,
) -> None:
    """Whoever raises an error with the password in its text: the line that is shown does not have it."""
    scheme = "postgresql" if variable == "DATABASE_URL" else "amqp"
    url = f"{scheme}://app:{PASSWORD}@server/place"
    monkeypatch.setenv(variable, url)
    assert failing(UnreachableError(f"{url} is away", hint="is se:cr@et right?"), []) == 3
    err = capsys.readouterr().err
    assert f"touchline: {scheme}://app:***@server/place is away" in err
    assert not any(spelling in err for spelling in SPELLINGS)


def test_an_example_of_an_address_stays_readable(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The error that shows how an address is written is not taken for one with a password."""
    monkeypatch.setenv("RABBITMQ_URL", f"http://app:{PASSWORD}@rabbit")
    assert cli.main(["sources"]) == 2
    err = capsys.readouterr().err
    assert "amqp://user:password@host:5672/vhost" in err
    assert not any(spelling in err for spelling in SPELLINGS)


def test_usage_errors_end_with_2(capsys: pytest.CaptureFixture[str]) -> None:
    """An unknown option is one line, names the nearest, and points to the help of the command."""
    assert cli.main(["matches", "--devision", "Northeast"]) == 2
    err = capsys.readouterr().err
    assert err.count("\n") == 2
    assert "'--division'" in err
    assert "touchline matches --help" in err


@pytest.mark.parametrize(("typed", "meant"), [(["mtaches"], "matches"), (["dead", "lsit"], "list")])
def test_an_unknown_command_suggests_the_nearest(
    capsys: pytest.CaptureFixture[str], typed: list[str], meant: str
) -> None:
    """A misspelled command is a usage error that says which was probably meant."""
    assert cli.main(typed) == 2
    assert f"Did you mean {meant!r}?" in capsys.readouterr().err


def test_toml_that_is_none_is_a_configuration_error(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A settings file that cannot be read ends with 2 and names the file and the line."""
    (tmp_path / "touchline.toml").write_text("[sources\n", encoding="utf-8")
    monkeypatch.setenv("TOUCHLINE_CONFIG", str(tmp_path / "touchline.toml"))
    assert cli.main(["sources"]) == 2
    err = capsys.readouterr().err
    assert "touchline.toml is not valid TOML" in err
    assert "line 1" in err


def test_a_reader_that_has_seen_enough_is_no_error() -> None:
    """`touchline … | head -1` ends silently and well, although its output has nowhere to go."""
    program = (
        "import sys, itertools, click\n"
        "from touchline import cli\n"
        "from touchline.output import write\n"
        "@click.command()\n"
        "def endless(): write(({'n': n} for n in itertools.count()), ['n'], [], 'jsonl')\n"
        "cli.Program.get_command = lambda *_: endless\n"
        "sys.exit(cli.main(['runs']))\n"
    )
    process = subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    assert process.stdout is not None
    assert process.stderr is not None
    assert process.stdout.readline() == b'{"n": 0}\n'
    process.stdout.close()
    assert process.wait(timeout=30) == 0
    assert process.stderr.read() == b""
    process.stderr.close()


def test_a_server_that_hangs_up_is_not_taken_for_a_reader(
    failing: Callable[[BaseException, list[str]], int], capfd: pytest.CaptureFixture[str]
) -> None:
    """A broken pipe of a connection is an error like any other, as long as somebody reads stdout."""
    assert failing(BrokenPipeError(errno.EPIPE, os.strerror(errno.EPIPE)), []) == 3
    assert "does not answer" in capfd.readouterr().err
