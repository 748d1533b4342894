"""What a run says, remembers and ends with. Everything goes to the spool, where it can be read back."""

from __future__ import annotations

from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import pytest

from contract.errors import ConfigurationError
from contract.names import STORE_MATCHES, STORE_STANDINGS
from ingest.errors import NotPublished, PageChanged, SiteUnreachable, UnknownScope
from ingest.messages import Messages
from ingest.run import PartOutcome, run
from ingest.sources import Part, Reject, Scope
from tests.unit.ingest_run.made_up import (
    Fetching,
    MadeUp,
    Says,
    match,
    table,
    then_raises,
    to_disk,
)
from tests.unit.ingest_run.running import RUN, do, events, remembered, sent, story, validators


def test_a_run_says_what_it_read_and_how_much_that_was(tmp_path: Path) -> None:
    """Started, batches of at most 200, tables, rejects, finished: in this order, and the numbers add up."""
    rows = [*map(match, range(450)), Reject("x", "malformed", "no kick-off", {"id": "x"})]
    outcome, messages = do(tmp_path, MadeUp({"a": Says(rows, [table()])}), trigger="cli")

    assert story(messages) == ["started", "batch", "batch", "batch", "standings", "rejected", "part_finished"]
    batches = [message.kwargs for message in messages if message.actor_name == STORE_MATCHES]
    assert [row["match_id"] for batch in batches for row in batch["matches"]] == [str(n) for n in range(450)]
    assert [batch["sequence"] for batch in batches] == [0, 1, 2]
    [finished] = events(messages, "part_finished")
    assert (finished["found"], finished["batches"], finished["not_modified"]) == (451, 3, False)
    assert (outcome.found, outcome.sent, outcome.rejected, outcome.batches) == (451, 450, 1, 3)
    assert outcome.spooled == 7


def test_the_end_of_a_part_names_what_carried_its_rows(tmp_path: Path) -> None:
    """Each batch and each message of rejects, by id with its rows: the other side knows what is still under way."""
    rows = [*map(match, range(250)), Reject("x", "malformed", "no kick-off", {"id": "x"})]
    source = MadeUp({"a": Says(rows, [table()]), "bad": Says(then_raises([match(900)], KeyError("events")))})
    _, messages = do(tmp_path, source)
    carried: dict[str, dict[str, int]] = {"a": {}, "bad": {}}
    for message in messages:
        carrying = message.kwargs.get("matches") or message.kwargs.get("rejects")
        if carrying:
            carried[message.kwargs["part"]][message.message_id] = len(carrying)
    [finished], [failed] = events(messages, "part_finished"), events(messages, "failed")
    assert finished["messages"] == carried["a"]
    assert sorted(finished["messages"].values()) == [1, 50, 200]
    assert finished["found"] == sum(finished["messages"].values())
    assert failed["messages"] == carried["bad"]
    assert failed["found"] == 1
    assert "interrupted" not in failed


def test_more_messages_than_can_be_named_are_counted_only(tmp_path: Path) -> None:
    """The event stays small; a part of so many rows is accounted for by their number."""
    named = dict.fromkeys((str(uuid4()) for _ in range(1001)), 200)
    messages = Messages(
        to_disk(tmp_path),
        RUN,
        "made-up",
        [Part("a", None, "2026-27")],
        params={},
        trigger="cli",
        scheduled_for=None,
        now=lambda: datetime(2026, 10, 3, tzinfo=UTC),
    )
    said = {"found": 200_200, "batches": 1001, "complete": True}
    messages.part_finished(Part("a", None, "2026-27"), "2026-10-03T22:30:00Z", **said, messages=named)
    [finished] = events(sent(tmp_path), "part_finished")
    assert "messages" not in finished


def test_nothing_is_said_when_nothing_changed(tmp_path: Path) -> None:
    """A run in which every part is as it was publishes nothing at all, and is fine."""
    outcome, messages = do(tmp_path, MadeUp({"a": Says(fetch=lambda: None), "b": Says(fetch=lambda: None)}))
    assert messages == []
    assert outcome.nothing_new
    assert outcome.exit_code == 0


