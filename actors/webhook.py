"""Sends a signed notice to the one address that is set for it, and says what came of it."""

from __future__ import annotations

import base64
import http.client
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from dataclasses import dataclass
from email.message import Message
from typing import IO, Final
from urllib.parse import unquote, urlsplit, urlunsplit

from actors.errors import ReceiverAway, ReceiverRefuses
from contract.addresses import origin
from contract.settings import Settings
from contract.signing import headers_of

#: Seconds for the connection, and for each wait for the answer; the specification recommends 15 to 30.
TIMEOUT: Final = 15.0

#: Bytes of an answer that are read: enough for a connection to end in order, nothing of it is used.
_READ: Final = 65_536

#: Answers besides 5xx after which another try may help: timed out, too early, too many.
_LATER: Final = frozenset({408, 425, 429})


@dataclass(frozen=True, slots=True)
class Webhook:
    """Where notices go. Neither the address beyond its host nor the secret is ever shown."""

    url: str
    secret: str

    @classmethod
    def of(cls, settings: Settings) -> Webhook | None:
        """The webhook by the settings, or None where nobody is to be told."""
        if settings.webhook_url is None or settings.webhook_secret is None:
            return None
        return cls(settings.webhook_url.get_secret_value().strip(), settings.webhook_secret.get_secret_value())

    def __str__(self) -> str:
        return origin(self.url)

    def __repr__(self) -> str:
        return f"Webhook({self})"

    def post(
        self, notice_id: str, body: bytes, *, timeout: float = TIMEOUT, clock: Callable[[], float] = time.time
    ) -> None:
        """Send it; returns when the receiver has taken it (2xx).

        Raises ReceiverAway where it does not answer or asks for patience (408, 425, 429, 5xx), ReceiverRefuses for any
        other answer. A redirection is one: it is not followed, the address has to be mended.
        """
        url, headers = _apart(self.url)
        headers |= {"Content-Type": "application/json", "User-Agent": "touchline"}
        headers |= headers_of(self.secret, notice_id, int(clock()), body)
        request = urllib.request.Request(url, body, headers, method="POST")  # noqa: S310 - the settings refuse others
        try:
            with _OPENER.open(request, timeout=timeout) as answer:
                answer.read(_READ)
        except urllib.error.HTTPError as error:
            error.close()
            raise self._refusal(error.code, error.headers) from None
        except (OSError, http.client.HTTPException) as error:
            said = getattr(error, "reason", None) or error
            raise ReceiverAway(f"the webhook {self} does not answer: {said}", hint="is its receiver running?") from None

    def _refusal(self, code: int, headers: Message) -> ReceiverAway | ReceiverRefuses:
        if code in _LATER or code >= 500:
            return ReceiverAway(f"the webhook {self} cannot take it now: it answers {code}", hint="see its own log")
        if 300 <= code < 400:
            target = origin(headers.get("Location", ""))
            return ReceiverRefuses(
                f"the webhook {self} answers {code} and points to {target}, which is not followed",
                hint="set TOUCHLINE_WEBHOOK_URL to the new address",
            )
        return ReceiverRefuses(
            f"the webhook {self} refuses it: it answers {code}",
            hint="check TOUCHLINE_WEBHOOK_URL, and TOUCHLINE_WEBHOOK_SECRET on both sides",
        )


class _StayHere(urllib.request.HTTPRedirectHandler):
    """Follows no redirection: what is signed for one receiver goes to no other."""

    def redirect_request(
        self,
        req: urllib.request.Request,
        fp: IO[bytes],
        code: int,
        msg: str,
        headers: http.client.HTTPMessage,
        newurl: str,
    ) -> None:
        return None


#: Goes through the proxies that the environment names, as programs do.
_OPENER: Final = urllib.request.build_opener(_StayHere)


def _apart(url: str) -> tuple[str, dict[str, str]]:
    """The URL without user and password, and the header that says them."""
    parts = urlsplit(url)
    userinfo, at, host = parts.netloc.rpartition("@")
    if not at:
        return url, {}
    credentials = base64.b64encode(unquote(userinfo).encode()).decode()
    return urlunsplit(parts._replace(netloc=host)), {"Authorization": f"Basic {credentials}"}
