"""Names that the suite and its workers share."""

from __future__ import annotations

from typing import Final

#: Parts whose names begin so are poison: their message kills its worker, raises, or never returns.
KILLS: Final = "kills-its-worker"
RAISES: Final = "always-raises"
HANGS: Final = "never-returns"
