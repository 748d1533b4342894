"""Logs go to stderr: for a person on a terminal, as JSON for a collector, and never with a password."""

from __future__ import annotations

import io
import json
import logging
from collections.abc import Iterator

import pytest
import structlog

from contract.logging import LogFormat, configure


class Terminal(io.StringIO):
    """A stream that says it is a terminal."""

    def isatty(self) -> bool:
        return True


@pytest.fixture(autouse=True)
def as_it_was() -> Iterator[None]:
    """Logging and structlog are as before after each test."""
    root = logging.getLogger()
    handlers, level = list(root.handlers), root.level
    yield
    root.handlers[:] = handlers
    root.setLevel(level)
    structlog.reset_defaults()


@pytest.mark.parametrize(
    ("log_format", "stream", "is_json"),
    [
        ("auto", Terminal(), False),
        ("auto", io.StringIO(), True),
        ("json", Terminal(), True),
        ("text", io.StringIO(), False),
    ],
)
def test_the_format_follows_the_setting_and_the_terminal(
    log_format: LogFormat, stream: io.StringIO, is_json: bool
) -> None:
    """`auto` is for people on a terminal and JSON elsewhere; a setting decides otherwise."""
    configure(log_format, stream=stream)
    structlog.get_logger("touchline").info("run finished", found=320)
    line = stream.getvalue()
    assert ("{" in line) is is_json
    assert "run finished" in line
    assert "320" in line


def test_foreign_lines_look_like_our_own() -> None:
    """What a library logs by the standard library has the same fields as an event of ours."""
    stream = io.StringIO()
    configure("json", stream=stream)
    structlog.get_logger("ingest").warning("slow", seconds=3)
    logging.getLogger("dramatiq").warning("slow %s", "worker", extra={"queue": "matches"})
    ours, theirs = map(json.loads, stream.getvalue().splitlines())
    assert ours == {
        "message": "slow",
        "seconds": 3,
        "logger": "ingest",
        "level": "warning",
        "timestamp": ours["timestamp"],
    }
    assert (theirs["message"], theirs["logger"], theirs["queue"]) == ("slow worker", "dramatiq", "matches")
    assert theirs["timestamp"].endswith("Z")


@pytest.mark.parametrize("log_format", ["text", "json"])
def test_no_password_is_logged(log_format: LogFormat, monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither in the event, nor in a field of any kind, nor in a traceback."""
    monkeypatch.setenv("RABBITMQ_URL", "amqp://app:se:cr%40et@rabbit/league")
    stream = io.StringIO()
    configure(log_format, stream=stream)
    log = structlog.get_logger("touchline")
    log.info("connecting to amqp://app:se:cr%40et@rabbit/league", given={"password": ["se:cr@et"]})
    try:
        raise ValueError("amqp://app:se:cr%40et@rabbit/league is wrong")
    except ValueError:
        log.exception("failed")
    said = stream.getvalue()
    assert "ValueError: amqp://app:***@rabbit/league is wrong" in said
    assert "cr@et" not in said
    assert "cr%40et" not in said


def test_the_level_counts_for_everybody() -> None:
    """Reading commands log warnings only, whoever says the rest."""
    stream = io.StringIO()
    configure("text", level="WARNING", stream=stream)
    structlog.get_logger("ingest").info("fetched")
    logging.getLogger("dramatiq").info("ready")
    assert stream.getvalue() == ""


def test_pika_is_quiet_until_somebody_debugs() -> None:
    """A failed attempt to connect is reported by whoever asked for the connection, not by pika as well."""
    stream = io.StringIO()
    configure("text", stream=stream)
    logging.getLogger("pika.adapters").error("Error in _create_connection()")
    assert stream.getvalue() == ""
    configure("text", level="DEBUG", stream=stream)
    logging.getLogger("pika.adapters").error("Error in _create_connection()")
    assert "Error in _create_connection()" in stream.getvalue()


def test_configuring_again_replaces() -> None:
    """Two calls do not write every line twice."""
    first, second = io.StringIO(), io.StringIO()
    configure("json", stream=first)
    configure("json", stream=second)
    structlog.get_logger("touchline").info("once")
    assert first.getvalue() == ""
    assert second.getvalue().count("once") == 1
