"""What PostgreSQL cannot hold is written so that it can, and what came is kept beside it."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from actors.store.payloads import keep, storable

_ANY_TEXT = st.text(st.characters(), max_size=20)
_NUMBERS = st.integers() | st.floats(allow_nan=False, allow_infinity=False)
_JSON = st.recursive(
    st.none() | st.booleans() | _NUMBERS | _ANY_TEXT,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(_ANY_TEXT, inner, max_size=4),
    max_leaves=10,
)


@given(_JSON)
def test_anything_becomes_storable(value: Any) -> None:
    """No NUL and no lone surrogate is left, anywhere in it."""
    for text in (json.dumps(storable(value), ensure_ascii=False), json.dumps(json.loads(keep(value).payload))):
        text.encode("utf-8")
        assert "\\u0000" not in text.replace("\\\\", "")


@given(_JSON)
@example({"\\u0000": "\0", "\\\0": "\\\\u0000", "pair": "\ud83d\ude00", "halves": "\ude00\ud83d"})
def test_what_came_is_kept_exactly(value: Any) -> None:
    """One of the two forms gives back the very same value, 1.0 as 1.0, and both are ASCII."""
    value = json.loads(json.dumps(value))  # in which two halves that belong together are one character
    kept = keep(value)
    assert kept.payload.isascii()
    assert repr(json.loads(kept.body or kept.payload)) == repr(value)


@pytest.mark.parametrize(
    "value", [{"name": "São João \N{SOCCER BALL}", "n": [1, None, True]}, "\\u0000", ["\\", "\\\\"]]
)
def test_what_is_fine_stays_as_it_is(value: Any) -> None:
    """Accents, emoji and backslashes are no reason to escape, nor to keep it twice."""
    assert storable(value) == value
    assert keep(value).body is None
    assert json.loads(keep(value).payload) == value


@pytest.mark.parametrize("value", [{"a": 1.0}, ["A\0B"], {"\ud800": 1}])
def test_what_would_change_is_kept_twice(value: Any) -> None:
    """Fractions, NUL and lone surrogates."""
    assert keep(value).body is not None


def test_a_nul_is_shown() -> None:
    """A person sees where it was."""
    assert storable("A\0B\ud800") == "A\\u0000B\\ud800"
    assert json.loads(keep("A\0B\ud800").payload) == "A\\u0000B\\ud800"
