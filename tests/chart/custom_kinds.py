"""What the chart uses of kinds that are not Kubernetes' own, as schemas.

Written by hand from the operators' documentation and sources (RabbitMQ Cluster Operator 2, KEDA 2, Prometheus Operator
0.7x), for the fields that the chart sets and no others: an unknown field is refused. The definitions that a cluster has
installed were not at hand: these schemas find a slip in the chart, and not that an operator changed its mind.
"""

from __future__ import annotations

from typing import Any

Schema = dict[str, Any]


def _object(required: str, /, **properties: Schema) -> Schema:
    return {"type": "object", "additionalProperties": False, "properties": properties, "required": required.split()}


_TEXT: Schema = {"type": "string", "minLength": 1}
_COUNT: Schema = {"type": "integer", "minimum": 0}
_LABELS: Schema = {"type": "object", "additionalProperties": {"type": "string"}}
_ANY: Schema = {"type": "object"}
_DURATION: Schema = {"type": "string", "pattern": r"^([0-9]+(ms|[smhdwy]))+$"}


def _list(of: Schema) -> Schema:
    return {"type": "array", "minItems": 1, "items": of}


def _kind(spec: Schema) -> Schema:
    metadata = _object("name labels", name=_TEXT, labels=_LABELS, annotations=_LABELS)
    return _object("apiVersion kind metadata spec", apiVersion=_TEXT, kind=_TEXT, metadata=metadata, spec=spec)


_SELECTOR = _object(
    "matchLabels",
    matchLabels=_LABELS,
    matchExpressions=_list(
        _object(
            "key operator values",
            key=_TEXT,
            operator={"enum": ["In", "NotIn", "Exists", "DoesNotExist"]},
            values=_list(_TEXT),
        )
    ),
)
_ENDPOINT = _object(
    "port",
    port=_TEXT,
    path={"type": "string", "pattern": "^/"},
    interval=_DURATION,
    relabelings=_list(_object("targetLabel replacement", targetLabel=_TEXT, replacement=_TEXT)),
)

#: (apiVersion, kind) → its schema.
SCHEMAS: dict[tuple[str, str], Schema] = {
    ("rabbitmq.com/v1beta1", "RabbitmqCluster"): _kind(
        _object(
            "replicas image persistence resources rabbitmq",
            replicas={"enum": [1, 3, 5]},
            image=_TEXT,
            imagePullSecrets=_list(_object("name", name=_TEXT)),
            persistence=_object("storage", storage=_TEXT, storageClassName=_TEXT),
            resources=_object("requests limits", requests=_LABELS, limits=_LABELS),
            affinity=_ANY,
            tolerations=_list(_ANY),
            tls=_object("secretName", secretName=_TEXT, caSecretName=_TEXT),
            # the operator refuses more than 2,000 characters
            rabbitmq=_object(
                "additionalConfig", additionalConfig={"type": "string", "minLength": 1, "maxLength": 2000}
            ),
            override=_object(
                "statefulSet",
                statefulSet=_object(
                    "spec",
                    spec=_object(
                        "template",
                        template=_object("spec", metadata=_object("", annotations=_LABELS, labels=_LABELS), spec=_ANY),
                    ),
                ),
            ),
        )
    ),
    ("keda.sh/v1alpha1", "TriggerAuthentication"): _kind(
        _object(
            "secretTargetRef",
            secretTargetRef=_list(_object("parameter name key", parameter=_TEXT, name=_TEXT, key=_TEXT)),
        )
    ),
    ("keda.sh/v1alpha1", "ScaledObject"): _kind(
        _object(
            "scaleTargetRef triggers",
            scaleTargetRef=_object("name", name=_TEXT, kind=_TEXT, apiVersion=_TEXT),
            minReplicaCount=_COUNT,
            maxReplicaCount=_COUNT,
            pollingInterval=_COUNT,
            fallback=_object("failureThreshold replicas", failureThreshold=_COUNT, replicas=_COUNT),
            advanced=_object(
                "horizontalPodAutoscalerConfig", horizontalPodAutoscalerConfig=_object("behavior", behavior=_ANY)
            ),
            triggers=_list(
                _object(
                    "type metadata authenticationRef",
                    type={"const": "rabbitmq"},
                    # the scaler takes text only; it passes over `tls` here, and reads it in the authentication
                    metadata=_object(
                        "queueName mode value",
                        protocol={"enum": ["auto", "amqp", "http"]},
                        queueName=_TEXT,
                        mode={"enum": ["QueueLength", "MessageRate"]},
                        value={"type": "string", "pattern": "^[0-9]+$"},
                    ),
                    authenticationRef=_object("name", name=_TEXT),
                )
            ),
        )
    ),
    ("monitoring.coreos.com/v1", "PodMonitor"): _kind(
        _object("selector podMetricsEndpoints", selector=_SELECTOR, podMetricsEndpoints=_list(_ENDPOINT))
    ),
    ("monitoring.coreos.com/v1", "ServiceMonitor"): _kind(
        _object("selector endpoints", selector=_SELECTOR, endpoints=_list(_ENDPOINT))
    ),
    ("monitoring.coreos.com/v1", "PrometheusRule"): _kind(
        _object(
            "groups",
            groups=_list(
                _object(
                    "name rules",
                    name=_TEXT,
                    interval=_DURATION,
                    rules=_list(
                        {
                            **_object(
                                "expr",
                                alert=_TEXT,
                                record=_TEXT,
                                expr=_TEXT,
                                labels=_LABELS,
                                annotations=_LABELS,
                                keep_firing_for=_DURATION,
                                **{"for": _DURATION},
                            ),
                            "oneOf": [{"required": ["alert"]}, {"required": ["record"]}],
                        }
                    ),
                )
            ),
        )
    ),
}
