"""How the operations of the API are described: the answers that each may give, in the words of one place."""

from __future__ import annotations

from typing import Any, Final

from pydantic import BaseModel

from actors.console.api.shapes import Problem

PROBLEM: Final = "application/problem+json"

_SAID: Final = {
    304: "It is as it was: the ETag is the one in If-None-Match.",
    400: "The body is no JSON.",
    401: "The token is missing or wrong.",
    404: "There is nothing of that name, or no page begins at that cursor.",
    409: "It contradicts what is there.",
    410: "The cursor is of another database server.",
    413: "The body is too large.",
    422: "The request is well-formed, and wrong; `errors` says what and where.",
    503: "The database or the queue does not answer. Nothing was done; worth another try.",
}

_ETAG: Final = {"ETag": {"description": "Of the answer's bytes.", "schema": {"type": "string"}}}


def problems(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """These answers, and those that any request may have, as problem details."""
    content = {PROBLEM: {"schema": {"$ref": "#/components/schemas/Problem"}}}
    known: dict[int | str, dict[str, Any]] = {
        status: {"description": _SAID[status], "content": content} for status in (401, 422, 503, *statuses)
    }
    return {**known, "default": {"description": "Something else went wrong.", "content": content}}


def reads(shape: type[BaseModel], summary: str, *statuses: int) -> dict[str, Any]:
    """Arguments of a route that reads: what it answers, and what else it may."""
    return {
        "summary": summary,
        "responses": {
            200: {"model": shape, "description": "What was asked for.", "headers": _ETAG},
            304: {"description": _SAID[304], "headers": _ETAG},
            **problems(404, *statuses),
        },
        "openapi_extra": {"security": [{}, {"token": []}]},
    }


def acts(shape: type[BaseModel], summary: str, *statuses: int, done: int, said: str, **more: Any) -> dict[str, Any]:
    """Arguments of a route that acts, with the token."""
    return {
        "summary": summary,
        "status_code": done,
        "responses": {done: {"model": shape, "description": said, **more.pop("answer", {})}, **problems(*statuses)},
        "openapi_extra": {"security": [{"token": []}], **more},
    }


__all__ = ["PROBLEM", "Problem", "acts", "problems", "reads"]
