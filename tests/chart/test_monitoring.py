"""What the Prometheus Operator and Grafana are given is what compose.yaml gives them."""

from __future__ import annotations

import json
from typing import Any

import yaml

from tests.chart.rendering import ROOT, manifests, pod_labels, selects


def test_what_is_scraped_has_the_jobs_that_alerts_ask_for() -> None:
    """Each monitor selects pods, or a Service, with the port that it names."""
    labels, jobs = pod_labels("cloud"), {}
    for monitor in manifests("cloud", "PodMonitor", "ServiceMonitor"):
        spec = monitor["spec"]
        [endpoint] = spec.get("podMetricsEndpoints") or spec["endpoints"]
        [relabeling] = [rule for rule in endpoint["relabelings"] if rule["targetLabel"] == "job"]
        jobs[relabeling["replacement"]] = {name for name, has in labels.items() if selects(spec["selector"], has)}
        assert monitor["metadata"]["labels"]["release"] == "kube-prometheus-stack"
        # of RabbitMQ's pods the operator names the ports
        assert endpoint["port"] == ("prometheus" if relabeling["replacement"] == "rabbitmq" else "metrics")
    assert jobs == {
        "touchline-workers": {"matches", "scrapes"},
        "touchline-scheduler": {"scheduler"},
        "touchline-exporter": {"exporter"},
        "rabbitmq": set(),
    }


def test_the_jobs_are_those_of_prometheus() -> None:
    """In Kubernetes as in container/prometheus/prometheus.yml, whose jobs alerts and dashboards ask for."""
    configured = yaml.safe_load((ROOT / "container/prometheus/prometheus.yml").read_text())["scrape_configs"]
    scraped = {
        rule["replacement"]
        for monitor in manifests("cloud", "PodMonitor", "ServiceMonitor")
        for endpoint in monitor["spec"].get("podMetricsEndpoints") or monitor["spec"]["endpoints"]
        for rule in endpoint["relabelings"]
    }
    assert {job["job_name"] for job in configured} - {"prometheus"} == scraped


def test_the_rules_are_those_of_prometheus() -> None:
    """A PrometheusRule is container/prometheus/alerts.yml, templates of Prometheus' own included."""
    [rule] = manifests("cloud", "PrometheusRule")
    assert rule["spec"] == yaml.safe_load((ROOT / "container/prometheus/alerts.yml").read_text())


def test_the_dashboards_are_those_of_grafana() -> None:
    """Each file in container/grafana/dashboards is in a ConfigMap that Grafana's sidecar finds."""
    found: dict[str, Any] = {}
    for one in manifests("monitored", "ConfigMap"):
        if one["metadata"]["labels"].get("grafana_dashboard") == "1":
            found |= {name: json.loads(text) for name, text in one["data"].items()}
    files = sorted((ROOT / "container/grafana/dashboards").glob("*.json"))
    assert files
    assert found == {file.name: json.loads(file.read_text()) for file in files}
