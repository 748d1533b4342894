"""What a person reads, and what a program gets, of each kind of news."""

from __future__ import annotations

import datetime as dt
import json
import re
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

from actors.notices import body_of, sentence
from actors.notices import test_body as body_of_a_test
from actors.store.news import News

AT = dt.datetime(2026, 10, 3, 22, 31, 7, 250_000, tzinfo=dt.UTC)
RUN = "3f2a0000-0000-4000-8000-000000000001"
TABLE = {"season": "2026-27", "league": "homegrown", "age_group": "U15", "division": "East (Pro)"}
COUNTS = {"found": 24_628, "inserted": 3, "updated": 12, "unchanged": 24_613, "stale": 0, "dead": 0}


def of(kind: str, **payload: Any) -> News:
    base: dict[str, Any] = {"source": "mlsnext", "scope": {}, "run_id": RUN, "error": None, "counts": COUNTS}
    return News(UUID(RUN), kind, {**base, **payload}, AT)


@pytest.mark.parametrize(
    ("news", "text"),
    [
        (
            of("run.failed", error="the site answers 503.\nIt was asked for 60 seconds"),
            "Touchline: run 3f2a0000 of mlsnext failed: the site answers 503. It was asked for 60 seconds. "
            "See: touchline runs 3f2a0000",
        ),
        (
            of("run.suspect", scope={"leagues": ["flex"], "age_groups": ["U14"], "season": "2026-27"}, error="nothing"),
            "Touchline: run 3f2a0000 of mlsnext (flex, U14, 2026-27) is suspect: nothing. See: touchline runs 3f2a0000",
        ),
        (
            of("run.interrupted"),
            "Touchline: run 3f2a0000 of mlsnext was interrupted. See: touchline runs 3f2a0000",
        ),
        (
            of("source.recovered", was="failed", since="2026-10-03T18:31:07.5+02:00"),
            "Touchline: mlsnext is well again: run 3f2a0000 found 24,628 matches, 3 new, 12 changed. "
            "Its runs failed since 2026-10-03 16:31 UTC.",
        ),
        (
            of(
                "dead_letters",
                scope={"actor": "store_matches", "reason": "malformed"},
                error="date is no date",
                counts={"letters": 1, "matches": 1432, "runs": 1},
            ),
            "Touchline: 1 dead letter from mlsnext (1,432 matches), malformed: date is no date. "
            "See: touchline dead list --run 3f2a0000",
        ),
        (
            of(
                "dead_letters",
                source=None,
                run_id=None,
                scope={"actor": "", "reason": "undecodable"},
                error="it is no message",
                counts={"letters": 2, "matches": 1, "runs": 0},
            ),
            "Touchline: 2 dead letters (1 match), undecodable: it is no message. See: touchline dead list",
        ),
        (
            of(
                "correction.site_agrees",
                scope={"match_id": "26030"},
                teams=["Ashgrove", "Bellwater\nFC"],
                corrections=[{"field": "home_score", "value": "2", "by": "ann"}],
            ),
            "Touchline: of mlsnext 26030 (Ashgrove – Bellwater FC) the site came round: home_score is 2, as ann said. "
            "See: touchline match show 26030 --source mlsnext",
        ),
        (
            of(
                "correction.rests",
                scope={"match_id": "a b"},
                teams=["Ashgrove", "Bellwater"],
                corrections=[
                    {"field": "home_score", "value": "2", "by": "ann"},
                    {"field": "notes", "value": None, "by": "bob"},
                ],
            ),
            "Touchline: of mlsnext a b (Ashgrove – Bellwater) the site says what no longer goes with a correction, "
            "which rests: home_score 2 of ann, notes nothing of bob. See: touchline match show 'a b' --source mlsnext",
        ),
        (
            of("table.disagrees", scope=TABLE, error="Ash: officially 2 played; by the stored results 1 played."),
            "Touchline: the table homegrown U15 East (Pro) 2026-27 of mlsnext disagrees with the official one: "
            "Ash: officially 2 played; by the stored results 1 played. "
            "See: touchline table --official --age-group U15 --division 'East (Pro)' --season 2026-27",
        ),
        (
            of("table.agrees", scope=TABLE, since="2026-10-03T18:31:07.5+02:00"),
            "Touchline: the table homegrown U15 East (Pro) 2026-27 of mlsnext agrees with the official one again.",
        ),
    ],
    ids=lambda value: value.kind if isinstance(value, News) else "",
)
def test_a_person_reads_what_happened_and_what_to_type(news: News, text: str) -> None:
    """A sentence or two, on one line."""
    assert sentence(news) == text


def test_an_error_without_end_is_cut() -> None:
    """Chat programs refuse long texts; the data has all of it."""
    news = of("run.failed", error="x" * 5_000)
    assert len(sentence(news)) < 500
    assert json.loads(body_of(news))["data"]["error"] == "x" * 5_000


def test_a_program_gets_type_time_and_data() -> None:
    """As the specification has them, the time in UTC."""
    news = of("run.failed", error="é")
    body = json.loads(body_of(news))
    assert list(body) == ["type", "timestamp", "text", "data"]
    assert (body["type"], body["timestamp"], body["data"]) == ("run.failed", "2026-10-03T22:31:07Z", news.payload)


def test_a_test_is_called_one() -> None:
    """Nobody is alarmed by it."""
    assert json.loads(body_of_a_test(AT))["type"] == "test"


def test_the_documented_receiver_verifies_what_is_sent() -> None:
    """The ten lines of docs/notices.md, as they stand there."""
    from contract.signing import headers_of

    page = (Path(__file__).parents[3] / "docs" / "notices.md").read_text(encoding="utf-8")
    code = next(block for block in re.findall(r"```python\n(.*?)```", page, re.DOTALL) if "def verified" in block)
    names: dict[str, Any] = {}
    exec(code, names)
    body, secret = body_of(of("run.failed")), "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
    now = int(dt.datetime.now(dt.UTC).timestamp())
    headers = headers_of(secret, RUN, now, body)
    assert names["verified"](headers, body, secret)
    assert not names["verified"](headers, body + b" ", secret)
    assert not names["verified"](headers, body, "whsec_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA")
    assert not names["verified"](headers_of(secret, RUN, now - 3600, body), body, secret)
