"""A circuit as a list of what happens on which qubits: operations, idle times and branches.

It is made of a circuit with its idle time written as delays, or of one that is scheduled as late as
possible here (see ``late``): then idle times are expressions.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from recycling.compilation.times import Times

if TYPE_CHECKING:
    from qiskit import QuantumCircuit

#: Units of a delay in s; "dt" is a cycle.
UNITS = {"s": 1.0, "ms": 1e-3, "us": 1e-6, "ns": 1e-9, "ps": 1e-12}


@dataclass(frozen=True)
class Item:
    """An operation on qubits and bits of the outermost circuit.

    ``operation`` is a Qiskit instruction, None for idle time: then ``idle`` is its place in the
    times. A conditional has ``blocks``, and in ``values`` those of its bits for the first block.
    """

    name: str
    qubits: tuple[int, ...]
    operation: Any = None
    bits: tuple[int, ...] = ()
    idle: int = 0
    blocks: tuple[tuple[Item, ...], ...] = ()
    values: tuple[int, ...] = ()


def items_of(circuit: QuantumCircuit, times: Times, dt: float) -> tuple[Item, ...]:
    """List what happens in a circuit whose idle time is written as delays.

    A delay whose duration is a parameter gets the time of that name.

    Args:
        circuit: compiled circuit; its delays are in any unit.
        times: the expressions, which grow by those of the delays.
        dt: length of a cycle, s.

    Raises:
        ValueError: control flow beyond ``if_test`` on measured bits, or a delay of an expression of
            parameters.

    Example:
        >>> from qiskit import QuantumCircuit
        >>> circuit = QuantumCircuit(2, 1)
        >>> _ = circuit.measure(0, 0)
        >>> _ = circuit.delay(10, 1, unit="dt")
        >>> with circuit.if_test((0, 1)):
        ...     _ = circuit.x(1)
        >>> [(item.name, item.qubits) for item in items_of(circuit, Times(), dt=4e-9)]
        [('measure', (0,)), ('delay', (1,)), ('if_else', (1,))]
    """
    return _items(circuit, tuple(range(circuit.num_qubits)), times, dt)


def _items(
    circuit: QuantumCircuit, outer: Sequence[int], times: Times, dt: float
) -> tuple[Item, ...]:
    found = []
    for instruction in circuit.data:
        operation = instruction.operation
        qubits = tuple(outer[circuit.find_bit(qubit).index] for qubit in instruction.qubits)
        name = operation.name
        if name == "delay":
            found.append(Item(name, qubits, idle=_delay(operation, times, dt)))
        elif name == "if_else":
            bits, values = _condition(circuit, operation)
            blocks = tuple(_items(block, qubits, times, dt) for block in operation.blocks)
            found.append(Item(name, qubits, operation, bits, blocks=blocks, values=values))
        elif hasattr(operation, "blocks"):
            raise ValueError(f"{name}: the engine branches by if_test alone; unroll it")
        else:
            bits = tuple(circuit.find_bit(bit).index for bit in instruction.clbits)
            found.append(Item(name, qubits, operation, bits))
    return tuple(found)


def _delay(operation: Any, times: Times, dt: float) -> int:
    duration, unit = operation.duration, operation.unit
    symbols = getattr(duration, "parameters", ())
    if symbols:
        symbol, *others = symbols
        # Qiskit's passes may have turned the unit into cycles.
        seconds = duration * (dt if unit == "dt" else UNITS[unit])
        at = [round(float(seconds.bind({symbol: x})), 9) for x in (0.0, 1.0, 2.0) if not others]
        if at != [0, 1, 2]:
            raise ValueError(
                f"delay of {duration} {unit}: give a number, or a parameter alone in s"
            )
        return times.named(symbol.name)
    # Qiskit's own durations are kept to the digit: cycles of a circuit need not be whole.
    return times.cycles(duration if unit == "dt" else float(duration) * UNITS[unit] / dt)


def _condition(circuit: QuantumCircuit, operation: Any) -> tuple[tuple[int, ...], tuple[int, ...]]:
    condition = operation.condition
    if not isinstance(condition, tuple):
        raise ValueError("if_test with an expression: give (bit, value) or (register, value)")
    where, value = condition
    clbits = list(where) if hasattr(where, "__len__") else [where]
    bits = tuple(circuit.find_bit(bit).index for bit in clbits)
    return bits, tuple(int(value) >> position & 1 for position in range(len(bits)))
