"""What is kept of a run can be read back as it was, whatever happens to the process, the disk, or the address."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import threading
from datetime import date
from pathlib import Path
from uuid import UUID, uuid4

import pytest
from structlog.testing import capture_logs

from contract.errors import ConfigurationError
from contract.settings import load
from ingest.archive import Archive, RunKeeper
from ingest.kept import answer, read, runs
from ingest.sources import Part, Scope
from tests.unit.ingest.keeping import NOW, PARTS, a_run, files, kept, said

ROOT = Path(__file__).parents[3]


def test_a_run_is_read_back_as_it_was(tmp_path: Path) -> None:
    """The scope, the parts with their details, and each answer to the byte, the header and the microsecond."""
    scope = Scope(leagues=("homegrown",), age_groups=("U14",), season="2026-27", date_from=date(2026, 10, 1))
    run_id = a_run(tmp_path, ("https://site.example/", b"\x00\xffbody", "a"), scope=scope)
    run = kept(tmp_path, run_id)
    assert (run.run_id, run.source, run.scope, run.started_at) == (run_id, "made-up", scope, NOW)
    assert tuple(run.parts.values()) == PARTS
    [document] = run.documents
    assert (document.asked, document.part, document.size) == ("https://site.example/", "a", 6)
    assert answer(Archive(tmp_path), document) == said(b"\x00\xffbody")


def test_the_same_body_is_kept_once(tmp_path: Path) -> None:
    """Whoever is answered so, and from whatever address; it is said what each added to the disk."""
    first = a_run(tmp_path, ("https://a.example/", b"x" * 100_000, "a"), ("https://a.example/2", b"x" * 100_000, "a"))
    second = a_run(tmp_path, ("https://b.example/", b"x" * 100_000, "b"))
    assert len(files(tmp_path)) == 1
    assert 0 < kept(tmp_path, first).stored < 1000
    assert kept(tmp_path, second).stored == 0
    assert kept(tmp_path, second).size == 100_000


def test_a_run_that_is_answered_nothing_new_leaves_no_trace(tmp_path: Path) -> None:
    """Ninety-six refreshes a day would otherwise be ninety-six files."""
    a_run(tmp_path)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    "address",
    [
        "https://site.example/../../../../etc/passwd",
        "file:///etc/passwd",
        'https://site.example/a\nb\r{"line": "run"}\x00',
        "https://site.example/" + "x" * 5000,
        "https://site.example/ö/\N{SOCCER BALL}",
    ],
)
def test_nothing_of_an_address_becomes_the_name_of_a_file(tmp_path: Path, address: str) -> None:
    """Names are hashes and ids; the address is read back as it was."""
    run_id = a_run(tmp_path / "pages", (address, address.encode(), "a"))
    names = {path.relative_to(tmp_path).as_posix() for path in tmp_path.rglob("*") if path.is_file()}
    allowed = rf"pages/(lock|runs/{run_id}\.jsonl|documents/[0-9a-f]{{2}}/[0-9a-f]{{64}}\.xz)"
    assert [name for name in names if not re.fullmatch(allowed, name)] == []
    assert [document.asked for document in kept(tmp_path / "pages", run_id).documents] == [address]


def test_passwords_are_not_kept(tmp_path: Path) -> None:
    """Who may ask is no part of what was asked."""
    run_id = a_run(tmp_path, ("https://me:secret@site.example/a", b"x", "a"))
    assert "secret" not in Archive(tmp_path).run(run_id).read_text()
    assert kept(tmp_path, run_id).documents[0].asked == "https://site.example/a"


def test_nobody_else_can_read_it(tmp_path: Path) -> None:
    """Whatever the umask says."""
    mask = os.umask(0)
    try:
        a_run(tmp_path / "pages", ("https://site.example/", b"x", "a"))
    finally:
        os.umask(mask)
    assert {path for path in (tmp_path / "pages").rglob("*") if path.stat().st_mode & 0o077} == set()


def test_a_torn_line_is_skipped_and_what_follows_is_read(tmp_path: Path) -> None:
    """Somebody died in the middle of a line; another worker of the same run goes on."""
    run_id = a_run(tmp_path, ("https://site.example/1", b"1", "a"), ("https://site.example/2", b"2", "a"))
    path = Archive(tmp_path).run(run_id)
    whole = path.read_bytes()
    for cut in range(whole.rindex(b"{"), len(whole) - 1, 11):
        path.write_bytes(whole[:cut])
        a_run(tmp_path, ("https://site.example/3", b"3", "b"), run_id=run_id)
        run = kept(tmp_path, run_id)
        assert [document.asked[-1] for document in run.documents] == ["1", "3"], cut
        assert list(run.parts) == ["a", "b"]


def test_lines_of_a_later_version_are_skipped(tmp_path: Path) -> None:
    """A kind of line that is not known yet, and a document that names no hash: no file is looked for."""
    run_id = a_run(tmp_path, ("https://site.example/", b"x", "a"))
    with Archive(tmp_path).run(run_id).open("a") as file:
        file.write('\n{"line": "visit", "url": "https://site.example/"}\n')
        file.write(Archive(tmp_path).run(run_id).read_text().splitlines()[-1].replace('"sha256": "', '"sha256": "../'))
    assert len(kept(tmp_path, run_id).documents) == 1


def test_a_file_that_is_no_run_is_left_alone(tmp_path: Path) -> None:
    """A warning, and the others are read."""
    run_id = a_run(tmp_path, ("https://site.example/", b"x", "a"))
    (tmp_path / "runs" / f"{uuid4()}.jsonl").write_text('{"line": "run", "format": 2}\n')
    (tmp_path / "runs" / f"{uuid4()}.jsonl").write_bytes(Archive(tmp_path).run(run_id).read_bytes())
    with capture_logs() as logs:
        assert [run.run_id for run in runs(Archive(tmp_path))] == [run_id]
    assert [entry["event"] for entry in logs] == ["kept_run_unreadable"] * 2


@pytest.mark.parametrize("damage", [b"", b"\xfd7zXZ\x00garbage", None])
def test_a_damaged_document_is_none(tmp_path: Path, damage: bytes | None) -> None:
    """Empty, torn, or another one: whatever the disk made of it is not taken for what the site said."""
    run_id = a_run(tmp_path, ("https://site.example/1", b"1" * 99, "a"), ("https://site.example/2", b"2" * 99, "a"))
    first, second = kept(tmp_path, run_id).documents
    archive = Archive(tmp_path)
    other = archive.document(second.sha256).read_bytes()
    archive.document(first.sha256).write_bytes(other if damage is None else damage)
    assert answer(archive, first) is None
    assert answer(archive, second) == said(b"2" * 99)


def test_threads_and_processes_keep_documents_of_one_run(tmp_path: Path) -> None:
    """Two processes with four threads each, all at once: every line is whole, and the same bodies are there once."""
    run_id = uuid4()
    keepers = [_keeping(tmp_path, run_id, _MANY) for _ in range(2)]
    for process in keepers:
        assert process.wait(60) == 0
    run = kept(tmp_path, run_id)
    assert len(run.documents) == 2 * 4 * 10
    assert len({document.asked for document in run.documents}) == 40
    assert len(files(tmp_path)) == 10
    assert all(answer(Archive(tmp_path), document) for document in run.documents)


_MANY = """
def many(thread):
    for n in range(10):
        keeper.keep(f"https://site.example/{thread}/{n}", said(b"%d" % n * 5000), "a")
