"""Who may read and who may act.

Acting needs the token: programs send it with each request (`Authorization: Bearer …`), people sign in with it once, and
their browser then has a *session*, a signed cookie that ends by itself. A form of a session carries a second secret
that no other site can know (CSRF), and a browser that says that a form comes from another site is refused.

Reading is open on a loopback address, and for whoever signs in elsewhere (`TOUCHLINE_CONSOLE_READERS`).

    nobody ──token──► session ──12 hours, or another token is set──► nobody
                         └──POST with the session's CSRF secret──► acts
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import logging
import secrets
import time
from collections.abc import Callable
from dataclasses import dataclass
from ipaddress import ip_address
from typing import Annotated, Final
from urllib.parse import urlsplit

from fastapi import Depends, Form, Request
from starlette.datastructures import Headers

from actors.console.errors import Forbidden, SignInNeeded
from contract.addresses import split_listen
from contract.settings import Settings

COOKIE: Final = "touchline_session"

#: Seconds for which a session lasts.
LIFETIME: Final = 12 * 3600

#: Characters of a name that a session keeps.
NAME_LENGTH: Final = 80

_logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Session:
    """Somebody who has signed in. `name` is what they call themselves, and is kept with what they do."""

    name: str
    nonce: str
    ends_at: int


class Access:
    """The token, and what follows from it. `clock` counts seconds since the epoch."""

    def __init__(self, token: str, *, open_to_read: bool, clock: Callable[[], float] = time.time) -> None:
        self._digest = hashlib.sha256(token.encode()).digest()
        # sessions are worth nothing any more once another token is set
        self._key = hmac.digest(self._digest, b"touchline console session", "sha256")
        self._clock = clock
        #: Whether those may read who have not signed in.
        self.open_to_read = open_to_read

    def is_token(self, given: str) -> bool:
        """Takes the same time for every wrong one."""
        return hmac.compare_digest(hashlib.sha256(given.encode()).digest(), self._digest)

    def begin(self, name: str) -> str:
        """The cookie of a new session."""
        name = base64.urlsafe_b64encode(name.strip()[:NAME_LENGTH].encode()).decode()
        said = f"{int(self._clock()) + LIFETIME}.{secrets.token_hex(16)}.{name}"
        return f"{said}.{self._sign('session', said)}"

    def session(self, cookie: str | None) -> Session | None:
        """The session that `cookie` is of; None where it has ended or was never begun."""
        said, _, signature = (cookie or "").rpartition(".")
        if not hmac.compare_digest(signature.encode(), self._sign("session", said).encode()):
            return None
        ends_at, nonce, name = said.split(".")
        if int(ends_at) <= self._clock():
            return None
        return Session(base64.urlsafe_b64decode(name).decode(), nonce, int(ends_at))

    def csrf(self, session: Session) -> str:
        """What a form of `session` has to carry."""
        return self._sign("csrf", session.nonce)

    def calendar_key(self, source: str, team_id: str) -> str:
        """What opens this team's calendar, and nothing else, to a phone: it can neither sign in nor send a token."""
        return self._sign("calendar", json.dumps([source, team_id]))

    def opens_calendar(self, key: str, source: str, team_id: str) -> bool:
        return hmac.compare_digest(key.encode(), self.calendar_key(source, team_id).encode())

    def _sign(self, what: str, said: str) -> str:
        return hmac.digest(self._key, f"{what}.{said}".encode(), "sha256").hex()


def open_to_read(settings: Settings) -> bool:
    """Whether those may read who have not signed in (`Settings.console_readers`)."""
    if settings.console_readers != "auto":
        return settings.console_readers == "everyone"
    return _is_loopback(split_listen(settings.console_listen)[0]) and not settings.console_hosts


def _is_loopback(host: str | None) -> bool:
    if host == "localhost":
        return True
    try:
        return ip_address(host or "").is_loopback
    except ValueError:
        return False


def session_of(request: Request) -> Session | None:
    """Who has signed in with the browser that asks, if anybody."""
    access: Access = request.app.state.access
    return access.session(request.cookies.get(COOKIE))


def _bearer(request: Request) -> bool:
    """Whether the request carries the token."""
    access: Access = request.app.state.access
    scheme, _, given = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() != "bearer":
        return False
    if access.is_token(given.strip()):
        return True
    _logger.warning("A wrong token came from %s.", request.client.host if request.client else "nowhere")
    return False


def may_read(request: Request) -> None:
    """A dependency of everything that reads. Raises SignInNeeded."""
    access: Access = request.app.state.access
    if access.open_to_read or session_of(request) is not None or _bearer(request):
        return
    raise SignInNeeded("reading needs a token here, too", hint="sign in, or send it: Authorization: Bearer …")


def acting_by_form(request: Request, csrf: Annotated[str, Form(max_length=128)] = "") -> Session:
    """A dependency of every form that acts: who sends it. Raises SignInNeeded, or Forbidden for a forged form."""
    check_origin(request.headers)
    session = session_of(request)
    if session is None:
        raise SignInNeeded("whoever acts has to sign in", hint="the page where you did it is still there: go back")
    access: Access = request.app.state.access
    if not hmac.compare_digest(csrf.encode(), access.csrf(session).encode()):
        raise Forbidden("this form is not of your session", hint="load the page again, and send it from there")
    return session


def acting_by_token(request: Request) -> None:
    """A dependency of what programs may do: the token in the request itself. Raises SignInNeeded."""
    if not _bearer(request):
        raise SignInNeeded("this needs the console's token", hint="send it: Authorization: Bearer …")


Reader = Depends(may_read)
FormActor = Annotated[Session, Depends(acting_by_form)]
TokenActor = Depends(acting_by_token)


def check_origin(headers: Headers) -> None:
    """Refuses what a browser sends for another site. Raises Forbidden."""
    if headers.get("sec-fetch-site", "same-origin") not in ("same-origin", "none"):
        raise Forbidden("this form was sent by another site", hint="send it from the console's own page")
    origin = headers.get("origin")
    # "null" is what a browser says that may not tell, also of a form of ours after a redirect
    if origin and origin != "null" and urlsplit(origin).netloc != headers.get("host"):
        raise Forbidden("this form was sent by another site", hint="send it from the console's own page")
