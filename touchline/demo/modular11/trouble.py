"""Everything that was ever wrong with the real site (SOURCES.md, section 2), each to be switched on by itself.

What is always so, because the real site is always so: each match stands twice in a fragment, for wide and for narrow
screens; names are cut and whole in `data-title`; scores have blanks that do not break; page 0 is page 1; answers to
wrong questions are red, with status 200.
"""

from __future__ import annotations

from enum import Enum


class Trouble(Enum):
    """One thing that is wrong with the site."""

    # A reader gets past these.

    #: A consent banner lies over the whole page, and takes the clicks.
    CONSENT = "consent"
    #: The schedule is in a frame of another page, whose address waits in `data-src` for consent.
    FRAMED = "framed"
    #: The page fills its selects after a second and a half, and asks for something again and again, for ever.
    RESTLESS = "restless"
    #: All ids are other ones than last season.
    RENUMBERED = "renumbered"
    #: Links beside the pagination are called MLS NEXT, and "Next" on each page leads to that page.
    LABELS = "labels"
    #: Page 5 of each list is a red text, the first time.
    RED_ONCE = "red once"
    #: Page 5 of each list is a 503, the first two times.
    BURST = "burst"
    #: A session is over after eight lists: status 401.
    EXPIRED = "expired"
    #: The same, and the answer is a redirect to the login page.
    EXPIRED_REDIRECT = "expired, redirected"
    #: A page of matches is added while page 5 is read, once: there are more pages then.
    GROWS = "grows"
    #: A match of page 2 moves to page 9 while page 3 is read, once.
    MOVES = "moves"

    # With these there is nothing to be had, and a reader has to say so.

    #: Every page asked for is page 1.
    STUCK = "stuck"
    #: Every page asked for is page 1, and calls itself as it was asked for.
    COPIES = "copies"
    #: Page 5 of each list is a red text.
    RED = "red"
    #: No page says of how many it is.
    NO_TOTAL = "no total"
    #: Every page says that it is of 3, and links to the others.
    WRONG_TOTAL = "wrong total"
    #: Five matches are missing from page 5.
    SHORT = "short"
    #: A page of matches is added while page 5 is read, each time.
    GROWS_ON = "grows on"
    #: Other names of classes in the fragments.
    RENAMED = "renamed"
    #: Other names of attributes in the page.
    RENAMED_SELECTS = "renamed selects"
    #: Filters are ignored: every age group of the season is listed.
    UNFILTERED = "unfiltered"
    #: From page 5 on answers have no content.
    BLANK = "blank"
    #: From page 5 on answers are the login page, with status 200.
    LOGIN = "login"
    #: From page 5 on answers are an error page, with status 200.
    SHELL = "shell"
    #: Every list is a 503.
    DOWN = "down"

    # Neither the one nor the other.

    #: There is no match at all.
    NOTHING = "nothing"
    #: A match of page 2 moves to page 9 while page 3 is read, each time.
    MOVES_ON = "moves on"
