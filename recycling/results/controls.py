"""Controls: the checks that a "below the bound" claim needs, made on every analysis."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from scipy.special import chdtrc, ndtr, ndtri

from circuits.design import EQUILIBRIUM, RECYCLING, symbol
from recycling.inference.states.estimates import QUANTILE
from recycling.inference.statistics.interval import Interval, Intervals
from recycling.inference.statistics.propagation import total
from recycling.inference.statistics.significance import LEVEL, RESOLUTION, holm
from recycling.results.dataset import POINT, by_point, qubit_of, shown_p_x, swept
from recycling.results.link_gains import channel_of
from recycling.results.production import entropy_production
from recycling.results.verdicts import ROUNDING, Verdict, verdicts
from recycling.thermodynamics import Bath, gain

if TYPE_CHECKING:
    import xarray as xr


#: What a control finds where nothing that it needs was measured: it is not passed for want of data.
_UNKNOWN = "not measured"


@dataclass(frozen=True)
class Control:
    """A check; ``passed`` is None for information."""

    name: str
    expected: str
    found: str
    passed: bool | None


def controls(dataset: xr.Dataset) -> list[Control]:
    """Make all controls of an analysed run.

    Example:
        >>> from recycling.spec.experiment import Experiment
        >>> experiment = Experiment(
        ...     name="tiny",
        ...     algorithm={"name": "repeat-until-success"},
        ...     sweep={"theta": [0.3, 0.6], "p_x": [0.1, 0.4]},
        ...     measurement={"shots": "exact", "trials": 1},
        ... )
        >>> from recycling.jobs.counts import counts_of
        >>> counts = counts_of(experiment, {0: np.full((2, 2, 2, 2, 3, 2, 2, 2, 2), 1 / 16)})
        >>> from recycling.results.analysis import analyse_counts
        >>> bath = {"temperature_K": 0.043, "frequency_Hz": 5e9, "temperature_source": "the spec"}
        >>> dataset = analyse_counts(experiment, counts, bath)
        >>> [check.name for check in controls(dataset)][0]
        'gain of a thermal bath at T0'
    """
    bath = Bath.qubit(dataset.attrs["frequency_Hz"], dataset.attrs["temperature_K"])
    found = [
        _thermal_gain(bath),
        _hotter_gain(bath),
        _athermal_bound(dataset),
        _equilibrium_arm(dataset),
        _temperature(dataset),
        _mutual_information(dataset),
        _entropy_production(dataset),
        _energy_balance(dataset),
        _free_cooling(dataset, bath),
        _homogeneity(dataset),
    ]
    return found + ([_masked(dataset)] if dataset.attrs.get("masked") else [])


def failed_controls(checks: Sequence[Control]) -> list[str]:
    """List the names of the controls that failed.

    Example:
        >>> failed_controls([Control("equilibrium arm", "above", "below at 1 of 11 points", False)])
        ['equilibrium arm']
    """
    return [check.name for check in checks if check.passed is False]


def warning(checks: Sequence[Control]) -> str:
    """Write the warning above a verdict whose controls failed; empty where none did.

    Example:
        >>> warning([Control("equilibrium arm", "above", "below at 1 of 11 points", False)])
        '1 control failed: equilibrium arm. The verdict is not to be trusted.'
    """
    failed = failed_controls(checks)
    if not failed:
        return ""
    noun = "control" if len(failed) == 1 else "controls"
    return f"{len(failed)} {noun} failed: {'; '.join(failed)}. The verdict is not to be trusted."


def _thermal_gain(bath: Bath) -> Control:
    value = float(gain(_takes_up(bath, bath.temperature), bath, bath.gibbs())) / _quantum(bath)
    return Control(
        "gain of a thermal bath at T0", "G = 0", f"G = {value:.1e} hf", abs(value) < ROUNDING
    )


def _hotter_gain(bath: Bath) -> Control:
    temperature = 1.25 * bath.temperature
    decrease = _takes_up(bath, temperature)
    value = float(gain(decrease, bath, bath.gibbs(temperature))) / _quantum(bath)
    # A bath so cold that its excited population underflows loses nothing that a float can hold.
    frozen = float(bath.mean_energy(temperature)) == 0
    return Control(
        f"gain of a hotter thermal bath ({temperature * 1e3:.3g} mK)",
        "G < 0", f"G = {value:.2e} hf", None if frozen else value < 0,
    )  # fmt: skip


def _takes_up(bath: Bath, temperature: float) -> float:
    """Half of the entropy that a thermal qubit bath can still take up, nats."""
    return (float(np.log(2)) - float(bath.entropy(temperature))) / 2


def _athermal_bound(dataset: xr.Dataset) -> Control:
    """ΔQ_B ≥ Q_ath within error at every point, all trials together."""
    found = [v for arm in dataset["arm"].values for v in verdicts(dataset, arm, "athermal")]
    impossible = sum(np.isposinf(v.excess) for v in found)
    tested = [v for v in found if np.isfinite(v.excess)]
    z = np.array([_z(v) for v in tested])
    below = int((holm(ndtr(z)) <= LEVEL).sum())
    text = (
        f"below at {below} of {len(found)} points, smallest z = {np.nanmin(z, initial=np.inf):+.1f}"
    )
    open_ended = sum(np.isposinf(v.interval.high) for v in tested)
    if open_ended:
        text += f"; Q_ath may be infinite within error at {open_ended}"
    if impossible:
        text += f"; no athermal process exists at {impossible}"
    known = bool(tested) or impossible > 0
    return Control(
        "heat above the athermal bound",
        f"ΔQ_B ≥ Q_ath within {RESOLUTION:g}σ at all points together",
        text if known else _UNKNOWN,
        None if (impossible or not known) and not below else not below,
    )


def _z(verdict: Verdict) -> float:
    """Excess in standard errors; rounding stands in for them in an exact simulation."""
    if verdict.stderr > 0:
        return verdict.z
    return verdict.excess / (ROUNDING * abs(verdict.heat) or 1)


def _equilibrium_arm(dataset: xr.Dataset) -> Control:
    found = [v for bound in ("tight", "landauer") for v in verdicts(dataset, EQUILIBRIUM, bound)]
    below = [v for v in found if v.below]
    measured = any(v.outcome != "no data" for v in found)
    return Control(
        "equilibrium arm", "above Q_tight and Q_Landauer",
        f"below at {len(below)} of {len(found)} points" if measured else _UNKNOWN,
        not below if measured else None,
    )  # fmt: skip


def _temperature(dataset: xr.Dataset) -> Control:
    """What the bounds took for T0 against what B shows before the erasure."""
    attributes = dataset.attrs
    assumed = attributes["temperature_K"]
    expected = f"T0 = {assumed * 1e3:.4g} mK ({attributes['temperature_source']}), B not colder"
    name = "temperature of the bounds"
    if "temperature_measured_K" not in attributes:
        return Control(name, expected, "not measured", None)
    value, low, high = (attributes[f"temperature_measured{end}_K"] for end in ("", "_low", "_high"))
    found = f"B before the erasure: {value * 1e3:.1f} mK ({low * 1e3:.1f} to {high * 1e3:.1f})"
    # A bath colder than T0 fakes a gain; a hotter bath works against the claim.
    reach = (high - value) * RESOLUTION / QUANTILE
    colder = value + reach < assumed * (1 - ROUNDING)
    return Control(
        name, expected, found + ("; a colder bath fakes a gain" if colder else ""), not colder
    )


def _mutual_information(dataset: xr.Dataset) -> Control:
    """I(S:B) = S(ρ'_S) + S(ρ'_B) − S(ρ_S) − S(ρ_B) ≥ 0: a unitary loses no entropy."""
    entropy = by_point(dataset["entropy_combined"].sel(p_x=shown_p_x(dataset)), swept(dataset))
    terms = []
    for stage, sign in ((-1, 1), (0, -1)):
        for qubit in _erased(dataset):
            there = entropy.isel(stage=stage).sel(qubit=qubit)
            own = there.transpose("arm", POINT, "limit").values
            low, high = np.minimum(own[..., 1], own[..., 0]), np.maximum(own[..., 2], own[..., 0])
            terms.append(Interval(own[..., 0], low, high).times(sign))
    return _never_negative(
        "entropy balance of the erasure",
        "mutual information S(ρ'_S) + S(ρ'_B) − S(ρ_S) − S(ρ_B)",
        total(terms, np.eye(len(terms))),
    )


def _entropy_production(dataset: xr.Dataset) -> Control:
    """ΔQ_B/kT0 − ΔS + F(ρ_B)/kT0 ≥ 0: the second law, with the bath's state as a resource."""
    arms = [entropy_production(dataset, arm) for arm in dataset["arm"].values]
    ends = zip(*(arm.ends.values() for arm in arms), strict=True)
    link = "" if channel_of(dataset.attrs) is None else " + Q_link/kT_link + S(out) − S(in)"
    return _never_negative(
        "entropy production with the resource counted",
        f"ΔQ_B/kT0 − ΔS + F(ρ_B)/kT0{link}",
        Interval(*map(np.concatenate, ends)),
    )


