"""The HTTP API, version 1: what programs in any language ask and order."""

from __future__ import annotations

from fastapi import APIRouter

from actors.console.access import Reader
from actors.console.api import dead_letters, jobs, matches, openapi, producing, runs
from actors.console.api.heads import Heads

__all__ = ["Heads", "router", "routes"]

_described = APIRouter(
    prefix=openapi.PREFIX, dependencies=[Reader], generate_unique_id_function=lambda route: route.name
)
for _part in (matches, runs, jobs, dead_letters, producing):
    _described.include_router(_part.router)

router = APIRouter(dependencies=[Reader])
router.include_router(_described)
router.include_router(openapi.router)

#: What the OpenAPI document describes.
routes = tuple(_described.routes)
