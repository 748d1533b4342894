"""What a team's calendar is made of: its matches with the number of their revision, and when a team was renamed."""

from actors.store.migrations.statements import run

revision = "0015"
down_revision = "0014"


def upgrade() -> None:
    run("0015_calendars.sql")
