"""A field that is added to one side only is noticed here."""

from __future__ import annotations

import inspect
from typing import Any, NotRequired, get_origin

import pytest
from pydantic import BaseModel
from typing_extensions import get_type_hints, is_typeddict

from actors import models as consumer
from contract.schema import MESSAGES
from ingest import models as producer
from tests.contract.schemas import objects

#: Each object of the schemas, and who stands for it on either side.
SIDES: dict[str, tuple[type[BaseModel], type[Any]]] = {
    "match": (producer.Match, consumer.MatchRow),
    "match/$defs/club": (producer.Club, consumer.Club),
    "batch": (producer.Batch, consumer.Batch),
    "standings": (producer.Standings, consumer.Standings),
    "standings/$defs/table": (producer.StandingsTable, consumer.StandingsTable),
    "standings/$defs/row": (producer.StandingsRow, consumer.StandingsRow),
    "run/$defs/started": (producer.RunStarted, consumer.RunStarted),
    "run/$defs/alive": (producer.RunAlive, consumer.RunAlive),
    "run/$defs/rejected": (producer.RowsRejected, consumer.RowsRejected),
    "run/$defs/part_finished": (producer.PartFinished, consumer.PartFinished),
    "run/$defs/failed": (producer.RunFailed, consumer.RunFailed),
    "run/$defs/reject": (producer.RejectedRow, consumer.RejectedRow),
    "scrape": (producer.ScrapeOrder, consumer.ScrapeOrder),
    "scrape/properties/scope": (producer.OrderedScope, consumer.OrderedScope),
}
SCHEMAS = {message + where: part for message in MESSAGES for where, part in objects(message)}


def fields(model: type[Any]) -> dict[str, bool]:
    """The names of a model's fields, and whether each is required."""
    if is_typeddict(model):
        hints = get_type_hints(model, include_extras=True)
        return {name: get_origin(hint) is not NotRequired for name, hint in hints.items()}
    return {name: field.is_required() for name, field in model.model_fields.items()}


def models(module: Any) -> set[type[Any]]:
    """The public models of a side."""
    return {
        member
        for name, member in inspect.getmembers(module, inspect.isclass)
        if member.__module__ == module.__name__
        and not name.startswith("_")
        and (is_typeddict(member) or issubclass(member, BaseModel))
    }


def test_every_object_of_the_schemas_has_both_sides() -> None:
    """An object that is added to a schema needs its two models."""
    assert SCHEMAS.keys() == SIDES.keys()


def test_every_model_has_its_schema() -> None:
    """A model that is added to one side needs its schema, and the other side."""
    assert models(producer) - {producer.Said, producer.Message} == {side for side, _ in SIDES.values()}
    assert models(consumer) == {side for _, side in SIDES.values()}


@pytest.mark.parametrize("where", SIDES)
def test_the_sides_name_the_same_fields(where: str) -> None:
    """Schema, producer and consumer know the very same fields."""
    said, heard = SIDES[where]
    assert fields(said).keys() == SCHEMAS[where]["properties"].keys()
    assert fields(heard).keys() == SCHEMAS[where]["properties"].keys()


@pytest.mark.parametrize("where", SIDES)
def test_the_sides_require_the_same_fields(where: str) -> None:
    """What the schema requires, the consumer requires, and the producer says by itself or has to be told."""
    said, heard = SIDES[where]
    required = set(SCHEMAS[where].get("required", ()))
    assert {name for name, needed in fields(heard).items() if needed} == required
    fixed = {"contract", "event"} & fields(said).keys()
    assert {name for name, needed in fields(said).items() if needed} == required - fixed
