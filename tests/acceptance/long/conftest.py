"""Tests that take minutes of real time: `make test-long`, and no part of `make test`."""

from __future__ import annotations

import os

collect_ignore_glob = [] if os.environ.get("TOUCHLINE_TESTS_LONG") else ["test_*.py"]
