"""Where everything is: flags over environment over `touchline.toml` over defaults.

Both sides read the same settings, so that a cluster is configured once. Secrets may stand in files: for each of the
variables in `_SECRETS` a variable `…_FILE` names one. Nothing set means embedded: one PostgreSQL under
`TOUCHLINE_HOME`, which is the store and the queue.
"""

from __future__ import annotations

import os
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, SecretStr, ValidationError, ValidationInfo, field_validator
from pydantic_core import ErrorDetails

from contract.addresses import check_amqp_url, check_browser_url, check_http_url, check_postgres_url, split_listen
from contract.bounds import HealthBounds, Retention
from contract.errors import ConfigurationError
from contract.schedules import Schedule, ScheduleName
from contract.signing import PREFIX, key_of
from contract.tables import OwnRules
from contract.toml_lines import line_of

#: Environment variable → field. Those in `_SECRETS` may be given as `…_FILE`, too.
_VARIABLES = {
    "DATABASE_URL": "database_url",
    "RABBITMQ_URL": "rabbitmq_url",
    "RABBITMQ_EXCHANGE": "rabbitmq_exchange",
    "TOUCHLINE_HOME": "home",
    "TOUCHLINE_RUNTIME_DIR": "runtime_dir",
    "TOUCHLINE_METRICS_LISTEN": "metrics_listen",
    "TOUCHLINE_LOG_FORMAT": "log_format",
    "TOUCHLINE_PUBLISH_TIMEOUT": "publish_timeout",
    "TOUCHLINE_SHUTDOWN_GRACE": "shutdown_grace",
    "TOUCHLINE_RUN_SILENCE": "run_silence",
    "TOUCHLINE_RUN_ARRIVAL": "run_arrival",
    "TOUCHLINE_CHROMIUM": "chromium",
    "TOUCHLINE_KEEP_PAGES": "keep_pages",
    "TOUCHLINE_WEBHOOK_URL": "webhook_url",
    "TOUCHLINE_WEBHOOK_SECRET": "webhook_secret",
    "TOUCHLINE_CONSOLE_LISTEN": "console_listen",
    "TOUCHLINE_CONSOLE_TOKEN": "console_token",
    "TOUCHLINE_CONSOLE_READERS": "console_readers",
    "TOUCHLINE_CONSOLE_HOSTS": "console_hosts",
}
#: What somebody may write who takes a directory for a switch.
_NO_DIRECTORIES = ("true", "false", "yes", "no", "on", "off", "1", "0")
_HINT = "see the README, section Configuration"
_SECRETS = (
    "DATABASE_URL",
    "RABBITMQ_URL",
    "TOUCHLINE_CHROMIUM",
    "TOUCHLINE_WEBHOOK_URL",
    "TOUCHLINE_WEBHOOK_SECRET",
    "TOUCHLINE_CONSOLE_TOKEN",
)
#: Fewer characters than this can be guessed by trying.
_TOKEN_LENGTH = 16


def default_home() -> Path:
    """Where state is kept unless `TOUCHLINE_HOME` says otherwise (XDG base directories; /var/lib for root)."""
    if os.geteuid() == 0:
        return Path("/var/lib/touchline")
    base = os.environ.get("XDG_DATA_HOME") or str(Path.home() / ".local" / "share")
    return Path(base) / "touchline"


class SourceSettings(BaseModel):
    """What can be set about one source, in `[sources.NAME]` of the file; a source may read further keys of its own."""

    model_config = ConfigDict(extra="allow")

    #: Replaces the site's base address (tests, mirrors). Environment: `TOUCHLINE_<NAME>_URL`.
    url: str | None = None
    #: How many requests to the site may be under way at once.
    concurrency: int | None = Field(default=None, ge=1, le=16)
    #: The least time between the starts of two requests, in seconds.
    interval: float | None = Field(default=None, ge=0)
    #: How many runs of the source may be under way at once, over all workers.
    runs: int = Field(default=1, ge=1, le=16)
    #: How many requests a minute the site gets at most, over all workers; None: as many as `interval` allows each.
    requests_per_minute: float | None = Field(default=None, gt=0, le=6000)
    #: When a run of it is suspect.
    health: HealthBounds = Field(default_factory=HealthBounds)


