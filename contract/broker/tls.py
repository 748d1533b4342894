"""TLS to RabbitMQ, as the query of its address says it.

The names are those of https://www.rabbitmq.com/docs/uri-query-parameters: `cacertfile` (whom to trust instead of the
system's authorities), `certfile` and `keyfile` (a client's certificate), `server_name_indication` (the name that the
server's certificate has, where it is not the host's), `auth_mechanism=external` (the certificate, and no password).
There is no way to trust whoever answers.
"""

from __future__ import annotations

import ssl
from collections.abc import Mapping
from pathlib import Path
from typing import Final

import pika

from contract.errors import ConfigurationError

#: What is ours in a query; the rest is pika's.
NAMES: Final = ("cacertfile", "certfile", "keyfile", "server_name_indication", "auth_mechanism")

_HINT: Final = "see docs/queues.md, TLS"


def options(scheme: str, given: Mapping[str, str]) -> pika.SSLOptions | None:
    """What pika is to do for `given`, by `NAMES`. None: nothing is said. Raises ConfigurationError."""
    for name, value in given.items():
        if not value:
            raise ConfigurationError(f"RABBITMQ_URL has {name} without a value", hint=_HINT)
        if scheme != "amqps":
            raise ConfigurationError(f"RABBITMQ_URL has {name} and no TLS", hint="begin it with amqps://")
    if given.get("auth_mechanism", "plain").lower() not in ("plain", "external"):
        raise ConfigurationError("RABBITMQ_URL: auth_mechanism is neither plain nor external", hint=_HINT)
    if ("keyfile" in given or is_external(given)) and "certfile" not in given:
        raise ConfigurationError("RABBITMQ_URL has no certfile, and what it says wants one", hint=_HINT)
    if not given:
        return None
    context = ssl.create_default_context(cafile=_readable("cacertfile", given))
    if certificate := _readable("certfile", given):
        key = _readable("keyfile", given)
        try:
            # without a password OpenSSL would ask for it on the terminal
            context.load_cert_chain(certificate, key, password=lambda: "")
        except ssl.SSLError as error:
            said = (error.reason or str(error)).replace("_", " ").lower()
            raise ConfigurationError(
                f"RABBITMQ_URL: certfile and keyfile cannot be used: {said}",
                hint="they must belong together, and the key must have no passphrase",
            ) from None
    return pika.SSLOptions(context, given.get("server_name_indication"))


def is_external(given: Mapping[str, str]) -> bool:
    """Whether the client's certificate says who it is."""
    return given.get("auth_mechanism", "").lower() == "external"


def _readable(name: str, given: Mapping[str, str]) -> str | None:
    """The path in `given[name]`, of a file that can be read and is PEM. Raises ConfigurationError."""
    if name not in given:
        return None
    path = Path(given[name])
    try:
        is_pem = b"-----BEGIN " in path.read_bytes()
    except OSError as error:
        raise ConfigurationError(
            f"RABBITMQ_URL: {name}={path} cannot be read: {error.strerror}", hint="check the path and who may read it"
        ) from None
    if not is_pem:
        raise ConfigurationError(f"RABBITMQ_URL: {name}={path} holds nothing in PEM", hint=_HINT)
    return str(path)
