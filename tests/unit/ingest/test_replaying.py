"""A source reads what is kept of a run as it would read the site, and nobody is asked for anything."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

from contract.settings import SourceSettings
from ingest.archive import Archive
from ingest.errors import NotKept
from ingest.http import Fetcher
from ingest.reading import Reader, Unreadable
from ingest.replaying import Kept, Replay, readable
from ingest.sources import Part, Reading, Scope
from ingest.sources.mlsnext import MLSNext
from tests.unit.ingest.keeping import PARTS, a_run, kept
from tests.unit.ingest_run.made_up import MadeUp, Says

SITE = "https://site.example"


def replay(directory: Path, run_id: UUID) -> Replay:
    return Replay(Archive(directory), kept(directory, run_id))


def test_an_address_is_answered_as_it_was_answered_then(tmp_path: Path) -> None:
    """A site whose first answer was no good was asked again: one after the other, and no more than there were."""
    documents = [(f"{SITE}/a", b"wrong", "a"), (f"{SITE}/b", b"other", "b"), (f"{SITE}/a", b"right", "a")]
    again = replay(tmp_path, a_run(tmp_path, *documents))
    assert [again.get(f"{SITE}/a", part="a").body for _ in range(3)] == [b"wrong", b"right", b"right"]
    assert again.get(f"{SITE}/a", part="b").body == b"right", "what was asked for another part has the last word"


def test_of_a_part_that_was_read_twice_the_last_reading_counts(tmp_path: Path) -> None:
    """Its worker was killed, and another began anew; what only the first has is better than nothing."""
    run_id = a_run(tmp_path, (f"{SITE}/1", b"killed", "a"), (f"{SITE}/2", b"killed", "a"), (f"{SITE}/b", b"b", "b"))
    a_run(tmp_path, (f"{SITE}/1", b"whole", "a"), (f"{SITE}/1", b"asked again", "a"), run_id=run_id)
    again = replay(tmp_path, run_id)
    assert [again.get(f"{SITE}/1", part="a").body for _ in range(2)] == [b"whole", b"asked again"]
    assert again.get(f"{SITE}/2", part="a").body == b"killed"
    assert again.get(f"{SITE}/b", part="b").body == b"b"


def test_what_is_not_kept_is_an_error(tmp_path: Path) -> None:
    """Permanent, with the address and no password; nothing is asked of the site."""
    run_id = a_run(tmp_path, (f"{SITE}/a", b"x", "a"))
    with pytest.raises(NotKept, match=r"site.example/c is not kept of that run: the site was not asked") as caught:
        replay(tmp_path, run_id).get("https://me:secret@site.example/c")
    assert "secret" not in str(caught.value)
    [document] = kept(tmp_path, run_id).documents
    Archive(tmp_path).document(document.sha256).write_bytes(b"")
    with pytest.raises(NotKept, match="gone or damaged"):
        replay(tmp_path, run_id).get(f"{SITE}/a")


def test_a_site_that_has_moved_is_found(tmp_path: Path) -> None:
    """The new version asks another host for the same; not where two hosts had it."""
    addresses = ("https://old.example/a?page=1", "https://old.example/", "https://viewer.example/")
    run_id = a_run(tmp_path, *((address, address.encode(), "a") for address in addresses))
    again = replay(tmp_path, run_id)
    assert again.get("https://me:secret@new.example/a?page=1").body == b"https://old.example/a?page=1"
    assert again.get("https://viewer.example/").body == b"https://viewer.example/"
    for address in ("https://new.example/", "https://new.example/a?page=2"):
        with pytest.raises(NotKept):
            again.get(address)


def test_a_page_is_read_without_a_browser(tmp_path: Path) -> None:
    """Its HTML, and what it asked for itself by addresses relative to where it came from; it cannot be clicked."""
    run_id = a_run(
        tmp_path, (f"{SITE}/start", b"<html>", "a"), ("https://site.example/list?page=2", b"<tr>", "a")
    )  # `said` answers from /final

    def work(page: Any) -> tuple[bytes, bytes, str]:
        return page.html().body, page.get("list?page=2").body, page.url

    again = replay(tmp_path, run_id)
    assert again.browse(f"{SITE}/start", work) == (b"<html>", b"<tr>", "https://site.example/final")
    for dead in (lambda page: page.page.click("a"), lambda page: page.requested):
        with pytest.raises(NotKept, match="is a kept page"):
            again.browse(f"{SITE}/start", dead)


class Asks:
    """A source whose parts are two documents."""

    name, description, leagues, concurrency, interval = "asks", "for tests", (), 2, 0.0

    @classmethod
    def make(cls, settings: SourceSettings) -> Asks:
        return cls()

    def plan(self, scope: Scope, fetcher: Fetcher) -> Sequence[Part]:
        raise AssertionError("a reparse does not plan")

    def fetch(self, part: Part, fetcher: Fetcher) -> Any:
        return [fetcher.get(f"{SITE}/{part.name}/{n}", part=part.name) for n in (1, 2)]

    def parse(self, part: Part, documents: Any) -> Reading:
        return Reading("2026-10-03T22:30:00Z", [], complete=True)


def outcome(directory: Path, run_id: UUID) -> dict[str, Any]:
    """Of each part of that run: complete or not, None, or what failed."""
    run = kept(directory, run_id)
    source = Kept(Asks(), run)
    fetcher = Replay(Archive(directory), run)
    became: dict[str, Any] = {}
    parts = source.plan(run.scope, fetcher)
    with Reader(source, fetcher, parts) as reader:
        for part in parts:
            try:
                with reader.reading(part) as reading:
                    became[part.name] = reading and reading.complete
            except Unreadable as error:
                became[part.name] = type(error.reason)
    return became


def test_parts_are_those_that_were_planned_and_answered(tmp_path: Path) -> None:
    """What is not modified is no part of it; nothing is ever complete."""
    run_id = a_run(tmp_path, (f"{SITE}/a/1", b"1", "a"), (f"{SITE}/a/2", b"2", "a"))
    assert outcome(tmp_path, run_id) == {"a": False}
    assert [part.detail for part in readable(kept(tmp_path, run_id))] == [PARTS[0].detail]


def test_a_part_of_which_something_is_missing_fails(tmp_path: Path) -> None:
    """The run died between its documents, or its disk was full."""
    run_id = a_run(tmp_path, (f"{SITE}/a/1", b"1", "a"), (f"{SITE}/b/1", b"1", "b"), (f"{SITE}/b/2", b"2", "b"))
    assert outcome(tmp_path, run_id) == {"a": NotKept, "b": False}


def test_a_source_with_threads_of_its_own_is_read_all_the_same(tmp_path: Path) -> None:
    """It does not say for which part it asks: those that are whole are read, the others are taken for not modified."""
    run_id = a_run(tmp_path, (f"{SITE}/a/1", b"1", None), (f"{SITE}/a/2", b"2", None))
    assert outcome(tmp_path, run_id) == {"a": False, "b": None}


def test_the_parts_of_mlsnext_can_be_kept() -> None:
    """Their details are JSON, as every source's have to be."""
    for part in MLSNext().plan(Scope(season="2026-27"), Fetcher()):
        assert json.loads(json.dumps(part.detail)) == part.detail


def test_documents_belong_to_the_part_that_is_fetched() -> None:
    """Also where the source does not say so: the reader's threads do."""
    from ingest.archive import reading_part

    seen: dict[str, str | None] = {}

    def fetch(name: str) -> str:
        seen[name] = reading_part.get()
        return "documents"

    source = MadeUp({name: Says(fetch=lambda name=name: fetch(name)) for name in ("a", "b", "c")})  # type: ignore[misc]
    parts = source.plan(Scope(), None)
    with Reader(source, Fetcher(), parts) as reader:
        for part in parts:
            with reader.reading(part):
                pass
    assert seen == {"a": "a", "b": "b", "c": "c"}
    assert reading_part.get() is None
