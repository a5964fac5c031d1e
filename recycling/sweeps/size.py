"""What a sweep takes: time by a small probe, memory and disk; and whether this machine has it."""

from __future__ import annotations

import os
from dataclasses import dataclass
from math import prod
from pathlib import Path
from time import perf_counter

from recycling.errors import BadInput
from recycling.jobs.sizes import SHARE, free_space, machine_memory, shown_bytes
from recycling.sweeps.points import Region
from recycling.sweeps.work import Work

#: Memory of a process with the libraries and circuits, bytes, and of the engine for each point that
#: it evolves at once, for up to so many qubits; each further one takes four times as much.
#: Measured: 0.88 GB of two workers and the main process for the preset payoff.
_PROCESS, _POINT, _QUBITS = 270e6, 30e3, 6
#: Points that the engine evolves at once, at most.
_TOGETHER = 1024
#: Time that a probe takes at least, s, unless it is a chunk.
_PROBED = 0.5


@dataclass(frozen=True)
class SweepSize:
    """What a sweep takes.

    Attributes:
        points: all points; each runs the protocol over what the sweep leaves to the spec.
        chunks: tasks that they are cut into.
        seconds: time on this machine, s, of a small probe; NaN where none was made.
        rate: points a second of one process, likewise.
        memory: of all processes together, bytes.
        disk: of the results, bytes.
    """

    points: int
    chunks: int
    seconds: float
    rate: float
    memory: float
    disk: float


def sweep_size(work: Work, number_bytes: int, workers: int, *, probe: bool = False) -> SweepSize:
    """Estimate what a sweep takes.

    Args:
        work: the sweep.
        number_bytes: size of the results at a point.
        workers: number of processes; 0 is this one alone.
        probe: whether to measure the time at some points.

    Example:
        >>> from recycling.spec.experiment import Experiment
        >>> from recycling.sweeps.chunks import Chunks
        >>> from recycling.sweeps.work import points_of
        >>> over = {"samples": 1000, "device.t1": {"sobol": [1e-4, 2e-4]}}
        >>> points = points_of(Experiment(name="a", sweep={"over": over}))
        >>> sweep_size(Work(points, Chunks(points.sizes, (64,)), {}), 376, workers=2).disk
        385024.0
    """
    points, chunks = work.points.count, work.chunks
    filled = prod(chunks.shape)
    rate = _rate(work) if probe else float("nan")
    together = min(filled, _TOGETHER)
    each = _PROCESS + together * _engine(work) + 2 * filled * number_bytes
    return SweepSize(
        points=points,
        chunks=chunks.count,
        seconds=points / (rate * max(1, min(workers, os.cpu_count() or 1))),
        rate=rate,
        memory=_PROCESS + max(1, workers) * each,
        disk=float(chunks.count * filled * number_bytes),
    )


def _engine(work: Work) -> float:
    """Memory of the engine at a point of a sweep, bytes."""
    most = _POINT
    for prepared in work.prepared.values():
        experiment, over = prepared.experiment, work.points.over.axes
        left = [
            len(values)
            for name, values in experiment.coordinates.items()
            if f"sweep.{name}" not in over
        ]
        further = max(0, prepared.device.num_qubits - _QUBITS)
        most = max(most, _POINT * prod(left) * 4.0**further)
    return most


def check_fits(size: SweepSize, folder: Path, there: int = 0) -> None:
    """Check that a machine has the memory, and a folder the room, that a sweep takes.

    Args:
        size: of the sweep.
        folder: where its results go.
        there: bytes of them that are there already.

    Raises:
        BadInput: it has not; a line for each.

    Example:
        >>> check_fits(SweepSize(10**15, 10**12, 1.0, 1.0, 1e9, 4e17), Path("."))
        Traceback (most recent call last):
        recycling.errors.BadInput: the results take about 4e+08 GB in '.', where ... are free: ...
    """
    faults = []
    if size.memory > SHARE * machine_memory():
        faults.append(
            f"the sweep takes about {shown_bytes(size.memory)} of memory, this machine has "
            f"{shown_bytes(machine_memory())}: give fewer --workers"
        )
    if size.disk - there > SHARE * free_space(folder):
        faults.append(
            f"the results take about {shown_bytes(size.disk)} in {str(folder)!r}, where "
            f"{shown_bytes(free_space(folder))} are free: give fewer points, or another folder"
        )
    if faults:
        raise BadInput(*faults)


def _rate(work: Work) -> float:
    """Points a second of one process, without what happens once."""
    count = 1
    _ = work.region(_first(work, count))
    while True:
        started = perf_counter()
        _ = work.region(_first(work, count))
        seconds = perf_counter() - started
        if seconds > _PROBED or count >= min(work.chunks.shape[-1], _TOGETHER):
            return min(count, work.chunks.shape[-1]) / seconds
        count *= 4


def _first(work: Work, count: int) -> Region:
    """The first points of the first chunk, along its last dim."""
    *rest, last = work.chunks.region(0)
    return (*(slice(0, 1) for _ in rest), slice(0, min(count, last.stop)))
