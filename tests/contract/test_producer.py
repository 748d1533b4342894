"""What the producer says, and what it cannot."""

from __future__ import annotations

import json
import math
from typing import Any

import pytest
from pydantic import ValidationError

from contract.refusals import explain
from ingest.models import Batch, Club, Match, RejectedRow, RowsRejected, ScrapeOrder
from tests.contract.schemas import examples, says_no

HEAD = {"run_id": "0b6f1f5e-7a54-4b1c-9a0e-2f6c1d3e4a5b", "source": "mlsnext"}
MINIMAL = examples("match", "valid")["minimal"]


def test_a_match_on_the_wire_leaves_out_what_is_not_known() -> None:
    """Absent says the same as null, and is shorter."""
    assert Match(**MINIMAL, division=None, home_club=None).wire() == MINIMAL


def test_a_date_that_is_not_known_is_said() -> None:
    """`date` is required: null says that the day is unknown, its absence would say that something is broken."""
    postponed = Match(**{**MINIMAL, "date": None, "status": "postponed"})
    assert postponed.wire() == {**MINIMAL, "date": None, "status": "postponed"}


def test_a_club_on_the_wire_is_a_dict() -> None:
    """One club object can be shared by all matches of a feed."""
    club = Club(id="1", name="Harbour City FC")
    said = Match(**MINIMAL, home_club=club, away_club=club).wire()
    assert said["home_club"] == said["away_club"] == {"id": "1", "name": "Harbour City FC"}


def test_a_batch_on_the_wire_names_its_version() -> None:
    """Nobody has to remember it."""
    batch = Batch(
        **HEAD, part="homegrown", sequence=0, observed_at="2026-10-03T22:30:00Z", matches=(Match(**MINIMAL),)
    ).wire()
    assert batch["contract"] == 1
    assert batch["matches"] == [MINIMAL]
    assert says_no("batch", json.loads(json.dumps(batch))) == []


@pytest.mark.parametrize("document", [{**MINIMAL, "referee": "A. Arbiter"}, {**MINIMAL, "home_score": "2"}])
def test_what_the_schema_does_not_know_cannot_be_said(document: dict[str, Any]) -> None:
    """A mistake in a source shows where it is made."""
    with pytest.raises(ValidationError):
        Match(**document)


def test_what_was_said_does_not_change() -> None:
    """A match is checked once, and stays what it was then."""
    match = Match(**MINIMAL)
    with pytest.raises(ValidationError, match="frozen"):
        match.home_score = 2  # type: ignore[misc]


@pytest.mark.parametrize(
    "payload", ["\0", {"a": ["\0"]}, {"\0": 1}, "\ud800", math.nan, math.inf, {1, 2}, object(), {1: 2}]
)
def test_a_payload_that_a_queue_cannot_hold_is_refused(payload: Any) -> None:
    """The queue may be PostgreSQL's jsonb: what it cannot hold is written out before, or nothing would be sent."""
    with pytest.raises(ValidationError):
        RejectedRow(reason="wrong_type", error="no object", payload=payload)


def test_a_payload_is_said_as_it_is() -> None:
    """Nulls in a payload, and a payload that is null, are part of what was found."""
    rejects = (
        RejectedRow(reason="wrong_type", error="no object", payload={"score": None, "teams": [None]}),
        RejectedRow(reason="wrong_type", error="no object", payload=None),
    )
    event = RowsRejected(**HEAD, at="2026-10-03T22:31:00Z", part="homegrown", rejects=rejects).wire()
    assert [row["payload"] for row in event["rejects"]] == [{"score": None, "teams": [None]}, None]
    assert says_no("run", event) == []


def test_an_order_for_everything_needs_no_scope() -> None:
    """What is not said is left open."""
    order = ScrapeOrder(**HEAD, trigger="cli").wire()
    assert order["scope"] == {"leagues": [], "age_groups": [], "divisions": [], "teams": []}
    assert says_no("scrape", order) == []


@pytest.mark.parametrize(
    ("change", "reason", "sentence"),
    [
        ({"date": "2026-02-30"}, "no_such_date", "date: there is no such date"),
        ({"season": "2026"}, "malformed", 'season: "2026" does not have the right form'),
        ({"status": "played"}, "unknown_value", "status: \"played\" should be 'scheduled', 'completed'"),
        ({"home_team": "\ud800"}, "lone_surrogate", "home_team: holds half of a surrogate pair, which is no text"),
        ({"home_team": ""}, "empty", "home_team: is empty"),
        ({"home_team": "x" * 301}, "too_long", f'home_team: "{"x" * 59}… should have at most 300 characters'),
        ({"referee": 1}, "unknown_field", "referee: is unknown"),
        ({"home_score": 2}, "one_score_without_the_other", "there is one score without the other"),
    ],
)
def test_a_refusal_is_a_reason_and_a_sentence(change: dict[str, Any], reason: str, sentence: str) -> None:
    """Programs get a word that stays, people a sentence that names field and value."""
    with pytest.raises(ValidationError) as caught:
        Match.model_validate({**MINIMAL, **change})
    found, said = explain(caught.value.errors())
    assert found == reason
    assert said.startswith(sentence)
