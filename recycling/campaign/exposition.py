"""A campaign as Prometheus metrics.

Interface: ``registry_of(status, samples)`` → ``prometheus_client`` registry; ``METRICS`` says what
there is. ``status`` is that of the campaign (``runs``, ``qpu_seconds``, ``slo``), and ``source``
that of its runs, "measured" or "simulated"; ``samples`` are the latest of each metric and source.

Every sample says in its label ``source`` where it comes from. QPU time of simulated runs is what a
machine would have taken: modelled.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from recycling.campaign.telemetry import Sample

if TYPE_CHECKING:
    from prometheus_client import CollectorRegistry
    from prometheus_client.core import Metric

PREFIX = "recycling_campaign"
#: Names after the prefix, their labels beside ``source``, and what they are. Those on ``_total``
#: are counters, the others gauges.
METRICS: Mapping[str, tuple[tuple[str, ...], str]] = {
    "runs_total": (("state",), "Runs of the campaign by state; deferred ones count as done too."),
    "qpu_seconds_total": ((), "QPU time that the runs used, s."),
    "slo_runs_total": (("slo", "outcome"), "Runs that an objective counts, good or bad."),
    "slo_burn_rate": (("slo",), "Burn rate of the objective's error budget over all runs."),
    "telemetry": (("metric",), "Latest value of a metric, in SI units."),
    "telemetry_time_seconds": (("metric",), "Time of that value, s since 1970."),
}


def registry_of(status: Mapping[str, Any], samples: Iterable[Sample] = ()) -> CollectorRegistry:
    r"""Make the registry of a campaign's metrics, as of one moment.

    Args:
        status: ``runs`` by state, ``qpu_seconds``, ``slo`` with ``name, bad, total, burn_rate``
            each, and ``source`` of the runs: "measured" or, also where only some are, "simulated".
        samples: latest samples of the telemetry.

    Example:
        >>> from prometheus_client import generate_latest
        >>> status = {"runs": {"done": 3}, "qpu_seconds": 6, "slo": [], "source": "simulated"}
        >>> text = generate_latest(registry_of(status)).decode()
        >>> print(*(line for line in text.splitlines() if not line.startswith("#")), sep="\n")
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
        source = str(self.status["source"])
        charged = "modelled" if source == "simulated" else source
        objectives = self.status["slo"]
        counts = [
            (slo["name"], outcome, count)
            for slo in objectives
            for outcome, count in (("good", slo["total"] - slo["bad"]), ("bad", slo["bad"]))
        ]
        return {
            "runs_total": [(state, source, n) for state, n in self.status["runs"].items()],
            "qpu_seconds_total": [(charged, self.status["qpu_seconds"])],
            "slo_runs_total": [(name, outcome, source, n) for name, outcome, n in counts],
            "slo_burn_rate": [(slo["name"], source, slo["burn_rate"]) for slo in objectives],
            "telemetry": [(each.metric, each.source, each.value) for each in self.samples],
            "telemetry_time_seconds": [
                (each.metric, each.source, each.time) for each in self.samples
            ],
        }
