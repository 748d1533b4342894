"""Prometheus and promtool, where they are installed. `make test` installs the package, and never starts its service."""

from __future__ import annotations

import os
import shutil

import pytest

#: Set where the tests must not pass without servers.
_REQUIRED = "TOUCHLINE_TESTS_REQUIRE_RABBITMQ"

_ABSENT = (
    "Prometheus is not installed (no prometheus and promtool on the PATH); `make test` installs it, or: "
    "apt-get install prometheus, brew install prometheus"
)


def _program(name: str) -> str:
    found = shutil.which(name)
    if found is None:
        (pytest.fail if os.environ.get(_REQUIRED) else pytest.skip)(_ABSENT)
    return found


@pytest.fixture(scope="session")
def promtool() -> str:
    """The path of `promtool`; skips where there is none, and fails where the tests must not pass without servers."""
    return _program("promtool")


@pytest.fixture(scope="session")
def prometheus_program() -> str:
    """The path of `prometheus`; as `promtool`."""
    return _program("prometheus")


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Says it aloud if tests were skipped for want of Prometheus."""
    skipped = [report for report in terminalreporter.getreports("skipped") if _ABSENT in str(report.longrepr)]
    if skipped:
        terminalreporter.section("Prometheus is missing", sep="!", red=True, bold=True)
        terminalreporter.line(f"{len(skipped)} tests that need it did not run. {_ABSENT}", red=True)
