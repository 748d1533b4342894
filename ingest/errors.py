"""What can go wrong while a site is read."""

from __future__ import annotations

from contract.errors import ConfigurationError, PermanentError, UnreachableError


class SiteUnreachable(UnreachableError):
    """The site does not answer, or answers that it cannot now (time-out, 429, 5xx). Worth another try later."""


class SiteRefused(PermanentError):
    """The site says no (4xx, robots.txt). Another try would say the same."""


class NotPublished(PermanentError):
    """What was asked for is not on the site (yet): a season's feed that answers with a page instead of data."""


class PageChanged(PermanentError):
    """The site answered something that does not have the shape the source knows."""


class TooLarge(PermanentError):
    """An answer is larger than anything this source should send."""


class UnknownSource(ConfigurationError):
    """No source of that name is installed."""


class UnknownScope(ConfigurationError):
    """A filter names something that the source does not have (league, season, age group)."""


class Spooled(UnreachableError):
    """The broker is away; everything that was read is on disk and will be sent by the next run."""


class BrowserMissing(ConfigurationError):
    """There is no Chromium, or no Playwright to drive it."""


class BrowserOff(BrowserMissing):
    """The settings say that no browser shall be used."""


class BrowserFailed(UnreachableError):
    """A Chromium is there, but it does not open, or it ended in the middle. Worth another try: by another one."""
