"""Executes the circuits of a job on the exact engine."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray
from qiskit import QuantumCircuit
from qiskit.circuit import Reset
from qiskit.providers import BackendV2
from qiskit.transpiler import InstructionProperties

from recycling.compilation.target import device_target
from recycling.compilation.timeline import timeline
from recycling.devices.device import Device
from recycling.devices.gates import Gate
from recycling.devices.profiles import device_from_backend
from recycling.execution.ibm.scheduling import schedule_as_late_as_possible
from recycling.execution.ibm.wire import Task, fault_of_circuit
from recycling.rehearsal.reduction import active_qubits, padded_layout, restrict, with_latency
from recycling.rehearsal.timing import schedule_text
from recycling.simulation.engine import Evaluation, compile_program, execute


@dataclass(frozen=True)
class Physics:
    """What a snapshot does not say: T0 in K, frequency in Hz, feedforward latency in s."""

    temperature: float = 0.043
    frequency: float = 5e9
    feedforward_latency: float | None = None


#: What executes jobs: the exact engine, or IBM's Sampler in its local mode.
Engine = Literal["exact", "sampler"]


@dataclass(frozen=True)
class Item:
    """One circuit's outcome: probabilities of every record (*sweep, records) and its schedule."""

    circuit: QuantumCircuit
    device: Device
    arguments: dict[str, NDArray[np.float64]]
    program: Evaluation
    probabilities: NDArray[np.float64]
    registers: dict[str, tuple[int, ...]]
    duration: float
    timing: str
    dt: float

    @property
    def schedule(self) -> dict[str, Any]:
        """The schedule as the service reports it."""
        return {"timing": self.timing, "circuit_duration": round(self.duration / self.dt)}


@dataclass
class Executor:
    """Executes the circuits of tasks on one chip; repeated circuits cost nothing."""

    backend: BackendV2
    physics: Physics
    engine: Engine = "exact"
    _done: dict[str, list[Item]] = field(default_factory=dict)
    _devices: dict[tuple[int, ...], Device] = field(default_factory=dict)

    def run(self, task: Task, params: dict[str, Any]) -> list[Item]:
        """Evolve all items exactly.

        Raises:
            ValueError: a circuit that this chip cannot execute.
        """
        program = params["quantum_program"]
        content = json.dumps([program["circuits"], program["items"]], sort_keys=True)
        key = hashlib.sha256(content.encode()).hexdigest()
        if key not in self._done:
            self._done[key] = self._evolve(task)
        return self._done[key]

    def _evolve(self, task: Task) -> list[Item]:
        prepared = [self._prepare(circuit) for circuit in task.circuits]
        parameters = [
            _parameters(circuit, arguments)
            for (circuit, _), arguments in zip(prepared, task.arguments, strict=True)
        ]
        programs = [
            compile_program(circuit, device, values)
            for (circuit, device), values in zip(prepared, parameters, strict=True)
        ]
        return [
            _item(circuit, device, values, program, outcome.probabilities, sweep)
            for (circuit, device), values, program, outcome, sweep in zip(
                prepared, parameters, programs, execute(programs), task.sweeps, strict=True
            )
        ]

    def _prepare(self, circuit: QuantumCircuit) -> tuple[QuantumCircuit, Device]:
        """The scheduled circuit on its own qubits, with all waiting written in, and its device."""
        if reason := fault_of_circuit(circuit, self.backend.target):
            raise ValueError(reason)
        layout = padded_layout(active_qubits(circuit), self.backend.target)
        if layout not in self._devices:
            self._devices[layout] = self._device(layout)
        device = self._devices[layout]
        target = device_target(device)
        resets = {g.qubits: g.duration for g in device.gates if g.name == "reset"}
        target.add_instruction(
            Reset(), {qubits: InstructionProperties(time) for qubits, time in resets.items()}
        )
        small = restrict(circuit, layout)
        waited = with_latency(small, round(device.feedforward_latency / device.dt))
        return schedule_as_late_as_possible(waited, target), device

    def _device(self, layout: tuple[int, ...]) -> Device:
        """Profile of a layout, and a reset: it ends in |0⟩, so it adds its duration alone."""
        device = device_from_backend(
            self.backend,
            layout,
            temperature=self.physics.temperature,
            frequency=self.physics.frequency,
            feedforward_latency=self.physics.feedforward_latency,
        )
        durations = [self.backend.target["reset"][(qubit,)].duration for qubit in layout]
        resets = [
            Gate(name="reset", qubits=(qubit,), duration=duration, error=0)
            for qubit, duration in enumerate(durations)
        ]
        return device.replace("snapshot", gates=(*device.gates, *resets))


def _parameters(circuit: QuantumCircuit, arguments: NDArray[np.float64]) -> dict[str, Any]:
    """Values by name, each of length 1 along the axes of the sweep that it does not vary on."""
    values = {}
    for column, parameter in enumerate(circuit.parameters):
        array = arguments[..., column]
        for axis in range(array.ndim):
            first = array.take([0], axis)
            if np.array_equal(np.broadcast_to(first, array.shape), array):
                array = first
        values[parameter.name] = array
    return values


def _item(
    circuit: QuantumCircuit,
    device: Device,
    arguments: dict[str, NDArray[np.float64]],
    program: Evaluation,
    probabilities: NDArray[np.float64],
    sweep: tuple[int, ...],
) -> Item:
    operations = timeline(circuit, device)
    flat = probabilities.reshape(*probabilities.shape[: len(program.sweep)], -1)
    positive = np.maximum(flat, 0)
    registers = {
        register.name: tuple(circuit.find_bit(bit).index for bit in register)
        for register in circuit.cregs
    }
    return Item(
        circuit=circuit,
        device=device,
        arguments=arguments,
        program=program,
        probabilities=np.broadcast_to(
            positive / positive.sum(-1, keepdims=True), (*sweep, flat.shape[-1])
        ),
        registers=registers,
        duration=max((operation.end for operation in operations), default=0.0),
        timing=schedule_text(operations, device),
        dt=device.dt,
    )
