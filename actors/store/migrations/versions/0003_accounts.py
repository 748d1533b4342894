"""Accounts that notice: which messages a part sent, signs of life, and rows that no part's last word counts."""

from actors.store.migrations.statements import run

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    run("0003_accounts.sql")
