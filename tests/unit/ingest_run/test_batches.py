"""Cutting rows into messages."""

from __future__ import annotations

import json
from itertools import pairwise
from typing import Any

import dramatiq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from contract.names import STORE_MATCHES
from ingest.batches import (
    MAX_BYTES,
    MAX_ROWS,
    Cutter,
    RowTooLarge,
    cut,
    message_to,
    overhead,
    plain,
    shortened,
)

ENVELOPE: dict[str, Any] = {
    "contract": 1,
    "run_id": "5b0e3d5c-9a43-4f5a-8c63-0a6a5a1b7f10",
    "part": "homegrown/2026-27 – Süd",
    "sequence": 0,
    "source": "mlsnext",
    "observed_at": "2026-10-03T22:30:00Z",
    "matches": [],
}

texts = st.text(max_size=60)
rows = st.dictionaries(texts, st.one_of(texts, st.none(), st.integers(), st.booleans()), max_size=6)


def sent(rows: list[dict[str, Any]], sequence: int = 0) -> bytes:
    """The bytes that cross the queue for a message with `rows`."""
    kwargs = {**ENVELOPE, "sequence": sequence, "matches": rows}
    return message_to(STORE_MATCHES, kwargs, "5b0e3d5c-9a43-4f5a-8c63-0a6a5a1b7f11").encode()


@settings(max_examples=200)
@given(st.lists(rows, max_size=60), st.integers(1, 12), st.integers(1000, 3000))
def test_no_row_is_lost_and_order_and_limits_are_kept(given: list[dict[str, Any]], max_rows: int, room: int) -> None:
    """The messages together hold exactly the rows in their order, and none is over a limit."""
    envelope = overhead(STORE_MATCHES, ENVELOPE)
    cuts = list(cut(given, envelope, max_rows=max_rows, max_bytes=envelope + room, hard_bytes=envelope + 10**6))

    assert [row for piece in cuts for row in piece.rows] == given
    assert all(1 <= len(piece.rows) <= max_rows for piece in cuts)
    for number, piece in enumerate(cuts):
        assert len(sent(piece.rows, number)) <= envelope + room or len(piece.rows) == 1


@settings(max_examples=50)
@given(st.lists(rows, min_size=1, max_size=60))
def test_a_message_is_as_full_as_the_limits_allow(given: list[dict[str, Any]]) -> None:
    """A message ends only where the next row would have broken a limit."""
    envelope = overhead(STORE_MATCHES, ENVELOPE)
    limit = envelope + 1000
    cuts = list(cut(given, envelope, max_rows=7, max_bytes=limit, hard_bytes=10**6))

    for piece, following in pairwise(cuts):
        with_one_more = [*piece.rows, following.rows[0]]
        # the envelope is measured with the longest sequence number there can be
        assert len(with_one_more) > 7 or len(sent(with_one_more, 999_999_999)) > limit


def test_the_overhead_is_the_message_without_its_rows() -> None:
    """Envelope and rows add up to what Dramatiq really encodes."""
    row = {"home_team": "São Paulo – Юность", "home_score": 0}
    assert overhead(STORE_MATCHES, ENVELOPE) + len(dramatiq.get_encoder().encode(row)) == len(sent([row], 999_999_999))


def test_no_message_holds_more_than_200_rows_or_100_kb() -> None:
    """The limits of DESIGN section 2 hold without being asked for."""
    envelope = overhead(STORE_MATCHES, ENVELOPE)
    small = list(cut(({"n": number} for number in range(450)), envelope))
    assert [len(piece.rows) for piece in small] == [MAX_ROWS, MAX_ROWS, 50]
    accented = {"notes": "é" * 150}  # as Dramatiq writes JSON each is six bytes
    large = list(cut((accented for _ in range(300)), envelope))
    assert all(len(sent(piece.rows)) <= MAX_BYTES < len(sent([*piece.rows, accented])) + 10 for piece in large[:-1])
    assert sum(len(piece.rows) for piece in large) == 300


def test_a_row_over_the_limit_travels_alone() -> None:
    """A row that alone makes a message too large still travels, by itself and in its place."""
    long = {"notes": "x" * MAX_BYTES}
    cuts = list(cut([{"n": 1}, long, {"n": 2}], overhead(STORE_MATCHES, ENVELOPE)))
    assert [piece.rows for piece in cuts] == [[{"n": 1}], [long], [{"n": 2}]]


def test_a_row_that_fits_no_message_is_refused_and_the_others_are_kept() -> None:
    """RowTooLarge takes nothing: the rows before and after it are still handed out."""
    cutter = Cutter(100, max_bytes=200, hard_bytes=300)
    cutter.add({"n": 1})
    with pytest.raises(RowTooLarge, match="the limit is 300"):
        cutter.add({"notes": "x" * 300})
    cutter.add({"n": 2})
    last = cutter.rest()
    assert last is not None
    assert last.rows == [{"n": 1}, {"n": 2}]
    assert cutter.rest() is None


def test_rows_are_taken_no_faster_than_messages_are() -> None:
    """Cutting holds one message's rows: it reads no further ahead than the row that did not fit."""
    read = 0

    def source() -> Any:
        nonlocal read
        for number in range(10_000):
            read += 1
            yield {"n": number}

    cuts = cut(source(), overhead(STORE_MATCHES, ENVELOPE))
    next(cuts)
    assert read == MAX_ROWS + 1


def test_equal_rows_have_an_equal_digest() -> None:
    """A part that is read again makes the same digests, another row another one."""
    first, again, other = (next(cut([row], 100)).digest for row in ({"n": 1}, {"n": 1}, {"n": 2}))
    assert first == again != other


json_like = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), st.text(), st.binary(max_size=8), st.dates()),
    lambda inner: st.one_of(
        st.lists(inner, max_size=4), st.tuples(inner), st.dictionaries(st.one_of(st.text(), st.integers()), inner)
    ),
    max_leaves=12,
)


@settings(max_examples=200)
@given(json_like)
def test_whatever_a_source_rejects_can_be_sent(payload: Any) -> None:
    """A rejected row's payload becomes JSON without what PostgreSQL's jsonb refuses (NUL, surrogates, NaN)."""
    encoded = json.dumps(plain(payload), allow_nan=False)
    assert "\\u0000" not in encoded.replace("\\\\u0000", "")
    assert not any(0xD800 <= ord(character) <= 0xDFFF for character in str(json.loads(encoded)))


def test_what_made_a_row_unusable_stays_readable() -> None:
    """A NUL byte and half a surrogate pair are written out, everything else stays as it was."""
    assert plain({"name": "A\x00B\ud800", "score": 0, "x": float("nan"), "ok": [1.5, None, True]}) == {
        "name": "A\\u0000B\\ud800",
        "score": 0,
        "x": "nan",
        "ok": [1.5, None, True],
    }


def test_a_payload_nested_without_end_is_cut_off() -> None:
    """Depth that would end the encoder ends as text, and so does a number that Python refuses to write."""
    nested: Any = []
    for _ in range(2000):
        nested = [nested]
    assert json.dumps(plain(nested)).count("[") == 50
    assert plain(10**5000).startswith("0x")


def test_a_value_too_large_to_send_is_told_by_its_beginning() -> None:
    """What is sent of it: how large it was, and how it began."""
    told = shortened({"notes": "x" * 50_000})
    assert told["too_large"] == 50_012
    assert told["beginning"].startswith('{"notes":"xxx')
    assert len(told["beginning"]) == 2000
