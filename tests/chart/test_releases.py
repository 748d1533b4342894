"""An installation and an upgrade: configuration, hooks, volumes, scaling, budgets, and the package itself."""

from __future__ import annotations

import json
import os
import tarfile
from importlib.metadata import version
from pathlib import Path

import pytest
from helm_python import lint, package

from contract.settings import load
from tests.chart.rendering import CHART, ROOT, VARIANTS, chart, manifest, manifests, rendered, workloads


def test_touchline_reads_the_configuration(tmp_path: Path) -> None:
    """What values say of schedules and sources is what Touchline's own settings are, numbers included."""
    text = manifest("schedules", "ConfigMap", "touchline")["data"]["touchline.toml"]
    (file := tmp_path / "touchline.toml").write_text(text)
    settings = load(environ={"TOUCHLINE_CONFIG": str(file), "TOUCHLINE_HOME": str(tmp_path)})
    assert settings.publish_timeout == 20
    assert settings.retention.inbox_days == 20
    assert settings.source("mlsnext").runs == 2
    assert settings.source("mlsnext").interval == 0.5
    schedule = settings.schedules["match-days"]
    assert (schedule.cron, schedule.jitter) == ("*/15 8-23 * * sat,sun", 30)


def test_a_changed_configuration_makes_new_workers_and_no_new_scheduler() -> None:
    """A schedule that is set changes the pods that read it, and not those that do not."""
    changed = {}
    for variant in ("defaults", "schedules"):
        for one, _ in workloads(variant):
            changed.setdefault(one["metadata"]["name"], set()).add(json.dumps(one["spec"]["template"]["metadata"]))
    assert {name for name, forms in changed.items() if len(forms) > 1} == {"touchline-matches", "touchline-scrapes"}


def test_migrations_come_before_everything_and_need_nothing_of_it() -> None:
    """The Job is a hook; the Secret that it mounts is one before it, or existed; it has no account of the release's."""
    job = manifest("created-secrets", "Job", "touchline-migrate")
    secret = manifest("created-secrets", "Secret", "touchline-owner")
    for one in (job, secret):
        assert one["metadata"]["annotations"]["helm.sh/hook"] == "pre-install,pre-upgrade"
        assert "before-hook-creation" in one["metadata"]["annotations"]["helm.sh/hook-delete-policy"]
    weights = [int(one["metadata"]["annotations"]["helm.sh/hook-weight"]) for one in (secret, job)]
    assert weights == sorted(weights)
    assert weights[0] < weights[1]
    pod = job["spec"]["template"]["spec"]
    assert pod["restartPolicy"] == "Never"
    assert "serviceAccountName" not in pod
    assert not any("configMap" in volume for volume in pod["volumes"])
    [mounted] = [volume["secret"]["secretName"] for volume in pod["volumes"] if "secret" in volume]
    assert mounted == "touchline-owner"
    # the owner's password is in no other Secret
    assert "database_url_owner" not in manifest("created-secrets", "Secret", "touchline")["stringData"]


def test_the_owners_secret_may_be_another() -> None:
    [volume] = [
        volume["secret"]
        for volume in manifest("owner-secret", "Job", "touchline-migrate")["spec"]["template"]["spec"]["volumes"]
        if "secret" in volume
    ]
    assert volume["secretName"] == "touchline-owner"


def test_an_upgrade_of_workers_never_has_fewer_of_them() -> None:
    """Deployments put the new pod in before they take an old one away."""
    for name in ("touchline-matches", "touchline-scheduler"):
        strategy = manifest("defaults", "Deployment", name)["spec"]["strategy"]
        assert strategy == {"type": "RollingUpdate", "rollingUpdate": {"maxSurge": 1, "maxUnavailable": 0}}


@pytest.mark.parametrize("variant", ["defaults", "k3s", "cloud"])
def test_no_two_pods_share_a_volume(variant: str) -> None:
    """The worker that reads is a StatefulSet whose pods have claims of their own; nothing else has a claim."""
    scrapes = manifest(variant, "StatefulSet", "touchline-scrapes")
    [claim] = scrapes["spec"]["volumeClaimTemplates"]
    assert claim["spec"]["accessModes"] == ["ReadWriteOnce"]
    assert not manifests(variant, "PersistentVolumeClaim")
    for _, pod in workloads(variant):
        assert not any("persistentVolumeClaim" in volume for volume in pod["volumes"])


