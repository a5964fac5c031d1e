"""Temperature of the bath from the counts of a run: of its records before the task."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike

from circuits.design import FLAG, Design
from recycling.inference.bath.thermometry import Thermometry, bath_temperature, exact_temperature
from recycling.inference.states.records import Layout

if TYPE_CHECKING:
    import xarray as xr


def run_temperature(
    counts: xr.DataArray,
    design: Design,
    frequency: float,
    readout: tuple[float, float] = (0.0, 0.0),
    covariance: ArrayLike | None = None,
) -> Thermometry:
    """Measure the temperature of the bath qubit by the counts of a run; see ``bath_temperature``.

    Args:
        counts: counts over the dims of the design; exact probabilities in their place leave the
            error of the calibration alone.
        design: design of the experiment.
        frequency: frequency of the bath qubit, Hz.
        readout: its readout errors e₀ and e₁.
        covariance: covariance of the readout errors (array of shape (2, 2)).

    Example:
        >>> from recycling.spec.experiment import Experiment
        >>> experiment = Experiment(
        ...     name="tiny",
        ...     algorithm={"name": "repeat-until-success"},
        ...     sweep={"theta": [0.3, 0.6], "p_x": [0.1, 0.4]},
        ...     measurement={"shots": "exact", "trials": 1},
        ... )
        >>> from recycling.jobs.counts import counts_of
        >>> counts = counts_of(experiment, {0: np.full((2, 2, 2, 2, 3, 2, 2, 2, 2), 1 / 16)})
        >>> cold = counts.where(counts["B"] == 0, 0)
        >>> run_temperature(cold, experiment.design, frequency=5e9).temperature.value  # K
        0.0
    """
    axes, excited, shots = thermal_records(counts, design)
    layout = Layout.of(design)
    qubit = f"{layout.measured[layout.bath]} before the erasure"
    if np.issubdtype(counts.dtype, np.integer):
        return bath_temperature(
            excited, shots, frequency, readout, covariance, dimensions=axes, qubit=qubit
        )
    fraction = float(excited.sum() / shots.sum())
    return exact_temperature(fraction, frequency, readout, covariance, qubit=qubit)


def thermal_records(counts: xr.DataArray, design: Design) -> tuple[tuple[str, ...], Any, Any]:
    """Select the Z-basis records of the bath before the task, in the arm without a reset.

    Args:
        counts: over the dims of the design.
        design: design of the experiment.

    Returns:
        Names of the axes along which records are kept apart; shots recorded as 1, and all shots
        (arrays over these axes). Of counts they are integers.

    Example:
        >>> from recycling.spec.experiment import Experiment
        >>> experiment = Experiment(
        ...     name="tiny",
        ...     algorithm={"name": "repeat-until-success"},
        ...     sweep={"theta": [0.3, 0.6], "p_x": [0.1, 0.4]},
        ...     measurement={"shots": "exact", "trials": 1},
        ... )
        >>> from recycling.jobs.counts import counts_of
        >>> counts = counts_of(experiment, {0: np.full((2, 2, 2, 2, 3, 2, 2, 2, 2), 1 / 16)})
        >>> axes, excited, shots = thermal_records(counts, experiment.design)
        >>> axes, excited.shape
        (('trial', 'preparation', 'theta', 'flag'), (1, 2, 2, 2))
    """
    axes = ("trial", "preparation", *design.parameter_names, FLAG)
    layout = Layout.of(design)
    bath = layout.measured[layout.bath]
    arm = design.success_arm.name
    others = [role for role in design.measured if role != bath]
    records = counts.sel(arm=arm, stage=design.stages[0], basis="Z").sum(others)
    ordered = records.transpose(*axes, bath).values
    return axes, ordered[..., 1], ordered.sum(axis=-1)
