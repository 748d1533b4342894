"""Who may speak to whom: what a pod needs and nothing more."""

from __future__ import annotations

import json

import pytest

from tests.chart.rendering import VARIANTS, manifests, pod_labels, selects


def _may_go(variant: str, component: str) -> set[tuple[int, str]]:
    """(port, whereto) of what the policies let this component's pods say."""
    labels = pod_labels(variant)[component]
    return {
        (port["port"], json.dumps(target, sort_keys=True))
        for policy in manifests(variant, "NetworkPolicy")
        if selects(policy["spec"]["podSelector"], labels)
        for rule in policy["spec"].get("egress", [])
        for port in rule["ports"]
        for target in rule.get("to", ["anywhere"])
    }


@pytest.mark.parametrize(
    ("variant", "component", "ports"),
    [
        ("defaults", "matches", {53, 5432, 5672, 5671}),
        ("defaults", "scrapes", {53, 5432, 5672, 5671, 80, 443}),
        ("defaults", "scheduler", {53, 5672, 5671}),
        ("defaults", "exporter", {53, 5432, 5672, 5671}),
        ("defaults", "migrate", {53, 5432}),
        ("webhook", "matches", {53, 5432, 5672, 5671, 80, 443}),
        ("cloud", "matches", {53, 5432, 5672}),
        ("rabbitmq-tls", "scheduler", {53, 5671}),
        ("peers", "scrapes", {53, 6432, 5671, 80, 443}),
    ],
)
def test_each_may_go_only_where_it_has_to(variant: str, component: str, ports: set[int]) -> None:
    """By the policies that select a component's pods."""
    assert {port for port, _ in _may_go(variant, component)} == ports


@pytest.mark.parametrize("variant", [name for name in VARIANTS if manifests(name, "NetworkPolicy")])
def test_everything_else_is_denied(variant: str) -> None:
    """One policy denies every pod of ours everything; nobody comes in but for metrics, from one namespace."""
    for labels in pod_labels(variant).values():
        policies = [one for one in manifests(variant, "NetworkPolicy") if selects(one["spec"]["podSelector"], labels)]
        assert any(one["spec"].keys() == {"podSelector", "policyTypes"} for one in policies)
        for policy in policies:
            for rule in policy["spec"].get("ingress", []):
                assert [port["port"] for port in rule["ports"]] == ["metrics"]
                assert rule["from"] == [
                    {"namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": "monitoring"}}}
                ]


def test_who_reads_sites_cannot_reach_this_network() -> None:
    """The cloud's metadata and private networks are left out of the outside."""
    [outside] = [target for port, target in _may_go("defaults", "scrapes") if port == 443 and "0.0.0.0/0" in target]
    assert {"10.0.0.0/8", "169.254.0.0/16", "192.168.0.0/16"} <= set(json.loads(outside)["ipBlock"]["except"])


def test_one_machine_publishes_nothing() -> None:
    """There is nothing for K3s' ServiceLB to open a port of the machine for."""
    services = manifests("k3s", "Service")
    assert services
    assert all(one["spec"].get("type", "ClusterIP") == "ClusterIP" for one in services)
    assert not manifests("k3s", "Ingress")
