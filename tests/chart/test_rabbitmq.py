"""RabbitMQ by its Cluster Operator is configured by the files that everybody else uses."""

from __future__ import annotations

import json

import pytest

from tests.chart.rendering import ROOT, Manifest, manifest, manifests


def _settings(text: str) -> dict[str, str]:
    lines = [line.split("#", 1)[0].strip() for line in text.splitlines()]
    return {key.strip(): value.strip() for key, _, value in (line.partition("=") for line in lines if line)}


def _cluster(variant: str) -> Manifest:
    [cluster] = manifests(variant, "RabbitmqCluster")
    spec: Manifest = cluster["spec"]
    return spec


def test_rabbitmq_is_configured_as_everywhere() -> None:
    """Each setting of container/rabbitmq/rabbitmq.conf is there, but for the two that depend on the machine's size."""
    expected = _settings((ROOT / "container/rabbitmq/rabbitmq.conf").read_text())
    expected["vm_memory_high_watermark.absolute"] = "1200MiB"
    expected["disk_free_limit.absolute"] = "1GB"
    text = _cluster("cloud")["rabbitmq"]["additionalConfig"]
    assert _settings(text) == expected
    assert len(text.splitlines()) == len(expected), "a setting is there twice"


@pytest.mark.parametrize("variant", ["cloud", "k3s", "rabbitmq-tls", "created-secrets"])
def test_rabbitmq_loads_queues_from_git_and_users_from_a_secret(variant: str) -> None:
    """Its definitions are container/rabbitmq/definitions.json; both files lie in the directory that it reads."""
    cluster = _cluster(variant)
    assert _settings(cluster["rabbitmq"]["additionalConfig"])["definitions.local.path"] == "/etc/rabbitmq/definitions"
    pod = cluster["override"]["statefulSet"]["spec"]["template"]["spec"]
    volumes = {volume["name"]: volume for volume in pod["volumes"]}
    [container] = pod["containers"]
    mounts = {mount["mountPath"]: mount for mount in container["volumeMounts"]}
    mounted = {path: volumes[mount["name"]] for path, mount in mounts.items()}
    definitions = mounted["/etc/rabbitmq/definitions/10-definitions.json"]["configMap"]["name"]
    data = manifest(variant, "ConfigMap", definitions)["data"]["10-definitions.json"]
    assert json.loads(data) == json.loads((ROOT / "container/rabbitmq/definitions.json").read_text())
    users = mounted["/etc/rabbitmq/definitions/20-users.json"]["secret"]
    # by the name that it has in the volume: a whole volume has Kubernetes' links in it, which RabbitMQ would read
    assert mounts["/etc/rabbitmq/definitions/10-definitions.json"]["subPath"] == "10-definitions.json"
    path = mounts["/etc/rabbitmq/definitions/20-users.json"]["subPath"]
    assert users["items"] == [{"key": "rabbitmq_users.json", "path": path}]
    assert users["secretName"] == ("rabbitmq-users" if variant == "rabbitmq-tls" else "touchline")


def test_rabbitmqs_nodes_stay_apart_on_a_cluster_and_fit_one_machine() -> None:
    cloud, k3s = _cluster("cloud"), _cluster("k3s")
    required = "requiredDuringSchedulingIgnoredDuringExecution"
    assert (cloud["replicas"], required in cloud["affinity"]["podAntiAffinity"]) == (3, True)
    assert (k3s["replicas"], required in k3s["affinity"]["podAntiAffinity"]) == (1, False)
    assert k3s["persistence"]["storageClassName"] == "local-path"
