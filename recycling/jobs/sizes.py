"""Estimates of the memory, disk and time of an experiment, before it begins.

The estimates are upper bounds within a factor of two or so on measurements: enough to recognise a
run that would fill the machine.
"""

from __future__ import annotations

import os
import shutil
from dataclasses import dataclass
from pathlib import Path

from recycling.errors import BadInput
from recycling.jobs.cut import executions_at_points
from recycling.jobs.job import EXECUTIONS_PER_JOB
from recycling.spec.experiment import Experiment

#: Memory of the libraries, the circuits and the figures, bytes.
_PROGRAM = 450e6
#: Memory of a job's outcomes while they are drawn, packed and counted, bytes an execution.
_JOB = 10.0
#: Memory of the analysis, bytes: of each draw of the bootstrap at each value of the algorithm's
#: parameters in both arms; of each of them at each p_x in each trial while it is estimated, and of
#: what is kept of it in the Dataset. Measured: 6.9, 5.8 and 1.3 kB.
_DRAW, _POINT, _KEPT = 8e3, 7e3, 2e3
#: So many of the latter are estimated together, but those of four p_x or fewer.
_TOGETHER, _FEWEST = 12_000, 4
#: Memory of the engine at each value of the algorithm's parameters, bytes, besides the density
#: matrices. Measured: 81 kB.
_ENGINE = 0.1e6
#: Density matrices that the engine holds at a time: those of before and after a step, a copy in
#: another order, and one that several circuits share. Measured on 9 qubits: 3.8.
_COPIES = 4
#: Density matrices of points that are evolved together take so much memory, bytes, but one point.
_DENSITIES = 2.0**28
#: Of a map over devices: time of the engine at each device and value of the parameters, s, for up
#: to so many qubits of the algorithm; and at each p_x of them memory, bytes, and time, s.
_EVOLVED, _MAPPED_QUBITS, _MAPPED, _MAPPED_SECONDS = 1e-3, 4, 400.0, 2e-5
#: Time of the analysis on a busy core, s: of each draw at each value of the parameters, to draw it
#: in a trial and to read it at a p_x; and of each of them at each p_x in each trial.
_DRAWN, _READ, _POINT_SECONDS = 2e-5, 3e-6, 1.6e-3
#: Time of each execution and of storing its outcome, s. Aer evolves a statevector for each; the
#: time of a service is not that of this machine.
_EXECUTION = {"exact": 1e-6, "aer": 1.6e-4, "fake": 1.6e-4, "trajectories": 1e-5}
#: Time of trajectories for each amplitude of a shot, s. Measured on 10 to 14 qubits: 1.1e-7.
_AMPLITUDE = 1.5e-7
#: Kinds that run without the exact engine; None stands for the analysis alone.
_WITHOUT_ENGINE = (None, "trajectories")
#: Packed outcomes of an execution, bytes: four bits, of which some are rare. Measured: 0.41-0.46.
_PACKED = 0.5

#: Longest simulation, s: a week. Nobody waits longer on purpose, and few machines stay up.
LONGEST = 604_800.0
#: Part of the machine's memory, and of the disk's free space, that a run may take.
SHARE = 0.8
#: Memory that is assumed where the system does not report it, bytes.
_USUAL_MEMORY = 8e9


@dataclass(frozen=True)
class Size:
    """Memory and disk in bytes, time in s."""

    memory: float
    disk: float
    seconds: float


