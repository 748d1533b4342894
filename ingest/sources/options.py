"""The keys of `[sources.NAME]` in touchline.toml that only that source understands."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

from pydantic import BaseModel, ValidationError

from contract.errors import ConfigurationError

if TYPE_CHECKING:
    from contract.settings import SourceSettings

Options = TypeVar("Options", bound=BaseModel)


def options_of(settings: SourceSettings, source: str, model: type[Options]) -> Options:
    """The keys of `[sources.SOURCE]` that are not every source's, as `model` reads them.

    `model` forbids what it does not know.
    Raises ConfigurationError, which names the key that is wrong.
    """
    try:
        return model.model_validate(settings.model_extra or {})
    except ValidationError as error:
        first = error.errors(include_url=False, include_context=False, include_input=False)[0]
        where = ".".join(str(step) for step in ("sources", source, *first["loc"]))
        known = ", ".join(model.model_fields) or "none"
        raise ConfigurationError(f"{where}: {first['msg']}", hint=f"of its own it has: {known}") from None
