"""Holds a document to one of the JSON Schemas beside this file, and names everything that is wrong with it.

For documents of producers that have no model of ours. It knows the keywords that these schemas use and no other (a
schema that used one more would raise KeyError, and a test reads all of them); formats are the models' to check. Tests
hold its verdicts to those of jsonschema.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from itertools import islice
from typing import Any, Final

from contract.refusals import shown
from contract.schema import load

Schema = Mapping[str, Any]

#: Say nothing of whether a document fits.
_SILENT: Final = frozenset({"$schema", "$id", "$defs", "$comment", "title", "description", "format", "then"})

#: What a schema takes that names no type.
_ANY: Final = ["object", "array", "string", "boolean", "null", "number"]

#: Errors that are looked for in one document.
MOST: Final = 100


@dataclass(frozen=True, slots=True)
class Error:
    """What is wrong, and where: a JSON Pointer (RFC 6901), empty for the document itself."""

    pointer: str
    said: str


def errors(name: str, document: Any) -> list[Error]:
    """What is wrong with `document` by the schema of that name, at most `MOST` errors. `document` is as json has it."""
    return list(islice(dict.fromkeys(islice(_errors(load(name), document, "", name), 10 * MOST)), MOST))


def _errors(schema: Schema, value: Any, at: str, document: str) -> Iterator[Error]:
    for keyword in schema:
        if keyword not in _SILENT:
            yield from _KEYWORDS[keyword](schema, value, at, document)


def _fits(schema: Schema, value: Any, document: str) -> bool:
    return next(_errors(schema, value, "", document), None) is None


def _is(kind: str, value: Any) -> bool:
    match kind:
        case "object":
            return isinstance(value, dict)
        case "array":
            return isinstance(value, list)
        case "string":
            return isinstance(value, str)
        case "boolean":
            return isinstance(value, bool)
        case "null":
            return value is None
    if isinstance(value, bool) or not isinstance(value, int | float):
        return False
    return kind == "number" or isinstance(value, int) or value.is_integer()


def _same(one: Any, other: Any) -> bool:
    """Whether JSON takes them for equal: 1 is 1.0, and neither is true."""
    return isinstance(one, bool) is isinstance(other, bool) and bool(one == other)


def _type(schema: Schema, value: Any, at: str, _: str) -> Iterator[Error]:
    kinds = _kinds(schema)
    if not any(_is(kind, value) for kind in kinds):
        yield Error(at, f"{shown(value)} is not of type {' or '.join(kinds)}")


def _const(schema: Schema, value: Any, at: str, _: str) -> Iterator[Error]:
    if not _same(schema["const"], value):
        yield Error(at, f"{shown(value)} is not {shown(schema['const'])}")


def _enum(schema: Schema, value: Any, at: str, _: str) -> Iterator[Error]:
    if not any(_same(each, value) for each in schema["enum"]):
        named = ", ".join(str(each) for each in schema["enum"][:8])
        more = ", …" if len(schema["enum"]) > 8 else ""
        yield Error(at, f"{shown(value)} is none of: {named}{more}")


def _pattern(schema: Schema, value: Any, at: str, _: str) -> Iterator[Error]:
    if isinstance(value, str) and not _compiled(schema["pattern"]).search(value):
        yield Error(at, f"{shown(value)} does not have the form {schema['pattern']}")


@cache
def _compiled(pattern: str) -> re.Pattern[str]:
    return re.compile(pattern)


def _bound(keyword: str) -> Callable[[Schema, Any, str, str], Iterator[Error]]:
    def check(schema: Schema, value: Any, at: str, _: str) -> Iterator[Error]:
        bound = schema[keyword]
        if keyword in ("minimum", "maximum"):
            if not _is("number", value) or (value >= bound if keyword == "minimum" else value <= bound):
                return
            yield Error(at, f"{shown(value)} is {'less' if keyword == 'minimum' else 'more'} than {bound}")
            return
        kind, what = _LENGTHS[keyword[3:]]
        least = keyword.startswith("min")
        if not _is(kind, value) or (len(value) >= bound if least else len(value) <= bound):
            return
        yield Error(at, f"has {len(value)} {what}; {'at least' if least else 'at most'} {bound}")

    return check


_LENGTHS: Final = {
    "Length": ("string", "characters"),
    "Items": ("array", "items"),
    "Properties": ("object", "fields"),
}


def _unique_items(schema: Schema, value: Any, at: str, _: str) -> Iterator[Error]:
    if isinstance(value, list) and any(_same(one, other) for i, one in enumerate(value) for other in value[:i]):
        yield Error(at, "an item stands twice")


def _required(schema: Schema, value: Any, at: str, _: str) -> Iterator[Error]:
    if isinstance(value, dict):
        for name in schema["required"]:
            if name not in value:
                yield Error(_below(at, name), "is missing")


def _properties(schema: Schema, value: Any, at: str, document: str) -> Iterator[Error]:
    if isinstance(value, dict):
        for name, inner in schema["properties"].items():
            if name in value:
                yield from _errors(inner, value[name], _below(at, name), document)


def _additional_properties(schema: Schema, value: Any, at: str, document: str) -> Iterator[Error]:
    if isinstance(value, dict):
        for name in value:
            if name in schema.get("properties", {}):
                continue
            if schema["additionalProperties"] is False:
                yield Error(_below(at, name), "is unknown")
            else:
                yield from _errors(schema["additionalProperties"], value[name], _below(at, name), document)


def _property_names(schema: Schema, value: Any, at: str, document: str) -> Iterator[Error]:
    if isinstance(value, dict):
        for name in value:
            for error in _errors(schema["propertyNames"], name, _below(at, name), document):
                yield Error(error.pointer, f"the name of the field: {error.said}")


def _items(schema: Schema, value: Any, at: str, document: str) -> Iterator[Error]:
    if isinstance(value, list):
        for index, item in enumerate(value):
            yield from _errors(schema["items"], item, _below(at, index), document)


def _ref(schema: Schema, value: Any, at: str, document: str) -> Iterator[Error]:
    wanted, document = _resolved(schema, document)
    yield from _errors(wanted, value, at, document)


def _resolved(schema: Schema, document: str) -> tuple[Schema, str]:
    """`schema`, or what it refers to, and the document that this stands in."""
    if "$ref" not in schema:
        return schema, document
    file, _, pointer = schema["$ref"].partition("#")
    document = file.removesuffix(".schema.json") or document
    wanted: Any = load(document)
    for step in filter(None, pointer.split("/")):
        wanted = wanted[step]
    return wanted, document


def _all_of(schema: Schema, value: Any, at: str, document: str) -> Iterator[Error]:
    for each in schema["allOf"]:
        yield from _errors(each, value, at, document)


def _if(schema: Schema, value: Any, at: str, document: str) -> Iterator[Error]:
    if _fits(schema["if"], value, document):
        yield from _errors(schema.get("then", {}), value, at, document)


def _any_of(schema: Schema, value: Any, at: str, document: str) -> Iterator[Error]:
    if any(_fits(each, value, document) for each in schema["anyOf"]):
        return
    alternatives = [_resolved(each, document) for each in schema["anyOf"]]
    meant = [each for each in alternatives if any(_is(kind, value) for kind in _kinds(each[0]))]
    if meant:
        # the rest is of another type, and so not what was meant
        yield from min((list(_errors(each, value, at, there)) for each, there in meant), key=len)
    else:
        kinds = dict.fromkeys(kind for each, _ in alternatives for kind in _kinds(each))
        yield Error(at, f"{shown(value)} is not of type {' or '.join(kinds)}")


def _one_of(schema: Schema, value: Any, at: str, document: str) -> Iterator[Error]:
    """Objects that differ by a constant in one of their fields: it says which of them is meant."""
    alternatives = [_resolved(each, document) for each in schema["oneOf"]]
    (field,) = (name for name, inner in alternatives[0][0]["properties"].items() if "const" in inner)
    by_constant = {each["properties"][field]["const"]: (each, there) for each, there in alternatives}
    if not isinstance(value, dict):
        yield Error(at, f"{shown(value)} is not of type object")
    elif field not in value:
        yield Error(_below(at, field), "is missing")
    elif not isinstance(value[field], str) or value[field] not in by_constant:
        yield Error(_below(at, field), f"{shown(value[field])} is none of: {', '.join(by_constant)}")
    else:
        meant, there = by_constant[value[field]]
        yield from _errors(meant, value, at, there)


def _kinds(schema: Schema) -> list[str]:
    kinds = schema.get("type", _ANY)
    return kinds if isinstance(kinds, list) else [kinds]


def _below(at: str, name: object) -> str:
    return f"{at}/{str(name).replace('~', '~0').replace('/', '~1')}"


_KEYWORDS: Final[dict[str, Callable[[Schema, Any, str, str], Iterator[Error]]]] = {
    "type": _type,
    "const": _const,
    "enum": _enum,
    "pattern": _pattern,
    **{keyword: _bound(keyword) for keyword in ("minimum", "maximum")},
    **{keyword: _bound(keyword) for keyword in ("minLength", "maxLength", "minItems", "maxItems", "maxProperties")},
    "uniqueItems": _unique_items,
    "required": _required,
    "properties": _properties,
    "additionalProperties": _additional_properties,
    "propertyNames": _property_names,
    "items": _items,
    "$ref": _ref,
    "allOf": _all_of,
    "if": _if,
    "anyOf": _any_of,
    "oneOf": _one_of,
}
