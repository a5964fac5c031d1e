"""Compile a protocol circuit for a device, with all idle time written into it."""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from itertools import permutations
from typing import TYPE_CHECKING

from circuits.algorithms.algorithm import Algorithm, with_circuit
from recycling.errors import BadInput
from recycling.execution.ibm.service import schedule_as_late_as_possible

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from qiskit import QuantumCircuit
    from qiskit.circuit import CircuitInstruction
    from qiskit.transpiler import PassManager, Target

    from circuits.algorithms.algorithm import AnyAlgorithm
    from recycling.devices.device import Device

#: Sabre routing is seeded, so that a spec always compiles to the same circuit.
TRANSPILER_SEED = 1


def device_target(device: Device, num_qubits: int | None = None) -> Target:
    """Qiskit target of the device's own qubits, numbered in the order of its roles.

    ``num_qubits`` takes the first so many of them only.
    """
    from qiskit.circuit import Delay, IfElseOp, Measure, Parameter
    from qiskit.circuit.library import CZGate, RZGate, SXGate, XGate
    from qiskit.transpiler import InstructionProperties, Target

    count = num_qubits or device.num_qubits
    target = Target(num_qubits=count, dt=device.dt)
    instructions = {"x": XGate(), "sx": SXGate(), "rz": RZGate(Parameter("angle")), "cz": CZGate()}
    for name, instruction in instructions.items():
        properties = {
            gate.qubits: InstructionProperties(duration=gate.duration, error=gate.error)
            for gate in device.gates
            if gate.name == name and max(gate.qubits) < count
        }
        target.add_instruction(instruction, properties)
    errors = (1 - device.assignment[:, [0, 1], [0, 1]]).mean(axis=-1)
    target.add_instruction(
        Measure(),
        {
            (qubit,): InstructionProperties(duration=device.measure_duration[qubit], error=error)
            for qubit, error in enumerate(errors[:count])
        },
    )
    target.add_instruction(Delay(Parameter("duration")), {(qubit,): None for qubit in range(count)})
    target.add_instruction(IfElseOp, name="if_else")
    return target


def route_algorithm(
    algorithm: AnyAlgorithm, device: Device, *, optimization_level: int = 3
) -> Algorithm:
    """Compile the algorithm alone, such that C_I and C_A end on their own places.

    Routing moves qubits about and does not look at what a conditional block needs afterwards: left
    to itself it puts the reset's SWAP on a third qubit, and measures other qubits in one arm than
    in the other. So every order in which the algorithm's qubits can start on their places is
    tried, and kept is, of those that come home, the one with the fewest CZ gates, then least depth.

    Args:
        algorithm: what to compile; its registers are in the order of the device's roles.
        device: what to compile for.
        optimization_level: 0 to 3, of Qiskit's preset pass managers.

    Raises:
        BadInput: no order comes home.
    """
    from qiskit import QuantumCircuit
    from qiskit.circuit import Parameter

    circuit = algorithm.circuit(*(Parameter(each.name) for each in algorithm.parameters))
    count = circuit.num_qubits
    manager = _pass_manager(device_target(device, count), optimization_level)
    home = (0, count - 1)
    starts = list(permutations(range(count)))
    if _fully_connected(device):
        starts = starts[:1]
    candidates = []
    for start in starts:
        placed = QuantumCircuit(count)
        placed.compose(circuit, start, inplace=True)
        routed = manager.run(placed)
        moved = routed.layout.final_index_layout() if routed.layout else range(count)
        if (moved[start[0]], moved[start[-1]]) == home:
            candidates.append((sum(cz_counts(routed).values()), routed.depth(), start, routed))
    if not candidates:
        raise BadInput(
            f"device.optimization_level = {optimization_level}: no routing brings the algorithm's "
            "qubits home; give another level"
        )
    best = min(candidates, key=lambda candidate: candidate[:3])[-1]
    named = QuantumCircuit(*circuit.qregs, name=circuit.name)
    named.compose(best, named.qubits, inplace=True)
    return with_circuit(algorithm, named)


