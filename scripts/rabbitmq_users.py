"""RabbitMQ's users with their passwords: container/rabbitmq/users.json with the salted hashes that it has no room for.

    python3 scripts/rabbitmq_users.py DIRECTORY >20-users.json

DIRECTORY holds rabbitmq_url_producer, rabbitmq_url_worker, rabbitmq_url_scheduler and rabbitmq_url_monitor, each the
address that this user connects to; the passwords are taken from there. What comes out has no password in it, but who
has it can try passwords by the million: it is a secret, too.
"""

from __future__ import annotations

import base64
import hashlib
import json
import secrets
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Final
from urllib.parse import unquote, urlsplit

_TEMPLATE: Final = Path(__file__).resolve().parents[1] / "container" / "rabbitmq" / "users.json"

#: Of them `touchline-` is cut off in the names of files.
USERS: Final = ("touchline-producer", "touchline-worker", "touchline-scheduler", "touchline-monitor")


def with_passwords(passwords: Mapping[str, str]) -> str:
    """The users, what each may do, and the hash of its password: a definitions file for RabbitMQ.

    Raises ValueError where the password of one of `USERS` is missing, or is empty.
    """
    definitions = json.loads(_TEMPLATE.read_text(encoding="utf-8"))
    for user in definitions["users"]:
        if not passwords.get(user["name"]):
            raise ValueError(f"no password for {user['name']}")
        user["password_hash"] = password_hash(passwords[user["name"]])
    return json.dumps(definitions, indent=2) + "\n"


def password_hash(password: str, salt: bytes | None = None) -> str:
    """As RabbitMQ keeps it: https://www.rabbitmq.com/docs/passwords#computing-password-hash. `salt` has four bytes."""
    salt = secrets.token_bytes(4) if salt is None else salt
    return base64.b64encode(salt + hashlib.sha256(salt + password.encode()).digest()).decode()


def main(arguments: list[str]) -> int:
    if len(arguments) != 1 or arguments[0].startswith("-"):
        print(__doc__, file=sys.stderr)
        return 2
    passwords: dict[str, str] = {}
    try:
        for user in USERS:
            file = Path(arguments[0]) / f"rabbitmq_url_{user.removeprefix('touchline-')}"
            url = urlsplit(file.read_text(encoding="utf-8").strip())
            if unquote(url.username or "") != user or not url.password:
                raise ValueError(f"{file} is not the address of {user} with its password")
            passwords[user] = unquote(url.password)
        sys.stdout.write(with_passwords(passwords))
    except (OSError, ValueError) as error:
        print(f"touchline: no users: {error}", file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
