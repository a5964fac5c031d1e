"""Temperature of the bath from the counts of a run: of its records before the task."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from circuits.design import FLAG, Design
from circuits.tomography import BASIS_ANGLES
from recycling.inference.bath.thermometry import Thermometry, bath_temperature, exact_temperature
from recycling.inference.states.records import Layout

if TYPE_CHECKING:
    import xarray as xr

Real = NDArray[np.float64]

#: An axis whose component along z is closer to 1 points there: a population is off by half of it.
_ALONG = 1e-9


def run_temperature(
    counts: xr.DataArray,
    design: Design,
    frequency: float,
    readout: tuple[float, float] = (0.0, 0.0),
    covariance: ArrayLike | None = None,
    tomography: Real | None = None,
) -> Thermometry:
    """Measure the temperature of the bath qubit by the counts of a run; see ``bath_temperature``.

    Where no axis of the bath points along z, or none has shots, all is NaN, with a note.

    Args:
        counts: counts over the dims of the design; exact probabilities in their place leave the
            error of the calibration alone.
        design: design of the experiment.
        frequency: frequency of the bath qubit, Hz.
        readout: its readout errors e₀ and e₁.
        covariance: covariance of the readout errors (array of shape (2, 2)).
        tomography: see ``thermal_records``.

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
    axes, excited, shots = thermal_records(counts, design, tomography)
    layout = Layout.of(design)
    qubit = f"{layout.measured[layout.bath]} before the erasure"
    if np.issubdtype(counts.dtype, np.integer):
        return bath_temperature(
            excited, shots, frequency, readout, covariance, dimensions=axes, qubit=qubit
        )
    total = float(shots.sum())
    fraction = float(excited.sum()) / total if total > 0 else np.nan
    return exact_temperature(fraction, frequency, readout, covariance, qubit=qubit)


def thermal_records(
    counts: xr.DataArray, design: Design, tomography: Real | None = None
) -> tuple[tuple[str, ...], Any, Any]:
    """Select the records of the bath along z before the task, in the arm without a reset.

    Args:
        counts: over the dims of the design.
        design: design of the experiment.
        tomography: axes of tomography (array of shape (arm, point, stage, qubit, basis, 3)), of
            which those of the bath along z or -z serve; None for x, y and z.

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
    records = counts.sel(arm=arm, stage=design.stages[0]).sum(others)
    ordered = records.sel(basis=list(BASIS_ANGLES)).transpose("basis", *axes, bath).values
    if tomography is None:
        along_z = ordered[-1]
    else:
        place = design.arm_names.index(arm), slice(None), layout.before, layout.bath
        share = tomography[place][..., 2].T  # basis, point
        swept = [counts.sizes[name] for name in design.parameter_names]
        up, down = ((sign * share > 1 - _ALONG).reshape(-1, 1, 1, *swept, 1, 1) for sign in (1, -1))
        along_z = np.sum(np.where(up, ordered, np.where(down, ordered[..., ::-1], 0)), axis=0)
    return axes, along_z[..., 1], along_z.sum(axis=-1)
