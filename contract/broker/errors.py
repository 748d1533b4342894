"""What goes wrong between us and a broker, as Dramatiq and as the rest of Touchline know it.

Each is a `BrokerConnectionError` of Dramatiq's, upon which its consumers start again and its producers give up, and one
of our own errors, by which the command line, the publisher and the retries decide.
"""

from __future__ import annotations

from dramatiq.errors import ConnectionClosed

from contract.errors import ConfigurationError, UnreachableError


class BrokerAway(UnreachableError, ConnectionClosed):
    """The broker does not answer, or does not take messages now. It may pass by itself."""

    def __init__(self, message: str, *, hint: str = "") -> None:
        super().__init__(message, hint=hint)
        self.message = message


class BrokerMisconfigured(ConfigurationError, ConnectionClosed):
    """The broker refuses what the settings say: user, password, vhost, exchange, TLS, or how a queue is declared."""

    def __init__(self, message: str, *, hint: str = "") -> None:
        super().__init__(message, hint=hint)
        self.message = message


class NotForThisUser(BrokerMisconfigured):
    """What was asked for takes a permission that the user need not have: it is not wrong by that."""
