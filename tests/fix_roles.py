"""A PostgreSQL of its own with the roles of container/postgres/roles.sql, and a store in its database `touchline`."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import pytest

from tests.fix_postgres import PostgresServer, installations, running
from tests.roles import as_role, make_roles


@dataclass(frozen=True, slots=True)
class Roles:
    """The server, and the addresses of its database `touchline`."""

    server: PostgresServer

    @property
    def superuser(self) -> str:
        return self.server.url("touchline")

    @property
    def owner(self) -> str:
        return as_role(self.superuser, "owner")

    @property
    def writer(self) -> str:
        return as_role(self.superuser, "writer")

    @property
    def reader(self) -> str:
        return as_role(self.superuser, "reader")


@pytest.fixture(scope="module")
def roles() -> Iterator[Roles]:
    """Made and migrated as a deployment does it: roles.sql by the administrator, the tables by their owner."""
    from actors.store.migrations import upgrade  # only the tests of the store need the store

    with running(installations()["wheel"]) as server:
        make_roles(server)
        made = Roles(server)
        upgrade(made.owner)
        yield made
