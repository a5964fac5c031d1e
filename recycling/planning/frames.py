"""Axes of tomography along the Bloch vectors that are predicted."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from recycling.planning.forecast import Forecast

Real = NDArray[np.float64]

#: Shortest Bloch vector that has a direction to speak of.
_SHORTEST = 0.1
#: Angle to an axis of the laboratory, rad, below which the axis itself is taken: a part of 1e-3 of
#: the vector is then across.
_CLOSEST = 0.05
#: Decimals of an angle in a spec, rad.
_DECIMALS = 4


def predicted_poles(forecast: Forecast, p_x: float) -> Real:
    """Frames whose axes lie along what is predicted, at every point.

    Entropies follow from the length of a Bloch vector, so the third axis of the target, and of the
    output, points along it. The heat follows from the z component of the bath: its third axis stays
    z, and the first one turns into the plane of the vector. The sign of an axis does not matter, so
    the third one points up.

    Args:
        forecast: forecast along the axes of the laboratory.
        p_x: excited weight at which the target is analysed.

    Returns:
        Polar angle and azimuth of each third axis (array of shape (arm, stage, point, qubit, 2)).

    Example:
        >>> import recycling
        >>> experiment = recycling.Experiment(
        ...     name="tiny",
        ...     algorithm={"name": "repeat-until-success"},
        ...     device={"profile": "ideal"},
        ...     sweep={"theta": [0.3, 0.6], "p_x": [0.1]},
        ... )
        >>> planned = recycling.plan(experiment)
        >>> from recycling.jobs.cut import protocol_pubs
        >>> from recycling.planning.forecast import forecast_of
        >>> pubs = protocol_pubs(experiment, planned.circuits)
        >>> forecast = forecast_of(experiment, planned.device, pubs)
        >>> predicted_poles(forecast, p_x=0.1).shape
        (2, 2, 2, 3, 2)
    """
    design = forecast.experiment.design
    vectors = np.stack([forecast.bloch(arm, p_x) for arm in design.arm_names])
    x, y, z = np.moveaxis(np.where(vectors[..., 2:] < 0, -vectors, vectors), -1, 0)
    length, across = np.linalg.norm(vectors, axis=-1), np.hypot(x, y)
    theta, phi = (_settled(angle) for angle in (np.arctan2(across, z), np.arctan2(y, x)))
    along_z = (length < _SHORTEST) | (theta == 0)
    theta[along_z] = phi[along_z] = 0
    bath = [design.measured.index(role) for role in design.bath]
    theta[..., bath] = 0
    poles: Real = np.stack([theta, phi], axis=-1)
    return poles.round(_DECIMALS)


def _settled(angle: Real) -> Real:
    """Angle, or a multiple of π/2 close by."""
    axis = np.round(angle / (np.pi / 2)) * (np.pi / 2)
    return np.asarray(np.where(np.abs(angle - axis) < _CLOSEST, axis, angle))