threads = [threading.Thread(target=many, args=(n,)) for n in range(4)]
[thread.start() for thread in threads]
[thread.join() for thread in threads]
"""

#: Where a process may die, by the line of `ingest.archive` that it does not get to; and what is there then.
_DEATHS = {
    "rename": "os.rename = lambda *_: die()",
    "append": "RunKeeper._append = lambda _: die()",
    "in append": "write = os.write; os.write = lambda to, text: (write(to, text[:-9]), die())",
}


@pytest.mark.parametrize("death", _DEATHS)
def test_a_kill_between_any_two_lines_loses_that_answer_alone(tmp_path: Path, death: str) -> None:
    """What was kept before is there, what is kept after is there, and nothing is read that is not whole."""
    run_id = uuid4()
    first = 'keeper.keep("https://site.example/1", said(b"1"), "a")\n'
    process = _keeping(
        tmp_path, run_id, f'{first}{_DEATHS[death]}\nkeeper.keep("https://s.example/2", said(b"2"), "a")'
    )
    assert process.wait(60) == -signal.SIGKILL
    whole = [name for name in files(tmp_path) if not name.startswith(".new-")]
    assert len(whole) == (1 if death == "rename" else 2)
    assert len(files(tmp_path)) == 2
    assert [document.asked[-1] for document in kept(tmp_path, run_id).documents] == ["1"]
    a_run(tmp_path, ("https://site.example/2", b"2", "a"), run_id=run_id)
    run = kept(tmp_path, run_id)
    assert [answer(Archive(tmp_path), document) for document in run.documents] == [said(b"1"), said(b"2")]


def test_a_full_disk_is_one_warning(tmp_path: Path) -> None:
    """The run goes on. A document that does not fit is not kept; lines that do not follow once there is room again."""
    run_id = uuid4()
    process = _keeping(tmp_path, run_id, _FULL)
    out, err = process.communicate(timeout=60)
    assert process.returncode == 0, err
    assert out.count("pages_not_kept") == 1
    assert [document.asked[-1] for document in kept(tmp_path, run_id).documents] == ["1", "4", "5", "6"]
    assert [name for name in files(tmp_path) if name.startswith(".")] == []
    torn = Archive(tmp_path).run(run_id).read_text().splitlines()
    assert [line for line in torn if line and not line.endswith("}")] != [], "no line was torn"


#: As a full disk does it: a write takes a part of what it is given, and the next takes nothing.
_FULL = """
import random, resource
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
def room(size):
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, resource.RLIM_INFINITY))
keeper.keep("https://site.example/1", said(b"1"), "a")
room(keeper._path.stat().st_size + 50)
keeper.keep("https://site.example/3", said(random.Random(1).randbytes(9000)), "a")
keeper.keep("https://site.example/4", said(b"1"), "a")
keeper.keep("https://site.example/5", said(b"1"), "a")
room(resource.RLIM_INFINITY)
keeper.keep("https://site.example/6", said(b"6"), "a")
"""


def test_lines_that_did_not_fit_are_written_with_the_next(tmp_path: Path) -> None:
    """A directory that comes back (a file system that was not mounted) has the beginning of the run, too."""
    (tmp_path / "pages").write_text("no directory")
    keeper = RunKeeper(Archive(tmp_path / "pages"), run_id := uuid4(), "made-up", Scope(), now=lambda: NOW)
    with capture_logs() as logs:
        keeper.planned(PARTS)
        keeper.keep("https://site.example/1", said(b"1"), "a")
        keeper.keep("https://site.example/2", said(b"2"), "a")
        (tmp_path / "pages").unlink()
        keeper.keep("https://site.example/3", said(b"3"), "a")
    assert [entry["event"] for entry in logs] == ["pages_not_kept"]
    run = kept(tmp_path / "pages", run_id)
    assert list(run.parts) == ["a", "b"]
    assert [document.asked[-1] for document in run.documents] == ["3"]


def test_a_detail_that_is_no_json_costs_that_part_alone(tmp_path: Path) -> None:
    """A source of somebody else's may put anything into a part."""
    keeper = RunKeeper(Archive(tmp_path), run_id := uuid4(), "made-up", Scope())
    with capture_logs() as logs:
        keeper.planned([Part("odd", None, "2026-27", {"day": date(2026, 10, 3)}), PARTS[0]])
        keeper.keep("https://site.example/", said(), "a")
    assert [(entry["event"], entry["part"]) for entry in logs] == [("pages_not_kept", "odd")]
    assert list(kept(tmp_path, run_id).parts) == ["a"]


