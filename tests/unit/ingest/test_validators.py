"""The memory of ETags: when it is written, for whom it holds, and what it survives."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest

from ingest.sources import Scope
from ingest.validators import Validators, checks

NOON = datetime(2026, 10, 3, 12, tzinfo=UTC)
URL = "https://site.example/a.json"


def at(moment: datetime) -> Callable[[], datetime]:
    return lambda: moment


def remember(home: Path, etag: str | None = '"1"', part: str = "p", **said: object) -> None:
    """What a run does that read `part` under `etag`."""
    validators = Validators(home, "s", **said)  # type: ignore[arg-type]
    validators.note(part, URL, etag)
    validators.commit(part)


def known(home: Path, part: str = "p", **said: object) -> str | None:
    return Validators(home, "s", **said).etag(part, URL)  # type: ignore[arg-type]


def test_what_is_committed_is_known_to_the_next_run(tmp_path: Path) -> None:
    """A committed ETag is remembered, for its part and address alone."""
    remember(tmp_path)
    assert known(tmp_path) == '"1"'
    assert known(tmp_path, part="q") is None
    assert Validators(tmp_path, "s").etag("p", "https://site.example/b.json") is None
    assert Validators(tmp_path, "other").etag("p", URL) is None


def test_what_is_not_committed_leaves_the_old_one(tmp_path: Path) -> None:
    """A crash between reading and committing leaves what was remembered before."""
    remember(tmp_path, '"1"')
    Validators(tmp_path, "s").note("p", URL, '"2"')
    assert known(tmp_path) == '"1"'


def test_what_is_discarded_is_not_committed_later(tmp_path: Path) -> None:
    """ETags of a part that did not arrive are gone, whatever is committed afterwards."""
    validators = Validators(tmp_path, "s")
    validators.note("p", URL, '"1"')
    validators.discard("p")
    validators.commit("p")
    assert known(tmp_path) is None


@pytest.mark.parametrize("full", [False, True])
def test_what_is_forgotten_is_asked_for_in_full(tmp_path: Path, full: bool) -> None:
    """For this scope alone; when the part said something last is still known, and that it was there."""
    other = Scope(age_groups=("U14",))
    remember(tmp_path)
    remember(tmp_path, scope=other)
    Validators(tmp_path, "s", full=full).forget("p")
    assert known(tmp_path) is None
    assert known(tmp_path, scope=other) == '"1"'
    assert [check.part for check in checks(tmp_path, "s")] == ["p"]
    assert Validators(tmp_path, "s").was_there("p")
    assert not Validators(tmp_path, "s").was_there("q")


def test_each_part_is_committed_alone(tmp_path: Path) -> None:
    """Committing one part says nothing about another."""
    validators = Validators(tmp_path, "s")
    validators.note("p", URL, '"1"')
    validators.note("q", URL, '"2"')
    validators.commit("q")
    assert (known(tmp_path), known(tmp_path, part="q")) == (None, '"2"')


def test_a_document_that_lost_its_etag_is_forgotten(tmp_path: Path) -> None:
    """An answer without an ETag replaces the one that was remembered."""
    remember(tmp_path, '"1"')
    remember(tmp_path, None)
    assert known(tmp_path) is None


@pytest.mark.parametrize(
    "scope",
    [
        Scope(age_groups=("U14",)),
        Scope(divisions=("Florida",)),
        Scope(teams=("Surf",)),
        Scope(date_from=date(2026, 10, 1)),
        Scope(date_to=date(2026, 10, 1)),
    ],
)
def test_a_filtered_run_does_not_speak_for_a_full_one(tmp_path: Path, scope: Scope) -> None:
    """What was read under a filter is news for a run without it, and the other way round."""
    remember(tmp_path, '"1"', scope=scope)
    assert known(tmp_path, scope=scope) == '"1"'
    assert known(tmp_path) is None
    remember(tmp_path, '"2"')
    assert (known(tmp_path, scope=scope), known(tmp_path)) == ('"1"', '"2"')


def test_leagues_and_season_choose_parts_and_filter_none(tmp_path: Path) -> None:
    """A run of one league remembers its part for a run of all leagues."""
    remember(tmp_path, scope=Scope(leagues=("flex",), season="2026-27"))
    assert known(tmp_path) == '"1"'


def test_order_and_case_of_filters_do_not_matter(tmp_path: Path) -> None:
    """`--age-group U14 --age-group u15` is the same question as the other way round."""
    remember(tmp_path, scope=Scope(age_groups=("U14", "u15")))
    assert known(tmp_path, scope=Scope(age_groups=("U15", "u14"))) == '"1"'


def test_another_destination_has_a_memory_of_its_own(tmp_path: Path) -> None:
    """A second broker or database has seen nothing of what went to the first."""
    remember(tmp_path, destination="amqp://user:one@rabbit/a")
    assert known(tmp_path, destination="amqp://user:one@rabbit/b") is None
    assert known(tmp_path, destination="amqp://user:changed@rabbit/a") == '"1"'


def test_another_version_reads_everything_anew(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A new release may make more of the same document."""
    remember(tmp_path)
    monkeypatch.setattr("ingest.validators.version", lambda _: "99.0")
    assert known(tmp_path) is None


