"""Runs the tests of the queue against RabbitMQ 4, with quorum queues: what `make test-rabbitmq4` calls.

    python scripts/rabbitmq4.py [PYTEST ARGUMENT...]

Debian bookworm, on which everything is developed, has RabbitMQ 3.10; the next one, trixie, has 4.0. So a trixie with
nothing but that server in it is made with debootstrap in .cache/rabbitmq4, once, and its programs are run in a chroot
that only they see: their mounts are their own and end with them. That takes root, and a Debian whose package sources
are the ones that are used.
"""

from __future__ import annotations

import os
import shlex
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Final

import debian
from system_packages import Refused, say

_ROOT: Final = Path(__file__).resolve().parents[1]
_CHROOT: Final = _ROOT / ".cache" / "rabbitmq4"
_PACKAGES: Final = ("rabbitmq-server", "erlang-base")

#: The tests know how to ask it, and leave no port mapper behind.
_VERSION: Final = "from tests.fix_rabbitmq import Programs; print(Programs.find().version())"

#: What there is to try: all that speaks with RabbitMQ itself.
_TESTS: Final = (
    "tests/container/test_services.py",
    "tests/conformance",
    "tests/integration/test_fixtures.py",
    "tests/integration/test_policies.py",
    "tests/integration/test_publishing.py",
    "tests/integration/test_publishing_outages.py",
    "tests/integration/test_operating_commands.py",
    "tests/integration/test_exchange.py",
    "tests/integration/test_rabbitmq_as_code.py",
    "tests/integration/test_rabbitmq_users.py",
    "tests/integration/test_tls.py",
)

#: Our name for a program → where the chroot has it. Those of /usr/sbin change to another user.
_PROGRAMS: Final = {
    "rabbitmq-server": "/usr/lib/rabbitmq/bin/rabbitmq-server",
    "rabbitmqctl": "/usr/lib/rabbitmq/bin/rabbitmqctl",
    "rabbitmq-diagnostics": "/usr/lib/rabbitmq/bin/rabbitmq-diagnostics",
    "erl": "/usr/bin/erl",
    "erl_call": "/usr/bin/erl_call",
    "epmd": "/usr/bin/epmd",
}

#: Runs a program of the chroot as if it were here: the same process, working directory, temporary files and network.
_WRAPPER: Final = """\
#!/bin/sh
exec unshare --mount --propagation private sh -c '
set -e
root=$1 program=$2 temporary=$3 directory=$4
shift 4
mkdir -p "$root$temporary"
mount --rbind "$temporary" "$root$temporary"
mount --rbind /proc "$root/proc"
mount --rbind /dev "$root/dev"
exec chroot "$root" sh -c "cd \\"\\$0\\" 2>/dev/null; exec \\"\\$@\\"" "$directory" "$program" "$@"
' sh {root} {program} "${{TMPDIR:-/tmp}}" "$PWD" "$@"
"""


def main(arguments: list[str]) -> int:
    try:
        programs = _programs()
    except Refused as refusal:
        say(f"RabbitMQ 4 cannot be had: {refusal}")
        return 2
    environment = os.environ | {
        "TOUCHLINE_TESTS_RABBITMQ": str(programs),
        "TOUCHLINE_TESTS_QUEUE_TYPE": "quorum",
        "TOUCHLINE_TESTS_REQUIRE_RABBITMQ": "1",
    }
    environment.pop("RABBITMQ_URL", None)
    version = subprocess.run(
        [sys.executable, "-c", _VERSION], cwd=_ROOT, env=environment, stdout=subprocess.PIPE, text=True
    )
    if version.returncode:
        say(f"RabbitMQ 4 does not run in its chroot; remove {_CHROOT} and try again")
        return 2
    say(f"testing against RabbitMQ {version.stdout.strip()}, quorum queues by default")
    chosen = any(Path(argument.partition("::")[0]).exists() for argument in arguments)
    pytest = [sys.executable, "-m", "pytest", *arguments, *([] if chosen else _TESTS)]
    return subprocess.run(pytest, cwd=_ROOT, env=environment).returncode


def _programs() -> Path:
    """The directory of the programs, made if it is not there. Raises Refused."""
    if os.geteuid() != 0:
        raise Refused("a chroot needs root: sudo make test-rabbitmq4")
    if not shutil.which("unshare"):
        raise Refused("a mount namespace needs unshare, of util-linux")
    if not _CHROOT.exists():
        _make_chroot()
    # written each time: they are this file's, not the chroot's
    directory = _CHROOT / "programs"
    directory.mkdir(exist_ok=True)
    for name, path in _PROGRAMS.items():
        file = directory / name
        file.write_text(_WRAPPER.format(root=shlex.quote(str(_CHROOT)), program=path))
        file.chmod(0o755)
    return directory


def _make_chroot() -> None:
    say(f"making a Debian {debian.SUITE} with RabbitMQ in {_CHROOT}: about a minute, 370 MB")
    debian.bootstrap(_CHROOT, _PACKAGES)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
