"""Ports for servers that tests stop and start again."""

from __future__ import annotations

import random
import socket

#: Linux gives out 32768 and up to whoever connects somewhere, macOS 49152 and up.
_PORTS = range(20_000, 32_000)


def free_ports(count: int) -> list[int]:
    """Ports that stay free while their server is down, whatever connects meanwhile."""
    found: list[int] = []
    for port in random.SystemRandom().sample(_PORTS, len(_PORTS)):
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
        found.append(port)
        if len(found) == count:
            return found
    raise RuntimeError("no port is free on loopback")
