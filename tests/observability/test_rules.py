"""Prometheus' configuration and alerts: promtool takes them, each alert is tried both ways and explained."""

from __future__ import annotations

import re
import subprocess
from typing import Any

import click
import pytest
import yaml

from tests.observability.files import PROMETHEUS, ROOT, alerts, rules
from touchline.cli import root

PAGE = ROOT / "docs" / "alerts.md"

#: Files of cases for `promtool test rules`.
CASES = sorted(PROMETHEUS.glob("*.test.yml"))


def _promtool(promtool: str, *arguments: str) -> str:
    done = subprocess.run([promtool, *arguments], cwd=PROMETHEUS, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def _tests() -> list[dict[str, Any]]:
    return [test for file in CASES for test in yaml.safe_load(file.read_text(encoding="utf-8"))["tests"]]


def test_promtool_takes_configuration_and_rules(promtool: str) -> None:
    """As it stands, and with all rules found."""
    said = _promtool(promtool, "check", "config", "--lint=all", "--lint-fatal", "prometheus.yml")
    assert f"{len(rules())} rules found" in said


@pytest.mark.slow
def test_alerts_fire_when_they_are_to(promtool: str) -> None:
    """All cases of promtool's hold."""
    assert _promtool(promtool, "test", "rules", *(file.name for file in CASES)).count("SUCCESS") == len(CASES)


@pytest.mark.parametrize("name", alerts())
def test_each_alert_is_tried_both_ways(name: str) -> None:
    """Some case has it firing, and some other, or an earlier moment, has it silent."""
    tried = [case for test in _tests() for case in test["alert_rule_test"] if case["alertname"] == name]
    assert any(case["exp_alerts"] for case in tried), "no case in which it fires"
    assert any(not case["exp_alerts"] for case in tried), "no case in which it is silent"


@pytest.mark.parametrize(("name", "rule"), alerts().items())
def test_each_alert_says_what_a_person_needs(name: str, rule: dict[str, Any]) -> None:
    """How urgent it is, what is wrong, what that means, and a section of docs/alerts.md that is there."""
    assert rule["labels"]["severity"] in ("page", "ticket")
    assert rule["for"]
    told = rule["annotations"]
    assert set(told) == {"summary", "description", "runbook"}
    assert not told["summary"].endswith(".")
    assert told["description"].strip().endswith(".")
    file, anchor = told["runbook"].split("#")
    assert ROOT / file == PAGE
    assert anchor == name.lower()
    assert name in _sections()


def test_the_page_explains_no_alert_that_is_gone() -> None:
    """Sections of docs/alerts.md that are named like alerts are alerts, each with what every one has to say."""
    sections = _sections()
    assert set(sections) == set(alerts())
    for name, text in sections.items():
        for part in ("**Means.**", "**See.**", "**Do.**", "**Ignore"):
            assert part in text, f"{name} lacks {part}"
        assert text.strip().startswith(f"*{alerts()[name]['labels']['severity']}.*"), f"{name} has another severity"


def test_commands_that_the_page_names_are_there() -> None:
    """With the options that it gives them."""
    named = re.findall(r"`touchline ([a-z][^`]*)`", PAGE.read_text(encoding="utf-8"))
    assert len(named) > 20
    for line in named:
        words = line.split()
        command: click.Command = root
        while isinstance(command, click.Group) and words:
            found = command.get_command(click.Context(command), words.pop(0))
            assert found is not None, line
            command = found
        known = {option for parameter in command.params for option in parameter.opts}
        assert {word for word in words if word.startswith("--")} <= known, line


def _sections() -> dict[str, str]:
    """The page's sections on alerts, by their heading."""
    parts = re.split(r"^### (Touchline\w+)$", PAGE.read_text(encoding="utf-8"), flags=re.MULTILINE)
    return dict(zip(parts[1::2], parts[2::2], strict=True))
