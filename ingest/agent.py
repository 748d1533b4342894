"""Who we say that we are."""

from __future__ import annotations

from importlib.metadata import metadata
from typing import Final

#: What robots.txt calls us, and the first word of the User-Agent.
AGENT: Final = "touchline"


def default_user_agent() -> str:
    """`touchline/0.1.0 (+https://…)`: who asks, and where the site's owner can read what it is."""
    package = metadata("touchline")
    addresses = [line.partition(",")[2].strip() for line in package.get_all("Project-URL") or []]
    agent = f"{AGENT}/{package['Version']}"
    return f"{agent} (+{addresses[0]})" if addresses else agent
