"""The circuits of the HHL experiment, instruction by instruction, as they were in version 0.1."""

import hashlib
from itertools import product
from pathlib import Path

import numpy as np
import pytest

from circuits import HHL, recycling_circuit

GOLDEN = Path(__file__).parent / "golden"
SETTINGS = list(product(("equilibrium", "recycling"), ("before", "after"), (False, True)))


def described(circuit, indent=""):
    """Lines that tell registers, and of each instruction its name, parameters and bits."""
    lines = [
        f"{indent}{circuit.name}: "
        + ", ".join(f"{r.name}[{r.size}]" for r in (*circuit.qregs, *circuit.cregs))
    ]
    for instruction in circuit.data:
        operation = instruction.operation
        places = [circuit.find_bit(bit).index for bit in instruction.qubits]
        bits = [circuit.find_bit(bit).index for bit in instruction.clbits]
        unit = getattr(operation, "unit", "")
        condition = getattr(operation, "condition", None)
        blocks = getattr(operation, "blocks", ())
        params = [] if blocks else [parameter_text(p) for p in operation.params]
        told = f"({', '.join(params)})" if params else ""
        if condition is not None:
            told += f" if {condition[0].name} == {int(condition[1])}"
        lines.append(f"{indent}  {operation.name}{told}{unit} {places} -> {bits}")
        for block in blocks:
            lines += described(block, indent + "    ")[1:]
    return lines


def parameter_text(parameter):
    if isinstance(parameter, np.ndarray):
        rounded = np.round(parameter, 9) + 0.0  # no negative zero
        return "array " + hashlib.sha256(rounded.tobytes()).hexdigest()[:12]
    if isinstance(parameter, (int, float)):
        return f"{parameter:.9g}"
    return str(parameter)


def all_circuits():
    for clock_qubits, tomography in ((2, True), (2, False), (3, True)):
        algorithm = HHL([[2, -1], [-1, 2]], clock_qubits)
        for arm, stage, excited in SETTINGS:
            for latency in (0.0, 6.5e-7):
                yield recycling_circuit(
                    algorithm,
                    arm=arm,
                    stage=stage,
                    excited=excited,
                    feedforward_latency=latency,
                    tomography=tomography,
                )


def test_circuits_of_hhl_are_as_they_were():
    lines = [line for circuit in all_circuits() for line in described(circuit)]
    assert lines == (GOLDEN / "protocol.txt").read_text(encoding="utf-8").splitlines()


@pytest.mark.parametrize(("clock_qubits", "parameter"), [(2, 0.3), (3, 0.3)])
def test_circuit_of_the_algorithm_is_as_it_was(clock_qubits, parameter):
    lines = described(HHL([[2, -1], [-1, 2]], clock_qubits).circuit(parameter))
    golden = GOLDEN / f"hhl-{clock_qubits}.txt"
    assert lines == golden.read_text(encoding="utf-8").splitlines()
