"""The actor that tells people, and what hands it the news (actors.store.news has the way of a piece of news)."""

from __future__ import annotations

import logging
from typing import Any
from uuid import UUID

import dramatiq
from dramatiq import Broker, Message

from actors.errors import ContractViolation
from actors.notices import body_of
from actors.pool import pool
from actors.store.news import held, publish, tell_of_letters
from actors.webhook import Webhook
from contract.names import MAINTENANCE, NOTIFY
from contract.settings import load

#: Milliseconds: a connection, a request and an answer that each take as long as they may. A row is held meanwhile, so
#: it stays below the minute after which the database ends an idle transaction.
TIME_LIMIT = 50_000

_logger = logging.getLogger(__name__)


@dramatiq.actor(actor_name=NOTIFY, queue_name=MAINTENANCE, time_limit=TIME_LIMIT)
def notify(**message: Any) -> None:
    """Send the piece of news to the webhook, unless it was delivered before or nobody is to be told any more.

    Raises ReceiverAway (tried again for as long as it lasts), ReceiverRefuses (dead, and may be replayed).
    """
    try:
        news_id = UUID(str(message["news_id"]))
    except (KeyError, ValueError):
        raise ContractViolation("the message names no piece of news") from None
    webhook = Webhook.of(load())
    if webhook is None:
        _logger.warning("News %s goes nowhere: there is no TOUCHLINE_WEBHOOK_URL any more", news_id)
        return
    with held(pool(), news_id) as news:
        if news is not None:
            webhook.post(str(news.id), body_of(news))
            _logger.info("Told %s of %s (%s)", webhook, news.kind, news.id)


def hand_over(broker: Broker) -> int:
    """Look for dead letters to tell of, and publish what waits to be told; returns how many messages that were.

    Without a webhook news is recorded, and nothing published. Raises TouchlineError.
    """
    tell_of_letters(pool())
    if Webhook.of(load()) is None:
        return 0
    return publish(pool(), lambda news_id: _send(broker, news_id))


def _send(broker: Broker, news_id: UUID) -> None:
    broker.enqueue(Message(MAINTENANCE, NOTIFY, (), {"news_id": str(news_id)}, {}, message_id=str(news_id)))
