"""The brackets of a stored run: the bath qubit before and after it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from numpy.typing import NDArray

from recycling.compilation.calibrations import compile_brackets
from recycling.errors import BadInput
from recycling.inference.bath.brackets import Bracket, analyse_bracket, calibrated
from recycling.inference.bath.drift import Drift, drift
from recycling.jobs.job import Job
from recycling.store.directory import Run
from recycling.store.outcomes import outcomes_path
from recycling.store.targets import way_on

if TYPE_CHECKING:
    from qiskit import QuantumCircuit


def stored_brackets(run: Run) -> dict[str, Bracket]:
    """Brackets whose outcomes are here, by the name of their job; none where none was measured."""
    jobs = [job for job in run.jobs if job.is_bracket and run.journal(job).state == "done"]
    if not jobs:
        return {}  # most runs have none: their circuits need not be read
    metadata = {circuit.name: dict(circuit.metadata or {}) for circuit in _circuits(run)}
    return {
        job.name: analyse_bracket(_by_circuit(run, job, list(metadata)), metadata) for job in jobs
    }


def _circuits(run: Run) -> tuple[QuantumCircuit, ...]:
    """Circuits of the brackets as they were executed; compiled again where these are damaged.

    What they were follows from the device: the delays are multiples of its T1 and T2.
    """
    try:
        return run.brackets
    except BadInput:
        return compile_brackets(run.device)


def _by_circuit(run: Run, job: Job, names: list[str]) -> dict[str, NDArray[Any]]:
    """Counts of a bracket by the name of the circuit."""
    counts = run.outcomes(job).counts()
    if len(counts) != len(names):
        raise BadInput(
            f"{outcomes_path(run.path, job.name)} has {len(counts)} circuits instead of "
            f"{len(names)}: remove it and mend with: {way_on(run.path)}"
        )
    return dict(zip(names, counts, strict=True))


def stored_drift(run: Run) -> tuple[list[Drift], list[Drift]]:
    """Changes of the bath qubit: from the calibration to the first bracket, and during the run.

    Empty where there are no two to compare.
    """
    found = list(stored_brackets(run).values())
    since = drift(calibrated(run.device), found[0], names=("calibrated", "before")) if found else []
    during = drift(*found) if len(found) == 2 else []
    return since, during
