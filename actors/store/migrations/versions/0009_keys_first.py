"""Indexes of matches in an order that only the key can be looked up by its source."""

from actors.store.migrations.statements import run

revision = "0009"
down_revision = "0008"


def upgrade() -> None:
    run("0009_keys_first.sql")
