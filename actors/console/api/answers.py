"""Answers as bytes: JSON with an ETag over them, and 304 for who has them already."""

from __future__ import annotations

import datetime as dt
import hashlib
import json
from collections.abc import Mapping
from decimal import Decimal
from typing import Any, Final
from uuid import UUID

from fastapi import Request
from starlette.responses import Response

#: Whoever keeps an answer asks each time whether it is still so; no proxy keeps it for others.
_CACHING: Final = "private, no-cache"


def answer(
    request: Request, content: Mapping[str, Any], *, status: int = 200, headers: Mapping[str, str] | None = None
) -> Response:
    """`content` as JSON. Of what was asked by GET also its ETag, or 304 where that is the one they have."""
    body = as_json(content)
    if request.method != "GET" or status != 200:
        return Response(body, status, headers, "application/json")
    tag = f'"{hashlib.sha256(body).hexdigest()[:32]}"'
    said = {"ETag": tag, "Cache-Control": _CACHING, "Vary": "Authorization, Cookie", **(headers or {})}
    if has(request.headers.get("if-none-match", ""), tag):
        return Response(None, 304, said)
    return Response(body, 200, said, "application/json")


def has(header: str, tag: str) -> bool:
    """Whether `tag` is among those of an If-None-Match, which compares weakly (RFC 9110, 13.1.2)."""
    return header.strip() == "*" or any(each.strip().removeprefix("W/") == tag for each in header.split(","))


def as_json(content: Any) -> bytes:
    """`content` as the API writes it: times in UTC, `2026-10-03T22:31:00Z`."""
    text = json.dumps(content, ensure_ascii=False, separators=(",", ":"), default=_plain)
    # what came with half a surrogate pair goes as it came: an escape
    return text.encode("utf-8", "backslashreplace")


def _plain(value: Any) -> Any:
    match value:
        case dt.datetime():
            return value.astimezone(dt.UTC).isoformat().replace("+00:00", "Z")
        case dt.date() | UUID():
            return str(value)
        case Decimal():
            return float(value)
    raise TypeError(f"{type(value).__name__} has no place in an answer")
