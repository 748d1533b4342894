"""Whatever a site calls its teams, a calendar stays a calendar."""

from __future__ import annotations

from typing import Any
from urllib.parse import unquote

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from actors.calendars.events import title_of, uid_of
from actors.calendars.texts import address, line, name
from tests.unit.actors.calendar_rows import a_row, document, event, parsed

#: What ends lines, escapes, or turns a text around, for one reader or another.
PIECES = [
    "\r\n",
    "\n",
    "\r",
    "\\",
    "\\n",
    ";",
    ",",
    ":",
    '"',
    "^n",
    " ",
    "\t",
    "\x85",
    "\u2028",
    "\x1f",
    "\x7f",
    "\u202e",
]
PIECES += ["\u2067", "\u200f", "é", "\U0001f3f4", "نادي", "END:VEVENT", "<script>", "A" * 80]

#: What PostgreSQL can hold, with what calendars are made of more often than chance would have it.
TEXTS = st.one_of(
    st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\x00"), min_size=1, max_size=300),
    st.lists(
        st.sampled_from(PIECES),
        min_size=1,
        max_size=20,
    ).map("".join),
)
FIELDS = ("match_id", "league", "match_type", "division", "home_team", "away_team", "location", "round", "notes")


@given(st.fixed_dictionaries(dict.fromkeys(FIELDS, TEXTS)))
@example(dict.fromkeys(FIELDS, "x\r\nEND:VEVENT\r\nBEGIN:VEVENT\r\nUID:mine\r\nATTACH:file:///etc/passwd"))
@example(dict.fromkeys(FIELDS, "<script>alert(1)</script>\u202e\"'\\,;:"))
def test_no_text_breaks_out_of_its_line(fields: dict[str, Any]) -> None:
    """One event, the properties of every event, each with its text; lines of 75 octets, and no control character."""
    row = a_row(**fields)
    content = document(row)
    assert all(len(each) <= 75 for each in content.split(b"\r\n"))
    text = content.decode()
    assert not [char for char in text.replace("\r\n", "") if ord(char) < 0x20 or 0x7F <= ord(char) < 0xA0]
    assert text.count("\r") == text.count("\n") == text.count("\r\n")
    # readers that cut lines wherever Python does find the same ones
    assert len(text.splitlines()) == len(text.split("\r\n")) - 1
    (shown,) = parsed(content).walk("VEVENT")
    plain = {key for key in event() if key != "LOCATION"}
    assert set(shown) - {"LOCATION"} == plain
    assert str(shown["SUMMARY"]) == title_of(row)
    assert str(shown.get("LOCATION", "")) == line(fields["location"])
    assert str(shown["UID"]) == uid_of("mlsnext", fields["match_id"])


@given(TEXTS, TEXTS)
def test_a_uid_tells_matches_apart(one: str, other: str) -> None:
    """It is the identity itself in other letters, so that two matches never share one."""
    uid = uid_of("mlsnext", one)
    assert uid.isascii()
    assert uid.isprintable()
    assert unquote(uid.removesuffix("@mlsnext.touchline")) == one
    assert (uid == uid_of("mlsnext", other)) == (one == other)
    assert uid_of("a", f"{one}@b") != uid_of("b", f"{one}@a")


def test_a_name_does_not_turn_a_result_around() -> None:
    """Overrides are taken out; letters that are read from the right are kept apart from the score."""
    shown = event(
        status="completed", home_score=1, away_score=3, home_team="IFA\u202e", away_team="\u05de\u05db\u05d1\u05d9"
    )
    assert str(shown["SUMMARY"]) == "IFA 1:3 \u2068\u05de\u05db\u05d1\u05d9\u2069"
    assert name("IFA") == "IFA"
    assert name("\u202e \r\n") == "?"


@pytest.mark.parametrize(
    ("url", "kept"),
    [
        ("https://example.org/a?b=c;d,e#f", True),
        ("http://example.org", True),
        ("HTTPS://example.org/", True),
        (None, False),
        ("", False),
        ("javascript:alert(1)", False),
        ("data:text/html,x", False),
        ("https:///no-host", False),
        ("https://[broken", False),
        ("//example.org", False),
        ("https://example.org/\r\nATTACH:x", False),
        ("https://example.org/\u2028x", False),
        ("https://example.org/\u202ex", False),
        ("https://example.org/a b", False),
    ],
)
def test_only_an_address_on_the_web_is_a_link(url: str | None, kept: bool) -> None:
    """Nothing else that a phone might open when somebody touches it."""
    assert address(url) == (url if kept else None)
    assert ("URL" in event(url=url)) is kept
