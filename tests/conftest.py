"""Registers the plug-ins beside this file: each `fix_*.py` owns one kind of server or site."""

from __future__ import annotations

from pathlib import Path

_found = sorted(f"tests.{path.stem}" for path in Path(__file__).parent.glob("fix_*.py"))

#: The environment first: what others import may read it.
pytest_plugins = sorted(_found, key="tests.fix_environment".__ne__)
