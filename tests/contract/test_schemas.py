"""The schemas themselves: well-formed, versioned, closed, bounded, explained."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from contract import CONTRACT_VERSION
from contract.schema import MESSAGES, load
from tests.contract.schemas import objects, relaxed, says_no, validator

NOT_TEXT = ("\0", "Harbour\0City", "\ud800", "City \udfff")


@pytest.mark.parametrize("message", MESSAGES)
def test_a_schema_is_one_of_draft_2020_12_with_its_version_in_its_id(message: str) -> None:
    """Tools find out by themselves what they have before them."""
    schema = load(message)
    assert schema["$schema"] == Draft202012Validator.META_SCHEMA["$id"]
    assert schema["$id"] == f"https://touchline.example/contract/{CONTRACT_VERSION}/{message}.schema.json"
    Draft202012Validator.check_schema(schema)


@pytest.mark.parametrize("message", MESSAGES)
def test_objects_are_closed(message: str) -> None:
    """A field that the schema does not know is refused, in every object."""
    closed = {where: part.get("additionalProperties", True) is False for where, part in objects(message)}
    assert closed
    assert [where for where, is_closed in closed.items() if not is_closed] == []


@pytest.mark.parametrize("message", MESSAGES)
def test_required_fields_exist(message: str) -> None:
    """Nothing is required that cannot be said."""
    for _, part in objects(message):
        assert set(part.get("required", ())) <= set(part["properties"])


@pytest.mark.parametrize("message", MESSAGES)
def test_every_field_and_message_is_explained(message: str) -> None:
    """Each field says what it means in one sentence."""
    schema = load(message)
    assert schema["title"]
    assert schema["description"].endswith(".")
    silent = [
        f"{where}/{name}"
        for where, part in objects(message)
        for name, field in part["properties"].items()
        # the fields that all events share are explained where they are defined
        if not field.get("description", "").endswith(".") and not field.get("$ref", "").startswith("#/$defs/")
    ]
    assert silent == []
    assert all(part.get("description", "").endswith(".") for part in schema.get("$defs", {}).values())


@pytest.mark.parametrize("message", MESSAGES)
def test_everything_is_bounded(message: str) -> None:
    """No string, list, map or number of a message can be of any size; only a reject's payload is what it was."""

    def unbounded(node: Any, where: str) -> Iterator[str]:
        if isinstance(node, list):
            for index, item in enumerate(node):
                yield from unbounded(item, f"{where}/{index}")
        if not isinstance(node, dict):
            return
        kinds = node.get("type", [])
        for kind in [kinds] if isinstance(kinds, str) else kinds:
            wanted = {
                "string": {"maxLength", "pattern"},
                "array": {"maxItems"},
                "integer": {"minimum", "maximum"},
                "number": {"minimum", "maximum"},
            }.get(kind, set())
            if kind == "object" and node.get("additionalProperties") is not False:
                wanted = {"maxProperties", "propertyNames"}
            if not wanted <= node.keys():
                yield where
        for name, value in node.items():
            yield from unbounded(value, f"{where}/{name}")

    assert list(unbounded(relaxed(message), "")) == []


@pytest.mark.parametrize("text", NOT_TEXT)
@pytest.mark.parametrize("kind", ["id", "name", "label", "text", "figure", "url"])
def test_no_kind_of_text_takes_what_cannot_be_stored(kind: str, text: str) -> None:
    """U+0000 and lone surrogates are refused wherever text may stand."""
    text_of = validator("match").evolve(schema=load("match")["$defs"][kind])
    prefix = "https://example.org/" if kind == "url" else ""
    assert text_of.is_valid(prefix + "Łódź⚽")
    assert not text_of.is_valid(prefix + text)


def test_a_batch_holds_two_hundred_matches_and_no_more() -> None:
    """The bound that producers cut at is the bound that the schema has."""
    matches = load("batch")["properties"]["matches"]
    assert matches["maxItems"] == 200


def test_an_unknown_schema_is_named() -> None:
    """A message that does not exist is told from a file that cannot be read."""
    with pytest.raises(KeyError, match="there is no message 'matches'"):
        load("matches")


def test_formats_are_asserted_and_references_resolved_offline() -> None:
    """The validator of these tests fails on a date that does not exist, behind a reference into another file."""
    scope = {"date_from": "2026-02-30"}
    order = {"contract": 1, "run_id": "0b6f1f5e-7a54-4b1c-9a0e-2f6c1d3e4a5b", "source": "mlsnext", "trigger": "cli"}
    assert says_no("scrape", order) == []
    assert says_no("scrape", {**order, "scope": scope}) != []
