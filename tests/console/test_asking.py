"""What may hang is asked so that nobody hangs with it."""

from __future__ import annotations

import threading
import time
from concurrent.futures import ThreadPoolExecutor

from actors.console.asking import Asked, TooSlow
from contract.errors import TouchlineError, UnreachableError


def test_an_answer_is_good_for_a_while_and_then_asked_for_anew() -> None:
    now = [0.0]
    answers = iter(range(10))
    asked = Asked("it", lambda: next(answers), patience=60, good_for=2, clock=lambda: now[0])
    assert asked.answer() == 0
    now[0] = 2.0
    assert asked.answer() == 0
    now[0] = 2.5
    assert asked.answer() == 1


def test_what_hangs_is_asked_once_and_said_to_be_too_slow() -> None:
    release, begun, count = threading.Event(), threading.Event(), []

    def hang() -> str:
        count.append(1)
        begun.set()
        release.wait(60)
        return "at last"

    asked = Asked("it", hang, patience=0.05)
    before = time.monotonic()
    assert isinstance(asked.answer(), TooSlow)
    assert time.monotonic() - before < 20
    assert begun.wait(60)
    assert isinstance(asked.answer(), TooSlow)
    assert count == [1]
    patient = ThreadPoolExecutor(1)
    asked._patience = 60
    waiting = patient.submit(asked.answer)
    release.set()
    assert waiting.result(60) == "at last"
    patient.shutdown()


def test_all_who_come_meanwhile_share_one_question() -> None:
    release, count = threading.Event(), []

    def ask() -> int:
        count.append(1)
        release.wait(60)
        return len(count)

    asked = Asked("it", ask, patience=60, good_for=60)
    with ThreadPoolExecutor(8) as many:
        waiting = [many.submit(asked.answer) for _ in range(8)]
        release.set()
        assert {each.result(60) for each in waiting} == {1}


def test_why_there_is_no_answer_is_an_answer() -> None:
    away = UnreachableError("nobody is there")

    def fail() -> str:
        raise away

    def crash() -> str:
        raise KeyError("secret")

    assert Asked("it", fail, patience=60).answer() is away
    said = Asked("it", crash, patience=60).answer()
    assert isinstance(said, TouchlineError)
    assert "secret" not in str(said)
