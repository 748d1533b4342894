"""The schemas as a validator that needs no network, and as one document for generators."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any
from uuid import UUID

from jsonschema import Draft202012Validator, FormatChecker
from referencing import Registry, Resource

import contract
from contract.schema import MESSAGES, load

EXAMPLES = Path(contract.__file__).parent / "examples"

#: What a schema cannot say, and the models refuse all the same.
BEYOND_THE_SCHEMA = frozenset({"penalties_without_a_draw"})

_FORMATS = FormatChecker(formats=())


@_FORMATS.checks("date", raises=ValueError)
def _is_date(value: object) -> bool:
    return not isinstance(value, str) or bool(dt.date.fromisoformat(value))


@_FORMATS.checks("date-time", raises=ValueError)
def _is_time(value: object) -> bool:
    return not isinstance(value, str) or dt.datetime.fromisoformat(value).tzinfo is not None


@_FORMATS.checks("uuid", raises=ValueError)
def _is_uuid(value: object) -> bool:
    return not isinstance(value, str) or bool(UUID(value))


@cache
def validator(message: str) -> Draft202012Validator:
    """For documents of `message`, with references resolved among our files and formats asserted."""
    resources: list[tuple[str, Resource[Any]]] = [
        (load(name)["$id"], Resource.from_contents(load(name))) for name in MESSAGES
    ]
    registry: Registry[Any] = Registry().with_resources(resources)
    return Draft202012Validator(load(message), registry=registry, format_checker=_FORMATS)


def says_no(message: str, document: object) -> list[str]:
    """What the schema has against `document`."""
    return [error.message for error in validator(message).iter_errors(document)]


def examples(message: str, kind: str) -> dict[str, Any]:
    """Examples by name; `kind` is `valid` or `invalid`."""
    folder = EXAMPLES / message / kind
    return {path.stem: json.loads(path.read_text("utf-8")) for path in sorted(folder.glob("*.json"))}


def objects(message: str) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """Each part of a schema that describes an object with fields, and where it stands (`/$defs/club`)."""

    def walk(node: Any, where: str) -> Iterator[tuple[str, Mapping[str, Any]]]:
        if isinstance(node, dict):
            if node.get("type") == "object" and "properties" in node:
                yield where, node
            for name, value in node.items():
                yield from walk(value, f"{where}/{name}")

    yield from walk(load(message), "")


@cache
def relaxed(message: str) -> dict[str, Any]:
    """The schema in one piece and without the rules that generators find hard to meet.

    No references, no formats, no rules between fields: what is generated from it has the right shape, and may or may
    not be valid.
    """

    def resolve(node: Any, home: str) -> Any:
        if isinstance(node, list):
            return [resolve(item, home) for item in node]
        if not isinstance(node, dict):
            return node
        if "$ref" in node:
            file, _, pointer = node["$ref"].partition("#")
            there = file.removesuffix(".schema.json") or home
            target: Any = load(there)
            for step in pointer.split("/")[1:]:
                target = target[step]
            return resolve(target, there)
        dropped = {"$schema", "$id", "$comment", "$defs", "title", "description", "format", "allOf", "if", "then"}
        return {
            # the names of fields are no keywords
            name: {field: resolve(value, home) for field, value in part.items()}
            if name == "properties"
            else resolve(part, home)
            for name, part in node.items()
            if name not in dropped
        }

    schema: dict[str, Any] = resolve(load(message), message)
    return schema
