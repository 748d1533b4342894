"""The OpenAPI document of the API, version 3.1: made of the routes, and of the contract's own schemas."""

from __future__ import annotations

from collections.abc import Sequence
from importlib.metadata import version
from typing import Annotated, Any, Final

from fastapi import APIRouter, Query, Request
from fastapi.openapi.utils import get_openapi
from starlette.responses import Response
from starlette.routing import BaseRoute

from actors.console.api.answers import answer
from actors.console.api.documented import Problem
from actors.console.api.paging import Asked
from actors.console.api.runs import installed
from contract.schema import MESSAGES, load

router = APIRouter(include_in_schema=False)

PREFIX: Final = "/api/v1"

_ABOUT: Final = """\
What programs ask of a Touchline, and order from it. Lists are paged by key: follow `next`. Answers have ETags: send
`If-None-Match`, and what has not changed is 304. Whatever goes wrong is told as problem+json (RFC 9457). Parameters
that are not known are refused. HEAD answers as GET does, without the body.
"""

#: Every operation may have these; FastAPI's own shape of a validation error is not ours.
_NOT_OURS: Final = ("HTTPValidationError", "ValidationError")


@router.get(f"{PREFIX}/openapi.json")
def document(request: Request, _: Annotated[Asked, Query()]) -> Response:
    state = request.app.state
    if not hasattr(state, "api_document"):
        state.api_document = make_document(state.api_routes)
    return answer(request, state.api_document)


def make_document(routes: Sequence[BaseRoute]) -> dict[str, Any]:
    """The document that describes `routes`."""
    made = get_openapi(
        title="Touchline",
        version=version("touchline"),
        openapi_version="3.1.0",
        description=_ABOUT,
        routes=routes,
    )
    for operation in (each for path in made["paths"].values() for each in path.values()):
        for parameter in operation.get("parameters", ()):
            parameter["schema"] = _given(parameter["schema"])
    components = made.setdefault("components", {})
    schemas = components.setdefault("schemas", {})
    for name in _NOT_OURS:
        schemas.pop(name, None)
    _add(schemas, Problem.model_json_schema(ref_template="#/components/schemas/{model}"))
    for name in MESSAGES:
        schemas[f"contract.{name}"] = _bundled(load(name), name)
    schemas["JobOrder"]["properties"]["source"]["enum"] = installed()
    components["securitySchemes"] = {
        "token": {
            "type": "http",
            "scheme": "bearer",
            "description": "The console's token. Reading needs it, too, where the console says so.",
        }
    }
    return made


def _given(schema: dict[str, Any]) -> dict[str, Any]:
    """The schema of a parameter that is given: null is how a model says that it was not."""
    match schema:
        case {"anyOf": [one, {"type": "null"}], **rest}:
            return {**rest, **one}
    return schema


def _add(schemas: dict[str, Any], schema: dict[str, Any]) -> None:
    schemas.update(schema.pop("$defs", {}))
    schemas[schema["title"]] = schema


def _bundled(node: Any, document: str) -> Any:
    """A schema of the contract, whose references lead to where they stand in this document.

    Its patterns are as generators of programs understand them, too: halves of surrogate pairs are no text in UTF-8, and
    that `$` may stand before a final newline is some languages' own affair.
    """
    if isinstance(node, list):
        return [_bundled(item, document) for item in node]
    if not isinstance(node, dict):
        return node
    made = {key: _bundled(value, document) for key, value in node.items() if key not in ("$schema", "$id")}
    if isinstance(node.get("pattern"), str):
        made["pattern"] = (
            node["pattern"].replace("\\uD800-\\uDFFF", "").replace("\\u00", "\\x").replace("(?!\\n)$", "$")
        )
    if isinstance(node.get("$ref"), str):
        file, _, pointer = node["$ref"].partition("#")
        made["$ref"] = f"#/components/schemas/contract.{file.removesuffix('.schema.json') or document}{pointer}"
    return made