def size_of(experiment: Experiment, kind: str | None = "exact") -> Size:
    """Estimate the size of a run on a kind of backend with its analysis; None: the latter alone.

    Example:
        >>> from recycling.spec.experiment import Experiment
        >>> experiment = Experiment(
        ...     name="tiny",
        ...     algorithm={"name": "repeat-until-success"},
        ...     sweep={"theta": [0.3, 0.6], "p_x": [0.1]},
        ...     measurement={"shots": 100, "trials": 2},
        ... )
        >>> size_of(experiment).disk < 10_000  # bytes
        True
    """
    swept, weights = experiment.num_points, len(experiment.p_x)
    trials, shots = experiment.measurement.trials, experiment.measurement.shots
    points = swept * weights * (trials + 1)
    together = min(points, max(_TOGETHER, _FEWEST * swept * (trials + 1)))
    analysed = together * _POINT + points * _KEPT
    engine = 0.0 if kind in _WITHOUT_ENGINE else engine_memory(experiment)
    if shots == "exact":
        return Size(_PROGRAM + engine + analysed, 0, points * _POINT_SECONDS)
    draws = swept * experiment.inference.resamples
    executions = trials * shots * int(executions_at_points(experiment).sum())
    of_job = min(executions, EXECUTIONS_PER_JOB)
    seconds = draws * (trials * _DRAWN + weights * _READ) + points * _POINT_SECONDS
    seconds += executions * _EXECUTION.get(kind or "", 0.0)
    if kind == "trajectories":
        seconds += executions * _AMPLITUDE * 2 ** len(experiment.design.purpose("algorithm"))
    memory = _PROGRAM + engine + of_job * _JOB + draws * _DRAW + analysed
    return Size(memory, executions * _PACKED, seconds)


def check_size(
    experiment: Experiment, kind: str | None = "exact", folder: Path | None = None
) -> None:
    """Check that a run fits this machine, and a folder if one is given.

    Raises:
        BadInput: it does not fit; a line for each limit, with the estimate and what to change.

    Example:
        >>> from recycling.spec.experiment import Experiment
        >>> check_size(Experiment(name="small"))
    """
    if kind not in _WITHOUT_ENGINE:
        check_engine(experiment)
    size = size_of(experiment, kind)
    faults = []
    if size.memory > SHARE * machine_memory():
        faults.append(
            f"the analysis takes about {shown_bytes(size.memory)} of memory, this machine has "
            f"{shown_bytes(machine_memory())}: "
            + _fewer(experiment, ("points", "trials", "resamples"))
        )
    if size.seconds > LONGEST:
        faults.append(
            f"the run takes about {size.seconds / 3600:.2g} hours, and no simulation may take more "
            f"than {LONGEST / 3600:.0f}: "
            + _fewer(experiment, ("points", "trials", "shots", "resamples"))
        )
    if folder is not None and size.disk > SHARE * (free := free_space(folder)):
        faults.append(
            f"the shots take about {shown_bytes(size.disk)} in {str(folder)!r}, where "
            f"{shown_bytes(free)} are free: "
            f"{_fewer(experiment, ('points', 'trials', 'shots'))}, or another folder"
        )
    if faults:
        raise BadInput(*faults)


def density_bytes(qubits: int, bits: int = 0, points: int = 1) -> float:
    """Memory of the exact density matrices of qubits, for all records of bits, at some points.

    They are real Pauli vectors: 4ⁿ numbers of 8 bytes for each record.

    Example:
        >>> density_bytes(14) / 1e9  # GB
        2.147483648
    """
    return float(8 * 4**qubits * 2**bits * points)


def points_together(qubits: int) -> int:
    """Number of points whose density matrices are evolved together.

    Example:
        >>> points_together(4) > 1000, points_together(14)
        (True, 1)
    """
    return max(1, int(_DENSITIES / density_bytes(qubits)))


def engine_memory(experiment: Experiment, *, together: bool = False) -> float:
    """Estimate the memory of the exact engine for a sweep, bytes.

    Most is taken where the qubits of the algorithm live together, before anything is recorded.

    Args:
        experiment: validated spec.
        together: all points are evolved together; else as many as ``points_together`` says.

    Example:
        >>> engine_memory(Experiment(name="small")) < 2e6
        True
    """
    points = experiment.num_points
    qubits = len(experiment.design.purpose("algorithm"))
    evolved = points if together else min(points, points_together(qubits))
    return points * _ENGINE + _COPIES * density_bytes(qubits, points=evolved)


