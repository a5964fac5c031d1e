"""Axes of tomography: from components of Bloch vectors along them to directions in the laboratory.

Bloch vectors come as three components, along the axes of a frame that each qubit has at each point
and stage: for both preparations the same, so that mixing stays a sum along each axis. A length
needs no frame. A direction of the laboratory, such as z of the populations, is a sum over the axes.
"""

from __future__ import annotations

from typing import cast

import numpy as np
from numpy.typing import NDArray

from recycling.thermodynamics import namespace_of

Real = NDArray[np.float64]

#: An axis whose share in a direction is smaller is perpendicular to it up to rounding.
_PERPENDICULAR = 1e-12


def beside(axes: Real | None, between: int) -> Real | None:
    """Axes with as many further dimensions behind that of the points.

    Args:
        axes: unit vectors (array of shape (point, stage, qubit, basis, 3)); None for x, y and z.
        between: number of dimensions of Bloch vectors between the points and the stages.

    Example:
        >>> beside(np.ones((4, 2, 3, 3, 3)), between=2).shape
        (4, 1, 1, 2, 3, 3, 3)
    """
    if axes is None:
        return None
    return axes.reshape(axes.shape[0], *(1,) * between, *axes.shape[1:])


def shares_of(direction: int, axes: Real) -> Real:
    """Components of the axes along a direction of the laboratory: the axes outermost.

    Args:
        direction: 0, 1 or 2 for x, y or z.
        axes: unit vectors (array of shape (..., stage, qubit, basis, 3)).

    Returns:
        Array of shape (basis, ..., stage, qubit).

    Example:
        >>> shares_of(2, np.broadcast_to(np.eye(3), (2, 3, 3, 3)))[:, 0, 0].tolist()
        [0.0, 0.0, 1.0]
    """
    return cast(Real, namespace_of(axes).moveaxis(axes[..., direction], -1, 0))


def in_frame(directions: Real, axes: Real | None) -> Real:
    """Components of directions of the laboratory along the axes of a frame.

    Args:
        directions: vectors (array of shape (..., 3)).
        axes: unit vectors (array of shape (..., basis, 3)); None for x, y and z.

    Returns:
        Array of shape (..., basis).

    Example:
        >>> turned = np.array([[0.0, 0, -1], [0, 1, 0], [1, 0, 0]])  # a quarter turn about y
        >>> in_frame(np.array([0.6, 0.0, 0.8]), turned).tolist()
        [-0.8, 0.0, 0.6]
    """
    if axes is None:
        return directions
    xp = namespace_of(directions, axes)
    return cast(Real, xp.sum(xp.asarray(axes) * xp.asarray(directions)[..., None, :], axis=-1))


def taking_part(shares: Real, vector: Real) -> Real:
    """Bloch vectors with 0 for unknown components (NaN) that have no share in a direction.

    Example:
        >>> taking_part(np.array([0.6, 0.0, 0.8]), np.array([np.nan, np.nan, 0.5])).tolist()
        [nan, 0.0, 0.5]
    """
    xp = namespace_of(vector, shares)
    idle = xp.isnan(vector) & (xp.abs(xp.asarray(shares)) <= _PERPENDICULAR)
    return cast(Real, xp.where(idle, 0, vector))


def along(shares: Real, vector: Real) -> Real:
    """Component of Bloch vectors along a direction, by the shares of the axes in it.

    An axis that was not measured is unknown (NaN), and so is what it has a share in.

    Args:
        shares: of each axis (array of shape (basis, ...)).
        vector: components along each axis (likewise), of any array namespace.

    Example:
        >>> along(np.array([0.6, 0.0, 0.8]), np.array([0.5, np.nan, 0.5])).round(4).item()
        0.7
    """
    xp = namespace_of(vector, shares)
    return cast(Real, xp.sum(xp.asarray(shares) * taking_part(shares, vector), axis=0))


def height(vector: Real, axes: Real | None) -> Real:
    """Component z of Bloch vectors.

    Args:
        vector: components along each axis (array of shape (basis, ..., stage, qubit)).
        axes: unit vectors, broadcast against it (array of shape (..., stage, qubit, basis, 3));
            None for x, y and z.

    Example:
        >>> turned = np.array([[0.0, 0, -1], [0, 1, 0], [1, 0, 0]])  # a quarter turn about y
        >>> vector = np.array([0.1, 0.2, 0.3]).reshape(3, 1, 1)
        >>> height(vector, None).item(), height(vector, turned.reshape(1, 1, 3, 3)).item()
        (0.3, -0.1)
    """
    return vector[-1, ...] if axes is None else along(shares_of(2, axes), vector)
