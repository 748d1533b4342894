"""`touchline table --official`: our tables beside the official ones, and why they differ."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, Any

import click

from touchline.output import Column, Format, Row, counted, draw, readable, say, write

if TYPE_CHECKING:
    from actors.store.comparison import Comparison, Difference

#: Of these nobody publishes a table (SOURCES section 1, "League tables").
_WITHOUT_TABLE = ("U13", "U14")

#: What is compared, as the formats for programs name it; the official figure of the same name follows each.
_FIGURES = (
    "position",
    "played",
    "won",
    "drawn",
    "lost",
    "points",
    "points_per_match",
    "goals_for",
    "goals_against",
    "goal_difference_per_match",
    "goals_for_per_match",
)
FIELDS = (
    *("source", "season", "league", "division", "age_group", "as_of", "published", "team", "team_id"),
    *(name for figure in _FIGURES for name in (figure, f"official_{figure}")),
    "differences",
)


def show(comparisons: Iterable[Comparison], output: Format) -> tuple[bool, bool]:
    """Write them; whether there was any, and whether ours and the official one really disagree somewhere."""
    seen = _Seen(comparisons)
    if output == "table":
        for comparison in seen:
            _draw(comparison)
        say(seen.sentence())
    else:
        write((row for comparison in seen for row in _rows(comparison)), FIELDS, (), output)
    return seen.tables > 0, seen.disagreeing > 0


class _Seen:
    """Counts what goes by."""

    def __init__(self, comparisons: Iterable[Comparison]) -> None:
        self._comparisons = comparisons
        self.tables = self.published = self.disagreeing = 0

    def __iter__(self) -> Iterator[Comparison]:
        for comparison in self._comparisons:
            self.tables += 1
            self.published += comparison.published
            self.disagreeing += bool(comparison.disagreements)
            yield comparison

    def sentence(self) -> str:
        if not self.published:
            return "None of these tables is published with figures." if self.tables else ""
        ones = "one" if self.published == 1 else "ones"
        held = f"{counted(self.published, 'table')} held against the official {ones}"
        if not self.disagreeing:
            return f"{held}: no disagreement."
        return f"{held}: {self.disagreeing} {'disagrees' if self.disagreeing == 1 else 'disagree'}."


def _rows(comparison: Comparison) -> Iterator[Row]:
    """One row a team of the tables, and one for each that plays in the division and is not listed."""
    key = comparison.key._asdict()
    base: dict[str, Any] = {
        **{**key, "league": key["league"] or None},
        "as_of": comparison.as_of,
        "published": comparison.published,
    }
    for line in comparison.lines:
        figures = {}
        for name in _FIGURES:
            figures[name] = _rounded(getattr(line.ours, name))
            figures[f"official_{name}"] = _rounded(getattr(line.official, name))
        about = [each for each in comparison.differences if line.team_id in each.teams]
        yield {**base, "team": line.team, "team_id": line.team_id, **figures, "differences": _listed(about)}
    for team_id, team, _ in comparison.unlisted:
        about = [each for each in comparison.differences if team_id in each.teams]
        yield {**dict.fromkeys(FIELDS), **base, "team": team, "team_id": team_id, "differences": _listed(about)}


def _listed(differences: Sequence[Difference]) -> list[dict[str, str]]:
    return [{"kind": each.kind, "sentence": each.sentence} for each in differences]


def _rounded(value: float | int | None) -> float | int | None:
    return round(value, 2) if isinstance(value, float) else value


def _draw(comparison: Comparison) -> None:
    key = comparison.key
    title = " · ".join(readable(part) for part in (key.league, key.age_group, key.division, key.season) if part)
    if comparison.published and comparison.as_of is not None:
        title += f" · official as of {readable(comparison.as_of)} UTC"
    draw(_shown(comparison), _COLUMNS, title=title)
    if not comparison.published:
        click.echo(_unpublished(comparison) + "\n")
        return
    for difference in comparison.differences:
        click.echo(f"- {_KINDS[difference.kind]}: {readable(difference.sentence)}")
    click.echo("" if comparison.differences else "Both are equal.\n")


def _shown(comparison: Comparison) -> Iterator[Row]:
    """The rows that have a place; without the order in which teams are named where nothing else is published."""
    unknown = {} if comparison.published else {f"official_{name}": None for name in _FIGURES}
    return ({**row, **unknown} for row in _rows(comparison) if row["position"] is not None)


def _unpublished(comparison: Comparison) -> str:
    if comparison.as_of is None:
        return "No official table of it is known; this one is counted from the stored results."
    if comparison.key.age_group in _WITHOUT_TABLE:
        return "Nobody publishes a table of U13 and U14: this is the only one."
    return "The league has published the teams and no figures yet."


_KINDS = {
    "recent": "of the last 48 hours",
    "level": "level",
    "missing": "on one side only",
    "disagreement": "DISAGREEMENT",
}


def _result(prefix: str) -> Any:
    names = [f"{prefix}{name}" for name in ("won", "drawn", "lost")]
    return lambda row: "" if row[names[0]] is None else "-".join(readable(row[name]) for name in names)


def _per_match(name: str) -> Any:
    return lambda row: "" if row[name] is None else f"{row[name]:.2f}"


_COLUMNS = (
    Column("", "position", right=True),
    Column("official", "official_position", right=True),
    Column("team", "team", fold=True),
    Column("played", "played", right=True),
    Column("official", "official_played", right=True),
    Column("points", "points", right=True),
    Column("official", "official_points", right=True),
    Column("a match", _per_match("points_per_match"), right=True, spare=1),
    Column("official", _per_match("official_points_per_match"), right=True, spare=1),
    Column("W-D-L", _result(""), right=True, spare=2),
    Column("official", _result("official_"), right=True, spare=2),
    Column("+/- a match", _per_match("goal_difference_per_match"), right=True, spare=3),
    Column("official", _per_match("official_goal_difference_per_match"), right=True, spare=3),
)