def test_parts_that_did_not_change_are_named_once_there_is_something_to_say(tmp_path: Path) -> None:
    """A run can be finished only when all its parts have ended, those included that had nothing new."""
    source = MadeUp({"a": Says(fetch=lambda: None), "b": Says([match(1)]), "c": Says(fetch=lambda: None)})
    _, messages = do(tmp_path, source)

    assert story(messages) == ["started", "part_finished", "batch", "part_finished", "part_finished"]
    assert messages[0].kwargs["parts"] == ["a", "b", "c"]
    assert [event["not_modified"] for event in events(messages, "part_finished")] == [True, False, True]


def test_the_run_says_what_it_was_asked_for(tmp_path: Path) -> None:
    """Parameters, trigger and slot stand in the first event; what was left open does not."""
    scope = Scope(leagues=("homegrown",), season="2026-27", date_from=date(2026, 9, 1))
    _, messages = do(
        tmp_path,
        MadeUp({"a": Says([match(1)])}),
        scope,
        full=True,
        trigger="schedule",
        scheduled_for="2026-10-04T06:00:00Z",
    )
    started = messages[0].kwargs
    assert started["params"] == {
        "leagues": ["homegrown"],
        "season": "2026-27",
        "date_from": "2026-09-01",
        "full": True,
    }
    assert (started["trigger"], started["scheduled_for"]) == ("schedule", "2026-10-04T06:00:00Z")


def test_what_the_filters_leave_out_is_not_found(tmp_path: Path) -> None:
    """A match that was not asked for is neither sent nor counted, and the run is not complete."""
    rows = [match(1, age_group="U14"), match(2, age_group="U15"), match(3, age_group="U14")]
    outcome, messages = do(tmp_path, MadeUp({"a": Says(rows)}), Scope(age_groups=("u14",)))
    assert [row["match_id"] for row in messages[1].kwargs["matches"]] == ["1", "3"]
    [finished] = events(messages, "part_finished")
    assert (finished["found"], finished["complete"]) == (2, False)
    assert outcome.exit_code == 3  # the spool; nothing was wrong with what was read


@pytest.mark.parametrize(
    ("scope", "expected"),
    [
        (Scope(), ["Northeast/U14", "Northeast/U15", "Florida/U14"]),
        (Scope(age_groups=("u14",)), ["Northeast/U14", "Florida/U14"]),
        (Scope(age_groups=("U14",), divisions=("northeast",)), ["Northeast/U14"]),
        (Scope(teams=("Home 1",), date_from=date(2026, 1, 1)), ["Northeast/U14", "Northeast/U15", "Florida/U14"]),
        (Scope(divisions=("Nowhere",)), []),
    ],
)
def test_tables_are_sent_whole_and_only_those_asked_for(tmp_path: Path, scope: Scope, expected: list[str]) -> None:
    """Division and age group choose tables; teams and dates choose matches."""
    tables = [table("Northeast", "U14"), table("Northeast", "U15"), table("Florida", "U14")]
    _, messages = do(tmp_path, MadeUp({"a": Says([match(1)], tables)}), scope)
    shown = [
        f"{entry['division']}/{entry['age_group']}"
        for message in messages
        if message.actor_name == STORE_STANDINGS
        for entry in message.kwargs["tables"]
    ]
    assert shown == expected


@pytest.mark.parametrize(
    ("says", "scope", "complete"),
    [
        (Says([match(1)]), Scope(), True),
        (Says([match(1)]), Scope(leagues=("homegrown",)), True),
        (Says([match(1)], complete=False), Scope(), False),
        (Says([match(1)]), Scope(teams=("Home",)), False),
        (Says([match(1), Reject(None, "malformed", "what?", {})]), Scope(), False),
    ],
)
def test_a_part_is_complete_only_if_every_match_of_it_was_sent(
    tmp_path: Path, says: Says, scope: Scope, complete: bool
) -> None:
    """Filters and rejects leave matches out: their absence must not look like the site's."""
    outcome, messages = do(tmp_path, MadeUp({"a": says}), scope)
    assert events(messages, "part_finished")[0]["complete"] is complete
    assert outcome.parts[0].complete is complete