class Settings(BaseModel):
    """Everything that can be set; made by `load`."""

    # defaults are checked, too: whether one will do may hang on what else is set
    model_config = ConfigDict(extra="forbid", frozen=True, validate_default=True)

    home: Path = Field(default_factory=default_home)
    #: Directory of what running processes say of themselves, and of nothing that outlives them: in the home unless its
    #: path is absolute. Processes that share it are one worker to whoever asks after metrics and health.
    runtime_dir: Path = Path("run")
    #: Where workers and scheduler serve their metrics by HTTP, `host:port`; None: nowhere, and none are kept.
    metrics_listen: str | None = None
    database_url: SecretStr | None = None
    rabbitmq_url: SecretStr | None = None
    #: The exchange that takes what is published, under the names of queues, for users who may do nothing else; empty:
    #: the default exchange, and queues are declared by whoever publishes.
    rabbitmq_exchange: str = Field(default="", pattern=r"^[A-Za-z0-9_.:-]{0,127}$")
    log_format: Literal["auto", "text", "json"] = "auto"
    #: Seconds for which a publisher tries a broker that is away before it spools.
    publish_timeout: float = Field(default=15.0, ge=0, le=600)
    #: Seconds that running work gets to finish when a worker is asked to stop; what remains goes back into its queue.
    shutdown_grace: float = Field(default=30.0, ge=0, le=3600)
    #: Seconds without a sign of life after which a run is taken for interrupted; a run says that it is alive at least
    #: four times in that time. One setting for who reads and who stores.
    run_silence: float = Field(default=90.0, ge=1, le=3600)
    #: Seconds without any message of it after which a run whose batches have not all arrived is suspect. Longer than
    #: any delay before a message is tried again (600).
    run_arrival: float = Field(default=900.0, ge=1, le=86_400)
    #: The Chromium to use instead of the one that is found: a path, the address of one that runs elsewhere (`ws(s)://`
    #: a Playwright server, `http(s)://` its DevTools), or `none`. An address may hold a password or a token.
    chromium: SecretStr | None = None
    #: Directory in which every document that a run is given is kept (`touchline reparse`), in the home unless its path
    #: is absolute; None: none is.
    keep_pages: Path | None = None
    #: Where news goes (suspect and failed runs, dead letters, recovered sources), as signed JSON; None: nowhere.
    webhook_url: SecretStr | None = None
    #: Signs what goes there (Standard Webhooks); wanted where there is an address.
    webhook_secret: SecretStr | None = Field(default=None, validate_default=True)
    #: Where `touchline console` answers, `host:port`.
    console_listen: str = "127.0.0.1:8090"
    #: Whoever has it may act there: replay, drop, correct, order runs. None: one is made in the home.
    console_token: SecretStr | None = None
    #: Who may read there: `everyone` who reaches it, or who has the `token`. `auto` is everyone as long as it answers
    #: on a loopback address alone and goes by no other name.
    console_readers: Literal["auto", "everyone", "token"] = "auto"
    #: The names beside its address by which it may be asked for, such as that of a proxy in front of it.
    console_hosts: tuple[str, ...] = ()
    sources: dict[str, SourceSettings] = Field(default_factory=dict)
    #: When to read what, `[schedules.NAME]`.
    schedules: dict[ScheduleName, Schedule] = Field(default_factory=dict)
    retention: Retention = Field(default_factory=Retention)
    #: How the tables of a league are made where not as our own rules say, `[tables.LEAGUE]`.
    tables: dict[str, OwnRules] = Field(default_factory=dict)

    @field_validator("home", mode="after")
    @classmethod
    def _absolute(cls, home: Path) -> Path:
        return home.expanduser().absolute()

    @field_validator("runtime_dir", mode="after")
    @classmethod
    def _below_the_home(cls, directory: Path, info: ValidationInfo) -> Path:
        home: Path = info.data.get("home", Path())
        return (home / directory.expanduser()).absolute()

    @field_validator("metrics_listen", mode="after")
    @classmethod
    def _listens(cls, where: str | None) -> str | None:
        if where is not None:
            split_listen(where)
        return where

    @field_validator("console_listen", mode="after")
    @classmethod
    def _answers(cls, where: str) -> str:
        split_listen(where)
        return where

    @field_validator("console_token", mode="after")
    @classmethod
    def _long_enough(cls, token: SecretStr | None) -> SecretStr | None:
        if token is not None and len(token.get_secret_value()) < _TOKEN_LENGTH:
            raise ValueError(f"is shorter than {_TOKEN_LENGTH} characters; make one: openssl rand -hex 24")
        return token

    @field_validator("console_hosts", mode="before")
    @classmethod
    def _names(cls, names: Any) -> Any:
        names = names.split(",") if isinstance(names, str) else names
        return [str(name).strip().lower() for name in names if str(name).strip()]

    @field_validator("keep_pages", mode="after")
    @classmethod
    def _in_the_home(cls, directory: Path | None, info: ValidationInfo) -> Path | None:
        if directory is None:
            return None
        if str(directory).casefold() in _NO_DIRECTORIES:
            raise ValueError("is a directory, for example pages; leave it out to keep none")
        home: Path = info.data.get("home", Path())
        return (home / directory.expanduser()).absolute()

    @field_validator("database_url", mode="after")
    @classmethod
    def _postgres(cls, url: SecretStr | None) -> SecretStr | None:
        if url is not None:
            check_postgres_url(url.get_secret_value())
        return url

    @field_validator("rabbitmq_url", mode="after")
    @classmethod
    def _amqp(cls, url: SecretStr | None) -> SecretStr | None:
        if url is not None:
            check_amqp_url(url.get_secret_value())
        return url

    @field_validator("chromium", mode="before")
    @classmethod
    def _text(cls, where: Any) -> Any:
        return str(where) if isinstance(where, Path) else where

    @field_validator("chromium", mode="after")
    @classmethod
    def _browser(cls, where: SecretStr | None) -> SecretStr | None:
        if where is None or not where.get_secret_value().strip():
            return None
        if "://" in where.get_secret_value():
            check_browser_url(where.get_secret_value())
        return SecretStr(where.get_secret_value().strip())

    @field_validator("webhook_url", mode="after")
    @classmethod
    def _http(cls, url: SecretStr | None) -> SecretStr | None:
        if url is not None:
            check_http_url(url.get_secret_value())
        return url

    @field_validator("webhook_secret", mode="after")
    @classmethod
    def _signs(cls, secret: SecretStr | None, info: ValidationInfo) -> SecretStr | None:
        if secret is not None:
            key_of(secret.get_secret_value())
        elif info.data.get("webhook_url") is not None:
            raise ValueError(
                f"is not set, and nothing is sent unsigned; make one: echo {PREFIX}$(openssl rand -base64 32)"
            )
        return secret

    def source(self, name: str) -> SourceSettings:
        return self.sources.get(name) or SourceSettings()


