"""The exact engine: compile circuits, evaluate them on devices and over sweeps, exactly.

A sweep is (*sweep of the device, *sweep of the circuit's parameters). Programs with a common
beginning share its evolution: the HHL part of all circuits of an experiment is evolved once.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np
from array_api_compat import is_cupy_array
from numpy.typing import NDArray

from recycling.compilation.times import Times
from recycling.devices.channels import density_matrix
from recycling.simulation.angles import few_angles
from recycling.simulation.detunings import averaged
from recycling.simulation.evolution import Tree, evolve, nothing
from recycling.simulation.lower import lower
from recycling.simulation.noise import Part
from recycling.simulation.numbers import LATENCY
from recycling.simulation.program import Program
from recycling.simulation.state import State
from recycling.simulation.values import Values

if TYPE_CHECKING:
    from qiskit import QuantumCircuit

    from recycling.devices.device import Device


#: Records whose density matrices are made at a time.
_RECORDS = 2**10


#: Points that are evolved together: with NumPy their state stays in the cache of a core, and a GPU
#: needs many to be busy.
BLOCK, LARGE_BLOCK = 1024, 131_072


@dataclass(frozen=True, eq=False)
class Evaluation:
    """A program and the values that it is evaluated with."""

    program: Program
    values: Values

    @property
    def sweep(self) -> tuple[int, ...]:
        """Shape of the sweep: that of the device, then that of the parameters."""
        return self.values.sweep


@dataclass(frozen=True)
class Outcome:
    """Result of a program.

    ``tensor`` has the axes (*sweep, *recorded bits of length 2, *kept qubits of length 4), in the
    order of the program's ``bits`` and ``qubits``; the axes of the device's sweep come before those
    of the circuit's parameters.

    Example:
        >>> from qiskit import QuantumCircuit
        >>> from recycling.devices.profiles import ideal_device
        >>> circuit = QuantumCircuit(1)
        >>> _ = circuit.sx(0)
        >>> device = ideal_device(temperature=0.001, frequency=5e9, roles=("B",))
        >>> (outcome,) = execute([compile_program(circuit, device, keep=[0])])
        >>> outcome.density_matrices.round(3).tolist()
        [[(0.5+0j), 0.5j], [-0.5j, (0.5+0j)]]
    """

    program: Program
    sweep: tuple[int, ...]
    tensor: NDArray[np.float64]

    @property
    def probabilities(self) -> NDArray[np.float64]:
        """Joint probability of every record (array of shape (*sweep, 2, …, 2))."""
        traces: tuple[Any, ...] = (..., *(0,) * len(self.program.qubits))
        return np.asarray(self.tensor[traces])

    @property
    def density_matrices(self) -> NDArray[np.complex128]:
        """Density matrix of the kept qubits for every record (*sweep, 2, …, 2, d, d).

        First kept qubit outermost; a record of probability zero has a matrix of zeros.
        """
        count, weights = len(self.program.qubits), self.probabilities
        states = np.zeros((*weights.shape, 2**count, 2**count), complex)
        # Some records at a time: the matrices of all take memory enough.
        sizes = [int(np.prod(weights.shape[axes:])) for axes in range(weights.ndim + 1)]
        outer = next(axes for axes, size in enumerate(sizes) if size <= max(_RECORDS, sizes[-1]))
        for place in np.ndindex(weights.shape[:outer]):
            weight = weights[place][..., None, None]
            found = density_matrix(self.tensor[place], count)
            np.divide(found, weight, out=states[place], where=weight > 0)
        return states


def compile_program(
    circuit: QuantumCircuit,
    device: Device,
    parameters: Mapping[str, Any] | None = None,
    *,
    keep: Sequence[int] = (),
    along: Mapping[str, Any] | None = None,
    scheduled: bool = True,
) -> Evaluation:
    """Compile a circuit for the exact engine.

    Args:
        circuit: compiled dynamic circuit on the device's qubits. A one-qubit "kraus" instruction is
            a channel that takes no time and adds no noise.
        device: noise, and the thermal start of each qubit, at one point or over a sweep.
        parameters: value of each circuit parameter by name, rad; arrays that broadcast against
            each other to the shape of their sweep, e.g. (11, 1) values of θ_b and (1, 3) bases.
        keep: qubits whose density matrices are kept to the end.
        along: values of parameters that go with the points of the device's sweep.
        scheduled: idle time is written as delays; False schedules the circuit as late as possible,
            at each point with the durations and the latency of the device there.

    Returns:
        Program over the sweep (*device sweep, *parameter sweep).

    Raises:
        ValueError: a parameter without a value, a gate that is not native, control flow beyond
            ``if_test`` on measured bits, or a scheduled circuit on a device whose measurements or
            feedforward latency take a time that varies: it is fixed in the circuit.

    Example:
        Probability of reading 1 from a thermal qubit that idles, at three values of T1:

        >>> import numpy as np
        >>> from qiskit import QuantumCircuit
        >>> from recycling.devices.profiles import ideal_device
        >>> circuit = QuantumCircuit(1, 1)
        >>> _ = circuit.x(0)
        >>> _ = circuit.delay(100, 0, unit="us")
        >>> _ = circuit.measure(0, 0)
        >>> device = ideal_device(temperature=0.01, frequency=5e9, roles=("B",))
        >>> swept = device.replace("example", t1=np.array([[50e-6], [100e-6], [np.inf]]),
        ...                        t2=(50e-6,))
        >>> (outcome,) = execute([compile_program(circuit, swept)])
        >>> outcome.probabilities[:, 1].round(3)
        array([0.135, 0.368, 1.   ])
    """
    (compiled,) = compile_programs(
        [(circuit, parameters or {})], device, keep=keep, along=along, scheduled=scheduled
    )
    return compiled


def compile_programs(
    circuits: Sequence[tuple[QuantumCircuit, Mapping[str, Any]]],
    device: Device,
    *,
    keep: Sequence[int] = (),
    along: Mapping[str, Any] | None = None,
    scheduled: bool = True,
) -> list[Evaluation]:
    """Compile circuits with their parameters, such that those that begin alike share the beginning.

    See ``compile_program``.

    Example:
        >>> from qiskit import QuantumCircuit
        >>> from recycling.devices.profiles import ideal_device
        >>> device = ideal_device(temperature=0.01, frequency=5e9, roles=("B",))
        >>> compiled = compile_programs([(QuantumCircuit(1), {})] * 2, device)
        >>> compiled[0].values is compiled[1].values
        True
    """
    programs = lower_all(
        [circuit for circuit, _ in circuits], device, keep=keep, scheduled=scheduled
    )
    return with_values(programs, [given for _, given in circuits], device, along=along)


def lower_all(
    circuits: Sequence[QuantumCircuit],
    device: Device,
    *,
    keep: Sequence[int] = (),
    scheduled: bool = True,
) -> list[Program]:
    """Turn circuits into programs that share their times: the part that no number enters.

    See ``compile_program``.

    Example:
        >>> from qiskit import QuantumCircuit
        >>> from recycling.devices.profiles import ideal_device
        >>> device = ideal_device(temperature=0.01, frequency=5e9, roles=("B",))
        >>> programs = lower_all([QuantumCircuit(1)] * 2, device)
        >>> warmer = device.replace("warmer", temperature=0.02)
        >>> [each.sweep for each in with_values(programs, [{}, {}], warmer)]
        [(), ()]
    """
    if scheduled:
        _refuse_swept_times(device, circuits)
    times = Times()
    return [
        lower(circuit, device, keep=keep, times=times, scheduled=scheduled) for circuit in circuits
    ]


def with_values(
    programs: Sequence[Program],
    parameters: Sequence[Mapping[str, Any]],
    device: Device,
    *,
    along: Mapping[str, Any] | None = None,
) -> list[Evaluation]:
    """Take the numbers of a device, and the parameters of each program.

    See ``compile_program`` and ``lower_all``, whose device may be another one with the same gates.

    Raises:
        ValueError: a parameter without a value, or a rotation that takes time or has an error here
            and none on the device that the programs were made for.

    Example:
        >>> from qiskit import QuantumCircuit
        >>> from recycling.devices.profiles import ideal_device
        >>> device = ideal_device(temperature=0.01, frequency=5e9, roles=("B",))
        >>> programs = lower_all([QuantumCircuit(1)], device)
        >>> swept = device.replace("swept", temperature=[[0.01], [0.02], [0.03]])
        >>> with_values(programs, [{}], swept)[0].sweep
        (3,)
    """
    values: list[tuple[Mapping[str, Any], Values]] = []
    evaluations = []
    for program, given in zip(programs, parameters, strict=True):
        missing = sorted({*program.parameters} - given.keys() - (along or {}).keys())
        if missing:
            raise ValueError(f"parameters: {missing[0]} has no value: give one for each parameter")
        known = next((each for before, each in values if _equal(before, given)), None)
        if known is None:
            known = Values.of(device, given, along)
            values.append((given, known))
        for key in program.virtual:
            if known.numbers.gate_durations[key] != 0 or known.numbers.gate_errors[key] != 0:
                raise ValueError(f"{key[0]} on {key[1]}: virtual when compiled, and not any more")
        evaluations.append(Evaluation(program, known))
    return evaluations


def execute(evaluations: Sequence[Evaluation], xp: Any = np, *, dtype: Any = None) -> list[Outcome]:
    """Evolve programs exactly; those with a common beginning share its evolution.

    Args:
        evaluations: compiled programs.
        xp: namespace of the array API to compute in.
        dtype: of the state, by default float64.

    Returns:
        Outcome of each program, in order.

    Example:
        >>> from qiskit import QuantumCircuit
        >>> from recycling.devices.profiles import ideal_device
        >>> circuit = QuantumCircuit(1, 1)
        >>> _ = circuit.measure(0, 0)
        >>> device = ideal_device(temperature=0.2, frequency=5e9, roles=("B",))
        >>> (outcome,) = execute([compile_program(circuit, device)])
        >>> outcome.probabilities.round(3).tolist()
        [0.768, 0.232]
    """
    dtype = xp.float64 if dtype is None else dtype
    outcomes: dict[int, Outcome] = {}
    groups: dict[tuple[int, int], list[int]] = {}
    for index, each in enumerate(evaluations):
        groups.setdefault((id(each.values), id(each.program.times)), []).append(index)
    for members in groups.values():
        values = evaluations[members[0]].values
        programs = [evaluations[index].program for index in members]
        few = few_angles(programs, values)
        points = BLOCK if xp is np else LARGE_BLOCK
        evaluate = partial(_evaluated, programs, xp=xp, dtype=dtype)
        tensors = averaged(programs, few.values if few else values, points, evaluate)
        if few:
            tensors = [few.all_of(tensor) for tensor in tensors]
        for index, tensor in zip(members, tensors, strict=True):
            outcomes[index] = Outcome(evaluations[index].program, values.sweep, tensor)
    return [outcomes[index] for index in range(len(evaluations))]


def _evaluated(
    programs: Sequence[Program], values: Values, *, xp: Any, dtype: Any
) -> list[NDArray[np.float64]]:
    """Tensors (*sweep, *bits, *qubits) of programs, a block of the sweep at a time."""
    found: list[list[NDArray[np.float64]]] = [[] for _ in programs]
    axes, tree = len(values.sweep), Tree.of(programs)
    for part, blocks in values.parts(BLOCK if xp is np else LARGE_BLOCK):
        channels = part.channels(programs[0].times, xp, dtype)
        for block in blocks:

            def receive(index: int, state: State, width: int = block.stop - block.start) -> None:
                sweep = (*values.device_sweep[:-1], width) if values.device_sweep else ()
                found[index].append(_finished(programs[index], state, values, sweep))

            some = channels if len(blocks) == 1 else Part(channels, block)
            evolve(tree, nothing(some, axes, dtype), some, receive)
    along = len(values.device_sweep) - 1
    return [each[0] if len(each) == 1 else np.concatenate(each, axis=along) for each in found]


def _finished(
    program: Program, state: State, values: Values, device_sweep: tuple[int, ...]
) -> NDArray[np.float64]:
    """Tensor of a final state (*sweep, *bits, *qubits), as a NumPy array."""
    wanted = [*(("bit", bit) for bit in program.bits), *(("qubit", q) for q in program.qubits)]
    ordered = state.order(wanted).tensor
    array = np.asarray(ordered.get() if is_cupy_array(ordered) else ordered)
    tensor = values.outwards(array)
    shape = (*device_sweep, *values.parameter_sweep, *tensor.shape[len(values.sweep) :])
    return np.broadcast_to(tensor, shape)


def _equal(first: Mapping[str, Any], second: Mapping[str, Any]) -> bool:
    return first.keys() == second.keys() and all(
        np.array_equal(first[name], second[name]) for name in first
    )


def _refuse_swept_times(device: Device, circuits: Sequence[QuantumCircuit]) -> None:
    axes = {"measure_duration": 1, "feedforward_latency": 0}
    if any(each.name == LATENCY for circuit in circuits for each in circuit.parameters):
        del axes["feedforward_latency"]
    for field, of_one in axes.items():
        if np.ndim(getattr(device, field)) > of_one:
            raise ValueError(
                f"{field} runs over a sweep, but the delays of a compiled circuit are fixed: "
                "give circuits without a schedule, and scheduled = False"
            )
