"""A table that is drawn while its rows come in: a line each, in columns whose widths are settled beforehand."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Mapping, Sequence

from touchline.output import Column, Row

_GAP = "  "

#: Columns that the last one, which may be of any length, should have on a terminal.
_REST = 24


class Lines:
    """Writes rows to stdout under one header. `widths` are by title; a longer value pushes the others to the right.

    The last column has no width. Columns that the terminal is too narrow for are left out, the highest `spare` first.
    """

    def __init__(self, columns: Sequence[Column], widths: Mapping[str, int], *, width: int | None = None) -> None:
        self._widths = widths
        self._columns = _fitting(columns, widths, width or shutil.get_terminal_size().columns)
        self._begun = False

    def write(self, row: Row) -> None:
        """Write the row, and the header before the first. At once, however stdout is buffered."""
        if not self._begun:
            self._begun = True
            self._line([column.title for column in self._columns])
        self._line([" ".join(column.text(row).split()) for column in self._columns])

    def _line(self, texts: Sequence[str]) -> None:
        *cells, rest = zip(self._columns, texts, strict=True)
        padded = [
            text.rjust(self._widths[column.title]) if column.right else text.ljust(self._widths[column.title])
            for column, text in cells
        ]
        sys.stdout.write(_GAP.join([*padded, rest[1]]).rstrip() + "\n")
        sys.stdout.flush()


def _fitting(columns: Sequence[Column], widths: Mapping[str, int], width: int) -> list[Column]:
    used = list(columns)
    for column in sorted(columns[:-1], key=lambda column: -column.spare):
        if not column.spare or sum(widths[each.title] + len(_GAP) for each in used[:-1]) + _REST <= width:
            break
        used.remove(column)
    return used
