"""A private certificate authority for RabbitMQ: what `make certs` calls.

    python3 scripts/certs.py [--directory secrets/tls] [--name HOST]... [--days 365] [--renew]

Needs the openssl command. Makes what is missing in the directory: the authority (ca.pem, ca.key), the server's
certificate (server.pem, server.key) for `rabbitmq`, `localhost`, 127.0.0.1, ::1 and each --name, and one for each user
(touchline-worker.pem, touchline-worker.key …) with the user's name as its CN. An authority is never replaced: everybody
would have to be given the new one at once. `--renew` makes all other certificates anew, for the names that the server
had and each --name. ca.key belongs onto no server.
"""

from __future__ import annotations

import argparse
import ipaddress
import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Final

from rabbitmq_users import USERS

_ROOT: Final = Path(__file__).resolve().parents[1]

#: What a server is called in compose.yaml, and by who is on its host.
NAMES: Final = ("rabbitmq", "localhost", "127.0.0.1", "::1")

#: What the authority signs.
LEAVES: Final = ("server", *USERS)

#: Days. Everybody has to be given a new authority; ten years is when its key should not be trusted any more.
AUTHORITY_DAYS: Final = 3650
DAYS: Final = 365

#: RFC 5280, as strictly as Python 3.13 checks it (VERIFY_X509_STRICT).
_AUTHORITY: Final = """\
[req]
prompt = no
distinguished_name = name
x509_extensions = extensions
[name]
CN = Touchline RabbitMQ CA
[extensions]
basicConstraints = critical, CA:TRUE, pathlen:0
keyUsage = critical, keyCertSign, cRLSign
subjectKeyIdentifier = hash
"""
_LEAF: Final = """\
[req]
prompt = no
distinguished_name = name
[name]
CN = {name}
[extensions]
basicConstraints = critical, CA:FALSE
keyUsage = critical, digitalSignature
extendedKeyUsage = {use}
subjectKeyIdentifier = hash
authorityKeyIdentifier = keyid
{names}
"""

#: Who may read what: the directory is its owner's alone, and servers in containers have users of their own.
_PUBLIC: Final = 0o444
_AUTHORITY_KEY: Final = 0o400


class Refused(Exception):
    """What cannot be done, as a sentence."""


def make(directory: Path, names: Iterable[str] = (), *, days: int = DAYS, renew: bool = False) -> list[str]:
    """Make what is missing in `directory`, with `renew` all but the authority. Returns the names of what was made.

    Certificates are valid for `days`. Raises Refused.
    """
    if not shutil.which("openssl"):
        raise Refused("there is no openssl command; apt-get install openssl")
    directory.mkdir(mode=0o700, parents=True, exist_ok=True)
    made = []
    if not (directory / "ca.pem").exists():
        if (directory / "ca.key").exists():
            raise Refused(f"{directory} has an authority's key and no ca.pem: bring it back, or remove ca.key")
        _make_authority(directory)
        made.append("ca")
    elif not (directory / "ca.key").exists() and (renew or _missing(directory)):
        raise Refused(f"{directory} has no ca.key, without which nothing can be signed: bring it here")
    for name in LEAVES if renew else _missing(directory):
        server = name == "server"
        known = {*NAMES, *names, *_names_of(directory / "server.pem")} if server else set()
        alternatives = sorted(set(map(_alternative, known)))
        make_certificate(directory, name, alternatives, days=days)
        made.append(name)
    return made


def _missing(directory: Path) -> list[str]:
    return [name for name in LEAVES if not all((directory / f"{name}.{kind}").exists() for kind in ("pem", "key"))]


def _make_authority(directory: Path) -> None:
    with tempfile.TemporaryDirectory(dir=directory) as folder:
        new = Path(folder)
        (new / "config").write_text(_AUTHORITY)
        _make_key(new / "key")
        _openssl(
            *("req", "-new", "-x509", "-sha256", "-days", str(AUTHORITY_DAYS), "-config", new / "config"),
            *("-key", new / "key", "-out", new / "pem"),
        )
        _put(new / "key", directory / "ca.key", _AUTHORITY_KEY)
        _put(new / "pem", directory / "ca.pem", _PUBLIC)


