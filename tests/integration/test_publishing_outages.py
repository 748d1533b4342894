"""A broker that is away, refuses, hangs or does not know us: everything is on disk, and arrives when it is mended."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from contract.names import MATCHES, RUNS
from ingest.spool import Spool
from ingest.validators import Validators
from tests.fix_proxy import Proxy
from tests.integration.producing import BOUNDED, AfterBatch, do, ids, numbers, publishing, story, taken
from tests.unit.ingest_run.made_up import MadeUp, Says, match, published

pytestmark = pytest.mark.slow


def test_while_the_broker_is_away_everything_is_kept_and_the_next_run_sends_it_first(
    queue_url: str, tcp_proxy: Callable[[str], Proxy], tmp_path: Path
) -> None:
    """Bounded attempts, then the disk, exit code 3; the run after that sends the old messages, then its own."""
    proxy = tcp_proxy(queue_url)
    proxy.cut()
    begun = time.monotonic()
    outcome = do(proxy.url, tmp_path, MadeUp({"a": Says(map(match, range(250)))}))
    assert time.monotonic() - begun < BOUNDED
    assert (outcome.spooled, outcome.exit_code) == (4, 3)

    proxy.restore()
    again = do(proxy.url, tmp_path, MadeUp({"a": Says(map(match, range(250, 260)))}))

    assert (again.flushed, again.spooled, again.exit_code) == (4, 0, 0)
    found = taken(queue_url)
    assert ids(found[MATCHES]) == numbers(260)
    assert story(found[RUNS]) == ["started", "part_finished"] * 2
    assert len(Spool(tmp_path, proxy.url)) == 0


def test_a_connection_that_is_cut_in_the_middle_costs_nothing(
    queue_url: str, tcp_proxy: Callable[[str], Proxy], tmp_path: Path
) -> None:
    """The run goes on over a new connection: every row is there, in order, nothing is on disk."""
    proxy = tcp_proxy(queue_url)

    def cut() -> None:
        proxy.cut()
        proxy.restore()

    outcome = do(
        proxy.url, tmp_path, MadeUp({"a": Says(map(match, range(1000)))}), progress=AfterBatch(cut), timeout=15
    )

    assert (outcome.spooled, outcome.exit_code) == (0, 0)
    found = taken(queue_url)[MATCHES]
    # the message whose confirm was lost on its way may be there twice: the other side knows it by its id
    once = list({message.message_id: message for message in found}.values())
    assert ids(once) == numbers(1000)


def test_a_broker_that_goes_away_in_the_middle_leaves_the_rest_on_disk(
    queue_url: str, tcp_proxy: Callable[[str], Proxy], tmp_path: Path
) -> None:
    """Queue and spool together hold everything, and the spool what came last."""
    proxy = tcp_proxy(queue_url)
    source = MadeUp({"a": Says(map(match, range(1000)))})
    outcome = do(proxy.url, tmp_path, source, progress=AfterBatch(proxy.cut))

    assert outcome.exit_code == 3
    kept = published(Spool(tmp_path, proxy.url))
    sent = taken(queue_url)[MATCHES]
    together = list({message.message_id: message for message in [*sent, *kept]}.values())
    assert ids(together) == numbers(1000)
    assert story(kept) == ["part_finished"]


def test_a_broker_that_refuses_is_like_one_that_is_away(
    classic_rabbitmq_url: str, rabbitmqctl: Callable[..., str], tmp_path: Path
) -> None:
    """A full queue with `reject-publish` answers with a nack: kept on disk, sent when there is room."""
    vhost = urlsplit(classic_rabbitmq_url).path[1:]
    full = json.dumps({"max-length": 0, "overflow": "reject-publish"})
    rabbitmqctl("set_policy", "-p", vhost, "full", "^matches$", full, "--apply-to", "queues")
    begun = time.monotonic()
    outcome = do(classic_rabbitmq_url, tmp_path, MadeUp({"a": Says(map(match, range(250)))}))
    assert time.monotonic() - begun < BOUNDED
    # `started` found room in its own queue
    assert (outcome.spooled, outcome.exit_code) == (3, 3)

    rabbitmqctl("clear_policy", "-p", vhost, "full")
    with publishing(classic_rabbitmq_url, tmp_path) as publisher:
        assert publisher.flush() == 3
    assert ids(taken(classic_rabbitmq_url)[MATCHES]) == numbers(250)


@pytest.mark.slow
def test_a_broker_without_memory_is_like_one_that_is_away(
    rabbitmq_url: str, rabbitmqctl: Callable[..., str], tmp_path: Path
) -> None:
    """A memory alarm blocks publishers without a word: after a bounded time the messages are on disk."""
    rabbitmqctl("set_vm_memory_high_watermark", "0.000001")
    try:
        # ten seconds in earnest
        url = f"{rabbitmq_url}?blocked_connection_timeout=1"
        outcome = do(url, tmp_path, MadeUp({"a": Says([match(1)])}))
    finally:
        rabbitmqctl("set_vm_memory_high_watermark", "0.4")
    assert (outcome.spooled, outcome.exit_code) == (3, 3)
    with publishing(rabbitmq_url, tmp_path, timeout=15) as publisher:
        assert publisher.flush() == 3


def _with(url: str, *, password: str | None = None, vhost: str | None = None, host: str | None = None) -> str:
    parts = urlsplit(url)
    secret = password or parts.password
    netloc = f"{parts.username}:{secret}@{host or parts.hostname}:{parts.port}"
    return f"{parts.scheme}://{netloc}/{vhost or parts.path[1:]}"


@pytest.mark.parametrize("wrong", [{"password": "sesame%40open"}, {"vhost": "nowhere"}])
def test_wrong_settings_are_named_and_nothing_is_lost(
    rabbitmq_url: str, tmp_path: Path, wrong: dict[str, str], capfd: pytest.CaptureFixture[str]
) -> None:
    """Exit code 2, no attempt wasted, no password shown; everything is on disk, and no ETag remembered."""
    url = _with(rabbitmq_url, **wrong)
    outcome = do(url, tmp_path, MadeUp({"a": Says([match(1)])}), timeout=60)

    assert (outcome.exit_code, outcome.spooled) == (2, 3)
    assert outcome.misconfigured is not None
    said = f"{outcome.misconfigured} {outcome.misconfigured.hint} {capfd.readouterr()}"
    assert not any(secret in said for secret in ("sesame", str(urlsplit(rabbitmq_url).password)))
    assert Validators(tmp_path, "made-up").etag("a", "https://made.up/a") is None


def test_what_was_kept_because_of_a_wrong_password_is_sent_under_the_right_one(
    rabbitmq_url: str, tmp_path: Path
) -> None:
    """The spool belongs to the queue, not to the password that was wrong."""
    do(_with(rabbitmq_url, password="wrong"), tmp_path, MadeUp({"a": Says([match(1)])}))
    again = do(rabbitmq_url, tmp_path, MadeUp({"a": Says([match(2)])}))
    assert (again.flushed, again.exit_code) == (3, 0)
    assert ids(taken(rabbitmq_url)[MATCHES]) == ["1", "2"]


def test_a_host_that_does_not_exist_is_away(rabbitmq_url: str, tmp_path: Path) -> None:
    """A name that does not resolve may be one that does not resolve now."""
    begun = time.monotonic()
    outcome = do(_with(rabbitmq_url, host="nobody.invalid"), tmp_path, MadeUp({"a": Says([match(1)])}))
    assert (outcome.spooled, outcome.exit_code, outcome.misconfigured) == (3, 3, None)
    assert time.monotonic() - begun < BOUNDED
