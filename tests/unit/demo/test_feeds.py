"""The documents: the real site's format to the byte, and tables that agree with the results beside them."""

from __future__ import annotations

import json
import re
from collections import defaultdict
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from touchline.demo.league import League

OCTOBER = datetime(2026, 10, 3, 22, 30, tzinfo=UTC)
SPRING = datetime(2027, 4, 5, 16, 0, tzinfo=UTC)

SAMPLES = Path(__file__).parents[4] / "shared" / "feeds"
SCHEDULE = SAMPLES / "schedule.mls-next-league-26-27.2026-10-03.json"
STANDINGS = SAMPLES / "standings.mls-next-league-26-27.json"

#: Not in the samples, which have U13 of homegrown alone: `{"value": …}` is SOURCES.md's, section 1.
BEYOND_THE_SAMPLES = {
    "/home_penalty_shootout_score": {"int"},
    "/away_penalty_shootout_score": {"int"},
    "/home_score": {"int"},
    "/away_score": {"int"},
}

with_samples = pytest.mark.skipif(not SAMPLES.is_dir(), reason="the real sample feeds are not here")


def written(document: Any) -> bytes:
    """As the site writes JSON."""
    return json.dumps(document, indent=0, ensure_ascii=False).encode()


def shapes(value: Any, path: str = "") -> Iterator[tuple[str, str]]:
    """Every path in a document with the type of what stands there; lists and values by key are one path."""
    yield path, type(value).__name__
    if isinstance(value, dict):
        for key, item in value.items():
            yield from shapes(item, f"{path}/*" if path.endswith("tiebreaker_values") else f"{path}/{key}")
    elif isinstance(value, list):
        for item in value:
            yield from shapes(item, f"{path}[]")


def types(document: Any) -> dict[str, set[str]]:
    found: defaultdict[str, set[str]] = defaultdict(set)
    for path, kind in shapes(document):
        found[path].add(kind)
    return found


def keys(value: Any) -> Any:
    """The keys of an object in their order, with those of the objects in it."""
    return [(key, keys(item)) for key, item in value.items()] if isinstance(value, dict) else None


@pytest.fixture(scope="module", params=[OCTOBER, SPRING], ids=["october", "spring"])
def moment(request: pytest.FixtureRequest) -> datetime:
    chosen: datetime = request.param
    return chosen


@pytest.mark.parametrize("place", [0, 1, 2], ids=["homegrown", "flex", "academy"])
def test_documents_are_written_as_the_site_writes_json(demo_league: League, moment: datetime, place: int) -> None:
    """One value a line, no indentation, UTF-8 unescaped: what is filled into a form equals `json.dumps`."""
    snapshot, key = demo_league.at(moment), demo_league.keys[place]
    for document in (snapshot.schedule(key), snapshot.standings(key)):
        assert written(json.loads(document)) == document


@with_samples
def test_the_samples_are_written_so() -> None:
    """The form that the test above holds us to is the real one."""
    for sample in (SCHEDULE, STANDINGS):
        assert written(json.loads(sample.read_bytes())) == sample.read_bytes()


@with_samples
@pytest.mark.parametrize("place", [0, 1, 2], ids=["homegrown", "flex", "academy"])
def test_events_have_the_samples_keys_and_types(demo_league: League, moment: datetime, place: int) -> None:
    """Each key, in the sample's order, with a type that the sample has there, or that SOURCES.md names."""
    ours = json.loads(demo_league.at(moment).schedule(demo_league.keys[place]))
    real = json.loads(SCHEDULE.read_bytes())
    assert list(ours) == list(real)
    assert {str(keys(event)) for event in ours["events"]} == {str(keys(real["events"][0]))}
    allowed = types({"events": real["events"]})
    for path, found in types({"events": ours["events"]}).items():
        assert found <= allowed[path] | BEYOND_THE_SAMPLES.get(path.removeprefix("/events[]"), set()), path


@with_samples
def test_standings_have_the_samples_keys_and_types(demo_league: League, moment: datetime) -> None:
    """The same for brackets and their lines; the values are objects of two strings."""
    allowed = types(json.loads(STANDINGS.read_bytes()))
    for key in demo_league.keys:
        ours = types(json.loads(demo_league.at(moment).standings(key)))
        for path in [path for path in ours if "tiebreaker_values/*" in path]:
            found = ours.pop(path)
            assert found == ({"dict"} if path.endswith("*") else {"str"}), path
        assert {path: found for path, found in ours.items() if found != allowed.get(path)} == {}


@pytest.mark.parametrize(("place", "label"), [(0, r"U\d\d"), (1, r"U\d\d"), (2, r"U\d\d AD")])
def test_squads_are_called_by_their_age_group(demo_league: League, place: int, label: str) -> None:
    """`U14` in homegrown and flex, `U14 AD` in Academy (SOURCES.md, section 1)."""
    events = json.loads(demo_league.at(OCTOBER).schedule(demo_league.keys[place]))["events"]
    assert all(re.fullmatch(label, event[f"{side}_squad_name"]) for event in events for side in ("home", "away"))