def load(overrides: Mapping[str, Any] | None = None, environ: Mapping[str, str] | None = None) -> Settings:
    """Settings for this process. `overrides` are what flags said, by field name; `None` values count as not said.

    Raises ConfigurationError, naming file or variable, never the value of a secret.
    """
    environ = os.environ if environ is None else environ
    path = config_file(environ)
    text = "" if path is None else _read(path)
    values: dict[str, Any] = {} if path is None else _parse(path, text)
    over = _from_environment(environ)
    _merge(over, {name: value for name, value in (overrides or {}).items() if value is not None})
    _merge(values, over)
    try:
        return Settings(**values)
    except ValidationError as error:
        first = error.errors(include_input=False, include_url=False, include_context=False)[0]
        in_file = path is not None and str(first["loc"][0]) not in over
        line = line_of(text, first["loc"]) if in_file else None
        where = f"{path}, line {line}: " if line else ""
        raise ConfigurationError(where + _sentence(first), hint=_HINT) from None


def config_file(environ: Mapping[str, str] | None = None) -> Path | None:
    """The `touchline.toml` that is read: `TOUCHLINE_CONFIG`, else the one in the working directory, else the home's."""
    environ = os.environ if environ is None else environ
    if named := environ.get("TOUCHLINE_CONFIG"):
        path = Path(named)
        if not path.is_file():
            raise ConfigurationError(f"TOUCHLINE_CONFIG names {path}, which is not a file")
        return path
    home = Path(environ["TOUCHLINE_HOME"]) if environ.get("TOUCHLINE_HOME") else default_home()
    for path in (Path("touchline.toml"), home / "touchline.toml"):
        if path.is_file():
            return path
    return None


def _read(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigurationError(f"{path} cannot be read: {error}") from None


def _parse(path: Path, text: str) -> dict[str, Any]:
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise ConfigurationError(f"{path} is not valid TOML: {error}", hint="mend that line") from None


def _from_environment(environ: Mapping[str, str]) -> dict[str, Any]:
    values: dict[str, Any] = {}
    for variable, field in _VARIABLES.items():
        if environ.get(variable):
            values[field] = environ[variable]
    for variable in _SECRETS:
        if not environ.get(f"{variable}_FILE"):
            continue
        if environ.get(variable):
            raise ConfigurationError(f"{variable} and {variable}_FILE are both set", hint="unset one of them")
        try:
            values[_VARIABLES[variable]] = Path(environ[f"{variable}_FILE"]).read_text(encoding="utf-8").strip()
        except (OSError, UnicodeDecodeError) as error:
            raise ConfigurationError(f"{variable}_FILE cannot be read: {error}") from None
    for variable, value in environ.items():
        if variable in _VARIABLES:
            continue
        name = variable.removeprefix("TOUCHLINE_").removesuffix("_URL").lower()
        if value and variable == f"TOUCHLINE_{name.upper()}_URL":
            values.setdefault("sources", {})[name] = {"url": value}
    return values


def _merge(base: dict[str, Any], over: Mapping[str, Any]) -> None:
    for name, value in over.items():
        if isinstance(value, Mapping) and isinstance(base.get(name), dict):
            _merge(base[name], value)
        else:
            base[name] = value


def _sentence(error: ErrorDetails) -> str:
    """What is wrong, without the value: it may be a secret."""
    where = ".".join(str(part) for part in error["loc"])
    variables = {field: variable for variable, field in _VARIABLES.items()}
    named = f"{variables[where]} ({where})" if where in variables else where
    return f"setting {named}: {error['msg'].removeprefix('Value error, ')}"
