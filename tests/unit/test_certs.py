"""The private authority of `make certs`: what it makes, and what it never replaces."""

from __future__ import annotations

import shutil
import stat
import subprocess
from pathlib import Path

import pytest

import certs
from tests.fix_rabbitmq_as_code import PRODUCER

pytestmark = pytest.mark.skipif(not shutil.which("openssl"), reason="there is no openssl command")

MADE = [f"{name}.{kind}" for name in ("ca", *certs.LEAVES) for kind in ("key", "pem")]


@pytest.fixture(scope="module")
def fresh(tmp_path_factory: pytest.TempPathFactory) -> Path:
    place = tmp_path_factory.mktemp("certificates") / "tls"
    assert certs.main(["--directory", str(place), "--name", "mq.example.org", "--name", "10.1.2.3"]) == 0
    return place


@pytest.fixture
def place(fresh: Path, tmp_path: Path) -> Path:
    """A directory with certificates, which a test may change."""
    return Path(shutil.copytree(fresh, tmp_path / "tls"))


def _openssl(*arguments: str | Path) -> str:
    return subprocess.run(["openssl", *map(str, arguments)], capture_output=True, text=True, check=True).stdout


def _contents(place: Path) -> dict[str, bytes]:
    return {file.name: file.read_bytes() for file in place.iterdir()}


def test_every_certificate_holds_to_the_letter_of_the_standard(fresh: Path) -> None:
    """As Python 3.13 verifies, which OpenSSL does not by itself; each for its purpose only."""
    assert sorted(_contents(fresh)) == sorted(MADE)
    strictly = ("verify", "-x509_strict", "-CAfile", fresh / "ca.pem")
    assert "OK" in _openssl(*strictly, "-purpose", "sslserver", fresh / "server.pem")
    assert "OK" in _openssl(*strictly, "-purpose", "sslclient", fresh / f"{PRODUCER}.pem")
    for purpose, name in (("sslclient", "server"), ("sslserver", PRODUCER)):
        with pytest.raises(subprocess.CalledProcessError):
            _openssl(*strictly, "-purpose", purpose, fresh / f"{name}.pem")


def test_names_are_where_they_are_looked_for(fresh: Path) -> None:
    """A server's hosts and addresses as alternative names, a user's name as the CN."""
    said = _openssl("x509", "-noout", "-ext", "subjectAltName", "-in", fresh / "server.pem")
    for name in ("DNS:rabbitmq", "DNS:localhost", "DNS:mq.example.org", "Address:10.1.2.3", "Address:127.0.0.1"):
        assert name in said
    assert _openssl("x509", "-noout", "-subject", "-in", fresh / f"{PRODUCER}.pem").split()[-1] == PRODUCER


def test_nobody_but_the_owner_gets_at_the_keys(fresh: Path) -> None:
    """The directory is closed; the authority's key is the owner's besides."""
    assert stat.S_IMODE(fresh.stat().st_mode) == 0o700
    assert stat.S_IMODE((fresh / "ca.key").stat().st_mode) == 0o400


def test_what_is_there_stays(place: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A second `make certs` changes nothing; one that is missing is made."""
    before = _contents(place)
    assert certs.main(["--directory", str(place)]) == 0
    assert "--renew" in capsys.readouterr().err
    assert _contents(place) == before
    (place / f"{PRODUCER}.pem").unlink()
    assert certs.make(place) == [PRODUCER]


def test_renewing_keeps_the_authority_and_the_servers_names(place: Path) -> None:
    """Everybody else's trust goes on; every key is another one."""
    before = _contents(place)
    assert certs.make(place, ["second.example.org"], renew=True, days=30) == list(certs.LEAVES)
    after = _contents(place)
    assert {name for name in after if after[name] == before[name]} == {"ca.pem", "ca.key"}
    said = _openssl("x509", "-noout", "-ext", "subjectAltName", "-in", place / "server.pem")
    for name in ("DNS:mq.example.org", "DNS:second.example.org", "Address:10.1.2.3"):
        assert said.count(name) == 1
    assert "OK" in _openssl("verify", "-x509_strict", "-CAfile", place / "ca.pem", place / "server.pem")


@pytest.mark.parametrize(("lost", "says"), [("ca.key", "no ca.key"), ("ca.pem", "no ca.pem")])
def test_half_an_authority_is_not_replaced(
    place: Path, lost: str, says: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """A new one would lock everybody out: it says what is missing, and changes nothing."""
    (place / lost).unlink()
    before = _contents(place)
    assert certs.main(["--directory", str(place), "--renew"]) == 1
    assert says in capsys.readouterr().err
    assert _contents(place) == before


@pytest.mark.parametrize("name", ["a b", "DNS:x", "x,IP:1.2.3.4", "-x", ""])
def test_what_is_no_name_is_refused(place: Path, name: str, capsys: pytest.CaptureFixture[str]) -> None:
    """It would end up in the certificate as something else."""
    assert certs.main(["--directory", str(place), "--renew", f"--name={name}"]) == 1
    assert "neither a host's name nor an address" in capsys.readouterr().err
