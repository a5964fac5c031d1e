"""Verdicts and controls: what a Dataset says about "below the bound", and whether it may."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np
from numpy.typing import NDArray

from circuits.protocol import ARMS
from recycling.experiment import shown_p_x as closest_p_x
from recycling.inference.significance import RESOLUTION
from recycling.thermodynamics import Bath, gain

if TYPE_CHECKING:
    import xarray as xr

    from recycling.devices.device import Device

Real = NDArray[np.float64]

Bound = Literal["tight", "landauer", "athermal"]


@dataclass(frozen=True)
class Verdict:
    """Heat against one bound at one angle, all trials together. Energies in J.

    ``scatter`` is the standard deviation between trials over the one that shots explain: near 1
    for trials that differ by sampling alone.
    """

    arm: str
    bound: Bound
    theta_b: float
    p_x: float
    entropy_decrease: float
    heat: float
    excess: float
    stderr: float
    scatter: float

    @property
    def z(self) -> float:
        """Excess in standard errors; NaN without sampling error."""
        if np.isposinf(self.excess):
            return float("inf")
        return self.excess / self.stderr if self.stderr > 0 else float("nan")

    @property
    def text(self) -> str:
        """The verdict in words."""
        if np.isnan(self.excess):
            return "no data: too few shots"
        if self.entropy_decrease <= 0:
            return "nothing erased"
        if np.isposinf(self.excess):
            return "no process"
        if self.stderr > 0 and abs(self.z) < RESOLUTION:
            return "not resolved"
        if self.stderr == 0 and abs(self.excess) < 1e-9 * abs(self.heat):
            return "at the bound"  # to the rounding of an exact simulation
        return "below" if self.excess < 0 else "above"


@dataclass(frozen=True)
class Control:
    """One check that a "below the bound" claim needs; ``passed`` is None for information."""

    name: str
    expected: str
    found: str
    passed: bool | None


def shown_p_x(dataset: xr.Dataset) -> float:
    """Excited weight to show: the paper's 0.4, or the closest one there is."""
    return closest_p_x(dataset["p_x"].values)


def verdicts(dataset: xr.Dataset, arm: str = "recycling", bound: Bound = "tight") -> list[Verdict]:
    """Verdict on each angle at the shown p_x, trials averaged with their shot noise."""
    p_x = shown_p_x(dataset)
    names = [f"excess_{bound}", f"excess_{bound}_stderr", "heat", "entropy_decrease"]
    point = dataset[names].sel(arm=arm, p_x=p_x).transpose("theta_b", "trial")
    by_angle = zip(point["theta_b"].values, *(point[name].values for name in names), strict=True)
    return [
        _verdict(arm, bound, p_x, float(theta_b), *(np.asarray(values) for values in trials))
        for theta_b, *trials in by_angle
    ]


def _verdict(
    arm: str,
    bound: Bound,
    p_x: float,
    theta_b: float,
    excess: Real,
    errors: Real,
    heat: Real,
    entropy_decrease: Real,
) -> Verdict:
    """Verdict from one value a trial; trials without data are left out."""
    sampled = ~np.isnan(excess)
    excess, errors = excess[sampled], errors[sampled]
    trials = max(excess.size, 1)
    explained = float(np.sqrt(np.sum(errors**2) / trials))
    comparable = bool(np.isfinite(excess).all()) and trials > 1
    spread = float(np.std(excess, ddof=1)) if comparable else np.nan
    return Verdict(
        arm=arm,
        bound=bound,
        theta_b=theta_b,
        p_x=p_x,
        entropy_decrease=float(np.mean(entropy_decrease[sampled])) if sampled.any() else np.nan,
        heat=float(np.mean(heat[sampled])) if sampled.any() else np.nan,
        excess=float(np.mean(excess)) if sampled.any() else np.nan,
        stderr=explained / float(np.sqrt(trials)),
        scatter=spread / explained if explained > 0 else np.nan,
    )


