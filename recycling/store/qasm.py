"""Circuits as OpenQASM 3, readable without Qiskit, and compared with those in QPY."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from recycling.store.schema import shortened

if TYPE_CHECKING:
    from qiskit import QuantumCircuit
    from qiskit.circuit import CircuitInstruction

#: Deviation of an angle that is rounding alone, rad.
_ROUNDING = 1e-9


def programs(circuits: Mapping[str, QuantumCircuit], dt: float) -> dict[str, str]:
    """Write circuits as OpenQASM 3.

    Args:
        circuits: circuits by their names.
        dt: unit of the delays, s.

    Returns:
        Texts by the names of their files; the name of the circuit is in the first line.

    Example:
        >>> from qiskit import QuantumCircuit
        >>> texts = programs({"sent: a bell": QuantumCircuit(2)}, dt=4e-9)
        >>> list(texts), texts["sent-a-bell.qasm"].splitlines()[0]
        (['sent-a-bell.qasm'], '// circuit: sent: a bell')
    """
    files: dict[str, str] = {}
    for name, circuit in circuits.items():
        plain = re.sub(r"[^A-Za-z0-9]+", "-", name).strip("-") or "circuit"
        file = f"{plain}.qasm"
        while file.casefold() in map(str.casefold, files):
            file = f"{plain}-{len(files)}.qasm"
        files[file] = program(circuit, name, dt)
    return files


def program(circuit: QuantumCircuit, name: str, dt: float) -> str:
    """Write a circuit as OpenQASM 3 with its name and units in comments.

    Example:
        >>> from qiskit import QuantumCircuit
        >>> print(program(QuantumCircuit(1), "idle", dt=4e-9).splitlines()[1])
        // delays in dt = 4e-09 s; angles and inputs in rad
    """
    from qiskit import qasm3

    head = f"// circuit: {name}\n// delays in dt = {dt!r} s; angles and inputs in rad\n"
    return head + str(qasm3.dumps(circuit))


def circuit_name(text: str) -> str:
    """Read the name of the circuit from the first line of a program.

    Example:
        >>> circuit_name("// circuit: idle")
        'idle'
    """
    return text.partition("\n")[0].removeprefix("// circuit: ")


def difference(text: str, circuit: QuantumCircuit, dt: float) -> str:
    """Describe how a program differs from a circuit; empty where it is the same.

    Equal texts are the same. Others, e.g. since a later Qiskit writes them otherwise, are read and
    compared instruction by instruction, with the same random values for all inputs.

    Example:
        >>> from qiskit import QuantumCircuit
        >>> circuit = QuantumCircuit(1)
        >>> circuit.x(0) is None
        False
        >>> difference(program(circuit, "x", 4e-9), circuit, 4e-9)
        ''
        >>> difference("OPENQASM 3.0; qubit[1] q;", circuit, 4e-9)
        'it has 0 instructions instead of 1'
    """
    from qiskit import qasm3

    if text == program(circuit, circuit_name(text), dt):
        return ""
    try:
        found = qasm3.loads(text)
    except ImportError:
        return "it is written otherwise, and qiskit-qasm3-import, which reads it, is not installed"
    except Exception as error:  # whatever the reader makes of a changed text
        return f"it cannot be read: {shortened(str(error))}"
    names = sorted({parameter.name for parameter in circuit.parameters})
    if names != sorted(parameter.name for parameter in found.parameters):
        return f"its inputs are not {', '.join(names) or 'none'}"
    values = dict(zip(names, np.random.default_rng(0).uniform(-3, 3, len(names)), strict=True))
    return _difference(found.assign_parameters(values), circuit.assign_parameters(values))


def _difference(found: QuantumCircuit, wanted: QuantumCircuit) -> str:
    if (found.num_qubits, found.num_clbits) != (wanted.num_qubits, wanted.num_clbits):
        return f"it has {found.num_qubits} qubits and {found.num_clbits} bits"
    if len(found.data) != len(wanted.data):
        return f"it has {len(found.data)} instructions instead of {len(wanted.data)}"
    for number, pair in enumerate(zip(found.data, wanted.data, strict=True), start=1):
        one, other = (_content(each, of) for each, of in zip(pair, (found, wanted), strict=True))
        if one != other:
            return f"its instruction {number} is {shortened(one)} instead of {shortened(other)}"
        for inner in zip(*(_blocks(each) for each in pair), strict=True):
            if reason := _difference(*inner):
                return f"in its instruction {number}, {reason}"
    return ""


def _blocks(instruction: CircuitInstruction) -> tuple[QuantumCircuit, ...]:
    return tuple(getattr(instruction.operation, "blocks", ()))


def _content(instruction: CircuitInstruction, circuit: QuantumCircuit) -> tuple[Any, ...]:
    """Name, bits, numbers and condition of an instruction, comparable between circuits."""
    operation = instruction.operation
    blocks = _blocks(instruction)
    numbers = [] if blocks else [round(float(x) / _ROUNDING) * _ROUNDING for x in operation.params]
    return (
        operation.name,
        tuple(circuit.find_bit(qubit).index for qubit in instruction.qubits),
        tuple(circuit.find_bit(bit).index for bit in instruction.clbits),
        tuple(numbers),
        getattr(operation, "unit", None) if operation.name == "delay" else None,
        len(blocks),
        _condition(getattr(operation, "condition", None), circuit) if blocks else None,
    )


def _condition(condition: Any, circuit: QuantumCircuit) -> str:
    """Condition of a block as text, with the places of bits in place of their names."""
    from qiskit.circuit.classical import expr

    if condition is None:
        return ""
    if isinstance(condition, tuple):
        condition = expr.lift_legacy_condition(condition)
    places = {}
    for variable in expr.iter_vars(condition):
        bits = variable.var if hasattr(variable.var, "__iter__") else [variable.var]
        known = [bit for bit in bits if bit in circuit.clbits]
        places[repr(variable.var)] = str([circuit.find_bit(bit).index for bit in known])
    text = repr(condition)
    for shown, place in places.items():
        text = text.replace(shown, place)
    return text
