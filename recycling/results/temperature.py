"""Temperature T0 of the bath of a stored run: given, measured, or from its calibration."""

from __future__ import annotations

import numpy as np

from circuits.calibration.assignment import RECORDED_QUBITS
from recycling.errors import BadInput
from recycling.inference.bath.thermometry import (
    Thermometry,
    behind_gates,
    calibrated_temperature,
    given_temperature,
    rotation_depolarizing,
    run_temperature,
)
from recycling.inference.readout.assignment import QUBITS, Assignment
from recycling.results.assignment import stored_assignment
from recycling.results.brackets import stored_brackets
from recycling.spec.experiment import Experiment
from recycling.store.directory import Run

_BATH = RECORDED_QUBITS.index("B")


def bath_temperatures(run: Run) -> dict[str, Thermometry]:
    """Temperature of the bath qubit by each source that a run has.

    Returns:
        "given", always; "measured" on B before the erasure in the equilibrium arm; "calibration"
        by the bracket before the run.
    """
    bath = run.experiment.bath
    source = run.device.source("temperature", "B")
    found = {"given": given_temperature(bath.temperature, bath.frequency, source)}
    found["measured"] = measured_temperature(run, stored_assignment(run))
    brackets = stored_brackets(run)
    if brackets:
        name, bracket = next(iter(brackets.items()))
        found["calibration"] = calibrated_temperature(bracket, bath.frequency, name)
    return found


def measured_temperature(run: Run, assignment: Assignment) -> Thermometry:
    """Temperature from B before the erasure, errors of readout and basis rotation taken out."""
    readout = float(assignment.false_excited[_BATH]), float(assignment.false_ground[_BATH])
    errors = [_BATH, QUBITS + _BATH]
    return run_temperature(
        run.counts,
        run.experiment.bath.frequency,
        behind_gates(readout, rotation_depolarizing(run.device)),
        assignment.covariance[np.ix_(errors, errors)],
    )


def temperature_of_bounds(experiment: Experiment, found: dict[str, Thermometry]) -> Thermometry:
    """Temperature that the bounds are computed with, by the spec.

    Args:
        experiment: the spec.
        found: ``bath_temperatures`` of the run.

    Raises:
        BadInput: that source is not there, or shows no positive, finite temperature.
    """
    wanted = experiment.inference.temperature
    if wanted not in found:
        raise BadInput(
            f"inference.temperature = {wanted!r}: no bracket was measured with this run; "
            "give 'given' or 'measured'"
        )
    chosen = found[wanted]
    if not 0 < chosen.temperature < np.inf:
        raise BadInput(
            f"inference.temperature = {wanted!r} shows {chosen.temperature:g} K ({chosen.note}): "
            "give 'given'"
        )
    return chosen
