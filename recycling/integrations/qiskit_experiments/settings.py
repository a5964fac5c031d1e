"""What each circuit measures, as metadata that it carries, and the counts of all of them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from circuits.tomography import BASIS_ANGLES
from recycling.errors import BadInput
from recycling.jobs.counts import counts_of, trial_counts
from recycling.jobs.job import Job
from recycling.jobs.outcomes import Outcomes

if TYPE_CHECKING:
    import xarray as xr

    from recycling.spec.experiment import Experiment

#: Entries of the metadata that tell the settings of an experiment from each other.
PLACE = ("trial", "point", "arm", "stage", "preparation", "basis")


def settings_of(experiment: Experiment) -> Iterator[dict[str, Any]]:
    """List what each circuit measures, in the order of the circuits: all of a point together.

    Each has the names of arm, stage, preparation and basis, the numbers of trial and point, and the
    values of the swept parameters.

    Example:
        >>> from recycling.spec.experiment import Experiment
        >>> algorithm, sweep = {"name": "repeat-until-success"}, {"theta": [0.3, 0.6], "p_x": [0.1]}
        >>> found = list(settings_of(Experiment(name="a", algorithm=algorithm, sweep=sweep)))
        >>> len(found), found[0]["arm"], found[-1]["values"]
        (240, 'equilibrium', {'theta': 0.6})
    """
    for trial in range(experiment.measurement.trials):
        for point in range(experiment.num_points):
            values = {name: float(each[point]) for name, each in experiment.points.items()}
            for arm, stage, preparation in experiment.design.settings:
                for basis in BASIS_ANGLES:
                    names = (trial, point, arm, stage, preparation, basis)
                    yield {**dict(zip(PLACE, names, strict=True)), "values": values}


def counts_from(experiment: Experiment, data: Iterable[Mapping[str, Any]]) -> xr.DataArray:
    """Put the counts of an ``ExperimentData`` together; those of one setting are added up.

    Args:
        experiment: what was measured.
        data: entries of ``ExperimentData.data()``, each with ``counts`` by bit string, the first
            classical register last as Qiskit writes them, and ``metadata`` of ``settings_of``.

    Returns:
        Counts over the dims of the design.

    Raises:
        BadInput: a setting is missing or unknown, or an entry holds no counts.

    Example:
        >>> from recycling.spec.experiment import Experiment
        >>> algorithm, sweep = {"name": "repeat-until-success"}, {"theta": [0.6], "p_x": [0.1]}
        >>> experiment = Experiment(name="a", algorithm=algorithm, sweep=sweep)
        >>> data = [{"counts": {"0001": 8}, "metadata": m} for m in settings_of(experiment)]
        >>> counts = counts_from(experiment, data)
        >>> int(counts.sum()), int(counts.sel(flag=1).sum())  # the flag is the lowest bit
        (960, 960)
    """
    places = {_place(setting): index for index, setting in enumerate(settings_of(experiment))}
    bits = len(experiment.design.recorded_roles)
    tables: NDArray[np.int64] = np.zeros((len(places), 2**bits), dtype=np.int64)
    seen: NDArray[np.bool_] = np.zeros(len(places), dtype=bool)
    for number, entry in enumerate(data):
        metadata, counts = entry.get("metadata") or {}, entry.get("counts")
        index = places.get(_place(metadata))
        if index is None:
            named = ", ".join(f"{key} {metadata.get(key)}" for key in PLACE)
            raise BadInput(f"data[{number}] = {named}: not a setting of {experiment.name!r}")
        if not counts:
            raise BadInput(f"data[{number}] has no counts: give meas_level = 2")
        for key, count in counts.items():
            tables[index, record_of(key, bits)] += count
        seen[index] = True
    if not seen.all():
        missing = list(places)[int(np.argmin(seen))]
        named = ", ".join(f"{key} {value}" for key, value in zip(PLACE, missing, strict=True))
        raise BadInput(f"data lack {int((~seen).sum())} of {len(places)} settings: first {named}")
    return _labelled(experiment, tables)


def _place(metadata: Mapping[str, Any]) -> tuple[Any, ...]:
    return tuple(metadata.get(key) for key in PLACE)


def record_of(key: str, bits: int) -> int:
    """Read a bit string of Qiskit as the number of a record, the first register its lowest bit.

    Raises:
        BadInput: it has another form.

    Example:
        >>> record_of("1 0", bits=2)
        2
    """
    text = key.replace(" ", "")
    if len(text) != bits or not set(text) <= {"0", "1"}:
        raise BadInput(f"counts have the record {key!r}: give bit strings of {bits} bits")
    return int(text, 2)


def _labelled(experiment: Experiment, tables: NDArray[np.int64]) -> xr.DataArray:
    """Counts over the dims of the design, from tables in the order of ``settings_of``."""
    design, points = experiment.design, experiment.num_points
    trials = experiment.measurement.trials
    shape = (trials, points, len(design.settings), len(BASIS_ANGLES), tables.shape[-1])
    by_setting = tables.reshape(shape).swapaxes(1, 2)
    bits = len(design.recorded_roles)
    found = {
        trial: trial_counts(
            design, [(Job(f"trial-{trial}", trial, (0, points)), Outcomes(bits, table=table))]
        )
        for trial, table in enumerate(by_setting)
    }
    return counts_of(experiment, found)
