"""The fingerprint of a listed row: equal for two rows that a source lists alike, down to the names of teams and clubs.

A stored match keeps that of the row it was last written from. A refresh in which little changed is then one look-up by
key for each row, and no comparison of twenty columns, no teams and no clubs.
"""

from __future__ import annotations

from collections.abc import Mapping
from hashlib import blake2b
from typing import Any

from pydantic_core import to_json


def fingerprint(row: Mapping[str, Any]) -> str:
    """128 bits as 32 hexadecimal digits, which PostgreSQL takes for a uuid.

    A field that is None counts as absent, so that a field which the contract gains changes no fingerprint by itself.
    """
    said = {name: row[name] for name in sorted(row) if row[name] is not None}
    return blake2b(to_json(said), digest_size=16).hexdigest()