def test_full_asks_for_everything_and_remembers_it(tmp_path: Path) -> None:
    """`--full` knows nothing, and what it reads replaces what was remembered."""
    remember(tmp_path, '"1"')
    assert known(tmp_path, full=True) is None
    remember(tmp_path, '"2"', full=True)
    assert known(tmp_path) == '"2"'


def test_a_part_keeps_when_it_was_checked_and_when_it_changed(tmp_path: Path) -> None:
    """Each commit is a check; a change is an ETag that nobody has seen, whatever the scope."""
    hours = [NOON + timedelta(hours=hour) for hour in range(5)]
    remember(tmp_path, '"1"', now=at(hours[0]))
    Validators(tmp_path, "s", now=at(hours[1])).commit("p")
    remember(tmp_path, '"1"', now=at(hours[2]), scope=Scope(teams=("Surf",)))
    (check,) = checks(tmp_path, "s")
    assert (check.part, check.checked_at, check.changed_at) == ("p", hours[2], hours[0])
    remember(tmp_path, '"2"', now=at(hours[3]))
    (check,) = checks(tmp_path, "s")
    assert (check.checked_at, check.changed_at) == (hours[3], hours[3])


def test_a_source_that_was_never_read_has_no_checks(tmp_path: Path) -> None:
    """Nothing is known, and nothing is made on the way."""
    assert checks(tmp_path, "s") == []
    assert list(tmp_path.iterdir()) == []


def test_scopes_that_are_no_longer_used_are_forgotten(tmp_path: Path) -> None:
    """A scope with today's date in it leaves an entry a day; those of two months ago go, used ones stay."""
    old, daily = Scope(date_from=date(2026, 8, 1)), Scope(teams=("Surf",))
    remember(tmp_path, scope=old, now=at(NOON))
    remember(tmp_path, scope=daily, now=at(NOON))
    later = NOON + timedelta(days=61)
    Validators(tmp_path, "s", scope=daily, now=at(later)).commit("p")
    remember(tmp_path, now=at(later))
    assert known(tmp_path, scope=old) is None
    assert known(tmp_path, scope=daily) == '"1"'


@pytest.mark.parametrize(
    "content",
    [b"", b'{"format": 1, "source": "s", "par', b"\x00" * 400, b"[]", b'{"format": 2, "source": "s", "parts": {}}',
     b'{"format": 1, "source": "another", "parts": {}}'],
    ids=["empty", "torn", "zeroes", "list", "another format", "another source"],
)  # fmt: skip
def test_a_file_that_cannot_be_used_is_set_aside(tmp_path: Path, content: bytes) -> None:
    """It counts as empty, is kept beside, and the next commit makes a good one."""
    file = tmp_path / "validators" / "s.json"
    file.parent.mkdir()
    file.write_bytes(content)
    assert known(tmp_path) is None
    remember(tmp_path)
    assert known(tmp_path) == '"1"'
    assert file.with_suffix(".unreadable").read_bytes() == content


def test_a_disk_that_takes_nothing_costs_only_the_memory(tmp_path: Path) -> None:
    """The messages are safe by then: a run does not fail because an ETag cannot be kept."""
    (tmp_path / "validators").write_text("in the way")
    remember(tmp_path)
    assert known(tmp_path) is None


def test_the_name_of_a_source_is_no_path(tmp_path: Path) -> None:
    """A source with slashes in its name writes into the same directory as all."""
    validators = Validators(tmp_path, "../../etc/x")
    validators.commit("p")
    assert {path.parent for path in tmp_path.rglob("*") if path.is_file()} == {tmp_path / "validators"}


def test_processes_that_commit_at_once_lose_nothing(tmp_path: Path) -> None:
    """Four processes, each committing parts of its own: all are remembered, and the file is whole at any time."""
    program = (
        "import sys; from pathlib import Path; from ingest.validators import Validators\n"
        "sys.stdin.readline()\n"
        "for n in range(15):\n"
        "    v, part = Validators(Path(sys.argv[1]), 's'), f'{sys.argv[2]}-{n}'\n"
        "    v.note(part, 'u', 'e'); v.commit(part)"
    )
    processes = [
        subprocess.Popen([sys.executable, "-c", program, str(tmp_path), str(number)], stdin=subprocess.PIPE)
        for number in range(4)
    ]
    for process in processes:
        assert process.stdin is not None
        process.stdin.write(b"go\n")
        process.stdin.close()
    assert [process.wait(timeout=60) for process in processes] == [0, 0, 0, 0]
    assert {check.part for check in checks(tmp_path, "s")} == {
        f"{number}-{n}" for number in range(4) for n in range(15)
    }


def test_the_file_is_replaced_whole(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A crash while it is written leaves the old file: nothing is ever written in place."""
    remember(tmp_path, '"1"')

    def crash(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(os, "fsync", crash)
    with pytest.raises(KeyboardInterrupt):
        remember(tmp_path, '"2"')
    monkeypatch.undo()
    assert known(tmp_path) == '"1"'
    json.loads((tmp_path / "validators" / "s.json").read_text())