@pytest.mark.parametrize(
    ("error", "kind", "exit_code"),
    [
        (PageChanged("the page has another shape"), "permanent", 1),
        (NotPublished("not there yet"), "permanent", 1),
        (SiteUnreachable("the site is away"), "transient", 3),
        (UnknownScope("no such season"), "permanent", 2),
        (KeyError("events"), "unknown", 1),
    ],
)
@pytest.mark.parametrize("where", ["fetch", "parse", "rows"])
def test_a_part_that_fails_holds_up_no_other(
    tmp_path: Path, error: Exception, kind: str, exit_code: int, where: str
) -> None:
    """Wherever and with whatever a source fails: the part fails, its kind is told, the others are sent."""

    def fail() -> Any:
        raise error

    failing = {
        "fetch": Says(fetch=fail),
        "parse": Says(parse=fail),
        "rows": Says(then_raises(map(match, range(250)), error)),
    }[where]
    source = MadeUp({"a": Says([match(1)]), "bad": failing, "c": Says([match(2)])})
    outcome, messages = do(tmp_path, source, Scope(leagues=("homegrown",)))

    [failed] = events(messages, "failed")
    assert (failed["part"], failed["kind"]) == ("bad", kind)
    # what was read of it before it failed was sent, and is accounted for
    assert (failed["found"], failed["batches"]) == ((250, 2) if where == "rows" else (0, 0))
    assert [event["part"] for event in events(messages, "part_finished")] == ["a", "c"]
    assert sum(len(m.kwargs["matches"]) for m in messages if m.actor_name == STORE_MATCHES) == outcome.found
    assert outcome.parts[1].exit_code == exit_code


def _not_there() -> Any:
    raise NotPublished("its season is not published")


def test_a_league_that_nobody_asked_for_may_be_missing_beside_others(tmp_path: Path) -> None:
    """In August not every league has its season: said as a notice, and no failure."""
    source = MadeUp({"absent": Says(fetch=_not_there), "there": Says([match(1)])})
    outcome, messages = do(tmp_path, source)
    assert events(messages, "failed") == []
    notices = {event["part"]: event.get("notice") for event in events(messages, "part_finished")}
    assert notices == {"there": None, "absent": "its season is not published"}
    # 3: everything went to the spool
    assert (outcome.parts[0].absent, outcome.exit_code) == (True, 3)


def test_a_missing_league_beside_unchanged_ones_publishes_nothing(tmp_path: Path) -> None:
    """A refresh with nothing new stays one, whatever is not published yet."""
    source = MadeUp({"absent": Says(fetch=_not_there), "same": Says(fetch=lambda: None)})
    outcome, messages = do(tmp_path, source)
    assert messages == []
    assert outcome.nothing_new
    assert outcome.exit_code == 0


def test_a_league_that_was_there_and_is_gone_is_said_beside_unchanged_ones(tmp_path: Path) -> None:
    """ "Nothing new" is not said of a site that has lost a league, neither the first time nor the next."""
    do(tmp_path / "first", MadeUp({"gone": Says([match(1)])}), fetcher=Fetching(validators(tmp_path)))
    source = MadeUp({"gone": Says(fetch=_not_there), "same": Says(fetch=lambda: None)})
    for time in ("second", "third"):
        outcome, messages = do(tmp_path / time, source, fetcher=Fetching(validators(tmp_path)))
        notices = {event["part"]: event.get("notice") for event in events(messages, "part_finished")}
        assert notices == {"gone": "its season is not published", "same": None}
        assert (outcome.nothing_new, outcome.suspect) == (False, True)


