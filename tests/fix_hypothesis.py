"""Hypothesis without a clock: on a machine that does six things at once an example may take any time."""

from __future__ import annotations

from hypothesis import settings

settings.register_profile("touchline", deadline=None)
settings.load_profile("touchline")
