"""What the rules of a league's table may say: in the files that come with us, and in `[tables.LEAGUE]` of settings."""

from __future__ import annotations

from typing import Annotated, Final, Literal

from pydantic import BaseModel, ConfigDict, Field, field_validator

#: The rules of leagues that nobody wrote any for.
DEFAULT: Final = "default"

#: What two teams are told apart by. All count for the team that has more, but `official_position`; `head_to_head` are
#: the points of the matches between two teams, and only where exactly two are level in what stands before it.
TieBreaker = Literal[
    "points_per_match",
    "points",
    "head_to_head",
    "wins",
    "goal_difference",
    "goal_difference_per_match",
    "goals_for",
    "goals_for_per_match",
    "away_goal_difference",
    "away_goal_difference_per_match",
    "away_goals_for",
    "away_goals_for_per_match",
    "home_goal_difference",
    "home_goal_difference_per_match",
    "home_goals_for",
    "home_goals_for_per_match",
    "official_position",
]

#: What a match may be worth.
Worth = Annotated[int, Field(ge=-10, le=100)]

_STRICT: Final = ConfigDict(extra="forbid", frozen=True)


class Points(BaseModel):
    """Points of a match; the last two of a draw that was decided on penalties."""

    model_config = _STRICT

    win: Worth
    draw: Worth
    loss: Worth
    shootout_win: Worth
    shootout_loss: Worth


class TableRules(BaseModel):
    """All rules of one league's tables."""

    model_config = _STRICT

    points: Points
    #: Competitions as published (`match_type`) that count; one that ends with `*` stands for all that begin so.
    match_types: tuple[Annotated[str, Field(min_length=1, max_length=200)], ...] = Field(min_length=1, max_length=50)
    #: Whether forfeits with a score count.
    forfeits: bool
    #: The tie-breakers in their order; where all leave teams level the name decides.
    order: tuple[TieBreaker, ...] = Field(min_length=1)

    @field_validator("order", mode="after")
    @classmethod
    def _makes_sense(cls, order: tuple[TieBreaker, ...]) -> tuple[TieBreaker, ...]:
        return _checked(order)


class OwnPoints(BaseModel):
    """The points that somebody wants otherwise."""

    model_config = _STRICT

    win: Worth | None = None
    draw: Worth | None = None
    loss: Worth | None = None
    shootout_win: Worth | None = None
    shootout_loss: Worth | None = None


class OwnRules(BaseModel):
    """The rules that somebody wants otherwise for a league; what is left out stays as it is. `[tables.LEAGUE]`."""

    model_config = _STRICT

    points: OwnPoints = Field(default_factory=OwnPoints)
    match_types: tuple[Annotated[str, Field(min_length=1, max_length=200)], ...] | None = Field(
        default=None, min_length=1, max_length=50
    )
    forfeits: bool | None = None
    order: tuple[TieBreaker, ...] | None = Field(default=None, min_length=1)

    @field_validator("order", mode="after")
    @classmethod
    def _makes_sense(cls, order: tuple[TieBreaker, ...] | None) -> tuple[TieBreaker, ...] | None:
        return None if order is None else _checked(order)

    def over(self, rules: TableRules) -> TableRules:
        """`rules` with what is said here."""
        said = self.model_dump(exclude_none=True)
        said["points"] = {**rules.points.model_dump(), **said["points"]}
        return TableRules.model_validate({**rules.model_dump(), **said})


def _checked(order: tuple[TieBreaker, ...]) -> tuple[TieBreaker, ...]:
    if twice := sorted({name for name in order if order.count(name) > 1}):
        raise ValueError(f"names {', '.join(twice)} twice")
    if order[0] == "head_to_head":
        raise ValueError("begins with head_to_head, which needs something that two teams are level in")
    return order
