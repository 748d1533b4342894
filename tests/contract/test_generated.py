"""The schema and both models agree on documents that nobody thought of."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import HealthCheck, event, given, settings
from hypothesis import strategies as st

from contract.schema import MESSAGES
from tests.contract.generators import said, shaped, spoiled
from tests.contract.schemas import BEYOND_THE_SCHEMA, relaxed, says_no
from tests.contract.verdicts import consumer_refuses, make, producer_refuses

pytestmark = pytest.mark.slow

#: Enough that each rule is met many times, in seconds.
_MANY = settings(max_examples=150, suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much])

messages = pytest.mark.parametrize("message", MESSAGES)


@messages
@_MANY
@given(data=st.data())
def test_whatever_the_producer_can_say_the_schema_and_the_consumer_accept(message: str, data: st.DataObject) -> None:
    """A message that the producer could make is never refused by the other side."""
    document = data.draw(said(message)).wire()
    # what crosses the queue are bytes
    received = json.loads(json.dumps(document, ensure_ascii=False).encode())
    assert received == document
    assert says_no(message, received) == []
    assert consumer_refuses(message, received) == []


@messages
@_MANY
@given(data=st.data())
def test_documents_of_the_right_shape_are_judged_alike(message: str, data: st.DataObject) -> None:
    """Rules between fields and the calendar hold on all sides: what one refuses, all refuse."""
    agree(message, data.draw(shaped(message)))


@messages
@settings(_MANY, max_examples=400)
@given(data=st.data())
def test_spoiled_messages_are_judged_alike(message: str, data: st.DataObject) -> None:
    """A field dropped, added, of another type, out of range or with an odd character: what one refuses, all refuse."""
    agree(message, data.draw(spoiled(message)))


def agree(message: str, document: Any) -> None:
    """The schema decides; the models may differ from it only in the ways that they are meant to."""
    refused = says_no(message, document)
    produced = producer_refuses(message, document)
    consumed = consumer_refuses(message, document)
    event("refused" if refused else "accepted")
    if BEYOND_THE_SCHEMA & {*produced, *consumed}:
        assert produced
        assert consumed
        return
    # the consumer takes a message as if what it does not know were not there
    known = without_unknown_fields(message, document)
    assert bool(consumed) is bool(refused if _same(known, document) else says_no(message, known))
    if refused:
        # where it fills in what it says by itself, what counts is what it then says
        assert produced or says_no(message, make(message, document).wire()) == []
    else:
        # the producer writes a whole number as one, and a payload so that every queue takes it
        assert set(producer_refuses(message, with_whole_numbers(document))) <= {"not_plain"}


def _same(one: Any, other: Any) -> bool:
    """Equal as JSON: for Python True is 1, and 1 is 1.0."""
    return json.dumps(one) == json.dumps(other)


def with_whole_numbers(node: Any) -> Any:
    """`node` with 3 for 3.0, which are one and the same in JSON Schema."""
    if isinstance(node, dict):
        return {name: with_whole_numbers(item) for name, item in node.items()}
    if isinstance(node, list):
        return [with_whole_numbers(item) for item in node]
    return int(node) if isinstance(node, float) and node.is_integer() else node


def without_unknown_fields(message: str, document: Any) -> Any:
    """`document` with the fields alone that the schema knows."""

    def strip(schema: Any, node: Any) -> Any:
        choices = schema.get("anyOf", []) + schema.get("oneOf", [])
        for choice in choices:
            named = choice.get("properties", {}).get("event", {}).get("const")
            if named is None or (isinstance(node, dict) and node.get("event") == named):
                node = strip(choice, node)
        if isinstance(node, dict) and "properties" in schema:
            known = schema["properties"]
            return {name: strip(known[name], item) for name, item in node.items() if name in known}
        if isinstance(node, list) and "items" in schema:
            return [strip(schema["items"], item) for item in node]
        return node

    return strip(relaxed(message), document)
