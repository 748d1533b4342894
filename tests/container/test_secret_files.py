"""The passwords that `make up` writes once."""

from __future__ import annotations

import json
import os
import re
import stat
import subprocess
import sys
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from tests.container.scripts import rabbitmq_users, secret_files
from tests.fix_rabbitmq import RabbitServer

ROLES = ("owner", "writer", "reader")
USERS = ("producer", "worker", "scheduler", "monitor")


@pytest.fixture
def directory(tmp_path: Path) -> Path:
    return tmp_path / "secrets"


def contents(directory: Path) -> dict[str, str]:
    return {path.name: path.read_text() for path in directory.iterdir() if path.is_file()}


def test_the_directory_is_its_owners_and_the_files_are_for_whoever_gets_them_mounted(directory: Path) -> None:
    """A container's user has a number that this machine does not know."""
    old = os.umask(0o077)
    try:
        assert secret_files.write(directory)
    finally:
        os.umask(old)
    assert stat.S_IMODE(directory.stat().st_mode) == 0o700
    assert {stat.S_IMODE(path.stat().st_mode) for path in directory.iterdir()} == {0o444}


def test_each_password_is_another_one_and_in_the_address_of_who_has_it(directory: Path) -> None:
    secret_files.write(directory)
    found = contents(directory)
    addresses = {name: urlsplit(found[f"database_url_{name}"]) for name in ROLES}
    for name, address in addresses.items():
        assert (address.username, address.hostname, address.path) == (f"touchline_{name}", "postgres", "/touchline")
        assert address.password == found[f"postgres_{name}_password"]
    brokers = {name: urlsplit(found[f"rabbitmq_url_{name}"]) for name in USERS}
    for name, address in brokers.items():
        assert (address.username, address.hostname, address.path) == (f"touchline-{name}", "rabbitmq", "/touchline")
    passwords = [address.password for address in (*addresses.values(), *brokers.values())]
    passwords += [found["postgres_password"], found["grafana_admin_password"], found["console_token"]]
    assert len(set(passwords)) == 10
    # 256 bits, and nothing in it that a shell, an address or a YAML file would take for its own
    assert all(re.fullmatch(r"[\w-]{43}", str(password)) for password in passwords)


def test_written_once_they_are_never_written_again(directory: Path) -> None:
    """Servers keep what they were told when their volumes were new."""
    assert secret_files.write(directory)
    before = contents(directory)
    assert not secret_files.write(directory)
    assert contents(directory) == before


def test_others_in_the_directory_are_left_alone(directory: Path) -> None:
    """Certificates may be there first."""
    (directory / "tls").mkdir(parents=True, mode=0o755)
    (directory / "tls" / "ca.pem").write_text("ours")
    assert secret_files.write(directory)
    assert (directory / "tls" / "ca.pem").read_text() == "ours"
    assert contents(directory).keys() == secret_files.generate().keys()


def test_what_was_half_written_never_counts(directory: Path) -> None:
    """Killed while it wrote: the next one begins anew."""
    (directory / ".unfinished").mkdir(parents=True)
    (directory / ".unfinished" / "postgres_password").write_text("half")
    assert secret_files.write(directory)
    assert contents(directory)["postgres_password"] != "half"
    assert sorted(path.name for path in directory.iterdir()) == sorted(secret_files.generate())


def test_what_was_written_counts_though_not_all_of_it_was_in_place(directory: Path) -> None:
    """Killed while it put them into their places: the next one goes on, with the same passwords."""
    secret_files.write(directory)
    before = contents(directory)
    (directory / ".complete").mkdir()
    for name in list(before)[3:]:
        (directory / name).rename(directory / ".complete" / name)
    secret_files.write(directory)
    assert contents(directory) == before
    assert not (directory / ".complete").exists()


def test_one_that_is_missing_is_named_and_nothing_is_made_up(directory: Path) -> None:
    """A new password for a server that has the old one would only hide the loss."""
    secret_files.write(directory)
    (directory / "database_url_writer").unlink()
    before = contents(directory)
    with pytest.raises(secret_files.Incomplete, match=r"has no database_url_writer$"):
        secret_files.write(directory)
    assert contents(directory) == before


def test_what_came_with_a_later_version_is_added_and_the_rest_stays(directory: Path) -> None:
    secret_files.write(directory)
    before = contents(directory)
    (directory / "console_token").unlink()
    assert secret_files.write(directory)
    after = contents(directory)
    assert after.pop("console_token") != before.pop("console_token")
    assert after == before


def test_of_several_at_once_one_writes(directory: Path) -> None:
    code = f"import secret_files, pathlib; print(secret_files.write(pathlib.Path({str(directory)!r})))"
    script = Path(secret_files.__file__).parent
    running = [
        subprocess.Popen([sys.executable, "-c", code], cwd=script, stdout=subprocess.PIPE, text=True) for _ in range(4)
    ]
    said = sorted(process.communicate(timeout=60)[0].strip() for process in running)
    assert said == ["False", "False", "False", "True"]
    found = contents(directory)
    assert urlsplit(found["database_url_owner"]).password == found["postgres_owner_password"]


@pytest.mark.slow
def test_rabbitmq_knows_each_user_by_the_password_in_its_address(
    directory: Path, tmp_path: Path, rabbitmq_node: RabbitServer
) -> None:
    """The hashes are imported by a real server, and let in who has the password; nobody without."""
    secret_files.write(directory)
    found = contents(directory)
    # their permissions want the virtual host, which is not what is tried here
    users = {"users": json.loads(found["rabbitmq_users.json"])["users"]}
    (tmp_path / "users.json").write_text(json.dumps(users))
    rabbitmq_node.ctl("import_definitions", str(tmp_path / "users.json"))
    try:
        for name in USERS:
            password = urlsplit(found[f"rabbitmq_url_{name}"]).password
            assert password not in found["rabbitmq_users.json"]
            assert logs_in(rabbitmq_node, f"touchline-{name}", str(password))
            assert not logs_in(rabbitmq_node, f"touchline-{name}", f"{password}x")
            assert not logs_in(rabbitmq_node, f"touchline-{name}", "")
    finally:
        for user in rabbitmq_users.USERS:
            rabbitmq_node.evaluate(f'rabbit_auth_backend_internal:delete_user(<<"{user}">>, <<"tests">>).')


def logs_in(server: RabbitServer, user: str, password: str) -> bool:
    return server.evaluate(
        f'element(1, rabbit_access_control:check_user_pass_login(<<"{user}">>, <<"{password}">>)).'
    ).startswith("ok")
