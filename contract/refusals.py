"""Says what is wrong with a value that a model refused: a short stable reason for programs, a sentence for people.

The reasons are part of the contract: they stand in the dead letters, where queries and replays look for them.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from pydantic_core import ErrorDetails

#: How many things a sentence names, and how much of a value it shows.
_NAMED: Final = 3
_SHOWN: Final = 60

#: pydantic's names for what it refuses, and ours. Those of the contract's own rules (`no_such_date`,
#: `one_score_without_the_other`; see contract.fields) are reasons already.
_REASONS: Final = {
    "missing": "field_missing",
    "union_tag_not_found": "field_missing",
    "extra_forbidden": "unknown_field",
    "literal_error": "unknown_value",
    "union_tag_invalid": "unknown_value",
    "string_pattern_mismatch": "malformed",
    "string_unicode": "lone_surrogate",
    "string_too_short": "empty",
    "too_short": "empty",
    "string_too_long": "too_long",
    "too_long": "too_long",
    "greater_than_equal": "out_of_range",
    "less_than_equal": "out_of_range",
    "finite_number": "out_of_range",
    "int_parsing_size": "out_of_range",
    "invalid-json-value": "not_plain",
}
_SENTENCES: Final = {
    "field_missing": "is missing",
    "unknown_field": "is unknown",
    "nul_character": "holds U+0000, which cannot be stored",
    "lone_surrogate": "holds half of a surrogate pair, which is no text",
    "empty": "is empty",
}


def explain(errors: Sequence[ErrorDetails], *, depth: int = 0) -> tuple[str, str]:
    """The reason (of the first error) and one sentence (on the first three).

    `errors` are those of a ValidationError, with their inputs; `depth` is how much of each location to leave out.
    """
    reasons = [reason_of(error) for error in errors]
    said = [_sentence(error, reason, depth) for error, reason in zip(errors[:_NAMED], reasons, strict=False)]
    if len(errors) > _NAMED:
        said.append(f"and {len(errors) - _NAMED} more")
    return reasons[0], "; ".join(said)


def reason_of(error: ErrorDetails) -> str:
    """The reason for one error, in snake_case."""
    value = error["input"]
    if error["type"] == "string_pattern_mismatch" and isinstance(value, str) and "\0" in value:
        return "nul_character"
    if error["type"] in _REASONS:
        return _REASONS[error["type"]]
    if error["type"].endswith("_type"):
        return "wrong_type"
    return error["type"]


def _sentence(error: ErrorDetails, reason: str, depth: int) -> str:
    where = ".".join(str(part) for part in error["loc"][depth:])
    if reason in _SENTENCES:
        what = _SENTENCES[reason]
    elif reason == "malformed":
        what = f"{shown(error['input'])} does not have the right form"
    else:
        what = error["msg"]
        for subject in ("Input", "String", "List", "Tuple", "Dictionary"):
            what = what.replace(f"{subject} should", f"{shown(error['input'])} should", 1)
    return f"{where}: {what}" if where else what


def shown(value: Any) -> str:
    """`value` for a sentence: JSON in ASCII, cut where it is long."""
    try:
        text = json.dumps(value, default=str)
    except (TypeError, ValueError, RecursionError):
        text = type(value).__name__
    return text if len(text) <= _SHOWN else text[:_SHOWN] + "…"