@pytest.mark.parametrize("parts", [("a",), ("a", "b")])
def test_a_site_that_has_none_of_its_leagues_is_a_failure(tmp_path: Path, parts: tuple[str, ...]) -> None:
    """All feeds renamed looks like that: never "nothing new"."""
    outcome, messages = do(tmp_path, MadeUp({part: Says(fetch=_not_there) for part in parts}))
    assert [event["part"] for event in events(messages, "failed")] == list(parts)
    assert not outcome.nothing_new
    assert {part.exit_code for part in outcome.parts} == {1}


def test_an_observation_time_that_is_none_fails_its_part(tmp_path: Path) -> None:
    """A source that gives a local time without zone is stopped here, not by a dead letter for each batch."""
    outcome, messages = do(tmp_path, MadeUp({"a": Says([match(1)], observed_at="2026-10-03 22:30")}))
    assert story(messages) == ["started", "failed"]
    assert outcome.parts[0].kind == "unknown"


def test_a_row_that_is_neither_match_nor_reject_fails_its_part(tmp_path: Path) -> None:
    """What a source must not give is named."""
    _, messages = do(tmp_path, MadeUp({"a": Says([match(1), {"match_id": "2"}])}))
    assert "Match or Reject" in events(messages, "failed")[0]["error"]


def test_a_reject_keeps_its_reason_whatever_it_holds(tmp_path: Path) -> None:
    """NUL bytes, NaN, an id or a reason that no contract allows: it is sent all the same, and can be read."""
    rejects = [
        Reject("1", "malformed", "a NUL byte", {"home": "A\x00B", "score": float("nan")}),
        Reject("x" * 500, "Not A Reason!", "", object),
        Reject("2", "too_long", "x" * 5000, "y" * 2_000_000),
    ]
    outcome, messages = do(tmp_path, MadeUp({"a": Says(rejects)}))
    sent = [row for event in events(messages, "rejected") for row in event["rejects"]]
    assert sent[0]["payload"] == {"home": "A\\u0000B", "score": "nan"}
    assert (sent[1]["reason"], "match_id" in sent[1], sent[1]["error"]) == ("rejected", False, "no reason was given")
    assert (sent[2]["match_id"], sent[2]["payload"]["too_large"]) == ("2", 2_000_002)
    assert outcome.rejected == 3


def test_ids_are_the_same_when_a_part_is_read_again_under_the_same_run(tmp_path: Path) -> None:
    """What is counted has the id it had before; another run, another row, another number has another one."""
    rows = [*map(match, range(250)), Reject("x", "malformed", "no", {})]

    def counted(home: str, run_id: UUID, rows: list[Any], observed_at: str = "2026-10-03T22:30:00Z") -> list[str]:
        _, messages = do(tmp_path / home, MadeUp({"a": Says(rows, observed_at=observed_at)}), run_id=run_id)
        return [m.message_id for m in messages if m.actor_name == STORE_MATCHES or m.kwargs.get("event") == "rejected"]

    first = counted("1", RUN, rows)
    assert len(set(first)) == 3
    assert counted("2", RUN, rows) == first
    # a source that knows no sync time of the site observes later when it reads again
    assert counted("3", RUN, rows, "2026-10-03T22:31:00Z") == first
    assert not set(counted("4", uuid4(), rows)) & set(first)
    assert set(counted("5", RUN, [match(0, status="cancelled"), *rows[1:]])) & set(first) == set(first[1:])


def test_an_etag_is_remembered_when_everything_of_its_part_is_safe(tmp_path: Path) -> None:
    """Spooled is safe: the part's ETag is remembered; that of a part that failed is not."""
    source = MadeUp({"a": Says([match(1)]), "bad": Says(then_raises([match(2)], KeyError("events")))})
    do(tmp_path, source, fetcher=Fetching(validators(tmp_path)))
    assert remembered(tmp_path, "a") == '"etag"'
    assert remembered(tmp_path, "bad") is None


