"""What is kept goes when it is old, but never what a part can last be read from, nor what is being written."""

from __future__ import annotations

import os
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from uuid import UUID, uuid4

from structlog.testing import capture_logs

from ingest.archive import Archive
from ingest.kept import answer, runs
from ingest.pruning import prune, usage
from ingest.sources import Scope
from tests.unit.ingest.keeping import NOW, a_run, files, kept, said


def days_ago(days: float) -> datetime:
    return NOW - timedelta(days=days)


def left(directory: Path, *, days: int = 30, now: datetime = NOW) -> list[UUID]:
    """What is left of the runs when what is older than `days` is gone; all documents were written long ago."""
    for path in (directory / "documents").glob("*/*"):
        os.utime(path, (days_ago(200).timestamp(),) * 2)
    assert prune(Archive(directory), days=days, now=now) is not None
    return [run.run_id for run in runs(Archive(directory))]


def test_what_is_old_goes_with_its_documents(tmp_path: Path) -> None:
    """And a document that a younger run was given, too, stays."""
    a_run(tmp_path, ("https://s.example/1", b"1", "a"), ("https://s.example/2", b"both", "a"), at=days_ago(31))
    young = a_run(tmp_path, ("https://s.example/2", b"both", "a"), ("https://s.example/3", b"3", "a"), at=days_ago(29))
    assert left(tmp_path) == [young]
    assert len(files(tmp_path)) == 2
    assert [answer(Archive(tmp_path), document) for document in kept(tmp_path, young).documents] == [
        said(b"both"),
        said(b"3"),
    ]


def test_the_last_that_is_kept_of_a_part_stays(tmp_path: Path) -> None:
    """A site that says "not modified" for months can be read again from what it said before."""
    a_run(tmp_path, ("https://s.example/a", b"a1", "a"), ("https://s.example/b", b"b1", "b"), at=days_ago(90))
    last_of_b = a_run(tmp_path, ("https://s.example/b", b"b2", "b"), at=days_ago(80))
    last_of_a = a_run(tmp_path, ("https://s.example/a", b"a2", "a"), at=days_ago(1))
    other = a_run(tmp_path, ("https://s.example/a", b"a3", "a"), source="other", at=days_ago(70))
    assert left(tmp_path) == [last_of_b, other, last_of_a]
    assert len(files(tmp_path)) == 3


def test_runs_that_asked_for_less_are_told_apart(tmp_path: Path) -> None:
    """One of U14 stands for no run of everything; one of certain days stands for nothing, or they would never go."""
    everything = a_run(tmp_path, ("https://s.example/a", b"a1", "a"), at=days_ago(60))
    of_an_age = a_run(tmp_path, ("https://s.example/a", b"a2", "a"), scope=Scope(age_groups=("U14",)), at=days_ago(50))
    of_a_day = Scope(date_from=date(2026, 9, 1))
    a_run(tmp_path, ("https://s.example/a", b"a3", "a"), scope=of_a_day, at=days_ago(40))
    assert left(tmp_path) == [everything, of_an_age]


def test_what_was_asked_while_planning_alone_goes(tmp_path: Path) -> None:
    """It is no part's."""
    a_run(tmp_path, ("https://s.example/", b"page", None), at=days_ago(31))
    assert left(tmp_path) == []
    assert files(tmp_path) == []


def test_a_document_that_is_being_written_stays(tmp_path: Path) -> None:
    """Its line is not there yet: for a day nobody takes it, nor what somebody may still be writing."""
    archive = Archive(tmp_path)
    a_run(tmp_path, ("https://s.example/1", b"1", "a"), at=days_ago(31))
    a_run(tmp_path, ("https://s.example/2", b"2", "a"), at=days_ago(1))
    archive.put(b"3")
    half = archive.documents / "aa" / ".new-xyz"
    half.parent.mkdir(exist_ok=True)
    half.write_bytes(b"half")
    now = datetime.now(UTC)
    assert prune(archive, days=30, now=now) == 1
    assert len(files(tmp_path)) == 4
    for path in (archive.documents).glob("*/*"):
        os.utime(path, (days_ago(200).timestamp(),) * 2)
    # the same body is given again, and is about to be named
    archive.put(b"3")
    (tmp_path / "pruned").unlink()
    assert prune(archive, days=30, now=datetime.now(UTC)) == 0
    assert len(files(tmp_path)) == 2


def test_a_run_that_cannot_be_read_keeps_all_documents(tmp_path: Path) -> None:
    """A later version wrote it, and names some of them; once it is old itself it goes."""
    a_run(tmp_path, ("https://s.example/1", b"1", "a"), at=days_ago(31))
    a_run(tmp_path, ("https://s.example/2", b"2", "a"), at=days_ago(1))
    foreign = tmp_path / "runs" / f"{uuid4()}.jsonl"
    foreign.write_text('{"line": "run", "format": 2}\n')
    os.utime(foreign, (days_ago(10).timestamp(),) * 2)
    assert len(left(tmp_path)) == 1
    assert len(files(tmp_path)) == 2
    os.utime(foreign, (days_ago(40).timestamp(),) * 2)
    left(tmp_path, now=NOW + timedelta(days=2))
    assert not foreign.exists()
    assert len(files(tmp_path)) == 1


def test_once_a_day_somebody_looks(tmp_path: Path) -> None:
    """Also where two runs end at the same moment."""
    archive = Archive(tmp_path)
    a_run(tmp_path, ("https://s.example/1", b"1", "a"), at=NOW)
    assert prune(archive, days=30, now=NOW) == 0
    assert prune(archive, days=30, now=NOW + timedelta(hours=23)) is None
    assert prune(archive, days=30, now=NOW + timedelta(hours=25)) == 0


def test_a_disk_that_does_not_let_it_is_a_warning(tmp_path: Path) -> None:
    """The run has ended well."""
    (tmp_path / "pages").write_text("no directory")
    with capture_logs() as logs:
        assert prune(Archive(tmp_path / "pages"), days=30, now=NOW) is None
    assert [entry["event"] for entry in logs] == ["pages_not_pruned"]


def test_how_much_is_kept(tmp_path: Path) -> None:
    """Documents, and bytes on disk."""
    run_id = a_run(tmp_path, ("https://s.example/1", b"1" * 9999, "a"), ("https://s.example/2", b"1" * 9999, "b"))
    used = usage(Archive(tmp_path))
    assert (used.documents, used.stored) == (1, kept(tmp_path, run_id).stored)
