"""Circuits read from the content of a file: OpenQASM 3 or QPY. Reading executes nothing."""

from __future__ import annotations

import base64
import binascii
import io
import re
import subprocess
import sys
from contextlib import redirect_stderr
from functools import lru_cache
from typing import TYPE_CHECKING, Annotated, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from circuits.algorithms.from_circuit import MOST_GATES

if TYPE_CHECKING:
    from qiskit import QuantumCircuit

#: Largest file of a circuit, bytes: thousands of gates. Reading OpenQASM takes 20 µs a byte.
LARGEST_FILE = 100_000
#: First version of QPY whose files hold no expressions that reading them would evaluate.
OLDEST_QPY = 13
#: First bytes of a QPY file; its version is the byte after them.
_QPY = b"QISKIT"
#: Reads QPY from its input with so much memory as its argument says, bytes.
_TRIAL = """
import io, sys
from qiskit import qpy
try:
    import resource
    resource.setrlimit(resource.RLIMIT_AS, 2 * (int(sys.argv[1]),))
except ImportError:
    pass
qpy.load(io.BytesIO(sys.stdin.buffer.read()))
"""
_TRIAL_MEMORY, _TRIAL_SECONDS = 4 * 2**30, 20
#: Most qubits of a register; checked before a reader makes them.
_MOST_QUBITS = 30


