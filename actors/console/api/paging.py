"""Pages by key: each says where the next one begins, and what is stored meanwhile moves no row to another page.

A *cursor* is the key of the last row that was shown, for the program that got it to hand back as it is.
"""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Sequence
from typing import Annotated, Any, Final
from urllib.parse import urlencode

from fastapi import Request
from pydantic import BaseModel, ConfigDict, Field

from actors.console.api.fields import Text
from actors.console.errors import NotThere

#: Rows of a page, unless somebody asks for fewer or more, and at most.
USUAL: Final = 100
MOST: Final = 500


class NoSuchPage(NotThere):
    """A cursor that none of our answers had, or one of another list."""

    def __init__(self) -> None:
        super().__init__("no page begins at that cursor", hint="take `next` of an answer as it is, or begin anew")


class Asked(BaseModel):
    """Query parameters. One that is not known is refused: a filter that is misspelt must not let everything through."""

    model_config = ConfigDict(extra="forbid")


Cursor = Annotated[
    Text | None, Field(description="Where the page begins: `next` of the page before it, as it is.", max_length=2000)
]


class Page(Asked):
    """What every list can be asked."""

    limit: Annotated[int, Field(description="At most so many rows.", ge=1, le=MOST)] = USUAL
    cursor: Cursor = None


def after(cursor: str | None, *kinds: type) -> list[Any]:
    """The key in `cursor`, whose parts are of these types; Nones where there is no cursor. Raises NoSuchPage."""
    if cursor is None:
        return [None] * len(kinds)
    try:
        padded = cursor.encode("ascii") + b"=" * (-len(cursor) % 4)
        key = json.loads(base64.b64decode(padded, altchars=b"-_", validate=True))
    except (ValueError, binascii.Error, RecursionError):
        key = None
    if (
        not isinstance(key, list)
        or len(key) != len(kinds)
        or any(type(part) is not kind for part, kind in zip(key, kinds, strict=True))
        or any(isinstance(part, int) and not 0 <= part < 2**63 for part in key)
        or any(isinstance(part, str) and not _storable(part) for part in key)
    ):
        raise NoSuchPage
    return key


def cursor_of(*key: Any) -> str:
    """The cursor that stands for the row with this key."""
    return base64.urlsafe_b64encode(json.dumps(key, default=str).encode()).decode().rstrip("=")


def link(request: Request, cursor: str | None) -> str | None:
    """The path of the page that begins at `cursor`, with all that was asked for; None where there is none."""
    if cursor is None:
        return None
    asked = [(name, value) for name, value in request.query_params.multi_items() if name != "cursor"]
    return f"{request.url.path}?{urlencode([*asked, ('cursor', cursor)])}"


def page(request: Request, name: str, rows: Sequence[dict[str, Any]], limit: int, *key: str) -> dict[str, Any]:
    """The content of an answer: `rows`, of which there may be one more than `limit`, and where the next page is."""
    shown = list(rows[:limit])
    more = len(rows) > limit
    cursor = cursor_of(*(_part(shown[-1][column]) for column in key)) if more else None
    return {name: shown, "next": link(request, cursor), "next_cursor": cursor}


def _part(value: Any) -> Any:
    return "" if value is None else value


def _storable(text: str) -> bool:
    return "\0" not in text and not any("\ud800" <= char <= "\udfff" for char in text)
