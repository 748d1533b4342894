"""A real Prometheus on container/prometheus: what differs in a test is where targets are, and how long things last.

Minutes become seconds, or no test would see an alert: `for` and the ranges of queries, and how often is asked. What is
counted, compared and said is as it is in earnest.
"""

from __future__ import annotations

import json
import re
import subprocess
import time
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

import yaml

from tests.fix_leftovers import Lifeline
from tests.observability.files import PROMETHEUS
from tests.ports import free_ports

#: How long an alert has to hold, and what queries look back on, by what the rules say.
FOR: Final = {"1m": "1s", "3m": "2s", "5m": "2s", "10m": "3s", "15m": "3s", "30m": "3s", "1h": "3s"}
RANGES: Final = {"10m": "15s", "15m": "20s", "3d": "60s"}
#: Between two questions, and their time-out.
INTERVAL: Final = "2s"

#: Seconds after which what a test waits for is not coming.
PATIENCE: Final = 90.0


def shortened(rules: str) -> str:
    """alerts.yml with seconds in place of minutes. Raises KeyError for a time that nobody thought of."""
    rules = re.sub(r"(?m)^( +for: )(\w+)$", lambda found: found[1] + FOR[found[2]], rules)
    return re.sub(r"\[(\w+)\]", lambda found: f"[{RANGES[found[1]]}]", rules)


def pointed(configuration: str, targets: Mapping[str, list[str]]) -> str:
    """prometheus.yml with other targets, by job, and more haste."""
    read = yaml.safe_load(configuration)
    read["global"] |= {"scrape_interval": INTERVAL, "scrape_timeout": INTERVAL, "evaluation_interval": "1s"}
    assert {job["job_name"] for job in read["scrape_configs"]} == set(targets)
    for job in read["scrape_configs"]:
        job.pop("dns_sd_configs", None)
        job["static_configs"] = [{"targets": targets[job["job_name"]]}]
    return yaml.safe_dump(read)


class Prometheus:
    """A server that runs; made by `running`."""

    def __init__(self, url: str) -> None:
        self._url = url

    def ask(self, query: str) -> list[dict[str, Any]]:
        """The samples of an instant query. Raises ValueError with what Prometheus says where it is no query."""
        body = urllib.parse.urlencode({"query": query}).encode()
        try:
            with urllib.request.urlopen(f"{self._url}/api/v1/query", data=body, timeout=30) as answer:
                found: list[dict[str, Any]] = json.load(answer)["data"]["result"]
                return found
        except urllib.error.HTTPError as error:
            with error:
                raise ValueError(f"{query}: {json.load(error)['error']}") from None

    def firing(self) -> dict[str, list[dict[str, Any]]]:
        """The alerts that fire, by name; their labels and annotations."""
        found: dict[str, list[dict[str, Any]]] = {}
        for alert in self._get("/api/v1/alerts")["alerts"]:
            if alert["state"] == "firing":
                found.setdefault(alert["labels"]["alertname"], []).append(alert)
        return found

    def until_firing(self, *names: str) -> None:
        """Until each of these fires."""
        self.until(lambda: set(names) <= set(self.firing()), f"{', '.join(names)} to fire", self.firing)

    def until_all_is_well(self) -> None:
        """Until all four jobs are asked and nothing fires, as it may while all of them are starting."""
        self.until(lambda: len(self.ask("up == 1")) == 4 and not self.firing(), "all to be well", self.firing)

    def until_silent(self, *names: str) -> None:
        """Until none of these fires."""
        self.until(lambda: not set(names) & set(self.firing()), f"{', '.join(names)} to be silent", self.firing)

    def until(self, holds: Callable[[], bool], what: str, seen: Callable[[], Any] = lambda: "") -> None:
        deadline = time.monotonic() + PATIENCE
        while not holds():
            assert time.monotonic() < deadline, f"waited in vain for {what}: {seen()}"
            time.sleep(0.3)

    def ready(self) -> bool:
        try:
            with urllib.request.urlopen(f"{self._url}/-/ready", timeout=5):
                return True
        except OSError:
            return False

    def _get(self, path: str) -> Any:
        with urllib.request.urlopen(self._url + path, timeout=30) as answer:
            return json.load(answer)["data"]


@contextmanager
def running(program: str, directory: Path, targets: Mapping[str, list[str]]) -> Iterator[Prometheus]:
    """A Prometheus that asks `targets`, by job; its files are in `directory`."""
    (port,) = free_ports(1)
    for name, change in (("prometheus.yml", lambda text: pointed(text, targets)), ("alerts.yml", shortened)):
        (directory / name).write_text(change((PROMETHEUS / name).read_text(encoding="utf-8")), encoding="utf-8")
    command = [program, f"--config.file={directory}/prometheus.yml", f"--storage.tsdb.path={directory}/data"]
    command += [f"--web.listen-address=127.0.0.1:{port}", "--log.level=warn"]
    with (directory / "prometheus.log").open("wb") as log:
        process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True)
    lifeline = Lifeline.tie(process.pid)
    try:
        prometheus = Prometheus(f"http://127.0.0.1:{port}")
        prometheus.until(
            lambda: process.poll() is not None or prometheus.ready(),
            "Prometheus",
            (directory / "prometheus.log").read_text,
        )
        assert process.poll() is None, (directory / "prometheus.log").read_text()
        yield prometheus
    finally:
        process.kill()
        process.wait()
        lifeline.release()
