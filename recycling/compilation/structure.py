"""What a compiled circuit consists of, and the parts of the protocol in time."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from recycling.compilation.target import CHANNEL
from recycling.compilation.timeline import Operation, timeline
from recycling.compilation.walk import walk

if TYPE_CHECKING:
    from qiskit import QuantumCircuit

    from circuits.design import Design
    from recycling.devices.device import Device

#: What takes no part in the computation: it is no gate.
_IDLE = ("barrier", "delay", CHANNEL)


@dataclass(frozen=True)
class Structure:
    """What one compiled circuit consists of, its condition met.

    ``gates`` counts gates and measurements by name, ``conditional`` those of them that are inside
    the conditional block. ``depth`` counts layers of them. ``duration`` is in s.
    """

    gates: Mapping[str, int]
    conditional: Mapping[str, int]
    depth: int
    duration: float


@dataclass(frozen=True)
class Step:
    """One part of the protocol on the time axis: start and duration in s, qubits by role."""

    name: str
    roles: tuple[str, ...]
    start: float
    duration: float


def structure(circuit: QuantumCircuit, device: Device) -> Structure:
    """Count gates, layers and seconds of a compiled circuit, conditional block included."""
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
    """Length of a compiled circuit where its condition is met, s."""
    return max((operation.end for operation in timeline(circuit, device)), default=0.0)


def algorithm_part(circuit: QuantumCircuit) -> QuantumCircuit:
    """Compiled protocol circuit up to the measurement of the flag, which is its first one."""
    names = [instruction.operation.name for instruction in circuit.data]
    head = circuit.copy_empty_like()
    head.data = circuit.data[: names.index("measure")]
    return head


def schedule(circuit: QuantumCircuit, device: Device, design: Design) -> list[Step]:
    """Parts of a protocol circuit in time, each from the end of the one before it.

    The preparation of S is left out: it goes on beside the others.

    Args:
        circuit: compiled circuit of the protocol, with tomography.
        device: the device it was compiled for.
        design: design of the experiment.

    Returns:
        The parts that take time: none on a device on which nothing does.
    """
    operations = [o for o in timeline(circuit, device) if o.name != "delay"]
    measured = [o for o in operations if o.name == "measure"]
    flags = [o for o in measured if device.roles[o.qubits[0]] in design.flags]
    readout = [o for o in measured if o not in flags]
    block = [o for o in operations if o.conditional]
    began, recorded = min(o.start for o in flags), max(o.end for o in flags)
    several = "s" if len(design.flags) > 1 else ""
    # The last barrier across all qubits comes after the erasure.
    swapped = _until_last_common_barrier(circuit, device)
    ends = [
        ("algorithm", design.purpose("algorithm"), began),
        (f"measurement of the flag{several}", _roles(flags, device), recorded),
        ("feedforward latency", device.roles, min((o.start for o in block), default=recorded)),
        ("conditional SWAP", _roles(block, device), max((o.end for o in block), default=recorded)),
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


def _until_last_common_barrier(circuit: QuantumCircuit, device: Device) -> list[Operation]:
    common = [
        place
        for place, instruction in enumerate(circuit.data)
        if instruction.operation.name == "barrier" and len(instruction.qubits) == circuit.num_qubits
    ]
    head = circuit.copy_empty_like()
    head.data = circuit.data[: max(common, default=0)]
    return [o for o in timeline(head, device) if o.name != "delay"]


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
