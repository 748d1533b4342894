"""What becomes of messages: one fate each, counted starts, and dead letters that are replayed."""

from actors.store.migrations.statements import run

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    run("0002_fates.sql")
