"""What programs read: filters, pages by key, ETags, refusals."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.console.stored import SOURCE, fill, row, store
from tests.fix_console import Console, MakeConsole

API = "/api/v1"


def asked(console: Console, path: str, *, status: int = 200, **headers: str) -> Any:
    """The answer as JSON."""
    answer = console.get(API + path, headers=headers)
    assert answer.status == status, answer.data[:500]
    return json.loads(answer.data)


def pages(console: Console, path: str, name: str) -> list[Any]:
    """Every row of a list, page by page."""
    found: list[Any] = []
    link = API + path
    for _ in range(100):
        answer = json.loads(console.get(link).data)
        found += answer[name]
        if answer["next"] is None:
            return found
        link = answer["next"]
    pytest.fail("the pages have no end")


def test_matches_come_by_filters_and_with_all_columns(console: Console, store_url: str) -> None:
    fill(store_url)
    found = asked(console, f"/matches?source={SOURCE}&league=HOMEGROWN&status=completed&team=script")["matches"]
    assert [match["match_id"] for match in found] == ["b"]
    assert found[0]["home_team"] == '<script>alert("1")</script>'
    assert found[0]["observed_at"] == "2026-10-04T00:00:00Z"
    assert asked(console, "/matches?date_from=2030-01-01")["matches"] == []
    assert len(asked(console, "/matches?since=1h&withdrawn=false")["matches"]) == 3
    assert asked(console, "/matches?since=2100-01-01")["matches"] == []


def test_a_filter_that_is_misspelt_lets_nothing_through(console: Console) -> None:
    problem = asked(console, "/matches?tema=x&limit=0", status=422)
    assert {error["where"] for error in problem["errors"]} == {"query.tema", "query.limit"}
    assert {"where": "query.tema", "what": "is unknown"} in problem["errors"]
    for path in ("/runs?x=1", "/sources?x=1", f"/matches/{SOURCE}/a?x=1", "/openapi.json?x=1"):
        assert asked(console, path, status=422)["errors"][0]["where"] == "query.x"


def test_pages_are_complete_and_show_nothing_twice_while_matches_move(console: Console, store_url: str) -> None:
    """Matches that change, come and move to other days between two pages are on one page all the same."""
    store(store_url, *(row(f"m{n:02}", date="2026-10-03") for n in range(0, 50, 2)))
    link, found, page = f"{API}/matches?limit=3", list[str](), 0
    while link:
        answer = json.loads(console.get(link).data)
        found += [match["match_id"] for match in answer["matches"]]
        link, page = answer["next"], page + 1
        moved = [row(f"m{n:02}", date=f"2026-{page % 9 + 1:02}-15") for n in range(0, 50, 2)]
        store(store_url, *moved, row(f"m{page * 2 - 1:02}"), observed_at=f"2026-10-05T00:00:{page:02}Z")
    assert len(found) == len(set(found))
    assert {f"m{n:02}" for n in range(0, 50, 2)} <= set(found)
    assert found == sorted(found)


@pytest.mark.parametrize(
    ("path", "name"),
    [("/matches?limit=2", "matches"), ("/teams?limit=1", "teams"), ("/standings?limit=1", "standings"),
     ("/runs?limit=1", "runs"), ("/dead-letters?limit=1", "dead_letters")],
)  # fmt: skip
def test_every_list_pages_to_the_same_rows(console: Console, store_url: str, path: str, name: str) -> None:
    for division in ("Florida", "Texas", None):
        fill(store_url)
        store(store_url, row(f"in {division}", division=division), observed_at="2026-10-06T00:00:00Z")
    whole = asked(console, path.partition("?")[0])
    assert whole["next"] is None
    assert len(whole[name]) >= 2
    assert pages(console, path, name) == whole[name]


@pytest.mark.parametrize("cursor", ["x", "WzFd", "W10", "bnVsbA", "%00", "WyIiLCIiXQ", "WyJcdTAwMDAiLCIiXQ", "é"])
@pytest.mark.parametrize("path", ["/matches", "/changes", "/teams", "/standings", "/runs", "/jobs", "/dead-letters"])
def test_no_page_begins_at_a_cursor_that_is_none(console: Console, path: str, cursor: str) -> None:
    answer = console.get(f"{API}{path}?cursor={cursor}")
    # what reads like a key of the list begins there: ["", ""] and [1]
    keys = {("/matches", "WyIiLCIiXQ"), ("/dead-letters", "WzFd")}
    allowed = {200} if (path, cursor) in keys else {404, 422}
    assert answer.status in allowed
    assert answer.headers["Content-Type"].startswith("application/")


def test_a_match_comes_with_its_history(console: Console, store_url: str) -> None:
    fill(store_url)
    match = asked(console, f"/matches/{SOURCE}/a")
    assert match["home_score"] == 9
    assert [(change["field"], change["old"], change["new"]) for change in match["history"]] == [
        ("home_score", "2", "9")
    ]
    assert match["history_is_whole"]
    assert asked(console, f"/matches/{SOURCE}/c%2Fd%20e")["match_id"] == "c/d e"
    assert asked(console, f"/matches/{SOURCE}/none", status=404)["title"] == "Not Found"


def test_what_has_not_changed_is_not_sent_again(console: Console, store_url: str) -> None:
    fill(store_url)
    first = console.get(f"{API}/matches")
    tag = first.headers["ETag"]
    assert first.headers["Cache-Control"] == "private, no-cache"
    for said in (tag, f'"other", W/{tag}', "*"):
        again = console.get(f"{API}/matches", headers={"If-None-Match": said})
        assert (again.status, again.data, again.headers["ETag"]) == (304, b"", tag)
    store(store_url, row("a", home_score=3), observed_at="2026-10-07T00:00:00Z")
    changed = console.get(f"{API}/matches", headers={"If-None-Match": tag})
    assert changed.status == 200
    assert changed.headers["ETag"] != tag


def test_head_answers_as_get_does_without_the_body(console: Console, store_url: str) -> None:
    fill(store_url)
    whole, head = console.get(f"{API}/matches"), console.ask("HEAD", f"{API}/matches")
    assert (head.status, head.data) == (200, b"")
    assert {name: head.headers[name] for name in ("ETag", "Content-Length", "Content-Type")} == {
        name: whole.headers[name] for name in ("ETag", "Content-Length", "Content-Type")
    }
    assert console.ask("HEAD", f"{API}/nothing").status == 404


def test_a_method_that_a_path_has_not_is_told_which_it_has(console: Console) -> None:
    answer = console.ask("DELETE", f"{API}/matches")
    assert (answer.status, answer.headers["Allow"]) == (405, "GET, POST, HEAD")
    assert answer.headers["Content-Type"] == "application/problem+json"


def test_standings_are_tables_with_their_rows(console: Console, store_url: str) -> None:
    store(store_url, row("a", home_score=2, away_score=1, home_penalties=None, away_penalties=None))
    (table,) = asked(console, "/standings?age_group=u14&division=florida")["standings"]
    assert (table["league"], table["division"], table["age_group"]) == ("homegrown", "Florida", "U14")
    assert [(line["position"], line["points"]) for line in table["rows"]] == [(1, 3), (2, 0)]
    assert asked(console, "/standings?season=2020-21")["standings"] == []


def test_sources_say_whether_they_are_installed_and_how_they_ran(console: Console, store_url: str) -> None:
    run = fill(store_url)
    found = {each["source"]: each for each in asked(console, "/sources")["sources"]}
    assert {"ics", "mlsnext", "modular11"} <= found.keys()
    assert all(each["installed"] for each in found.values())
    assert asked(console, f"/runs/{run}")["updated"] == 1
    assert asked(console, "/runs/00000000-0000-0000-0000-000000000000", status=404)["status"] == 404


def test_acting_takes_the_token_and_reading_does_where_that_is_said(make_console: MakeConsole) -> None:
    console = make_console()
    for path in ("/jobs", "/matches", "/runs", "/standings", "/dead-letters/1/replay"):
        answer = console.ask("POST", API + path, body=b"{}", headers={"Content-Type": "application/json"})
        assert (answer.status, answer.headers["Content-Type"]) == (401, "application/problem+json")
        assert answer.headers["WWW-Authenticate"].startswith("Bearer")
        wrong = console.ask("POST", API + path, body=b"{}", headers={"Authorization": "Bearer wrong"})
        assert wrong.status == 401
    closed = make_console(console_readers="token")
    assert closed.get(f"{API}/matches").status == 401
    assert closed.get(f"{API}/openapi.json").status == 401
    assert closed.get(f"{API}/matches", act=True).status == 200


def test_the_document_describes_every_route_and_the_contract(console: Console) -> None:
    document = asked(console, "/openapi.json")
    assert document["openapi"] == "3.1.0"
    operations = [(path, method) for path, methods in document["paths"].items() for method in methods]
    assert ("/api/v1/matches/{source}/{match_id}", "get") in operations
    names = [methods[method]["operationId"] for _, methods in document["paths"].items() for method in methods]
    assert len(names) == len(set(names)) == len(operations)
    text = json.dumps(document)
    for reference in {part.partition('"')[0] for part in text.split('"$ref": "')[1:]}:
        node = document
        for step in reference.removeprefix("#/").split("/"):
            node = node[step]
