"""What a command alone can store is written down until it is stored."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from uuid import UUID, uuid4

import pytest

from touchline.unstored import Note, Noting, left_behind

RUN = UUID("5b0e3d5c-9a43-4f5a-8c63-0a6a5a1b7f10")


def test_a_run_that_was_refused_owes_nothing(tmp_path: Path) -> None:
    """Nothing is made on disk before there is something to send."""
    with pytest.raises(ValueError, match="no such league"), Noting(tmp_path, RUN):
        raise ValueError("no such league")
    assert list(tmp_path.iterdir()) == []


def test_a_run_that_is_stored_owes_nothing(tmp_path: Path) -> None:
    """The file is there from the plan to the end, and gone afterwards."""
    with Noting(tmp_path, RUN) as owing:
        owing.planned([])
        assert (tmp_path / "unstored" / str(RUN)).exists()
    assert left_behind(tmp_path) == []
    assert list((tmp_path / "unstored").iterdir()) == []


@pytest.mark.parametrize("keep", [True, False])
def test_what_is_not_stored_is_left_to_the_next_command_in_order(tmp_path: Path, keep: bool) -> None:
    """After an error, and where part of it is still in the spool, the next command finds it."""
    try:
        with Noting(tmp_path, RUN) as owing:
            owing.planned([])
            owing.keep = keep
            if not keep:
                raise KeyboardInterrupt
    except KeyboardInterrupt:
        assert not keep
    [note] = left_behind(tmp_path)
    assert note.path.name == str(RUN)
    assert note.left_in_order
    note.remove()
    assert left_behind(tmp_path) == []


def test_with_workers_elsewhere_nothing_is_written_down(tmp_path: Path) -> None:
    """Without a home there is no file."""
    with Noting(None, RUN) as owing:
        owing.planned([])
    assert list(tmp_path.iterdir()) == []


_OWES = """
import sys
from pathlib import Path
from uuid import UUID
from touchline.unstored import Note
note = Note.write(Path(sys.argv[1]), UUID(sys.argv[2]))
print("owed", flush=True)
sys.stdin.read()
"""


def test_the_note_of_a_command_that_lives_is_its_own(tmp_path: Path) -> None:
    """While its process lives nobody takes it; the moment it is killed it is there to be taken, and known as such."""
    ours = Note.write(tmp_path, uuid4())
    command = [sys.executable, "-c", _OWES, str(tmp_path), str(RUN)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == b"owed\n"
        assert left_behind(tmp_path) == []
        process.kill()
    [left] = left_behind(tmp_path)
    assert left.path.name == str(RUN)
    assert not left.left_in_order
    left.remove()
    ours.remove()
