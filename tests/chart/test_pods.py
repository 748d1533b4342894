"""What holds for every pod of Touchline, however the chart is set."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from contract.errors import ConfigurationError
from contract.names import QUEUES, SCRAPES
from contract.settings import Settings, load
from tests.chart.rendering import PASSWORD, VARIANTS, Manifest, manifest, manifests, workloads

everywhere = pytest.mark.parametrize("variant", VARIANTS)


def _containers(variant: str) -> list[tuple[Manifest, dict[str, Any]]]:
    return [(one, container) for one, pod in workloads(variant) for container in pod["containers"]]


def _environment(container: dict[str, Any]) -> dict[str, str]:
    return {entry["name"]: entry["value"] for entry in container["env"]}


@everywhere
def test_no_pod_may_do_more_than_it_has_to(variant: str) -> None:
    """No root, no capability, no writable root file system, no token; limits for memory and processors."""
    for _, pod in workloads(variant):
        assert pod["automountServiceAccountToken"] is False
        assert pod["securityContext"]["runAsNonRoot"] is True
        assert pod["securityContext"]["runAsUser"] == 10001
        assert pod["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
        assert not {"hostNetwork", "hostPID", "hostIPC"} & pod.keys()
        assert not any("hostPath" in volume for volume in pod["volumes"])
        for container in pod["containers"]:
            assert container["securityContext"] == {
                "allowPrivilegeEscalation": False,
                "privileged": False,
                "readOnlyRootFilesystem": True,
                "runAsNonRoot": True,
                "capabilities": {"drop": ["ALL"]},
            }
            for amounts in ("requests", "limits"):
                assert {"cpu", "memory"} <= container["resources"][amounts].keys()


@everywhere
def test_what_can_be_written_to_is_bounded(variant: str) -> None:
    """Every emptyDir has a limit; /tmp and /run/touchline are memory; each mount has its volume."""
    for one, pod in workloads(variant):
        volumes = {volume["name"]: volume for volume in pod["volumes"]}
        for volume in volumes.values():
            assert "sizeLimit" in volume.get("emptyDir", {"sizeLimit": ""})
        for claim in one["spec"].get("volumeClaimTemplates", []):
            volumes[claim["metadata"]["name"]] = claim
        [container] = pod["containers"]
        mounts = {mount["mountPath"]: volumes.pop(mount["name"]) for mount in container["volumeMounts"]}
        assert not volumes, "a volume that nothing mounts"
        for path in ("/tmp", "/run/touchline"):
            assert mounts[path]["emptyDir"]["medium"] == "Memory"
        assert {"/var/lib/touchline", "/run/secrets"} <= mounts.keys()


@everywhere
def test_images_are_pinned(variant: str) -> None:
    """Each image has a tag that is a version."""
    images = [container["image"] for _, container in _containers(variant)]
    images += [cluster["spec"]["image"] for cluster in manifests(variant, "RabbitmqCluster")]
    for image in images:
        assert re.search(r":[0-9]+\.[0-9]+\.[0-9]+[^:/]*(@sha256:[0-9a-f]{64})?$", image), image


@everywhere
def test_secrets_are_files(variant: str) -> None:
    """No environment has a secret's value; what …_FILE names is mounted, and no other key of the Secret is."""
    for _, pod in workloads(variant):
        [container] = pod["containers"]
        assert "envFrom" not in container
        assert all(entry.keys() == {"name", "value"} for entry in container["env"])
        environment = _environment(container)
        assert (
            not {"DATABASE_URL", "RABBITMQ_URL", "TOUCHLINE_WEBHOOK_URL", "TOUCHLINE_WEBHOOK_SECRET"}
            & environment.keys()
        )
        named = {value for name, value in environment.items() if name.endswith("_FILE")}
        [secret] = [volume["secret"] for volume in pod["volumes"] if "secret" in volume]
        mounted = {f"/run/secrets/{item['path']}" for item in secret["items"]}
        further = {f"/run/secrets/{key}" for key in VARIANTS[variant]["secrets"].get("extraKeys", [])}
        assert mounted == named | further
    for one in manifests(variant):
        assert one["kind"] == "Secret" or PASSWORD not in str(one)


@pytest.mark.parametrize(
    ("component", "keys"),
    [
        ("Deployment/touchline-matches", {"database_url_writer", "rabbitmq_url_worker"}),
        ("StatefulSet/touchline-scrapes", {"database_url_writer", "rabbitmq_url_worker"}),
        ("Deployment/touchline-scheduler", {"rabbitmq_url_scheduler"}),
        ("Deployment/touchline-exporter", {"database_url_reader", "rabbitmq_url_monitor"}),
        ("Job/touchline-migrate", {"database_url_owner"}),
    ],
)
def test_each_has_its_own_users_alone(component: str, keys: set[str]) -> None:
    """A process gets the role and the user that are made for it, and no other's password."""
    pod = manifest("defaults", *component.split("/"))["spec"]["template"]["spec"]
    [secret] = [volume["secret"] for volume in pod["volumes"] if "secret" in volume]
    assert {item["key"] for item in secret["items"]} == keys


