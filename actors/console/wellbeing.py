"""Whether all is well, in one sentence, and if not why not: the worst first, each with its next step.

What `touchline doctor` and the alerts of docs/alerts.md find wrong is wrong here. They wait for a while before they
wake anybody; this page is looked at by somebody who is awake, so it says it at once.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final, Literal

from actors.console.paths import table_path
from actors.console.situation import Queues, Situation, Stored
from actors.next_steps import Wrong, of_clock, of_run, scope_of
from actors.words import age, counted
from contract import cron
from contract.broker import neglected
from contract.errors import ConfigurationError, TouchlineError
from contract.names import LENGTH_LIMITS, QUEUES
from contract.passwords import scrub

#: `bad`: data does not come in, or will soon not; `warn`: somebody should look at it.
Tone = Literal["bad", "warn"]

#: As in docs/alerts.md: seconds that a slot may wait, slots without a good run, matches that are late, and seconds that
#: a notice may wait. The share of a queue's limit that `touchline doctor` finds too much, and the clock's tolerance.
SLOT_LAG: Final = 1_800.0
SLOTS_WITHOUT: Final = 3
BEHIND: Final = 25
NOTICE: Final = 1_800.0
NEARLY_FULL: Final = 0.8
CLOCK: Final = 5.0

#: Why a process is not ready that will be, or will be gone, within seconds (`contract.health`).
_PASSING: Final = ("it is starting", "it is stopping", "it has sent no tick yet")

#: Runs that are named one by one: one site that is away fails those of all its scopes.
_NAMED: Final = 5


@dataclass(frozen=True, slots=True)
class Complaint:
    """One thing that is wrong, the next step, and the page that tells more, if any."""

    tone: Tone
    said: str
    step: str = ""
    href: str = ""


@dataclass(frozen=True, slots=True)
class Wellbeing:
    """The sentence, how it is meant (`good`, `warn`, `bad`, or `` where there is nothing to be well yet), and why."""

    sentence: str
    tone: str
    complaints: tuple[Complaint, ...] = ()


def judge(situation: Situation) -> Wellbeing:
    """What there is to say of `situation`."""
    found = tuple(sorted(_complaints(situation), key=lambda complaint: complaint.tone == "warn"))
    bad = sum(complaint.tone == "bad" for complaint in found)
    if bad:
        more = f", and {counted(len(found) - 1, 'other thing')} to look at" if len(found) > 1 else ""
        return Wellbeing(f"Not well: {found[0].said}{more}.", "bad", found)
    if found:
        what = "One thing wants a look" if len(found) == 1 else f"{len(found)} things want a look, first this"
        return Wellbeing(f"{what}: {found[0].said}.", "warn", found)
    assert isinstance(situation.store, Stored), "else it is complained of"
    if not situation.store.runs:
        return Wellbeing("Nothing is wrong, and nothing has been read yet.", "")
    return Wellbeing("All is well.", "good")


def _complaints(situation: Situation) -> Iterator[Complaint]:
    if isinstance(situation.store, TouchlineError):
        yield _of_error(situation.store)
    elif situation.store.pending:
        yield Complaint("bad", f"the database lacks revision {situation.store.pending[0]}", "run: touchline migrate")
    if isinstance(situation.queues, Queues):
        yield from _of_queues(situation.queues, bounded=situation.bounded)
    # one sentence will do where both are one server
    elif situation.bounded or not isinstance(situation.store, TouchlineError):
        yield _of_broker(situation.queues)
    if isinstance(situation.store, Stored) and not situation.store.pending:
        yield from _of_schedules(situation, situation.store)
        yield from _of_store(situation.store)
    for process in situation.processes:
        why = process.verdict.why
        if why and why not in _PASSING:
            tone: Tone = "warn" if process.verdict.live else "bad"
            step = "its log says more" if process.verdict.live else "start it again; what it was at is delivered again"
            yield Complaint(tone, f"{process.kind} {process.pid} of this machine: {scrub(why)}", step, "#processes")
    if situation.spooled.messages:
        yield Complaint(
            "warn",
            f"{counted(situation.spooled.messages, 'message')} on this machine's disk because a broker was away",
            "once it is back a worker or the next run sends them; at once: touchline spool flush",
        )


def _of_error(error: TouchlineError) -> Complaint:
    return Complaint("bad", scrub(str(error)), scrub(error.hint))


def _of_broker(error: TouchlineError) -> Complaint:
    """What keeps the console from looking into the queues: its own rights say nothing of those of the workers."""
    if isinstance(error, ConfigurationError):
        hint = scrub(error.hint) or "let the console's user look into the queues"
        return Complaint("warn", f"how much waits in the queues cannot be told: {scrub(str(error))}", hint)
    return _of_error(error)


def _of_queues(queues: Queues, *, bounded: bool) -> Iterator[Complaint]:
    depths = queues.depths
    if left := neglected(depths):
        waiting = sum(depths[queue][0] for queue in left)
        yield Complaint(
            "bad",
            f"{counted(waiting, 'message')} in {_list(left)}, and nobody works on that",
            f"start workers: touchline up, or dramatiq actors --queues {' '.join(left)}",
            "#queues",
        )
    if bounded:
        for queue, limit in LENGTH_LIMITS.items():
            length = depths.get(queue, (0, 0))[0]
            if length > NEARLY_FULL * limit:
                yield Complaint(
                    "bad" if length >= limit else "warn",
                    f"queue {queue} holds {counted(length, 'message')} of {limit:,} that it takes",
                    "start more workers for it; what it refuses is kept on disk by who sends it",
                    "#queues",
                )
    if dead := [queue for queue in QUEUES if depths.get(f"{queue}.XQ", (0, 0))[0]]:
        count = sum(depths[f"{queue}.XQ"][0] for queue in dead)
        yield Complaint(
            "warn",
            f"{counted(count, 'message')} in the dead-letter queue of {_list(dead)}",
            "a worker moves them into the database within seconds; if they stay, its log says why",
            "#queues",
        )


def _of_schedules(situation: Situation, store: Stored) -> Iterator[Complaint]:
    on = {name for name, schedule in situation.schedules.items() if schedule.enabled}
    if on and (wrong := of_clock(store.clock)):
        yield _wrong("bad", wrong, "#slots")
        if wrong.said.startswith("nothing has ticked"):
            return  # what else is wrong with slots follows from that
    for row in store.figures.get("slots") or ():
        name, lag = row["schedule"], _lag(row)
        if name in on and lag > SLOT_LAG:
            yield Complaint(
                "bad",
                f"schedule {name} has been due for {age(lag)}, and nobody begins it",
                "does anybody work on queue scrapes? see: touchline queues, touchline schedule history",
                "#slots",
            )
    for row in store.figures.get("since_good") or ():
        if row["slots"] >= SLOTS_WITHOUT and row["schedule"] in on:
            yield Complaint(
                "bad",
                f"schedule {row['schedule']} has not had a good run for {counted(row['slots'], 'slot')}",
                "what was wrong with the last ones: touchline schedule history",
                "/runs?trigger=schedule",
            )


def _of_store(store: Stored) -> Iterator[Complaint]:
    for run in store.unhealthy[:_NAMED]:
        why = run["error"] or "no reason was given"
        yield Complaint(
            "warn",
            f"the last run of {run['source']}{scope_of(run['params'])} is {run['state']}: {scrub(why).rstrip('.')}",
            of_run(run),
            f"/runs/{run['run_id']}",
        )
    if len(store.unhealthy) > _NAMED:
        yield Complaint("warn", f"so is that of {counted(len(store.unhealthy) - _NAMED, 'more scope')}", "", "/runs")
    if letters := sum(row["letters"] for row in store.figures.get("dead_letters") or ()):
        what = "a dead letter waits" if letters == 1 else f"{letters:,} dead letters wait"
        yield Complaint("warn", f"{what} for somebody", "look why, then replay or drop", "/dead-letters")
    for row in store.behind_lately:
        if row["matches"] > BEHIND:
            yield Complaint(
                "warn",
                f"{counted(row['matches'], 'match', 'matches')} of {row['source']} kicked off two to five days ago "
                "and have no result",
                "does the site have them? then read it again: touchline scrape " + row["source"] + " --full",
                "/matches?status=scheduled",
            )
    yield from _of_tables(store)
    since = store.notices.get("oldest_at")
    if store.notices.get("undelivered") and since and (store.now - since).total_seconds() > NOTICE:
        waiting = counted(store.notices["undelivered"], "notice")
        yield Complaint("warn", f"{waiting} not taken by the receiver", "does the webhook answer? touchline notify")
    if abs(store.ahead) > CLOCK:
        how = "ahead of" if store.ahead > 0 else "behind"
        yield Complaint(
            "warn",
            f"this machine's clock is {abs(store.ahead):.0f} s {how} the database's",
            "let NTP set both (timedatectl set-ntp true)",
        )
    if untold := [query for query, rows in store.figures.items() if rows is None]:
        yield Complaint("warn", f"what the database knows of {_list(untold)} could not be had", "the log says why")


def _of_tables(store: Stored) -> Iterator[Complaint]:
    if store.other_rules:
        yield Complaint(
            "warn",
            f"the database makes the tables of {_list(list(store.other_rules))} by other rules than these settings say",
            "if these settings are the right ones, run with them: touchline migrate",
        )
    bad = [row for row in store.compared if row["sentence"] is not None]
    for row in bad[:_NAMED]:
        which = " ".join(part for part in (row["league"], row["age_group"], row["division"], row["season"]) if part)
        yield Complaint(
            "warn",
            f"a table of {row['source']} is not the official one: {which}: {scrub(row['sentence']).rstrip('.')}",
            "which of the two is right? both stand side by side",
            table_path(row),
        )
    if len(bad) > _NAMED:
        yield Complaint(
            "warn", f"{counted(len(bad) - _NAMED, 'more table')} disagree with the official ones", "", "/tables"
        )


def _lag(row: dict[str, object]) -> float:
    """For how many seconds a slot of that schedule waits to be begun, as the metrics have it."""
    considered, now, waiting = row["considered_until"], row["now"], row["waiting_since"]
    assert isinstance(considered, datetime)
    assert isinstance(now, datetime)
    undecided = next(cron.moments(str(row["cron"]), str(row["timezone"]), considered), None)
    moments = [at for at in (undecided, waiting) if isinstance(at, datetime)]
    return max(0.0, (now - min(moments, default=now)).total_seconds())


def _wrong(tone: Tone, wrong: Wrong, href: str) -> Complaint:
    return Complaint(tone, wrong.said, wrong.step, href)


def _list(names: list[str]) -> str:
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"


def since(seconds: float | None) -> datetime | None:
    """A moment of the figures, which count seconds since 1970."""
    return None if seconds is None else datetime.fromtimestamp(seconds, UTC)
