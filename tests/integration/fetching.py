"""Fetchers for tests: they wait for nobody, and say how long they would have waited."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from ingest.answers import Answer, NotModified
from ingest.http import Fetcher

NOW = datetime(2026, 10, 3, 22, 0, tzinfo=UTC)


class Pauses(list[float]):
    """Stands in for `time.sleep`: remembers how long it should have taken, and takes no time."""

    def __call__(self, seconds: float) -> None:
        self.append(seconds)


def make_fetcher(**said: Any) -> tuple[Fetcher, Pauses]:
    """A fetcher that does not really wait, and what it would have waited."""
    pauses = Pauses()
    said.setdefault("sleep", pauses)
    return Fetcher(now=lambda: NOW, chance=lambda: 1.0, **said), pauses


def fetch(url: str, **said: Any) -> Answer | NotModified:
    return make_fetcher(**said)[0].get(url)
