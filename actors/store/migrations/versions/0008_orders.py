"""Into which orders a wider one was divided, and what became of each."""

from actors.store.migrations.statements import run

revision = "0008"
down_revision = "0007"


def upgrade() -> None:
    run("0008_orders.sql")
