"""The package from outside: its command line, and the files of a run directory.

No other module here knows a name inside of the package, and this one knows the console script's
alone. The files are read by what their schema says, without the package.
"""

import hashlib
import json
import re
import signal
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from zlib import crc32

import numpy as np
from numpy.typing import NDArray
from qiskit import QuantumCircuit, qpy
from qiskit.circuit import ControlFlowOp, Delay, ParameterExpression
from typer.testing import CliRunner

from recycling.cli.app import app

#: Qubits of the protocol on FakeMarrakesh and FakeFez, so that none are searched for.
LAYOUT = "layout = { C_I = 11, C_C0 = 18, C_C1 = 12, C_A = 13, B = 10, S = 9 }"
_NUMBER = re.compile(r"\d+\.\d+(?:e[+-]?\d+)?")


@dataclass(frozen=True)
class Done:
    """What a command returned and printed."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        """What it printed, read as JSON."""
        return json.loads(self.out)


def recycling(*arguments: object) -> Done:
    """Call the command line in this process."""
    handler = signal.getsignal(signal.SIGTERM)
    try:
        result = CliRunner().invoke(app, [str(argument) for argument in arguments])
    finally:
        signal.signal(signal.SIGTERM, handler)
    if result.exception is not None and not isinstance(result.exception, SystemExit):
        raise result.exception
    return Done(result.exit_code, result.stdout, result.stderr)


def files(folder: Path) -> list[str]:
    """Every file under a folder."""
    return sorted(p.relative_to(folder).as_posix() for p in folder.rglob("*") if p.is_file())


# -- sealed records and chained lines ----------------------------------------------------------


def sealed(path: Path) -> dict[str, Any]:
    """Content of a sealed record, whose checksum is right."""
    record = json.loads(path.read_bytes())
    checksum = record.pop("checksum")
    assert checksum == _digest(record), path
    return dict(record)


def seal(path: Path, record: dict[str, Any]) -> None:
    """Write a sealed record."""
    path.write_bytes(json.dumps(record | {"checksum": _digest(record)}, indent=1).encode())


def _digest(record: dict[str, Any]) -> str:
    return hashlib.sha256(json.dumps(record, sort_keys=True).encode()).hexdigest()


def telemetry(folder: Path, run_id: str) -> Iterator[dict[str, Any]]:
    """Lines of the telemetry of a run, whose checksums and chain are right."""
    digest = hashlib.sha256(run_id.encode())
    for line in (folder / "telemetry.jsonl").read_bytes().splitlines(keepends=True):
        event = json.loads(line)
        content = {key: value for key, value in event.items() if key != "crc32"}
        assert event["crc32"] == f"{crc32(json.dumps(content, sort_keys=True).encode()):08x}"
        assert event["previous"] == digest.hexdigest()
        digest.update(line)
        yield event


def sha256(array: NDArray[Any]) -> str:
    """SHA-256 of the numbers of an array, in C order."""
    return hashlib.sha256(np.ascontiguousarray(array).tobytes()).hexdigest()


def outcomes(path: Path) -> dict[str, Any]:
    """What a file of outcomes holds: shape, type and SHA-256 of its arrays, and its record."""
    with np.load(path, allow_pickle=False) as archive:
        arrays = {name: archive[name] for name in archive.files}
    found = {}
    for name, array in arrays.items():
        if array.dtype.kind == "U":
            found[name] = "text"
        elif array.shape:
            found[name] = [str(array.dtype), list(array.shape), sha256(array)]
        else:
            found[name] = array.item()
    return found


# -- circuits ----------------------------------------------------------------------------------


def circuits(path: Path) -> list[QuantumCircuit]:
    """Circuits of a QPY file."""
    with path.open("rb") as stream:
        return list(qpy.load(stream))


def fingerprint(circuit: QuantumCircuit) -> dict[str, Any]:
    """Structure of a circuit: what it is made of, and a SHA-256 of all instructions in order."""
    lines = list(_instructions(circuit, list(circuit.qubits), list(circuit.clbits), circuit))
    return {
        "registers": [
            [[register.name, register.size] for register in registers]
            for registers in (circuit.qregs, circuit.cregs)
        ],
        "qubits, clbits": [circuit.num_qubits, circuit.num_clbits],
        "parameters": sorted(parameter.name for parameter in circuit.parameters),
        "operations": dict(sorted(circuit.count_ops().items())),
        "metadata": sorted(circuit.metadata or {}),
        "instructions": hashlib.sha256("\n".join(lines).encode()).hexdigest(),
    }


def _instructions(
    circuit: QuantumCircuit, qubits: list[Any], bits: list[Any], whole: QuantumCircuit
) -> Iterator[str]:
    """One line each: name, parameters, qubits and classical bits; blocks with their condition."""
    for instruction in circuit.data:
        operation = instruction.operation
        own = [qubits[circuit.find_bit(qubit).index] for qubit in instruction.qubits]
        records = [bits[circuit.find_bit(bit).index] for bit in instruction.clbits]
        places = [
            [whole.find_bit(bit).index for bit in own],
            [whole.find_bit(bit).index for bit in records],
        ]
        if isinstance(operation, ControlFlowOp):
            target, value = operation.condition
            yield f"{operation.name} {getattr(target, 'name', target)} {value} {places}"
            for block in operation.blocks:
                yield from _instructions(block, own, records, whole)
                yield "end"
        else:
            if isinstance(operation, Delay):
                told = f"{operation.duration:.9g} {operation.unit}"
            else:
                told = ", ".join(map(_rounded, operation.params))
            yield f"{operation.name} {told} {places}"


def _rounded(number: Any) -> str:
    """A parameter as text, rounded to 9 decimals."""
    if isinstance(number, ParameterExpression):
        return _NUMBER.sub(lambda match: f"{float(match[0]):.9f}", str(number))
    if isinstance(number, np.ndarray):  # a unitary
        flat = np.round(number.ravel(), 9) + 0.0
        return " ".join(f"{entry.real:.9f} {entry.imag:.9f}" for entry in flat)
    return f"{round(float(number), 9) + 0.0:.9f}"
