"""The page of one match, and its forms: what somebody says in them is what becomes of the match, and nothing else."""

from __future__ import annotations

import re
from html import unescape
from typing import Any
from urllib.parse import quote

import pytest
import urllib3

from actors.console.match_forms import WAS
from actors.store.corrections import CORRECTABLE, correct
from tests.fix_console import Console, Visitor
from tests.integration.store.conftest import Store, a_match

pytestmark = pytest.mark.slow

PATH = "/matches/mlsnext/1"


@pytest.fixture
def ada(console: Console) -> Visitor:
    return console.sign_in("Ada")


def played(**fields: Any) -> dict[str, Any]:
    return a_match("1", status="completed", home_score=1, away_score=3, **fields)


def form(page: str) -> dict[str, str]:
    """The fields of the form that corrects, as a browser would send them if nobody touched them."""
    inside = page[page.index('action="/matches/correct"') :]
    inside = inside[: inside.index("</form>")]
    fields = {
        name: unescape(value)
        for name, value in re.findall(r'<input[^>]* name="(\w+)"[^>]* value="([^"]*)"', inside)
        if name != "csrf"
    }
    chosen = re.search(r"<option selected>(\w+)", inside)
    assert set(fields) == {"source", "match_id", *CORRECTABLE, *(WAS + field for field in CORRECTABLE)} - {"status"}
    return {**fields, "status": chosen[1] if chosen else "", "why": ""}


def say(visitor: Visitor, before: dict[str, str] | None = None, **fields: str) -> urllib3.BaseHTTPResponse:
    """Change fields of the form as it is shown, or was `before`, and send it."""
    return visitor.send("/matches/correct", {**(before or form(visitor.page(PATH))), "why": "report", **fields})


def corrected(store: Store) -> dict[str, tuple[str | None, str | None]]:
    """Field → what a person says, and what the site says, of corrections that are open."""
    rows = store.rows("SELECT * FROM touchline.match_corrections WHERE ended_at IS NULL ORDER BY field")
    return {row["field"]: (row["value"], row["site_value"]) for row in rows}


def test_it_shows_how_the_match_stands_and_what_changed(console: Console, store: Store) -> None:
    store.put([played(url="https://example.org/m/1?a=b&c", notes="cup tie", round="3")])
    store.put([played(url="https://example.org/m/1?a=b&c", notes="cup tie", round="3", location="Field 2")], day=2)
    page = console.page(PATH)
    for said in ("1:3", "completed", "10:00 EDT", "10 Oct 2026, 14:00 UTC", "Field 2", "cup tie"):
        assert said in page
    assert '<a href="https://example.org/m/1?a=b&amp;c" rel="noreferrer' in page
    assert "<del><bdi>Field 1</bdi></del> → <ins><bdi>Field 2</bdi></ins>" in page
    assert f'href="/runs/{store.run_id}"' in page
    assert "/calendar/1.ics?source=mlsnext" in page
    assert "/calendar/2.ics?source=mlsnext" in page
    table = re.search(r'href="(/tables/one[^"]+)"', page)
    assert table
    assert "Northeast" in console.page(unescape(table[1]))
    assert "/matches/correct" not in page
    assert f"/sign-in?next={PATH}" in page


def test_a_number_is_any_text(console: Console, store: Store) -> None:
    numbers = ["a/b", "a b&c=d", 'x"<y>', "ä#1?", "..x"]
    store.put([a_match(number) for number in numbers])
    listed = re.findall(r'<th scope="row"><a href="([^"]+)"', console.page("/matches"))
    assert len(listed) == len(numbers)
    for path in listed:
        assert "Ashgrove" in console.page(unescape(path))
    assert console.get("/matches/mlsnext/nothing").status == 404
    assert console.get("/matches/mlsnext/%00").status == 404
    assert console.get("/matches/other/a%20b").status == 404


def test_a_correction_overrules_what_was_changed_in_the_form_and_no_more(ada: Visitor, store: Store) -> None:
    store.put([played()])
    answer = say(ada, home_score="2", location="")
    assert (answer.status, answer.headers["Location"]) == (303, f"{PATH}?done=corrected")
    assert corrected(store) == {"home_score": ("2", "1"), "location": (None, "Field 1")}
    page = ada.page(answer.headers["Location"])
    assert "<bdi>2:3</bdi> <mark" in page
    assert re.search(r'role="status">Corrected\.', page)
    assert "Ada (console)" in page
    assert "by a person" in page


