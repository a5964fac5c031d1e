"""Gates, depth and duration of a compiled circuit, and the parts of the protocol in time."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from recycling.compilation.target import CHANNEL
from recycling.compilation.timeline import Operation, timeline
from recycling.compilation.walk import waits, walk

if TYPE_CHECKING:
    from qiskit import QuantumCircuit

    from circuits.design import Design
    from recycling.devices.device import Device

#: Instructions that are no gates.
_IDLE = ("barrier", "delay", CHANNEL)


@dataclass(frozen=True)
class Structure:
    """Gates, depth and duration of a compiled circuit whose condition is met.

    ``gates`` holds the number of gates and measurements by name, ``conditional`` those inside the
    conditional block, ``depth`` the number of their layers. ``duration`` is in s.
    """

    gates: Mapping[str, int]
    conditional: Mapping[str, int]
    depth: int
    duration: float


@dataclass(frozen=True)
class Step:
    """A part of the protocol on the time axis: start and duration in s, qubits by role."""

    name: str
    roles: tuple[str, ...]
    start: float
    duration: float


def structure(circuit: QuantumCircuit, device: Device) -> Structure:
    """Count gates, layers and seconds of a compiled circuit, conditional block included.

    Example:
        >>> from qiskit import QuantumCircuit
        >>> from recycling.devices.profiles import ideal_device
        >>> device = ideal_device(temperature=0.043, frequency=5e9, roles=("B", "S"))
        >>> circuit = QuantumCircuit(2)
        >>> _ = circuit.x(0)
        >>> _ = circuit.delay(1, 0, unit="us")
        >>> _ = circuit.cz(0, 1)
        >>> counted = structure(circuit, device)
        >>> counted.gates, counted.depth, counted.duration
        ({'x': 1, 'cz': 1}, 2, 1e-06)
    """
    taken = _condition_met(circuit)
    counts = {name: n for name, n in taken.count_ops().items() if name not in _IDLE}
    conditional = Counter(
        located.instruction.operation.name for located in walk(circuit) if located.conditional
    )
    return Structure(
        gates=counts,
        conditional={name: n for name, n in conditional.items() if name not in _IDLE},
        depth=taken.depth(lambda instruction: instruction.operation.name not in _IDLE),
        duration=duration_of_circuit(circuit, device),
    )


def duration_of_circuit(circuit: QuantumCircuit, device: Device) -> float:
    """Length of a compiled circuit where its condition is met, s.

    Example:
        >>> from qiskit import QuantumCircuit
        >>> from recycling.devices.profiles import ideal_device
        >>> device = ideal_device(temperature=0.043, frequency=5e9, roles=("B", "S"))
        >>> circuit = QuantumCircuit(2)
        >>> _ = circuit.x(0)
        >>> _ = circuit.delay(1, 0, unit="us")
        >>> _ = circuit.cz(0, 1)
        >>> duration_of_circuit(circuit, device)  # s
        1e-06
    """
    return max((operation.end for operation in timeline(circuit, device)), default=0.0)


def algorithm_part(circuit: QuantumCircuit) -> QuantumCircuit:
    """Cut a compiled protocol circuit before its first measurement, that of the flag.

    Example:
        >>> from circuits import HHL, recycling_circuit
        >>> part = algorithm_part(recycling_circuit(HHL([[2, -1], [-1, 2]])))
        >>> "measure" in part.count_ops()
        False
    """
    names = [instruction.operation.name for instruction in circuit.data]
    return _head(circuit, names.index("measure"))


def schedule(circuit: QuantumCircuit, device: Device, design: Design) -> list[Step]:
    """List the parts of a protocol circuit in time, each from the end of the part before it.

    The preparation of S is left out, since it runs beside the others.

    Args:
        circuit: compiled circuit of the protocol, with tomography.
        device: the device it was compiled for.
        design: design of the experiment.

    Returns:
        The parts that take time: none on an instantaneous device.

    Example:
        >>> from circuits import HHL, recycling_circuit
        >>> from recycling.compilation.compile import compile_circuits
        >>> from recycling.devices.profiles import ideal_device
        >>> device = ideal_device(temperature=0.043, frequency=5e9)
        >>> slow = device.replace("example", measure_duration=(1e-6,) * 6)
        >>> hhl = HHL([[2, -1], [-1, 2]])
        >>> (compiled,) = compile_circuits(
        ...     [recycling_circuit(hhl)], device, schedule=lambda circuit, _target: circuit
        ... )
        >>> [(step.name, step.duration) for step in schedule(compiled, slow, hhl.design)]  # s
        [('measurement of the flag', 1e-06), ('tomography measurement', 1e-06)]
    """
    operations = [o for o in timeline(circuit, device) if o.name != "delay"]
    measured = [o for o in operations if o.name == "measure"]
    flags = [o for o in measured if device.roles[o.qubits[0]] in design.flags]
    readout = [o for o in measured if o not in flags]
    block = [o for o in operations if o.conditional]
    began, recorded = min(o.start for o in flags), max(o.end for o in flags)
    several = "s" if len(design.flags) > 1 else ""
    waited = timeline(_head(circuit, max(waits(circuit), default=-1) + 1), device)
    # The last barrier across all qubits comes after the erasure.
    head = _head(circuit, _last_common_barrier(circuit))
    swapped = [o for o in timeline(head, device) if o.name != "delay"]
    ends = [
        ("algorithm", design.purpose("algorithm"), began),
        (f"measurement of the flag{several}", _roles(flags, device), recorded),
        ("feedforward latency", device.roles, min((o.start for o in block), default=recorded)),
        ("conditional SWAP", _roles(block, device), max((o.end for o in block), default=recorded)),
        ("link", design.bath, max((o.end for o in waited), default=recorded)),
        (
            "erasure SWAP",
            (*design.target, *design.bath),
            max(o.end for o in [*swapped, *flags, *block]),
        ),
        ("basis rotation", design.measured, readout[0].start),
        ("tomography measurement", design.measured, max(o.end for o in readout)),
    ]
    start = min(o.start for o in operations)
    steps = []
    for name, roles, end in ends:
        if end > start:
            steps.append(Step(name, roles, start, end - start))
            start = end
    return steps


def _last_common_barrier(circuit: QuantumCircuit) -> int:
    """Position of the last barrier across all qubits, 0 without any."""
    common = (
        place
        for place, instruction in enumerate(circuit.data)
        if instruction.operation.name == "barrier" and len(instruction.qubits) == circuit.num_qubits
    )
    return max(common, default=0)


def _head(circuit: QuantumCircuit, count: int) -> QuantumCircuit:
    """The first instructions of a circuit."""
    head = circuit.copy_empty_like()
    head.data = circuit.data[:count]
    return head


def _roles(operations: Sequence[Operation], device: Device) -> tuple[str, ...]:
    used = {qubit for operation in operations for qubit in operation.qubits}
    return tuple(device.roles[qubit] for qubit in sorted(used))


def _condition_met(circuit: QuantumCircuit) -> QuantumCircuit:
    """Circuit with the first block of each conditional in place of the conditional."""
    taken = circuit.copy_empty_like()
    for instruction in circuit.data:
        blocks = getattr(instruction.operation, "blocks", ())
        if blocks:
            taken.compose(blocks[0], instruction.qubits, instruction.clbits, inplace=True)
        else:
            taken.append(instruction)
    return taken
