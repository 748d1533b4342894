"""The health of a run, from what it stored: held against earlier runs, the official tables, and itself."""

from __future__ import annotations

from pathlib import Path

import pytest

from actors.store.database import transaction
from actors.store.dead import DeadRow
from tests.integration.store.conftest import Store, a_match
from tests.integration.store.readings import Run, read, withdrawn

MANY = [str(n) for n in range(40)]


def test_half_the_matches_are_suspect(store: Store) -> None:
    """Nothing is withdrawn, what is stored stays, and the error has the numbers."""
    read(store, 1, *MANY)
    run = read(store, 2, *MANY[:20])
    assert run.state == "suspect"
    assert run.error == "a lists 20 matches; the last good run (2026-10-01 12:00 UTC) found 40"
    assert withdrawn(store) == {}


def test_the_last_good_run_is_asked_not_the_last(store: Store) -> None:
    """A suspect run is no measure for the next, or the second half of a feed would pass."""
    rejecting = {"complete": False}
    read(store, 1, *MANY, **rejecting)
    assert read(store, 2, *MANY[:20], **rejecting).state == "suspect"
    assert read(store, 3, *MANY[:20], **rejecting).state == "suspect"
    assert read(store, 4, *MANY, **rejecting).state == "succeeded"


def test_scopes_are_told_apart(store: Store) -> None:
    """A filtered run finds less, and is held against others with the same filter."""
    read(store, 1, *MANY)
    ashgrove = {"complete": False, "params": {"teams": ["Ashgrove"]}}
    assert read(store, 2, *MANY[:20], **ashgrove).state == "succeeded"
    assert read(store, 3, *MANY[:4], **ashgrove).state == "suspect"


def test_that_a_run_was_told_to_read_everything_anew_is_no_other_scope(store: Store) -> None:
    """`--full` ignores ETags, and finds the same."""
    read(store, 1, *MANY)
    assert read(store, 2, *MANY[:20], params={"full": True}).state == "suspect"


def test_a_run_that_asks_for_the_league_by_name_is_held_against_all(store: Store) -> None:
    """Whoever read all of a part found the same, whatever the run was called for: half is half."""
    read(store, 1, *MANY)
    run = read(store, 2, *MANY[:20], params={"leagues": ["homegrown"]})
    assert (run.state, run.error) == (
        "suspect",
        "a lists 20 matches; the last good run (2026-10-01 12:00 UTC) found 40",
    )
    assert withdrawn(store) == {}


def test_stored_matches_of_which_most_are_missing_are_not_withdrawn(store: Store) -> None:
    """No run before had read all, so that there is none to compare with."""
    read(store, 1, *MANY, complete=False, params={"teams": ["Ashgrove"]})
    run = read(store, 2, *MANY[:20])
    assert run.error == "a no longer lists 20 of the 40 matches that are stored of it"
    assert (run.state, withdrawn(store)) == ("suspect", {})


def test_later_runs_are_no_measure(store: Store) -> None:
    """A slow run that ends after a newer one is held against what was there when it began."""
    read(store, 1, *MANY[:20])
    slow = Run(store, 2).start().put(map(a_match, MANY[:20]))
    read(store, 3, *MANY)
    assert slow.end().state == "succeeded"


def test_a_site_that_shows_an_older_state_is_suspect(store: Store) -> None:
    """Last week's feed is nobody's news, even with every match in it."""
    read(store, 9, *MANY)
    run = Run(store, 10).start().put(map(a_match, MANY), day=2)
    run.end(observed_at="2026-10-02T12:00:00Z")
    assert run.state == "suspect"
    assert run.error == (
        "the site shows an older state of a: as of 2026-10-02 12:00 UTC, where 2026-10-09 12:00 UTC was seen before"
    )
    again = Run(store, 11).start().put(map(a_match, MANY), day=2)
    assert again.end(observed_at="2026-10-02T12:00:00Z").state == "suspect", (
        "the older state did not become the measure"
    )


def test_a_site_that_stands_still_is_suspect(store: Store) -> None:
    """Its documents are new each day, and say the same time."""
    for day, state in ((1, "succeeded"), (2, "succeeded"), (3, "suspect")):
        run = Run(store, day).start().put([a_match(m, location=f"Field {day}") for m in MANY], day=1)
        assert run.end(observed_at="2026-10-01T12:00:00Z").state == state
    assert run.error == "the site's state of a stands still: as of 2026-10-01 12:00 UTC, as 48 hours ago"


def test_a_part_that_was_not_modified_does_not_stand_still(store: Store) -> None:
    """ "Nothing new" is the site's own word, for weeks if need be; another part of the run has news."""
    for day in (1, 20):
        run = Run(store, day, ("a", "b")).start().put(map(a_match, MANY), part="b").end("b")
        if day == 1:
            run.put([a_match("x")]).end()
        else:
            run.end(not_modified=True, complete=False, observed_at=None, found=0)
        assert (run.state, run.error) == ("succeeded", "")


