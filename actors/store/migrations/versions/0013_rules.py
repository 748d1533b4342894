"""League tables by each league's own rules: what counts, how many points, and the order of the tie-breakers."""

from actors.store.migrations.statements import run

revision = "0013"
down_revision = "0012"


def upgrade() -> None:
    run("0013_rules.sql")
