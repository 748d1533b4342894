"""What the site can answer, ready to send: each document made once a moment, hashed once, compressed once."""

from __future__ import annotations

import gzip
import hashlib
import re
import threading
from collections.abc import Callable
from enum import Enum
from functools import cached_property
from typing import Final, NamedTuple

from touchline.demo.league import Snapshot

#: The CDN's: after four minutes it asks the site again (SOURCES.md, section 1).
CACHE_SECONDS: Final = 240


class Fault(Enum):
    """What can be wrong with a site that answers. One that does not is made with `DemoSite.stop`."""

    #: Every answer is status 500.
    ERROR = "error"
    #: Schedules list no events at all.
    EMPTY = "empty"
    #: Every second event is missing from the schedules.
    HALF = "half"
    #: Documents are answered with the viewer's page and status 200, as an unknown key is.
    SHELL = "shell"
    #: Every answer keeps the client waiting until the fault is over, or for `DemoSite.patience` seconds.
    SLOW = "slow"
    #: Documents break off half-way, and the connection with them.
    TRUNCATED = "truncated"


class Part(NamedTuple):
    """Which document: `schedule` or `standings`, of which feed."""

    kind: str
    key: str

    @classmethod
    def of(cls, path: str) -> Part | None:
        """What a path asks for, if it is a document's."""
        shape = re.fullmatch(r"/data/(schedule|standings)/([^/]+)\.json", path)
        return cls(shape[1], shape[2]) if shape else None


class Body:
    """One answer's content and its headers. `tag` is a strong validator: it changes when a byte does."""

    def __init__(self, content: bytes, kind: str, *, cached: bool = False) -> None:
        self.content = content
        self.kind = kind
        self.cached = cached
        self._lock = threading.Lock()
        self._squeezed: bytes | None = None

    @cached_property
    def digest(self) -> str:
        return hashlib.sha256(self.content).hexdigest()[:32]

    def tag(self, *, squeezed: bool) -> str:
        # compressed or not are two representations, so their strong validators differ (RFC 9110, section 8.8.3)
        return f'"{self.digest}-gzip"' if squeezed else f'"{self.digest}"'

    def matches(self, condition: str) -> bool:
        """Whether `If-None-Match: condition` names this content, compressed or not."""
        named = {tag.strip().removeprefix("W/").strip('"').removesuffix("-gzip") for tag in condition.split(",")}
        return "*" in named or self.digest in named

    @property
    def squeezed(self) -> bytes:
        with self._lock:
            if self._squeezed is None:
                self._squeezed = gzip.compress(self.content, 6, mtime=0)
            return self._squeezed


class Bodies:
    """The documents of one moment, made when they are first asked for."""

    def __init__(self, snapshot: Snapshot, hidden: frozenset[int] = frozenset()) -> None:
        """`hidden`: public numbers of matches that the schedules do not list."""
        self.snapshot = snapshot
        self.hidden = hidden
        self._lock = threading.Lock()
        self._made: dict[tuple[Part, Fault | None], Body] = {}

    def document(self, part: Part, fault: Fault | None = None) -> Body | None:
        """None for a key that is not published."""
        if part.key not in self.snapshot.league.keys:
            return None
        if part.kind == "standings" or fault not in _THINNED:
            fault = None
        with self._lock:
            body = self._made.get((part, fault))
            if body is None:
                body = Body(self._make(part, fault), "application/json", cached=True)
                self._made[part, fault] = body
            return body

    def _make(self, part: Part, fault: Fault | None) -> bytes:
        if part.kind == "standings":
            return self.snapshot.standings(part.key)
        keep = _THINNED[fault]
        if self.hidden:
            return self.snapshot.schedule(part.key, lambda n: n not in self.hidden and (keep is None or keep(n)))
        return self.snapshot.schedule(part.key, keep)


#: Which fixtures a schedule still lists.
_THINNED: Final[dict[Fault | None, Callable[[int], bool] | None]] = {
    None: None,
    Fault.EMPTY: lambda _: False,
    Fault.HALF: lambda number: number % 2 == 0,
}
