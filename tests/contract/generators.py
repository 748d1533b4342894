"""Documents that nobody thought of: from the producer's models, from the schemas, and by spoiling good ones."""

from __future__ import annotations

import copy
import datetime as dt
import types
from collections.abc import Callable, Iterator
from functools import cache
from typing import Annotated, Any, Literal, Union, get_args, get_origin

from hypothesis import strategies as st
from pydantic import BaseModel, JsonValue

from ingest import models as producer
from tests.contract.schemas import examples, relaxed
from tests.contract.verdicts import EVENTS, MODELS

_CHARACTERS = st.characters(exclude_categories=["Cs"], exclude_characters="\0")
JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**31), 2**31)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(_CHARACTERS, max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text("abc", max_size=3), inner, max_size=3),
    max_leaves=5,
)

# Strategies are made once: making one takes longer than drawing from it.

#: Lists and maps are kept short: what is wrong with long ones is wrong with two.
_FEW = 2


@cache
def said(message: str) -> st.SearchStrategy[Any]:
    """Anything that the producer can say as `message`."""
    if message == "run":
        return st.one_of([_instances(model) for model in EVENTS.values()])
    return _instances(MODELS[message])


def _instances(model: type[BaseModel]) -> st.SearchStrategy[Any]:
    """Instances of a producer's model, whatever its fields allow."""
    return _documents(model).map(model.model_validate)


@cache
def _documents(model: type[BaseModel]) -> st.SearchStrategy[dict[str, Any]]:
    fields = {name: _values(field.annotation, list(field.metadata)) for name, field in model.model_fields.items()}
    required = {name for name, field in model.model_fields.items() if field.is_required()}
    return st.fixed_dictionaries(
        {name: values for name, values in fields.items() if name in required},
        optional={name: values for name, values in fields.items() if name not in required},
    ).map(_MENDED.get(model, lambda document: document))


def _mended_match(match: dict[str, Any]) -> dict[str, Any]:
    """`match` made to keep the rules between fields: most of what is drawn at random does not."""
    if match["date"] is None and match["status"] != "forfeit":
        match["status"] = "postponed"
    for pair in (("home_score", "away_score"), ("home_penalties", "away_penalties")):
        if any(match.get(name) is None for name in (*pair, "home_score")):
            for name in pair:
                match.pop(name, None)
    if match.get("home_penalties") is not None:
        match["away_score"] = match["home_score"]
    if match["status"] == "completed" and "home_score" not in match:
        match["status"] = "scheduled"
    return match


def _mended_part(event: dict[str, Any]) -> dict[str, Any]:
    return {**event, "found": 0, "batches": 0} if event["not_modified"] else event


_MENDED: dict[type[BaseModel], Callable[[dict[str, Any]], dict[str, Any]]] = {
    producer.Match: _mended_match,
    producer.PartFinished: _mended_part,
    producer.RunStarted: lambda event: {**event, "parts": list(dict.fromkeys(event["parts"]))},
}


def _values(annotation: Any, metadata: list[Any]) -> st.SearchStrategy[Any]:
    """Values of an annotated type. Raises NotImplementedError for one that no model had before."""
    origin, arguments = get_origin(annotation), get_args(annotation)
    if origin is Annotated:
        return _values(arguments[0], [*metadata, *arguments[1:]])
    if annotation is JsonValue:
        return JSON
    if origin in (Union, types.UnionType):
        return st.one_of([_values(argument, metadata) for argument in arguments])
    if origin is Literal:
        return st.sampled_from(arguments)
    if origin is tuple:
        return st.lists(_values(arguments[0], []), min_size=_bound(metadata, "min_length") or 0, max_size=_FEW)
    if origin is dict:
        return st.dictionaries(_values(arguments[0], []), _values(arguments[1], []), max_size=_FEW)
    if annotation is type(None):
        return st.none()
    if annotation is str:
        return _text(
            _bound(metadata, "pattern") or "", _bound(metadata, "min_length") or 0, _bound(metadata, "max_length")
        )
    if annotation is bool:
        return st.booleans()
    if annotation is int:
        return _integers(_bound(metadata, "ge"), _bound(metadata, "le"))
    if annotation is float:
        return st.floats(_bound(metadata, "ge"), _bound(metadata, "le"))
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return _documents(annotation)
    raise NotImplementedError(f"no values for {annotation!r}: teach tests/contract/generators.py")


def _bound(metadata: list[Any], name: str) -> Any:
    for item in metadata:
        for part in getattr(item, "metadata", [item]):
            if (value := getattr(part, name, None)) is not None:
                return value
    return None


def _integers(lowest: int, highest: int) -> st.SearchStrategy[int]:
    # few, so that equal ones meet
    return st.sampled_from([lowest, max(lowest, 0), max(lowest, 1), highest]) | st.integers(lowest, highest)


_DAY = "^(?:19|20)[0-9]{2}-(?:0[1-9]|1[0-2])-(?:0[1-9]|[12][0-9]|3[01])"
_DAYS = st.dates(dt.date(1900, 1, 1), dt.date(2099, 12, 31))
#: What matches these patterns, made faster than from the pattern; seasons and days that do not exist are not among it.
_MADE = {
    "^20[0-9]{2}-[0-9]{2}$": st.integers(2000, 2099).map(lambda year: f"{year}-{(year + 1) % 100:02}"),
    "^[0-9a-f]{8}-": st.uuids().map(str),
    rf"{_DAY}$": _DAYS.map(str),
    rf"{_DAY}T": st.builds("{}T{}Z".format, _DAYS, st.times()),
}
#: Of the right form, and on no calendar.
_NO_DAYS = {10: "2026-02-30", 27: "2026-02-30T10:00:00Z"}


