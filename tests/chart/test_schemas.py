"""Everything that the chart makes is something that Kubernetes takes."""

from __future__ import annotations

import copy
import json
from functools import cache

import jsonschema
import kubernetes_validate
import pytest
from kubernetes_validate.utils import all_versions

from tests.chart.custom_kinds import SCHEMAS
from tests.chart.rendering import VARIANTS, Manifest, chart, manifest, manifests

#: The oldest that the chart says it can do, one between, and the newest whose schemas are known here.
VERSIONS = ("1.25", "1.31", all_versions()[-1])


@cache
def _accepted(version: str, text: str) -> None:
    """Most manifests are the same in most variants: each is looked at once."""
    found = json.loads(text)
    schema = SCHEMAS.get((found["apiVersion"], found["kind"]))
    if schema is None:
        kubernetes_validate.validate(found, version, strict=True)
    else:
        jsonschema.Draft202012Validator(schema).validate(found)


def _accept(version: str, found: Manifest) -> None:
    _accepted(version, json.dumps(found, sort_keys=True))


def test_the_oldest_version_is_the_one_that_the_chart_names() -> None:
    """Chart.yaml promises no version whose schemas the manifests were not held to."""
    assert chart().metadata["kubeVersion"] == f">={VERSIONS[0]}.0-0"


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("variant", VARIANTS)
def test_every_manifest_is_one_that_kubernetes_takes(variant: str, version: str) -> None:
    """Each is valid by the schemas of that version, which refuse fields that they do not know."""
    found = manifests(variant)
    assert len(found) > 5
    for one in found:
        _accept(version, one)


@pytest.mark.parametrize("version", VERSIONS)
def test_the_schemas_would_notice_a_slip(version: str) -> None:
    """A field of a container that Kubernetes does not know is refused, however deep it is."""
    broken = copy.deepcopy(manifest("defaults", "Deployment", "touchline-matches"))
    broken["spec"]["template"]["spec"]["containers"][0]["readinessProbe"]["httpGet"]["prot"] = 1
    with pytest.raises(kubernetes_validate.ValidationError):
        _accept(version, broken)


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("variant", [name for name in VARIANTS if manifests(name, "RabbitmqCluster")])
def test_what_rabbitmqs_operator_is_given_for_its_pods_is_valid(variant: str, version: str) -> None:
    """What its definition takes on trust (affinity, volumes, mounts) is what a pod may have."""
    [cluster] = manifests(variant, "RabbitmqCluster")
    spec = cluster["spec"]
    pod = copy.deepcopy(spec["override"]["statefulSet"]["spec"]["template"]["spec"])
    pod["affinity"] = spec["affinity"]
    pod["tolerations"] = spec.get("tolerations", [])
    pod["containers"][0]["resources"] = spec["resources"]
    _accept(version, {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "rabbitmq"}, "spec": pod})
