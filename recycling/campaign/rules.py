"""Objectives of a campaign for tools that make Prometheus rules of them.

Interface: ``export_objectives(objectives, dialect)`` → YAML. ``dialect`` is the ``apiVersion``:

* ``openslo/v1``: the OpenSLO of today, with the alerts as policies.
* ``openslo/v1alpha``: the OpenSLO that sloth reads; it has no alerts, sloth makes its usual ones.
* ``pyrra.dev/v1alpha1``: the resources of Pyrra, which reads no OpenSLO.

All of them count the samples of ``recycling_campaign_slo_runs_total{slo, outcome}`` (module
``exposition``), since rates of a budget need counters. The campaign decides which runs are good.
Windows shorter than the time between two runs hold none, and no rule fires in them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence

from recycling.campaign.objectives import Objective
from recycling.campaign.openslo import SERVICE, Document, document, openslo_documents
from recycling.errors import BadInput


def export_objectives(
    objectives: Iterable[Objective], dialect: str = "openslo/v1", *, days: int = 30
) -> str:
    """Write objectives as YAML documents.

    Args:
        objectives: objectives.
        dialect: ``apiVersion`` of the documents.
        days: length of the rolling period that the error budget is for.

    Raises:
        BadInput: the dialect is not known, or two names become the same one.

    Example:
        >>> slo = Objective("fidelity", "success_fidelity", at_least=0.9, objective=0.99)
        >>> print(export_objectives([slo], "pyrra.dev/v1alpha1").split("spec:")[1])
        <BLANKLINE>
          target: '99'
          window: 30d
          description: Fraction of runs with success_fidelity of at least 0.9.
          indicator:
            ratio:
              errors:
                metric: recycling_campaign_slo_runs_total{slo="fidelity",outcome="bad"}
              total:
                metric: recycling_campaign_slo_runs_total{slo="fidelity"}
        <BLANKLINE>
    """
    import yaml

    objectives = list(objectives)
    if dialect not in DIALECTS:
        raise BadInput(f"dialect = {dialect}: give {', '.join(DIALECTS)}")
    if days < 1:
        raise BadInput(f"days = {days}: give 1 or more")
    names = [each.dns_name for each in objectives]
    for name, each in zip(names, objectives, strict=True):
        if not name:
            raise BadInput(f"name = {each.name}: give one with letters or digits of ASCII")
        if names.count(name) > 1:
            raise BadInput(f"name = {each.name}: two objectives become {name}; give another name")
    return yaml.safe_dump_all(DIALECTS[dialect](objectives, days), sort_keys=False)


def _sloth(objectives: Sequence[Objective], days: int) -> list[Document]:
    """OpenSLO v1alpha; sloth puts the lengths of its windows into the queries."""
    documents = []
    for slo in objectives:
        ratio = {
            part: {
                "source": "prometheus",
                "queryType": "promql",
                "query": f"sum(increase({selector}[{{{{.window}}}}]))",
            }
            for part, selector in (("good", slo.counter("good")), ("total", slo.counter()))
        }
        spec = {
            "service": SERVICE,
            "description": slo.meaning,
            "budgetingMethod": "Occurrences",
            "objectives": [{"ratioMetrics": ratio, "target": slo.objective}],
            "timeWindows": [{"count": days, "unit": "Day"}],
        }
        named = {"displayName": slo.name}
        documents.append(document("openslo/v1alpha", "SLO", slo.dns_name, spec, **named))
    return documents


def _pyrra(objectives: Sequence[Objective], days: int) -> list[Document]:
    documents = []
    for slo in objectives:
        ratio = {"errors": {"metric": slo.counter("bad")}, "total": {"metric": slo.counter()}}
        spec = {
            "target": f"{100 * slo.objective:.10g}",
            "window": f"{days}d",
            "description": slo.meaning,
            "indicator": {"ratio": ratio},
        }
        kind = "ServiceLevelObjective"
        documents.append(document("pyrra.dev/v1alpha1", kind, slo.dns_name, spec))
    return documents


#: Documents of objectives, by dialect.
DIALECTS: Mapping[str, Callable[[Sequence[Objective], int], list[Document]]] = {
    "openslo/v1": openslo_documents,
    "openslo/v1alpha": _sloth,
    "pyrra.dev/v1alpha1": _pyrra,
}