def test_rows_that_died_are_doubted_until_they_are_stored(store: Store) -> None:
    """A bug of the worker: the replays take the doubt back."""
    bad = [DeadRow(m, "malformed", "no", {}) for m in MANY[:8]]
    run = Run(store, 1).start().put(map(a_match, MANY[8:]), bad=bad).end()
    assert run.state == "suspect"
    assert run.error == "8 of 40 rows could not be read or stored"
    with transaction(store.pool) as connection:
        connection.execute("UPDATE touchline.dead SET state = 'replayed'")
    for letter in store.rows("SELECT match_id, carrier FROM touchline.dead"):
        store.put([a_match(letter["match_id"])], part="a", message_id=letter["carrier"])
    assert (run.state, run.error) == ("succeeded", "")


def test_divisions_without_a_match_are_told(store: Store) -> None:
    """The official tables name three, matches there are in one: the run succeeds, and says which have none."""
    run = Run(store, 1).start().tables("Northeast", "Central", "Pacific").put(map(a_match, MANY)).end()
    assert run.state == "succeeded"
    assert run.error == "2 of the 3 divisions of a have no match: U14 Central, U14 Pacific"


def test_only_what_this_run_saw_covers_a_division(store: Store) -> None:
    """Matches of it are stored, and none of them was listed today."""
    central = [a_match(f"c{n}", division="Central") for n in range(3)]
    Run(store, 1).start().tables("Northeast", "Central").put([*map(a_match, MANY), *central]).end()
    run = Run(store, 2).start().tables("Northeast", "Central").put(map(a_match, MANY)).end()
    assert run.error == "1 of the 2 divisions of a have no match: U14 Central"


def test_a_division_that_is_not_published_any_more_is_not_expected(store: Store) -> None:
    """The league was drawn up anew: its old tables are kept, and nothing has to be in them."""
    Run(store, 1).start().tables("Northeast", "Central").put(map(a_match, MANY)).end()
    run = Run(store, 2).start().tables("Northeast").put(map(a_match, MANY)).end()
    assert (run.state, run.error) == ("succeeded", "")


def test_coverage_is_told_whichever_comes_last(store: Store) -> None:
    """The official tables travel apart from the run's events, and may come after its end."""
    run = Run(store, 1).start().put(map(a_match, MANY)).end()
    assert (run.state, run.error) == ("succeeded", "")
    run.tables("Northeast", "Central")
    assert (run.state, run.error) == ("succeeded", "1 of the 2 divisions of a have no match: U14 Central")


def test_what_was_measured_stays_when_a_newer_run_has_stored_something(store: Store) -> None:
    """Asked again after weeks, the verdict on a run is what it was."""
    divisions = [f"Division {n}" for n in range(8)]
    run = Run(store, 1).start().tables("Northeast", *divisions).put(map(a_match, MANY)).end()
    assert run.state == "suspect"
    everywhere = [a_match(f"d{n}", division=name) for n, name in enumerate(divisions)]
    Run(store, 2).start().tables("Northeast", *divisions).put([*map(a_match, MANY), *everywhere]).end()
    before = run.row
    store.run_id = run.run_id
    store.put([a_match("0")], day=1, part="a")
    assert (run.state, run.error) == ("suspect", before["error"])


def test_new_teams_are_told_and_many_are_doubted(store: Store) -> None:
    """Of the first run all are new, which is not worth a word."""
    assert read(store, 1, *MANY).error == ""
    one = [a_match("0", away_team_id="3", away_team="Cedar"), *map(a_match, MANY[1:])]
    assert Run(store, 2).start().put(one).end().error == "1 of the 3 teams of a was never seen before"
    others = [a_match(m, home_team_id=f"h{m}", away_team_id=f"w{m}") for m in MANY]
    run = Run(store, 3).start().put(others).end()
    assert (run.state, run.error) == ("suspect", "80 of the 80 teams of a were never seen before")


def test_bounds_are_set_for_each_source(store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """`[sources.mlsnext.health]`: how a league that has shrunk in earnest is told so. A slip there harms no message."""
    settings = tmp_path / "touchline.toml"
    settings.write_text("[sources.mlsnext.health]\nleast_found = 0.4\n", encoding="utf-8")
    monkeypatch.setenv("TOUCHLINE_CONFIG", str(settings))
    read(store, 1, *MANY)
    assert read(store, 2, *MANY[:20]).state == "succeeded"
    assert len(withdrawn(store)) == 20
    settings.write_text("[sources.mlsnext.health]\nleast_found = 4\n", encoding="utf-8")
    assert read(store, 3, *MANY[:20]).state == "succeeded"
    assert read(store, 4, *MANY[:10]).state == "suspect"
