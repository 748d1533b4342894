"""`touchline notify`: does the webhook take what is sent to it?"""

from __future__ import annotations

import click

from contract.errors import ConfigurationError
from touchline import options
from touchline.output import say
from touchline.settings import start


class NobodyToTell(ConfigurationError):
    """There is no webhook."""


@click.command(cls=options.Command, epilog=options.examples("touchline notify", "touchline --debug notify"))
def notify() -> None:
    """Send a test notice to the webhook, now, and say what it answers.

    The notice is of the type `test`, and signed like those that tell of suspect and failed runs, dead letters and
    recovered sources (docs/notices.md). It goes there directly, not through the queue. Exit code 1: the receiver
    refuses it; 2: no webhook is set; 3: the receiver does not answer, or cannot take it now.
    """
    settings = start()

    from datetime import UTC, datetime
    from uuid import uuid4

    from actors.notices import test_body
    from actors.webhook import Webhook

    webhook = Webhook.of(settings)
    if webhook is None:
        raise NobodyToTell(
            "no webhook is set, so nobody is told anything",
            hint="set TOUCHLINE_WEBHOOK_URL and TOUCHLINE_WEBHOOK_SECRET, see docs/notices.md",
        )
    webhook.post(str(uuid4()), test_body(datetime.now(UTC)))
    say(f"{webhook} has taken a test notice.")
