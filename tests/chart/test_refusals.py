"""Values that make no sense are refused, in words that say which and what to do."""

from __future__ import annotations

import json
from typing import Any

import pytest
import yaml
from helm_python import HelmError

from tests.chart.rendering import CHART, VARIANTS, chart, rendered

_SECRET = VARIANTS["defaults"]


@pytest.mark.parametrize(
    ("values", "says"),
    [
        pytest.param({}, "secrets.existingSecret is missing: make the Secret", id="no-secret"),
        pytest.param(
            {"secrets": {"create": True, "values": {"database_url_writer": "postgresql://…"}}},
            "secrets.values.rabbitmq_url_worker is missing",
            id="half-a-secret",
        ),
        pytest.param({"secrets": {"create": True, "existingSecret": "t"}}, "leave one of them out", id="two-secrets"),
        pytest.param({**_SECRET, "matchs": {}}, "additional properties 'matchs' not allowed", id="slip"),
        pytest.param(
            {**_SECRET, "matches": {"autoscaling": {"keda": {"messages": 5}}}},
            "at '/matches/autoscaling/keda': additional properties 'messages' not allowed",
            id="deep-slip",
        ),
        pytest.param(
            {**_SECRET, "matches": {"autoscaling": {"kind": ["hpa", "keda"]}}},
            "at '/matches/autoscaling/kind': value must be one of 'none', 'hpa', 'keda'",
            id="both-autoscalers",
        ),
        pytest.param(
            {**_SECRET, "matches": {"autoscaling": {"kind": "hpa", "minReplicas": 9}}},
            "minReplicas (9) is above maxReplicas (6)",
            id="more-than-most",
        ),
        pytest.param(
            {**_SECRET, "images": {"actors": {"tag": "latest"}}},
            "the tag of touchline-actors is latest, which is another program every day",
            id="latest",
        ),
        pytest.param(
            {**_SECRET, "rabbitmq": {"cluster": {"image": "rabbitmq"}}}, "at '/rabbitmq/cluster/image'", id="no-tag"
        ),
        pytest.param(
            {**_SECRET, "rabbitmq": {"cluster": {"replicas": 2}}},
            "at '/rabbitmq/cluster/replicas': value must be one of 1, 3, 5",
            id="two-nodes",
        ),
        pytest.param(
            {**_SECRET, "rabbitmq": {"kind": "cluster", "cluster": {"tlsCaSecret": "ca"}}},
            "rabbitmq.cluster.tlsCaSecret without tlsSecret",
            id="half-of-tls",
        ),
        pytest.param(
            {**_SECRET, "shutdownGraceSeconds": 600}, "at '/shutdownGraceSeconds': maximum: got 600", id="long-grace"
        ),
        pytest.param(
            {**_SECRET, "matches": {"resources": {"limits": {"memory": None}}}},
            "at '/matches/resources/limits': missing property 'memory'",
            id="no-limit",
        ),
        pytest.param(
            {**_SECRET, "serviceAccount": {"create": False}}, "serviceAccount.name is missing", id="no-account"
        ),
        pytest.param(
            {**_SECRET, "config": {"schedules": {"weekend": {"cron": "* * * * *"}}}},
            "at '/config/schedules/weekend': missing property 'source'",
            id="schedule-of-nothing",
        ),
    ],
)
def test_what_makes_no_sense_is_refused(values: dict[str, Any], says: str) -> None:
    """The message names the value."""
    with pytest.raises(HelmError) as refusal:
        rendered(values)
    assert says in str(refusal.value)


def test_no_message_repeats_a_password() -> None:
    """What is wrong with a secret is said without it."""
    with pytest.raises(HelmError) as refusal:
        rendered({"secrets": {"create": True, "values": {"database_url_writer": ["hunter2"]}}})
    assert "database_url_writer" in str(refusal.value)
    assert "hunter2" not in str(refusal.value)


def test_the_schema_knows_every_value_and_no_other() -> None:
    """values.yaml documents what values.schema.json allows: neither has a key that the other does not."""
    schema = json.loads((CHART / "values.schema.json").read_text())
    allowed = set(_keys(schema, schema))
    documented = set(_leaves(yaml.safe_load((CHART / "values.yaml").read_text())))
    assert documented - allowed == set()
    # `global` is Helm's; resources may name ephemeral-storage
    extra = {key for key in allowed - documented if not key.endswith("ephemeral-storage") and key != "global"}
    assert extra == set()


def _keys(schema: dict[str, Any], whole: dict[str, Any], path: str = "") -> list[str]:
    if "$ref" in schema:
        schema = whole["$defs"][schema["$ref"].removeprefix("#/$defs/")]
    if schema.get("additionalProperties") is not False:
        return [path]
    properties = schema["properties"].items()
    return [key for name, part in properties for key in _keys(part, whole, f"{path}.{name}".lstrip("."))]


def _leaves(values: dict[str, Any], path: str = "") -> list[str]:
    found = []
    schema = chart().schema
    assert schema is not None
    closed = set(_keys(schema, schema))
    for name, value in values.items():
        where = f"{path}.{name}".lstrip(".")
        found += [where] if where in closed or not isinstance(value, dict) else _leaves(value, where)
    return found