def _text(pattern: str, shortest: int, longest: int) -> st.SearchStrategy[str]:
    if pattern.startswith("^[^"):
        # the longest is worth a try
        return st.text(_CHARACTERS, min_size=shortest, max_size=8) | st.just("⚽" * longest)
    for start, made in _MADE.items():
        if pattern.startswith(start):
            return made
    return st.from_regex(pattern, fullmatch=True).map(lambda text: text[:longest])


@cache
def shaped(message: str) -> st.SearchStrategy[Any]:
    """Documents with the shape of the schema's, of which some break its rules between fields or its calendar."""
    return _shaped(relaxed(message))


def _shaped(schema: dict[str, Any]) -> st.SearchStrategy[Any]:
    """Raises NotImplementedError for a keyword that no schema had before."""
    match schema:
        case {"const": value}:
            return st.just(value)
        case {"enum": values}:
            return st.sampled_from(values)
        case {"anyOf": choices} | {"oneOf": choices}:
            return st.one_of([_shaped(choice) for choice in choices])
        case {"type": [*kinds]}:
            return st.one_of([_shaped({**schema, "type": kind}) for kind in kinds])
        case {"type": "null"}:
            return st.none()
        case {"type": "boolean"}:
            return st.booleans()
        case {"type": "integer", "minimum": lowest, "maximum": highest}:
            return _integers(lowest, highest)
        case {"type": "number", "minimum": lowest, "maximum": highest}:
            return st.floats(lowest, highest) | st.integers(lowest, highest)
        case {"type": "string", "pattern": pattern, "maxLength": longest}:
            texts = _text(pattern, schema.get("minLength", 0), longest)
            return texts | st.just(_NO_DAYS[longest]) if longest in _NO_DAYS else texts
        case {"type": "array", "items": items}:
            return st.lists(_shaped(items), min_size=schema.get("minItems", 0), max_size=_FEW)
        case {"type": "object", "properties": fields}:
            required = schema.get("required", [])
            return st.fixed_dictionaries(
                {name: _shaped(fields[name]) for name in required},
                optional={name: _shaped(field) for name, field in fields.items() if name not in required},
            )
        case {"type": "object", "propertyNames": names, "additionalProperties": values}:
            return st.dictionaries(_shaped(names), _shaped(values), max_size=_FEW)
        case {} if not schema:
            return JSON
    raise NotImplementedError(f"no values for {schema!r}: teach tests/contract/generators.py")


@cache
def spoiled(message: str) -> st.SearchStrategy[Any]:
    """Valid examples in which one place was changed: in most, something is wrong now."""
    documents = list(examples(message, "valid").values())
    return _one_of_them([_spoil(document) for document in documents])


def _one_of_them(choices: list[st.SearchStrategy[Any]]) -> st.SearchStrategy[Any]:
    """Each as often as any other; `one_of` would draw those more often that are a `one_of` themselves."""
    return st.sampled_from(choices).flatmap(lambda choice: choice)


_ODD = (
    None, True, 0, 1, -1, 2, 3.0, 1.5, 201, 2**31, 10**30, "", " ", "\0", "\ud800", "x" * 101, "x" * 301, "x" * 2001,
    "1", "2026-27", "2026-09-05", "2026-02-30", "2026-09-05T13:00:00Z", "completed", "postponed", "forfeit", "started",
    "failed", "https://example.org/", [], {}, [None], ["a", "a"], {"a": "b"},
)  # fmt: skip


def _spoil(document: Any) -> st.SearchStrategy[Any]:
    def at(place: tuple[Any, ...]) -> st.SearchStrategy[Any]:
        old = _at(document, place)
        ways: list[st.SearchStrategy[Any]] = [
            (st.sampled_from(_ODD) | JSON).map(lambda value: _changed(document, place, value)),
            st.builds(_changed, st.just(document), st.just(place), st.just(_GONE)),
        ]
        if isinstance(old, str):
            tail = st.sampled_from(["\n", "\0", " ", "Z", "0", "\ud800", "é"])
            ways.append(tail.map(lambda end: _changed(document, place, old + end)))
            ways.append(tail.map(lambda start: _changed(document, place, start + old)))
        if isinstance(old, int | float) and not isinstance(old, bool):
            ways.append(st.integers(-1100, 1100).map(lambda number: _changed(document, place, number)))
        if isinstance(old, dict):
            names = st.sampled_from(["referee", "home_score", "away_penalties", "complete", "", "a\0", "x" * 101])
            ways.append(
                st.tuples(names, st.sampled_from(_ODD)).map(
                    lambda new: _changed(document, place, {**old, new[0]: new[1]})
                )
            )
        if isinstance(old, list) and old:
            ways.append(st.builds(_changed, st.just(document), st.just(place), st.just(old * 201)))
        return st.one_of(ways)

    return _one_of_them([at(place) for place in _places(document)])


_GONE = object()


def _places(node: Any, place: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    if place:
        yield place
    children = node.items() if isinstance(node, dict) else enumerate(node) if isinstance(node, list) else ()
    for name, child in children:
        yield from _places(child, (*place, name))


def _at(node: Any, place: tuple[Any, ...]) -> Any:
    for step in place:
        node = node[step]
    return node


def _changed(document: Any, place: tuple[Any, ...], value: Any) -> Any:
    changed = copy.deepcopy(document)
    parent = _at(changed, place[:-1])
    if value is _GONE:
        del parent[place[-1]]
    else:
        parent[place[-1]] = value
    return changed
