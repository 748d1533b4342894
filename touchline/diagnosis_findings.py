"""What a check of `touchline doctor` says."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from contract.errors import TouchlineError

State = Literal["ok", "not ok", "not used"]


@dataclass(frozen=True, slots=True)
class Finding:
    """What one check found. `hint` is what to do where something is not ok."""

    check: str
    state: State
    detail: str
    hint: str = ""
    #: Whether it is not ok because something does not answer.
    unreachable: bool = False


class Unhealthy(TouchlineError):
    """Everything answers, and something is wrong all the same."""


class NotUsed(Exception):
    """This installation has no need of it."""
