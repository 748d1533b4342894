"""What `/metrics` says: the numbers of all processes of this runtime directory, and what lies on its disk."""

from __future__ import annotations

from collections.abc import Iterable
from importlib.metadata import version
from typing import Any

from prometheus_client import CollectorRegistry
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.exposition import generate_latest

from actors.metrics.files import Directory
from contract.settings import Settings
from contract.spooled import waiting

#: The text format that every Prometheus reads.
CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"


class _Collector:
    def __init__(self, collected: Iterable[Any]) -> None:
        self._collected = list(collected)

    def collect(self) -> Iterable[Any]:
        return self._collected


def text(metrics: Iterable[Any]) -> bytes:
    """`metrics` (prometheus_client's `Metric`) in the text format, names in order."""
    registry = CollectorRegistry(auto_describe=False)
    registry.register(_Collector(sorted(metrics, key=lambda metric: metric.name)))
    return generate_latest(registry)


def of_processes(settings: Settings, directory: Directory) -> bytes:
    """The answer of a worker or scheduler. Raises FilesUnusable."""
    return text([*directory.read(), *_spool(settings), build_info()])


def build_info() -> Any:
    """Which version this is."""
    info = GaugeMetricFamily("touchline_build_info", "The version of Touchline that answers.", labels=["version"])
    info.add_metric([version("touchline")], 1)
    return info


def _spool(settings: Settings) -> Iterable[Any]:
    spooled = waiting(settings.home)
    oldest = GaugeMetricFamily(
        "touchline_spool_oldest_timestamp_seconds",
        "When the oldest message was written that waits on this disk, in seconds since 1970; absent where none does.",
    )
    if spooled.oldest is not None:
        oldest.add_metric([], spooled.oldest)
    return [
        GaugeMetricFamily(
            "touchline_spool_batches", "Messages that wait on this disk for the broker.", value=spooled.messages
        ),
        GaugeMetricFamily("touchline_spool_bytes", "What they take on this disk, in bytes.", value=spooled.size),
        oldest,
    ]
