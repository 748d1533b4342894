"""What goes wrong between us and RabbitMQ, as sentences: what failed, as whom, what to do next. Never a password."""

from __future__ import annotations

import re
import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Final

import pika
import pika.exceptions
from pika.adapters.utils.connection_workflow import AMQPConnectorException
from pika.exceptions import AMQPConnectionError, AMQPError

from contract.broker.errors import BrokerAway, BrokerMisconfigured

#: What pika raises when something fails between us and the broker; not all of it is an AMQPError.
FAILURES: Final = (AMQPError, AMQPConnectorException, OSError)

NOT_FOUND: Final = 404
REFUSED: Final = 403
PRECONDITION_FAILED: Final = 406

#: How RabbitMQ words a 406 for a queue that was declared otherwise.
_INEQUIVALENT: Final = re.compile(
    r"inequivalent arg '(?P<argument>[^']+)' for queue '(?P<queue>[^']+)' in vhost '(?P<vhost>[^']*)': "
    r"received (?P<ours>.+?) but current is (?P<theirs>.+)",
    re.DOTALL,
)

#: How it words a 403: access to a queue or exchange, or to a routing key ("topic") in an exchange.
_FORBIDDEN: Final = re.compile(
    r"access to (?P<what>queue|exchange|topic) '(?P<name>[^']*)'(?: in exchange '(?P<exchange>[^']*)')? in vhost"
)

#: How OpenSSL words what it or the other side stumbled over; pika often keeps only the text.
_ALERT: Final = re.compile(r"\[SSL: (\w+)\]")

_PERMISSIONS: Final = "see docs/queues.md, Users: who may do what; rabbitmqctl list_permissions shows it"


@contextmanager
def connecting() -> Iterator[None]:
    """Around what connects: pika has a bare ValueError for a peer that hangs up right after it accepted."""
    try:
        yield
    except ValueError as error:
        if "getpeername() failed" not in str(error):
            raise
        raise AMQPConnectionError(error.__context__ or error) from None


def unroutable(queue: str, exchange: str, wanted: pika.connection.Parameters) -> BrokerMisconfigured:
    """The exchange took the message and has no queue for it."""
    return BrokerMisconfigured(
        f"{_where(wanted)}: exchange {exchange!r} in vhost {wanted.virtual_host!r} leads nowhere for {queue!r}: "
        f"what {_user(wanted)} sends would be lost",
        hint=f"bind queue {queue!r} to it by its own name: load container/rabbitmq/definitions.json (docs/queues.md)",
    )


def translated(error: Any, wanted: pika.connection.Parameters) -> BrokerAway | BrokerMisconfigured:
    """`error` as a sentence, without the password."""
    if isinstance(error, BrokerAway | BrokerMisconfigured):
        return error
    where, user = _where(wanted), _user(wanted)
    code, said = getattr(error, "reply_code", None), str(getattr(error, "reply_text", ""))
    refused = isinstance(error, pika.exceptions.ProbableAuthenticationError | pika.exceptions.AuthenticationError)
    if refused and isinstance(wanted.credentials, pika.credentials.ExternalCredentials):
        return BrokerMisconfigured(
            f"{where} refuses {user}",
            hint="is EXTERNAL enabled (container/rabbitmq/tls.conf), and is there a user of the certificate's CN?",
        )
    if refused:
        return BrokerMisconfigured(
            f"{where} refuses {user} or its password",
            hint="check RABBITMQ_URL; in a password / ? # and % are percent-encoded",
        )
    if isinstance(error, pika.exceptions.ProbableAccessDeniedError):
        return BrokerMisconfigured(
            f"{where} has no vhost {wanted.virtual_host!r}, or {user} may not use it",
            hint="check the path of RABBITMQ_URL: none or /%2f is the default vhost, / alone the one without a name",
        )
    if code == PRECONDITION_FAILED and (found := _INEQUIVALENT.search(said)):
        return BrokerMisconfigured(
            f"queue {found['queue']!r} in vhost {found['vhost']!r} was declared with other arguments: "
            f"{found['argument']} is {found['theirs']}, Touchline declares {found['ours']}",
            hint=f"empty that queue, then delete it (rabbitmqctl -p '{found['vhost']}' delete_queue {found['queue']}); "
            "limits and types of queues belong into policies",
        )
    if code == REFUSED and (found := _FORBIDDEN.search(said)):
        return _forbidden(found, wanted)
    if code == NOT_FOUND and (found := re.search(r"no exchange '(?P<name>[^']*)'", said)):
        return BrokerMisconfigured(
            f"{where} has no exchange {found['name']!r} in vhost {wanted.virtual_host!r} for {user} to publish to",
            hint="load container/rabbitmq/definitions.json (docs/queues.md), or mend RABBITMQ_EXCHANGE",
        )
    if code in (402, REFUSED, 530, PRECONDITION_FAILED):
        return BrokerMisconfigured(f"{where} refuses: {said}", hint="check RABBITMQ_URL and the user's permissions")
    reason = _reason(error)
    if isinstance(reason, ssl.SSLCertVerificationError):
        return _untrusted(reason, wanted)
    if found := _ALERT.search(str(reason)):
        return _no_tls(found[1].replace("_", " ").lower(), wanted)
    if isinstance(error, pika.exceptions.IncompatibleProtocolError):
        return BrokerAway(
            f"{where} does not answer: it hangs up before a word of AMQP",
            # of a refused certificate TLS 1.3 tells after the handshake, and a reset may overtake what it tells
            hint="is it starting? does it refuse the client's certificate? its log says so"
            if wanted.ssl_options
            else "is it starting? is it RabbitMQ? if this port speaks TLS, begin RABBITMQ_URL with amqps://",
        )
    if isinstance(error, pika.exceptions.ConnectionBlockedTimeout):
        return BrokerAway(f"{where} takes no messages now: a memory or disk alarm", hint="rabbitmqctl status shows it")
    if isinstance(error, pika.exceptions.NackError):
        return BrokerAway(f"{where} refused the message: its queue is full", hint="see touchline queues")
    text = said or (reason.strerror if isinstance(reason, OSError) else str(reason)) or type(reason).__name__
    return BrokerAway(f"{where} does not answer: {text}", hint="is it running? is RABBITMQ_URL right?")


