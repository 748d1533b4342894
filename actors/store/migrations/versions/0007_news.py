"""What people are to hear of, until they have."""

from actors.store.migrations.statements import run

revision = "0007"
down_revision = "0006"


def upgrade() -> None:
    run("0007_news.sql")
