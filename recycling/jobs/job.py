"""Jobs and PUBs: what is submitted at once, and what each of its circuits is executed with."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from qiskit import QuantumCircuit

#: Executions that IBM Quantum accepts in one job with control flow.
EXECUTIONS_PER_JOB = 10_000_000


@dataclass(frozen=True)
class Job:
    """One submission: some shots of one trial at successive points of the sweep, or a calibration.

    Attributes:
        name: identifies the job in its run.
        trial: number of the trial; None for a job that does not measure the protocol.
        points: first and end index of the points of the sweep, all parameters together.
        first_shot: number of its first shot, where a point needs several jobs.
        shots: number of shots; None stands for infinitely many.
        kind: what it measures: a "trial" of the protocol, the bath qubit ("bracket"), the readout
            ("assignment"), the time of an operation ("ladder"), or what another study says.
        ladder: operation that a ladder repeats.
        length: how often it does.
    """

    name: str
    trial: int | None
    points: tuple[int, int] = (0, 0)
    first_shot: int = 0
    shots: int | None = None
    kind: str = "trial"
    ladder: str = ""
    length: int = 0

    @property
    def is_bracket(self) -> bool:
        """Whether it measures the bath qubit before or after the others."""
        return self.kind == "bracket"


@dataclass(frozen=True)
class Pub:
    """Primitive unified bloc: one circuit and the values of its parameters.

    Values are in rad and broadcast against each other to the shape of the sweep, e.g. (11, 1)
    values of a swept angle and (1, 3) bases.
    """

    circuit: QuantumCircuit
    parameters: Mapping[str, NDArray[np.float64]]

    @property
    def sweep(self) -> tuple[int, ...]:
        """Shape of the sweep."""
        return np.broadcast_shapes(*(value.shape for value in self.parameters.values()))


def calibration_pubs(circuits: Sequence[QuantumCircuit]) -> list[Pub]:
    """PUBs of a calibration: circuits without parameters."""
    return [Pub(circuit, {}) for circuit in circuits]


def full_parameters(pub: Pub) -> dict[str, NDArray[np.float64]]:
    """Values of all parameters over the whole sweep: the Sampler does not broadcast them."""
    return {
        name: np.ascontiguousarray(np.broadcast_to(values, pub.sweep))
        for name, values in pub.parameters.items()
    }


def expected_shape(job: Job, pubs: Sequence[Pub]) -> tuple[int, ...]:
    """Shape of a job's outcomes: (pub, *sweep, shots), or (pub, *sweep, 2ⁿ) of probabilities."""
    last = 2 ** len(pubs[0].circuit.clbits) if job.shots is None else job.shots
    return (len(pubs), *pubs[0].sweep, last)


def executions(job: Job, pubs: Sequence[Pub]) -> int:
    """Circuit executions of a job; 0 where there are no shots."""
    return (job.shots or 0) * sum(int(np.prod(pub.sweep)) for pub in pubs)
