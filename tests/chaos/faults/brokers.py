"""The broker is stopped, killed, silent, full, or out of memory."""

from __future__ import annotations

import time
from urllib.parse import urlsplit, urlunsplit

from tests.chaos.faults import fault
from tests.chaos.world import World


@fault("broker-restarted", hurts="rabbitmq", brokers=("rabbitmq",))
def restarted(world: World) -> None:
    """broker stopped and started under load."""
    world.workers()
    with world.load():
        world.flowing()
        with world.fault():
            world.rabbitmq.stop()
            time.sleep(world.form.seconds(1, 10))
            world.rabbitmq.start()


@fault("broker-killed", hurts="rabbitmq", brokers=("rabbitmq",))
def killed(world: World) -> None:
    """broker SIGKILLed with confirmed messages in its queues."""
    workers = world.workers()
    with world.load(pace=0.2):
        world.flowing()
        # nobody consumes: what was confirmed is nowhere but in the broker
        workers.stop()
        begun = len(world.ledger.sent())
        world.until(lambda: len(world.ledger.sent()) > begun + 50, "50 messages are confirmed")
        with world.fault():
            world.kill_rabbitmq()
            world.rabbitmq.start()
            world.workers()


@fault("broker-away", hurts="rabbitmq", brokers=("rabbitmq",))
def away(world: World) -> None:
    """broker away while a command publishes (spooled, then sent)."""
    world.publish_timeout = world.form.seconds(2, 15)
    world.workers()
    with world.load():
        world.flowing()
        with world.fault():
            world.rabbitmq.stop()
            time.sleep(world.form.seconds(5, 60))
            world.rabbitmq.start()


@fault("line-silent", long=True, brokers=("rabbitmq",))
def silent(world: World) -> None:
    """half-open line between worker and broker (no byte passes)."""
    proxy = world.proxy(world.queue_url)
    world.worker_queue_url = _with_query(proxy.url, heartbeat=str(int(world.form.seconds(4, 20))))
    world.workers()
    with world.load():
        world.flowing()
        with world.fault():
            proxy.pause()
            time.sleep(world.form.seconds(12, 60))
            proxy.resume()


@fault("line-cut")
def cut(world: World) -> None:
    """lines between worker and broker cut, again and again."""
    proxy = world.proxy(world.queue_url)
    world.worker_queue_url = proxy.url
    if world.broker == "embedded":
        world.worker_database_url = proxy.url
    world.workers()
    with world.load():
        world.flowing()
        with world.fault():
            for _ in range(int(world.form.seconds(3, 10))):
                proxy.cut()
                time.sleep(world.rng.uniform(0.1, 1.0))
                proxy.restore()
                time.sleep(world.rng.uniform(0.1, 3.0))


@fault("memory-alarm", hurts="rabbitmq", brokers=("rabbitmq",))
def memory_alarm(world: World) -> None:
    """memory alarm: publishers are blocked."""
    world.workers()
    with world.load():
        world.flowing()
        with world.fault():
            world.rabbitmq.ctl("set_vm_memory_high_watermark", "0.000001")
            time.sleep(world.form.seconds(14, 60))
            world.rabbitmq.ctl("set_vm_memory_high_watermark", "0.4")


def _with_query(url: str, **parameters: str) -> str:
    """`url` with parameters for the driver in its query."""
    parts = urlsplit(url)
    query = "&".join(
        [*([parts.query] if parts.query else []), *(f"{name}={value}" for name, value in parameters.items())]
    )
    return urlunsplit(parts._replace(query=query))
