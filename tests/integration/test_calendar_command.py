"""`touchline calendar`, against a real store."""

from __future__ import annotations

import os
import stat
import threading
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
from icalendar import Calendar as Parsed

from actors.console.access import Access
from tests.fix_command import Touchline
from tests.fix_postgres import PostgresServer


@pytest.fixture(scope="module")
def filled_url(postgres_server: PostgresServer) -> Iterator[str]:
    """A store that holds `stored.sql`: one for all, since nobody here writes."""
    rows = Path(__file__).with_name("stored.sql").read_bytes()
    with postgres_server.database(migrated=True) as url:
        with psycopg.connect(url) as connection:
            connection.execute(rows)
        yield url


@pytest.fixture
def filled(touchline: Touchline, filled_url: str, monkeypatch: pytest.MonkeyPatch) -> Touchline:
    monkeypatch.setenv("DATABASE_URL", filled_url)
    return touchline


def titles(content: str | bytes) -> list[str]:
    return [str(event["SUMMARY"]) for event in Parsed.from_ical(content).walk("VEVENT")]


def test_a_team_is_written_to_stdout(filled: Touchline) -> None:
    """The document and nothing else, line ends as RFC 5545 has them."""
    ended = filled("calendar 5946")
    assert (ended.code, ended.err) == (0, "")
    assert ended.out.startswith("BEGIN:VCALENDAR\r\n")
    assert ended.out.endswith("END:VCALENDAR\r\n")
    assert titles(ended.out) == [
        "South Florida Football Academy 0:0 Athletum FC Academy",
        "Postponed: Athletum FC Academy – South Florida Football Academy",
        "Withdrawn: CF Montréal 1:1 (4:3) Athletum FC Academy",
    ]
    assert "X-WR-CALNAME:Athletum FC Academy U14\r\n" in ended.out


def test_a_part_of_the_name_is_enough(filled: Touchline) -> None:
    """In any case; it is the calendar that its id gives."""
    assert filled("calendar athletum").out == filled("calendar 5946").out


def test_of_several_teams_one_has_to_be_chosen(filled: Touchline) -> None:
    """All of them are named, with what tells them apart; nothing is written."""
    ended = filled("calendar academy")
    assert (ended.code, ended.out) == (2, "")
    listed, _, said = ended.err.partition("touchline: ")
    assert [line.split()[0] for line in listed.splitlines()] == ["5946", "5748"]
    assert "Athletum FC Academy" in listed
    assert "mlsnext" in listed
    assert "'academy' may be any of these" in said
    assert "--age-group" in said


def test_filters_choose_among_teams(filled: Touchline) -> None:
    """Age group, league, season and source leave out whoever has no match there."""
    assert filled("calendar montréal --age-group u14").code == 0
    assert filled("calendar academy --league flex").out == filled("calendar 5946").out
    assert titles(filled("calendar montréal --season 25-26").out) == ["Loggers 100%_ 16:1 CF Montréal"]
    assert len(titles(filled("calendar montréal").out)) == 2


@pytest.mark.parametrize("line", ["nobody", "5748 --season 2024-25", "5748 --source other", "'%%'"])
def test_a_team_that_is_not_there_is_a_sentence(filled: Touchline, line: str) -> None:
    """Exit code 2 and the next step."""
    ended = filled(f"calendar {line}")
    assert (ended.code, ended.out) == (2, "")
    assert "no team with a match that fits is called" in ended.err
    assert "touchline teams" in ended.err


def test_a_match_without_a_day_is_said_to_be_missing(filled: Touchline) -> None:
    """On stderr: the calendar is there, without it."""
    ended = filled("calendar x --source other")
    assert ended.code == 0
    assert titles(ended.out) == []
    assert ended.err == "Not in it: 1 match whose day was never known.\n"


