"""An objective as OpenSLO v1.

Interface: ``openslo_documents(objectives, days)`` → documents; ``rules`` writes them as YAML.

A condition of OpenSLO has one window: the long one. The short window becomes ``alertAfter``, the
time for which the condition holds before it alerts: the nearest that there is.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from recycling.campaign.alerts import Window
from recycling.campaign.objectives import Objective

Document = dict[str, Any]
VERSION = "openslo/v1"
SERVICE = "recycling-campaign"
_SOURCE = "prometheus"


def openslo_documents(objectives: Sequence[Objective], days: int) -> list[Document]:
    """Make the documents of objectives, after those that they refer to.

    Args:
        objectives: objectives.
        days: length of the rolling period that the error budget is for.

    Example:
        >>> documents = openslo_documents([Objective("t1", "t1", 1e-4, 0.9)], days=30)
        >>> [document["kind"] for document in documents]
        ['Service', 'DataSource', 'SLO']
    """
    actions = sorted({window.action for each in objectives for window in each.windows})
    source = {"type": "Prometheus", "connectionDetails": {"job": SERVICE}}
    return [
        document(VERSION, "Service", SERVICE, {"description": "Campaign of erasure experiments."}),
        document(VERSION, "DataSource", _SOURCE, source),
        *(
            document(VERSION, "AlertNotificationTarget", action, {"target": action})
            for action in actions
        ),
        *(_slo(each, days) for each in objectives),
    ]


def document(version: str, kind: str, name: str, spec: Document, **metadata: str) -> Document:
    """Make a document in the way of Kubernetes.

    Example:
        >>> document("openslo/v1", "Service", "campaign", {})["metadata"]
        {'name': 'campaign'}
    """
    return {
        "apiVersion": version,
        "kind": kind,
        "metadata": {"name": name, **metadata},
        "spec": spec,
    }


def _slo(slo: Objective, days: int) -> Document:
    ratio: Document = {"counter": True}
    for part, selector in (("good", slo.counter("good")), ("total", slo.counter())):
        query = {"query": f"sum({selector})"}
        ratio[part] = {
            "metricSource": {"metricSourceRef": _SOURCE, "type": "Prometheus", "spec": query}
        }
    name = slo.dns_name
    spec = {
        "description": slo.meaning,
        "service": SERVICE,
        "indicator": {"metadata": {"name": f"{name[:57]}-ratio"}, "spec": {"ratioMetric": ratio}},
        "timeWindow": [{"duration": f"{days}d", "isRolling": True}],
        "budgetingMethod": "Occurrences",
        "objectives": [{"displayName": slo.metric, "target": slo.objective}],
        "alertPolicies": [
            _policy(f"{name[:50]}-{number}", each) for number, each in enumerate(slo.windows, 1)
        ],
    }
    return document(VERSION, "SLO", name, spec, displayName=slo.name)


def _policy(name: str, window: Window) -> Document:
    condition = {
        "kind": "burnrate",
        "op": "gt",
        "threshold": float(window.burn),
        "lookbackWindow": _shorthand(window.long),
        "alertAfter": _shorthand(window.short),
    }
    spec = {
        "description": (
            f"{window.action.capitalize()} where the budget burns more than {window.burn:g} times "
            f"too fast over {window.long:g} s and over {window.short:g} s."
        ),
        "alertWhenNoData": False,
        "alertWhenResolved": True,
        "alertWhenBreaching": True,
        "conditions": [
            {
                "kind": "AlertCondition",
                "metadata": {"name": f"{name}-burns"},
                "spec": {"severity": window.action, "condition": condition},
            }
        ],
        "notificationTargets": [{"targetRef": window.action}],
    }
    return {"kind": "AlertPolicy", "metadata": {"name": name}, "spec": spec}


def _shorthand(seconds: float) -> str:
    """Duration as OpenSLO writes it: a number of days, hours, or minutes rounded up."""
    for size, letter in ((86_400, "d"), (3600, "h")):
        if seconds % size == 0:
            return f"{seconds / size:.0f}{letter}"
    return f"{-(-seconds // 60):.0f}m"
