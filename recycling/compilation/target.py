"""A device as Qiskit's transpiler sees it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from circuits.transpiler import preset_pass_manager

if TYPE_CHECKING:
    from qiskit.transpiler import PassManager, Target

    from recycling.devices.device import Device

#: Seed of Sabre routing, so that a spec always compiles to the same circuit.
TRANSPILER_SEED = 1
#: Name of the instruction that applies a channel. It stands for noise and takes no time.
CHANNEL = "kraus"


def device_target(
    device: Device,
    num_qubits: int | None = None,
    *,
    channels: bool = False,
    resets: bool = False,
) -> Target:
    """Make the Qiskit target of the device's qubits, numbered in the order of its roles.

    Args:
        device: the device to compile for.
        num_qubits: number of its first qubits to take; None takes all.
        channels: also allow ``CHANNEL`` on each qubit, which no device executes.
        resets: also allow a reset where the device has one; see ``recycling.devices.resets``.

    Example:
        >>> from recycling.devices.profiles import ideal_device
        >>> target = device_target(ideal_device(temperature=0.043, frequency=5e9))
        >>> target.num_qubits, "cz" in target.operation_names
        (6, True)
    """
    from qiskit.circuit import Delay, IfElseOp, Instruction, Measure, Parameter, Reset
    from qiskit.circuit.library import CZGate, RZGate, SXGate, XGate
    from qiskit.transpiler import InstructionProperties, Target

    count = num_qubits or device.num_qubits
    target = Target(num_qubits=count, dt=device.dt)
    instructions = {"x": XGate(), "sx": SXGate(), "rz": RZGate(Parameter("angle")), "cz": CZGate()}
    if resets:
        instructions["reset"] = Reset()
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
    if channels:
        nothing = InstructionProperties(duration=0.0, error=0.0)
        everywhere = {(qubit,): nothing for qubit in range(count)}
        target.add_instruction(Instruction(CHANNEL, 1, 0, []), everywhere)
    return target


def pass_manager(target: Target, optimization_level: int) -> PassManager:
    """Make a preset pass manager that starts each virtual qubit on the qubit of the same number.

    Example:
        >>> from qiskit import QuantumCircuit
        >>> from recycling.devices.profiles import ideal_device
        >>> target = device_target(ideal_device(temperature=0.043, frequency=5e9))
        >>> circuit = QuantumCircuit(6)
        >>> _ = circuit.swap(0, 1)
        >>> pass_manager(target, optimization_level=0).run(circuit).count_ops()["cz"]
        3
    """
    return preset_pass_manager(
        optimization_level,
        target=target,
        initial_layout=list(range(target.num_qubits)),
        seed_transpiler=TRANSPILER_SEED,
    )
