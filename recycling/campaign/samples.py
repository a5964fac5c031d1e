"""Telemetry of a run: samples of its record, each with the source that it comes from."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from recycling.campaign.telemetry import Sample, source_of_charge


def samples_of(record: Mapping[str, Any]) -> list[Sample]:
    """List the samples of a record; none where the telemetry was rehearsed to fail.

    Metrics are measured or simulated. The calibration of a machine, and the modelled temperature
    of a declared plate, have sources of their own.

    Example:
        >>> record = {"run": 1, "time": 0.0, "state": "done", "source": "simulated",
        ...     "metrics": {"success": 1.0}, "recorded": True, "plate": {"begin": 0.01},
        ...     "qpu_seconds": 2.0}
        >>> [(sample.metric, sample.source) for sample in samples_of(record)]
        [('success', 'simulated'), ('qpu_seconds', 'modelled'), ('plate_temperature', 'modelled')]
    """
    if not record.get("recorded", True):
        return []
    time, run, source = float(record["time"]), int(record["run"]), str(record["source"])
    rows = [(name, value, source) for name, value in record["metrics"].items()]
    rows += [(name, value, "calibration") for name, value in record.get("calibration", {}).items()]
    if record["state"] != "rejected":
        rows.append(("qpu_seconds", record["qpu_seconds"], source_of_charge(source)))
    if record.get("plate"):
        rows.append(("plate_temperature", record["plate"]["begin"], "modelled"))
    return [Sample(time, run, name, float(value), source) for name, value, source in rows]
