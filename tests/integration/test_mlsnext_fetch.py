"""The source against a real site: which of its documents are asked for, and when nothing is read."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from contract.settings import SourceSettings
from ingest.errors import NotPublished, SiteUnreachable
from ingest.http import Fetcher
from ingest.models import Match
from ingest.remembered import Remembered
from ingest.sources import Part, Scope
from ingest.sources.mlsnext import Documents, MLSNext
from ingest.validators import Validators
from tests.fix_site import Site, page, status
from tests.unit.ingest.feed import NORTHEAST, documents, event, parked
from tests.unit.ingest.test_mlsnext_documents import SHELL

SCHEDULE, STANDINGS = (f"/data/{kind}/mls-next-league-26-27.json" for kind in ("schedule", "standings"))
HOMEGROWN = Scope(leagues=("homegrown",), season="2026-27")


def publish(site: Site, *events: Any, version: int = 1) -> None:
    """The homegrown league, both documents under the same version."""
    pair = documents(events)
    site.publish("mls-next-league-26-27", pair.schedule.body, pair.standings.body, version=version)


def run(site: Site, home: Path, *, commit: bool = True, **said: Any) -> Documents | None:
    """What a run does: plan, fetch, and, once everything is confirmed, commit."""
    source = MLSNext.make(SourceSettings(url=site.url))
    (part,) = source.plan(HOMEGROWN, Fetcher())
    fetcher = Fetcher.of(source, SourceSettings(), Validators(home, source.name, scope=HOMEGROWN, **said))
    found = source.fetch(part, fetcher)
    assert fetcher.validators
    if commit:
        fetcher.validators.commit(part.name)
    return found


def asked(site: Site) -> list[tuple[str, str | None]]:
    """The documents that were asked for since the last look, each with the ETag that was sent."""
    found = [(r.path, r.headers.get("If-None-Match")) for r in site.requests if r.path != "/robots.txt"]
    site.requests.clear()
    return found


def test_a_part_is_a_pair_of_documents(site: Site, tmp_path: Path) -> None:
    """Schedule and standings of the league's key, and what they say."""
    publish(site, event(1), event(2))
    found = run(site, tmp_path)
    assert asked(site) == [(SCHEDULE, None), (STANDINGS, None)]
    assert found
    reading = MLSNext().parse(Part("mls-next-league-26-27", "homegrown", "2026-27"), found)
    assert [row.match_id for row in reading.matches if isinstance(row, Match)] == ["1", "2"]


def test_nothing_new_is_two_conditional_requests(site: Site, tmp_path: Path) -> None:
    """A pair that has not changed is None, and no body crosses the wire."""
    publish(site, event())
    run(site, tmp_path)
    asked(site)
    assert run(site, tmp_path) is None
    assert asked(site) == [(SCHEDULE, '"schedule-1"'), (STANDINGS, '"standings-1"')]


@pytest.mark.parametrize("changed", [SCHEDULE, STANDINGS])
def test_a_pair_of_which_one_changed_is_read_whole(site: Site, tmp_path: Path, changed: str) -> None:
    """Matches are made of both: the other document is asked for again without its ETag, and both are remembered."""
    publish(site, event())
    run(site, tmp_path)
    body = documents([event(), event(1)]).schedule.body if changed == SCHEDULE else documents([]).standings.body
    site.put(changed, body, etag='"new"', Content_Type="application/json")
    asked(site)
    found = run(site, tmp_path)
    assert found
    assert found.schedule.body
    assert found.standings.body
    same = STANDINGS if changed == SCHEDULE else SCHEDULE
    assert [path for path, etag in asked(site) if etag is None] == [same]
    assert run(site, tmp_path) is None


def test_nothing_is_remembered_before_the_commit(site: Site, tmp_path: Path) -> None:
    """A run that died on the way leaves the site as news for the next."""
    publish(site, event())
    run(site, tmp_path, commit=False)
    assert run(site, tmp_path) is not None
    assert run(site, tmp_path) is None


def test_full_asks_for_everything(site: Site, tmp_path: Path) -> None:
    """`--full` sends no ETag, and the next run goes by what it read."""
    publish(site, event())
    run(site, tmp_path)
    publish(site, event(), version=2)
    asked(site)
    assert run(site, tmp_path, full=True) is not None
    assert asked(site) == [(SCHEDULE, None), (STANDINGS, None)]
    assert run(site, tmp_path) is None


def test_another_destination_reads_everything(site: Site, tmp_path: Path) -> None:
    """What went to one broker has not gone to another."""
    publish(site, event())
    run(site, tmp_path, destination="amqp://a")
    assert run(site, tmp_path, destination="amqp://b") is not None


def test_half_a_feed_moves_no_postponed_match(site: Site, tmp_path: Path) -> None:
    """What one run recognised as the placeholder day, the next knows, though the site lists half of it."""
    source = MLSNext.make(SourceSettings(url=site.url))
    (part,) = source.plan(HOMEGROWN, Fetcher())

    def dates(events: list[Any], home: Path) -> set[tuple[str, str | None]]:
        publish(site, *events)
        found = source.fetch(part, Fetcher(remembered=Remembered(home, source.name)))
        assert found
        return {(row.status, row.date) for row in source.parse(part, found).matches if isinstance(row, Match)}

    events = parked(30)
    assert dates(events, tmp_path / "a") == {("postponed", None)}
    assert dates(events[::2], tmp_path / "a") == {("postponed", None)}
    assert dates(events[::2], tmp_path / "b") == {("scheduled", "2027-06-08")}


@pytest.mark.parametrize("missing", [SCHEDULE, STANDINGS])
def test_a_season_that_is_not_published(site: Site, tmp_path: Path, missing: str) -> None:
    """200 with a small page, for either document: NotPublished, asked once, and its ETag is not remembered."""
    publish(site, event())
    site.put(missing, SHELL, etag='"shell"')
    for _ in range(2):
        with pytest.raises(NotPublished, match=missing):
            run(site, tmp_path)
    assert {etag for _, etag in asked(site)} == {None}


def test_a_site_that_is_down_is_worth_another_try(site: Site, tmp_path: Path) -> None:
    """5xx that stays is SiteUnreachable, and a 5xx that passes is not noticed."""
    publish(site, event())
    source = MLSNext.make(SourceSettings(url=site.url))
    (part,) = source.plan(HOMEGROWN, Fetcher())
    fetcher = Fetcher(sleep=lambda _: None)
    site.put(STANDINGS, status(500), page(documents([], [NORTHEAST]).standings.body))
    assert source.fetch(part, fetcher) is not None
    site.put(STANDINGS, status(500))
    with pytest.raises(SiteUnreachable):
        source.fetch(part, fetcher)