def test_a_kick_off_is_said_in_the_time_of_the_venue(ada: Visitor, store: Store) -> None:
    store.put([a_match("1")])
    assert form(ada.page(PATH))["kickoff"] == "2026-10-10T10:00"
    assert say(ada, kickoff="2026-11-07T10:00", date="2026-11-07").status == 303
    assert corrected(store) == {
        "date": ("2026-11-07", "2026-10-10"),
        "kickoff": ("2026-11-07T15:00:00Z", "2026-10-10T14:00:00Z"),
    }


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"home_score": ""}, "one score without the other"),
        ({"home_score": "2", "why": " "}, "the reason is empty"),
        ({"home_score": "-1"}, "is no number of goals"),
        ({"home_score": "201"}, "home_score"),
        ({"status": "played"}, "status"),
        ({"date": "2026-13-40"}, "date"),
        ({"kickoff": "soon"}, "is no time for a kick-off"),
        ({"date": "2026-10-11"}, "correct both in one go"),
        ({"location": "x\0"}, "location"),
        ({}, "no field was named"),
    ],
)
def test_what_cannot_be_is_said_and_what_was_typed_stays(
    ada: Visitor, store: Store, fields: dict[str, str], said: str
) -> None:
    store.put([played()])
    answer = say(ada, form(ada.page(PATH)), **fields)
    assert answer.status == 422
    page = answer.data.decode()
    alert = re.search(r'role="alert">(.*?)</div>', page, re.DOTALL)
    assert alert
    assert said in unescape(alert[1])
    typed = form(page)
    for field, value in fields.items():
        if field not in ("why", "status"):
            assert typed[field] == value
    assert corrected(store) == {}


def test_a_field_that_the_site_changed_meanwhile_is_not_overruled_unseen(ada: Visitor, store: Store) -> None:
    store.put([played()])
    before = form(ada.page(PATH))
    store.put([played(location="Field 2") | {"home_score": 4}], day=2)
    assert say(ada, before, away_score="5").status == 303
    assert corrected(store) == {"away_score": ("5", "3")}
    answer = say(ada, before, home_score="2")
    assert answer.status == 422
    assert "home_score is 4 by now, and was 1" in answer.data.decode()
    again = form(answer.data.decode())
    assert (again["home_score"], again[f"{WAS}home_score"]) == ("2", "4")
    assert (again["location"], again[f"{WAS}location"]) == ("Field 2", "Field 2")
    assert say(ada, again).status == 303
    assert corrected(store) == {"away_score": ("5", "3"), "home_score": ("2", "4")}


def test_a_correction_is_taken_back_by_field_and_its_story_stays(ada: Visitor, store: Store) -> None:
    store.put([played()])
    correct(store.pool, "mlsnext", "1", {"home_score": 2, "away_score": 4}, why="<report>", by="ann")
    at = {"source": "mlsnext", "match_id": "1"}
    assert ada.send("/matches/take-back", {**at, "why": "misread"}).status == 422
    assert ada.send("/matches/take-back", {**at, "why": "", "field": "home_score"}).status == 422
    assert ada.send("/matches/take-back", {**at, "why": "misread", "field": "status"}).status == 422
    assert ada.send("/matches/take-back", {**at, "why": "misread", "field": "colour"}).status == 422
    answer = ada.send("/matches/take-back", {**at, "why": "misread", "field": ["home_score"]})
    assert (answer.status, answer.headers["Location"]) == (303, f"{PATH}?done=taken_back")
    assert corrected(store) == {"away_score": ("4", "3")}
    page = ada.page(PATH)
    assert "<bdi>1:4</bdi> <mark" in page
    assert re.search(r"Taken back .* by <bdi>Ada \(console\)</bdi>: <bdi>misread</bdi>", page)
    assert "&lt;report&gt;" in page


def test_whoever_has_not_signed_in_or_sends_another_ones_form_corrects_nothing(
    console: Console, ada: Visitor, store: Store
) -> None:
    store.put([played()])
    fields = {**form(ada.page(PATH)), "home_score": "2", "why": "report"}
    assert ada.send("/matches/correct", {**fields, "csrf": "0"}).status == 403
    assert Visitor(console, "", ada.csrf).send("/matches/correct", fields).status == 401
    assert ada.send("/matches/correct", {**fields, "match_id": "2"}).status == 404
    assert console.get(f"/matches/correct?{quote('home_score=2')}").status == 405
    assert corrected(store) == {}
