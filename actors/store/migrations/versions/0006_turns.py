"""Whose turn it is to read a site, and how fast."""

from actors.store.migrations.statements import run

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    run("0006_turns.sql")
