"""Tables that disagree with the official ones are found after a whole reading, told once, and their end once."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

from actors.store.disagreements import compare_due
from tests.integration.store.brackets import matches_of, publish
from tests.integration.store.conftest import Store
from tests.integration.store.readings import Run
from tests.integration.store.test_comparison import line

#: 1:0 for Ash: as it is, and as nobody can explain it.
RIGHT = [line("Ash", won=1), line("Birch", lost=1)]
WRONG = [line("Ash", won=2), line("Birch", lost=1)]


def read(store: Store, day: int, *tables: tuple[str, list[dict[str, object]]], **params: object) -> Run:
    """A reading that ends well: one match in each division, and the official tables of the day."""
    run = Run(store, day, params=params).start()
    rows = [
        row
        for number, (division, _) in enumerate(tables, 1)
        for row in matches_of([("Ash", "Birch", 1, 0)], first=number, division=division)
    ]
    run.put(rows)
    publish(store, *tables, day=day)
    return run.end()


def news(store: Store) -> list[tuple[str, str]]:
    rows = store.rows("SELECT kind, payload FROM touchline.news ORDER BY created_at, ctid")
    return [(row["kind"], row["payload"]["scope"]["division"]) for row in rows]


def test_tables_that_agree_are_no_news(store: Store) -> None:
    read(store, 1, ("Northeast", RIGHT))
    assert compare_due(store.pool) == []
    assert news(store) == []
    [row] = store.rows("SELECT source, tables FROM touchline.last_comparisons")
    assert row == {"source": "mlsnext", "tables": 1}


def test_a_disagreement_is_told_once_and_its_end_once(store: Store) -> None:
    """Whatever readings there are in between; a table of another division says nothing about it."""
    run = read(store, 1, ("Northeast", WRONG), ("South", RIGHT))
    [found] = compare_due(store.pool)
    assert found.title == "homegrown U14 Northeast 2026-27"
    assert found.sentence.startswith("Ash: officially 2 played, 2 won, 6 points; by the stored results 1 played")
    [told] = store.rows("SELECT * FROM touchline.news")
    payload = told["payload"]
    assert payload.pop("since")
    assert payload == {
        "source": "mlsnext",
        "scope": {"season": "2026-27", "league": "homegrown", "age_group": "U14", "division": "Northeast"},
        "run_id": str(run.run_id),
        "state": "disagrees",
        "error": found.sentence,
        "counts": {"differences": 1},
    }
    read(store, 2, ("Northeast", WRONG), ("South", RIGHT))
    assert compare_due(store.pool) == []
    read(store, 3, ("Northeast", RIGHT), ("South", WRONG))
    [other] = compare_due(store.pool)
    assert other.title == "homegrown U14 South 2026-27"
    assert sorted(news(store)) == [
        ("table.agrees", "Northeast"),
        ("table.disagrees", "Northeast"),
        ("table.disagrees", "South"),
    ]
    assert [row["division"] for row in store.rows("SELECT division FROM touchline.disagreements")] == ["South"]


def test_nothing_is_compared_twice_after_one_reading(store: Store) -> None:
    """What somebody changes by hand in between is found by the next reading."""
    read(store, 1, ("Northeast", RIGHT))
    compare_due(store.pool)
    publish(store, ("Northeast", WRONG), day=2)
    assert compare_due(store.pool) == []
    read(store, 3, ("Northeast", WRONG))
    assert len(compare_due(store.pool)) == 1


def test_a_reading_of_some_matches_is_no_occasion(store: Store) -> None:
    """It leaves others older than the official tables; one that failed does, too."""
    read(store, 1, ("Northeast", WRONG), age_groups=["U14"])
    assert compare_due(store.pool) == []
    Run(store, 2).start().end(failed=True, kind="transient", error="the site went away")
    assert compare_due(store.pool) == []
    read(store, 3, ("Northeast", WRONG), leagues=["homegrown"])
    assert len(compare_due(store.pool)) == 1


def test_many_workers_tell_it_once(store: Store) -> None:
    """They come at the same time."""
    read(store, 1, ("Northeast", WRONG))
    with ThreadPoolExecutor(6) as threads:
        found = [each for done in [threads.submit(compare_due, store.pool) for _ in range(6)] for each in done.result()]
    assert len(found) == 1
    assert news(store) == [("table.disagrees", "Northeast")]


def test_a_table_that_is_not_compared_any_more_is_forgotten(store: Store) -> None:
    """As when its league has another season: nobody is told that it agrees."""
    read(store, 1, ("Northeast", WRONG))
    compare_due(store.pool)
    run = Run(store, 2).start()
    run.put(matches_of([("Ash", "Birch", 1, 0)], first=9, season="2027-28")).end(complete=False)
    assert compare_due(store.pool) == []
    assert store.rows("SELECT * FROM touchline.disagreements") == []
    assert [kind for kind, _ in news(store)] == ["table.disagrees"]
