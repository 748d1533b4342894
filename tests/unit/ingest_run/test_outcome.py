"""What a run ends with."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import pytest

from contract.errors import ConfigurationError
from ingest.run import Outcome, PartOutcome

RUN = UUID("5b0e3d5c-9a43-4f5a-8c63-0a6a5a1b7f10")


def part(**said: Any) -> PartOutcome:
    return PartOutcome("a", ended=True, **said)


@pytest.mark.parametrize(
    ("outcome", "code"),
    [
        (Outcome(RUN, [part(found=5, sent=5)]), 0),
        (Outcome(RUN, [part(not_modified=True)]), 0),
        (Outcome(RUN, [part(not_modified=True), part(found=1, sent=1)]), 0),
        (Outcome(RUN, [part(found=6, sent=5, rejected=1)]), 1),
        (Outcome(RUN, [part(found=0)]), 1),
        (Outcome(RUN, [part(found=0), part(not_modified=True)]), 1),
        (Outcome(RUN, [part(found=5, sent=5), part(error="x", exit_code=1)]), 1),
        (Outcome(RUN, [part(error="x", exit_code=3), part(error="x", exit_code=1)]), 3),
        (Outcome(RUN, [part(found=5, sent=5)], spooled=3), 3),
        (Outcome(RUN, [part(found=5, sent=5)], spooled=3, away=ConfigurationError("x")), 2),
    ],
)
def test_the_exit_code_names_what_is_wrong_most(outcome: Outcome, code: int) -> None:
    """Configuration before unreachable before something wrong; a run that finds no match at all is not fine."""
    assert outcome.exit_code == code
