"""The work of a sweep: the results of a chunk by its number, anywhere and again."""

from __future__ import annotations

import pickle
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from time import perf_counter
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray
from pydantic import ValidationError

from recycling.errors import BadInput
from recycling.extras import need
from recycling.simulation.libraries import array_library
from recycling.spec.keys import decides
from recycling.spec.messages import fault_lines
from recycling.sweeps.chunks import Chunks
from recycling.sweeps.devices import times_over
from recycling.sweeps.evaluate import Prepared, evaluate, prepare
from recycling.sweeps.points import Points, Region, distinct
from recycling.sweeps.variables import bytes_per_point

if TYPE_CHECKING:
    from recycling.spec.experiment import Experiment

Real = NDArray[np.float64]
#: Values of the keys that decide circuits, in the order of the axes.
Decided = tuple[object, ...]


@dataclass(frozen=True)
class Chunk:
    """Results of a chunk: its number, the variables by name, and the time that it took in s."""

    number: int
    values: Mapping[str, Real]
    seconds: float


@dataclass(frozen=True, eq=False)
class Work:
    """Everything that the results of a sweep follow from; it can be pickled.

    Attributes:
        points: values of every axis.
        chunks: how the sweep is cut.
        prepared: what the points with the same values of the deciding keys share.
        library: name of the array library that evolves the points.

    Example:
        >>> from recycling.spec.experiment import Experiment
        >>> experiment = Experiment(
        ...     name="tiny",
        ...     algorithm={"name": "repeat-until-success"},
        ...     device={"profile": "ideal"},
        ...     sweep={"theta": [0.3], "p_x": [0.4], "over": {"device.cz_error": [0.0, 0.01]}},
        ... )
        >>> work = Work.of(experiment)
        >>> work.chunk(0).values["heat"].shape
        (2, 2, 1, 1)
    """

    points: Points
    chunks: Chunks
    prepared: Mapping[Decided, Prepared]
    library: str = "numpy"

    @classmethod
    def of(cls, experiment: Experiment, library: str = "numpy") -> Work:
        """Prepare the work of a sweep: choose layouts and compile circuits.

        Raises:
            BadInput: as ``prepare``, or the library is not there.
        """
        need("qiskit", "zarr")
        array_library(library)  # refuses it before anything is compiled
        points = points_of(experiment)
        chunks = Chunks.of(points.sizes, bytes_per_point(experiment))
        deciding = {key: points.listed(key) for key in points.over.listed if decides(key)}
        grid = np.meshgrid(*deciding.values(), indexing="ij")
        columns = {key: axis.ravel() for key, axis in zip(deciding, grid, strict=True)}
        combinations = distinct(columns, tuple(deciding))
        prepared = {
            values: prepare(_decided(experiment, dict(zip(deciding, values, strict=True))))
            for values in combinations
        }
        return cls(points, chunks, prepared, library)

    def check(self) -> None:
        """Check the times of all points, before any is computed.

        Raises:
            BadInput: T2 > 2 T1 at one of them, and the spec does not limit it.
        """
        timed = [key for key in self.points.over.axes if key.startswith(("device.t1", "device.t2"))]
        if not timed or self.points.over.limit_t2:
            return
        for number in self.chunks:
            columns = self.points.columns(self.chunks.region(number))
            for prepared in self.prepared.values():
                varied = {key: columns[key] for key in timed}
                times_over(prepared.device, prepared.experiment, varied)

    def chunk(self, number: int) -> Chunk:
        """Compute a chunk."""
        started = perf_counter()
        values = self.region(self.chunks.region(number))
        return Chunk(number, values, perf_counter() - started)

    def region(self, region: Region) -> dict[str, Real]:
        """Variables at the points of a region by name (arrays of shape (points, *its dims))."""
        columns = self.points.columns(region)
        deciding = tuple(key for key in columns if decides(key))
        numbers: dict[str, Any] = {key: v for key, v in columns.items() if key not in deciding}
        count = len(next(iter(columns.values())))
        found: dict[str, Real] = {}
        for values in distinct(columns, deciding):
            same = [columns[key] == value for key, value in zip(deciding, values, strict=True)]
            rows = np.flatnonzero(np.all(same, axis=0)) if same else np.arange(count)
            # Without a number of its own, a point is still a point.
            group = {key: column[rows] for key, column in numbers.items()}
            part = evaluate(self.prepared[values], group, len(rows), self.library)
            for name, array in part.items():
                found.setdefault(name, np.empty((count, *array.shape[1:])))[rows] = array
        return found


def points_of(experiment: Experiment) -> Points:
    """Points of the sweep of an experiment.

    Raises:
        BadInput: it has none.

    Example:
        >>> from recycling.spec.experiment import Experiment
        >>> over = {"samples": 8, "device.t1": {"sobol": [1e-4, 2e-4]}}
        >>> points_of(Experiment(name="a", sweep={"over": over})).count
        8
    """
    over = experiment.sweep.over
    if over is None:
        raise BadInput(
            "sweep.over is missing: add [sweep.over] with an axis, as "
            '"device.t1" = { start = 1e-4, stop = 4e-4, points = 10 }'
        )
    return Points(over, experiment.seed)


def pickled(work: Work) -> bytes:
    """Work as bytes for other processes.

    Example:
        >>> from recycling.spec.experiment import Experiment
        >>> over = {"samples": 8, "device.t1": {"sobol": [1e-4, 2e-4]}}
        >>> points = points_of(Experiment(name="a", sweep={"over": over}))
        >>> len(pickled(Work(points, Chunks(points.sizes, (8,)), {}))) > 100
        True
    """
    return pickle.dumps(work)


def chunk_of(content: bytes, number: int) -> Chunk:
    """Compute a chunk of pickled work, which a process loads once.

    Example:
        >>> from recycling.spec.experiment import Experiment
        >>> experiment = Experiment(
        ...     name="tiny",
        ...     algorithm={"name": "repeat-until-success"},
        ...     device={"profile": "ideal"},
        ...     sweep={"theta": [0.3], "p_x": [0.4], "over": {"device.cz_error": [0.0, 0.01]}},
        ... )
        >>> chunk_of(pickled(Work.of(experiment)), 0).number
        0
    """
    return _loaded(content).chunk(number)


@lru_cache(maxsize=1)
def _loaded(content: bytes) -> Work:
    loaded: Work = pickle.loads(content)
    return loaded


def _decided(experiment: Experiment, values: Mapping[str, Any]) -> Experiment:
    """The experiment with other values of keys, checked as a spec.

    Raises:
        BadInput: they do not go together.
    """
    if not values:
        return experiment
    content = experiment.model_dump(exclude_none=True)
    for key, value in values.items():
        section, _, field = key.partition(".")
        content.setdefault(section, {})[field] = value
    try:
        changed: Experiment = type(experiment).model_validate(content)
    except ValidationError as error:
        at = ", ".join(f"{key} = {value}" for key, value in values.items())
        faults = fault_lines(error, type(experiment))
        raise BadInput(*(f"sweep.over at {at}: {fault}" for fault in faults)) from None
    return changed