def test_a_file_is_written_once_and_left_alone_after(filled: Touchline, tmp_path: Path) -> None:
    """A web server that serves it sees no new file where there is nothing new; and never half of one."""
    (tmp_path / "kept").mkdir()
    file = tmp_path / "kept" / "team.ics"
    ended = filled(f"calendar 5946 -o {file}")
    assert (ended.code, ended.out) == (0, "")
    assert ended.err == f"Athletum FC Academy U14: 3 matches in {file}.\n"
    assert file.read_bytes().decode() == filled("calendar 5946").out
    os.utime(file, (1, 1))
    file.chmod(0o640)
    assert "as before" in filled(f"calendar 5946 -o {file}").err
    assert file.stat().st_mtime == 1
    filled(f"calendar 5748 --output-file {file}")
    assert len(titles(file.read_bytes())) == 2
    assert stat.S_IMODE(file.stat().st_mode) == 0o640
    assert os.listdir(file.parent) == ["team.ics"]


def test_a_new_file_is_as_readable_as_any_other(filled: Touchline, tmp_path: Path) -> None:
    """By the umask: a web server runs as somebody else."""
    before = os.umask(0o027)
    try:
        filled(f"calendar 5946 -o {tmp_path / 'team.ics'}")
        assert os.umask(0o027) == 0o027
    finally:
        os.umask(before)
    assert stat.S_IMODE((tmp_path / "team.ics").stat().st_mode) == 0o640


def test_a_link_is_followed_and_a_pipe_written_to(filled: Touchline, tmp_path: Path) -> None:
    """What is no plain file keeps being what it is."""
    (tmp_path / "real.ics").write_bytes(b"")
    (tmp_path / "link.ics").symlink_to("real.ics")
    filled(f"calendar 5946 -o {tmp_path / 'link.ics'}")
    assert (tmp_path / "link.ics").is_symlink()
    assert len(titles((tmp_path / "real.ics").read_bytes())) == 3

    os.mkfifo(tmp_path / "pipe")
    read: list[bytes] = []
    reader = threading.Thread(target=lambda: read.append((tmp_path / "pipe").read_bytes()))
    reader.start()
    filled(f"calendar 5946 -o {tmp_path / 'pipe'}")
    reader.join(60)
    assert len(titles(read[0])) == 3


def test_a_folder_that_is_not_there_is_a_sentence(filled: Touchline, tmp_path: Path) -> None:
    ended = filled(f"calendar 5946 -o {tmp_path / 'nowhere' / 'team.ics'}")
    assert ended.code == 2
    assert ended.err.startswith(f"touchline: {tmp_path / 'nowhere' / 'team.ics'}: No such file or directory\n")


def test_the_address_is_the_one_that_the_console_serves(filled: Touchline, monkeypatch: pytest.MonkeyPatch) -> None:
    """On this machine, and under the name that it has for others: there with a key, unless everyone may read."""
    path = "/calendar/5946.ics?source=mlsnext"
    assert filled("calendar athletum --url").out == f"http://127.0.0.1:8090{path}\n"
    assert filled("calendar athletum --url --season 26-27").out == f"http://127.0.0.1:8090{path}&season=2026-27\n"
    monkeypatch.setenv("TOUCHLINE_CONSOLE_HOSTS", "matches.example.org,other.example.org")
    monkeypatch.setenv("TOUCHLINE_CONSOLE_TOKEN", "a token that only this test knows")
    key = Access("a token that only this test knows", open_to_read=False).calendar_key("mlsnext", "5946")
    assert filled("calendar athletum --url").out == f"https://matches.example.org{path}&key={key}\n"
    monkeypatch.setenv("TOUCHLINE_CONSOLE_READERS", "everyone")
    assert filled("calendar athletum --url").out == f"https://matches.example.org{path}\n"


def test_an_address_that_no_phone_could_ask_for_is_refused(filled: Touchline, monkeypatch: pytest.MonkeyPatch) -> None:
    """On all of the machine's addresses, and nobody said by which name it goes."""
    monkeypatch.setenv("TOUCHLINE_CONSOLE_LISTEN", "0.0.0.0:8090")
    ended = filled("calendar athletum --url")
    assert (ended.code, ended.out) == (2, "")
    assert "TOUCHLINE_CONSOLE_HOSTS" in ended.err
    assert filled("calendar athletum --url -o team.ics").code == 2
