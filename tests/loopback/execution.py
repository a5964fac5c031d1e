"""Executes the parameters of an executor job on the exact engine and encodes the result."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import numpy as np
from ibm_quantum_schemas.common import CompressedTensorModel
from numpy.typing import NDArray
from qiskit import QuantumCircuit
from qiskit.circuit import Reset
from qiskit.providers import BackendV2
from qiskit.transpiler import InstructionProperties
from qiskit_ibm_runtime.decoders.executor.decoder import AVAILABLE_DECODERS
from qiskit_ibm_runtime.quantum_program.params_converters import QUANTUM_PROGRAM_PARAMS_CONVERTERS
from qiskit_ibm_runtime.utils.utils import is_isa_circuit

from recycling.compilation.target import device_target
from recycling.compilation.timeline import Operation, timeline
from recycling.devices.device import Device
from recycling.devices.gates import Gate
from recycling.devices.profiles import device_from_backend
from recycling.execution.ibm.scheduling import schedule_as_late_as_possible
from recycling.simulation.engine import Evaluation, compile_program, execute

from .reduction import active_qubits, padded_layout, restrict, with_latency


@dataclass(frozen=True)
class Physics:
    """What a snapshot does not say: T0 in K, frequency in Hz, feedforward latency in s."""

    temperature: float = 0.043
    frequency: float = 5e9
    feedforward_latency: float | None = None


@dataclass(frozen=True)
class Task:
    """Decoded job: one circuit and its arguments (array of shape (*sweep, parameters)) an item."""

    version: str
    circuits: tuple[QuantumCircuit, ...]
    arguments: tuple[NDArray[np.float64], ...]
    shots: int
    rep_delay: float | None
    scheduler_timing: bool
    passthrough: Any
    semantic_role: str | None

    @property
    def sweeps(self) -> list[tuple[int, ...]]:
        """Shape of the sweep of each item."""
        return [array.shape[:-1] for array in self.arguments]

    @property
    def executions(self) -> int:
        """Circuit executions of the whole job."""
        return self.shots * sum(int(np.prod(sweep)) for sweep in self.sweeps)


@dataclass(frozen=True)
class Item:
    """One circuit's outcome: probabilities of every record (*sweep, records) and its schedule."""

    program: Evaluation
    probabilities: NDArray[np.float64]
    registers: dict[str, tuple[int, ...]]
    duration: float
    timing: str
    dt: float


def decode(params: dict[str, Any]) -> Task:
    """Read the parameters of an executor job.

    Raises:
        ValueError: unknown version, or not what the version asks for.
    """
    version = params.get("schema_version", "")
    if version not in QUANTUM_PROGRAM_PARAMS_CONVERTERS:
        raise ValueError(f"schema_version {version!r} is not known")
    converter = QUANTUM_PROGRAM_PARAMS_CONVERTERS[version]
    model = converter.model.model_validate(params)
    program, options = converter.decoder(model)
    if any(not hasattr(item, "circuit_arguments") for item in program.items):
        raise ValueError("only circuit items can be executed here: switch twirling off")
    return Task(
        version=version,
        circuits=tuple(item.circuit for item in program.items),
        arguments=tuple(np.asarray(item.circuit_arguments, float) for item in program.items),
        shots=program.shots,
        rep_delay=options.execution.rep_delay,
        scheduler_timing=model.options.scheduler_timing,
        passthrough=model.quantum_program.passthrough_data,
        semantic_role=program._semantic_role,
    )


@dataclass
class Executor:
    """Executes the circuits of tasks on one chip; repeated circuits cost nothing."""

    backend: BackendV2
    physics: Physics
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
        programs = [
            compile_program(circuit, device, _parameters(circuit, arguments))
            for (circuit, device), arguments in zip(prepared, task.arguments, strict=True)
        ]
        return [
            _item(circuit, device, program, outcome.probabilities, sweep)
            for (circuit, device), program, outcome, sweep in zip(
                prepared, programs, execute(programs), task.sweeps, strict=True
            )
        ]

    def _prepare(self, circuit: QuantumCircuit) -> tuple[QuantumCircuit, Device]:
        """The scheduled circuit on its own qubits, with all waiting written in, and its device."""
        if reason := is_isa_circuit(circuit, self.backend.target):
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


