"""The tables of the report, as plain rows of text."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray
from scipy.constants import h as planck
from scipy.constants import k as boltzmann

from recycling.compilation.walk import cz_counts
from recycling.results.verdicts import Verdict, shown_p_x, verdicts

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


def verdict_table(dataset: xr.Dataset, corrected: xr.Dataset | None = None) -> Table:
    """Heat against both bounds at every angle, in J, hf and k_B T0 ln 2.

    Args:
        dataset: the analysis to show.
        corrected: the same with readout errors corrected, to show what they do to the excess.
    """
    quantum = planck * dataset.attrs["frequency_Hz"]
    landauer_unit = boltzmann * dataset.attrs["temperature_K"] * np.log(2)
    combined = dataset.sel(arm="recycling", limit="value")
    rows: list[tuple[str, ...]] = []
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
    columns: tuple[str, ...] = (
        "θ_b (rad)", "P(branch)", "ΔS (nat)", "ΔQ_B (J)", "ΔQ_B (hf)", "ΔQ_B (k_B T0 ln 2)",
        "Q_tight (hf)", "ΔQ_B − Q_tight (hf)", "z", "vs tight", "z", "vs Landauer",
    )  # fmt: skip
    note = (
        f"Recycling arm at p_x = {shown_p_x(dataset):g}, all trials together, 95 % intervals. z is "
        f"the normal quantile of the excess's p-value{_limits_of_z(dataset)}. Below takes an "
        "excess below 0 and ΔS above 0, both with p ≤ 0.00135 (3σ) for all angles and both bounds "
        f"together (Holm); above takes z ≥ 3. {_sources_of_error(dataset)}"
    )
    if corrected is not None:
        biases = _readout_bias(dataset, corrected)
        rows = [(*row, number(bias / quantum)) for row, bias in zip(rows, biases, strict=True)]
        columns = (*columns, "bias by readout (hf)")
        note += (
            " Bias by readout: ΔQ_B − Q_tight as recorded less the corrected one. It is known, and "
            "not in the interval."
        )
    return Table(columns, rows, note)


def _limits_of_z(dataset: xr.Dataset) -> str:
    """Which limits z comes from. Results of older versions do not say."""
    quantile = dataset["excess_tight_combined_z"].attrs.get("quantile_recycling")
    if quantile is None or dataset.attrs.get("shots") == "exact":
        return ""
    return f", from its limits at the normal quantile {quantile:.2f}"


def _sources_of_error(dataset: xr.Dataset) -> str:
    """What the intervals allow for."""
    trials = dataset.sizes["trial"]
    if dataset.attrs.get("shots") == "exact":
        return "Infinitely many shots: no error."
    if trials == 1:
        return "Shots alone: one trial shows no drift, and the verdict holds if nothing drifted."
    return (
        f"Errors are those of the shots and of the drift between trials, of which {trials} trials "
        f"tell with {trials - 1} degree{'s' if trials > 2 else ''} of freedom."
    )


def _readout_bias(dataset: xr.Dataset, corrected: xr.Dataset) -> NDArray[np.float64]:
    """Excess over Q_tight as analysed less the one with readout corrected (J, over θ_b)."""
    excess, better = (
        one["excess_tight_combined"].sel(arm="recycling", limit="value", p_x=shown_p_x(one)).values
        for one in (dataset, corrected)
    )
    bias = np.full_like(excess, np.nan)
    np.subtract(excess, better, out=bias, where=np.isfinite(excess) & np.isfinite(better))
    return bias


def headline(dataset: xr.Dataset) -> str:
    """The verdict in one sentence or two."""
    parts = []
    for bound, name in (("tight", "Q_tight"), ("landauer", "Q_Landauer")):
        found = verdicts(dataset, bound=bound)  # type: ignore[arg-type]
        below = [v.below for v in found]
        if not any(below):
            parts.append(f"ΔQ_B is below {name} at none of {len(found)} angles{_open(found)}")
            continue
        ranges = []
        for is_below, group in groupby(zip(below, found, strict=True), key=lambda pair: pair[0]):
            angles = [verdict.theta_b for _, verdict in group]
            if is_below:
                last = f" to {angles[-1]:.3f}" if len(angles) > 1 else ""
                ranges.append(f"{angles[0]:.3f}{last}")
        strongest = min(v.z for v in found if v.below)
        strength = f" (z down to {strongest:.1f})" if np.isfinite(strongest) else ""
        where = f"{sum(below)} of {len(found)} angles, θ_b = {' and '.join(ranges)}"
        parts.append(f"ΔQ_B is below {name} at {where}{strength}")
    sampled = dataset.attrs.get("shots") != "exact"
    single = " One trial: this holds if nothing drifted." if len(dataset["trial"]) == 1 else ""
    return f"At p_x = {shown_p_x(dataset):g}, {'; '.join(parts)}.{single if sampled else ''}"


def _open(found: list[Verdict]) -> str:
    """Findings that fail for want of trials or of an erasure, in brackets."""
    reasons = Counter(v.text for v in found if v.outcome in ("few trials", "erasure not resolved"))
    text = "; ".join(f"{reason} at {count}" for reason, count in reasons.items())
    return f" ({text})" if text else ""


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
