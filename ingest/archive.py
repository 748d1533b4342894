"""Where the documents of a run are kept as the site gave them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from ingest.http import Answer


class Keeper(Protocol):
    """Keeps the documents of one run. Threads may use it together."""

    def keep(self, asked: str, answer: Answer) -> None:
        """Keep `answer`, which is what the site said when it was asked for the address `asked`. Never raises."""
        ...