def make_certificate(directory: Path, name: str, alternatives: Sequence[str] = (), *, days: int = DAYS) -> None:
    """Make `name`.pem and `name`.key by the authority in `directory`.

    A server's, if it has `alternatives` (`DNS:…`, `IP:…`); any other is a client's, with `name` as its CN. Raises
    Refused.
    """
    use = "serverAuth" if alternatives else "clientAuth"
    listed = "subjectAltName = " + ", ".join(alternatives) if alternatives else ""
    with tempfile.TemporaryDirectory(dir=directory) as folder:
        new = Path(folder)
        (new / "config").write_text(_LEAF.format(name="rabbitmq" if alternatives else name, use=use, names=listed))
        _make_key(new / "key")
        _openssl("req", "-new", "-sha256", "-config", new / "config", "-key", new / "key", "-out", new / "request")
        _openssl(
            *("x509", "-req", "-sha256", "-days", str(days), "-set_serial", f"0x{os.urandom(16).hex()}"),
            *("-CA", directory / "ca.pem", "-CAkey", directory / "ca.key"),
            *("-extfile", new / "config", "-extensions", "extensions", "-in", new / "request", "-out", new / "pem"),
        )
        _put(new / "key", directory / f"{name}.key", _PUBLIC)
        _put(new / "pem", directory / f"{name}.pem", _PUBLIC)


def _make_key(file: Path) -> None:
    _openssl("genpkey", "-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256", "-out", file)


def _put(new: Path, file: Path, mode: int) -> None:
    new.chmod(mode)
    new.replace(file)


def _alternative(name: str) -> str:
    try:
        return f"IP:{ipaddress.ip_address(name)}"
    except ValueError:
        pass
    if not re.fullmatch(r"(\*\.)?[A-Za-z0-9_][A-Za-z0-9_-]*(\.[A-Za-z0-9_-]+)*", name):
        raise Refused(f"{name!r} is neither a host's name nor an address")
    return f"DNS:{name}"


def _names_of(certificate: Path) -> list[str]:
    """The names that the certificate in use has; none where there is no such file."""
    if not certificate.exists():
        return []
    said = _openssl("x509", "-noout", "-ext", "subjectAltName", "-in", certificate)
    return [name.strip() for name in re.findall(r"(?:DNS|IP Address):([^,\s]+)", said)]


def _openssl(*arguments: str | Path) -> str:
    done = subprocess.run(
        ["openssl", *map(str, arguments)], stdin=subprocess.DEVNULL, capture_output=True, text=True, umask=0o077
    )
    if done.returncode:
        raise Refused(f"openssl {arguments[0]} failed: {done.stderr.strip().splitlines()[-1:]}")
    return done.stdout


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(prog="make certs", description="A private CA for RabbitMQ and its users.")
    parser.add_argument("--directory", type=Path, default=_ROOT / "secrets" / "tls", help="default: secrets/tls")
    parser.add_argument("--name", action="append", default=[], help="a further name or address of the server")
    parser.add_argument("--days", type=int, default=DAYS, help=f"how long certificates are valid, default {DAYS}")
    parser.add_argument("--renew", action="store_true", help="make all certificates anew, by the same authority")
    wanted = parser.parse_args(arguments)
    if not 1 <= wanted.days <= AUTHORITY_DAYS:
        parser.error(f"--days is from 1 to {AUTHORITY_DAYS}")
    try:
        made = make(wanted.directory, wanted.name, days=wanted.days, renew=wanted.renew)
    except (Refused, OSError) as refusal:
        print(f"touchline: no certificates: {refusal}", file=sys.stderr)
        return 1
    for name in made:
        print(f"{wanted.directory / name}.pem")
    if not made:
        print(f"touchline: {wanted.directory} has them all; --renew makes new ones", file=sys.stderr)
    elif wanted.name and "server" not in made:
        print("touchline: the server's certificate is as it was: --renew gives it new names", file=sys.stderr)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
