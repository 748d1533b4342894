"""The chart, rendered once for each of the ways in which it may be set."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import yaml
from helm_python import Chart

ROOT = Path(__file__).parents[2]
CHART = ROOT / "container" / "helm" / "touchline"

Manifest = dict[str, Any]

_SECRET = {"secrets": {"existingSecret": "touchline"}}
_KEYS = (
    "database_url_owner",
    "database_url_writer",
    "database_url_reader",
    "rabbitmq_url_worker",
    "rabbitmq_url_scheduler",
    "rabbitmq_url_monitor",
    "rabbitmq_ca",
    "rabbitmq_users.json",
)
#: What no manifest but a Secret may have in it.
PASSWORD = "pa55-of-the-tests"


def _file(name: str) -> dict[str, Any]:
    values: dict[str, Any] = yaml.safe_load((CHART / name).read_text())
    return values


#: Name → values. Both files that come with the chart, and each switch that changes what is rendered.
VARIANTS: dict[str, dict[str, Any]] = {
    "defaults": _SECRET,
    "k3s": _file("values-k3s.yaml"),
    "cloud": _file("values-cloud.yaml"),
    "hpa": {**_SECRET, "matches": {"autoscaling": {"kind": "hpa"}}},
    "keda": {**_SECRET, "matches": {"autoscaling": {"kind": "keda", "keda": {"caKey": "rabbitmq_ca"}}}},
    "no-scrapes": {**_SECRET, "scrapes": {"enabled": False}, "exporter": {"enabled": False}},
    "ephemeral": {**_SECRET, "scrapes": {"replicas": 3, "persistence": {"enabled": False}}},
    "created-secrets": {
        "secrets": {
            "create": True,
            "values": {key: f"{key}: {PASSWORD}" for key in _KEYS},
            "extraKeys": ["rabbitmq_ca"],
        },
        "rabbitmq": {"kind": "cluster"},
    },
    "owner-secret": {"secrets": {"existingSecret": "touchline", "existingOwnerSecret": "touchline-owner"}},
    "webhook": {**_SECRET, "webhook": {"enabled": True}, "shutdownGraceSeconds": 120},
    "schedules": {
        **_SECRET,
        "webhook": {"enabled": True},
        "shutdownGraceSeconds": 45,
        "config": {
            "publishTimeout": 20,
            "schedules": {
                "match-days": {
                    "cron": "*/15 8-23 * * sat,sun",
                    "timezone": "America/New_York",
                    "source": "mlsnext",
                    "leagues": ["homegrown"],
                    "jitter": 30,
                }
            },
            "sources": {"mlsnext": {"interval": 0.5, "runs": 2}},
            "retention": {"inbox_days": 20},
        },
    },
    "peers": {
        **_SECRET,
        "networkPolicy": {
            "dns": [{"ipBlock": {"cidr": "169.254.20.10/32"}}],
            "postgres": {"to": [{"ipBlock": {"cidr": "10.1.0.0/24"}}], "port": 6432},
            "rabbitmq": {"to": [{"ipBlock": {"cidr": "10.2.0.0/24"}}], "ports": [5671]},
            "sites": {"exceptIpv6": []},
        },
    },
    "rabbitmq-tls": {
        **_SECRET,
        "rabbitmq": {
            "kind": "cluster",
            "cluster": {
                "tlsSecret": "rabbitmq-tls",
                "tlsCaSecret": "rabbitmq-ca",
                "usersSecret": "rabbitmq-users",
                "nodeSelector": {"disk": "ssd"},
                "tolerations": [{"key": "queues", "operator": "Exists"}],
            },
        },
    },
    "monitored": {
        **_SECRET,
        "monitoring": {"monitors": {"enabled": True}, "rules": {"enabled": True}, "dashboards": {"enabled": True}},
    },
    "open": {
        **_SECRET,
        "networkPolicy": {"enabled": False},
        "podDisruptionBudgets": {"enabled": False},
        "migrate": {"enabled": False},
        "rabbitmq": {"exchange": ""},
    },
    "particular": {
        **_SECRET,
        "fullnameOverride": "league",
        "images": {
            "actors": {"repository": "images.example.org/touchline-actors", "tag": "0.1.1"},
            "ingest": {"repository": "images.example.org/touchline-ingest", "digest": "sha256:" + "0" * 64},
            "pullSecrets": ["registry"],
        },
        "serviceAccount": {"create": False, "name": "league"},
        "priorityClassName": "high",
        "podLabels": {"team": "football"},
        "podAnnotations": {"note": "ours"},
        "matches": {
            "nodeSelector": {"kind": "small"},
            "tolerations": [{"key": "spot", "operator": "Exists"}],
            "affinity": {"podAntiAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": []}},
        },
    },
}


@cache
def chart() -> Chart:
    return Chart.load(CHART)


def rendered(values: dict[str, Any], *, name: str = "touchline") -> dict[str, str]:
    """File → text, as an installation into namespace `football` has it. Raises what Helm says."""
    return chart().render(copy.deepcopy(values), name=name, namespace="football")


@cache
def _manifests(variant: str) -> tuple[Manifest, ...]:
    files = rendered(VARIANTS[variant])
    texts = [text for file, text in sorted(files.items()) if file.endswith(".yaml")]
    return tuple(manifest for text in texts for manifest in yaml.safe_load_all(text) if manifest)


def manifests(variant: str, *kinds: str) -> list[Manifest]:
    """What is made for this variant; of these kinds alone, where some are named."""
    return [manifest for manifest in _manifests(variant) if not kinds or manifest["kind"] in kinds]


def manifest(variant: str, kind: str, name: str) -> Manifest:
    [found] = [one for one in manifests(variant, kind) if one["metadata"]["name"] == name]
    return found


def workloads(variant: str) -> Iterator[tuple[Manifest, Manifest]]:
    """Each workload of ours with the specification of its pods."""
    for one in manifests(variant, "Deployment", "StatefulSet", "Job"):
        yield one, one["spec"]["template"]["spec"]


def pod_labels(variant: str) -> dict[str, dict[str, str]]:
    """Component → the labels of its pods."""
    found = [one["spec"]["template"]["metadata"]["labels"] for one, _ in workloads(variant)]
    return {labels["app.kubernetes.io/component"]: labels for labels in found}


def selects(selector: dict[str, Any], labels: dict[str, str]) -> bool:
    """Whether this selector selects what has these labels."""
    return selector.get("matchLabels", {}).items() <= labels.items() and all(
        labels.get(expression["key"]) in expression["values"] for expression in selector.get("matchExpressions", [])
    )
