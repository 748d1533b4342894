"""Runs a made-up source into a spool, and reads back what the run said."""

from __future__ import annotations

from pathlib import Path
from typing import Any
from uuid import UUID

from ingest.run import Outcome, run
from ingest.sources import Scope
from ingest.spool import Spool
from ingest.validators import Validators
from tests.unit.ingest_run.made_up import (
    Fetching,
    MadeUp,
    check_message,
    name_of,
    published,
    to_disk,
)

RUN = UUID("5b0e3d5c-9a43-4f5a-8c63-0a6a5a1b7f10")


def do(home: Path, source: MadeUp, scope: Scope | None = None, **said: Any) -> tuple[Outcome, list[Any]]:
    """Run `source` once; the outcome and the messages, each of which is held to its schema."""
    said.setdefault("fetcher", Fetching())
    outcome = run(source, scope or Scope(), run_id=said.pop("run_id", RUN), publisher=to_disk(home), **said)
    return outcome, sent(home)


def sent(home: Path) -> list[Any]:
    messages = published(Spool(home, "amqp://away.example"))
    for message in messages:
        check_message(message)
    return messages


def events(messages: list[Any], event: str) -> list[dict[str, Any]]:
    return [message.kwargs for message in messages if message.kwargs.get("event") == event]


def story(messages: list[Any]) -> list[str]:
    """The messages by name: `started`, `batch`, `standings`, …"""
    return [name_of(message) for message in messages]


def validators(home: Path, **said: Any) -> Validators:
    return Validators(home, "made-up", **said)


def remembered(home: Path, part: str) -> str | None:
    return validators(home).etag(part, f"https://made.up/{part}")
