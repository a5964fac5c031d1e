"""How an experiment is cut into jobs, and a job into PUBs.

All bases, stages, preparations and both arms of a point of the sweep go into the same job: a
service interleaves the circuits of a job shot by shot, so that drift between jobs cancels in every
comparison.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from itertools import islice
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from circuits.allocation import Allocation
from circuits.tomography import BASIS_ANGLES, basis_angles, basis_parameters
from recycling.errors import BadInput
from recycling.jobs.interleaved import assignment_entries, check_interleaved
from recycling.jobs.job import EXECUTIONS_PER_JOB, Job, Pub

if TYPE_CHECKING:
    from qiskit import QuantumCircuit

    from circuits.design import Design, Setting
    from recycling.spec.experiment import Experiment

Parameters = Mapping[str, NDArray[np.float64]]
#: First and end index of points, number of the first shot, and number of shots.
_Cut = tuple[tuple[int, int], int, int]

#: Most jobs of a run. Each has its files, and at five a minute a service takes a fortnight.
MOST_JOBS = 100_000
#: Names of the jobs that measure the bath qubit, before and after all others.
BRACKETS = ("bracket-before", "bracket-after")
#: Names of the jobs that measure the assignment matrices, before and after all trials.
ASSIGNMENTS = ("assignment", "assignment-after")


def executions_per_point(design: Design) -> int:
    """Count the circuit executions of a shot at a point: its circuits in every basis.

    Example:
        >>> from circuits import HHL
        >>> executions_per_point(HHL([[2, -1], [-1, 2]]).design)
        24
    """
    return len(design.settings) * len(BASIS_ANGLES)


def executions_at_points(experiment: Experiment) -> NDArray[np.int64]:
    """Count the circuit executions of a shot at each point, by the allocation if there is one.

    Example:
        >>> from recycling.spec.experiment import Experiment
        >>> executions_at_points(Experiment(name="small")).tolist()
        [24, 24, 24, 24, 24, 24, 24, 24, 24, 24, 24]
    """
    allocation = experiment.allocation
    if allocation is None:
        return np.full(experiment.num_points, executions_per_point(experiment.design))
    return np.asarray(allocation.of_settings().sum(axis=(0, 2)))


def all_jobs(
    experiment: Experiment,
    *,
    brackets: bool,
    assignments: Collection[str] = (),
    executions_per_job: int | None = None,
) -> tuple[Job, ...]:
    """List all jobs of a run in the order of their submission.

    Args:
        experiment: validated spec.
        brackets: whether all others are between two brackets.
        assignments: which of ``ASSIGNMENTS`` are measured. Older runs have the first alone.
        executions_per_job: most executions of a job; None stands for ``EXECUTIONS_PER_JOB``.

    Example:
        >>> from recycling.spec.experiment import Experiment
        >>> experiment = Experiment(
        ...     name="tiny",
        ...     algorithm={"name": "repeat-until-success"},
        ...     sweep={"theta": [0.3, 0.6], "p_x": [0.1]},
        ...     measurement={"shots": 100, "trials": 2},
        ... )
        >>> [job.name for job in all_jobs(experiment, brackets=True)]
        ['bracket-before', 'trial-0', 'trial-1', 'bracket-after']
    """
    hardware = experiment.hardware
    first, last = (
        [Job(name, None, shots=hardware.assignment_shots, kind="assignment")]
        if name in assignments
        else []
        for name in ASSIGNMENTS
    )
    jobs = [*first, *trial_jobs(experiment, executions_per_job), *last]
    if brackets:
        before, after = (
            Job(name, None, shots=hardware.bracket_shots, kind="bracket") for name in BRACKETS
        )
        jobs = [before, *jobs, after]
    return tuple(jobs)


def trial_jobs(experiment: Experiment, executions_per_job: int | None = None) -> list[Job]:
    """List the jobs of the protocol in order, a job for each trial where the limit allows it.

    Raises:
        BadInput: there are more than ``MOST_JOBS``.

    Example:
        >>> from recycling.spec.experiment import Experiment
        >>> experiment = Experiment(
        ...     name="tiny",
        ...     algorithm={"name": "repeat-until-success"},
        ...     sweep={"theta": [0.3, 0.6], "p_x": [0.1]},
        ...     measurement={"shots": 100, "trials": 2},
        ... )
        >>> [job.points for job in trial_jobs(experiment, executions_per_job=2400)]  # a point each
        [(0, 1), (1, 2), (0, 1), (1, 2)]
    """
    limit = EXECUTIONS_PER_JOB if executions_per_job is None else executions_per_job
    trials, shots = experiment.measurement.trials, experiment.measurement.shots
    if shots != "exact" and (besides := assignment_entries(experiment) * shots):
        limit = max(limit - besides, executions_per_point(experiment.design))
    first = islice(_of(experiment, 0, limit), MOST_JOBS + 1)
    if (count := trials * sum(1 for _ in first)) > MOST_JOBS:
        raise BadInput(
            f"measurement.trials = {trials}, shots = {shots}: that takes "
            f"{count} jobs or more; give less, for {MOST_JOBS} jobs at most"
        )
    jobs = [job for trial in range(trials) for job in _of(experiment, trial, limit)]
    check_interleaved(experiment, jobs, limit)
    return jobs


def _of(experiment: Experiment, trial: int, limit: int) -> Iterator[Job]:
    points, shots = experiment.num_points, experiment.measurement.shots
    if shots == "exact":
        yield Job(f"trial-{trial}", trial, (0, points))
        return
    if experiment.allocation is not None:
        cuts = list(_shared_out(executions_at_points(experiment) * shots, shots, limit))
        yield from _numbered(trial, cuts, single=len(cuts) == 1)
        return
    at_each_point = executions_per_point(experiment.design)
    at_once = min(shots, limit // at_each_point)
    together = max(1, limit // (at_each_point * shots))
    evenly = (
        ((start, min(start + together, points)), first, min(at_once, shots - first))
        for start in range(0, points, together)
        for first in range(0, shots, at_once)
    )
    yield from _numbered(trial, evenly, single=points <= together and shots <= at_once)


def _numbered(trial: int, cuts: Iterable[_Cut], *, single: bool) -> Iterator[Job]:
    for number, cut in enumerate(cuts):
        yield Job(f"trial-{trial}" if single else f"trial-{trial}-{number}", trial, *cut)


def _shared_out(executions: NDArray[np.int64], shots: int, limit: int) -> Iterator[_Cut]:
    """Points, first shot and shots of jobs that take whole points.

    Raises:
        BadInput: a point alone is too much for a job.
    """
    if executions.max() > limit:
        raise BadInput(
            f"measurement.allocation: a point takes {executions.max()} executions in a trial, and "
            f"a job has {limit} at most; give fewer repeats or shots"
        )
    start, held = 0, 0
    for point, number in enumerate(executions.tolist()):
        if held + number > limit:
            yield (start, point), 0, shots
            start, held = point, 0
        held += number
    yield (start, len(executions)), 0, shots


def measured_settings(experiment: Experiment, job: Job) -> list[Setting]:
    """List the settings that the job of a trial measures, in the order of its PUBs.

    Example:
        >>> from recycling.spec.experiment import Experiment
        >>> len(measured_settings(Experiment(name="small"), Job("trial-0", trial=0, points=(0, 4))))
        8
    """
    settings = experiment.design.settings
    if experiment.allocation is None or job.shots is None:
        return list(settings)
    repeats = experiment.allocation.points(*job.points).of_settings().sum(axis=(1, 2))
    return [setting for setting, number in zip(settings, repeats, strict=True) if number]


def protocol_sweeps(experiment: Experiment, job: Job) -> list[tuple[int, ...]]:
    """Shapes of the sweeps of all PUBs in the job of a trial, which need no circuits.

    Example:
        >>> from recycling.spec.experiment import Experiment
        >>> protocol_sweeps(Experiment(name="small"), Job("trial-0", trial=0, points=(0, 4)))[0]
        (4, 3)
    """
    first, end = job.points
    besides: list[tuple[int, ...]] = [()] * assignment_entries(experiment)
    if experiment.allocation is None or job.shots is None:
        return [(end - first, len(BASIS_ANGLES))] * len(experiment.design.settings) + besides
    repeats = experiment.allocation.points(first, end).of_settings()
    return [(int(each),) for each in repeats.sum(axis=(1, 2)) if each] + besides


def protocol_pubs(
    experiment: Experiment, circuits: Mapping[Setting, QuantumCircuit], job: Job | None = None
) -> list[Pub]:
    """Make the PUBs of the protocol in the order of the design's settings, over (point, basis).

    Args:
        experiment: validated spec.
        circuits: compiled circuit of each setting.
        job: the job whose points of the sweep to take; None takes them all, each entry once. With
            an allocation the PUBs of a job with shots run over its entries, (entry,), and a setting
            without any has no PUB.

    Example:
        >>> from recycling.spec.experiment import Experiment
        >>> experiment = Experiment(
        ...     name="tiny",
        ...     algorithm={"name": "repeat-until-success"},
        ...     sweep={"theta": [0.3, 0.6], "p_x": [0.1]},
        ...     measurement={"shots": 100, "trials": 2},
        ... )
        >>> from circuits import recycling_circuit
        >>> circuit = recycling_circuit(experiment.algorithm.build())
        >>> circuits = dict.fromkeys(experiment.design.settings, circuit)
        >>> pubs = protocol_pubs(experiment, circuits)
        >>> len(pubs), pubs[0].sweep
        (8, (2, 3))
    """
    first, end = (0, experiment.num_points) if job is None else job.points
    swept = {name: values[first:end, None] for name, values in experiment.points.items()}
    design, allocation = experiment.design, experiment.allocation
    ragged = allocation is not None and job is not None and job.shots is not None
    pubs = []
    entries = allocation.points(first, end).entries() if allocation is not None else []
    for index, setting in enumerate(design.settings):
        bases = _bases(design, allocation, setting, slice(first, end))
        parameters = _parameters(circuits[setting], swept, bases, end - first)
        if ragged:
            parameters = _repeated(parameters, *entries[index])
        if not ragged or entries[index][0].size:
            pubs.append(Pub(circuits[setting], parameters))
    return pubs


def _bases(
    design: Design, allocation: Allocation | None, setting: Setting, points: slice
) -> Parameters:
    """Angles of the basis rotations of a setting, which broadcast to (point, basis)."""
    if allocation is None or allocation.poles is None:
        angles = np.array(list(BASIS_ANGLES.values()))
        return {name: angles[None, :, column] for column, name in enumerate(basis_parameters())}
    arm, stage, _ = setting
    axes = allocation.axes(len(design.measured))
    there = axes[design.arm_names.index(arm), design.stages.index(stage), points]
    return {
        name: values
        for qubit, role in enumerate(design.measured)
        for name, values in zip(basis_parameters(role), basis_angles(there[:, qubit]), strict=True)
    }


def _repeated(
    parameters: Parameters, points: NDArray[np.intp], bases: NDArray[np.intp]
) -> dict[str, NDArray[np.float64]]:
    """Values (point, basis) at each entry, in its order (arrays of shape (entry,))."""
    grid = np.broadcast_shapes(*(values.shape for values in parameters.values()))
    return {
        name: np.broadcast_to(values, grid)[points, bases] for name, values in parameters.items()
    }


def _parameters(
    circuit: QuantumCircuit, swept: Parameters, bases: Parameters, points: int
) -> dict[str, NDArray[np.float64]]:
    """Values of the parameters that a circuit has, over (point, basis) all together."""
    held = {parameter.name for parameter in circuit.parameters}
    parameters = {name: values for name, values in swept.items() if name in held}
    if parameters.keys() < swept.keys():
        # A circuit need not depend on a parameter: its sweep still has the same shape.
        bases = {name: np.broadcast_to(v, (points, v.shape[1])) for name, v in bases.items()}
    return {**parameters, **bases}
