"""Whatever is configured wrongly: one clear line and the next step, the right exit code, no password, no traceback."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from contract.addresses import redact
from tests.acceptance.conftest import ROOT, Ended, Place, SampleSite, clean_environment, needs_feeds, with_site

pytestmark = pytest.mark.slow

#: A password that shows whether URLs are taken apart as the standards say: it holds a colon and an at sign.
SECRET = "s3cr:et%40pass"
PIECES = ("s3cr", "et%40pass", "et@pass")


def _clear(ended: Ended, code: int, *words: str) -> None:
    assert ended.code == code, ended.err
    lines = ended.err.strip().splitlines()
    assert "Traceback" not in ended.err
    assert 1 <= len(lines) <= 4, ended.err
    for word in words:
        assert word in ended.err
    for piece in PIECES:
        assert piece not in ended.err + ended.out


def _place(home: Path, **env: str) -> Place:
    return Place(home, clean_environment(TOUCHLINE_HOME=str(home), **env))


def _with_password(url: str) -> str:
    scheme, _, rest = url.partition("://")
    userinfo, _, host = rest.rpartition("@")
    return f"{scheme}://{userinfo.partition(':')[0]}:{SECRET}@{host}"


def test_wrong_database_password(home: Path, store_url: str) -> None:
    """The server's refusal names user and database."""
    place = _place(home, DATABASE_URL=_with_password(store_url))
    _clear(place.touchline("matches"), 2, "password authentication failed", "DATABASE_URL")


def test_database_away(home: Path) -> None:
    """Nothing listens there."""
    place = _place(home, DATABASE_URL=f"postgresql://someone:{SECRET}@127.0.0.1:1/league")
    _clear(place.touchline("matches"), 3, "127.0.0.1:1")


def test_database_without_our_tables(home: Path, postgres_url: str) -> None:
    """The next step is named."""
    _clear(_place(home, DATABASE_URL=postgres_url).touchline("matches"), 2, "touchline migrate")


def _refused_worker(place: Place) -> str:
    """What `dramatiq actors` says that ends by itself."""
    done = subprocess.run(
        [sys.executable, "-m", "dramatiq", "actors", "--processes", "1", "--threads", "1"],
        env=place.env,
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 2
    assert "Traceback" not in done.stderr
    return done.stderr


def test_worker_refuses_a_database_that_is_behind(home: Path, postgres_url: str) -> None:
    """`dramatiq actors` ends with the line that says what to run, instead of failing message after message."""
    assert "touchline migrate" in _refused_worker(_place(home, DATABASE_URL=postgres_url))


def test_worker_refuses_a_wrong_address(home: Path, store_url: str) -> None:
    """Settings that are wrong as such, too, are one line."""
    assert "RABBITMQ_URL" in _refused_worker(_place(home, DATABASE_URL=store_url, RABBITMQ_URL="http://rabbit"))


def test_worker_refuses_a_wrong_vhost(home: Path, store_url: str, rabbitmq_url: str) -> None:
    """A vhost that nobody made will not appear by waiting."""
    address = rabbitmq_url.rpartition("/")[0] + "/nobody-made-this"
    assert "nobody-made-this" in _refused_worker(_place(home, DATABASE_URL=store_url, RABBITMQ_URL=address))


@needs_feeds
def test_wrong_broker_password(home: Path, store_url: str, rabbitmq_url: str, sample: SampleSite) -> None:
    """What was read is kept on disk, and the line says what to mend."""
    sample.show("2026-10-03")
    place = with_site(_place(home, DATABASE_URL=store_url, RABBITMQ_URL=_with_password(rabbitmq_url)), sample.site)
    ended = place.touchline("scrape", "mlsnext", "--season", "2026-27", "--league", "homegrown")
    assert ended.code == 2, ended.err
    assert "Traceback" not in ended.err
    assert "RABBITMQ_URL" in ended.err
    assert not any(piece in ended.err for piece in PIECES)
    assert place.touchline("spool", "list").rows


@needs_feeds
def test_unknown_vhost(home: Path, store_url: str, rabbitmq_url: str, sample: SampleSite) -> None:
    """The vhost is named."""
    sample.show("2026-10-03")
    address = rabbitmq_url.rpartition("/")[0] + "/nobody-made-this"
    place = with_site(_place(home, DATABASE_URL=store_url, RABBITMQ_URL=address), sample.site)
    ended = place.touchline("scrape", "mlsnext", "--season", "2026-27", "--league", "homegrown")
    assert ended.code == 2, ended.err
    assert "nobody-made-this" in ended.err
    assert "Traceback" not in ended.err


@needs_feeds
def test_broker_away_is_spooled_and_sent_by_the_next_run(
    home: Path, store_url: str, rabbitmq_url: str, sample: SampleSite
) -> None:
    """Exit 3 says that the broker was away; nothing that was read is lost."""
    sample.show("2026-10-03")
    away = f"amqp://someone:{SECRET}@127.0.0.1:1/league"
    place = with_site(_place(home, DATABASE_URL=store_url, RABBITMQ_URL=away), sample.site)
    ended = place.touchline(
        "scrape", "mlsnext", "--season", "2026-27", "--league", "homegrown", TOUCHLINE_PUBLISH_TIMEOUT="1"
    )
    assert ended.code == 3, ended.err
    assert "touchline spool flush" in ended.err
    assert "Traceback" not in ended.err
    assert not any(piece in ended.err for piece in PIECES)
    assert len(place.touchline("spool", "list").rows) >= 3, "batches, tables and the run's events"


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("scrape", "nosuch"), ("nosuch", "mlsnext")),
        (("scrape", "mlsnext", "--league", "nosuch"), ("nosuch", "homegrown")),
        (("scrape", "mlsnext", "--season", "1999"), ("1999", "2026-27")),
        (("matchs",), ("matches",)),
        (("changes", "--since", "yesterday"), ("yesterday", "24h")),
    ],
)
def test_wrong_arguments(home: Path, arguments: tuple[str, ...], words: tuple[str, ...]) -> None:
    """What there is instead is named."""
    ended = _place(home).touchline(*arguments)
    assert ended.code == 2, ended.err
    assert "Traceback" not in ended.err
    for word in words:
        assert word in ended.err


def test_toml_error(home: Path) -> None:
    """File and line."""
    (home / "touchline.toml").write_text("[sources.mlsnext]\nurl = http://unquoted\n")
    _clear(_place(home).touchline("sources"), 2, "touchline.toml", "line 2")


def test_unknown_setting(home: Path) -> None:
    """A key that is spelt wrongly is no setting that does nothing."""
    (home / "touchline.toml").write_text('databse_url = "postgresql://x@y/z"\n')
    _clear(_place(home).touchline("sources"), 2, "databse_url")


def test_doctor_shows_addresses_without_passwords(home: Path) -> None:
    """Each thing that is wrong is a line, and the exit code says so."""
    address = f"postgresql://someone:{SECRET}@127.0.0.1:1/league"
    ended = _place(home, DATABASE_URL=address, RABBITMQ_URL=f"amqp://a:{SECRET}@127.0.0.1:1/x").touchline("doctor")
    assert ended.code == 3, ended.err
    assert redact(address) in ended.out
    assert not any(piece in ended.err + ended.out for piece in PIECES)
