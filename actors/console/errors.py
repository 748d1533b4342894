"""What the console refuses, each with its HTTP status."""

from __future__ import annotations

from typing import ClassVar

from contract.errors import PermanentError


class Refused(PermanentError):
    """A request that is not carried out; `status` is what HTTP calls it."""

    status: ClassVar[int] = 400


class SignInNeeded(Refused):
    """Whoever asks has not shown the token."""

    status = 401


class Forbidden(Refused):
    """Whoever asks may not, whatever they show."""

    status = 403


class NotThere(Refused):
    """Nothing has that address."""

    status = 404


class Conflict(Refused):
    """It contradicts what is there."""

    status = 409


class Gone(Refused):
    """It was there, and will not be again."""

    status = 410


class TooLarge(Refused):
    """More than is taken at once."""

    status = 413


class Misdirected(Refused):
    """Asked for by a name that is not ours."""

    status = 421


class Invalid(Refused):
    """Well-formed, and wrong."""

    status = 422


class Busy(Refused):
    """As many as can be do that already."""

    status = 503
