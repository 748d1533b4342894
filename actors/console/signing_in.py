"""The pages where people sign in and out."""

from __future__ import annotations

import logging
from typing import Annotated

from fastapi import APIRouter, Form, Request
from starlette.responses import RedirectResponse, Response

from actors.console.access import COOKIE, LIFETIME, NAME_LENGTH, Access, FormActor, check_origin
from actors.console.rendering import render

router = APIRouter()

_logger = logging.getLogger(__name__)


@router.get("/sign-in")
def show(request: Request, next: str = "/") -> Response:
    return render(request, "sign_in.html", next=ours(next), wrong=False)


@router.post("/sign-in")
def sign_in(
    request: Request,
    token: Annotated[str, Form(max_length=512)],
    name: Annotated[str, Form(max_length=NAME_LENGTH)] = "",
    next: Annotated[str, Form(max_length=2048)] = "/",
) -> Response:
    check_origin(request.headers)
    access: Access = request.app.state.access
    if not access.is_token(token.strip()):
        _logger.warning("A wrong token came from %s.", request.client.host if request.client else "nowhere")
        return render(request, "sign_in.html", status=403, next=ours(next), wrong=True)
    response = RedirectResponse(ours(next), status_code=303)
    response.set_cookie(
        COOKIE,
        access.begin(name),
        max_age=LIFETIME,
        httponly=True,
        samesite="strict",
        secure=request.url.scheme == "https",
    )
    return response


@router.post("/sign-out")
def sign_out(_: FormActor) -> Response:
    response = RedirectResponse("/", status_code=303)
    response.delete_cookie(COOKIE, httponly=True, samesite="strict")
    return response


def ours(path: str) -> str:
    """`path`, unless it leads to another site."""
    plain = path.startswith("/") and not path.startswith(("//", "/\\")) and path.isprintable()
    return path if plain else "/"
