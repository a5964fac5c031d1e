"""The exact backend: joint probabilities from the engine, every shot drawn with a seed."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from recycling.devices.device import Device
from recycling.execution.registry import BackendKind
from recycling.jobs.job import Job, Pub, full_parameters, most_bits, together
from recycling.jobs.outcomes import Outcomes, shot_dtype
from recycling.simulation.probabilities import pub_probabilities

#: Largest deviation of a probability from [0, 1] by rounding: 4⁶ terms of a few roundings each.
ROUNDING = 4**6 * 4 * np.finfo(float).eps


def execute_exact(
    job: Job,
    pubs: Sequence[Pub],
    device: Device,
    seed: np.random.SeedSequence,
    progress: Callable[[float], None] = lambda _fraction: None,
) -> Outcomes:
    """Execute a job on the exact engine.

    Args:
        job: the job; without a number of shots the probabilities are the outcome.
        pubs: PUBs of the job.
        device: the device they were compiled for.
        seed: seed of the shots.
        progress: called with the fraction done.

    Raises:
        BadInput: the numbers of the device run over a sweep.

    Example:
        >>> from recycling.devices.profiles import ideal_device
        >>> device = ideal_device(temperature=0.043, frequency=5e9, roles=("B", "S"))
        >>> from qiskit import QuantumCircuit
        >>> circuit = QuantumCircuit(2, 1)
        >>> _ = circuit.x(0)
        >>> _ = circuit.measure(0, 0)
        >>> from recycling.jobs.job import Pub
        >>> job, seed = Job("trial-0", trial=0, shots=5), np.random.SeedSequence(1)
        >>> execute_exact(job, [Pub(circuit, {})], device, seed).shots.tolist()
        [[1, 1, 1, 1, 1]]
    """
    return ExactJobs()(job, pubs, device, seed, progress)


@dataclass
class ExactJobs:
    """Executes the jobs of a run, each as ``execute_exact`` does.

    PUBs that are those of the job before are not simulated again: trials differ in their shots
    alone.

    Example:
        >>> from qiskit import QuantumCircuit
        >>> from recycling.devices.profiles import ideal_device
        >>> device = ideal_device(temperature=0.043, frequency=5e9, roles=("B", "S"))
        >>> circuit = QuantumCircuit(2, 1)
        >>> _ = circuit.measure(0, 0)
        >>> jobs, seed = ExactJobs(), np.random.SeedSequence(1)
        >>> trials = [Job(f"trial-{trial}", trial=trial, shots=5) for trial in range(2)]
        >>> [jobs(job, [Pub(circuit, {})], device, seed).shots.shape for job in trials]
        [(1, 5), (1, 5)]
    """

    _before: tuple[Sequence[Pub], Device, NDArray[np.float64]] | None = None

    def __call__(
        self,
        job: Job,
        pubs: Sequence[Pub],
        device: Device,
        seed: np.random.SeedSequence,
        progress: Callable[[float], None] = lambda _fraction: None,
    ) -> Outcomes:
        """Execute a job."""
        probabilities = self._probabilities(pubs, device)
        bits = probabilities.shape[-1].bit_length() - 1
        if job.shots is None:
            return Outcomes(bits, table=probabilities)
        outcomes = Outcomes(bits, shots=_drawn(probabilities, job.shots, bits, seed))
        progress(1.0)
        return outcomes

    def _probabilities(self, pubs: Sequence[Pub], device: Device) -> NDArray[np.float64]:
        """Probabilities of the records (array of shape (pub, *sweep, record))."""
        device.refuse_sweep()
        if self._before is not None:
            earlier, same_device, known = self._before
            if same_device is device and _same(pubs, earlier):
                return known
        self._before = None  # not beside the next ones, which may be as large
        records = 2 ** most_bits(pubs)
        ordered = [_first_bit_lowest(table) for table in _tables(pubs, device)]
        # A circuit with fewer bits never has the records of the highest ones.
        none = [(0, records - table.shape[-1]) for table in ordered]
        padded = [
            np.pad(table, [(0, 0)] * (table.ndim - 1) + [width]) if width[1] else table
            for table, width in zip(ordered, none, strict=True)
        ]
        found = together(padded)
        self._before = (pubs, device, found)
        return found


def _tables(pubs: Sequence[Pub], device: Device) -> list[NDArray[np.float64]]:
    """Probabilities of each PUB (arrays of shape (*sweep, record)).

    Of PUBs whose sweeps differ each entry is evolved once, however often it is repeated.
    """
    if len({pub.sweep for pub in pubs}) == 1:
        tables = pub_probabilities(pubs, device)
        return [table.reshape(*pub.sweep, -1) for pub, table in zip(pubs, tables, strict=True)]
    once = {id(pub): _once(pub) for pub in pubs}
    alike: dict[tuple[int, ...], list[int]] = {}
    for key, (entries, _) in once.items():
        alike.setdefault(entries.sweep, []).append(key)
    known: dict[int, NDArray[np.float64]] = {}
    for keys in alike.values():  # PUBs of as many points share what their circuits have in common
        evolved = pub_probabilities([once[key][0] for key in keys], device)
        known |= dict(zip(keys, evolved, strict=True))
    return [
        known[id(pub)].reshape(-1, 2 ** len(pub.circuit.clbits))[once[id(pub)][1]] for pub in pubs
    ]


def _once(pub: Pub) -> tuple[Pub, NDArray[np.intp]]:
    """PUB with each entry once, and the place of each entry of the PUB among them."""
    if not pub.parameters:
        return pub, np.zeros(1, dtype=np.intp)
    values = np.stack([each.ravel() for each in full_parameters(pub).values()], axis=-1)
    entries, places = np.unique(values, axis=0, return_inverse=True)
    return Pub(pub.circuit, dict(zip(pub.parameters, entries.T, strict=True))), places.ravel()


def _same(pubs: Sequence[Pub], others: Sequence[Pub]) -> bool:
    """Whether PUBs are the same circuits with the same values."""
    return len(pubs) == len(others) and all(
        pub.circuit is other.circuit
        and pub.parameters.keys() == other.parameters.keys()
        and all(
            np.array_equal(pub.parameters[name], other.parameters[name]) for name in pub.parameters
        )
        for pub, other in zip(pubs, others, strict=True)
    )


def _drawn(
    probabilities: NDArray[np.float64], shots: int, bits: int, seed: np.random.SeedSequence
) -> NDArray[np.unsignedinteger]:
    """Records of shots (array of shape (pub, *sweep, shots))."""
    cumulative = _normalised(probabilities).cumsum(axis=-1)[..., :-1]
    generator = np.random.default_rng(seed)
    drawn = np.empty((*probabilities.shape[:-1], shots), dtype=shot_dtype(bits))
    for index in np.ndindex(*probabilities.shape[:-1]):
        uniform = generator.random(shots)
        drawn[index] = np.searchsorted(cumulative[index], uniform, side="right")
    return drawn


def _first_bit_lowest(probabilities: NDArray[np.float64]) -> NDArray[np.float64]:
    """Reorder records from "first bit outermost" to "first bit lowest"."""
    sweep, bits = probabilities.shape[:-1], probabilities.shape[-1].bit_length() - 1
    by_bit = probabilities.reshape(*sweep, *(2,) * bits)
    reverse = (*range(len(sweep)), *reversed(range(len(sweep), len(sweep) + bits)))
    return by_bit.transpose(reverse).reshape(*sweep, -1)


def _normalised(probabilities: NDArray[np.float64]) -> NDArray[np.float64]:
    """Remove rounding below zero; anything larger is a fault of the engine."""
    if probabilities.min() < -ROUNDING:
        raise ArithmeticError(f"negative probability {probabilities.min():.3g} from the engine")
    clipped = np.maximum(probabilities, 0)
    return np.asarray(clipped / clipped.sum(axis=-1, keepdims=True))


BACKEND = BackendKind(
    usage="'exact'", simulate=execute_exact, infinite_shots=True, detunings=True, for_run=ExactJobs
)
