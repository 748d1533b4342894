"""The schema and both models agree on every example."""

from __future__ import annotations

import json
from typing import Any

import pytest

from contract.schema import MESSAGES
from tests.contract.schemas import BEYOND_THE_SCHEMA, EXAMPLES, examples, says_no
from tests.contract.verdicts import consumer_refuses, make, producer_refuses

VALID = [
    pytest.param(message, document, id=f"{message}/{name}")
    for message in MESSAGES
    for name, document in examples(message, "valid").items()
]
INVALID = [
    pytest.param(message, name, document, id=f"{message}/{name}")
    for message in MESSAGES
    for name, document in examples(message, "invalid").items()
]

#: The reason that a dead letter gives for an example, where its name does not say it all.
REASONS = {
    "one-score-without-the-other": "one_score_without_the_other",
    "the-other-score-null": "one_score_without_the_other",
    "completed-without-scores": "completed_without_scores",
    "one-penalty-score-without-the-other": "one_penalty_score_without_the_other",
    "penalties-without-scores": "penalties_without_scores",
    "penalties-without-a-draw": "penalties_without_a_draw",
    "date-missing": "field_missing",
    "date-null-of-a-scheduled-match": "date_missing",
    "date-that-does-not-exist": "no_such_date",
    "kickoff-on-a-day-that-does-not-exist": "no_such_date",
    "date-the-american-way": "malformed",
    "date-with-a-time": "too_long",
    "kickoff-as-a-number": "wrong_type",
    "nul-byte-in-name": "nul_character",
    "nul-byte-in-the-name-of-a-club": "nul_character",
    "lone-surrogate-in-name": "lone_surrogate",
    "name-empty": "empty",
    "name-too-long": "too_long",
    "name-null": "wrong_type",
    "status-unknown": "unknown_value",
    "season-of-two-years-apart": "no_such_season",
    "score-beyond-belief": "out_of_range",
    "score-as-text": "wrong_type",
    "score-true": "wrong_type",
    "club-without-a-name": "field_missing",
    "list-instead-of-a-match": "wrong_type",
}


@pytest.mark.parametrize(("message", "document"), VALID)
def test_a_valid_example_is_accepted_by_the_schema_and_both_models(message: str, document: Any) -> None:
    """What the examples call valid, everybody accepts."""
    assert says_no(message, document) == []
    assert producer_refuses(message, document) == []
    assert consumer_refuses(message, document) == []


@pytest.mark.parametrize(("message", "document"), VALID)
def test_the_producer_says_a_valid_example_as_it_stands(message: str, document: Any) -> None:
    """On the wire stands what was read; only nulls are left out, and defaults filled in."""
    said = make(message, document).wire()
    assert json.loads(json.dumps(said)) == said
    if message == "match":
        assert said == {name: value for name, value in document.items() if value is not None or name == "date"}
    assert says_no(message, said) == []
    assert make(message, said) == make(message, document)


@pytest.mark.parametrize(("message", "name", "document"), INVALID)
def test_an_invalid_example_is_refused_by_the_schema_and_both_models(message: str, name: str, document: Any) -> None:
    """What the examples call invalid, everybody refuses; but the consumer ignores a field that it does not know."""
    assert bool(says_no(message, document)) is (name.replace("-", "_") not in BEYOND_THE_SCHEMA)
    # the producer's messages name their version by themselves
    assert bool(producer_refuses(message, document)) is (name != "contract-missing")
    assert bool(consumer_refuses(message, document)) is not name.startswith("unknown-field")


@pytest.mark.parametrize("name", examples("match", "invalid"))
def test_an_invalid_match_is_wrong_in_one_way(name: str) -> None:
    """An example proves what it is named after, and not something else."""
    assert len(producer_refuses("match", examples("match", "invalid")[name])) == 1


@pytest.mark.parametrize(("name", "reason"), REASONS.items())
def test_a_bad_match_is_refused_for_its_reason(name: str, reason: str) -> None:
    """Dead letters are sorted by reasons that stay."""
    assert consumer_refuses("match", examples("match", "invalid")[name]) == [reason]


def test_every_folder_of_examples_belongs_to_a_message() -> None:
    """Each message has examples of both kinds, and no example is overlooked."""
    folders = {path.parent.relative_to(EXAMPLES).as_posix() for path in EXAMPLES.rglob("*.json")}
    assert folders == {f"{message}/{kind}" for message in MESSAGES for kind in ("valid", "invalid")}
