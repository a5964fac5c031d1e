"""Reference states of an algorithm's output in the success branch, where they are known."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from circuits.design import POINT, Design
from recycling.inference.bath.quantities import bloch_of
from recycling.results.dataset import POINT as DIM
from recycling.results.dataset import by_point
from recycling.results.theory import BLOCH

if TYPE_CHECKING:
    import xarray as xr

    from recycling.spec.experiment import Experiment

Real = NDArray[np.float64]

#: Rounding of the length of a pure state's Bloch vector.
_ROUNDING = 1e-9


def known_reference(experiment: Experiment) -> Real | None:
    """Compute the Bloch vectors of the output in the success branch (array of shape (point, 3)).

    From the algorithm's formula of its solution, or of its branches; NaN where the state is not
    pure. None where there is no formula, or the output has more than one qubit.

    Example:
        >>> from recycling.spec.experiment import Experiment
        >>> experiment = Experiment(
        ...     name="tiny",
        ...     algorithm={"name": "repeat-until-success"},
        ...     sweep={"theta": [0.3, 0.6], "p_x": [0.1, 0.4]},
        ...     measurement={"shots": "exact", "trials": 1},
        ... )
        >>> known_reference(experiment).round(3).tolist()  # X, Y, Z at each point
        [[0.19, 0.0, 0.982], [0.768, 0.0, 0.641]]
    """
    return reference_at(experiment, experiment.points)


def reference_at(experiment: Experiment, points: Mapping[str, Real]) -> Real | None:
    """Compute them at other points: see ``known_reference``.

    Args:
        experiment: the spec, whose sweep does not count.
        points: values of each parameter at every point (arrays of shape (point,)).

    Example:
        >>> from recycling.spec.experiment import Experiment
        >>> experiment = Experiment(name="tiny", algorithm={"name": "repeat-until-success"})
        >>> reference_at(experiment, {"theta": np.array([0.3])}).round(3).tolist()
        [[0.19, 0.0, 0.982]]
    """
    algorithm, design = experiment.algorithm.build(), experiment.design
    number = len(next(iter(points.values())))
    # An algorithm without parameters has a point, whose value its formulas do not take.
    values = () if design.parameters == (POINT,) else tuple(points.values())
    states = _called(getattr(algorithm, "solution", None), values)
    if states is not None:
        return bloch_of(np.broadcast_to(states, (number, 2))) if states.shape[-1] == 2 else None
    branches = _called(getattr(algorithm, "branches", None), values)
    if branches is None or branches.shape[-1] != 2:
        return None
    return np.broadcast_to(_success_state(branches, design), (number, 3))


def theory_reference(theory: xr.Dataset, design: Design) -> Real | None:
    """Read it from the noiseless theory of a run; None where the output is more than a qubit.

    Example:
        >>> import xarray as xr
        >>> from circuits import HHL
        >>> design = HHL([[2, -1], [-1, 2]]).design
        >>> dims, arms = ("arm", *design.parameter_names, "role", "axis"), list(design.arm_names)
        >>> theory = xr.Dataset({BLOCH: (dims, np.full((2, 5, 1, 3), 0.6**0.5))}, {"arm": arms})
        >>> theory_reference(theory, design).shape
        (5, 3)
    """
    success = design.success_arm.name
    ideal = by_point(theory[BLOCH].sel(arm=success), design.parameter_names)
    if ideal.sizes["role"] != 1:
        return None
    return _pure(ideal.isel(role=0).transpose(DIM, "axis").values)


def _called(formula: Any, values: tuple[Real, ...]) -> NDArray[np.complex128] | None:
    found = None if formula is None else formula(*values)
    return None if found is None else np.asarray(found, dtype=complex)


def _success_state(branches: NDArray[np.complex128], design: Design) -> Real:
    """Bloch vectors (..., 3) of the success branch; NaN where it is mixed, or never comes.

    Args:
        branches: unnormalised states by record of the flags (array of shape (..., record, 2, 2)).
        design: which records are success.
    """
    state = branches[..., list(design.success), :, :].sum(axis=-3)
    coherence, diagonal = state[..., 1, 0], np.einsum("...aa->...a", state).real
    vector = np.stack(
        [2 * coherence.real, 2 * coherence.imag, diagonal[..., 0] - diagonal[..., 1]], axis=-1
    )
    probability = diagonal.sum(axis=-1, keepdims=True)
    bloch = np.full_like(vector, np.nan)
    np.divide(vector, probability, out=bloch, where=probability > _ROUNDING)
    return _pure(bloch)


def _pure(bloch: Real) -> Real:
    """Bloch vectors (..., 3), those of mixed states as NaN."""
    length = np.linalg.norm(bloch, axis=-1, keepdims=True)
    return np.where(length > 1 - _ROUNDING, bloch, np.nan)
