"""`touchline metrics`: what database and broker say in numbers, for Prometheus."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import click

from touchline import options
from touchline.settings import start

if TYPE_CHECKING:
    from actors.metrics.exporter import Exporter

#: Seconds between two looks at whether it is to end.
_LOOK = 3600.0


@click.command(
    cls=options.Command,
    epilog=options.examples(
        "touchline metrics",
        "touchline metrics --listen 127.0.0.1:9396",
        "touchline metrics > touchline.prom.new && mv touchline.prom.new touchline.prom",
    ),
)
@click.option(
    "--listen", metavar="HOST:PORT", help="Serve them at /metrics until Ctrl-C, instead of printing them once."
)
def metrics(listen: str | None) -> None:
    """Print the metrics of database and queue, in Prometheus's text format.

    They are the same whoever asks, so that one such process is enough, beside the workers, which serve what they
    themselves do on TOUCHLINE_METRICS_LISTEN. It reads, and needs no more than a role that may read (docs/metrics.md).

    Exit code 1: a part of them cannot be had; 3: database or broker does not answer. What can be told is printed all
    the same.
    """
    settings = start()

    from actors.metrics.exporter import Exporter

    exporter = Exporter(settings)
    if listen is not None:
        _serve(exporter, listen)
        return
    sys.stdout.buffer.write(exporter.text())
    if exporter.down:
        raise SystemExit(3)
    if exporter.incomplete:
        raise SystemExit(1)


def _serve(exporter: Exporter, listen: str) -> None:
    import threading

    from actors.metrics.exposition import CONTENT_TYPE
    from actors.metrics.server import Answer, HttpServer
    from contract.addresses import split_listen
    from contract.errors import ConfigurationError
    from touchline.stop_signals import StopSignals

    try:
        where = split_listen(listen)
        server = HttpServer(where, {"/metrics": lambda: Answer(200, exporter.text(), CONTENT_TYPE)})
    except ValueError as error:
        raise ConfigurationError(f"--listen {error}") from None
    except OSError as error:
        raise ConfigurationError(
            f"cannot listen on {listen}: {error.strerror or error}", hint="does another program have that port?"
        ) from None
    with server, StopSignals() as signals:
        threading.Thread(target=server.serve_forever, name="metrics", daemon=True).start()
        click.echo(f"Metrics are served on {listen}, at /metrics; Ctrl-C stops that.", err=True)
        while not signals.asked:
            signals.wait(_LOOK)
        server.shutdown()
