"""Where in a TOML file a setting stands, for messages about it: Python's own reader does not say."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final

_HEADER: Final = re.compile(r"\s*\[([^\[\]]+)\]\s*(#.*)?$")
_KEY: Final = re.compile(r"""\s*((?:[\w-]+|"[^"]*"|'[^']*')(?:\s*\.\s*(?:[\w-]+|"[^"]*"|'[^']*'))*)\s*=""")
_PIECE: Final = re.compile(r"""[\w-]+|"[^"]*"|'[^']*'""")


def line_of(text: str, where: Sequence[str | int]) -> int | None:
    """The line, from 1, of the deepest key or table on the way to `where` that stands in `text`; None for none.

    A key that is missing is found by the table that lacks it. A line within a string of several lines that looks like
    a key is taken for one.
    """
    path = [piece for piece in where if isinstance(piece, str)]
    table: list[str] = []
    best, depth = None, 0
    for number, line in enumerate(text.splitlines(), start=1):
        if header := _HEADER.match(line):
            here = table = _pieces(header[1])
        elif key := _KEY.match(line):
            here = table + _pieces(key[1])
        else:
            continue
        if depth < len(here) <= len(path) and here == path[: len(here)]:
            best, depth = number, len(here)
    return best


def _pieces(dotted: str) -> list[str]:
    return [piece.strip("\"'") for piece in _PIECE.findall(dotted)]
