"""What people say of a match against its site, and how it lasts."""

from actors.store.migrations.statements import run

revision = "0014"
down_revision = "0013"


def upgrade() -> None:
    run("0014_corrections.sql")
