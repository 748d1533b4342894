"""What the consumer makes of messages, beyond taking or refusing them."""

from __future__ import annotations

import copy
from typing import Any
from uuid import UUID

import pytest

from actors import models
from actors.errors import ContractViolation, UnknownContractVersion
from actors.models import accepted_versions, parse_batch, parse_event, parse_order, parse_standings
from contract import CONTRACT_VERSION
from contract.errors import PermanentError
from contract.schema import load
from tests.contract.schemas import examples

BATCH = examples("batch", "valid")["one-match"]
MATCH = BATCH["matches"][0]


def batch_of(*matches: Any) -> dict[str, Any]:
    """A batch of these matches."""
    return {**BATCH, "matches": list(matches)}


def test_a_good_row_has_every_field_of_the_contract() -> None:
    """The store can ask for each field by name: what is absent is None."""
    _, rows, bad = parse_batch(batch_of(examples("match", "valid")["minimal"]))
    assert bad == []
    assert rows[0].keys() == load("match")["properties"].keys()
    assert rows[0]["kickoff"] is None


def test_a_row_is_plain_json() -> None:
    """Rows go to SQL as JSON: dates stay text, clubs are dicts."""
    _, rows, _ = parse_batch(batch_of(MATCH))
    given = {name: value for name, value in rows[0].items() if value is not None}
    assert given == MATCH
    assert type(rows[0]["home_club"]) is dict


def test_the_head_of_a_batch_is_read() -> None:
    """Run, source, part, number and time of a batch are known beside its rows."""
    batch, _, _ = parse_batch(BATCH)
    assert batch.run_id == UUID(BATCH["run_id"])
    assert (batch.source, batch.part, batch.sequence) == ("mlsnext", "homegrown", 0)
    assert batch.observed_at == "2026-10-03T22:30:00Z"


def test_bad_rows_cost_nothing_but_themselves() -> None:
    """Of a batch with bad rows the others are stored, in their order; each bad one says where it stood and why."""
    bad_name = {**MATCH, "match_id": "2", "home_team": "Har\0bour"}
    no_status = {name: value for name, value in MATCH.items() if name != "status"}
    rows = [
        {**MATCH, "match_id": "1"},
        bad_name,
        {**MATCH, "match_id": "3"},
        None,
        no_status,
        {**MATCH, "match_id": "4"},
    ]
    _, good, bad = parse_batch(batch_of(*rows))
    assert [row["match_id"] for row in good] == ["1", "3", "4"]
    assert [(row.index, row.match_id, row.reason) for row in bad] == [
        (1, "2", "nul_character"),
        (3, None, "wrong_type"),
        (4, "26030", "field_missing"),
    ]
    assert [row.error for row in bad[::2]] == ["home_team: holds U+0000, which cannot be stored", "status: is missing"]


def test_a_bad_row_is_kept_as_it_was_received() -> None:
    """What lands in the dead letters is what was sent, fields that nobody knows included."""
    row = {**MATCH, "home_score": 2, "referee": "A. Arbiter"}
    _, good, (bad,) = parse_batch(batch_of(row))
    assert good == []
    assert bad.row == row
    assert bad.reason == "one_score_without_the_other"


def test_a_batch_of_bad_rows_alone_is_no_error() -> None:
    """Every row is accounted for, though none can be stored."""
    _, good, bad = parse_batch(batch_of(*[{}] * 200))
    assert good == []
    assert [row.index for row in bad] == list(range(200))


def test_a_row_that_is_wrong_in_many_ways_names_the_first_three() -> None:
    """A sentence stays one that a person can read."""
    _, _, (bad,) = parse_batch(batch_of({}))
    assert bad.error == "match_id: is missing; home_team: is missing; away_team: is missing; and 5 more"


def test_the_same_match_twice_is_two_rows() -> None:
    """Which of them counts is the store's to say."""
    _, rows, bad = parse_batch(batch_of(MATCH, MATCH))
    assert (len(rows), bad) == (2, [])


def test_a_field_that_nobody_knows_yet_is_left_out() -> None:
    """A newer producer may say more; the row is stored without it."""
    newer = copy.deepcopy(batch_of({**MATCH, "referee": "A. Arbiter"})) | {"sent_by": "touchline 9"}
    newer["matches"][0]["home_club"]["colours"] = "red"
    _, (row,), bad = parse_batch(newer)
    assert bad == []
    assert "referee" not in row
    assert "colours" not in row["home_club"]


