"""What went wrong, told to whoever asked: a page for people, problem+json (RFC 9457) for programs.

Never more than the sentence of a TouchlineError, without passwords; what nobody foresaw stands in the log alone.
"""

from __future__ import annotations

import json
import logging
from http import HTTPStatus
from urllib.parse import quote

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.responses import RedirectResponse, Response
from starlette.routing import Match

from actors.console.errors import Invalid, Refused, SignInNeeded
from actors.console.rendering import render
from actors.errors import NoSuchMatch, NoSuchTeam, NotCorrectable
from contract.errors import ConfigurationError, TouchlineError, TransientError
from contract.passwords import scrub

API = "/api/"

#: Seconds after which to ask again where something is away.
RETRY_AFTER = 5

_logger = logging.getLogger(__name__)


def handle(app: FastAPI) -> None:
    """Have `app` answer errors as this module does."""
    app.add_exception_handler(TouchlineError, _touchline)
    app.add_exception_handler(RequestValidationError, _validation)
    app.add_exception_handler(HTTPException, _http)
    app.add_exception_handler(Exception, _unforeseen)


def answer(request: Request, error: TouchlineError, *, status: int | None = None) -> Response:
    """The answer that tells of `error`."""
    status = status or status_of(error)
    said, hint = scrub(str(error)), scrub(error.hint)
    if not request.url.path.startswith(API):
        if isinstance(error, SignInNeeded) and request.method in ("GET", "HEAD"):
            return RedirectResponse(f"/sign-in?next={quote(_here(request), safe='')}", status_code=303)
        context = {"title": _title(status), "said": said, "hint": hint}
        response: Response = render(request, "problem.html", status=status, **context)
    else:
        response = problem(status, said, hint=hint, errors=getattr(error, "errors", None))
    if status == HTTPStatus.UNAUTHORIZED:
        response.headers["WWW-Authenticate"] = 'Bearer realm="touchline"'
    if status == HTTPStatus.SERVICE_UNAVAILABLE:
        response.headers["Retry-After"] = str(RETRY_AFTER)
    return response


def problem(status: int, detail: str, *, hint: str = "", errors: list[dict[str, str]] | None = None) -> Response:
    """A problem details document: `detail` is what is wrong, `hint` the next step, `errors` which fields."""
    body: dict[str, object] = {"type": "about:blank", "title": _title(status), "status": status, "detail": detail}
    if hint:
        body["hint"] = hint
    if errors:
        body["errors"] = errors
    # half a surrogate pair, which may be what is wrong, goes as an escape
    text = json.dumps(body, ensure_ascii=False).encode("utf-8", "backslashreplace")
    return Response(text, status_code=status, media_type="application/problem+json")


def status_of(error: TouchlineError) -> int:
    """What HTTP calls it."""
    if isinstance(error, Refused):
        return error.status
    if isinstance(error, NoSuchMatch | NoSuchTeam):
        return HTTPStatus.NOT_FOUND
    if isinstance(error, NotCorrectable):
        return HTTPStatus.UNPROCESSABLE_ENTITY
    if isinstance(error, TransientError | ConfigurationError):
        return HTTPStatus.SERVICE_UNAVAILABLE
    return HTTPStatus.INTERNAL_SERVER_ERROR


def _here(request: Request) -> str:
    return request.url.path + (f"?{request.url.query}" if request.url.query else "")


def _title(status: int) -> str:
    return HTTPStatus(status).phrase


async def _touchline(request: Request, error: Exception) -> Response:
    assert isinstance(error, TouchlineError)
    if status_of(error) >= HTTPStatus.INTERNAL_SERVER_ERROR:
        _logger.warning("%s %s: %s", request.method, request.url.path[:200], scrub(str(error)))
    return answer(request, error)


async def _validation(request: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)
    errors = [
        {
            "where": ".".join(str(part) for part in each["loc"]),
            "what": "is unknown" if each["type"] == "extra_forbidden" else str(each["msg"]),
        }
        for each in error.errors()[:20]
    ]
    said = "; ".join(f"{each['where']}: {each['what']}" for each in errors[:3])
    if request.url.path.startswith(API):
        return problem(HTTPStatus.UNPROCESSABLE_ENTITY, said, errors=errors)
    return answer(request, Invalid(said, hint="go back and try it with another value"))


async def _http(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    response = answer(request, TouchlineError(str(error.detail)), status=error.status_code)
    for name, value in (error.headers or {}).items():
        response.headers[name] = value
    if error.status_code == HTTPStatus.METHOD_NOT_ALLOWED:
        response.headers["Allow"] = ", ".join(_allowed(request))
    return response


def _allowed(request: Request) -> list[str]:
    """The methods that something at this path answers; whoever raised the error knows those of one route alone."""
    routes = request.app.router.routes
    found = [
        method
        for method in ("GET", "POST")
        if any(route.matches({**request.scope, "method": method})[0] is Match.FULL for route in routes)
    ]
    return [*found, "HEAD"] if "GET" in found and request.url.path.startswith(API) else found


async def _unforeseen(request: Request, error: Exception) -> Response:
    _logger.error("%s %s cannot be answered.", request.method, request.url.path[:200], exc_info=error)
    return answer(request, TouchlineError("this cannot be answered", hint="the console's log says why"), status=500)
