"""Calendars as phones ask for them."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.parse import quote

import psycopg
import pytest
from icalendar import Calendar as Parsed

from actors.console.access import Access
from actors.console.calendar import path_of
from tests.fix_console import TOKEN, Console, MakeConsole

PATH = "/calendar/5946.ics?source=mlsnext"

STORED = Path(__file__).parents[1] / "integration" / "stored.sql"


@pytest.fixture(autouse=True)
def _filled(store_url: str) -> None:
    with psycopg.connect(store_url) as connection:
        connection.execute(STORED.read_bytes())


def arrange(url: str, statement: str) -> None:
    with psycopg.connect(url) as connection:
        connection.execute(statement.encode())


def events(body: bytes) -> list[str]:
    return [str(event["SUMMARY"]) for event in Parsed.from_ical(body).walk("VEVENT")]


def test_a_calendar_is_served(console: Console) -> None:
    """With its type, a validator, and for how long it need not be asked for; HEAD says the same of it."""
    answer = console.get(PATH)
    assert answer.status == 200
    assert answer.headers["Content-Type"] == "text/calendar; charset=utf-8"
    assert answer.headers["Cache-Control"] == "public, max-age=300"
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert len(events(answer.data)) == 3
    head = console.ask("HEAD", PATH)
    assert (head.status, head.data) == (200, b"")
    assert head.headers["ETag"] == answer.headers["ETag"]
    assert head.headers["Content-Length"] == answer.headers["Content-Length"]


@pytest.mark.parametrize("form", ["{}", "W/{}", '"other", {}', "*"])
def test_what_did_not_change_is_not_sent_again(console: Console, form: str) -> None:
    """Whoever has it is told so, in no bytes, and keeps it for as long."""
    etag = console.get(PATH).headers["ETag"]
    answer = console.get(PATH, headers={"If-None-Match": form.format(etag)})
    assert (answer.status, answer.data) == (304, b"")
    assert answer.headers["ETag"] == etag
    assert answer.headers["Cache-Control"] == "public, max-age=300"


def test_what_changed_is_sent(console: Console, store_url: str) -> None:
    """The validator that a phone has is of no use after a result."""
    etag = console.get(PATH).headers["ETag"]
    arrange(
        store_url,
        "UPDATE touchline.matches SET status = 'completed', home_score = 2, away_score = 0 WHERE match_id = '26031'",
    )
    answer = console.get(PATH, headers={"If-None-Match": etag})
    assert answer.status == 200
    assert answer.headers["ETag"] != etag
    assert "Athletum FC Academy 2:0 South Florida Football Academy" in events(answer.data)


def test_a_season_may_be_asked_for(console: Console) -> None:
    assert len(events(console.get("/calendar/6001.ics?source=mlsnext").data)) == 2
    assert len(events(console.get("/calendar/6001.ics?source=mlsnext&season=2025-26").data)) == 1
    assert console.get("/calendar/6001.ics?source=mlsnext&season=x").status == 422


def test_the_source_may_be_left_out_where_one_has_the_team(console: Console, store_url: str) -> None:
    """Two that have the same id are told apart, not mixed."""
    assert console.get("/calendar/5946.ics").data == console.get(PATH).data
    arrange(store_url, "UPDATE touchline.teams SET team_key = '5946' WHERE source = 'other' AND team_key = 'x'")
    arrange(store_url, "UPDATE touchline.matches SET home_team_key = '5946' WHERE source = 'other'")
    answer = console.get("/calendar/5946.ics")
    assert answer.status == 409
    assert b"?source=" in answer.data
    assert len(events(console.get(PATH).data)) == 3


@pytest.mark.parametrize(
    "path", ["/calendar/7.ics", "/calendar/7.ics?source=mlsnext", "/calendar/5946", "/calendar/.ics"]
)
def test_a_team_that_is_not_there_is_not_found(console: Console, path: str) -> None:
    """Nor is a part of a name: an address has to mean the same team for ever."""
    assert console.get(path).status == 404
    assert console.get("/calendar/Athletum.ics").status == 404


HOSTILE = "name:homegrown/U14/<script>alert(1)</script> \u202e\"'?#%.ics;,\\"


def test_a_team_without_an_id_has_an_address(console: Console, store_url: str) -> None:
    """Its key is made of its name: slashes, marks and what else a site may call it come back as they were."""
    with psycopg.connect(store_url) as connection:
        for column in ("home_team_key", "away_team_key"):
            connection.execute(
                f"UPDATE touchline.matches SET {column} = %s WHERE {column} = '5946'".encode(), (HOSTILE,)
            )
        connection.execute(
            "UPDATE touchline.teams SET team_key = %s, name = %s WHERE team_key = '5946'", (HOSTILE,) * 2
        )
    answer = console.get(path_of(Access(TOKEN, open_to_read=True), "mlsnext", HOSTILE))
    assert answer.status == 200
    assert len(events(answer.data)) == 3
    shown = HOSTILE.replace("\u202e", "")
    assert all(shown in title for title in events(answer.data))
    missing = console.get(f"/calendar/{quote('<b>x</b>')}.ics")
    assert missing.status == 404
    assert b"<b>" not in missing.data


def test_where_reading_is_not_open_the_address_carries_a_key(make_console: MakeConsole) -> None:
    """It opens this calendar and no other, and nothing else; what is refused is no page to sign in."""
    closed = make_console(console_readers="token")
    path = path_of(Access(TOKEN, open_to_read=False), "mlsnext", "5946")
    answer = closed.get(path)
    assert (answer.status, len(events(answer.data))) == (200, 3)
    assert answer.headers["Cache-Control"] == "private, max-age=300"
    key = path.partition("key=")[2]
    assert closed.get(f"{path}&season=2026-27").status == 200
    refused: Mapping[str, Any] = {
        "without a key": PATH,
        "another team": f"/calendar/5748.ics?source=mlsnext&key={key}",
        "another source": f"/calendar/5946.ics?source=other&key={key}",
        "no source": f"/calendar/5946.ics?key={key}",
        "another key": f"{PATH}&key={'0' * 64}",
        "of another console": path_of(Access("another token of another", open_to_read=False), "mlsnext", "5946"),
        "a team that is not there": "/calendar/7.ics?source=mlsnext",
        "no key of ours": f"{PATH}&key=%C3%A9",
    }
    for what, address in refused.items():
        assert closed.get(address).status == 403, what
    assert closed.get(f"/?key={key}").status == 303, "it has to sign in"
    assert closed.get(PATH, act=True).status == 200, "whoever has the token needs no key"
