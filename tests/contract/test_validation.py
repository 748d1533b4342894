"""Our own validator says of each document what jsonschema says, and names the place."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from contract.schema import MESSAGES, load
from contract.validation import _KEYWORDS, _SILENT, MOST, Error, errors
from tests.contract.schemas import examples, validator

EXAMPLES = [
    pytest.param(message, document, id=f"{message}-{kind}-{name}")
    for message in MESSAGES
    for kind in ("valid", "invalid")
    for name, document in examples(message, kind).items()
]


def expected(message: str, document: Any) -> bool:
    # formats are the models' affair
    return bool(validator(message).evolve(format_checker=None).is_valid(document))


@pytest.mark.parametrize(("message", "document"), EXAMPLES)
def test_examples_have_the_verdict_of_jsonschema(message: str, document: Any) -> None:
    assert (errors(message, document) == []) is expected(message, document)


VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-2, 300)
    | st.sampled_from([1.0, 1.5, 2**31, "", "x", "U14", "2026-27", "2026-10-03", "a\0", "completed", "n" * 301])
    | st.sampled_from(["2026-10-03T10:00:00Z", "2026-10-03T10:00:00Z\n", "https://a.example/", "javascript:1"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["id", "name", "x", ""]), inner),
    max_leaves=4,
)


def places(document: Any, at: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """Where something stands in `document`."""
    found = [at]
    if isinstance(document, dict | list):
        for key, item in document.items() if isinstance(document, dict) else enumerate(document):
            found += places(item, (*at, key))
    return found


@pytest.mark.parametrize("message", MESSAGES)
@given(data=st.data())
@settings(max_examples=200, deadline=None)
def test_whatever_is_changed_in_a_good_document_the_verdict_is_jsonschemas(message: str, data: st.DataObject) -> None:
    document: Any = json.loads(json.dumps(data.draw(st.sampled_from(list(examples(message, "valid").values())))))
    for _ in range(data.draw(st.integers(1, 3))):
        place = data.draw(st.sampled_from([place for place in places(document) if place]))
        holder = document
        for step in place[:-1]:
            holder = holder[step]
        match data.draw(st.sampled_from(["replace", "remove", "add"])):
            case "replace":
                holder[place[-1]] = data.draw(VALUES)
            case "remove":
                del holder[place[-1]]
            case "add" if isinstance(holder, dict):
                holder[data.draw(st.sampled_from(["more", "round", "part", "kind"]))] = data.draw(VALUES)
            case "add":
                holder.append(data.draw(VALUES))
        if not any(places(document)[1:]):
            break
    assert (errors(message, document) == []) is expected(message, document), document


@pytest.mark.parametrize("document", [None, [], "x", 1, True])
@pytest.mark.parametrize("message", MESSAGES)
def test_what_is_no_object_is_said_to_be_none(message: str, document: Any) -> None:
    assert errors(message, document)[0].said.endswith("is not of type object")


def test_each_error_is_named_with_its_place() -> None:
    match = examples("match", "valid")["played"]
    batch = {**examples("batch", "valid")["one-match"], "matches": [match, {**match, "home_score": "2", "a/b": 1}]}
    batch["sequence"] = -1
    del batch["source"]
    assert errors("batch", batch) == [
        Error("/source", "is missing"),
        Error("/sequence", "-1 is less than 0"),
        Error("/matches/1/a~1b", "is unknown"),
        Error("/matches/1/home_score", '"2" is not of type null or integer'),
        Error("/matches/1/home_score", '"2" is not of type integer'),
    ]


def test_an_event_is_held_to_the_schema_that_it_names() -> None:
    event = {**examples("run", "valid")["part-finished"], "found": "many"}
    assert errors("run", event) == [Error("/found", '"many" is not of type integer')]
    said = '"paused" is none of: started, alive, rejected, part_finished, failed'
    assert errors("run", {**event, "event": "paused"}) == [Error("/event", said)]


def test_no_more_errors_than_anybody_reads() -> None:
    match = examples("match", "valid")["played"]
    batch = {**examples("batch", "valid")["one-match"], "matches": [{**match, "status": n} for n in range(200)]}
    assert len(errors("batch", batch)) == MOST


@pytest.mark.parametrize("message", MESSAGES)
def test_every_keyword_of_the_schemas_is_known(message: str) -> None:
    def keywords(node: Any) -> set[str]:
        if isinstance(node, list):
            return set().union(*map(keywords, node)) if node else set()
        if not isinstance(node, dict):
            return set()
        found = set(node)
        for name, inner in node.items():
            if name in ("properties", "$defs"):
                found |= set().union(*map(keywords, inner.values()))
            elif name not in ("enum", "required", "type", "const"):
                found |= keywords(inner)
        return found

    assert keywords(load(message)) <= set(_KEYWORDS) | _SILENT