def _where(wanted: pika.connection.Parameters) -> str:
    return f"RabbitMQ at {wanted.host}:{wanted.port}"


def _user(wanted: pika.connection.Parameters) -> str:
    name = getattr(wanted.credentials, "username", None)
    return "whom the client certificate names" if name is None else f"user {name!r}"


def _forbidden(found: re.Match[str], wanted: pika.connection.Parameters) -> BrokerMisconfigured:
    who = f"{_where(wanted)} does not let {_user(wanted)}"
    if found["what"] == "topic":
        return BrokerMisconfigured(
            f"{who} publish for queue {found['name']!r} to exchange {found['exchange']!r}", hint=_PERMISSIONS
        )
    if found["what"] == "queue":
        return BrokerMisconfigured(
            f"{who} declare, read or empty queue {found['name']!r}",
            hint="a user that only publishes wants RABBITMQ_EXCHANGE=touchline, a worker a user of its own: "
            + _PERMISSIONS,
        )
    name = "the default exchange" if found["name"] == "amq.default" else f"exchange {found['name']!r}"
    return BrokerMisconfigured(
        f"{who} publish to {name} (RABBITMQ_EXCHANGE)",
        hint=f"a producer or scheduler publishes to touchline, a worker to the default one: {_PERMISSIONS}",
    )


def _no_tls(said: str, wanted: pika.connection.Parameters) -> BrokerMisconfigured:
    where = _where(wanted)
    if "certificate required" in said:
        return BrokerMisconfigured(
            f"{where} wants a client's certificate",
            hint="add certfile=…&keyfile=… to RABBITMQ_URL: make certs makes both (docs/queues.md, TLS)",
        )
    if "alert" in said and ("certificate" in said or "unknown ca" in said or "handshake failure" in said):
        return BrokerMisconfigured(
            f"{where} does not take the client's certificate: {said}",
            hint="was it made for a client, by the CA that the server knows, and is it valid still? "
            "make certs ARGS=--renew makes new ones",
        )
    if "wrong version" in said or "record layer" in said or "unexpected eof" in said:
        return BrokerMisconfigured(
            f"{where} does not answer in TLS: {said}",
            hint="name the port that speaks TLS, usually 5671, or begin RABBITMQ_URL with amqp://",
        )
    return BrokerMisconfigured(f"{where}: no TLS: {said}", hint="see docs/queues.md, TLS")


#: OpenSSL's X509_V_ERR_…, https://docs.openssl.org/3.0/man3/X509_STORE_CTX_get_error/
_NOT_YET_VALID, _EXPIRED, _HOST, _ADDRESS = 9, 10, 62, 64


def _untrusted(reason: ssl.SSLCertVerificationError, wanted: pika.connection.Parameters) -> BrokerMisconfigured:
    where, said = _where(wanted), reason.verify_message
    if reason.verify_code in (_HOST, _ADDRESS):
        return BrokerMisconfigured(
            f"{where} shows the certificate of another name: {said}",
            hint=f"make one with this name: make certs ARGS='--renew --name {wanted.host}'; or use a name that it has",
        )
    if reason.verify_code in (_EXPIRED, _NOT_YET_VALID):
        return BrokerMisconfigured(
            f"{where} shows a certificate that is not valid now: {said}",
            hint="renew it (make certs ARGS=--renew) and have the server read it again; is this machine's clock right?",
        )
    return BrokerMisconfigured(
        f"{where} shows a certificate that is not trusted here: {said}",
        hint="name the CA that made it: RABBITMQ_URL=amqps://…?cacertfile=/path/to/ca.pem (docs/queues.md, TLS)",
    )


def _reason(error: Any) -> Any:
    """The innermost exception: pika wraps those of the network in its own, two or three deep."""
    seen = error
    while True:
        inner = getattr(seen, "exception", None)
        inner = inner or next((part for part in getattr(seen, "args", ()) if isinstance(part, BaseException)), None)
        if inner is None:
            return seen
        seen = inner