def _keeping(directory: Path, run_id: UUID, program: str) -> subprocess.Popen[str]:
    """A process that does `program` with a `keeper` of that run."""
    begin = (
        "import os, signal, sys, threading\n"
        "from pathlib import Path\n"
        "from uuid import UUID\n"
        "from ingest.archive import Archive, RunKeeper\n"
        "from ingest.sources import Scope\n"
        "from tests.unit.ingest.keeping import PARTS, said\n"
        "die = lambda: os.kill(os.getpid(), signal.SIGKILL)\n"
        "keeper = RunKeeper(Archive(Path(sys.argv[1])), UUID(sys.argv[2]), 'made-up', Scope())\n"
        "keeper.planned(PARTS)\n"
    )
    command = [sys.executable, "-c", begin + program, str(directory), str(run_id)]
    return subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


class TestTheSetting:
    def test_nothing_is_kept_unless_it_says_where(self, tmp_path: Path) -> None:
        """In a directory or not at all."""
        assert load(environ={"TOUCHLINE_HOME": str(tmp_path)}).keep_pages is None

    @pytest.mark.parametrize(("said", "where"), [("pages", "home/pages"), ("{}/elsewhere", "elsewhere")])
    def test_it_is_in_the_home_unless_it_is_absolute(self, tmp_path: Path, said: str, where: str) -> None:
        """Workers are started anywhere."""
        environ = {"TOUCHLINE_HOME": str(tmp_path / "home"), "TOUCHLINE_KEEP_PAGES": said.format(tmp_path)}
        assert load(environ=environ).keep_pages == tmp_path / where

    def test_it_is_no_switch(self, tmp_path: Path) -> None:
        """Else somebody has a directory called `true`."""
        with pytest.raises(ConfigurationError, match=r"TOUCHLINE_KEEP_PAGES .* is a directory, for example pages"):
            load(environ={"TOUCHLINE_HOME": str(tmp_path), "TOUCHLINE_KEEP_PAGES": "True"})


def test_reading_does_not_wait_for_writing(tmp_path: Path) -> None:
    """Whoever lists what is kept sees a run that goes on, up to its last whole line."""
    run_id = uuid4()
    keeper = RunKeeper(Archive(tmp_path), run_id, "made-up", Scope())
    stop = threading.Event()

    def keep() -> None:
        n = 0
        while not stop.is_set():
            n += 1
            keeper.keep(f"https://site.example/{n}", said(b"%d" % (n % 3)), "a")

    thread = threading.Thread(target=keep)
    thread.start()
    try:
        while (run := read(Archive(tmp_path).run(run_id)) if Archive(tmp_path).run(run_id).exists() else None) is None:
            pass
        for _ in range(50):
            again = kept(tmp_path, run_id)
            assert [document.asked for document in again.documents[: len(run.documents)]] == [
                document.asked for document in run.documents
            ]
            run = again
    finally:
        stop.set()
        thread.join()