class Content(BaseModel):
    """Content of the file of a circuit: ``qasm`` (text) or ``qpy`` (base64).

    Example:
        >>> content = Content.of_file(b"OPENQASM 3.0; qubit[2] data;")
        >>> content.circuit().num_qubits
        2
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    qasm: Annotated[str, Field(max_length=LARGEST_FILE)] | None = None
    qpy: Annotated[str, Field(max_length=LARGEST_FILE * 4 // 3 + 4)] | None = None

    @model_validator(mode="after")
    def _check(self) -> Self:
        if (self.qasm is None) == (self.qpy is None):
            raise ValueError("qasm and qpy: give one of both, qasm as text or qpy in base64")
        return self

    @classmethod
    def of_file(cls, content: bytes) -> Content:
        """Read the content of a file, whose first bytes tell its format.

        Raises:
            ValueError: it is neither QPY nor text.
        """
        if content.startswith(_QPY):
            return cls(qpy=base64.b64encode(content).decode())
        # Text gets one kind of line end, so that a circuit has the same content everywhere.
        return cls(qasm=content.decode().replace("\r\n", "\n"))

    def circuit(self) -> QuantumCircuit:
        """Read the circuit.

        Raises:
            ValueError: it cannot be read; one line: field, value, mend.
        """
        if self.qasm is not None:
            return from_qasm(self.qasm)
        return from_qpy(self.qpy or "")


@lru_cache(maxsize=8)
def from_qasm(text: str) -> QuantumCircuit:
    """Read an OpenQASM 3 program; each ``input float`` and ``input angle`` is a parameter.

    Raises:
        ValueError: it cannot be read; one line.

    Example:
        >>> circuit = from_qasm(
        ...     "OPENQASM 3.0; input float theta; qubit[1] data; U(theta, 0, 0) data[0];"
        ... )
        >>> [register.name for register in circuit.qregs], [p.name for p in circuit.parameters]
        (['data'], ['theta'])
    """
    from qiskit import qasm3

    if re.match(r"(\s|//[^\n]*\n)*OPENQASM\s+2", text):
        raise ValueError("content.qasm is OpenQASM 2: give OpenQASM 3")
    messages = io.StringIO()
    try:
        with redirect_stderr(messages):  # the parser prints its errors there
            names = _declared(text)
            circuit: QuantumCircuit = qasm3.loads(text)
    except _TooLarge as error:
        raise ValueError(str(error)) from None
    except Exception as error:  # the reader raises whatever its parts raise
        given = messages.getvalue() or getattr(error, "message", "") or str(error)
        reason = _one_line(given or type(error).__name__).rstrip(".")
        place = re.match(r"(\d+),(\d+): ", reason)
        if place:
            reason = f"line {place[1]}, column {place[2]}: {reason[place.end() :]}"
        raise ValueError(f"content.qasm cannot be read: {reason}; correct the program") from None
    if any(not circuit.find_bit(qubit).registers for qubit in circuit.qubits):
        raise ValueError(
            "content.qasm has a qubit without a register: declare registers, as in "
            "'qubit[1] data;' instead of 'qubit data;'"
        )
    return _renamed(circuit, names)


@lru_cache(maxsize=8)
def from_qpy(encoded: str) -> QuantumCircuit:
    """Read the circuit of a QPY file in base64.

    Raises:
        ValueError: it cannot be read, or not safely; one line.

    Example:
        >>> from qiskit import QuantumCircuit, qpy
        >>> file = io.BytesIO()
        >>> qpy.dump(QuantumCircuit(2), file)
        >>> from_qpy(base64.b64encode(file.getvalue()).decode()).num_qubits
        2
    """
    from qiskit import qpy

    try:
        content = base64.b64decode(encoded, validate=True)
    except (binascii.Error, ValueError):
        raise ValueError("content.qpy is not base64: give the file's bytes in base64") from None
    if content[: len(_QPY)] != _QPY or content[len(_QPY) : len(_QPY) + 1] < bytes([OLDEST_QPY]):
        raise ValueError(
            f"content.qpy is no QPY file of version {OLDEST_QPY} or later: write it again with "
            "Qiskit 1.3 or later"
        )
    fault = _fault_of_qpy(content)
    if fault:
        raise ValueError(f"content.qpy cannot be read: {fault}; write it again")
    circuits = qpy.load(io.BytesIO(content))
    if len(circuits) != 1:
        raise ValueError(f"content.qpy holds {len(circuits)} circuits: give a file of one circuit")
    return circuits[0]


def _fault_of_qpy(content: bytes) -> str:
    """What keeps a QPY file from being read; empty where nothing does.

    Qiskit believes every count in the file: a changed byte can take all memory, or end the
    process. So another process reads the file first, with limits.
    """
    try:
        trial = subprocess.run(
            [sys.executable, "-P", "-W", "ignore", "-c", _TRIAL, str(_TRIAL_MEMORY)],
            input=content,
            capture_output=True,
            timeout=_TRIAL_SECONDS,
            check=False,
        )
    except subprocess.TimeoutExpired:
        return f"it takes more than {_TRIAL_SECONDS} s"
    if trial.returncode == 0:
        return ""
    if trial.returncode < 0:
        return "it takes too much memory"
    lines = trial.stderr.decode(errors="replace").strip().splitlines()
    return _one_line(lines[-1].rpartition("exceptions.")[2] if lines else "it is damaged")


class _TooLarge(Exception):
    """A register has more qubits, or a gate more parts, than a reader should make."""


def _declared(text: str) -> list[str]:
    """Names of the registers in a program, after a check that the reader can build all parts.

    The reader writes out all definitions; each level of them may double the level below.

    Raises:
        _TooLarge: a register or a gate is too large.
    """
    import openqasm3
    from openqasm3 import ast

    gates: dict[str, int] = {}
    names = []
    for statement in openqasm3.parse(text).statements:
        if isinstance(statement, ast.QubitDeclaration) and statement.size is not None:
            size, name = statement.size, statement.qubit.name
            if not (isinstance(size, ast.IntegerLiteral) and 0 < size.value <= _MOST_QUBITS):
                raise _TooLarge(
                    f"content.qasm: give the register {name!r} a size from 1 to {_MOST_QUBITS}"
                )
            names.append(name)
        if isinstance(statement, ast.QuantumGateDefinition):
            name = statement.name.name
            used = (each for each in statement.body if isinstance(each, ast.QuantumGate))
            gates[name] = sum(gates.get(gate.name.name, 1) for gate in used)
            if gates[name] > MOST_GATES:
                raise _TooLarge(
                    f"content.qasm: the gate {name!r} holds more than {MOST_GATES} gates: give "
                    "fewer"
                )
    return names


def _renamed(circuit: QuantumCircuit, names: list[str]) -> QuantumCircuit:
    """The same circuit with the names that its registers have in the program.

    The reader changes names that OpenQASM 2 would not take, such as those with a capital.
    """
    from qiskit import QuantumCircuit, QuantumRegister

    if len(names) != len(circuit.qregs):  # an alias is a register too
        return circuit
    registers = [QuantumRegister(r.size, n) for r, n in zip(circuit.qregs, names, strict=True)]
    renamed = QuantumCircuit(*registers, *circuit.cregs)
    renamed.add_bits(bit for bit in circuit.clbits if bit not in set(renamed.clbits))
    return renamed.compose(circuit)


def _one_line(text: str) -> str:
    return " ".join(text.split())[:200]
