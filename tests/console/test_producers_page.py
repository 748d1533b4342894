"""The examples in docs/producers.md do what they say, as they stand there."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.fix_console import TOKEN, Console
from tests.fix_scraping import REPOSITORY, Program, wait_until, workers
from tests.fix_site import Site

pytestmark = pytest.mark.slow

PAGE = (REPOSITORY / "docs" / "producers.md").read_text("utf-8")


def example(language: str) -> str:
    (code,) = re.findall(rf"```{language}\n(.*?)```", PAGE, re.DOTALL)
    return str(code)


@pytest.mark.parametrize(
    ("language", "program", "found"), [("sh", ["sh", "-c"], 1), ("js", ["node", "--input-type=module", "--eval"], 250)]
)
def test_the_example_is_stored_and_accounted_for(
    console: Console, store_url: str, site: Site, tmp_path: Path, language: str, program: list[str], found: int
) -> None:
    needed = ("curl", "python3") if language == "sh" else ("node",)
    if missing := [name for name in needed if shutil.which(name) is None]:
        pytest.skip(f"{', '.join(missing)} is not installed")
    settings = {"API": f"{console.url}/api/v1", "TOKEN": TOKEN}
    done = subprocess.run(
        [*program, example(language)], env=os.environ | settings, cwd=tmp_path, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr + done.stdout
    run = done.stdout.splitlines()[-1].rpartition("}")[2]
    with workers(Program(tmp_path, site, DATABASE_URL=store_url)):
        wait_until(lambda: _state(console, run) not in (None, "running"))
    account = json.loads(console.get(f"/api/v1/runs/{run}").data)
    assert (account["state"], account["found"], account["inserted"]) == ("succeeded", found, found)
    assert account["trigger"] == "api"


def _state(console: Console, run: str) -> str | None:
    answer = console.get(f"/api/v1/runs/{run}")
    return json.loads(answer.data)["state"] if answer.status == 200 else None
