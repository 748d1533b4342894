"""Texts of a site, made fit for one line of a calendar that is read on somebody's phone.

iCalendar escapes commas, semicolons, backslashes and line feeds; what else a text may hold is its writer's trouble
(RFC 5545, 3.1: no control characters). A name must neither end a line nor turn around what stands beside it:
`1:3` read from the right is another result.
"""

from __future__ import annotations

import unicodedata
from typing import Final
from urllib.parse import urlsplit

#: Characters that change the direction of what follows them, until somebody ends it: U+202A to U+202E, U+2066 to U+2069
#: (UAX #9). The marks (U+200E, U+200F, U+061C) belong to the spelling of names, and do no more than a letter does.
_TURNS: Final = frozenset("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
_FROM_THE_RIGHT: Final = frozenset({"R", "AL", "AN"})
_ISOLATE: Final = "\u2068{}\u2069"


def line(text: str | None) -> str:
    """`text` in one line without control characters; empty for None."""
    # separators first: some of them are control characters, and stood between words
    words = " ".join((text or "").split())
    return "".join(char for char in words if unicodedata.category(char) != "Cc" and char not in _TURNS).strip()


def name(text: str) -> str:
    """A name for a title. One with letters that are read from the right is kept apart from what stands beside it."""
    clean = line(text) or "?"
    if any(unicodedata.bidirectional(char) in _FROM_THE_RIGHT for char in clean):
        return _ISOLATE.format(clean)
    return clean


def address(url: str | None) -> str | None:
    """`url` where a phone may open it: http or https, with a host, and nothing in it that ends a line."""
    if not url or not url.isprintable() or " " in url:
        return None
    try:
        parts = urlsplit(url)
    except ValueError:
        return None
    return url if parts.scheme in ("http", "https") and parts.hostname else None
