"""What a RabbitMQ of the tests is told: container/rabbitmq/rabbitmq.conf, but for what belongs to another machine."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

#: What a server is told in earnest.
_CONFIGURATION = Path(__file__).parents[1] / "container" / "rabbitmq" / "rabbitmq.conf"


def told(port: int, log: Path, settings: Mapping[str, str]) -> str:
    """rabbitmq.conf of a node of the tests: the one that we ship, but for what is a place or a size of another machine.

    `settings` come instead of what the file says; what is empty is left out.
    """
    ours = {
        "listeners.tcp.default": f"127.0.0.1:{port}",
        "management.tcp.port": "",
        "prometheus.tcp.port": "",
        "prometheus.return_per_object_metrics": "",
        "definitions.import_backend": "",
        "definitions.local.path": "",
        "definitions.skip_if_unchanged": "",
        "default_queue_type": "",
        "disk_free_limit.absolute": "",
        "log.console": "false",
        "log.console.level": "",
        "log.console.formatter": "",
        "log.file": str(log),
        "log.file.level": "warning",
    }
    return "".join(
        f"{key} = {value}\n" for key, value in (settings_of(_CONFIGURATION) | ours | settings).items() if value
    )


def settings_of(file: Path) -> dict[str, str]:
    """What a configuration file of RabbitMQ sets."""
    lines = (line.partition("#")[0].partition("=") for line in file.read_text(encoding="utf-8").splitlines())
    return {key.strip(): value.strip() for key, _, value in lines if key.strip()}
