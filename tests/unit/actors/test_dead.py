"""What PostgreSQL cannot hold is written so that it can, and so that a person still sees what it was."""

from __future__ import annotations

import json
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from actors.store.dead import storable

_ANY_TEXT = st.text(st.characters(), max_size=20)
_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | _ANY_TEXT,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(_ANY_TEXT, inner, max_size=4),
    max_leaves=10,
)


@given(_JSON)
def test_anything_becomes_storable(value: Any) -> None:
    """No NUL and no lone surrogate is left, anywhere in it."""
    text = json.dumps(storable(value), ensure_ascii=False)
    text.encode("utf-8")
    assert "\\u0000" not in text.replace("\\\\u0000", "")


def test_what_is_fine_stays_as_it_is() -> None:
    """Accents and emoji are no reason to escape."""
    value = {"name": "São João \N{SOCCER BALL}", "n": [1, None, True]}
    assert storable(value) == value


def test_a_nul_is_shown() -> None:
    """A person sees where it was."""
    assert storable("A\0B\ud800") == "A\\u0000B\\ud800"
