"""Logs: to stderr, one event a line; for a person on a terminal, as JSON for a collector. Never a password.

Everything goes through the standard library's logging, whoever wrote it, so that Dramatiq's, pika's and our own lines
look the same. Commands that do work call `configure`, and so do workers and scheduler whose setting is `json`; commands
that only look at things log nothing. Lines of one message or run have its ids as fields (`named`).
"""

from __future__ import annotations

import logging
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Literal, TextIO

import structlog

from contract.passwords import configured_passwords, scrub

LogFormat = Literal["auto", "text", "json"]

#: What these say below this level is of use to whoever debugs them only. pika reports each failed attempt to connect as
#: an error of several lines; whoever asked for the connection reports it once.
_QUIET = {"pika": logging.CRITICAL, "alembic": logging.WARNING, "urllib3": logging.WARNING, "asyncio": logging.WARNING}


def configure(log_format: LogFormat = "auto", *, level: str = "INFO", stream: TextIO | None = None) -> None:
    """Log from `level` on to `stream` (default: stderr). May be called again; the last call counts.

    `log_format` `auto` is text on a terminal, else JSON.
    """
    stream = sys.stderr if stream is None else stream
    readable = log_format == "text" or (log_format == "auto" and stream.isatty())
    before: list[structlog.typing.Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_logger_name,
        structlog.stdlib.add_log_level,
        structlog.stdlib.PositionalArgumentsFormatter(),
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.StackInfoRenderer(),
    ]
    structlog.configure(
        processors=[
            structlog.stdlib.filter_by_level,
            *before,
            structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
        ],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=False,
    )
    handler = logging.StreamHandler(stream)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=[structlog.stdlib.ExtraAdder(), *before],
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                *(_text(colors=stream.isatty()) if readable else _json()),
            ],
        )
    )
    root = logging.getLogger()
    for old in list(root.handlers):
        root.removeHandler(old)
    root.addHandler(handler)
    root.setLevel(level)
    for name, quiet in _QUIET.items():
        logging.getLogger(name).setLevel(logging.NOTSET if level == "DEBUG" else quiet)


def _text(*, colors: bool) -> list[structlog.typing.Processor]:
    # not the prettier tracebacks: they show each frame's variables, passwords among them
    renderer = structlog.dev.ConsoleRenderer(colors=colors, exception_formatter=structlog.dev.plain_traceback)
    return [renderer, _Passwords()]


def _json() -> list[structlog.typing.Processor]:
    return [
        structlog.processors.format_exc_info,
        structlog.processors.EventRenamer("message"),
        structlog.processors.JSONRenderer(ensure_ascii=False),
        _Passwords(),
    ]


@contextmanager
def named(**ids: str) -> Iterator[None]:
    """Every line that this thread logs within the block has these fields."""
    with structlog.contextvars.bound_contextvars(**ids):
        yield


def name_lines(**ids: str) -> None:
    """Every line that this thread logs from here on has these fields, and no other of this kind."""
    structlog.contextvars.clear_contextvars()
    structlog.contextvars.bind_contextvars(**ids)


class _Passwords:
    """Takes the passwords out of the finished line, so that none hides in a value of any kind."""

    def __init__(self) -> None:
        # looked up once: a log line must not cost a look at the settings
        self._known = configured_passwords()

    def __call__(self, _: object, __: str, line: Any) -> str:
        return scrub(str(line), self._known)