def _never_negative(name: str, quantity: str, found: Intervals) -> Control:
    """Check that an entropy is below zero nowhere, within its error at all points together."""
    sampled = np.isfinite(found.value)
    # Of so many points the worst may be that far off.
    quantile = -ndtri(LEVEL / max(int(sampled.sum()), 1))
    reach = np.maximum((found.high - found.value) * quantile / QUANTILE, ROUNDING)
    lost = sampled & (found.value + reach < 0)
    least = float(np.min(found.value[sampled], initial=np.inf))
    text = f"least {least:+.4f} nat; below 0 at {int(lost.sum())} of {int(sampled.sum())} points"
    return Control(
        name,
        f"{quantity} ≥ 0 within {RESOLUTION:g}σ at all points together",
        text if sampled.any() else _UNKNOWN,
        not lost.any() if sampled.any() else None,
    )


def _energy_balance(dataset: xr.Dataset) -> Control:
    """ΔP₁(S) + ΔP₁(B) = 0: a swap only moves excitations; relaxation loses them."""
    population = dataset["excited_population_combined"].sel(
        p_x=shown_p_x(dataset), limit="value", qubit=_erased(dataset)
    )
    change = (population.isel(stage=-1) - population.isel(stage=0)).sum("qubit", skipna=False)
    return Control(
        "energy balance of the erasure",
        "S and B together: 0 hf without noise",
        f"{float(change.min()):+.4f} to {float(change.max()):+.4f} hf over the angles of both arms"
        if bool(change.notnull().any())
        else _UNKNOWN,
        None,
    )


