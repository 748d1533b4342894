"""What a run has to be held against: which part lists a match."""

from actors.store.migrations.statements import run

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    run("0005_health.sql")
