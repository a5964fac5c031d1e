"""The exact backend: joint probabilities from the engine, shots by seeded multinomial sampling."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from circuits.protocol import ARMS, STAGES, THETA_B
from circuits.tomography import BASIS_ANGLES, BASIS_PARAMETERS
from recycling.planning import PREPARATIONS, SETTINGS, Plan
from recycling.simulation.compiler import compile_program
from recycling.simulation.engine import execute

if TYPE_CHECKING:
    import xarray as xr

#: Axes of counts: the setting, then the recorded bits.
DIMENSIONS = (
    "arm", "stage", "preparation", "theta_b", "basis", "trial", "flag", "S", "B", "C_I"
)  # fmt: skip
#: Largest deviation of a probability from [0, 1] by rounding: 4⁶ terms of a few roundings each.
ROUNDING = 4**6 * 4 * np.finfo(float).eps


def exact_probabilities(plan: Plan) -> NDArray[np.float64]:
    """Joint probabilities of all settings.

    Returns:
        Array with the axes of ``DIMENSIONS`` less the trial.
    """
    angles = np.array(list(BASIS_ANGLES.values()))
    parameters = {THETA_B: plan.experiment.theta_b[:, None]}
    for column, name in enumerate(BASIS_PARAMETERS):
        parameters[name] = angles[None, :, column]
    programs = [
        compile_program(plan.circuits[setting], plan.device, parameters) for setting in SETTINGS
    ]
    outcomes = np.stack([outcome.probabilities for outcome in execute(programs)])
    return outcomes.reshape(len(ARMS), len(STAGES), len(PREPARATIONS), *outcomes.shape[1:])


def execute_exact(plan: Plan) -> xr.DataArray:
    """Execute a plan on the exact engine.

    Returns:
        Counts (int64) over ``DIMENSIONS``; with ``shots = "exact"`` the probabilities (float64).
    """
    import xarray as xr

    experiment = plan.experiment
    probabilities = exact_probabilities(plan)[..., None, :, :, :, :]
    shots, trials = experiment.measurement.shots, experiment.measurement.trials
    data: NDArray[np.float64] | NDArray[np.int64]
    if shots == "exact":
        data = probabilities
    else:
        generator = np.random.default_rng(np.random.SeedSequence(experiment.seed, spawn_key=(0,)))
        flat = _normalised(probabilities).reshape(*probabilities.shape[:-4], 16)
        flat = np.broadcast_to(flat, (*flat.shape[:-2], trials, 16))
        data = generator.multinomial(shots, flat).reshape(*flat.shape[:-1], 2, 2, 2, 2)
    coordinates = {
        "arm": list(ARMS),
        "stage": list(STAGES),
        "preparation": list(PREPARATIONS),
        "theta_b": experiment.theta_b,
        "basis": list(BASIS_ANGLES),
    }
    return xr.DataArray(data, dims=DIMENSIONS, coords=coordinates, name="counts")


def _normalised(probabilities: NDArray[np.float64]) -> NDArray[np.float64]:
    """Remove rounding below zero; anything larger is a fault of the engine."""
    if probabilities.min() < -ROUNDING:
        raise ArithmeticError(f"negative probability {probabilities.min():.3g} from the engine")
    clipped = np.maximum(probabilities, 0)
    return np.asarray(clipped / clipped.sum(axis=(-4, -3, -2, -1), keepdims=True))
