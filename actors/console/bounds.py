"""What every request and every answer is held to, before and after anything of ours sees them.

Requests: the name they ask for has to be ours (a page of another site may have its own name resolve to this address,
and would read everything: DNS rebinding); bodies have a size and a time. Answers: headers that leave a browser no way
to run, load or frame anything that is not ours.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from ipaddress import ip_address
from typing import Final

from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from actors.console.errors import Misdirected, Refused, TooLarge

#: Bytes of a request's body, and seconds in which it has to arrive.
LARGEST: Final = 256 * 1024
LONGEST: Final = 20.0

HEADERS: Final = {
    "Content-Security-Policy": (
        "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self'; connect-src 'self'; "
        "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
}

#: Makes the answer for a request that is refused.
Answer = Callable[[Request, Refused], Response]


class Bounds:
    """ASGI middleware around the whole application. `names` are those it may be asked for by, beside addresses."""

    def __init__(self, app: ASGIApp, *, names: frozenset[str], answer: Answer) -> None:
        self._app = app
        self._names = names
        self._answer = answer

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        headers = Headers(scope=scope)
        try:
            self._check(headers)
        except Refused as error:
            await self._answer(Request(scope), error)(scope, receive, _guarded(send))
            return
        await self._app(scope, _bounded(receive), _guarded(send))

    def _check(self, headers: Headers) -> None:
        host = _name(headers.get("host", ""))
        if host not in self._names and not _is_address(host):
            raise Misdirected(
                "the console does not go by that name", hint="if it should: TOUCHLINE_CONSOLE_HOSTS names it"
            )
        length = headers.get("content-length", "0")
        if not length.isdigit() or int(length) > LARGEST:
            raise TooLarge(f"a request may have {LARGEST:,} bytes", hint="send it in parts")


def _name(host: str) -> str:
    """The host of a Host header, without port and brackets."""
    if host.startswith("["):
        return host[1:].partition("]")[0]
    return host.partition(":")[0].lower()


def _is_address(host: str) -> bool:
    """Nobody else can make a name of it."""
    try:
        ip_address(host)
    except ValueError:
        return False
    return True


def _bounded(receive: Receive) -> Receive:
    """`receive`, which gives up a body that is too long or takes too long as one that was broken off."""
    loop = asyncio.get_running_loop()
    end: float | None = loop.time() + LONGEST
    left = LARGEST

    async def bounded() -> Message:
        nonlocal left, end
        try:
            async with asyncio.timeout_at(end):
                message = await receive()
        except TimeoutError:
            return {"type": "http.disconnect"}
        if message["type"] == "http.request":
            left -= len(message.get("body", b""))
            if left < 0:
                return {"type": "http.disconnect"}
            if not message.get("more_body"):
                # what comes now is only the end of whoever asked, however long they listen
                end = None
        return message

    return bounded


def _guarded(send: Send) -> Send:
    async def guarded(message: Message) -> None:
        if message["type"] == "http.response.start":
            headers = MutableHeaders(scope=message)
            for name, value in HEADERS.items():
                headers.setdefault(name, value)
            headers.setdefault("Cache-Control", "no-store")
        await send(message)

    return guarded
