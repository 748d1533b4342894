"""The main job with three roles: workers write rows, a person reads views, the owner backs up (docs/database.md)."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from tests.acceptance.conftest import Place, SampleSite, clean_environment, needs_feeds, with_site
from tests.fix_postgres import installations
from tests.fix_roles import Roles
from tests.roles import PASSWORDS, as_role, make_roles

pytestmark = [needs_feeds, pytest.mark.slow]

SEASON = ("scrape", "mlsnext", "--season", "2026-27", "--wait")


def run(program: str, *arguments: str | Path, port: int) -> None:
    """A program of PostgreSQL's, as the owner."""
    environment = {
        "PATH": os.environ["PATH"],
        "PGHOST": "127.0.0.1",
        "PGPORT": str(port),
        "PGUSER": "touchline_owner",
        "PGPASSWORD": PASSWORDS["owner"],
    }
    subprocess.run([installations()["wheel"] / program, *arguments], env=environment, check=True, timeout=120)


def test_what_came_after_the_backup_is_read_again(
    home: Path, roles: Roles, rabbitmq_url: str, sample: SampleSite
) -> None:
    """320 matches, a backup, four that change; the backup is put back. The ETag says that nothing is new: `--full`."""
    env = clean_environment(TOUCHLINE_HOME=str(home), RABBITMQ_URL=rabbitmq_url)
    workers = Place(home, {**env, "DATABASE_URL": roles.writer})
    person = with_site(Place(home, {**env, "DATABASE_URL": roles.reader}), sample.site)
    dump, port = home / "touchline.dump", roles.server.port
    with workers.dramatiq("--processes", "1", "--threads", "2"):
        sample.show("2026-10-03")
        first = person.touchline(*SEASON)
        assert (first.code, first.row["inserted"], first.row["dead"]) == (0, 320, 0), first.err
        run("pg_dump", "--format=custom", "--file", dump, "touchline", port=port)
        sample.show("2026-10-05")
        assert person.touchline(*SEASON).row["updated"] == 4

    make_roles(roles.server, database="restored")
    run("pg_restore", "--dbname=restored", "--no-owner", "--no-privileges", "--exit-on-error", dump, port=port)
    url = roles.server.url("restored")
    assert person.touchline("migrate", DATABASE_URL=as_role(url, "owner")).code == 0
    workers.env["DATABASE_URL"], person.env["DATABASE_URL"] = as_role(url, "writer"), as_role(url, "reader")
    with workers.dramatiq("--processes", "1", "--threads", "2"):
        assert person.touchline("changes").rows == []
        assert person.touchline(*SEASON).row["nothing_new"] is True
        full = person.touchline(*SEASON, "--full").row
        assert (full["updated"], full["unchanged"], full["dead"]) == (4, 316, 0)
        assert len(person.touchline("changes").rows) == 11
    assert "permission denied" not in (home / "workers.log").read_text(), "the chores are permitted, too"
