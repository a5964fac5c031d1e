"""A campaign as Prometheus metrics.

Interface: ``registry_of(status, samples)`` → ``prometheus_client`` registry; ``METRICS`` says what
there is. ``status`` is that of the campaign, and ``samples`` are the latest of each metric and
source.

Every sample says in its label ``source`` where it comes from. What runs report is measured if all
of them were; one that is simulated makes the counts of all of them simulated. QPU time of
simulated runs is what a machine would have taken: modelled.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from recycling.campaign.alerts import ACTIONS
from recycling.campaign.telemetry import Sample, source_of_charge

if TYPE_CHECKING:
    from prometheus_client import CollectorRegistry
    from prometheus_client.core import Metric

PREFIX = "recycling_campaign"
#: States of runs.
STATES = ("done", "failed", "rejected", "deferred")
#: Names after the prefix, their labels beside ``source``, and what they are. Those on ``_total``
#: are counters, the others gauges.
METRICS: Mapping[str, tuple[tuple[str, ...], str]] = {
    "runs_total": (("state",), "Runs by state; deferred ones are done or failed as well."),
    "runs_planned": ((), "Runs that the campaign has in all."),
    "qpu_seconds_total": ((), "QPU time that the runs used, s."),
    "qpu_seconds_budget": ((), "QPU time that they may use, s."),
    "slo_runs_total": (("slo", "outcome"), "Runs that an objective counts, good or bad."),
    "slo_burn_rate": (("slo",), "Burn rate of the objective's error budget over all runs."),
    "slo_alert_open": (("slo", "action"), "1 while an alert of the objective is open, else 0."),
    "telemetry_completeness": ((), "Fraction of runs that left telemetry."),
    "telemetry": (("metric",), "Latest value of a metric, in SI units."),
    "telemetry_time_seconds": (("metric",), "Time of that value, s since 1970."),
}


def registry_of(status: Mapping[str, Any], samples: Iterable[Sample] = ()) -> CollectorRegistry:
    r"""Make the registry of a campaign's metrics, as of one moment.

    Args:
        status: ``source`` of the runs ("measured", or "simulated" where any is), ``runs`` by state,
            ``qpu_seconds``, ``slo`` with ``name, bad, total, burn_rate`` each; where there are,
            ``runs.planned``, ``budget``, ``open`` alerts of each objective, and
            ``telemetry.completeness``.
        samples: latest samples of the telemetry.

    Example:
        >>> from prometheus_client import generate_latest
        >>> status = {"runs": {"done": 3}, "qpu_seconds": 6, "slo": [], "source": "simulated"}
        >>> text = generate_latest(registry_of(status)).decode()
        >>> print(*(line for line in text.splitlines() if line.endswith(("3.0", "6.0"))), sep="\n")
        recycling_campaign_runs_total{source="simulated",state="done"} 3.0
        recycling_campaign_qpu_seconds_total{source="modelled"} 6.0
    """
    from prometheus_client import CollectorRegistry

    registry = CollectorRegistry(auto_describe=False)
    registry.register(_Collector(status, tuple(samples)))
    return registry


@dataclass(frozen=True, eq=False)
class _Collector:
    """Collector that reads a status: nothing counts up by itself."""

    status: Mapping[str, Any]
    samples: tuple[Sample, ...]

    def collect(self) -> Iterator[Metric]:
        from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily

        values = self._values()
        for name, (labels, meaning) in METRICS.items():
            family = CounterMetricFamily if name.endswith("_total") else GaugeMetricFamily
            metric = family(f"{PREFIX}_{name}", meaning, labels=(*labels, "source"))
            for *label_values, value in values[name]:
                metric.add_metric(label_values, float(value))
            yield metric

    def _values(self) -> dict[str, list[tuple[Any, ...]]]:
        """Label values and value of each sample, by the metric's name."""
        status = self.status
        source = str(status["source"])
        slos = status["slo"]
        completeness = status.get("telemetry", {}).get("completeness")
        planned, budget = status["runs"].get("planned"), status.get("budget")
        return {
            "runs_total": [(state, source, status["runs"].get(state, 0)) for state in STATES],
            "qpu_seconds_total": [(source_of_charge(source), status["qpu_seconds"])],
            "slo_runs_total": [
                (slo["name"], outcome, source, count)
                for slo in slos
                for outcome, count in (("good", slo["total"] - slo["bad"]), ("bad", slo["bad"]))
            ],
            "slo_burn_rate": [(slo["name"], source, slo["burn_rate"]) for slo in slos],
            "slo_alert_open": [
                (slo["name"], action, source, action in slo["open"])
                for slo in slos
                for action in (ACTIONS if "open" in slo else ())
            ],
            "telemetry_completeness": [] if completeness is None else [(source, completeness)],
            "telemetry": [(each.metric, each.source, each.value) for each in self.samples],
            "telemetry_time_seconds": [
                (each.metric, each.source, each.time) for each in self.samples
            ],
            "runs_planned": [] if planned is None else [("declared", planned)],
            "qpu_seconds_budget": [] if budget is None else [("declared", budget)],
        }
