"""Views for who may only read: what commands and metrics ask of the tables, beside the five public views."""

from actors.store.migrations.statements import run

revision = "0012"
down_revision = "0011"


def upgrade() -> None:
    run("0012_roles.sql")