def sample(items: list[Item], shots: int, entropy: list[int]) -> list[dict[str, NDArray[np.bool_]]]:
    """Draw shots in order; each item has its own stream.

    Returns:
        For each item the bits of each register (array of shape (*sweep, shots, bits)).
    """
    drawn = []
    for number, item in enumerate(items):
        seed = np.random.SeedSequence(entropy, spawn_key=(number,))
        drawn.append(_draw(item, shots, np.random.default_rng(seed)))
    return drawn


def digest(items: list[Item], shots: int) -> bytes:
    """Hash of what a job does; the names of its circuits and its tags do not enter."""
    hasher = hashlib.sha256(str(shots).encode())
    for item in items:
        program, values = item.program.program, item.program.values
        for part in (program.steps, program.times.nodes, values.numbers):
            hasher.update(repr(part).encode())
        for name in sorted(values.parameters):
            hasher.update(name.encode() + np.asarray(values.parameters[name]).tobytes())
    return hasher.digest()


def encode(
    task: Task,
    items: list[Item],
    drawn: list[dict[str, NDArray[np.bool_]]],
    window: tuple[datetime, datetime],
) -> bytes:
    """The result as the service sends it, in the version in which the job came."""
    _, model = AVAILABLE_DECODERS[task.version]
    parts = [
        {
            "idx_item": index,
            "size": int(np.prod(sweep)),
            "permutation": list(range(len(sweep))),
            "element_range": (0, int(np.prod(sweep)), 1),
        }
        for index, sweep in enumerate(task.sweeps)
    ]
    data = [
        {
            "results": {
                name: CompressedTensorModel.from_numpy(bits).model_dump()
                for name, bits in registers.items()
            },
            "metadata": {"scheduler_timing": _timing(item) if task.scheduler_timing else None},
        }
        for item, registers in zip(items, drawn, strict=True)
    ]
    result = {
        "schema_version": task.version,
        "data": data,
        "metadata": {"chunk_timing": [{"start": window[0], "stop": window[1], "parts": parts}]},
        "passthrough_data": task.passthrough,
        "semantic_role": task.semantic_role,
    }
    return bytes(model.model_validate(result).model_dump_json(), "utf-8")


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
        program=program,
        probabilities=np.broadcast_to(
            positive / positive.sum(-1, keepdims=True), (*sweep, flat.shape[-1])
        ),
        registers=registers,
        duration=max((operation.end for operation in operations), default=0.0),
        timing=_schedule(operations, device),
        dt=device.dt,
    )


def _draw(item: Item, shots: int, generator: np.random.Generator) -> dict[str, NDArray[np.bool_]]:
    sweep = item.probabilities.shape[:-1]
    cumulative = item.probabilities.cumsum(-1).reshape(-1, item.probabilities.shape[-1])
    # The last sum can fall short of 1 by rounding; no draw may land above it.
    cumulative[:, -1] = 1.0
    records = np.stack(
        [np.searchsorted(row, generator.random(shots), side="right") for row in cumulative]
    ).reshape(*sweep, shots)
    recorded = item.program.program.bits
    drawn = {}
    for name, bits in item.registers.items():
        drawn[name] = np.zeros((*sweep, shots, len(bits)), dtype=np.bool_)
        for column, bit in enumerate(bits):
            if bit in recorded:
                shift = len(recorded) - 1 - recorded.index(bit)
                drawn[name][..., column] = records >> shift & 1
    return drawn


def _timing(item: Item) -> dict[str, Any]:
    return {"timing": item.timing, "circuit_duration": round(item.duration / item.dt)}


def _schedule(operations: list[Operation], device: Device) -> str:
    """Lines of branch, instruction, channel, start, duration and pulse; times in dt.

    As the service writes them, but with each gate as one pulse.
    """
    layout = device.layout or ()
    lines = []
    for operation in operations:
        if operation.name == "delay":
            continue
        qubits = [layout[qubit] for qubit in operation.qubits]
        branch = "then" if operation.conditional else "main"
        name = "_".join([operation.name, *map(str, qubits)])
        times = f"{round(operation.start / device.dt)},{round(operation.duration / device.dt)}"
        pulse = "shift_phase" if operation.name == "rz" else "play"
        lines += [f"{branch},{name},Qubit {qubit},{times},{pulse}" for qubit in qubits]
        if operation.name == "measure":
            lines.append(f"{branch},{name},AWGR0_{qubits[0]},{times},capture")
    return "\n".join(lines)
