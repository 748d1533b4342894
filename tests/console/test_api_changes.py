"""Whoever follows `next` of /changes sees every change, whatever is written meanwhile."""

from __future__ import annotations

import base64
import json
import threading
from typing import Any

import psycopg

from tests.console.stored import fill, row, store
from tests.fix_console import Console
from tests.fix_scraping import wait_until

_CHANGE = (
    "INSERT INTO touchline.changes (source, match_id, field, old, new, run_id) "
    "VALUES ('mlsnext', %s, 'status', 'scheduled', 'completed', '00000000-0000-0000-0000-000000000001')"
)


class Follower:
    """A program that asks for what is new, as long as there is more."""

    def __init__(self, console: Console, path: str = "/api/v1/changes?limit=2") -> None:
        self.console = console
        self.next = path
        self.seen: list[str] = []

    def follow(self) -> list[str]:
        """What is new: the matches of the changes, in the order in which they came."""
        new: list[str] = []
        while True:
            answer = self.console.get(self.next)
            assert answer.status == 200, answer.data
            said: Any = json.loads(answer.data)
            new += [change["match_id"] for change in said["changes"]]
            self.next = said["next"]
            if not said["more"]:
                self.seen += new
                return new

    def until(self, *expected: str) -> bool:
        """Whether just these come next, in this order. Some other transaction of the server may hold them up."""
        new: list[str] = []

        def all_there() -> bool:
            new.extend(self.follow())
            return len(new) >= len(expected)

        wait_until(all_there)
        assert new == list(expected)
        return True


def test_a_change_that_is_written_first_and_seen_last_is_not_missed(console: Console, store_url: str) -> None:
    """Two transactions are open; the one that wrote later ends first."""
    follower = Follower(console)
    assert follower.follow() == []
    with psycopg.connect(store_url) as early, psycopg.connect(store_url) as late:
        early.execute(_CHANGE, ("early 1",))
        late.execute(_CHANGE, ("late 1",))
        early.execute(_CHANGE, ("early 2",))
        late.commit()
        # it is there, and something that comes before it may still come: it is not shown yet
        assert follower.follow() == []
        early.commit()
        assert follower.until("early 1", "early 2", "late 1")
        late.execute(_CHANGE, ("late 2",))
        early.execute(_CHANGE, ("early 3",))
        early.rollback()
        late.commit()
        assert follower.until("late 2")
    assert follower.follow() == []


def test_one_that_took_its_number_later_and_wrote_before_is_not_missed(console: Console, store_url: str) -> None:
    """The number of a change and that of its transaction need not be in the same order."""
    follower = Follower(console)
    with psycopg.connect(store_url) as one, psycopg.connect(store_url) as other:
        one.execute("SELECT pg_current_xact_id()")
        other.execute(_CHANGE, ("other",))
        one.execute(_CHANGE, ("one",))
        one.commit()
        assert follower.until("one")
        other.commit()
        assert follower.until("other")


def test_nothing_is_missed_while_several_write(console: Console, store_url: str) -> None:
    follower = Follower(console)
    written: list[str] = []

    def write(name: int) -> None:
        with psycopg.connect(store_url) as connection:
            for number in range(40):
                connection.execute(_CHANGE, (f"{name}/{number}",))
                connection.execute(_CHANGE, (f"{name}/{number}b",))
                written.extend((f"{name}/{number}", f"{name}/{number}b"))
                connection.commit()

    threads = [threading.Thread(target=write, args=(name,)) for name in range(4)]
    for thread in threads:
        thread.start()
    while any(thread.is_alive() for thread in threads):
        follower.follow()
    for thread in threads:
        thread.join()
    wait_until(lambda: follower.follow() == [] and len(follower.seen) >= len(written))
    assert sorted(follower.seen) == sorted(written)


def test_since_leaves_out_what_was_stored_before(console: Console, store_url: str) -> None:
    fill(store_url)
    assert Follower(console, "/api/v1/changes?since=1h").until("a")
    assert Follower(console, "/api/v1/changes?since=2100-01-01").follow() == []
    follower = Follower(console, "/api/v1/changes?field=home_score&source=mlsnext")
    assert follower.until("a")
    store(store_url, row("a", home_score=9, away_score=9), observed_at="2026-10-08T00:00:00Z")
    assert follower.follow() == []
    store(store_url, row("a", home_score=8, away_score=9), observed_at="2026-10-09T00:00:00Z")
    assert follower.until("a")


def test_what_is_older_than_the_order_and_what_a_backup_brought_comes_first(console: Console, store_url: str) -> None:
    with psycopg.connect(store_url, autocommit=True) as connection:
        for name in ("old", "foreign", "new"):
            connection.execute(_CHANGE, (name,))
        connection.execute("UPDATE touchline.changes SET changed_in = NULL WHERE match_id = 'old'")
        connection.execute("UPDATE touchline.changes SET changed_in = '900000000000' WHERE match_id = 'foreign'")
        follower = Follower(console)
        assert follower.until("old", "foreign", "new")
        connection.execute(_CHANGE, ("newer",))
        assert follower.until("newer")


def test_a_cursor_of_the_server_before_the_restore_is_told_so(console: Console) -> None:
    cursor = base64.urlsafe_b64encode(json.dumps(["900000000000", 3]).encode()).decode().rstrip("=")
    answer = console.get(f"/api/v1/changes?cursor={cursor}")
    assert (answer.status, json.loads(answer.data)["title"]) == (410, "Gone")
