"""Circuits as OpenQASM 3, readable without Qiskit, and compared with those in QPY."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import TYPE_CHECKING

from recycling.compilation.comparison import circuit_difference
from recycling.store.schema import shortened

if TYPE_CHECKING:
    from qiskit import QuantumCircuit


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
    compared by ``circuit_difference``.

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
    return circuit_difference(found, circuit)
