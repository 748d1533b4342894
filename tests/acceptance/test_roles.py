"""The main job with three roles: workers that may only write rows, a person who may only read."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.acceptance.conftest import Place, SampleSite, clean_environment, needs_feeds, with_site
from tests.fix_roles import Roles

pytestmark = [needs_feeds, pytest.mark.slow]


def test_a_worker_stores_as_the_writer_what_the_reader_sees(
    home: Path, roles: Roles, rabbitmq_url: str, sample: SampleSite
) -> None:
    """320 matches of the real sample, then four that changed; the command follows its run as the reader."""
    env = clean_environment(TOUCHLINE_HOME=str(home), RABBITMQ_URL=rabbitmq_url)
    workers = Place(home, {**env, "DATABASE_URL": roles.writer})
    person = with_site(Place(home, {**env, "DATABASE_URL": roles.reader}), sample.site)
    with workers.dramatiq("--processes", "1", "--threads", "2"):
        found = []
        for day in ("2026-10-03", "2026-10-05"):
            sample.show(day)
            ended = person.touchline("scrape", "mlsnext", "--season", "2026-27", "--wait")
            assert ended.code == 0, ended.err
            found.append((ended.row["inserted"], ended.row["updated"], ended.row["dead"]))
    assert found == [(320, 0, 0), (0, 4, 0)]
    assert len(person.touchline("matches", "--limit", "0").rows) == 320
    assert len(person.touchline("changes").rows) == 11
    assert (home / "workers.log").read_text().count("permission denied") == 0, "the chores are permitted, too"
