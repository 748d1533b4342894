"""The HTTP API, version 1: what programs in any language ask and order."""

from __future__ import annotations

from fastapi import APIRouter

from actors.console.access import Reader

router = APIRouter(prefix="/api/v1", dependencies=[Reader])
