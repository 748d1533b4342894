"""A page that a browser opened is kept with what it asked for itself, and can be read again without any."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import closing
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest

from contract.settings import Settings, SourceSettings
from ingest.archive import Archive, RunKeeper
from ingest.browser.page import SitePage
from ingest.browser.visits import Visits
from ingest.http import Fetcher
from ingest.kept import read
from ingest.reading import Reader
from ingest.replaying import Kept, Replay
from ingest.sources import Part, Reading, Scope
from tests.fix_site import Site

pytestmark = pytest.mark.slow


class Clicks:
    """A source that reads a page after its script has run, and what the page asks for."""

    name, description, leagues, concurrency, interval = "clicks", "for tests", (), 1, 0.0

    def __init__(self, base: str) -> None:
        self.base = base

    @classmethod
    def make(cls, settings: SourceSettings) -> Clicks:
        raise NotImplementedError

    def plan(self, scope: Scope, fetcher: Fetcher) -> Sequence[Part]:
        return [Part("a", None, "2026-27")]

    def fetch(self, part: Part, fetcher: Fetcher) -> Any:
        def work(page: SitePage) -> tuple[bytes, bytes]:
            return page.html().body, page.get("list?page=1").body

        return fetcher.browse(f"{self.base}/start", work)

    def parse(self, part: Part, documents: Any) -> Reading:
        return Reading("2026-10-03T22:30:00Z", documents)


def documents(source: Any, fetcher: Fetcher) -> list[Any]:
    """What is read of the source's only part, in the thread of a run that fetches."""
    [part] = source.plan(Scope(), fetcher)
    with Reader(source, fetcher, [part]) as reader, reader.reading(part) as reading:
        assert reading is not None
        return list(reading.matches)


def test_what_a_browser_read_is_read_again_without_one(site: Site, tmp_path: Path, chromium_settings: Settings) -> None:
    """The same bytes, for the part that was fetched; the site is not asked, and no browser is opened."""
    site.put("/start", "<p id=p></p><script>document.getElementById('p').textContent = 'made by a script'</script>")
    site.put("/list?page=1", "<tr><td>é</td></tr>", Content_Type="text/html; charset=utf-8")
    archive, run_id = Archive(tmp_path), uuid4()
    keeper = RunKeeper(archive, run_id, "clicks", Scope())
    source = Clicks(site.url)
    keeper.planned(source.plan(Scope(), Fetcher()))
    with closing(Fetcher(keeper=keeper, visits=Visits(chromium_settings, "clicks"))) as fetcher:
        live = documents(source, fetcher)
    assert b"made by a script" in live[0]
    asked = len(site.requests)
    run = read(archive.run(run_id))
    assert run is not None
    assert [(document.part, document.asked) for document in run.documents] == [
        ("a", f"{site.url}/start"),
        ("a", f"{site.url}/list?page=1"),
    ]
    assert documents(Kept(source, run), Replay(archive, run)) == live
    assert len(site.requests) == asked
