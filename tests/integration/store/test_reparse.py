"""What a run that read kept documents again does in the store: it repairs the newest of a match, and no more."""

from __future__ import annotations

from uuid import UUID, uuid4

import pytest

from actors.store.counts import Counts
from actors.store.database import transaction
from actors.store.housekeeping import sweep
from actors.store.statements import statement
from contract.bounds import Retention
from tests.integration.store.conftest import DAY, Store, a_match
from tests.integration.store.readings import Run, read, withdrawn

#: What the mended parser reads, where the old one read "Field 1".
MENDED = "Field 1, North"


def again(store: Store, day: int, *match_ids: str, of: UUID | None = None, on: int = 20) -> Run:
    """The run of that day is read again, on another, by a parser that is mended."""
    run = Run(store, on, ("a",), params={"reparse": str(of or uuid4())}, hour=5).start()
    rows = [a_match(match_id, location=MENDED) for match_id in match_ids]
    return run.put(rows, day=day).end(complete=False, observed_at=DAY.format(day))


def places(store: Store) -> dict[str, str]:
    rows = store.rows("SELECT match_id, location FROM match_list ORDER BY match_id")
    return {row["match_id"]: row["location"] for row in rows}


def counts(run: Run) -> dict[str, int]:
    """What became of its rows, as far as anything did."""
    return {name: run.row[name] for name in Counts.__slots__ if run.row[name]}


class TestWhichObservationCounts:
    def test_the_newest_is_repaired(self, store: Store) -> None:
        """Also a match that it saw unchanged, whose values come from an older one; the history says by which run."""
        read(store, 1, "1", "2")
        read(store, 2, "1", "2")
        run = again(store, 2, "1", "2")
        assert (run.state, counts(run)) == ("succeeded", {"updated": 2})
        assert store.changes() == [("1", "location", "Field 1", MENDED), ("2", "location", "Field 1", MENDED)]
        assert {str(row["run_id"]) for row in store.rows("SELECT run_id FROM match_changes")} == {str(run.run_id)}
        assert counts(again(store, 2, "1", "2")) == {"unchanged": 2}

    @pytest.mark.parametrize("how", ["unchanged", "changed"])
    def test_an_older_one_is_stale_where_a_newer_one_listed_the_match(self, store: Store, how: str) -> None:
        """What the site said later is read from its own documents."""
        read(store, 1, "1")
        Run(store, 2).start().put([a_match("1", notes="moved" if how == "changed" else None)]).end()
        run = again(store, 1, "1")
        assert (run.state, counts(run)) == ("succeeded", {"stale": 1})
        assert places(store) == {"1": "Field 1"}
        again(store, 2, "1")
        assert places(store) == {"1": MENDED}

    def test_an_older_one_repairs_what_nothing_newer_listed(self, store: Store) -> None:
        """A newer run asked for less: 2 was not looked at, and the frontier of its part is of no matter to it."""
        read(store, 1, "1", "2", "3")
        read(store, 2, "1", "3", complete=False)
        read(store, 3, "1", complete=False)
        assert counts(again(store, 1, "1", "2", "3")) == {"stale": 2, "updated": 1}
        assert counts(again(store, 2, "1", "3")) == {"stale": 1, "updated": 1}
        assert places(store) == {"1": "Field 1", "2": MENDED, "3": MENDED}
        assert store.match("3")["observed_at"].day == 2

    def test_it_repairs_what_the_site_has_dropped_and_leaves_it_withdrawn(self, store: Store) -> None:
        """Its values are of the last that listed it; that a newer one did not list it stays as it is."""
        read(store, 1, "1", "2")
        read(store, 2, "1", "2")
        read(store, 3, "1")
        assert counts(again(store, 1, "1", "2")) == {"stale": 2}
        assert counts(again(store, 2, "1", "2")) == {"stale": 1, "updated": 1}
        assert places(store) == {"1": "Field 1", "2": MENDED}
        assert withdrawn(store) == {"2": "03"}
        assert store.changes() == [("2", "location", "Field 1", MENDED), ("2", "withdrawn_at", None, DAY.format(3))]
        read(store, 4, "1", "2")
        assert withdrawn(store) == {}

    def test_oldest_first_or_newest_first_is_the_same(self, store: Store) -> None:
        """The order of observations decides, and each match ends as its newest documents say."""
        listed = {1: ("1", "2", "3"), 2: ("1", "2"), 3: ("1",)}
        for day, match_ids in listed.items():
            read(store, day, *match_ids, complete=False)
        for day in (3, 1, 2):
            again(store, day, *listed[day])
        assert set(places(store).values()) == {MENDED}
        assert [
            row["day"]
            for row in store.rows("SELECT extract(day FROM observed_at)::int AS day FROM match_list ORDER BY match_id")
        ] == [3, 2, 1]

    def test_what_it_lists_and_nobody_ever_stored_is_stored(self, store: Store) -> None:
        """The old parser could not read it at all."""
        read(store, 1, "1")
        read(store, 2, "1")
        assert counts(again(store, 1, "1", "2")) == {"stale": 1, "inserted": 1}

    def test_before_the_horizon_nothing_that_later_runs_may_have_seen_is_touched(self, store: Store) -> None:
        """What was seen then is forgotten after `inbox_days`; a part of which nothing newer was stored is repaired."""
        read(store, 1, "1", "2")
        read(store, 2, "1", complete=False)
        read(store, 1, "3", part="b")
        with transaction(store.pool) as connection:
            connection.execute("INSERT INTO touchline.horizon (before) VALUES ('2026-10-20T00:00:00Z')")
        assert counts(again(store, 1, "1", "2")) == {"stale": 2}
        store.run_id = uuid4()
        assert store.put([a_match("3", location=MENDED)], day=1, part="b") == Counts(updated=1)


