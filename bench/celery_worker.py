"""The design that this one replaced, as a yardstick: a Celery worker that upserts one match a message, acked late."""

from __future__ import annotations

import os
from typing import Any

import psycopg
from celery import Celery
from psycopg.types.json import Jsonb

from bench.bare import UPSERT

app = Celery("bench", broker=os.environ["RABBITMQ_URL"])
app.conf.update(
    task_acks_late=True,
    task_ignore_result=True,
    worker_prefetch_multiplier=4,
    broker_connection_retry_on_startup=True,
    worker_send_task_events=False,
)

_connection: psycopg.Connection[Any] | None = None


@app.task(name="store")
def store(match: dict[str, Any]) -> None:
    """Upsert and commit."""
    global _connection
    if _connection is None:
        _connection = psycopg.connect(os.environ["DATABASE_URL"], autocommit=True)
    _connection.execute(UPSERT, {"matches": Jsonb([match])})
