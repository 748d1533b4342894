"""What reading commands print, in each format."""

from __future__ import annotations

import contextlib
import csv
import io
import itertools
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal
from uuid import UUID

import pytest

from touchline.options import TABLE_ROWS
from touchline.output import Column, Format, Row, _fitting, duration, write, write_one

ROW: Row = {
    "team": 'Québec "B", U14',
    "kickoff": datetime(2026, 10, 3, 9, 0, tzinfo=timezone(timedelta(hours=-4))),
    "date": date(2026, 10, 3),
    "score": 0,
    "average": Decimal("1.00"),
    "run": UUID("3f2a0000-0000-4000-8000-000000000001"),
    "values": {"a": [1, None]},
    "nothing": None,
    "done": True,
}
FIELDS = list(ROW)
COLUMNS = (Column("team", "team"), Column("score", "score", right=True), Column("nothing", "nothing"))


def written(capsys: pytest.CaptureFixture[str], rows: list[Row], output: Format, **options: object) -> tuple[str, str]:
    write(rows, FIELDS, COLUMNS, output, **options)  # type: ignore[arg-type]
    captured = capsys.readouterr()
    return captured.out, captured.err


def test_json_lines_are_one_object_a_line(capsys: pytest.CaptureFixture[str]) -> None:
    """Every field is there, in UTF-8, with times in UTC and numbers as numbers."""
    out, err = written(capsys, [ROW, ROW], "jsonl")
    assert err == ""
    first, second = out.splitlines()
    assert first == second
    assert "Québec" in first
    assert json.loads(first) == {
        "team": 'Québec "B", U14',
        "kickoff": "2026-10-03T13:00:00Z",
        "date": "2026-10-03",
        "score": 0,
        "average": 1.0,
        "run": "3f2a0000-0000-4000-8000-000000000001",
        "values": {"a": [1, None]},
        "nothing": None,
        "done": True,
    }


@pytest.mark.parametrize("count", [0, 1, 3])
def test_json_is_a_list_whatever_the_number(capsys: pytest.CaptureFixture[str], count: int) -> None:
    """No row is an empty list, one row a list of one."""
    out, _ = written(capsys, [ROW] * count, "json")
    assert len(json.loads(out)) == count


def test_csv_follows_rfc_4180(capsys: pytest.CaptureFixture[str]) -> None:
    """A header, CRLF, and quotes where they are needed, so that any reader gives the same values back."""
    out, _ = written(capsys, [ROW], "csv")
    assert out.count("\r\n") == 2
    header, values = csv.reader(io.StringIO(out, newline=""))
    assert header == FIELDS
    assert dict(zip(header, values, strict=True)) == {
        "team": 'Québec "B", U14',
        "kickoff": "2026-10-03T13:00:00Z",
        "date": "2026-10-03",
        "score": "0",
        "average": "1.00",
        "run": "3f2a0000-0000-4000-8000-000000000001",
        "values": '{"a": [1, null]}',
        "nothing": "",
        "done": "true",
    }


