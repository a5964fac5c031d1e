"""First step of the engine: a compiled Qiskit circuit and a device become a plain program.

Single-qubit gates, their noise and delays are gathered into one PTM per qubit and merged into the
next two-qubit gate, so that the state tensor is only touched there. A qubit enters at its first
interaction (with what happened to it before) and leaves after its last.

Numbers of the device and circuit parameters may both run over a sweep: the axes of the device come
first. Durations of idle time are those of the compiled schedule, at every point of the sweep; a
swept duration of a gate changes the relaxation during the gate.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from recycling.simulation.gates import noisy_channel
from recycling.simulation.lifetimes import interacting, last_interactions
from recycling.simulation.noise import Noise
from recycling.simulation.pending import Pending
from recycling.simulation.program import Conditional, Measure, Program, Release, Step

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
        circuit: compiled dynamic circuit on the device's qubits, idle time as delays. A one-qubit
            "kraus" instruction is a channel that takes no time and adds no noise.
        device: noise, and the thermal start of each qubit, at one point or over a sweep.
        parameters: value of each circuit parameter by name, rad; arrays that broadcast against
            each other to the shape of the sweep, e.g. (11, 1) values of θ_b and (1, 3) bases.
        keep: qubits whose density matrices are kept to the end.

    Returns:
        Program over the sweep (*device sweep, *parameter sweep).

    Raises:
        ValueError: a parameter without a value, a gate that is not native, control flow beyond
            ``if_test`` on measured bits, or a device whose measurements or feedforward latency
            take a time that varies: it is fixed in the circuit, see ``program.stack``.

    Example:
        Probability of reading 1 from a thermal qubit that idles, at three values of T1:

        >>> import numpy as np
        >>> from qiskit import QuantumCircuit
        >>> from recycling.devices.profiles import ideal_device
        >>> from recycling.simulation.engine import execute
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
    values = _values(circuit, parameters or {})
    parameter_sweep = np.broadcast_shapes(*(value.shape for value in values.values()))
    noise = Noise(device, len(parameter_sweep))
    aligned = {
        name: value.reshape((1,) * (noise.sweep_axes - value.ndim) + value.shape)
        for name, value in values.items()
    }
    compiler = _Compiler(circuit, noise, aligned, frozenset(keep))
    compiler.run()
    return Program(
        steps=tuple(compiler.pending.steps),
        sweep=device.sweep + parameter_sweep,
        bits=tuple(sorted(compiler.recorded)),
        qubits=tuple(keep),
    )


def _values(circuit: QuantumCircuit, parameters: Mapping[str, Any]) -> dict[str, Real]:
    """Values of all parameters of a circuit by their names, as arrays."""
    values = {name: np.asarray(value, float) for name, value in parameters.items()}
    missing = sorted({p.name for p in circuit.parameters} - values.keys())
    if missing:
        raise ValueError(f"parameters: {missing[0]} has no value: give one for each parameter")
    return values


class _Compiler:
    """State of a compilation."""

    def __init__(
        self,
        circuit: QuantumCircuit,
        noise: Noise,
        parameters: Mapping[str, Real],
        keep: frozenset[int],
    ) -> None:
        self.circuit, self.noise, self.keep = circuit, noise, keep
        self.parameters = parameters
        self.pending = Pending(noise)
        self.recorded: set[int] = set()

    def run(self) -> None:
        """Walk through the circuit and emit steps."""
        last = last_interactions(self.circuit)
        for index, instruction in enumerate(self.circuit.data):
            qubits = tuple(self.circuit.find_bit(q).index for q in instruction.qubits)
            # Operations on a qubit after its last interaction change no record.
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
                self._apply(instruction.operation, qubits)
            for qubit in live:
                if (
                    last.get(qubit) == index
                    and qubit in self.pending.alive
                    and qubit not in self.keep
                ):
                    self.pending.emit(Release(qubit))
        for qubit in self.keep:
            self.pending.flush(qubit)

    def _apply(self, operation: Any, qubits: tuple[int, ...]) -> None:
        self.pending.apply(qubits, noisy_channel(operation, qubits, self.noise, self.parameters))

    def _measure(self, instruction: CircuitInstruction, qubit: int, *, release: bool) -> None:
        self.pending.flush(qubit)
        bit = self.circuit.find_bit(instruction.clbits[0]).index
        self.recorded.add(bit)
        self.pending.emit(Measure(qubit, bit, self.noise.readout(qubit), release))

    def _conditional(
        self, instruction: CircuitInstruction, qubits: tuple[int, ...], live: list[int]
    ) -> None:
        bits, values = self._condition(instruction)
        blocks = instruction.operation.blocks
        acted_on = {qubits[inner] for block in blocks for inner in interacting(block)}
        # Pending channels belong before the branch, on qubits outside of it too.
        for qubit in sorted(self.pending.alive.union(live)):
            # A qubit that only idles in the branch, and is still in its thermal state, which idling
            # does not change, need not come to life for it.
            if (
                qubit in acted_on
                or qubit in self.pending.alive
                or not self.pending.is_thermal(qubit)
            ):
                self.pending.flush(qubit)
        branches = [self._block(block, qubits) for block in blocks]
        self.pending.emit(
            Conditional(bits, values, branches[0], branches[1] if branches[1:] else ())
        )

    def _block(self, block: QuantumCircuit, outer: tuple[int, ...]) -> tuple[Step, ...]:
        before = self.pending.begin_block()
        for instruction in block.data:
            qubits = tuple(outer[block.find_bit(qubit).index] for qubit in instruction.qubits)
            if instruction.operation.name in ("measure", "reset", "if_else"):
                raise ValueError(
                    f"{instruction.operation.name} inside if_test: hardware does not allow it; "
                    "move it out of the block"
                )
            if instruction.operation.name != "barrier" and self.pending.alive.issuperset(qubits):
                self._apply(instruction.operation, qubits)
        return self.pending.end_block(before)

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
