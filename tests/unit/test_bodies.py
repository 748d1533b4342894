"""What is read from a queue: refused with a reason, or a message that can be written again."""

from __future__ import annotations

import json
import uuid
from typing import Any

import pytest
from dramatiq.errors import DecodeError
from hypothesis import given
from hypothesis import strategies as st

from contract.broker.bodies import DEEPEST, LARGEST, decode

_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=20,
)


def _fields(**changed: Any) -> dict[str, Any]:
    fields = {
        "queue_name": "matches",
        "actor_name": "store_matches",
        "args": [],
        "kwargs": {},
        "options": {},
        "message_id": str(uuid.uuid4()),
        "message_timestamp": 1,
    }
    return fields | changed


def _body(**changed: Any) -> bytes:
    return json.dumps(_fields(**changed)).encode()


def _nested(levels: int) -> bytes:
    """A message with so many levels in one argument; its own two come on top."""
    return _body(kwargs={"x": "here"}).replace(b'"here"', b"[" * levels + b"]" * levels)


def _refusal(body: bytes) -> str:
    with pytest.raises(DecodeError) as refused:
        decode(body, "matches")
    return str(refused.value)


@pytest.mark.parametrize(
    ("body", "why"),
    [
        (b"", "no JSON"),
        (b"\xff\xfe", "no JSON: 'utf-8' codec"),
        ('"\ud800"'.encode(errors="surrogatepass"), "no JSON: 'utf-8' codec"),
        (b"[]", "no object"),
        (b"null", "no object"),
        (b"{}", "fields are not a message's"),
        (_body(extra=1), "fields are not a message's: 'extra'"),
        (_body(options=None), "options of the message is no dict"),
        (_body(kwargs=[]), "kwargs of the message is no dict"),
        (_body(args="abc"), "args of the message is no list"),
        (_body(message_id="7"), "no UUID"),
        (_body(kwargs={"x": float("nan")}), "NaN is no number"),
        (_body(kwargs={"x": float("-inf")}), "-Infinity is no number"),
        (_body(kwargs={"x": 0}).replace(b'"x": 0', b'"x": 1e999'), "1e999 is too large"),
        (_body(kwargs={"x": 0}).replace(b'"x": 0', b'"x": ' + b"1" * 5000), "no JSON: Exceeds the limit"),
        (b'"' + b"x" * LARGEST + b'"', "a body of 4.0 MiB, more than 4"),
        (b" " * 20_000_000, "a body of 19.1 MiB, more than 4"),
        (_nested(DEEPEST - 1), "more than 64 levels"),
        (_nested(900), "more than 64 levels"),
        (_nested(1_000_000), "more than 64 levels"),
        (b"[" * 1_000_000, "more than 64 levels"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_what_is_no_message_is_refused_with_a_reason(body: bytes, why: str) -> None:
    """The reason is a short sentence, whatever the body's size."""
    said = _refusal(body)
    assert why in said
    assert len(said) < 300


def test_as_many_levels_as_a_message_may_have_are_read() -> None:
    """The bound is where it says, and brackets in texts are no levels."""
    assert decode(_nested(DEEPEST - 2), "matches").kwargs["x"]
    assert decode(_body(kwargs={"x": "[" * 1000}), "matches").kwargs["x"] == "[" * 1000


def test_nul_and_lone_surrogates_go_through() -> None:
    """JSON can say them: the store refuses their row by name, not the message."""
    kwargs = {"nul": "a\0b", "half": "\ud800", "key\0\udfff": 1}
    message = decode(_body(kwargs=kwargs), "matches")
    assert message.kwargs == kwargs
    assert decode(message.encode(), "matches") == message


def test_a_message_belongs_to_the_queue_that_it_lay_in() -> None:
    """Whatever it says itself: settled elsewhere it would end a worker thread."""
    assert decode(_body(queue_name="elsewhere"), "matches").queue_name == "matches"
    assert decode(_body(queue_name=None), "matches.DQ").queue_name == "matches.DQ"


@given(st.dictionaries(st.text(), _JSON), st.lists(_JSON, max_size=3))
def test_what_is_read_can_be_written_again(kwargs: dict[str, Any], args: list[Any]) -> None:
    """A retry or a dead letter of it is the same message."""
    message = decode(_body(kwargs=kwargs, args=args), "matches")
    assert message.kwargs == kwargs
    assert decode(message.encode(), "matches") == message
