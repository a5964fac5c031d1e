r"""Heat of quantum error correction against the cold it needs: a lumped model with a threshold.

N/2 ancillas are reset in every cycle of length t_c, and each reset dissipates m k T h2(p): m times
the Landauer heat of its entropy h2(p). A cooler removes A (T² - T_b²). Errors are

    p(T) = p0 + (1 - e^(-g (2n + 1))) n/(2n + 1) + g/2,   g = t_c/T1,   n = 1/(e^(hf/kT) - 1).

The heat per kelvin, m k h2(p) N/2t_c, grows less than in proportion to T: h2 is concave, p depends
on n with an elasticity of at most n/(n + 1/2), and that of n is x e^x/(e^x - 1) with x = hf/kT,
which makes x/sinh x ≤ 1. The cooling A (T - T_b²/T) grows more than in proportion. So they are
equal at one temperature, whatever the parameters: there is one steady state, no runaway and no
transition. "Unbounded" means that this state has p above the threshold.

Source: Quni-Gudzinas (2025), who cites a transition to a runaway phase; this model has none. The
cooling law T² at 0.19 K is an extrapolation from 20 mK.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.constants import h as planck
from scipy.constants import k as boltzmann
from scipy.optimize import elementwise

from recycling.devices.photons import bose_einstein
from recycling.errors import BadInput, require
from recycling.thermodynamics import Floats, as_scalar, binary_entropy

Real = NDArray[np.float64]

_ROUNDING = 1e-9


@dataclass(frozen=True)
class ErrorCorrectionHeat:
    """The steady state of error correction, and the threshold that it is compared with.

    Attributes:
        temperature: of the steady state, K.
        error_rate: of the steady state, per qubit and cycle.
        bounded: whether the error rate is below the threshold.
        critical_overhead: heat of a reset in Landauers at which it would reach the threshold; 0
            where it is above without any heat.
        critical_temperature: temperature at which the error rate is the threshold, K; 0 where it
            is at none.
        critical_heat: heat of a reset at the critical overhead, J.
    """

    temperature: Floats
    error_rate: Floats
    bounded: np.bool_ | NDArray[np.bool_]
    critical_overhead: Floats
    critical_temperature: Floats
    critical_heat: Floats

    @property
    def text(self) -> str:
        """The result in words.

        Example:
            >>> qec_heat(1e9).text
            'bounded: 0.1165 K, error rate 0.00745; one steady state, no runaway; the threshold ...'
        """
        state = np.array2string(np.where(self.bounded, "bounded", "unbounded")).strip("'")
        temperature, rate, overhead, critical = (
            np.array2string(np.asarray(x), formatter={"float_kind": form.format})
            for x, form in (
                (self.temperature, "{:.4g}"), (self.error_rate, "{:.3g}"),
                (self.critical_overhead, "{:.4g}"), (self.critical_temperature, "{:.4g}"),
            )
        )  # fmt: skip
        return (
            f"{state}: {temperature} K, error rate {rate}; one steady state, no runaway; the "
            f"threshold is reached at {overhead} Landauers an ancilla, {critical} K (modelled)"
        )


def qec_heat(
    overhead: ArrayLike,
    *,
    qubits: ArrayLike = 2e7,
    cycle_time: ArrayLike = 1e-6,
    t1: ArrayLike = 100e-6,
    error_floor: ArrayLike = 1e-3,
    frequency: ArrayLike = 5e9,
    threshold: ArrayLike = 0.01,
    cooling_power: ArrayLike = 19e-6,
    cooling_temperature: ArrayLike = 0.02,
    base_temperature: ArrayLike = 0.006,
) -> ErrorCorrectionHeat:
    """Steady temperature and error rate of error correction that heats its own cryostat.

    All arguments broadcast against each other; so do the results. All numbers are modelled.

    Args:
        overhead: heat of each reset of an ancilla over its Landauer heat k T h2(p).
        qubits: number N of qubits; half of them are ancillas.
        cycle_time: time t_c between resets, s.
        t1: T1 of the qubits, s.
        error_floor: error rate p0 that does not depend on temperature.
        frequency: of the qubits, Hz.
        threshold: error rate below which errors stay bounded.
        cooling_power: of the cooler, W.
        cooling_temperature: temperature at which it has that power, K.
        base_temperature: temperature T_b that it reaches without a load, K.

    Raises:
        BadInput: an argument is out of its range.

    Example:
        >>> found = qec_heat([0, 1e9, 2e9])
        >>> found.temperature.round(4).tolist(), found.bounded.tolist()
        ([0.006, 0.1165, 0.729], [True, True, False])
        >>> f"{found.critical_overhead[0]:.5e}, {found.critical_temperature[0]:.6f} K"
        '1.29855e+09, 0.192536 K'
    """
    positive = {"qubits": qubits, "cycle_time": cycle_time, "t1": t1, "frequency": frequency,
                "cooling_power": cooling_power, "cooling_temperature": cooling_temperature,
                "base_temperature": base_temperature}  # fmt: skip
    others = {"overhead": overhead, "error_floor": error_floor, "threshold": threshold}
    known = _valid(positive, others)
    resets = known["qubits"] / 2 / known["cycle_time"]
    rise = known["cooling_temperature"] ** 2 - known["base_temperature"] ** 2
    return _balance(
        *np.broadcast_arrays(
            known["overhead"], resets, known["cooling_power"] / rise, known["base_temperature"],
            known["threshold"], known["error_floor"], known["cycle_time"] / known["t1"],
            known["frequency"],
        )
    )  # fmt: skip


def _valid(positive: dict[str, ArrayLike], others: dict[str, ArrayLike]) -> dict[str, Real]:
    """Arguments as arrays, those of ``positive`` positive and finite, the others in their range."""
    known = {name: np.asarray(x, dtype=np.float64) for name, x in (positive | others).items()}
    for name in positive:
        values = known[name]
        require(name, values, (values > 0) & (values < np.inf), "give a positive, finite value")
    m, p0, threshold = known["overhead"], known["error_floor"], known["threshold"]
    require("overhead", m, (m >= 0) & (m < np.inf), "give Landauers an ancilla, 0 or more")
    require("error_floor", p0, (p0 >= 0) & (p0 < 0.5), "give 0 or more, below 0.5")
    require(
        "threshold", threshold, (threshold > 0) & (threshold < 0.5), "give more than 0, below 0.5"
    )
    colder = np.less(known["base_temperature"], known["cooling_temperature"])
    require(
        "base_temperature", known["base_temperature"], colder, "give less than cooling_temperature"
    )
    if np.any(p0 + known["cycle_time"] / known["t1"] / 2 >= 0.5):
        raise BadInput(
            f"cycle_time = {known['cycle_time'].max():g}: errors of a cycle reach 50 % without "
            "any heat; give a shorter cycle or a longer t1"
        )
    return known


def _balance(
    overhead: Real, resets: Real, cooling: Real, base: Real, threshold: Real, *errors: Real
) -> ErrorCorrectionHeat:
    """Steady state and critical point, of arrays of the same shape.

    Args:
        overhead: m.
        resets: of ancillas, 1/s.
        cooling: A, W/K².
        base: T_b, K.
        threshold: of the error rate.
        errors: p0, g and the frequency (Hz), which the error rate depends on.
    """
    scale = overhead * boltzmann * resets / cooling
    temperature = _steady_temperature(scale, base, *errors)
    rate = _error_rate(temperature, *errors)
    critical = _temperature_at(threshold, *errors)
    # Heat of each reset that the cooler takes at the critical temperature, J.
    heat = cooling * np.maximum(critical**2 - base**2, 0) / resets
    landauer = (
        boltzmann * np.where(critical > 0, critical, 1) * np.asarray(binary_entropy(threshold))
    )
    return ErrorCorrectionHeat(
        as_scalar(temperature),
        as_scalar(rate),
        np.less(rate, threshold),
        as_scalar(heat / landauer),
        as_scalar(critical),
        as_scalar(heat),
    )


def _steady_temperature(
    scale: Real, base: Real, error_floor: Real, relaxation: Real, frequency: Real
) -> Real:
    """Root of T - T_b²/T = scale h2(p(T)), which is the only one."""

    def surplus(temperature: Real, scale: Real, base: Real, *errors: Real) -> Real:
        heat = scale * binary_entropy(_error_rate(temperature, *errors))
        return np.asarray(temperature - base**2 / temperature - heat)

    most = scale * np.log(2) / 2
    # Wider than the root can be, since so little heat that rounding hides it changes no sign.
    bracket = base * (1 - _ROUNDING), (most + np.hypot(most, base)) * (1 + _ROUNDING)
    known = (scale, base, error_floor, relaxation, frequency)
    return np.asarray(np.maximum(elementwise.find_root(surplus, bracket, args=known).x, base))


def _temperature_at(error_rate: Real, error_floor: Real, relaxation: Real, frequency: Real) -> Real:
    """Temperature at which the error rate is a given one; 0 where it is always above."""
    thermal = error_rate - error_floor - relaxation / 2
    wanted = np.where(thermal > 0, thermal, 0.25)
    share = np.sqrt(2 * wanted)
    # At this number of photons both factors of the thermal error are so large that it is enough.
    enough = np.maximum(share / 2 / (1 - share), -np.log1p(-share) / relaxation / 2)
    photons = elementwise.find_root(
        lambda n, relaxation, wanted: _excited(n, relaxation) - wanted,
        (np.zeros_like(enough), enough),
        args=(relaxation, wanted),
    ).x
    temperature = planck * frequency / (boltzmann * np.log1p(1 / photons))
    return np.where(thermal > 0, temperature, 0.0)


def _error_rate(temperature: Real, error_floor: Real, relaxation: Real, frequency: Real) -> Real:
    """Error rate p(T) of a qubit in a cycle."""
    photons = bose_einstein(frequency, temperature)
    return np.asarray(error_floor + _excited(photons, relaxation) + relaxation / 2)


def _excited(photons: Real, relaxation: Real) -> Real:
    """Thermal excitation in a cycle, (1 - e^(-g (2n + 1))) n/(2n + 1)."""
    width = 2 * photons + 1
    return np.asarray(-np.expm1(-relaxation * width) * photons / width)
