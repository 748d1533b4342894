"""Schedules in `touchline.toml`: what is written down is what is meant, and a mistake is found with its line."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest

from contract.errors import ConfigurationError
from contract.schedules import Schedule
from contract.settings import Settings, load
from contract.toml_lines import line_of

GOOD = """\
[sources.mlsnext]
runs = 1

[schedules.match-days]  # Saturdays and Sundays
cron = "*/15 8-23 * * sat,sun"
timezone = "America/New_York"
source = "mlsnext"
"""


def _load(tmp_path: Path, text: str) -> Settings:
    path = tmp_path / "touchline.toml"
    path.write_text(text)
    return load(environ={"TOUCHLINE_CONFIG": str(path), "TOUCHLINE_HOME": str(tmp_path)})


def test_what_is_left_out_has_a_default(tmp_path: Path) -> None:
    """A line and a source do: the latest missed slot is caught up within a day, and runs do not overlap."""
    schedule = _load(tmp_path, GOOD).schedules["match-days"]
    assert (schedule.catch_up, schedule.window, schedule.queues) == ("latest", timedelta(days=1), False)
    assert schedule.scope == {}


def test_parameters_are_those_of_a_scrape(tmp_path: Path) -> None:
    """They are said as an order says them; a date may be written as TOML has it."""
    more = 'leagues = ["homegrown"]\nage_groups = ["U14"]\nseason = "2026-27"\ndate_from = 2026-09-01\n'
    scope = _load(tmp_path, GOOD + more).schedules["match-days"].scope
    assert scope == {
        "leagues": ["homegrown"],
        "age_groups": ["U14"],
        "season": "2026-27",
        "date_from": "2026-09-01",
    }


@pytest.mark.parametrize(
    ("catch_up", "overlap", "queues"),
    [("latest", None, False), ("all", None, True), ("all", "skip", False), ("latest", "queue", True)],
)
def test_all_slots_wait_for_each_other_unless_told_otherwise(catch_up: str, overlap: str | None, queues: bool) -> None:
    """To catch up on all would otherwise mean to skip all but one."""
    schedule = Schedule.model_validate({"cron": "* * * * *", "source": "x", "catch_up": catch_up, "overlap": overlap})
    assert schedule.queues is queues


@pytest.mark.parametrize(
    ("line", "why"),
    [
        ('catch_up = "none"', "'latest', 'all' or 'skip'"),
        ('overlap = "kill"', "'skip' or 'queue'"),
        ('window = "9w"', "24h, 90m or 7d"),
        ('window = "30d"', "between 1m and 7d"),
        ("jitter = 601", "less than or equal to 600"),
        ('season = "2026"', "2026-27|pattern"),
        ("league = 'homegrown'", "Extra inputs"),
        ('cron = "61 * * * *"', "bad minute"),
        ('timezone = "Mars/Olympus"', "is no time zone"),
    ],
)
def test_the_line_at_fault_is_named(tmp_path: Path, line: str, why: str) -> None:
    """Whoever writes the file has an editor with line numbers."""
    key = line.partition(" ")[0]
    text = "".join(old for old in GOOD.splitlines(keepends=True) if not old.startswith(key)) + line + "\n"
    number = text.splitlines().index(line) + 1
    with pytest.raises(
        ConfigurationError, match=rf"touchline.toml, line {number}: setting schedules.match-days.{key}.*({why})"
    ):
        _load(tmp_path, text)


def test_a_key_that_is_missing_is_found_by_its_table(tmp_path: Path) -> None:
    """The line is that of the schedule."""
    with pytest.raises(ConfigurationError, match=r"line 4: setting schedules\.match-days\.cron: Field required"):
        _load(tmp_path, GOOD.replace('cron = "*/15 8-23 * * sat,sun"\n', ""))


@pytest.mark.parametrize("name", ["housekeeping", "Match Days", "x" * 61])
def test_a_name_that_cannot_be_is_refused(tmp_path: Path, name: str) -> None:
    """Names stand in commands and logs, and one of them is taken."""
    with pytest.raises(ConfigurationError, match=r"line 4: .*name"):
        _load(tmp_path, GOOD.replace("match-days]", f'"{name}"]'))


def test_a_setting_of_the_environment_has_no_line(tmp_path: Path) -> None:
    """What the environment says wrongly is not looked for in the file."""
    path = tmp_path / "touchline.toml"
    path.write_text('rabbitmq_url = "amqp://localhost/"\n')
    with pytest.raises(ConfigurationError) as refused:
        load(environ={"TOUCHLINE_CONFIG": str(path), "RABBITMQ_URL": "http://x/"})
    assert "line" not in str(refused.value)


@pytest.mark.parametrize(
    ("text", "where", "line"),
    [
        ("a = 1\n[b.c]\nd = 2\n", ("b", "c", "d"), 3),
        ("a = 1\n[b.c]\nd = 2\n", ("b", "c", "e"), 2),
        ('b.c.d = 1\n[b."c d"]\nx = 1\n', ("b", "c d", "x"), 3),
        ("b.c = 1\n", ("b", "c"), 1),
        ("a = 1\n", ("b",), None),
        ("[[b]]\nc = 1\n[d]\nc = 2\n", ("d", "c", 0), 4),
    ],
)
def test_settings_are_found_in_the_file(text: str, where: tuple[str | int, ...], line: int | None) -> None:
    """The deepest table or key on the way there."""
    assert line_of(text, where) == line