def test_the_events_division_is_useless(demo_league: League) -> None:
    """SOURCES 1.1: `MLS Next` everywhere; in Academy it disagrees with the standings now and then."""
    snapshot, (homegrown, flex, academy) = demo_league.at(OCTOBER), demo_league.keys
    for key in (homegrown, flex):
        events = json.loads(snapshot.schedule(key))["events"]
        assert {str(event["division"]) for event in events} == {str({"id": 2, "name": "MLS Next"})}
    brackets = json.loads(snapshot.standings(academy))["competition_season"]["competition_brackets"]
    seats = {line["team"]["squad_id"]: bracket["name"] for bracket in brackets for line in bracket["standings"]}
    events = json.loads(snapshot.schedule(academy))["events"]
    agree = [
        seats[each["home_squad_id"]] == each["division"]["name"] for each in events if each["home_squad_id"] in seats
    ]
    assert 0.3 < sum(agree) / len(agree) < 0.9


def test_values_are_written_as_strings(demo_league: League) -> None:
    """Counts as `3`, rates as `3.0` with what they are made of; Flex has four keys more (SOURCES.md, section 1)."""
    snapshot = demo_league.at(OCTOBER)
    found = []
    for key in demo_league.keys[:2]:
        brackets = json.loads(snapshot.standings(key))["competition_season"]["competition_brackets"]
        found.append(next(bracket for bracket in brackets if bracket["age_group"]["name"] == "U17")["standings"][0])
    homegrown, flex = (line["tiebreaker_values"] for line in found)
    points, played = int(homegrown["points"]["value"]), int(homegrown["matches_played"]["value"])
    rate = homegrown["points_per_match_penalty_shootout"]
    assert rate == {"value": str(round(points / played, 2)), "description": f"{points} points / {played} matches"}
    assert "." in rate["value"]
    extra = {"won_penalty_shootout", "tie_penalty_shootout", "loss_penalty_shootout", "points_penalty_shootout"}
    assert set(flex) - set(homegrown) == extra


def test_the_youngest_brackets_publish_quality_of_play_without_values(demo_league: League, moment: datetime) -> None:
    """U13 and U14 (SOURCES.md, section 1): alphabetical, at every moment."""
    for key in (demo_league.keys[0], demo_league.keys[2]):
        document = json.loads(demo_league.at(moment).standings(key))
        for bracket in document["competition_season"]["competition_brackets"]:
            named = {each["key"] for each in bracket["tiebreakers"]}
            values = [line["tiebreaker_values"] for line in bracket["standings"]]
            if bracket["age_group"]["name"] in ("U13", "U14"):
                assert named == {"taka_quality_of_play", "taka_att_score", "taka_def_score"}
                assert not any(values)
                names = [line["team"]["name"].casefold() for line in bracket["standings"]]
                assert names == sorted(names)
            else:
                assert all(values)


def test_before_the_first_match_all_tables_are_alphabetical(demo_league: League) -> None:
    """And hold no values."""
    document = json.loads(demo_league.at(datetime(2026, 8, 20, tzinfo=UTC)).standings(demo_league.keys[0]))
    for bracket in document["competition_season"]["competition_brackets"]:
        names = [line["team"]["name"].casefold() for line in bracket["standings"]]
        assert names == sorted(names)
        assert not any(line["tiebreaker_values"] for line in bracket["standings"])


def test_tables_agree_with_the_results_beside_them(demo_league: League, moment: datetime) -> None:
    """Counted again from the schedule document alone: matches, wins, draws, defeats, points; and in that order."""
    snapshot = demo_league.at(moment)
    for key in demo_league.keys:
        brackets = json.loads(snapshot.standings(key))["competition_season"]["competition_brackets"]
        counted = recount(json.loads(snapshot.schedule(key)), brackets)
        for bracket in brackets:
            lines = [line for line in bracket["standings"] if line["tiebreaker_values"]]
            for line in lines:
                values = line["tiebreaker_values"]
                published = [int(values[name]["value"]) for name in ("matches_played", "won", "tie", "loss")]
                assert published == counted[bracket["id"], line["team"]["squad_id"]], line
            rates = [rate(line) for line in lines]
            assert rates == sorted(rates, reverse=True)
            assert [line["position"] for line in bracket["standings"]] == list(range(1, len(bracket["standings"]) + 1))


def rate(line: dict[str, Any]) -> float:
    values = line["tiebreaker_values"]
    points = values.get("points_penalty_shootout", values["points"])
    return int(points["value"]) / max(1, int(values["matches_played"]["value"]))


def recount(schedule: dict[str, Any], brackets: list[dict[str, Any]]) -> dict[tuple[int, int], list[int]]:
    """Played, won, drawn, lost of each squad in each bracket, by the rules of SOURCES.md, section 1."""
    seats: defaultdict[int, list[dict[str, Any]]] = defaultdict(list)
    for bracket in brackets:
        for line in bracket["standings"]:
            seats[line["team"]["squad_id"]].append(bracket)
    counted: defaultdict[tuple[int, int], list[int]] = defaultdict(lambda: [0, 0, 0, 0])
    for event in schedule["events"]:
        if not event["completed"] or event["start_time"] > schedule["synced_at"]:
            continue
        home, away = event["home_squad_id"], event["away_squad_id"]
        shared = [bracket for bracket in seats[home] if bracket in seats[away]]
        if len(shared) > 1:
            pathway = "Pathway" in event["competition"]["name"]
            shared = [bracket for bracket in shared if ("Pathway" in bracket["name"]) is pathway]
        for squad, scored, conceded in (
            (home, event["home_score"], event["away_score"]),
            (away, event["away_score"], event["home_score"]),
        ):
            for bracket in shared or (seats[squad] if seats[home] and seats[away] else seats[home] + seats[away]):
                line = counted[bracket["id"], squad]
                line[0] += 1
                line[1 + (scored == conceded) + 2 * (scored < conceded)] += 1
    return counted
