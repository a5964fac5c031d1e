"""Attributes of a Dataset: the experiment, its device and its temperature."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from recycling.inference.bath.thermometry import Thermometry
from recycling.inference.states.records import Layout
from recycling.results.calibrations import (
    calibrations,
    known_latency,
    temperature_of_bounds,
)
from recycling.results.dataset import unusual_roles
from recycling.results.link import link_attributes, made_link
from recycling.results.schema import RESULTS_SCHEMA_VERSION
from recycling.results.stopping import until_attributes
from recycling.store.origin import data_kind, origin_of

if TYPE_CHECKING:
    from recycling.devices.device import Device
    from recycling.spec.experiment import Experiment
    from recycling.store.directory import Run


def run_attributes(run: Run) -> dict[str, Any]:
    """Collect the attributes of the Dataset of a stored run.

    Example:
        >>> from tempfile import TemporaryDirectory
        >>> import recycling
        >>> experiment = recycling.Experiment(
        ...     name="tiny",
        ...     algorithm={"name": "repeat-until-success"},
        ...     device={"profile": "ideal"},
        ...     sweep={"theta": [0.6], "p_x": [0.1, 0.4]},
        ...     measurement={"shots": "exact", "trials": 1},
        ... )
        >>> folder = TemporaryDirectory()
        >>> run = recycling.run(experiment, out=f"{folder.name}/run")
        >>> run_attributes(run)["data_kind"]
        'simulated'
        >>> folder.cleanup()
    """
    versions = {f"version_{name}": text for name, text in run.record["software"].items()}
    origin = origin_of(run.record)
    attributes = {
        "data_kind": data_kind(run.record),
        **({} if origin is None else {"origin": origin.words}),
        "warnings": "; ".join(filter(None, [*run.warnings, _link_warning(run.experiment)])),
        **experiment_attributes(run.experiment, run.device),
        **versions,
    }
    if run.until is not None:
        attributes |= until_attributes(run.until)
    known = calibrations(run)
    link = made_link(run.experiment, run.device, known.brackets.values())
    if link is not None:
        attributes |= link_attributes(link)
    found = known.temperatures
    chosen = temperature_of_bounds(run.experiment, found)
    if chosen is not found["given"]:
        attributes |= _named_temperature("temperature", chosen)
        attributes["temperature_source"] = chosen.source
    if origin is None:
        latency = known_latency(run)
        attributes |= {
            "feedforward_latency_s": latency.seconds,
            "feedforward_latency_planned_s": float(run.device.feedforward_latency),
            "feedforward_latency_source": latency.words,
        }
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
    """Collect the attributes of a Dataset that follow from the experiment and its device.

    Example:
        >>> from recycling.devices.profiles import ideal_device
        >>> from recycling.spec.experiment import preset
        >>> device = ideal_device(temperature=0.043, frequency=5e9)
        >>> experiment_attributes(preset("theory"), device)["temperature_K"]
        0.043
    """
    exact = experiment.measurement.shots == "exact"
    layout, link = Layout.of(experiment.design), made_link(experiment, device)
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
        **({} if link is None else link_attributes(link)),
    }


def _link_warning(experiment: Experiment) -> str:
    link = experiment.physical_link
    return "" if link is None or not link.warning else f"link: {link.warning}"