def _free_cooling(dataset: xr.Dataset, bath: Bath) -> Control:
    """ΔQ_B + (E_ath - E_th) = hf (p_x - p_th): recycling is not free cooling."""
    quantum, p_x = _quantum(bath), shown_p_x(dataset)
    shown = dataset.sel(arm=RECYCLING, p_x=p_x, limit="value")
    point = shown.isel(dict.fromkeys(swept(dataset), -1))
    last = ", ".join(map(symbol, swept(dataset)))
    thermal = float(bath.mean_energy()) / quantum
    athermal = float(
        point["excited_population_combined"].isel(stage=0).sel(qubit=qubit_of(dataset, "bath"))
    )
    whole = float(point["heat_combined"]) / quantum + athermal - thermal
    return Control(
        f"reset and erasure together at the largest {last}",
        f"ΔQ_B + (E_ath − E_th) = hf (p_x − p_th) = {p_x - thermal:+.3f} hf without noise",
        _UNKNOWN if np.isnan(whole) else f"{whole:+.3f} hf", None,
    )  # fmt: skip


def _homogeneity(dataset: xr.Dataset) -> Control:
    """Trials differ by their shots alone: χ² of the heat over all angles and both arms."""
    ratio = dataset["heat_scatter"].sel(p_x=shown_p_x(dataset)).values
    trials = dataset.sizes["trial"]
    known = np.isfinite(ratio)
    name, expected = "trials are alike", "they scatter as their shots do"
    if trials < 2 or not known.any():
        return Control(name, expected, "one trial, or exact", None)
    freedom = (trials - 1) * int(known.sum())
    square = float((ratio[known] ** 2).sum() * (trials - 1))
    p_value = float(chdtrc(freedom, square))
    return Control(
        name, expected, f"χ² = {square:.0f} at {freedom} degrees of freedom, p = {p_value:.2g}",
        p_value > LEVEL,
    )  # fmt: skip


def _erased(dataset: xr.Dataset) -> list[str]:
    """Qubits that the erasure acts on."""
    return [qubit_of(dataset, purpose) for purpose in ("target", "bath")]


def _masked(dataset: xr.Dataset) -> Control:
    return Control(
        "masked points", "shots in every setting", f"none in: {dataset.attrs['masked']}", None
    )


def _quantum(bath: Bath) -> float:
    return float(bath.energies[-1] - bath.energies[0])
