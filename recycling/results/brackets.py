"""The brackets of a stored run, from their outcomes: the bath qubit before and after it.

``recycling.results.calibrations`` computes them only once and keeps them.
"""

from __future__ import annotations

from typing import Any

from numpy.typing import NDArray

from recycling.compilation.calibrations import brackets_of
from recycling.errors import BadInput
from recycling.inference.bath.brackets import Bracket, analyse_bracket
from recycling.jobs.job import Job
from recycling.store.directory import Run
from recycling.store.outcomes import outcomes_path
from recycling.store.targets import way_on


def stored_brackets(run: Run) -> dict[str, Bracket]:
    """Analyse the brackets whose outcomes are stored, by the name of their job.

    Most runs have none.

    Example:
        >>> from tempfile import TemporaryDirectory
        >>> import recycling
        >>> experiment = recycling.Experiment(
        ...     name="tiny",
        ...     algorithm={"name": "repeat-until-success"},
        ...     device={"profile": "ideal"},
        ...     sweep={"theta": [0.6], "p_x": [0.1, 0.4]},
        ...     measurement={"shots": "exact", "trials": 1},
        ... )
        >>> folder = TemporaryDirectory()
        >>> run = recycling.run(experiment, out=f"{folder.name}/run")
        >>> stored_brackets(run)  # an exact run on an ideal device measures none
        {}
        >>> folder.cleanup()
    """
    jobs = [job for job in run.jobs if job.is_bracket and run.journal(job).state == "done"]
    if not jobs:
        return {}  # most runs have none: their circuits need not be read
    metadata = _metadata(run)
    return {
        job.name: analyse_bracket(_by_circuit(run, job, list(metadata)), metadata) for job in jobs
    }


def _metadata(run: Run) -> dict[str, dict[str, Any]]:
    """Metadata of the brackets' circuits by their names, as they were executed.

    Where the circuits cannot be read they follow from the device: the delays are multiples of its
    T1 and T2.
    """
    try:
        return {circuit.name: dict(circuit.metadata or {}) for circuit in run.brackets}
    except BadInput:
        return brackets_of(run.device)


def _by_circuit(run: Run, job: Job, names: list[str]) -> dict[str, NDArray[Any]]:
    """Counts of a bracket by the name of the circuit."""
    counts = run.outcomes(job).counts()
    if len(counts) != len(names):
        raise BadInput(
            f"{outcomes_path(run.path, job.name)} has {len(counts)} circuits instead of "
            f"{len(names)}: remove it and mend with: {way_on(run.path)}"
        )
    return dict(zip(names, counts, strict=True))
