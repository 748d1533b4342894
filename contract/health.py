"""Whether a worker or the scheduler is well, by what it said of itself: asks no server, and never guesses.

    starting ──► ready ◄──────────► not ready: the database or the broker is away, a queue is refused
        │          │ SIGTERM            │            (live all the same: it sits that out)
        │          ▼                    ▼
        └────► stopping: not ready, live until its end            gone: its lock is free
    any of these ── says nothing any more, or hangs ──► not live: to be killed and started again

*Live* asks whether a new start would help, so it hangs on the process alone: an orchestrator that kills workers because
their database is away makes an outage longer. *Ready* asks whether messages are worked on.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from contract.heartbeats import Beat, Kind

#: Seconds between two words of a process.
INTERVAL: Final = 2.0

#: Seconds of silence after which a process is not ready, and after which it is not live. It is stopped, or swapped out,
#: or something in it holds Python's lock.
QUIET: Final = 15.0
DEAD: Final = 60.0

#: Seconds without a word of a queue's consumer, which wakes up each second. It said nothing of trouble, so it hangs.
DEAF: Final = 60.0

#: Seconds above its time limit that an actor may take before it counts as hung: the limit has struck long before.
OVERDUE: Final = 60.0

#: Seconds without a confirmed tick, and without a try. There is one a minute, which may wait for the broker.
NO_TICK: Final = 100.0
NO_TRY: Final = 240.0


@dataclass(frozen=True, slots=True)
class Verdict:
    """What is thought of one process, or of all of a kind together. `why` says what keeps it from being ready."""

    ready: bool
    live: bool
    why: str = ""


def judge(beat: Beat) -> Verdict:
    """Whether the process is well."""
    if hung := _hung(beat):
        return Verdict(ready=False, live=False, why=hung)
    if beat.age > QUIET:
        return Verdict(ready=False, live=True, why=f"it has said nothing for {beat.age:.0f} s")
    why = _not_ready_worker(beat.said) if beat.kind == "worker" else _not_ready_scheduler(beat)
    return Verdict(ready=not why, live=True, why=why)


def judge_all(kind: Kind, beats: Sequence[Beat]) -> Verdict:
    """All processes of a kind on one machine, or in one container: well if each is, and if there is one."""
    if not beats:
        return Verdict(ready=False, live=False, why=f"no {kind} runs here")
    verdicts = [(beat.pid, judge(beat)) for beat in beats]
    why = "; ".join(f"process {pid}: {verdict.why}" for pid, verdict in verdicts if verdict.why)
    return Verdict(all(each.ready for _, each in verdicts), all(each.live for _, each in verdicts), why)


def _hung(beat: Beat) -> str:
    """Why a new start would help, if it would."""
    said, age = beat.said, beat.age
    if age > DEAD:
        return f"it has said nothing for {age:.0f} s: it is stopped, or hangs"
    if beat.kind == "scheduler":
        tried = said.get("tried_since")
        if tried is not None and tried + age > NO_TRY:
            return f"it has tried to send no tick for {tried + age:.0f} s: it hangs"
        return ""
    if dead := [name for name, queue in _queues(said) if queue.get("dead")]:
        return f"what consumes {_and(dead)} has died"
    for actor, over in _running(said):
        if over + age > OVERDUE:
            return f"{actor} is {over + age:.0f} s over its time limit, and cannot be interrupted"
    return ""


def _not_ready_worker(said: Mapping[str, Any]) -> str:
    if not said or said.get("phase") == "starting":
        return "it is starting"
    if said["phase"] == "stopping":
        return "it is stopping"
    if away := said.get("away"):
        return f"it takes no messages until the database is back: {away}"
    if unknown := said.get("unknown"):
        return f"it was asked for {_and(unknown)}, and no actor listens there"
    troubles: dict[str, list[str]] = {}
    for name, queue in _queues(said):
        if trouble := queue.get("trouble"):
            troubles.setdefault(trouble, []).append(name)
        elif queue.get("heard") is None:
            troubles.setdefault("not consumed yet", []).append(name)
        elif queue["heard"] > DEAF:
            troubles.setdefault(f"its consumer has not moved for {queue['heard']:.0f} s", []).append(name)
    return "; ".join(f"{_and(names)}: {trouble}" for trouble, names in troubles.items())


def _not_ready_scheduler(beat: Beat) -> str:
    said, age = beat.said, beat.age
    if refused := said.get("refused"):
        return f"the queue takes no tick: {refused}"
    sent = said.get("sent_since")
    if sent is None:
        return "it has sent no tick yet"
    return f"it has sent no tick for {sent + age:.0f} s" if sent + age > NO_TICK else ""


def _queues(said: Mapping[str, Any]) -> list[tuple[str, Mapping[str, Any]]]:
    return list(said.get("queues", {}).items())


def _running(said: Mapping[str, Any]) -> list[tuple[str, float]]:
    return [(str(each["actor"]), float(each["over"])) for each in said.get("running", ())]


def _and(names: Sequence[str]) -> str:
    return ", ".join(names)
