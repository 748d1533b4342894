"""The pages, one module a page or a kind of them. All of them need the right to read."""

from __future__ import annotations

from fastapi import APIRouter

from actors.console.access import Reader
from actors.console.pages import changes, dead_acts, dead_letters, kept, match, matches, overview, runs, tables

router = APIRouter(dependencies=[Reader], include_in_schema=False)
router.include_router(overview.router)
router.include_router(runs.router)
router.include_router(kept.router)
router.include_router(dead_acts.router)
router.include_router(dead_letters.router)
router.include_router(changes.router)
router.include_router(matches.router)
router.include_router(match.router)
router.include_router(tables.router)
