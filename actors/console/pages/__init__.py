"""The pages, one module a page or a kind of them. All of them need the right to read."""

from __future__ import annotations

from fastapi import APIRouter, Request
from starlette.responses import Response

from actors.console.access import Reader
from actors.console.rendering import render

router = APIRouter(dependencies=[Reader], include_in_schema=False)


@router.get("/")
def overview(request: Request) -> Response:
    return render(request, "base.html")
