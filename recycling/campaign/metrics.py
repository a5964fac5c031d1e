"""Metrics of a run: the numbers that objectives are set on, and what each means.

Every metric is better where it is larger, so that an objective is always "at least".
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class Metric:
    """A metric: its SI unit, its meaning, and whether a run may lack it though nothing is missing.

    Example:
        >>> METRICS["t1"].unit, METRICS["saving_tight"].optional
        ('s', True)
    """

    unit: str
    meaning: str
    optional: bool = False


#: Metrics by name. Those of a sweep are of its worst point, but for verdicts: of the best one.
METRICS: Mapping[str, Metric] = {
    "success": Metric("1", "1 where the run is done, 0 where it failed"),
    "success_fidelity": Metric("1", "lowest fidelity of the success branch over the sweep"),
    "entropy_decrease": Metric("nat", "lowest ΔS over the sweep, at the shown p_x"),
    "saving_tight": Metric("J", "largest Q_tight - ΔQ_B over the sweep, at the shown p_x", True),
    "saving_landauer": Metric("J", "the same with the Landauer bound", True),
    "below_tight": Metric("σ", "most significant Q_tight - ΔQ_B over the sweep, in σ", True),
    "below_landauer": Metric("σ", "the same with the Landauer bound", True),
    "t1": Metric("s", "T1 of the bath qubit in the bracket before the run"),
    "t2": Metric("s", "its T2 by a Hahn echo"),
    "readout_fidelity": Metric("1", "1 - (P(1|0) + P(0|1))/2 of the same qubit"),
    "ground_population": Metric("1", "1 - its excited population after a long wait: shows T0"),
    "steadiness": Metric("1", "1 where nothing drifted since the first run, else 0"),
    "completeness": Metric("1", "fraction of the expected metrics that were recorded"),
}
