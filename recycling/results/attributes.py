"""Attributes of a Dataset: what was run, on what device, and what its temperature is."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from recycling.inference.bath.thermometry import Thermometry
from recycling.inference.states.records import Layout
from recycling.results.calibrations import calibrations, temperature_of_bounds
from recycling.results.dataset import unusual_roles
from recycling.results.schema import RESULTS_SCHEMA_VERSION

if TYPE_CHECKING:
    from recycling.devices.device import Device
    from recycling.spec.experiment import Experiment
    from recycling.store.directory import Run


def run_attributes(run: Run) -> dict[str, Any]:
    """Attributes of the Dataset of a stored run."""
    versions = {f"version_{name}": text for name, text in run.record["software"].items()}
    kind = "simulated" if run.simulated else "measured"
    attributes = {
        "data_kind": kind,
        "warnings": "; ".join(run.warnings),
        **experiment_attributes(run.experiment, run.device),
        **versions,
    }
    found = calibrations(run).temperatures
    chosen = temperature_of_bounds(run.experiment, found)
    if chosen is not found["given"]:
        attributes |= _named_temperature("temperature", chosen)
        attributes["temperature_source"] = chosen.source
    measured = found.get("measured")
    if measured is not None and np.isfinite(measured.temperature.value):
        attributes |= _named_temperature("temperature_measured", measured)
    return attributes


def _named_temperature(name: str, found: Thermometry) -> dict[str, float]:
    return {
        f"{name}_K": found.temperature.value,
        f"{name}_low_K": found.temperature.low,
        f"{name}_high_K": found.temperature.high,
    }


def experiment_attributes(experiment: Experiment, device: Device) -> dict[str, Any]:
    """Attributes of a Dataset that follow from the experiment and its device."""
    exact = experiment.measurement.shots == "exact"
    layout = Layout.of(experiment.design)
    target, bath = layout.measured[layout.target], layout.measured[layout.bath]
    return {
        "title": f"thermodynamic recycling: {experiment.name}",
        "schema_version": RESULTS_SCHEMA_VERSION,
        "spec_hash": experiment.hash,
        "device": device.name,
        "temperature_K": experiment.bath.temperature,
        "temperature_source": device.source("temperature", bath),
        "frequency_Hz": experiment.bath.frequency,
        "seed": experiment.seed,
        "shots": str(experiment.measurement.shots),
        "estimator": experiment.inference.estimator,
        "interval": "none: infinitely many shots"
        if exact
        else "95 % by test inversion, of all trials with the drift between them; bands by "
        f"{experiment.inference.resamples} resamples",
        **unusual_roles({"target": target, "bath": bath}),
    }
