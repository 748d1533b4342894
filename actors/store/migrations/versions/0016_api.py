"""What the HTTP API stands on: jobs that programs order, and the order in which changes can be followed."""

from actors.store.migrations.statements import run

revision = "0016"
down_revision = "0015"


def upgrade() -> None:
    run("0016_api.sql")
