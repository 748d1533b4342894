"""What a page asks for and does not get: pictures, fonts, films, and those who count visitors.

Nothing of it holds a match, and all of it costs the site and us. Consent banners are not among it: a page may wait for
one's script, so that they are dealt with as a visitor would.
"""

from __future__ import annotations

from typing import Final
from urllib.parse import urlsplit

#: Playwright's `resource_type`.
KINDS: Final = frozenset({"image", "font", "media"})

#: Hosts that only watch; each stands for those below it, too.
TRACKERS: Final = frozenset(
    {
        "google-analytics.com",
        "googletagmanager.com",
        "googlesyndication.com",
        "doubleclick.net",
        "connect.facebook.net",
        "facebook.com",
        "hotjar.com",
        "scorecardresearch.com",
        "segment.io",
        "nr-data.net",
    }
)


def blocked(kind: str, url: str) -> bool:
    """Whether a request of that `resource_type` is not made."""
    if kind in KINDS:
        return True
    host = (urlsplit(url).hostname or "").split(".")
    return any(".".join(host[start:]) in TRACKERS for start in range(len(host)))
