"""The allocation of a spec: repeats of each entry, and poles of the frames, by their names."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Annotated, Any

import numpy as np
from pydantic import Field, FiniteFloat

from circuits.allocation import Allocation
from recycling.spec.sections import Section

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from circuits.design import Design
    from recycling.spec.experiment import Experiment

#: Most repeats of an entry in a trial, and of all entries of a trial together: each is a set of
#: parameters that is sent and an array of shots that comes back.
MOST_REPEATS, MOST_ENTRIES = 10_000, 1_000_000

_Repeats = Annotated[int, Field(ge=0, le=MOST_REPEATS)]
_Rows = tuple[tuple[_Repeats, _Repeats, _Repeats], ...]
_Poles = tuple[tuple[FiniteFloat, FiniteFloat], ...]


class AllocationSpec(Section):
    """How often each entry of a trial is measured, and along which axes; see ``Allocation``.

    ``repeats`` has, by arm, stage and preparation, a row for each point of the sweep with the
    repeats of the three axes: an entry takes repeats × ``shots`` executions. ``poles`` has, by arm,
    stage and measured qubit, a row for each point with the polar angle and the azimuth (rad) of the
    qubit's third axis. What is left out is measured once, along the axes of the laboratory.

    Example:
        >>> from circuits.design import RECYCLING
        >>> AllocationSpec(repeats={RECYCLING: {"after": {"X": [[1, 1, 4]]}}}).poles
        {}
    """

    repeats: dict[str, dict[str, dict[str, _Rows]]] = Field(default_factory=dict)
    poles: dict[str, dict[str, dict[str, _Poles]]] = Field(default_factory=dict)

    def build(self, design: Design, points: int) -> Allocation:
        """Make the allocation of an experiment.

        Raises:
            ValueError: a name is none of the design's, a row is missing, or nothing would
                be measured at all; the line begins with the keys.

        Example:
            >>> from circuits import HHL
            >>> design = HHL([[2, -1], [-1, 2]]).design
            >>> from circuits.design import RECYCLING
            >>> spec = AllocationSpec(repeats={RECYCLING: {"after": {"X": [[1, 1, 4]]}}})
            >>> spec.build(design, points=1).repeats[1, 1, 1].tolist()
            [[1, 1, 4]]
        """
        names = (design.arm_names, design.stages, design.preparations)
        repeats = Allocation.equal(design, points).repeats
        for place, rows in _placed("repeats", self.repeats, names, points):
            repeats[place] = rows
        if not 0 < repeats.sum() <= MOST_ENTRIES:
            raise ValueError(
                f"measurement.allocation.repeats add up to {repeats.sum()}: give 1 to "
                f"{MOST_ENTRIES} in all"
            )
        if not self.poles:
            return Allocation(repeats)
        poles = np.zeros((len(names[0]), len(names[1]), points, len(design.measured), 2))
        names = (design.arm_names, design.stages, design.measured)
        for (arm, stage, qubit), rows in _placed("poles", self.poles, names, points):
            poles[arm, stage, :, qubit] = rows
        return Allocation(repeats, poles)


def tomography_axes(experiment: Experiment) -> NDArray[np.float64] | None:
    """Axes along which each qubit is measured, as ``estimate_arms`` takes them.

    Returns:
        Unit vectors in the laboratory (array of shape (arm, point, stage, qubit, basis, 3)); None
        where all are x, y and z.

    Example:
        >>> from recycling.spec.experiment import Experiment
        >>> from circuits.design import RECYCLING
        >>> poles = {RECYCLING: {"after": {"S": [[0.3, 0.0]] * 11}}}
        >>> measurement = {"shots": 100, "allocation": {"poles": poles}}
        >>> tomography_axes(Experiment(name="turned", measurement=measurement)).shape
        (2, 11, 2, 3, 3, 3)
    """
    allocation = experiment.allocation
    if allocation is None or allocation.poles is None:
        return None
    return allocation.axes(len(experiment.design.measured)).swapaxes(1, 2)


def _placed(
    field: str,
    given: Mapping[str, Any],
    names: Sequence[Sequence[str]],
    points: int,
    keys: tuple[str, ...] = (),
) -> Iterator[tuple[tuple[int, ...], Any]]:
    """Place and rows of everything that nested tables give."""
    for name, content in given.items():
        known, path = names[len(keys)], (*keys, name)
        shown = ".".join(("measurement.allocation", field, *path))
        if name not in known:
            raise ValueError(f"{shown}: {name!r} is unknown; give one of {', '.join(known)}")
        if len(path) < len(names):
            yield from _placed(field, content, names, points, path)
            continue
        if len(content) != points:
            raise ValueError(
                f"{shown} has {len(content)} rows: give one for each point of the sweep, {points}"
            )
        yield tuple(own.index(key) for own, key in zip(names, path, strict=True)), content