@pytest.mark.parametrize(
    ("variant", "scalers"), [("defaults", []), ("hpa", ["HorizontalPodAutoscaler"]), ("keda", ["ScaledObject"])]
)
def test_replicas_are_set_by_one_alone(variant: str, scalers: list[str]) -> None:
    """Where something scales, the Deployment does not say how many: an upgrade would undo what it did."""
    found = manifests(variant, "HorizontalPodAutoscaler", "ScaledObject")
    assert [one["kind"] for one in found] == scalers
    matches = manifest(variant, "Deployment", "touchline-matches")
    assert ("replicas" in matches["spec"]) is not bool(scalers)
    for one in found:
        assert one["spec"]["scaleTargetRef"]["name"] == matches["metadata"]["name"]


def test_keda_gets_the_address_from_the_secret() -> None:
    """The trigger names an authentication that exists, and no address itself."""
    authentication = manifest("keda", "TriggerAuthentication", "touchline-matches")
    [trigger] = manifest("keda", "ScaledObject", "touchline-matches")["spec"]["triggers"]
    assert trigger["authenticationRef"] == {"name": authentication["metadata"]["name"]}
    assert {(ref["parameter"], ref["key"]) for ref in authentication["spec"]["secretTargetRef"]} == {
        ("host", "rabbitmq_url_monitor"),
        ("ca", "rabbitmq_ca"),
        ("tls", "tls"),
    }
    [tls] = [ref["name"] for ref in authentication["spec"]["secretTargetRef"] if ref["parameter"] == "tls"]
    assert manifest("keda", "Secret", tls)["stringData"] == {"tls": "enable"}


def test_budgets_let_one_go() -> None:
    """Every workload of which there may be several has a budget that a drain can keep."""
    budgets = manifests("cloud", "PodDisruptionBudget")
    assert {one["metadata"]["name"] for one in budgets} == {
        "touchline-matches",
        "touchline-scheduler",
        "touchline-scrapes",
        "touchline-rabbitmq",
    }
    assert all(one["spec"]["maxUnavailable"] == 1 for one in budgets)


@pytest.mark.parametrize("variant", VARIANTS)
def test_the_notes_name_what_there_is(variant: str) -> None:
    """What a person is told to look at exists under that name."""
    notes = rendered(VARIANTS[variant])["touchline/templates/NOTES.txt"]
    names = {one["metadata"]["name"] for one in manifests(variant, "Deployment", "StatefulSet")}
    assert all(name in notes for name in names)
    assert ("Nothing is scheduled yet" in notes) is (variant != "schedules")


@pytest.mark.parametrize("variant", ["defaults", "k3s", "cloud"])
def test_helm_finds_nothing_to_say(variant: str) -> None:
    """`helm lint --strict`: no warning and no error; that an icon is recommended is information."""
    report = lint(CHART, VARIANTS[variant], strict=True)
    assert report["errors"] == []
    assert [message["error"] for message in report["messages"]] == ["icon is recommended"]


def test_a_package_has_the_files_that_are_links_here(tmp_path: Path) -> None:
    """`helm package` follows them: what is installed elsewhere needs nothing beside it."""
    with tarfile.open(package(CHART, destination=tmp_path)) as archive:
        members = {member.name: member for member in archive.getmembers()}
        for link, real in (
            ("alerts.yml", "prometheus/alerts.yml"),
            ("rabbitmq.conf", "rabbitmq/rabbitmq.conf"),
            ("definitions.json", "rabbitmq/definitions.json"),
        ):
            member = members[f"touchline/files/{link}"]
            assert member.isreg()
            inside = archive.extractfile(member)
            assert inside is not None
            assert inside.read() == (ROOT / "container" / real).read_bytes()
            assert os.path.islink(CHART / "files" / link)


def test_the_chart_is_of_this_version() -> None:
    """appVersion, which is the images' tag, is that of the package."""
    assert chart().metadata["appVersion"] == version("touchline")