@pytest.mark.parametrize("says", [Says([]), Says(then_raises([match(2)], KeyError("events")))])
def test_a_part_that_was_empty_or_failed_is_read_in_full_by_the_next_run(tmp_path: Path, says: Says) -> None:
    """Not even what was remembered before holds: else the site would be well again, and say "nothing new"."""
    do(tmp_path / "first", MadeUp({"a": Says([match(1)])}), fetcher=Fetching(validators(tmp_path)))
    assert remembered(tmp_path, "a") == '"etag"'
    do(tmp_path / "second", MadeUp({"a": says}), fetcher=Fetching(validators(tmp_path)))
    assert remembered(tmp_path, "a") is None
    do(tmp_path / "third", MadeUp({"a": Says(fetch=lambda: None)}), fetcher=Fetching(validators(tmp_path)))
    assert remembered(tmp_path, "a") is None


def test_an_etag_is_not_remembered_before_its_part_is_safe(tmp_path: Path) -> None:
    """While rows of a part are still to be sent, and after its last batch, nothing is remembered of it."""
    seen: list[str | None] = []

    class Watching:
        def planned(self, parts: Any) -> None: ...

        def advanced(self, part: PartOutcome) -> None:
            if not part.ended:
                seen.append(remembered(tmp_path, "a"))

    do(
        tmp_path,
        MadeUp({"a": Says(map(match, range(450)))}),
        fetcher=Fetching(validators(tmp_path)),
        progress=Watching(),
    )
    assert seen == [None, None, None]
    assert remembered(tmp_path, "a") == '"etag"'


def test_no_etag_is_remembered_while_the_broker_is_misconfigured(tmp_path: Path) -> None:
    """What is spooled for a vhost that was misspelt may stay there: the part is read again."""
    publisher = to_disk(tmp_path)
    publisher.away = ConfigurationError("no such vhost")
    outcome = run(
        MadeUp({"a": Says([match(1)])}),
        Scope(),
        run_id=RUN,
        publisher=publisher,
        fetcher=Fetching(validators(tmp_path)),  # type: ignore[arg-type]
    )
    assert outcome.exit_code == 2
    assert outcome.spooled == 3
    assert remembered(tmp_path, "a") is None


def test_an_interrupted_run_says_so_for_every_part_that_it_leaves(tmp_path: Path) -> None:
    """Ctrl-C in the middle of a part: what was sent is accounted for, that part and the later ones failed."""
    source = MadeUp(
        {
            "a": Says([match(1)]),
            "b": Says(then_raises(map(match, range(250)), KeyboardInterrupt())),
            "c": Says([match(2)]),
        }
    )
    with pytest.raises(KeyboardInterrupt):
        do(tmp_path, source, fetcher=Fetching(validators(tmp_path)))

    messages = sent(tmp_path)
    failed = events(messages, "failed")
    assert [(event["part"], event["interrupted"], event["found"]) for event in failed] == [
        ("b", True, 200),
        ("c", True, 0),
    ]
    assert "stopped by Ctrl-C or SIGTERM" in failed[0]["error"]
    assert [remembered(tmp_path, part) for part in "abc"] == ['"etag"', None, None]


def test_an_interrupted_run_that_said_nothing_says_nothing(tmp_path: Path) -> None:
    """Nobody has heard of it, so nobody needs to hear of its end."""
    source = MadeUp({"a": Says(fetch=lambda: None), "b": Says(then_raises([], KeyboardInterrupt()))})
    with pytest.raises(KeyboardInterrupt):
        do(tmp_path, source)
    assert sent(tmp_path) == []


def test_a_source_with_nothing_to_read_is_a_wrong_question(tmp_path: Path) -> None:
    """A run without parts is refused, not counted as a success."""
    with pytest.raises(UnknownScope):
        do(tmp_path, MadeUp({}))
