"""Keys of the feeds learned from the official page, with a real Chromium and each way in which that page can be."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest

from contract.settings import Settings, SourceSettings
from ingest.browser.visits import Visits
from ingest.http import Fetcher
from ingest.remembered import Remembered
from ingest.sources import Part, Scope
from ingest.sources.mlsnext import MLSNext
from ingest.sources.mlsnext.discovery import Discovery
from ingest.validators import Validators
from touchline.demo.bodies import Fault
from touchline.demo.league import League
from touchline.demo.official import Twist
from touchline.demo.site import DemoSite

pytestmark = pytest.mark.slow

OCTOBER = date(2026, 10, 3)
HOMEGROWN, FLEX, ACADEMY = "next-premier-26-27", "next-flex-26-27", "next-academy-26-27"
TEMPLATES = ("mls-next-league-26-27", "mls-next-flex-26-27", "mls-next-2-academy-division-26-27")


@dataclass
class Reader:
    """Plans runs against a site; its clock stands until a test moves it on."""

    settings: Settings
    home: Path
    site: DemoSite
    today: date = OCTOBER
    #: Seconds that a viewer gets.
    limit: float = 30.0
    now: datetime = field(default_factory=lambda: datetime(2026, 10, 3, 12, 0, tzinfo=UTC))

    def plan(self, *leagues: str, season: str | None = None) -> Sequence[Part]:
        source = MLSNext(page=self.site.url, viewer=self.site.url, today=lambda: self.today)
        source.discovery = Discovery(self.site.url, self.site.url, limit=self.limit)
        with closing(self.fetcher()) as fetcher:
            return source.plan(Scope(leagues=leagues, season=season), fetcher)

    def fetcher(self) -> Fetcher:
        return Fetcher.of(
            MLSNext,
            SourceSettings(),
            Validators(self.home, "mlsnext"),
            remembered=Remembered(self.home, "mlsnext", now=lambda: self.now),
            visits=Visits(self.settings, "mlsnext"),
        )

    def later(self, **more: float) -> None:
        self.now += timedelta(**more)

    @property
    def pages(self) -> int:
        """How often an official page was asked for since the last look."""
        asked = sum(request.path.startswith("/mlsnext/standings/") for request in self.site.requests)
        self.site.forget()
        return asked


@pytest.fixture(scope="module")
def renamed() -> League:
    """A league whose keys are not the template's."""
    return League(scale=0.02).renamed({"homegrown": HOMEGROWN, "flex": FLEX, "academy": ACADEMY})


@pytest.fixture
def reader(chromium_settings: Settings, tmp_path: Path, renamed: League) -> Iterator[Reader]:
    with DemoSite(renamed, renamed.weekend().before) as site:
        site.patience = 1.0
        yield Reader(chromium_settings.model_copy(update={"home": tmp_path}), tmp_path, site)


def names(parts: Sequence[Part]) -> list[str]:
    return [part.name for part in parts]


@pytest.fixture
def patiently(monkeypatch: pytest.MonkeyPatch) -> None:
    """The iframe gets its address from the page, as a visitor's does, or not at all."""
    monkeypatch.setattr("ingest.sources.mlsnext.discovery._URGE_AFTER", 600.0)


@pytest.mark.usefixtures("patiently")
def test_the_keys_that_the_pages_load_are_read_and_remembered_for_a_day(reader: Reader) -> None:
    """Past the banner, down to the iframe: all three keys; each is no template's, and the run says so. A day later the
    pages are asked again, and not before."""
    parts = reader.plan()
    assert names(parts) == [HOMEGROWN, FLEX, ACADEMY]
    assert {part.season for part in parts} == {"2026-27"}
    for part, said in zip(parts, TEMPLATES, strict=True):
        assert part.notice == f"the official page loads {part.name} for {part.league}, not {said}"
    assert reader.pages == 2

    reader.later(hours=23)
    assert reader.plan() == parts
    assert reader.pages == 0
    reader.later(hours=1)
    assert reader.plan("academy") == [parts[2]]
    assert reader.pages == 1


@pytest.mark.usefixtures("patiently")
@pytest.mark.parametrize("twist", [Twist.SLOW_PAGE, Twist.NO_BANNER])
def test_a_page_that_is_slow_or_asks_for_no_consent_is_read(reader: Reader, twist: Twist) -> None:
    """Each step is done when it can be, whatever came before it."""
    reader.site.twist(twist)
    assert names(reader.plan("flex")) == [FLEX]


def test_a_banner_that_does_not_go_away_does_not_hide_the_keys(reader: Reader) -> None:
    """The iframe that waits behind it is given its address."""
    reader.site.twist(Twist.STUBBORN_BANNER)
    assert names(reader.plan("flex")) == [FLEX]


