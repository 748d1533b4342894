"""Faults under load, and what must be in the database afterwards: `python -m tests.chaos`, docs/reliability.md."""
