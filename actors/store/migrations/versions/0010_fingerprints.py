"""How a match was listed when it was last written, as one value to compare."""

from actors.store.migrations.statements import run

revision = "0010"
down_revision = "0009"


def upgrade() -> None:
    run("0010_fingerprints.sql")
