"""Errors as sentences for a person: what failed, on which thing, why, and what to do next.

Each package's own errors derive from these two, so that whoever retries need only ask which of them it holds:

- `PermanentError`: it fails again however often it is tried (contract violated, unknown source). Never retried.
- `TransientError`: it may pass by itself (database away, site busy). Retried for as long as it lasts.
"""

from __future__ import annotations

from typing import ClassVar


class TouchlineError(Exception):
    """Something failed that a person can do something about.

    `str(error)` is one line; `hint` is the next step, or empty. `exit_code` is what the command line ends with
    (DESIGN: 1 it ran and found something wrong, 2 usage or configuration, 3 something is unreachable).
    Neither may hold a password.
    """

    exit_code: ClassVar[int] = 1

    def __init__(self, message: str, *, hint: str = "") -> None:
        super().__init__(message)
        self.hint = hint


class PermanentError(TouchlineError):
    """It fails again however often it is tried."""


class TransientError(TouchlineError):
    """It may pass by itself."""


class ConfigurationError(PermanentError):
    """A setting or an argument is wrong; nothing was done."""

    exit_code = 2


class UnreachableError(TransientError):
    """A server that is needed does not answer."""

    exit_code = 3