@everywhere
def test_services_are_asked_how_they_are(variant: str) -> None:
    """All three probes ask a port that the container names; a worker and the scheduler answer /live and /ready."""
    for one, container in _containers(variant):
        if one["kind"] == "Job":
            continue
        ports = {port["name"]: port["containerPort"] for port in container["ports"]}
        probes = [container[f"{probe}Probe"] for probe in ("startup", "liveness", "readiness")]
        if container["name"] == "exporter":
            assert [ports[probe["tcpSocket"]["port"]] for probe in probes] == [9396] * 3
        else:
            assert [probe["httpGet"]["path"] for probe in probes] == ["/live", "/live", "/ready"]
            assert [ports[probe["httpGet"]["port"]] for probe in probes] == [9395] * 3
            # the scheduler's server is there with its first tick
            assert probes[0]["periodSeconds"] * probes[0]["failureThreshold"] > 120


@everywhere
def test_running_work_has_its_grace(variant: str) -> None:
    """Kubernetes waits for longer than a worker does, and the 5 s that it takes to give back what it interrupts."""
    grace = VARIANTS[variant].get("shutdownGraceSeconds", 30)
    for one, pod in workloads(variant):
        assert pod["terminationGracePeriodSeconds"] >= grace + 10
        [container] = pod["containers"]
        if container["name"] == "worker":
            assert _environment(container)["TOUCHLINE_SHUTDOWN_GRACE"] == str(grace), one["metadata"]["name"]


@everywhere
def test_selectors_find_their_pods_and_no_others(variant: str) -> None:
    """A workload, a budget and a Service select the labels of exactly one workload's pods."""
    pods = {one["metadata"]["name"]: one["spec"]["template"]["metadata"]["labels"] for one, _ in workloads(variant)}
    ports = {
        one["metadata"]["name"]: {
            port["name"] for container in pod["containers"] for port in container.get("ports", [])
        }
        for one, pod in workloads(variant)
    }

    def selected(labels: dict[str, str]) -> list[str]:
        return [name for name, has in pods.items() if labels.items() <= has.items()]

    for one in manifests(variant, "Deployment", "StatefulSet"):
        assert selected(one["spec"]["selector"]["matchLabels"]) == [one["metadata"]["name"]]
    for one in manifests(variant, "Service"):
        assert selected(one["spec"]["selector"]) == [one["metadata"]["name"]]
        assert all(port["targetPort"] in ports[one["metadata"]["name"]] for port in one["spec"]["ports"])
    for one in manifests(variant, "PodDisruptionBudget"):
        if one["metadata"]["labels"].get("app.kubernetes.io/component") != "rabbitmq":
            assert selected(one["spec"]["selector"]["matchLabels"]) == [one["metadata"]["name"]]


def test_every_queue_has_a_worker() -> None:
    """What the two kinds of worker consume together is every queue that there is, each once."""
    consumed: list[str] = []
    for kind, name in (("Deployment", "touchline-matches"), ("StatefulSet", "touchline-scrapes")):
        [container] = manifest("defaults", kind, name)["spec"]["template"]["spec"]["containers"]
        assert container["args"][0] == "worker"
        consumed += container["args"][1:]
    assert sorted(consumed) == sorted(QUEUES)
    assert consumed[-1] == SCRAPES


#: What is in the files that these variables name.
_FILES = {
    "DATABASE_URL_FILE": "postgresql://role:pa55@postgres/touchline",
    "RABBITMQ_URL_FILE": "amqp://user:pa55@rabbitmq/touchline",
    "TOUCHLINE_WEBHOOK_URL_FILE": "https://hooks.example.org/",
    "TOUCHLINE_WEBHOOK_SECRET_FILE": f"whsec_{'A' * 44}",
}


def test_touchline_takes_every_variable_that_it_is_given(tmp_path: Path) -> None:
    """Its settings, read from a pod's environment, are others without any one of the variables."""
    variant = "schedules"
    toml = manifest(variant, "ConfigMap", "touchline")["data"]["touchline.toml"]
    for one, pod in workloads(variant):
        [container] = pod["containers"]
        environ = _environment(container)
        environ.pop("TOUCHLINE_THREADS", None)  # the image's entrypoint reads it
        for name, text in {**_FILES, "TOUCHLINE_CONFIG": toml}.items():
            if name in environ:
                environ[name] = str(tmp_path / name)
                Path(environ[name]).write_text(text)
        settings = _load(environ, tmp_path)
        assert settings is not None
        for name in environ:
            rest = {other: value for other, value in environ.items() if other != name}
            assert _load(rest, tmp_path) != settings, f"{one['metadata']['name']}: {name} changes nothing"


def _load(environ: dict[str, str], home: Path) -> Settings | None:
    """None where they are refused."""
    try:
        return load(environ={**environ, "TOUCHLINE_HOME": str(home)})
    except ConfigurationError:
        return None
