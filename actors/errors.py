"""What can go wrong while a message is handled."""

from __future__ import annotations

from dramatiq.errors import RateLimitExceeded

from contract.errors import ConfigurationError, PermanentError, TransientError, UnreachableError


class ContractViolation(PermanentError):
    """A message is not what the contract says. It is dead at once: another try would find it the same."""


class UnknownContractVersion(PermanentError):
    """A message speaks a version of the contract that this consumer does not know. Upgrade the consumers first."""


class DatabaseAway(UnreachableError):
    """The database does not answer, or answers that it cannot now. Nothing was stored; worth another try later."""


class DatabaseBusy(UnreachableError):
    """The database answers, but not this time: a deadlock, a lock or a statement that took too long, a full disk.

    Nothing was stored; worth another try soon, and no reason to let other work wait.
    """


class SourceBusy(TransientError, RateLimitExceeded):
    """A source is being read by as many as may, or was asked as often as it may be. Nothing failed; it comes later."""


class DatabaseBehind(ConfigurationError):
    """The database lacks migrations that this code needs. `touchline migrate` applies them."""


class NotReplayable(PermanentError):
    """A dead letter cannot be sent again: there is no message to send."""


class ReceiverAway(UnreachableError):
    """The webhook's receiver does not answer, or cannot take it now. Worth another try later."""


class ReceiverRefuses(PermanentError):
    """The webhook's receiver answers that it will not have this, now or later. The address or the receiver is wrong."""


class NoSuchMatch(ConfigurationError):
    """No match is stored under that number, or more than one source has one and none was named. Nothing was done."""


class NotCorrectable(ConfigurationError):
    """What was said of a match cannot stand: the contract refuses such a match, or it changes nothing."""


class NoSuchTeam(ConfigurationError):
    """There is no team of that id or name, or more than one."""
