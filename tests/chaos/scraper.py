"""A scraper to be killed: `python -m tests.chaos.scraper FILE N` runs what is in FILE and stops after N batches.

It stops between a batch and the next thing it would say, writes `FILE.reached`, and waits for its end.
"""

from __future__ import annotations

import pickle
import sys
import threading
from pathlib import Path
from typing import Any

from contract.broker import make_broker
from contract.places import broker_address
from contract.settings import load
from ingest.publisher import Publisher
from ingest.spool import Spool
from tests.chaos.load import read_and_publish
from tests.chaos.model import Observation


class _StopAfter:
    def __init__(self, batches: int, reached: Path) -> None:
        self._left = batches
        self._reached = reached

    def planned(self, parts: Any) -> None: ...

    def advanced(self, part: Any) -> None:
        if part.ended:
            return
        self._left -= 1
        if not self._left:
            self._reached.touch()
            threading.Event().wait(60)
            raise SystemExit("nobody killed this scraper")


def main() -> None:
    path, batches = Path(sys.argv[1]), int(sys.argv[2])
    observation: Observation = pickle.loads(path.read_bytes())
    address = broker_address(load())
    with Publisher(lambda: make_broker(address), Spool(load().home, address), timeout=5) as publisher:
        read_and_publish(observation, publisher, progress=_StopAfter(batches, Path(f"{path}.reached")))


if __name__ == "__main__":
    main()
