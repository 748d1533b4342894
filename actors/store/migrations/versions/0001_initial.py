"""The tables and the five views."""

from actors.store.migrations.statements import run

revision = "0001"
down_revision = None


def upgrade() -> None:
    run("0001_initial.sql")
    run("0001_views.sql")
