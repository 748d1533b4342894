"""Which league tables there can be, and indexes that find their matches among those of a dozen seasons."""

from actors.store.migrations.statements import run

revision = "0011"
down_revision = "0010"


def upgrade() -> None:
    run("0011_divisions.sql")
