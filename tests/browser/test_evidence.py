"""What is kept of a page that does not look as expected."""

from __future__ import annotations

import errno
import json
import os
from collections.abc import Callable
from pathlib import Path

import pytest

from contract.settings import Settings
from ingest.browser import LivePage
from ingest.browser.evidence import KEPT, Evidence
from ingest.errors import PageChanged
from ingest.http import Fetcher
from tests.browser.conftest import Run
from tests.fix_site import Site, status

pytestmark = pytest.mark.slow


@pytest.fixture
def read(site: Site, run: Run, chromium_settings: Settings, tmp_path: Path) -> Callable[[], PageChanged]:
    """Reads a page whose source finds it changed; `tmp_path` is the home."""
    site.put("/", "<p>no fixtures</p><iframe src='/viewer'></iframe><script>fetch('/feed?password=hunter22')</script>")
    site.put("/viewer", "<p>in the frame</p>")
    site.put("/feed?password=hunter22", status(500))
    fetcher: Fetcher = run(settings=chromium_settings.model_copy(update={"home": tmp_path}))

    def work(live: LivePage) -> None:
        live.page.wait_for_function("performance.getEntriesByType('resource').some((e) => e.name.includes('feed'))")
        raise PageChanged("no select lists the age groups", hint="look at it")

    def do() -> PageChanged:
        with pytest.raises(PageChanged) as caught:
            fetcher.browse(f"{site.url}/", work)
        return caught.value

    return do


def kept(home: Path) -> list[Path]:
    return sorted((home / "evidence" / "village").iterdir())


def test_picture_frames_and_requests_are_kept(site: Site, read: Callable[[], PageChanged], tmp_path: Path) -> None:
    """The error says where, behind what it says itself; no password is in it, and nobody else may read it."""
    error = read()
    (place,) = kept(tmp_path)
    assert str(error) == "no select lists the age groups"
    assert error.hint == f"look at it; what the page looked like is kept in {place}"
    assert (place / "screenshot.png").read_bytes().startswith(b"\x89PNG")
    assert "no fixtures" in (place / "frame-0.html").read_text()
    assert "in the frame" in (place / "frame-1.html").read_text()
    about = json.loads((place / "page.json").read_text())
    assert (about["url"], about["source"]) == (f"{site.url}/", "village")
    assert about["error"] == "no select lists the age groups"
    text = (place / "requests.jsonl").read_text()
    assert "hunter22" not in text
    asked = {line["url"]: line for line in map(json.loads, text.splitlines())}
    assert list(asked)[:1] == [f"{site.url}/"]
    assert asked[f"{site.url}/"]["status"] == 200
    assert asked[f"{site.url}/viewer"]["resourceType"] == "document"
    assert asked[f"{site.url}/feed?password=***"]["status"] == 500
    assert {path.stat().st_mode & 0o777 for path in place.iterdir()} == {0o600}
    assert place.stat().st_mode & 0o777 == 0o700


def test_what_is_waited_for_in_vain_leaves_evidence(site: Site, run: Run) -> None:
    """The source need not notice itself."""
    site.put("/", "<p>no fixtures</p>")
    with pytest.raises(PageChanged) as caught:
        run().browse(f"{site.url}/", lambda live: live.page.locator("#fixtures").wait_for(timeout=200))
    place = Path(caught.value.hint.partition("is kept in ")[2])
    assert "no fixtures" in (place / "frame-0.html").read_text()


def test_a_full_disk_changes_nothing(
    read: Callable[[], PageChanged], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The error is the page's, and no half of anything stays."""
    write = os.open

    def full(path: object, *rest: object, **more: object) -> int:
        if "frame-1" in str(path):
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        return write(path, *rest, **more)  # type: ignore[arg-type]

    monkeypatch.setattr("ingest.browser.evidence.os.open", full)
    assert read().hint == "look at it"
    assert kept(tmp_path) == []


def test_the_oldest_go(read: Callable[[], PageChanged], tmp_path: Path) -> None:
    """One more than fits takes the place of the first; other sources' are not counted."""
    other = Evidence(tmp_path, "town").directory / "20200101T000000.000000Z-a"
    other.mkdir(parents=True)
    for number in range(KEPT):
        (tmp_path / "evidence" / "village" / f"2020010{number // 10}T00000{number % 10}.000000Z-a").mkdir(parents=True)
    first, second, *_ = kept(tmp_path)
    read()
    assert len(kept(tmp_path)) == KEPT
    assert not first.exists()
    assert second.exists()
    assert other.exists()
