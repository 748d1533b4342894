"""The dashboards' files: what Grafana needs of them, and what a person does."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.observability.files import DASHBOARDS, GRAFANA, dashboard, panels, queries

#: What Grafana brings along.
PANELS = {"stat", "table", "timeseries", "state-timeline"}
DATASOURCE = {"type": "prometheus", "uid": "${datasource}"}

each = pytest.mark.parametrize("path", DASHBOARDS, ids=lambda path: path.stem)


def test_they_are_provisioned() -> None:
    """Two dashboards, in the directory that the provider reads, where compose has it, and the Prometheus they ask."""
    assert [path.stem for path in DASHBOARDS] == ["pipeline", "sources"]
    (provider,) = _yaml("dashboards/touchline.yml")["providers"]
    assert provider["options"]["path"] == "/etc/grafana/dashboards"
    (source,) = _yaml("datasources/prometheus.yml")["datasources"]
    assert (source["type"], source["isDefault"], source["uid"]) == ("prometheus", True, "prometheus")


def test_their_ids_are_their_own() -> None:
    """Grafana knows a dashboard by its uid and shows it by its title."""
    boards = [dashboard(path) for path in DASHBOARDS]
    assert [board["uid"] for board in boards] == [f"touchline-{path.stem}" for path in DASHBOARDS]
    assert len({board["title"] for board in boards}) == len(boards)


@each
def test_each_panel_can_be_read(path: Path) -> None:
    """A title, a sentence on what it shows, a unit, queries with names of their own, and no plugin."""
    shown = list(panels(dashboard(path)))
    assert len({panel["title"] for panel in shown}) == len(shown)
    for panel in shown:
        assert panel["type"] in PANELS, panel["title"]
        assert panel["title"], panel
        assert panel["description"].endswith("."), panel["title"]
        assert panel["datasource"] == DATASOURCE, panel["title"]
        refs = [target["refId"] for target in panel["targets"]]
        assert len(set(refs)) == len(refs), panel["title"]
        assert all(target["datasource"] == DATASOURCE for target in panel["targets"])
        if panel["type"] in ("stat", "timeseries"):
            assert panel["fieldConfig"]["defaults"]["unit"], panel["title"]


@each
def test_panels_do_not_overlap(path: Path) -> None:
    """Each has its place on a grid 24 wide, and an id of its own."""
    board = dashboard(path)
    assert len({panel["id"] for panel in board["panels"]}) == len(board["panels"])
    taken: dict[tuple[int, int], str] = {}
    for panel in board["panels"]:
        at = panel["gridPos"]
        assert at["x"] + at["w"] <= 24, panel["title"]
        for x in range(at["x"], at["x"] + at["w"]):
            for y in range(at["y"], at["y"] + at["h"]):
                other = taken.setdefault((x, y), panel["title"])
                assert other == panel["title"], f"{panel['title']} lies on {other}"


@each
def test_the_first_row_answers_whether_all_is_well(path: Path) -> None:
    """Coloured figures only, before anything has to be scrolled to."""
    board = dashboard(path)
    assert board["panels"][0]["title"] == "Is all well?"
    first = [panel for panel in board["panels"] if panel["gridPos"]["y"] == 1]
    assert len(first) >= 6
    for panel in first:
        assert panel["type"] == "stat"
        assert panel["options"]["colorMode"] == "background"


@each
def test_variables_are_declared(path: Path) -> None:
    """Each variable of a query is one that the dashboard has, or Grafana."""
    board = dashboard(path)
    declared = {variable["name"] for variable in board["templating"]["list"]}
    assert "datasource" in declared
    for where, expr in queries(board).items():
        assert "$" not in expr, f"{where}: {expr}"
    if any("$source" in target["expr"] for panel in panels(board) for target in panel["targets"]):
        assert "source" in declared


def _yaml(name: str) -> Any:
    return yaml.safe_load((GRAFANA / "provisioning" / name).read_text(encoding="utf-8"))
