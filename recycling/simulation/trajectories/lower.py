"""A compiled circuit and a device become steps for trajectories; the noise is the exact engine's.

Thermal start, relaxation during gates and idle time, depolarization up to each gate's error, and
readout errors are those of ``recycling.devices.channels``. What happens to one qubit is gathered
into one channel until the next gate of two qubits, measurement or branch.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from recycling.compilation.items import Item, items_of
from recycling.compilation.times import Times
from recycling.devices import channels
from recycling.simulation.lifetimes import interacting, last_interactions
from recycling.simulation.trajectories.steps import (
    Conditional,
    Depolarize,
    Measure,
    Step,
    Unitary,
    allocation,
    channel_of,
)

if TYPE_CHECKING:
    from qiskit import QuantumCircuit

    from recycling.devices.device import Device

Real = NDArray[np.float64]

#: PTM of the reset to |0⟩.
_RESET = np.zeros((4, 4))
_RESET[[0, 3], 0] = 1
#: Most bits of a record, which is one whole number.
_MOST_BITS = 62
#: A thermal state that idles changes by rounding alone.
_THERMAL = 64 * np.finfo(float).eps


@dataclass(frozen=True)
class Trajectories:
    """Steps of a circuit at one point of a sweep.

    Attributes:
        steps: the steps, in order.
        most_qubits: most qubits that live at a time.
        bits: number of classical bits.
    """

    steps: tuple[Step, ...]
    most_qubits: int
    bits: int


def compile_trajectories(
    circuit: QuantumCircuit, device: Device, parameters: Mapping[str, float] | None = None
) -> Trajectories:
    """Compile a circuit for trajectories.

    Args:
        circuit: compiled dynamic circuit on the device's qubits, idle time as delays, with at most
            62 classical bits.
        device: noise, and the thermal start of each qubit, at one point.
        parameters: value of each circuit parameter by name, rad.

    Raises:
        BadInput: the numbers of the device run over a sweep.
        ValueError: too many bits, a parameter has no value, a gate is not native to the device or
            acts on more than two qubits, or a condition is no comparison of bits.

    Example:
        >>> from qiskit import QuantumCircuit
        >>> from recycling.devices.profiles import ideal_device
        >>> circuit = QuantumCircuit(2, 1)
        >>> _ = circuit.x(0)
        >>> _ = circuit.cz(0, 1)
        >>> _ = circuit.measure(0, 0)
        >>> device = ideal_device(temperature=0.043, frequency=5e9, roles=("B", "S"))
        >>> [type(step).__name__ for step in compile_trajectories(circuit, device).steps]
        ['Allocate', 'Allocate', 'Unitary', 'Measure', 'Measure']
    """
    device.refuse_sweep()
    if circuit.num_clbits > _MOST_BITS:
        raise ValueError(f"{circuit.num_clbits} bits: give a circuit of {_MOST_BITS} or fewer")
    known = {p.name for p in circuit.parameters}
    values = {name: float(value) for name, value in (parameters or {}).items() if name in known}
    missing = sorted(known - values.keys())
    if missing:
        raise ValueError(f"parameters: {missing[0]} has no value: give one for each parameter")
    times = Times()
    items = items_of(circuit.assign_parameters(values), times, device.dt)
    idle = times.values(lambda gate: device.gate_table[gate].duration / device.dt, {})
    compiler = _Compiler(device, [cycles * device.dt for cycles in idle])
    compiler.run(items)
    return Trajectories(tuple(compiler.steps), compiler.most_qubits, circuit.num_clbits)


@dataclass
class _Compiler:
    """Steps so far, and what waits: a state of each unused qubit, a channel of each live one.

    The noise of gates and idle times is kept: the same few recur in every circuit.
    """

    device: Device
    idle: Sequence[float]  # time of each expression, s
    steps: list[Step] = field(default_factory=list)
    alive: list[int] = field(default_factory=list)
    most_qubits: int = 0
    recorded: set[int] = field(default_factory=set)
    waiting: dict[int, Real] = field(default_factory=dict)
    unused: dict[int, Real] = field(default_factory=dict)

    gates: dict[tuple[Any, ...], Real] = field(default_factory=dict)
    relaxations: dict[tuple[int, float], Real] = field(default_factory=dict)
    errors: dict[tuple[str, tuple[int, ...]], tuple[float, list[Real]]] = field(
        default_factory=dict
    )

    def __post_init__(self) -> None:
        self.excited = self.device.excited_population
        self.assignment = self.device.assignment
        self.unused = dict(enumerate(channels.thermal_state(self.excited)))

    def run(self, items: Sequence[Item]) -> None:
        """Walk through a circuit."""
        last = last_interactions(items)
        for index, item in enumerate(items):
            live = [qubit for qubit in item.qubits if last.get(qubit, -1) >= index]
            if item.name == "barrier" or not live:
                continue
            if item.name == "if_else":
                self._conditional(item, live)
            elif item.name == "measure":
                (qubit,) = item.qubits
                self.recorded.update(item.bits)
                self._measure(qubit, item.bits[0], release=last[qubit] == index)
            else:
                self._apply(item)
            for qubit in live:
                if last[qubit] == index and qubit in self.alive:
                    self._measure(qubit, None, release=True)

    def _apply(self, item: Item) -> None:
        name, qubits = item.name, item.qubits
        if len(qubits) == 1:
            self._wait(qubits[0], self._channel(item))
            return
        if len(qubits) > 2:
            raise ValueError(
                f"{name} acts on {len(qubits)} qubits: compile to one- and two-qubit gates first"
            )
        for qubit in qubits:
            self._flush(qubit)
        pair = (qubits[0], qubits[1])
        strength, relaxations = self._error(name, qubits)
        # Qiskit has its first qubit innermost.
        matrix = item.operation.to_matrix().reshape(2, 2, 2, 2).transpose(1, 0, 3, 2).reshape(4, 4)
        self.steps.append(Unitary(pair, matrix))
        if strength > 0:
            self.steps.append(Depolarize(pair, strength * 15 / 16))
        for qubit, relaxation in zip(qubits, relaxations, strict=True):
            self._wait(qubit, relaxation)

    def _channel(self, item: Item) -> Real:
        """PTM of an operation on one qubit, with its noise."""
        (qubit,), operation = item.qubits, item.operation
        if item.name == "delay":
            return self._relaxation(qubit, self.idle[item.idle])
        if item.name == "reset":
            gate = self.device.gate_table.get((item.name, item.qubits))
            left = 0.0 if gate is None else gate.error
            return channels.depolarizing_channel(2 * left, 1) @ _RESET
        if item.name == "kraus":
            return channels.kraus_channel(operation.params)
        key = (item.name, qubit, *map(float, operation.params))
        if key not in self.gates:
            strength, (relaxation,) = self._error(item.name, (qubit,))
            depolarizing = channels.depolarizing_channel(strength, 1)
            unitary = channels.unitary_channel(operation.to_matrix())
            self.gates[key] = relaxation @ depolarizing @ unitary
        return self.gates[key]

    def _error(self, name: str, qubits: tuple[int, ...]) -> tuple[float, list[Real]]:
        """Depolarizing strength after a native gate, and the relaxation of each of its qubits."""
        if (name, qubits) in self.errors:
            return self.errors[name, qubits]
        gate = self.device.gate_table.get((name, qubits))
        if gate is None:
            raise ValueError(
                f"{name} on qubits {list(qubits)} is not native to {self.device.name}: "
                "compile the circuit for this device first"
            )
        relaxations = [self._relaxation(qubit, gate.duration) for qubit in qubits]
        both = relaxations[0] if len(qubits) == 1 else channels.tensor_channel(*relaxations)
        strength = float(channels.depolarizing_strength(gate.error, both))
        self.errors[name, qubits] = strength, relaxations
        return strength, relaxations

    def _relaxation(self, qubit: int, duration: float) -> Real:
        if (qubit, duration) not in self.relaxations:
            t1, t2 = self.device.t1[qubit], self.device.t2[qubit]
            self.relaxations[qubit, duration] = channels.thermal_relaxation_channel(
                duration, t1, t2, self.excited[qubit]
            )
        return self.relaxations[qubit, duration]

    def _wait(self, qubit: int, channel: Real) -> None:
        if np.array_equal(channel, np.eye(4)):
            return
        if qubit in self.unused:
            self.unused[qubit] = channel @ self.unused[qubit]
        elif qubit in self.waiting:
            self.waiting[qubit] = channel @ self.waiting[qubit]
        else:
            self.waiting[qubit] = channel

    def _flush(self, qubit: int) -> None:
        """Apply what waits for a qubit, which comes to life first if need be."""
        if qubit in self.unused:
            self.steps.append(allocation(qubit, self.unused.pop(qubit)))
            self.alive.append(qubit)
            self.most_qubits = max(self.most_qubits, len(self.alive))
        elif qubit in self.waiting:
            self.steps.append(channel_of(qubit, self.waiting.pop(qubit)))

    def _measure(self, qubit: int, bit: int | None, *, release: bool) -> None:
        if bit is None:  # what waits for a qubit that is traced out changes nothing
            self.waiting.pop(qubit, None)
        else:
            self._flush(qubit)
        self.steps.append(Measure(qubit, bit, self.assignment[qubit], release))
        if release:
            self.alive.remove(qubit)

    def _conditional(self, item: Item, live: Sequence[int]) -> None:
        if not self.recorded.issuperset(item.bits):
            raise ValueError("if_test on a bit that was never measured: measure it first")
        acted_on = {qubit for block in item.blocks for qubit in interacting(block)}
        # An unused qubit that only idles in the branch, still thermal, need not come to life.
        for qubit in sorted({*self.alive, *live}):
            if qubit in acted_on or qubit in self.alive or not self._is_thermal(qubit):
                self._flush(qubit)
        branches = [self._block(block) for block in item.blocks]
        self.steps.append(Conditional(item.bits, item.values, branches[0], (*branches, ())[1]))

    def _block(self, block: Sequence[Item]) -> tuple[Step, ...]:
        before, self.steps = self.steps, []
        for item in block:
            if item.name in ("measure", "reset", "if_else"):
                raise ValueError(
                    f"{item.name} inside if_test: hardware does not allow it; move it out of the "
                    "block"
                )
            if item.name != "barrier" and {*item.qubits} <= {*self.alive}:
                self._apply(item)
        for qubit in sorted(self.waiting):
            self._flush(qubit)
        steps, self.steps = tuple(self.steps), before
        return steps

    def _is_thermal(self, qubit: int) -> bool:
        thermal = channels.thermal_state(self.excited[qubit])
        return bool(np.all(np.abs(self.unused[qubit] - thermal) < _THERMAL))
