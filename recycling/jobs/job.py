"""Jobs and PUBs: a submission, and its circuits with the values of their parameters."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import prod
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from qiskit import QuantumCircuit

#: Executions that IBM Quantum accepts in one job with control flow.
EXECUTIONS_PER_JOB = 10_000_000


@dataclass(frozen=True)
class Job:
    """A submission: some shots of a trial at successive points of the sweep, or a calibration.

    Attributes:
        name: identifies the job in its run.
        trial: number of the trial; None for a job that does not measure the protocol.
        points: first and end index of the points of the sweep, all parameters together.
        first_shot: number of its first shot, where a point needs several jobs.
        shots: number of shots; None where there are no single shots: infinitely many, or counts.
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
    """Primitive unified bloc: a circuit and the values of its parameters.

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
    """Make the PUBs of a calibration: circuits without parameters.

    Example:
        >>> from qiskit import QuantumCircuit
        >>> calibration_pubs([QuantumCircuit(1)])[0].sweep
        ()
    """
    return [Pub(circuit, {}) for circuit in circuits]


def full_parameters(pub: Pub) -> dict[str, NDArray[np.float64]]:
    """Broadcast the values of all parameters over the sweep, which the Sampler does not.

    Example:
        >>> from qiskit import QuantumCircuit
        >>> pub = Pub(QuantumCircuit(1), {"angle": np.zeros((5, 1)), "basis": np.zeros((1, 3))})
        >>> full_parameters(pub)["angle"].shape
        (5, 3)
    """
    return {
        name: np.array(np.broadcast_to(values, pub.sweep), order="C")
        for name, values in pub.parameters.items()
    }


def most_bits(pubs: Sequence[Pub]) -> int:
    """Bits of a shot of a job: those of its circuit with the most.

    Example:
        >>> from qiskit import QuantumCircuit
        >>> most_bits([Pub(QuantumCircuit(1, 4), {}), Pub(QuantumCircuit(1, 8), {})])
        8
    """
    return max(len(pub.circuit.clbits) for pub in pubs)


def axes_of(sweeps: Sequence[tuple[int, ...]]) -> tuple[int, ...]:
    """Axes of the outcomes of PUBs before the shots: (pub, *sweep), or (entry,).

    Where the sweeps of PUBs differ, the entries of all of them follow each other.

    Example:
        >>> axes_of([(5, 3), (5, 3)]), axes_of([(7,), (4,)])
        ((2, 5, 3), (11,))
    """
    if len(set(sweeps)) == 1:
        return (len(sweeps), *sweeps[0])
    return (sum(prod(sweep) for sweep in sweeps),)


def together(arrays: Sequence[NDArray[Any]]) -> NDArray[Any]:
    """Put the outcomes of PUBs together (arrays of shape (*sweep, ...)); see ``axes_of``.

    Example:
        >>> together([np.zeros((7, 100)), np.zeros((4, 100))]).shape
        (11, 100)
    """
    if len({array.shape for array in arrays}) == 1:
        return np.stack(arrays)
    return np.concatenate([array.reshape(-1, array.shape[-1]) for array in arrays])


def expected_shape(job: Job, pubs: Sequence[Pub]) -> tuple[int, ...]:
    """Compute the shape of a job's outcomes: those of ``axes_of``, then shots or 2ⁿ records.

    Example:
        >>> from qiskit import QuantumCircuit
        >>> from qiskit.circuit import Parameter
        >>> circuit = QuantumCircuit(1, 1)
        >>> _ = circuit.ry(Parameter("angle"), 0)
        >>> _ = circuit.measure(0, 0)
        >>> pub = Pub(circuit, {"angle": np.zeros((5, 1))})
        >>> expected_shape(Job("trial-0", trial=0, shots=1000), [pub, pub])
        (2, 5, 1, 1000)
    """
    last = 2 ** most_bits(pubs) if job.shots is None else job.shots
    return (*axes_of([pub.sweep for pub in pubs]), last)


def executions(job: Job, pubs: Sequence[Pub]) -> int:
    """Count the circuit executions of a job; 0 without shots.

    Example:
        >>> from qiskit import QuantumCircuit
        >>> from qiskit.circuit import Parameter
        >>> circuit = QuantumCircuit(1, 1)
        >>> _ = circuit.ry(Parameter("angle"), 0)
        >>> _ = circuit.measure(0, 0)
        >>> pub = Pub(circuit, {"angle": np.zeros((5, 1))})
        >>> executions(Job("trial-0", trial=0, shots=1000), [pub, pub])
        10000
    """
    return (job.shots or 0) * sum(int(np.prod(pub.sweep)) for pub in pubs)
