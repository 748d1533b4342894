"""What is to be known of a part, and is neither failure nor doubt."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from ingest.errors import PageChanged
from ingest.sources import Part, Scope
from tests.unit.ingest_run.made_up import MadeUp, Says, match
from tests.unit.ingest_run.running import do, events


def test_what_is_to_be_known_of_a_part_is_said_with_it_once(tmp_path: Path) -> None:
    """With the first part that has something new, and in the words of one that failed; it is no failure itself."""

    class Telling(MadeUp):
        def plan(self, scope: Scope, fetcher: Any) -> list[Part]:
            return [Part(name, "homegrown", "2026-27", notice="the page loads another key") for name in self.parts]

    def fail() -> None:
        raise PageChanged("no list of games")

    quiet = Telling({"a": Says(fetch=lambda: None)})
    assert do(tmp_path / "quiet", quiet)[1] == []

    source = Telling(
        {"a": Says(fetch=lambda: None), "b": Says([match(1)]), "c": Says([match(2)]), "d": Says(fetch=fail)}
    )
    outcome, messages = do(tmp_path / "telling", source)
    said = {event["part"]: event.get("notice") for event in events(messages, "part_finished")}
    assert said == {"a": None, "b": "the page loads another key", "c": None}
    assert [event["error"] for event in events(messages, "failed")] == ["no list of games; the page loads another key"]
    assert outcome.notices == ["the page loads another key"]
    del source.parts["d"]
    assert do(tmp_path / "well", source)[0].exit_code == 3  # for the spool alone
