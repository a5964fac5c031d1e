"""First step of the engine: a compiled Qiskit circuit and a device become a plain program.

Single-qubit gates, their noise and delays are gathered into one PTM per qubit and merged into the
next two-qubit gate, so that the state tensor is only touched there. A qubit enters at its first
interaction (with what happened to it before) and leaves after its last.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from recycling.compilation.timeline import duration_of
from recycling.devices import channels
from recycling.simulation.gates import gate_channel
from recycling.simulation.program import (
    Allocate,
    Apply,
    Conditional,
    Measure,
    Program,
    Release,
    Step,
)

if TYPE_CHECKING:
    from qiskit import QuantumCircuit
    from qiskit.circuit import CircuitInstruction

    from recycling.devices.device import Device

Real = NDArray[np.float64]


def compile_program(
    circuit: QuantumCircuit,
    device: Device,
    parameters: Mapping[str, Any] | None = None,
    *,
    keep: Sequence[int] = (),
) -> Program:
    """Compile a circuit for the exact engine.

    Args:
        circuit: compiled dynamic circuit on the device's own qubits, idle time as delays.
        device: noise, and the thermal start of each qubit.
        parameters: value of each circuit parameter by name, rad; arrays that broadcast against
            each other to the shape of the sweep, e.g. (11, 1) values of θ_b and (1, 3) bases.
        keep: qubits whose density matrices are wanted at the end.

    Returns:
        Program over the broadcast sweep.

    Raises:
        ValueError: a parameter without a value, a gate that is not native, or control flow beyond
            ``if_test`` on measured bits.
    """
    values = {name: np.asarray(value, float) for name, value in (parameters or {}).items()}
    missing = sorted({p.name for p in circuit.parameters} - values.keys())
    if missing:
        raise ValueError(f"parameters: {missing[0]} has no value: give one for each parameter")
    sweep = np.broadcast_shapes(*(value.shape for value in values.values()))
    aligned = {
        name: value.reshape((1,) * (len(sweep) - value.ndim) + value.shape)
        for name, value in values.items()
    }
    compiler = _Compiler(circuit, device, aligned, len(sweep), frozenset(keep))
    compiler.run()
    return Program(
        steps=tuple(compiler.steps),
        sweep=sweep,
        bits=tuple(sorted(compiler.recorded)),
        qubits=tuple(keep),
    )


class _Compiler:
    """State of one compilation: the pending PTM of each qubit, and who is alive."""

    def __init__(
        self,
        circuit: QuantumCircuit,
        device: Device,
        parameters: Mapping[str, Real],
        sweep_axes: int,
        keep: frozenset[int],
    ) -> None:
        self.circuit, self.device, self.keep = circuit, device, keep
        self.parameters, self.sweep_axes = parameters, sweep_axes
        self.steps: list[Step] = []
        self.recorded: set[int] = set()
        self.alive: set[int] = set()
        self.pending: dict[int, Real] = {}
        self.noise: dict[tuple[str, tuple[int, ...]], Real] = {}

    def run(self) -> None:
        """Walk through the circuit and emit steps."""
        last = self._last_interactions()
        for index, instruction in enumerate(self.circuit.data):
            qubits = tuple(self.circuit.find_bit(q).index for q in instruction.qubits)
            # What happens to a qubit after its last interaction changes nothing that is asked for.
            live = [q for q in qubits if q in self.keep or last.get(q, -1) >= index]
            name = instruction.operation.name
            if not live or name == "barrier":
                continue
            final = last.get(qubits[0]) == index and qubits[0] not in self.keep
            if name == "if_else":
                self._conditional(instruction, qubits, live)
            elif name == "measure":
                self._measure(instruction, qubits[0], release=final)
            else:
                self._gate(instruction, qubits)
            for qubit in live:
                if last.get(qubit) == index and qubit in self.alive and qubit not in self.keep:
                    self._emit(Release(qubit))
        for qubit in self.keep:
            self._flush(qubit)

    def _last_interactions(self) -> dict[int, int]:
        """Index of the last instruction that makes each qubit matter to anything else."""
        last: dict[int, int] = {}
        for index, instruction in enumerate(self.circuit.data):
            name = instruction.operation.name
            if name in ("measure", "if_else") or (
                len(instruction.qubits) > 1 and name != "barrier"
            ):
                touched = instruction.qubits
                if name == "if_else":
                    touched = [
                        instruction.qubits[inner]
                        for block in instruction.operation.blocks
                        for inner in _interacting(block)
                    ]
                for qubit in touched:
                    last[self.circuit.find_bit(qubit).index] = index
        return last

    def _gate(self, instruction: CircuitInstruction, qubits: tuple[int, ...]) -> None:
        operation = instruction.operation
        if operation.name == "delay":
            duration = duration_of(operation, qubits, self.device)
            self._accumulate(qubits[0], self._pad(self._relaxation(qubits[0], duration)))
        elif operation.name == "reset":
            ground = np.zeros((4, 4))
            ground[0, 0] = ground[3, 0] = 1
            self._accumulate(qubits[0], self._pad(ground))
        elif len(qubits) == 1:
            noise = self._noise(operation.name, qubits)
            self._accumulate(
                qubits[0], noise @ gate_channel(operation, self.parameters, self.sweep_axes)
            )
        elif len(qubits) == 2:
            channel = self._noise(operation.name, qubits) @ gate_channel(
                operation, self.parameters, self.sweep_axes
            )
            for qubit in qubits:
                if qubit not in self.alive:
                    self._flush(qubit)
            first, second = (self.pending.pop(qubit, None) for qubit in qubits)
            self._emit(Apply(qubits, _merge(channel, first, second)))
        else:
            raise ValueError(
                f"{operation.name} acts on {len(qubits)} qubits: compile to one- and two-qubit "
                "gates first"
            )

    def _measure(self, instruction: CircuitInstruction, qubit: int, *, release: bool) -> None:
        self._flush(qubit)
        bit = self.circuit.find_bit(instruction.clbits[0]).index
        self.recorded.add(bit)
        self._emit(Measure(qubit, bit, self.device.assignment[qubit], release))

    def _conditional(
        self, instruction: CircuitInstruction, qubits: tuple[int, ...], live: list[int]
    ) -> None:
        bits, values = self._condition(instruction)
        blocks = instruction.operation.blocks
        acted_on = {qubits[inner] for block in blocks for inner in _interacting(block)}
        # What is pending belongs before the branch, on qubits outside of it too.
        for qubit in sorted(self.alive.union(live)):
            # A qubit that only idles in the branch, and that is still in the thermal state which
            # idling leaves alone, need not come to life for it.
            if qubit in acted_on or qubit in self.alive or not self._is_thermal(qubit):
                self._flush(qubit)
        branches = [self._block(block, qubits) for block in blocks]
        self._emit(Conditional(bits, values, branches[0], branches[1] if branches[1:] else ()))

    def _block(self, block: QuantumCircuit, outer: tuple[int, ...]) -> tuple[Step, ...]:
        steps, self.steps = self.steps, []
        for instruction in block.data:
            qubits = tuple(outer[block.find_bit(qubit).index] for qubit in instruction.qubits)
            if instruction.operation.name in ("measure", "reset", "if_else"):
                raise ValueError(
                    f"{instruction.operation.name} inside if_test: hardware does not allow it; "
                    "move it out of the block"
                )
            if instruction.operation.name != "barrier" and self.alive.issuperset(qubits):
                self._gate(instruction, qubits)
        for qubit in sorted(self.pending.keys() & self.alive):
            self._flush(qubit)
        emitted, self.steps = tuple(self.steps), steps
        return emitted

    def _is_thermal(self, qubit: int) -> bool:
        """Whether an unused qubit is still in its thermal state, to a few roundings a factor."""
        pending = self.pending.get(qubit)
        if pending is None:
            return True
        thermal = channels.thermal_state(self.device.excited_population[qubit])
        return bool(np.all(np.abs(pending @ thermal - thermal) < 64 * np.finfo(float).eps))

    def _condition(
        self, instruction: CircuitInstruction
    ) -> tuple[tuple[int, ...], tuple[int, ...]]:
        condition = instruction.operation.condition
        if not isinstance(condition, tuple):
            raise ValueError("if_test with an expression: give (bit, value) or (register, value)")
        where, value = condition
        clbits = list(where) if hasattr(where, "__len__") else [where]
        bits = tuple(self.circuit.find_bit(bit).index for bit in clbits)
        if not self.recorded.issuperset(bits):
            raise ValueError("if_test on a bit that was never measured: measure it first")
        return bits, tuple(int(value) >> position & 1 for position in range(len(bits)))

    def _emit(self, step: Step) -> None:
        if isinstance(step, Allocate):
            self.alive.add(step.qubit)
        if isinstance(step, Release) or (isinstance(step, Measure) and step.release):
            self.alive.discard(step.qubit)
            self.pending.pop(step.qubit, None)
        self.steps.append(step)

    def _flush(self, qubit: int) -> None:
        """Apply what is pending on a qubit, bringing it to life first if need be."""
        pending = self.pending.pop(qubit, None)
        if qubit not in self.alive:
            start = self._pad(channels.thermal_state(self.device.excited_population[qubit]), 1)
            state = start if pending is None else (pending @ start[..., None])[..., 0]
            self._emit(Allocate(qubit, state))
        elif pending is not None:
            self._emit(Apply((qubit,), pending))

    def _accumulate(self, qubit: int, channel: Real) -> None:
        before = self.pending.get(qubit)
        self.pending[qubit] = channel if before is None else channel @ before

    def _pad(self, array: Real, own_axes: int = 2) -> Real:
        return array.reshape((1,) * (self.sweep_axes + own_axes - array.ndim) + array.shape)

    def _relaxation(self, qubit: int, duration: float) -> Real:
        return channels.thermal_relaxation_channel(
            duration,
            self.device.t1[qubit],
            self.device.t2[qubit],
            self.device.excited_population[qubit],
        )

    def _noise(self, name: str, qubits: tuple[int, ...]) -> Real:
        """Noise after a native gate: depolarization, then relaxation for its duration."""
        if (name, qubits) not in self.noise:
            gate = self.device.gate_table.get((name, qubits))
            if gate is None:
                raise ValueError(
                    f"{name} on qubits {list(qubits)} is not native to {self.device.name}: "
                    "compile the circuit for this device first"
                )
            relaxation = self._relaxation(qubits[0], gate.duration)
            if len(qubits) == 2:
                other = self._relaxation(qubits[1], gate.duration)
                relaxation = np.asarray(np.kron(relaxation, other), dtype=float)
            strength = channels.depolarizing_strength(gate.error, relaxation)
            depolarizing = channels.depolarizing_channel(strength, len(qubits))
            self.noise[name, qubits] = self._pad(relaxation @ depolarizing)
        return self.noise[name, qubits]


def _merge(channel: Real, first: Real | None, second: Real | None) -> Real:
    """Two-qubit PTM after pending single-qubit PTMs, by blocks instead of Kronecker products."""
    blocks = channel.reshape(*channel.shape[:-1], 4, 4)
    if first is not None:
        blocks = np.einsum("...pab,...ac->...pcb", blocks, first)
    if second is not None:
        blocks = np.einsum("...pab,...bc->...pac", blocks, second)
    return blocks.reshape(*blocks.shape[:-2], 16)


def _interacting(block: QuantumCircuit) -> set[int]:
    """Qubits of a block on which something other than idling happens."""
    return {
        block.find_bit(qubit).index
        for instruction in block.data
        if instruction.operation.name not in ("barrier", "delay")
        for qubit in instruction.qubits
    }
