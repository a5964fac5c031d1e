"""The tables of the device: its qubits, its couplings, and where each number comes from."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from recycling.compilation.walk import cz_counts
from recycling.reporting.tables import Table, number

if TYPE_CHECKING:
    from qiskit import QuantumCircuit

    from recycling.devices.device import Device


def device_table(device: Device) -> Table:
    """Write the numbers of every qubit.

    Example:
        >>> from recycling.devices.profiles import ideal_device
        >>> device = ideal_device(temperature=0.043, frequency=5e9)
        >>> device_table(device).rows[4][0]
        'B'
    """
    excited = device.excited_population
    rows = []
    for qubit, role in enumerate(device.roles):
        gate_errors = [
            g.error for g in device.gates if g.qubits == (qubit,) and g.name in ("sx", "x")
        ]
        rows.append(
            (
                role,
                "–" if device.layout is None else str(device.layout[qubit]),
                number(device.t1[qubit] * 1e6, ".0f"),
                number(device.t2[qubit] * 1e6, ".0f"),
                f"{device.false_excited[qubit]:.2%}",
                f"{device.false_ground[qubit]:.2%}",
                f"{np.mean(gate_errors):.1e}",
                f"{excited[qubit]:.5f}",
                f"{device.measure_duration[qubit] * 1e9:.0f}",
            )
        )
    return Table(
        ("role", "qubit", "T1 (µs)", "T2 (µs)", "P(1|0)", "P(0|1)", "1q error", "thermal P₁",
         "measure (ns)"), rows
    )  # fmt: skip


def coupling_table(device: Device, circuit: QuantumCircuit) -> Table:
    """Write every coupled pair, with its number of gates in the longest circuit.

    Example:
        >>> from recycling.devices.profiles import ideal_device
        >>> device = ideal_device(temperature=0.043, frequency=5e9)
        >>> from qiskit import QuantumCircuit
        >>> circuit = QuantumCircuit(6)
        >>> _ = circuit.cz(4, 5)
        >>> coupling_table(device, circuit).rows
        [('B – S', '0.0e+00', '0', '1')]
    """
    used = cz_counts(circuit)
    rows = []
    for first, second in device.edges:
        gates = [g for g in device.gates if set(g.qubits) == {first, second}]
        if frozenset((first, second)) in used:
            rows.append(
                (
                    f"{device.roles[first]} – {device.roles[second]}",
                    f"{max(g.error for g in gates):.1e}",
                    f"{max(g.duration for g in gates) * 1e9:.0f}",
                    str(used[frozenset((first, second))]),
                )
            )
    return Table(("pair", "CZ error", "CZ (ns)", "CZ gates in the longest circuit"), rows)


def source_table(device: Device) -> Table:
    """Write the source of each number.

    Example:
        >>> from recycling.devices.profiles import ideal_device
        >>> device = ideal_device(temperature=0.043, frequency=5e9)
        >>> ("temperature", "given in the spec") in source_table(device).rows
        True
    """
    return Table(("number", "source"), sorted(device.sources.items()))