def test_a_whole_number_may_be_written_with_a_point() -> None:
    """3.0 is an integer in JSON Schema; the store gets 3."""
    _, (row,), _ = parse_batch(batch_of({**MATCH, "status": "completed", "home_score": 3.0, "away_score": 0.0}))
    assert (row["home_score"], row["away_score"]) == (3, 0)
    assert type(row["home_score"]) is int


def test_what_was_received_is_left_as_it_is() -> None:
    """The message may still be needed, for the dead letters."""
    received = batch_of({**MATCH, "home_score": 3.0, "away_score": 1, "referee": "A. Arbiter"}, {**MATCH, "date": None})
    before = copy.deepcopy(received)
    parse_batch(received)
    assert received == before


@pytest.mark.parametrize("parse", [parse_batch, parse_standings, parse_event, parse_order])
@pytest.mark.parametrize("contract", [CONTRACT_VERSION + 1, 0, -1, True, "1", None, [1], {}])
def test_an_unknown_version_is_told_before_anything_else(parse: Any, contract: Any) -> None:
    """A message of the future is not blamed for its shape."""
    with pytest.raises(UnknownContractVersion, match="speaks version"):
        parse({"contract": contract, "shape": "of the future"})


def test_a_message_without_a_version_is_refused() -> None:
    """Who does not say what they speak is not guessed at."""
    with pytest.raises(UnknownContractVersion, match=r"the batch names no version of the contract, .* knows 1$"):
        parse_batch({})


def test_the_version_before_the_current_one_is_accepted() -> None:
    """Either side can be upgraded first; there never was a version 0."""
    assert accepted_versions(1) == {1}
    assert accepted_versions(2) == {1, 2}
    assert accepted_versions(7) == {6, 7}


def test_a_message_of_the_version_before_is_read(monkeypatch: pytest.MonkeyPatch) -> None:
    """After an upgrade to version 2, batches of version 1 are still stored."""
    monkeypatch.setattr(models, "ACCEPTED_VERSIONS", accepted_versions(2))
    for version in (1, 2):
        _, rows, _ = parse_batch({**BATCH, "contract": version})
        assert len(rows) == 1


def test_a_violation_says_what_is_wrong_and_where_the_rule_stands() -> None:
    """One line for a person: which message, which field, and what to do."""
    with pytest.raises(ContractViolation) as caught:
        parse_batch({**BATCH, "sequence": -1})
    assert str(caught.value) == "the batch breaks the contract: sequence: -1 should be greater than or equal to 0"
    assert caught.value.hint == "mend its producer; the shape is in contract/batch.schema.json"
    assert isinstance(caught.value, PermanentError)


def test_a_batch_of_more_than_two_hundred_matches_is_refused() -> None:
    """The bound of the contract is one for the consumer as well."""
    parse_batch(batch_of(*[MATCH] * 200))
    with pytest.raises(ContractViolation, match="at most 200"):
        parse_batch(batch_of(*[MATCH] * 201))


@pytest.mark.parametrize("name", examples("run", "valid"))
def test_an_event_is_of_its_own_class(name: str) -> None:
    """Whoever keeps the account matches on the class of an event."""
    document = examples("run", "valid")[name]
    classes = {
        "started": models.RunStarted,
        "alive": models.RunAlive,
        "rejected": models.RowsRejected,
        "part_finished": models.PartFinished,
        "failed": models.RunFailed,
    }
    assert type(parse_event(document)) is classes[document["event"]]


def test_the_payload_of_a_reject_is_kept_whatever_it_is() -> None:
    """What was wrong with a row must not keep it from being shown."""
    document = copy.deepcopy(examples("run", "valid")["rejected"])
    document["rejects"][0]["payload"] = {"name": "Har\0bour \ud83d", "scores": [1e300, None]}
    event = parse_event(document)
    assert isinstance(event, models.RowsRejected)
    assert event.rejects[0].payload == document["rejects"][0]["payload"]


def test_an_order_is_handed_on_as_it_came() -> None:
    """The reading side gets plain values, with an open side for each that was not said."""
    order = parse_order(examples("scrape", "valid")["minimal"]).model_dump()
    assert order["run_id"] == "0b6f1f5e-7a54-4b1c-9a0e-2f6c1d3e4a5b"
    assert order["full"] is False
    assert order["scope"]["leagues"] == []
    assert order["scope"]["date_from"] is None
