"""The tables of the device: its qubits, its couplings, and where each number comes from."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from recycling.compilation.walk import cz_counts
from recycling.devices.stage import in_kelvin
from recycling.reporting.tables import Table, number

if TYPE_CHECKING:
    from qiskit import QuantumCircuit

    from recycling.devices.device import Device
    from recycling.devices.stage import Stage


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


def stage_table(device: Device, stage: Stage, temperature: float) -> Table:
    """Write the times of every qubit and its thermal population, as calibrated and as carried.

    Args:
        device: device of a run, which was carried to a temperature.
        stage: the stage that carried it.
        temperature: that temperature, K.

    Example:
        >>> from recycling.devices.profiles import ideal_device, override_device
        >>> from recycling.devices.stage import Stage
        >>> ideal = ideal_device(temperature=0.043, frequency=5e9, roles=("B", "S"))
        >>> stage = Stage(calibrated_at=0.043, loss_tangent=1e-7)
        >>> warm = stage.carried(override_device(ideal, t1=4e-4, t2=2e-4), 1.0)
        >>> stage_table(warm, stage, temperature=1.0).rows[0]
        ('B', '400.0', '48.1', '200.0', '67.7', '0.00376', '0.44030')
    """
    calibrated = replace(stage, calibrated_at=temperature).carried(device, stage.calibrated_at)
    rows = []
    for qubit, role in enumerate(device.roles):
        cells = [
            *(number(each.t1[qubit] * 1e6, ".1f") for each in (calibrated, device)),
            *(number(each.t2[qubit] * 1e6, ".1f") for each in (calibrated, device)),
            *(f"{each.excited_population[qubit]:.5f}" for each in (calibrated, device)),
        ]
        rows.append((role, *cells))
    at = [in_kelvin(kelvin) for kelvin in (stage.calibrated_at, temperature)]
    names = (f"{name}, {kelvin}" for name in ("T1 (µs)", "T2 (µs)", "thermal P₁") for kelvin in at)
    errors = (
        f"{np.mean([gate.error for gate in each.gates if gate.name == 'cz']):.2e} at {kelvin}"
        for each, kelvin in zip((calibrated, device), at, strict=True)
    )
    return Table(("role", *names), rows, f"Mean error of the CZ gates: {', '.join(errors)}.")


def source_table(device: Device) -> Table:
    """Write the source of each number.

    Example:
        >>> from recycling.devices.profiles import ideal_device
        >>> device = ideal_device(temperature=0.043, frequency=5e9)
        >>> ("temperature", "given in the spec") in source_table(device).rows
        True
    """
    return Table(("number", "source"), sorted(device.sources.items()))
