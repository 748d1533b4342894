"""Schedules and their slots."""

from actors.store.migrations.statements import run

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    run("0004_slots.sql")
