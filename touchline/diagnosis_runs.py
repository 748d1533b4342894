"""What `touchline doctor` says of runs: which scope's last run was no good, why, and what to do."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from touchline.diagnosis_findings import Finding

#: More than these are counted: one site that is away fails the runs of all its scopes.
_SHOWN = 5


def examine_runs(url: str) -> Iterator[Finding]:
    """One finding for each source and scope whose last run is suspect or failed, or one that all is well.

    A run that was interrupted is no finding: somebody stopped it, or the next one reads what it did not.
    """
    from actors.store.database import connect
    from actors.store.reading import reading

    with connect(url) as connection:
        with reading(connection, "runs", limit=1) as found:
            any_run = next(found.rows, None) is not None
        with reading(connection, "unhealthy_runs") as found:
            bad = list(found.rows)
    if not bad:
        yield Finding("runs", "ok", "the last of each source and scope are good" if any_run else "none yet")
    for run in bad[:_SHOWN]:
        yield _finding(run)
    if len(bad) > _SHOWN:
        left = f"of {len(bad) - _SHOWN} more scopes the last run is no good, too"
        yield Finding("runs", "not ok", left, "see: touchline runs")


def _finding(run: Mapping[str, Any]) -> Finding:
    from actors.next_steps import of_run, scope_of

    which = f"run {str(run['run_id'])[:8]} of {run['started_at']:%Y-%m-%d %H:%M} UTC{scope_of(run['params'])}"
    why = run["error"] or "no reason was given"
    return Finding(f"runs of {run['source']}", "not ok", f"{which} is {run['state']}: {why}", of_run(run))
