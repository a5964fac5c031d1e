"""Statements about the data, one function for each.

A statement agrees or differs where the data resolve it: 3 standard errors for verdicts, 95 % bands
over the whole sweep where any p_x counts.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray
from scipy.constants import h as planck

from recycling.inference.bath.sensitivity import erasure_of, sensitivity
from recycling.inference.states.estimates import QUANTILE
from recycling.inference.statistics.significance import RESOLUTION
from recycling.reporting.paper.replay import Found, Outcome, Replay, agree
from recycling.results.verdicts import Bound, Verdict, shown_p_x, verdicts
from recycling.thermodynamics import Bath, binary_entropy

if TYPE_CHECKING:
    import xarray as xr

Real = NDArray[np.float64]

#: Excited weight around which the heat crosses Q_tight at θ_b = 0 (Fig. 5(a)).
PRINTED_CROSSING = 0.03
#: Range of the success fidelity (Fig. 3).
PRINTED_FIDELITY = (0.92, 0.97)
#: Frequencies of the bath between which the results "do not change qualitatively", Hz.
PRINTED_FREQUENCIES = (3e9, 4e9, 5e9, 6e9, 7e9)
#: "Much larger" is read as more than twice.
MUCH_LARGER = 2.0


def success_fidelity(replay: Replay) -> Found:
    """Fig. 3: the success fidelity lies in 0.92–0.97, to the printed digits."""
    value, low, high = _limits(replay.dataset["success_fidelity_combined"])
    least, most = PRINTED_FIDELITY[0] - 0.005, PRINTED_FIDELITY[1] + 0.005
    inside = (high >= least) & (low <= most)
    text = (
        f"{value.min():.3f} to {value.max():.3f} over θ_b "
        f"(95 % at each: {low.min():.3f} to {high.max():.3f})"
    )
    return Found(text, agree(bool(inside.all())))


def equilibrium_above(replay: Replay) -> Found:
    """Fig. 4(a): the heat is above Q_ath, Q_tight and Q_Landauer."""
    bounds: tuple[Bound, ...] = ("athermal", "tight", "landauer")
    found = {bound: verdicts(replay.dataset, "equilibrium", bound) for bound in bounds}
    counts = (str(sum(v.outcome == "above" for v in each)) for each in found.values())
    text = f"above them at {', '.join(counts)} of {len(found['tight'])} θ_b"
    return Found(text, _all([v for each in found.values() for v in each], "above", "below"))


def equilibrium_bounds_equal(replay: Replay) -> Found:
    """Fig. 4(a): Q_ath = Q_tight, since B is thermal."""
    gain = replay.dataset["gain_combined"].sel(arm="equilibrium", p_x=_p_x(replay))
    value, low, high = (part / replay.quantum for part in _limits(gain))
    reach = np.where(value < 0, high - value, value - low) * RESOLUTION / QUANTILE
    text = (
        f"Q_tight − Q_ath = {value.min():+.3f} to {value.max():+.3f} hf over θ_b "
        f"(95 % at each: {low.min():+.3f} to {high.max():+.3f}), "
        f"readout {replay.dataset.attrs['readout']}"
    )
    equal = np.abs(value) <= reach
    # Where Q_tight may be infinite within error, the difference has no limits.
    known = np.isfinite(value) & ~np.isnan(reach)
    if (known & ~equal).any():
        return Found(text, "differs")
    return Found(text, "agree" if known.all() else "not resolved")


def tight_much_larger(replay: Replay) -> Found:
    """Fig. 4(a): Q_tight is much larger than Q_Landauer."""
    point = replay.dataset.sel(arm="equilibrium", p_x=_p_x(replay))
    # Both follow from ΔS alone, and their ratio rises with it: its ends are those of ΔS.
    ratio = point["bound_tight_combined"] / point["bound_landauer_combined"]
    value, low, high = _limits(ratio)
    text = (
        f"{value.min():.2f} to {value.max():.2f} times "
        f"(95 % at each: {low.min():.2f} to {high.max():.2f})"
    )
    return Found(text, agree(bool((low > MUCH_LARGER).all())))


def below_tight(replay: Replay) -> Found:
    """Fig. 4(b): there is a regime, at larger θ_b, where the heat is below Q_tight."""
    return _below_at_large_angles(verdicts(replay.dataset, bound="tight"))


def below_landauer(replay: Replay) -> Found:
    """Fig. 4(b): for larger θ_b the heat falls below Q_Landauer too."""
    return _below_at_large_angles(verdicts(replay.dataset, bound="landauer"))


def above_tight_at_small_angles(replay: Replay) -> Found:
    """Fig. 4(b): ΔQ_B > Q_tight at small θ_b, no gain at θ_b = 0."""
    found = verdicts(replay.dataset, bound="tight")
    return Found(
        f"above at {_count(found, 'above')} θ_b; at θ_b = 0: {_excess(found[0], replay)}",
        _all(found[:1], "above", "below"),
    )


def above_athermal(replay: Replay) -> Found:
    """Fig. 4(b): ΔQ_B is above Q_ath for most θ_b."""
    found = verdicts(replay.dataset, bound="athermal")
    above, below = (sum(v.outcome == word for v in found) for word in ("above", "below"))
    outcome: Outcome = "not resolved"
    if max(above, below) > len(found) / 2:
        outcome = agree(above > below)
    return Found(f"above at {above} of {len(found)}, below at {below} (3σ)", outcome)


def below_athermal_at_zero(replay: Replay) -> Found:
    """Fig. 4(b): ΔQ_B violates Q_ath at θ_b = 0."""
    found = verdicts(replay.dataset, bound="athermal")[:1]
    return Found(f"{found[0].text}: {_excess(found[0], replay)}", _all(found, "below", "above"))


def erasures_differ(replay: Replay) -> Found:
    """Fig. 4: ΔS differs largely between the arms."""
    point = replay.dataset["entropy_decrease_combined"].sel(p_x=_p_x(replay))
    thermal = _limits(point.sel(arm="equilibrium"))
    athermal = _limits(point.sel(arm="recycling"))
    text = " against ".join(f"{v.min():.3f} to {v.max():.3f}" for v, _, _ in (thermal, athermal))
    apart = (thermal[1] > athermal[2]) | (athermal[1] > thermal[2])
    return Found(f"{text} nat (equilibrium, recycling)", agree(bool(apart.all())))


def any_frequency(replay: Replay) -> Found:
    """Results do not change qualitatively within 3–7 GHz; by values, at the T0 of the bounds."""
    temperature = float(replay.dataset.attrs["temperature_K"])
    found = sensitivity(erasure_of(replay.dataset), [temperature], PRINTED_FREQUENCIES)
    parts, same = [], True
    for bound, name in (("tight", "Q_tight"), ("landauer", "Q_Landauer")):
        excess = found[f"excess_{bound}"].isel(temperature=0).transpose("frequency", "theta_b")
        below = excess.values < 0
        # Below for larger angles, and for them alone.
        same &= bool(below[:, -1].all() and not below[:, 0].any())
        first = [
            f"{found['theta_b'].values[row.argmax()]:.3f}" if row.any() else "none" for row in below
        ]
        parts.append(f"below {name} from θ_b = {first[0]} (3 GHz) to {first[-1]} (7 GHz)")
    return Found("; ".join(parts), agree(same))


def theory_at_athermal(replay: Replay) -> Found:
    """Fig. 4(c): in theory ΔQ_B coincides with Q_ath."""
    found = verdicts(_theory(replay), bound="athermal")
    return Found(
        f"at the bound at {_count(found, 'at the bound')} θ_b",
        agree(all(v.outcome == "at the bound" for v in found)),
    )


def theory_below_tight(replay: Replay) -> Found:
    """Fig. 4(c): in theory ΔQ_B is below Q_tight for all θ_b."""
    found = verdicts(_theory(replay), bound="tight")
    text = f"below at {_count(found, 'below')} θ_b"
    highest = max(found, key=lambda verdict: verdict.excess)
    if highest.excess > 0:
        excess = highest.excess / replay.quantum
        text += f"; {excess:+.4f} hf at θ_b = {highest.theta_b:.4f}, with T0 on every qubit"
    return Found(text, agree(all(v.outcome == "below" for v in found)))


def theory_below_landauer(replay: Replay) -> Found:
    """Fig. 4(c): in theory ΔQ_B can be below Q_Landauer for larger θ_b."""
    return _below_at_large_angles(verdicts(_theory(replay), bound="landauer"))


def heat_falls_with_p_x(replay: Replay) -> Found:
    """Fig. 5(a): at θ_b = 0 the heat decreases with p_x."""
    point = replay.dataset["heat_combined"].sel(arm="recycling").isel(theta_b=0)
    value, low, high = (part / replay.quantum for part in _limits(point.sortby("p_x")))
    text = f"{value[-1]:+.3f} hf at p_x = {point['p_x'].values.max():g}, {value[0]:+.3f} hf at " + (
        f"p_x = {point['p_x'].values.min():g}"
    )
    if low[-1] > high[0] and (np.diff(value) > 0).all():
        return Found(text, "agree")
    return Found(text, "differs" if high[-1] < low[0] else "not resolved")


def crossing_at_zero(replay: Replay) -> Found:
    """Fig. 5(a): at θ_b = 0, ΔQ_B intersects Q_tight around p_x = 0.03, with ΔS > 0."""
    point = replay.dataset.sel(arm="recycling").isel(theta_b=0).sortby("p_x")
    p_x = point["p_x"].values
    excess = point["excess_tight_combined"].sel(limit="value").values
    erased = point["entropy_decrease_combined"].sel(limit="value").values > 0
    held, possible = _gains(point)
    if not erased.any():
        return Found("ΔS > 0 at no p_x", "differs")
    below = p_x[erased & (excess < 0)]
    least, most = p_x[held].max(initial=0), p_x[possible].max(initial=0)
    if not below.size:
        text = (
            f"none: ΔS > 0 from p_x = {p_x[erased][0]:g} on, where ΔQ_B is above Q_tight by "
            f"{excess[erased][0] / replay.quantum:.4f} hf"
        )
        if not possible.any():
            return Found(text, "differs")
        return Found(f"{text}; 95 % bands allow one up to p_x = {most:g}", "not resolved")
    text = f"p_x = {below.max():g} (95 %: {least:g} to {most:g})"
    if not held.any():
        return Found(text, "not resolved")
    step = float(np.diff(p_x).max(initial=0))
    return Found(text, agree(least - step <= PRINTED_CROSSING <= most + step))


def bath_entropy_at_zero(replay: Replay) -> Found:
    """S(ρ_B) at θ_b = 0 is below S(ρ_S) at the crossing, else ΔS would not be positive there."""
    point = replay.dataset["entropy_combined"].sel(arm="recycling", stage="before")
    value, low, high = _limits(point.sel(qubit="B", p_x=_p_x(replay)).isel(theta_b=0))
    text = f"{value:.3f} nat (95 %: {low:.3f} to {high:.3f})"
    target = point.sel(qubit="S").isel(theta_b=0).sel(p_x=PRINTED_CROSSING, method="nearest")
    if abs(float(target["p_x"]) - PRINTED_CROSSING) < 1e-9:
        text += f"; S(ρ_S) at that p_x is read as {float(target.sel(limit='value')):.3f} nat"
    limit = crossing_entropy(replay.experiment.bath.temperature, replay.experiment.bath.frequency)
    outcome: Outcome = "agree" if high < limit else "differs" if low > limit else "not resolved"
    return Found(text, outcome)


def gain_at_all_angles(replay: Replay) -> Found:
    """Fig. 5(b): for all θ_b, ΔQ_B < Q_tight for sufficiently small p_x with ΔS > 0."""
    somewhere, possible = (
        mask.any(axis=-1) for mask in _gains(replay.dataset.sel(arm="recycling"))
    )
    angles = replay.dataset["theta_b"].values
    text = f"at {int(somewhere.sum())} of {len(angles)} θ_b"
    for words, where in (("at no p_x", ~possible), ("not resolved", possible & ~somewhere)):
        if where.any():
            text += f"; {words} at θ_b = {', '.join(f'{angle:.3g}' for angle in angles[where])}"
    outcome: Outcome = "differs" if not possible.all() else "not resolved"
    return Found(text, "agree" if somewhere.all() else outcome)


def crossing_entropy(temperature: float, frequency: float) -> float:
    """Entropy of S at the printed crossing, with a thermal start: 0.147 nat at 43 mK, 5 GHz.

    Args:
        temperature: T0, K.
        frequency: of the bath, Hz; S is taken at the same.
    """
    thermal = float(Bath.qubit(frequency, temperature).mean_energy()) / (planck * frequency)
    excited = PRINTED_CROSSING * (1 - thermal) + (1 - PRINTED_CROSSING) * thermal
    return float(binary_entropy(excited))


def _gains(arm: xr.Dataset) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """Where ΔS > 0 and ΔQ_B < Q_tight surely, and where possibly, by bands over the whole sweep.

    Returns:
        Two arrays of shape (…, p_x).
    """
    excess = arm["excess_tight_band"].transpose(..., "p_x", "limit")
    decrease = arm["entropy_decrease_band"].transpose(..., "p_x", "limit")
    held = (decrease.sel(limit="low") > 0) & (excess.sel(limit="high") < 0)
    possible = (decrease.sel(limit="high") > 0) & (excess.sel(limit="low") < 0)
    return held.values, possible.values


def _below_at_large_angles(found: list[Verdict]) -> Found:
    below = [v.theta_b for v in found if v.outcome == "below"]
    text = f"below at {_count(found, 'below')} θ_b"
    if below:
        text += f", from θ_b = {below[0]:.3f}"
    return Found(text, _all(found[-1:], "below", "above"))


def _all(found: list[Verdict], wanted: str, opposite: str) -> Outcome:
    if any(verdict.outcome == opposite for verdict in found):
        return "differs"
    return "agree" if all(verdict.outcome == wanted for verdict in found) else "not resolved"


def _count(found: list[Verdict], word: str) -> str:
    return f"{sum(v.outcome == word for v in found)} of {len(found)}"


def _excess(verdict: Verdict, replay: Replay) -> str:
    value, low, high = (x / replay.quantum for x in (verdict.excess, verdict.low, verdict.high))
    return f"{value:+.3f} hf (95 %: {low:+.3f} to {high:+.3f})"


def _limits(array: xr.DataArray) -> tuple[Real, Real, Real]:
    """Value, low and high end of a combined estimate."""
    value, low, high = (np.asarray(array.sel(limit=end).values) for end in ("value", "low", "high"))
    return value, low, high


def _theory(replay: Replay) -> xr.Dataset:
    assert replay.theory is not None  # statements about theory need it
    return replay.theory


def _p_x(replay: Replay) -> float:
    return shown_p_x(replay.dataset)
