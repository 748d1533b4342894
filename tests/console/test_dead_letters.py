"""The pages of dead letters: what they show, what is sent again, and what is dropped."""

from __future__ import annotations

import re
from typing import Any

import pytest

from actors.store.dead import DeadRow
from contract.broker import queue_depths
from contract.names import MATCHES
from tests.fix_console import Console
from tests.integration.store.conftest import Store, a_match
from tests.integration.store.letters import a_batch, acts, bury, letters

pytestmark = pytest.mark.slow

HOSTILE = '<script>alert(1)</script> "O\'Hara" \u202eevil'


def _bury(store: Store, number: int, **said: Any) -> list[int]:
    """So many letters, oldest first."""
    for _ in range(number):
        bury(store, a_batch(store, [a_match("1")]), **said)
    return [letter["dead_id"] for letter in letters(store)]


def test_they_are_shown_newest_first_in_pages_without_a_gap(console: Console, store: Store) -> None:
    ids = _bury(store, 120)
    shown: list[int] = []
    path: str | None = "/dead-letters"
    while path:
        page = console.page(path)
        shown += [int(found) for found in re.findall(r'<a href="/dead-letters/(\d+)">', page)]
        onward = re.search(r'href="([^"]+)" rel="next"', page)
        path = onward[1].replace("&amp;", "&") if onward else None
    assert shown == ids[::-1]


def test_filters_narrow_them(console: Console, store: Store) -> None:
    _bury(store, 1, reason="attempts_exhausted:KeyError")
    (_, other) = _bury(store, 1, reason="ContractViolation")
    page = console.page("/dead-letters?reason=contract")
    assert re.findall(r'<a href="/dead-letters/(\d+)">', page) == [str(other)]
    assert "No dead letter fits" in console.page("/dead-letters?queue=runs")
    assert "No dead letter fits" in console.page("/dead-letters?run=6c3f2f0e-6a36-4a52-8d3e-1d1d1d1d1d1d")
    assert console.get("/dead-letters?state=closed").status == 422


def test_one_is_shown_with_all_that_it_held_and_nothing_of_it_is_markup(console: Console, store: Store) -> None:
    store.put([], bad=[DeadRow("m<b>1", "no_such_day", f"{HOSTILE} is no day", a_match("1", home_team=HOSTILE))])
    (letter,) = letters(store)
    for page in (console.page("/dead-letters"), console.page(f"/dead-letters/{letter['dead_id']}")):
        assert "<script>alert" not in page
        assert "&lt;script&gt;alert(1)&lt;/script&gt;" in page
        assert "m&lt;b&gt;1" in page
    assert console.get("/dead-letters/999999999").status == 404
    assert console.get(f"/dead-letters/{2**70}").status == 404


def test_whoever_has_not_signed_in_sees_no_form_and_changes_nothing(console: Console, store: Store) -> None:
    (letter,) = _bury(store, 1)
    assert 'method="post"' not in console.page(f"/dead-letters/{letter}")
    form = {"Content-Type": "application/x-www-form-urlencoded"}
    for act in ("replay", "drop"):
        body = f"letter={letter}&why=none"
        assert console.ask("POST", f"/dead-letters/{act}", body=body, headers=form, act=True).status == 401
        assert console.get(f"/dead-letters/{act}").status in (404, 422)
    assert acts(store) == []


def test_one_is_sent_again_under_the_name_of_who_did_it(console: Console, store: Store, store_url: str) -> None:
    (letter,) = _bury(store, 1)
    visitor = console.sign_in("Ada Lovelace")
    sent = visitor.send("/dead-letters/replay", {"letter": letter, "back": f"/dead-letters/{letter}"})
    assert (sent.status, sent.headers["Location"]) == (303, f"/dead-letters/{letter}?done=replayed&letters=1")
    assert acts(store) == [("replay", "Ada Lovelace (console)", None)]
    assert queue_depths(store_url, [MATCHES])[MATCHES][0] == 1
    page = visitor.page(sent.headers["Location"])
    assert "Sent again" in page
    assert "Ada Lovelace" in page
    again = visitor.send("/dead-letters/replay", {"letter": letter})
    assert again.status == 200
    assert "was replayed by Ada Lovelace (console)" in again.data.decode()


def test_those_that_a_page_shows_are_dropped_at_once_for_a_reason(console: Console, store: Store) -> None:
    ids = _bury(store, 3)
    visitor = console.sign_in()
    assert visitor.send("/dead-letters/drop", {"letter": ids[:1], "why": "  "}).status == 422
    assert visitor.send("/dead-letters/drop", {"why": "none is ticked", "shown": ids}).status == 422
    assert visitor.send("/dead-letters/drop", {"csrf": "", "letter": ids, "why": "forged"}).status == 403
    assert {letter["state"] for letter in letters(store)} == {"open"}
    form = {
        "shown": ids[1:],
        "letter": ids[:1],
        "everything": "true",
        "why": "test data",
        "back": "/dead-letters?kind=match",
    }
    dropped = visitor.send("/dead-letters/drop", form)
    assert (dropped.status, dropped.headers["Location"]) == (303, "/dead-letters?kind=match&done=dropped&letters=2")
    assert [letter["state"] for letter in letters(store)] == ["open", "dropped", "dropped"]
    assert "2 dead letters dropped" in visitor.page(dropped.headers["Location"])
    again = visitor.send("/dead-letters/drop", {"letter": [*ids, 10**9], "why": "all of them"}).data.decode()
    assert "1 letter was dropped" in again
    assert again.count("was dropped by Ada (console)") == 2
    assert "There is no such letter" in again


def test_a_form_leads_back_to_ours_alone(console: Console, store: Store) -> None:
    (letter,) = _bury(store, 1)
    form = {"letter": letter, "why": "x", "back": "//evil.example/a"}
    assert console.sign_in().send("/dead-letters/drop", form).headers["Location"] == "/?done=dropped&letters=1"