def check_engine(experiment: Experiment, *, together: bool = False) -> None:
    """Check that the exact engine can evolve an experiment on this machine.

    Of few qubits the number of points alone decides, which ``check_size`` is about.

    Raises:
        BadInput: its density matrices do not fit; the line has their size and what to change.

    Example:
        >>> check_engine(Experiment(name="small"))
    """
    memory = engine_memory(experiment, together=together)
    qubits = len(experiment.design.purpose("algorithm"))
    if _COPIES * density_bytes(qubits) > _ENGINE and memory > SHARE * machine_memory():
        count = experiment.num_points
        points = "a point" if count == 1 else f"{count} points"
        raise BadInput(
            f"the exact engine takes about {shown_bytes(memory)} of memory, for the density "
            f"matrices of {qubits} qubits at {points}, this machine has "
            f"{shown_bytes(machine_memory())}: give fewer qubits or points, or --backend "
            "trajectories with a number of shots"
        )


def check_map(experiment: Experiment, cells: int, batch: int) -> float:
    """Check that a map of an experiment over devices fits this machine.

    Args:
        experiment: validated spec.
        cells: number of devices.
        batch: number of devices that the engine evolves together.

    Returns:
        Estimate of its time on a busy core, s.

    Raises:
        BadInput: it does not fit; the line has the estimate and what to change.

    Example:
        >>> check_map(Experiment(name="small"), cells=20, batch=5) < 10  # s
        True
    """
    points, weights = experiment.num_points, len(experiment.p_x)
    engine = 4.0 ** max(0, len(experiment.design.purpose("algorithm")) - _MAPPED_QUBITS)
    memory = _PROGRAM + batch * points * _ENGINE * engine + cells * points * weights * _MAPPED
    seconds = cells * points * (_EVOLVED * engine + weights * _MAPPED_SECONDS)
    if memory > SHARE * machine_memory() or seconds > LONGEST:
        raise BadInput(
            f"the map of {cells} devices takes about {shown_bytes(memory)} of memory and "
            f"{seconds / 3600:.2g} hours, this machine has {shown_bytes(machine_memory())} and no "
            f"simulation may take more than {LONGEST / 3600:.0f} hours: give fewer temperatures, "
            f"frequencies or loss tangents, or "
            + _fewer(experiment, ("points",)).removeprefix("give ")
        )
    return seconds


def _fewer(experiment: Experiment, names: tuple[str, ...]) -> str:
    """List the settings that can be made smaller, with their values."""
    known = {
        "points": f"sweep = {experiment.num_points} × {len(experiment.p_x)} points",
        "trials": f"measurement.trials = {experiment.measurement.trials}",
        "shots": f"measurement.shots = {experiment.measurement.shots}",
        "resamples": f"inference.resamples = {experiment.inference.resamples}",
    }
    return "give less of " + ", ".join(known[name] for name in names)


def shown_bytes(count: float) -> str:
    """Write a number of bytes in MB or GB.

    Example:
        >>> shown_bytes(2.5e9)
        '2.5 GB'
    """
    return f"{count / 1e9:.2g} GB" if count >= 1e9 else f"{count / 1e6:.0f} MB"


def machine_memory() -> float:
    """Memory of this machine, bytes.

    Example:
        >>> machine_memory() > 1e8
        True
    """
    try:
        return float(os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE"))
    except (AttributeError, ValueError, OSError):
        return _USUAL_MEMORY


def free_space(folder: Path) -> float:
    """Free space where a folder is, or will be, bytes.

    Example:
        >>> free_space(Path("no such folder")) >= 0
        True
    """
    folder = folder.absolute()
    while not folder.exists():
        folder = folder.parent
    return float(shutil.disk_usage(folder).free)
