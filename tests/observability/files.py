"""What container/prometheus and container/grafana say, read for tests."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import yaml

ROOT: Final = Path(__file__).parents[2]
PROMETHEUS: Final = ROOT / "container" / "prometheus"
GRAFANA: Final = ROOT / "container" / "grafana"
DASHBOARDS: Final = sorted((GRAFANA / "dashboards").glob("*.json"))

#: What stands for a dashboard's variables when its queries are asked.
VARIABLES: Final = {"$__rate_interval": "30s", "$source": ".*"}


def rules() -> list[dict[str, Any]]:
    """Every alert and recording rule of alerts.yml."""
    read = yaml.safe_load((PROMETHEUS / "alerts.yml").read_text(encoding="utf-8"))
    return [rule for group in read["groups"] for rule in group["rules"]]


def alerts() -> dict[str, dict[str, Any]]:
    """The alerts among them, by name."""
    return {rule["alert"]: rule for rule in rules() if "alert" in rule}


def dashboard(path: Path) -> dict[str, Any]:
    read: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return read


def panels(board: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """Those that show something; rows do not."""
    for panel in board["panels"]:
        if panel["type"] != "row":
            yield panel


def queries(board: dict[str, Any]) -> dict[str, str]:
    """Every query of a dashboard as it is asked, by where it stands."""
    found = {
        f"{panel['title']} {target['refId']}": target["expr"] for panel in panels(board) for target in panel["targets"]
    }
    found |= {f"annotation {each['name']}": each["expr"] for each in board["annotations"]["list"]}
    return {where: _substituted(expr) for where, expr in found.items()}


def _substituted(expr: str) -> str:
    for variable, value in VARIABLES.items():
        expr = expr.replace(variable, value)
    return expr