def controls(dataset: xr.Dataset, device: Device) -> list[Control]:
    """Controls of a run: see ``Control``."""
    bath = Bath.qubit(dataset.attrs["frequency_Hz"], dataset.attrs["temperature_K"])
    return [
        _thermal_gain(bath),
        _hotter_gain(bath),
        _athermal_bound(dataset),
        _equilibrium_arm(dataset),
        _temperature(dataset, device, bath),
        _energy_balance(dataset, bath),
    ]


def _thermal_gain(bath: Bath) -> Control:
    value = float(gain(_takes_up(bath, bath.temperature), bath, bath.gibbs())) / _quantum(bath)
    return Control(
        "gain of a thermal bath at T0", "G = 0", f"G = {value:.1e} hf", abs(value) < 1e-9
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
    """ΔQ_B ≥ Q_ath within error at every angle, all trials together."""
    found = [v for arm in ARMS for v in verdicts(dataset, arm, "athermal")]
    impossible = sum(np.isposinf(v.excess) for v in found)
    resolved = [v for v in found if np.isfinite(v.excess) and np.isfinite(v.stderr)]
    # Without sampling error the rounding of the simulation stands in for it.
    z = [v.excess / max(v.stderr, 1e-9 * abs(v.heat)) for v in resolved]
    worst = min(z, default=np.inf)
    text = f"smallest z = {worst:+.1f} at {len(z)} of {len(found)} points"
    if len(resolved) < len(found) - impossible:
        text += "; at the others Q_ath may be infinite within error"
    if impossible:
        text += f"; no athermal process exists at {impossible}"
    passed = None if impossible and worst > -RESOLUTION else worst > -RESOLUTION
    return Control(
        "heat above the athermal bound",
        f"ΔQ_B ≥ Q_ath within {RESOLUTION:g}σ everywhere",
        text,
        passed,
    )


def _equilibrium_arm(dataset: xr.Dataset) -> Control:
    found = [v for bound in ("tight", "landauer") for v in verdicts(dataset, "equilibrium", bound)]
    scale = max(abs(v.heat) for v in found)
    below = [v for v in found if v.excess < -1e-9 * scale and not v.z > -RESOLUTION]
    return Control(
        "equilibrium arm", "above Q_tight and Q_Landauer",
        f"below at {len(below)} of {len(found)} points", not below,
    )  # fmt: skip


def _temperature(dataset: xr.Dataset, device: Device, bath: Bath) -> Control:
    """What the bounds took for T0, and what B shows before the erasure (readout uncorrected)."""
    measured = dataset["excited_population"].sel(
        arm="equilibrium", stage="before", qubit="B", p_x=shown_p_x(dataset)
    )
    thermal = float(bath.mean_energy()) / _quantum(bath)
    source = device.source("temperature", "B")
    return Control(
        "temperature of the bounds",
        f"T0 = {bath.temperature * 1e3:g} mK ({source}), P₁ = {thermal:.5f}",
        f"P₁(B) before erasure = {float(measured.mean()):.5f}, readout not corrected; a bath "
        "colder than T0 would fake a gain",
        None,
    )


def _energy_balance(dataset: xr.Dataset, bath: Bath) -> Control:
    """ΔQ_B + (E_ath - E_th) = hf (p_x - p_th): recycling is not free cooling."""
    quantum, p_x = _quantum(bath), shown_p_x(dataset)
    point = dataset.sel(arm="recycling", p_x=p_x).isel(theta_b=-1)
    thermal = float(bath.mean_energy()) / quantum
    athermal = float(point["excited_population"].sel(stage="before", qubit="B").mean())
    total = float(point["heat"].mean()) / quantum + athermal - thermal
    return Control(
        "energy balance at the largest θ_b",
        f"ΔQ_B + (E_ath − E_th) = hf (p_x − p_th) = {p_x - thermal:+.3f} hf without noise",
        f"{total:+.3f} hf", None,
    )  # fmt: skip


def _quantum(bath: Bath) -> float:
    return float(bath.energies[-1] - bath.energies[0])