def compile_circuits(
    circuits: Iterable[QuantumCircuit], device: Device, *, optimization_level: int = 3
) -> list[QuantumCircuit]:
    """Compile and schedule circuits, each qubit staying where it is.

    Args:
        circuits: circuits with their qubits in the order of the device's roles; two-qubit gates
            on coupled qubits only, as after ``route_algorithm``.
        device: what to compile for.
        optimization_level: 0 to 3, of Qiskit's preset pass managers.

    Returns:
        Circuits of native gates with all idle time as explicit delays.
    """
    target = device_target(device)
    manager = _pass_manager(target, optimization_level)
    with warnings.catch_warnings():
        # The hardware waits for whole cycles: a given latency is rounded to them, by half a dt.
        warnings.filterwarnings("ignore", "Duration is rounded", UserWarning)
        compiled = [manager.run(circuit) for circuit in circuits]
    if device.is_instantaneous:
        return compiled  # nothing takes time, so nothing idles
    return [schedule_as_late_as_possible(circuit, target) for circuit in compiled]


def compile_circuit(
    circuit: QuantumCircuit, device: Device, *, optimization_level: int = 3
) -> QuantumCircuit:
    """Compile and schedule one circuit; see ``compile_circuits``."""
    return compile_circuits([circuit], device, optimization_level=optimization_level)[0]


def place_on_chip(
    circuit: QuantumCircuit, layout: tuple[int, ...], num_qubits: int, *, keep_delays: bool
) -> QuantumCircuit:
    """Move a compiled circuit onto the physical qubits of a whole chip.

    Args:
        circuit: output of ``compile_circuit``.
        layout: physical qubit of each of its qubits.
        num_qubits: number of qubits of the chip.
        keep_delays: False leaves out all idle time: a service schedules by itself, and waits for
            the classical side of a conditional by itself.
    """
    from qiskit import QuantumCircuit

    placed = QuantumCircuit(num_qubits, name=circuit.name, metadata=circuit.metadata)
    placed.add_register(*circuit.cregs)
    timeless = circuit if keep_delays else _without_delays(circuit)
    placed.compose(timeless, qubits=list(layout), clbits=placed.clbits, inplace=True)
    return placed


def _without_delays(circuit: QuantumCircuit) -> QuantumCircuit:
    """Undo scheduling: no delays, and no barrier that it put before a conditional.

    That barrier spans all qubits, and would have the target wait in |1⟩ for the feedforward.
    """
    kept = circuit.copy_empty_like()
    following = [*(each.operation.name for each in circuit.data[1:]), ""]
    for instruction, after in zip(circuit.data, following, strict=True):
        operation = instruction.operation
        if operation.name == "if_else":
            operation = operation.replace_blocks(
                _without_delays(block) for block in operation.blocks
            )
        spans_all = len(instruction.qubits) == circuit.num_qubits
        added = operation.name == "barrier" and after == "if_else" and spans_all
        if operation.name != "delay" and not added:
            kept.append(operation, instruction.qubits, instruction.clbits)
    return kept


def cz_counts(circuit: QuantumCircuit) -> Mapping[frozenset[int], int]:
    """Two-qubit gates of a compiled circuit by pair of qubits, conditional blocks included."""
    counts: dict[frozenset[int], int] = {}
    for located in walk(circuit):
        if len(located.qubits) == 2 and located.instruction.operation.name == "cz":
            pair = frozenset(located.qubits)
            counts[pair] = counts.get(pair, 0) + 1
    return counts


@dataclass(frozen=True)
class Located:
    """An instruction with its qubits as positions in the outer circuit."""

    instruction: CircuitInstruction
    qubits: tuple[int, ...]
    conditional: bool


def walk(circuit: QuantumCircuit) -> list[Located]:
    """All instructions in order, those of conditional blocks included (not the if_else itself)."""
    return list(_walk(circuit, tuple(range(circuit.num_qubits)), conditional=False))


def _walk(circuit: QuantumCircuit, outer: tuple[int, ...], *, conditional: bool) -> list[Located]:
    found = []
    for instruction in circuit.data:
        qubits = tuple(outer[circuit.find_bit(qubit).index] for qubit in instruction.qubits)
        blocks = getattr(instruction.operation, "blocks", None)
        if blocks is None:
            found.append(Located(instruction, qubits, conditional))
        else:
            for block in blocks:
                found += _walk(block, qubits, conditional=True)
    return found


def _pass_manager(target: Target, optimization_level: int) -> PassManager:
    """Preset pass manager that starts each virtual qubit on the qubit of the same number."""
    from qiskit.transpiler import generate_preset_pass_manager

    return generate_preset_pass_manager(
        optimization_level,
        target=target,
        initial_layout=list(range(target.num_qubits)),
        seed_transpiler=TRANSPILER_SEED,
    )


def _fully_connected(device: Device) -> bool:
    return len(device.edges) == device.num_qubits * (device.num_qubits - 1) // 2
