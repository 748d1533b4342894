"""A view of what each part of a run came to, for whoever may only read."""

from actors.store.migrations.statements import run

revision = "0017"
down_revision = "0015"


def upgrade() -> None:
    run("0017_parts.sql")