@pytest.mark.parametrize("text", ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1"])
def test_csv_disarms_formulas(capsys: pytest.CaptureFixture[str], text: str) -> None:
    """A text from a website does not become a formula in whoever opens the file with a spreadsheet."""
    write([{"venue": text}], ["venue"], [], "csv")
    (_, (cell,)) = csv.reader(io.StringIO(capsys.readouterr().out, newline=""))
    assert cell == f"'{text}"


def test_csv_leaves_negative_numbers_alone(capsys: pytest.CaptureFixture[str]) -> None:
    """A goal difference is a number, not a text that looks like a formula."""
    write([{"goal_difference": -3}], ["goal_difference"], [], "csv")
    assert capsys.readouterr().out == "goal_difference\r\n-3\r\n"


@pytest.mark.parametrize(("output", "expected"), [("jsonl", ""), ("json", "[]\n"), ("csv", "a,b\r\n"), ("table", "")])
def test_an_empty_result_is_empty_data(capsys: pytest.CaptureFixture[str], output: Format, expected: str) -> None:
    """Nothing found is no error; only a person is told what to try, and not on stdout."""
    write([], ["a", "b"], [Column("a", "a")], output, empty="Nothing is there. Try that.")
    captured = capsys.readouterr()
    assert captured.out == expected
    assert captured.err == ("Nothing is there. Try that.\n" if output == "table" else "")


@pytest.mark.parametrize("output", ["jsonl", "json", "csv"])
def test_rows_are_written_while_they_come(output: Format) -> None:
    """What was written first is out before the last row is asked for: a season does not fit into a buffer."""
    read, write_end = os.pipe()
    os.set_blocking(read, False)
    seen = 0

    def rows() -> Iterator[Row]:
        nonlocal seen
        for number in range(2000):
            with contextlib.suppress(BlockingIOError):
                seen += len(os.read(read, 1 << 16))
            yield {"number": number, "text": "x" * 50}
        assert seen > 50_000

    with os.fdopen(write_end, "w") as stream, pytest.MonkeyPatch.context() as patch:
        patch.setattr("touchline.output._stdout", lambda: stream)
        write(rows(), ["number", "text"], [], output)
    os.close(read)


def test_a_table_shows_the_columns_that_hold_something(capsys: pytest.CaptureFixture[str]) -> None:
    """A column without any value is left out; a zero is a value."""
    out, _ = written(capsys, [ROW], "table")
    assert "Québec" in out
    assert " 0" in out
    assert "nothing" not in out


def test_a_table_is_cut_and_says_so(capsys: pytest.CaptureFixture[str]) -> None:
    """A table nobody limited stops after what one can read, and says how to see the rest."""
    rows = ({"team": f"Team {number}.", "score": number, "nothing": None} for number in itertools.count())
    write(rows, FIELDS, COLUMNS, "table")
    captured = capsys.readouterr()
    assert f"Team {TABLE_ROWS - 1}." in captured.out
    assert f"Team {TABLE_ROWS}." not in captured.out
    assert "--limit 0" in captured.err


def test_limit_zero_shows_all(capsys: pytest.CaptureFixture[str]) -> None:
    """`--limit 0` is every row, also in a table."""
    out, err = written(capsys, [ROW] * (TABLE_ROWS + 50), "table", limit=0)
    assert out.count("Québec") == TABLE_ROWS + 50
    assert err == ""


@pytest.mark.parametrize(
    ("width", "titles"), [(60, "a bb ccc dddd"), (20, "a ccc dddd"), (14, "a dddd"), (5, "a dddd")]
)
def test_a_narrow_terminal_gets_fewer_columns(width: int, titles: str) -> None:
    """What can be spared goes first, the rest is whole; a column that may be folded counts with little."""
    columns = (
        Column("a", "a"),
        Column("bb", "b", spare=2),
        Column("ccc", "c", spare=1),
        Column("dddd", "d", fold=True),
        Column("empty", "e"),
    )
    row: Row = {"a": "1234", "b": "1234567890", "c": "12345", "d": "folded " * 20, "e": None}
    lines = [[column.text(row) for column in columns]]
    assert " ".join(columns[index].title for index in _fitting(columns, lines, width + 13)) == titles


def test_a_name_cannot_speak_to_the_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    """Neither escape sequences nor rich's markup in a foreign text do anything in a table."""
    rows: list[Row] = [{"team": "\x1b[31mred\x9b [bold]Club[/bold]", "score": 1, "nothing": None}]
    out, _ = written(capsys, rows, "table")
    assert "\x1b" not in out
    assert "\x9b" not in out
    assert "[bold]Club[/bold]" in out


def test_one_thing_is_a_line_a_field(capsys: pytest.CaptureFixture[str]) -> None:
    """What is known of one thing stands one below the other, JSON indented."""
    write_one(ROW, "table")
    out = capsys.readouterr().out
    assert 'team     Québec "B", U14\n' in out
    assert "kickoff  2026-10-03 13:00:00\n" in out
    assert 'values   {"a": [1, null]}\n' in out
    assert "nothing" not in out


def test_long_json_is_indented_for_people(capsys: pytest.CaptureFixture[str]) -> None:
    """A payload that does not fit on a line is laid out, in its place beside the name."""
    write_one({"payload": {"home_team": "A" * 40, "away_team": "B" * 40}}, "table")
    assert capsys.readouterr().out.splitlines()[:2] == ["payload  {", '           "home_team": "' + "A" * 40 + '",']


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(None, ""), (0.42, "0.4 s"), (59.4, "59 s"), (59.6, "1 min 0 s"), (185, "3 min 5 s"), (8040, "2 h 14 min")],
)
def test_durations_are_readable(seconds: float | None, text: str) -> None:
    """A duration is given in the units that its size asks for."""
    assert duration(seconds) == text


def test_data_is_utf_8_whatever_the_locale_says() -> None:
    """A Latin-1 locale does not change what a program reads, nor does it end in an encoding error."""
    program = "from touchline.output import write; write([{'team': 'Łódź'}], ['team'], [], 'jsonl')"
    environment = {**os.environ, "PYTHONIOENCODING": "latin-1", "PYTHONUTF8": "0"}
    ended = subprocess.run([sys.executable, "-c", program], capture_output=True, check=True, env=environment)
    assert ended.stdout == '{"team": "Łódź"}\n'.encode()


def test_times_of_the_data_have_their_zone(capsys: pytest.CaptureFixture[str]) -> None:
    """A time is written with its fraction where it has one."""
    write([{"at": datetime(2026, 10, 3, 13, 0, 0, 250_000, tzinfo=UTC)}], ["at"], [], "jsonl")
    assert json.loads(capsys.readouterr().out) == {"at": "2026-10-03T13:00:00.250000Z"}
