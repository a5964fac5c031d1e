"""The tables of the report, as plain rows of text."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import TYPE_CHECKING

import numpy as np
from scipy.constants import h as planck
from scipy.constants import k as boltzmann

from recycling.devices.compiler import cz_counts
from recycling.verdicts import shown_p_x, verdicts

if TYPE_CHECKING:
    import xarray as xr
    from qiskit import QuantumCircuit

    from recycling.devices.device import Device


@dataclass(frozen=True)
class Table:
    """Heading of each column, rows of text, and a note under the table."""

    columns: tuple[str, ...]
    rows: Sequence[tuple[str, ...]]
    note: str = ""


def verdict_table(dataset: xr.Dataset) -> Table:
    """Heat against both bounds at every angle, in J, hf and k_B T0 ln 2."""
    quantum = planck * dataset.attrs["frequency_Hz"]
    landauer_unit = boltzmann * dataset.attrs["temperature_K"] * np.log(2)
    combined = dataset.sel(arm="recycling", limit="value")
    rows = []
    for tight, landauer, probability, bound in zip(
        verdicts(dataset, bound="tight"),
        verdicts(dataset, bound="landauer"),
        combined["branch_probability_combined"].values,
        combined["bound_tight_combined"].sel(p_x=shown_p_x(dataset)).values,
        strict=True,
    ):
        rows.append(
            (
                f"{tight.theta_b:.4f}",
                f"{probability:.4f}",
                f"{tight.entropy_decrease:.4f}",
                f"{tight.heat:.3e}",
                f"{tight.heat / quantum:+.4f}",
                f"{tight.heat / landauer_unit:+.3f}",
                f"{bound / quantum:.4f}",
                with_interval(tight.excess, tight.low, tight.high, quantum),
                number(tight.z, "+.1f"),
                tight.text,
                number(landauer.z, "+.1f"),
                landauer.text,
            )
        )
    return Table(
        ("θ_b (rad)", "P(branch)", "ΔS (nat)", "ΔQ_B (J)", "ΔQ_B (hf)", "ΔQ_B (k_B T0 ln 2)",
         "Q_tight (hf)", "ΔQ_B − Q_tight (hf)", "z", "vs tight", "z", "vs Landauer"),
        rows,
        f"Recycling arm at p_x = {shown_p_x(dataset):g}, all trials together, 95 % intervals. z is "
        "the excess over the bound in standard errors; below takes p ≤ 0.00135 (3σ) for all angles "
        "together (Holm), above z ≥ 3. Sampling noise only.",
    )  # fmt: skip


def headline(dataset: xr.Dataset) -> str:
    """The verdict in one sentence or two."""
    parts = []
    for bound, name in (("tight", "Q_tight"), ("landauer", "Q_Landauer")):
        found = verdicts(dataset, bound=bound)  # type: ignore[arg-type]
        below = [v.text == "below" for v in found]
        if not any(below):
            parts.append(f"ΔQ_B is below {name} at none of {len(found)} angles")
            continue
        ranges = []
        for is_below, group in groupby(zip(below, found, strict=True), key=lambda pair: pair[0]):
            angles = [verdict.theta_b for _, verdict in group]
            if is_below:
                last = f" to {angles[-1]:.3f}" if len(angles) > 1 else ""
                ranges.append(f"{angles[0]:.3f}{last}")
        strongest = min(v.z for v in found if v.text == "below")
        strength = f" (z down to {strongest:.1f})" if np.isfinite(strongest) else ""
        where = f"{sum(below)} of {len(found)} angles, θ_b = {' and '.join(ranges)}"
        parts.append(f"ΔQ_B is below {name} at {where}{strength}")
    return "; ".join(parts) + "."


def device_table(device: Device) -> Table:
    """Every qubit's numbers."""
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
    """Every coupled pair and how often the longest circuit uses it."""
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
    """Where each number comes from."""
    return Table(("number", "source"), sorted(device.sources.items()))


def with_interval(value: float, low: float, high: float, unit: float) -> str:
    """Value and interval in a unit; the value alone where it has no error."""
    if low == high:
        return number(value / unit)
    ends = (number(end / unit, "+.3f") for end in (value, low, high))
    return "{} [{}, {}]".format(*ends)


def number(value: float, form: str = "+.4f") -> str:
    """Number as text: a dash where there is none, ∞ where it is infinite."""
    if np.isnan(value):
        return "–"
    if np.isinf(value):
        return "∞" if value > 0 else "−∞"
    return format(value, form)