@pytest.mark.parametrize(
    ("twist", "limit", "said"),
    [
        (Twist.IDLE_VIEWER, 1.5, "has a viewer that loads no feed within 2 s"),
        (Twist.OTHER_HOST, 30.0, "loads its feeds from http://localhost:"),
    ],
)
def test_a_page_that_shows_no_feed_leaves_the_template(reader: Reader, twist: Twist, limit: float, said: str) -> None:
    """The run says why. A viewer on another host is named, and not followed."""
    reader.site.twist(twist)
    reader.limit = limit
    (part,) = reader.plan("academy")
    assert part.name == TEMPLATES[2]
    assert said in part.notice
    assert "what the template says is read" in part.notice


def test_a_page_that_could_not_be_read_is_left_alone_for_an_hour(reader: Reader) -> None:
    """The runs of that hour say what the first one found, and do not wait for it."""
    reader.site.twist(Twist.NO_IFRAME)
    reader.limit = 0.5
    (part,) = reader.plan("academy")
    assert "holds no iframe of http://127.0.0.1:" in part.notice
    assert reader.pages == 1
    reader.later(minutes=59)
    assert reader.plan("academy") == [part]
    assert reader.pages == 0

    reader.site.twist(None)
    reader.limit = 30.0
    reader.later(minutes=1)
    assert names(reader.plan("academy")) == [ACADEMY]


def test_a_page_that_hangs_is_left(reader: Reader, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its browser is ended, and the next run has another one."""
    monkeypatch.setattr("ingest.sources.mlsnext.discovery._HANGS", 1.0)
    reader.site.twist(Twist.HANGING_PAGE)
    reader.limit = 5.0
    (part,) = reader.plan("academy")
    assert part.name == TEMPLATES[2]
    assert "the browser hangs" in part.notice

    reader.site.twist(None)
    reader.limit = 30.0
    reader.later(hours=1)
    assert names(reader.plan("academy")) == [ACADEMY]


def test_a_feed_that_brings_no_data_is_not_believed(reader: Reader) -> None:
    """The viewer asks for a key that is not published and gets a page: the template, and what else the page loads."""
    with reader.site.failing(Fault.SHELL, key=HOMEGROWN):
        homegrown, flex = reader.plan("homegrown", "flex")
    assert (homegrown.name, flex.name) == (TEMPLATES[0], FLEX)
    assert f"loads {FLEX}, which is not homegrown" in homegrown.notice
    # that may pass, so that it is looked at again before the day is over
    reader.later(hours=1)
    assert names(reader.plan("homegrown", "flex")) == [HOMEGROWN, FLEX]


def test_the_season_rolls_over_with_the_page(reader: Reader) -> None:
    """In July the page loads 27-28: that is read, as that season, while the old one can be asked for by name. Before,
    and again in August, there is nothing to say."""
    with DemoSite(old := League(scale=0.02), old.weekend().before) as reader.site:
        (part,) = reader.plan("homegrown")
        assert (part.name, part.notice) == (TEMPLATES[0], "")
        port = reader.site.port
    new = League(scale=0.02, season="2027-28")
    with DemoSite(new, new.weekend().before, port=port) as reader.site:
        reader.today = date(2027, 7, 20)
        reader.later(days=290)
        homegrown, flex = reader.plan("homegrown", "flex")
        assert [homegrown.name, flex.name] == list(new.keys[:2])
        assert {homegrown.season, flex.season} == {"2027-28"}
        assert homegrown.notice == "the official page shows season 2027-28 of homegrown"
        assert names(reader.plan("homegrown", season="2026-27")) == [TEMPLATES[0]]

        reader.today = date(2027, 8, 1)
        reader.later(hours=10)
        assert [part.notice for part in reader.plan("homegrown", "flex")] == ["", ""]


def test_a_page_that_is_away_leaves_what_it_loaded_last(reader: Reader, monkeypatch: pytest.MonkeyPatch) -> None:
    """Better than a template, as long as it is of the season; one page that is away is enough to know."""
    learned = names(reader.plan())
    reader.site.twist(Twist.BUSY_PAGE)
    monkeypatch.setattr("ingest.browser.live._FIRST_DELAY", 0.0)
    reader.later(days=1)
    parts = reader.plan()
    assert names(parts) == learned
    assert {part.notice.rpartition(": ")[2] for part in parts} == {"what it loaded last is read"}
    (notice,) = {part.notice for part in parts}
    assert "homegrown_division/ cannot be read: it answers 503" in notice
    reader.today = date(2027, 8, 2)
    assert names(reader.plan()) == [name.replace("26-27", "27-28") for name in TEMPLATES]


def test_a_key_that_is_no_longer_published_is_learned_anew(reader: Reader) -> None:
    """The keys change while they are remembered: that run fails, the next one knows better."""
    from ingest.errors import NotPublished

    (part,) = reader.plan("academy")
    port = reader.site.port
    reader.site.stop()
    other = reader.site.league.renamed({"academy": "academy-26-27"})
    with DemoSite(other, other.weekend().before, port=port) as reader.site, closing(reader.fetcher()) as fetcher:
        source = MLSNext(page=reader.site.url, viewer=reader.site.url)
        with pytest.raises(NotPublished):
            source.fetch(part, fetcher)
        assert names(reader.plan("academy")) == ["academy-26-27"]
