"""First step of the engine: a compiled Qiskit circuit becomes a plain program.

What acts on single qubits is gathered and merged into the next interaction, so that the state is
only touched there. A qubit enters at its first interaction (with what happened to it before) and
leaves after its last. No number of a device enters: its noise, and the circuit's parameters, are
those of an evaluation.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import TYPE_CHECKING

from recycling.compilation.items import Item, items_of
from recycling.compilation.late import late_items
from recycling.compilation.times import Times
from recycling.devices.channels import kraus_channel
from recycling.simulation.gates import gate_of
from recycling.simulation.lifetimes import interacting, last_interactions
from recycling.simulation.numbers import LATENCY, Key
from recycling.simulation.pending import ABOUT_Z, Pending
from recycling.simulation.program import (
    Conditional,
    Depolarize,
    Fixed,
    Gate,
    Program,
    Relax,
    Step,
    Turn,
)

if TYPE_CHECKING:
    from qiskit import QuantumCircuit

    from recycling.devices.device import Device

#: PTM of the reset to |0⟩.
_RESET = Fixed("reset", ((1.0, 0.0, 0.0, 0.0), (0.0,) * 4, (0.0,) * 4, (1.0, 0.0, 0.0, 0.0)))
_IN_BLOCKS = ("measure", "reset", "if_else")


def lower(
    circuit: QuantumCircuit,
    device: Device,
    *,
    keep: Sequence[int] = (),
    times: Times | None = None,
    scheduled: bool = True,
) -> Program:
    """Turn a compiled circuit into a program.

    Args:
        circuit: compiled dynamic circuit on the device's qubits. A one-qubit "kraus" instruction is
            a channel that takes no time and adds no noise.
        device: gives the native gates and the length of a cycle; its noise is not looked at.
        keep: qubits whose density matrices are kept to the end.
        times: expressions of times that several programs share.
        scheduled: idle time is written as delays; False schedules the circuit as late as possible,
            with the durations of whatever device the program is evaluated on.

    Raises:
        ValueError: a gate that is not native, more than two qubits, a delay that is a parameter
            other than the latency, or control flow beyond ``if_test`` on measured bits.

    Example:
        >>> from qiskit import QuantumCircuit
        >>> from recycling.devices.profiles import ideal_device
        >>> circuit = QuantumCircuit(1, 1)
        >>> _ = circuit.x(0)
        >>> _ = circuit.measure(0, 0)
        >>> device = ideal_device(temperature=0.01, frequency=5e9, roles=("B",))
        >>> [type(step).__name__ for step in lower(circuit, device).steps]
        ['Allocate', 'Measure']
    """
    times = times or Times()
    items = (items_of if scheduled else late_items)(circuit, times, device.dt)
    for kind, content in times.nodes:
        if kind == "named" and content != (LATENCY,):
            raise ValueError(
                f"delay of the parameter {content[0]}: the engine varies {LATENCY} alone; give a "
                "number"
            )
    compiler = _Compiler(device, frozenset(keep))
    compiler.run(items)
    return Program(
        steps=tuple(compiler.pending.steps),
        times=times,
        bits=tuple(sorted(compiler.recorded)),
        qubits=tuple(keep),
        parameters=tuple(sorted({parameter.name for parameter in circuit.parameters} - {LATENCY})),
        virtual=frozenset(compiler.virtual),
    )


class _Compiler:
    """State of a compilation."""

    def __init__(self, device: Device, keep: Collection[int]) -> None:
        self.device, self.keep = device, keep
        self.pending = Pending()
        self.recorded: set[int] = set()
        self.virtual: set[Key] = set()

    def run(self, items: Sequence[Item]) -> None:
        """Walk through the circuit and emit steps."""
        last = last_interactions(items)
        for index, item in enumerate(items):
            # Operations on a qubit after its last interaction change no record.
            live = [q for q in item.qubits if q in self.keep or last.get(q, -1) >= index]
            if not live or item.name == "barrier":
                continue
            leaving = {q for q in live if last.get(q) == index and q not in self.keep}
            if item.name == "if_else":
                self._conditional(item, live)
            elif item.name == "measure":
                self.recorded.update(item.bits)
                release = item.qubits[0] in leaving
                self.pending.measure(item.qubits[0], item.bits[0], release=release)
            else:
                self._apply(item)
            for qubit in sorted(leaving & self.pending.alive):
                self.pending.release(qubit)
        for qubit in self.keep:
            self.pending.flush(qubit)

    def _apply(self, item: Item) -> None:
        name, qubits, pending = item.name, item.qubits, self.pending
        if len(qubits) > 2:
            raise ValueError(
                f"{name} acts on {len(qubits)} qubits: compile to one- and two-qubit gates first"
            )
        if name == "delay":
            if item.idle:
                pending.act(qubits[0], Relax(idle=(item.idle,)))
        elif name == "reset":
            pending.act(qubits[0], _RESET)
            if (name, qubits) in self.device.gates.position:
                pending.act(qubits[0], Depolarize(name, qubits))
        elif name == "kraus" and len(qubits) == 1:
            rows = kraus_channel(item.operation.params).tolist()
            pending.act(qubits[0], Fixed(name, tuple(map(tuple, rows))))
        else:
            self._gate(self._native(item), qubits)

    def _gate(self, gate: Gate, qubits: tuple[int, ...]) -> None:
        """Apply a gate with its noise: depolarization, then relaxation for its duration."""
        key = (gate[0], qubits)
        if len(qubits) == 2:
            self.pending.pair((qubits[0], qubits[1]), gate)
        else:
            self.pending.act(qubits[0], Turn((gate,)))
        if self._is_virtual(key):
            self.virtual.add(key)
            return
        if len(qubits) == 1:
            self.pending.act(qubits[0], Depolarize(*key))
        for qubit in qubits:
            self.pending.act(qubit, Relax(gates=(key,)))

    def _is_virtual(self, key: Key) -> bool:
        """Whether a gate is a rotation about Z that takes no time and has no error."""
        gates = self.device.gates
        if key[0] not in ABOUT_Z:
            return False
        place = gates.position[key]
        return not gates.durations[..., place].any() and not gates.errors[..., place].any()

    def _native(self, item: Item) -> Gate:
        if (item.name, item.qubits) not in self.device.gates.position:
            raise ValueError(
                f"{item.name} on qubits {list(item.qubits)} is not native to {self.device.name}: "
                "compile the circuit for this device first"
            )
        return gate_of(item.operation)

    def _conditional(self, item: Item, live: Sequence[int]) -> None:
        if not self.recorded.issuperset(item.bits):
            raise ValueError("if_test on a bit that was never measured: measure it first")
        pending = self.pending
        acted_on = {qubit for block in item.blocks for qubit in interacting(block)}
        # Pending channels belong before the branch, on qubits outside of it too.
        for qubit in sorted(pending.alive.union(live)):
            # A qubit that only idles in the branch, and is still in its thermal state, which idling
            # does not change, need not come to life for it.
            if qubit in acted_on | pending.alive or not pending.is_thermal(qubit):
                pending.flush(qubit)
        branches = [self._block(block) for block in item.blocks]
        otherwise = branches[1] if branches[1:] else ()
        pending.steps.append(Conditional(item.bits, item.values, branches[0], otherwise))

    def _block(self, block: Sequence[Item]) -> tuple[Step, ...]:
        before = self.pending.begin_block()
        for item in block:
            if item.name in _IN_BLOCKS:
                raise ValueError(
                    f"{item.name} inside if_test: hardware does not allow it; "
                    "move it out of the block"
                )
            if item.name != "barrier" and self.pending.alive.issuperset(item.qubits):
                self._apply(item)
        return self.pending.end_block(before)
