"""What pika says of a broken connection, as one of the errors that callers know."""

from __future__ import annotations

import socket

import pika
import pytest
from pika.adapters.utils.io_services_utils import _AsyncStreamConnector
from pika.exceptions import AMQPConnectionError

from contract.broker.errors import BrokerAway
from contract.broker.errors_rabbitmq import connecting, translated


def test_a_peer_that_hangs_up_right_after_it_accepted_is_away() -> None:
    """pika has a bare ValueError for a socket that is not connected any more; a run would end with it."""
    with socket.socket() as hung_up, pytest.raises(AMQPConnectionError) as caught, connecting():
        _AsyncStreamConnector(
            nbio=None,  # type: ignore[arg-type]  # not reached
            protocol_factory=lambda: None,  # type: ignore[arg-type,return-value]
            sock=hung_up,
            ssl_context=None,
            server_hostname=None,
            on_done=lambda _: None,
        )
    said = translated(caught.value, pika.ConnectionParameters("rabbit", 5672))
    assert isinstance(said, BrokerAway)
    assert "not connected" in str(said)


def test_any_other_value_error_is_a_bug() -> None:
    """It is not taken for an outage."""
    with pytest.raises(ValueError, match="ours"), connecting():
        raise ValueError("ours")