class TestTheRun:
    def test_it_is_held_against_nothing_that_was_seen_since(self, store: Store) -> None:
        """It lists a tenth of what the last good run did, of a state that is older: that is what it is there for."""
        many = [str(n) for n in range(40)]
        first = read(store, 1, *many[:4])
        read(store, 2, *many)
        run = again(store, 1, *many[:4], of=first.run_id)
        assert (run.state, run.error) == ("succeeded", "")

    def test_a_site_that_stood_still_is_no_matter(self, store: Store) -> None:
        """The newest documents are read again after weeks."""
        run = read(store, 1, "1")
        assert again(store, 1, "1", of=run.run_id).state == "succeeded"

    def test_it_is_no_yardstick(self, store: Store) -> None:
        """The next run of the site is held against the last of the site."""
        many = [str(n) for n in range(40)]
        read(store, 1, *many)
        read(store, 2, *many[:38])
        again(store, 1, *many, on=3)
        again(store, 2, *many[:3], on=4)
        good = read(store, 5, *many[:38])
        assert (good.state, good.error) == ("succeeded", "")
        half = read(store, 6, *many[:19])
        assert half.state == "suspect"
        assert "found 38" in half.error

    def test_it_withdraws_nothing(self, store: Store) -> None:
        """What its documents leave out may be listed by now."""
        run = read(store, 1, "1", "2", "3")
        again(store, 1, "1", of=run.run_id)
        assert withdrawn(store) == {}

    def test_one_that_finds_nothing_is_suspect_and_no_news(self, store: Store) -> None:
        """Whoever asked for it is told by the command; neither the webhook nor the doctor has anything to say."""
        read(store, 1, "1")
        run = again(store, 1)
        assert (run.state, run.error) == ("suspect", "the site listed no match at all in what was asked for")
        assert store.rows("SELECT kind FROM touchline.news") == []
        assert store.rows("SELECT scope FROM touchline.troubles") == []
        with transaction(store.pool) as connection:
            connection.execute("UPDATE touchline.run_accounts SET started_at = now()")
        assert store.rows(statement("reading/unhealthy_runs")) == []

    def test_its_account_goes_when_it_is_old(self, store: Store) -> None:
        """The last good run of a scope stays; that of documents which were read once more is no such thing."""
        first = read(store, 1, "1")
        again(store, 1, "1", of=first.run_id)
        with transaction(store.pool) as connection:
            connection.execute("UPDATE touchline.run_accounts SET finished_at = now() - interval '500 days'")
        sweep(store.pool, Retention())
        assert [row["run_id"] for row in store.rows("SELECT run_id FROM runs")] == [first.run_id]
