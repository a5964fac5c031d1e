"""The quantum unit cell of a document, as printed: coherence at 10 mK to 300 K. No run uses it.

The document is "Thermodynamic Constraints and Architectural Inversions in Scalable Quantum
Information Systems" (R. B. Quni-Gudzinas, DOI 10.5281/zenodo.17938113, 2025). It breaks detailed
balance, and its text leaves out numbers that its digits need: both are marked here and listed in
docs/stage.md. What a run uses is ``recycling.devices.stage``.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from recycling.devices.constants import boltzmann, hbar, planck
from recycling.devices.stage import check_numbers

Real = NDArray[np.float64]

#: Printed: coherence limit of the 1/f noise, s.
_FLICKER = 10e-6
#: Pinned by the printed digits: η, T1 at T = 0 in s, and the temperature that halves it, K. The
#: last two are one of several completions that the digits allow.
_PREFACTOR, _COLD_T1, _HALVED_AT = 0.05, 100e-6, 4.2
#: Temperature, K, at which digits are printed for every loss tangent in a range, and where else.
_COLD, _LOSSES, _WARM, _WARM_LOSSES = 0.01, (1e-8, 1e-5), 4.0, (1e-5, 1e-7)
#: Frequency at which detailed balance is asked for, Hz.
_FREQUENCY = 5e9


@dataclass(frozen=True)
class UnitCell:
    """Numbers of the unit cell (arrays of shape (...)).

    Attributes:
        t1: T1, s.
        t2_star: T2*, s.
        dephasing_rate: thermal dephasing γ_φ, 1/s.
        fidelity: of a gate of one qubit.
        extrapolated: whether the document prints no digits for this cell.
        breaks_detailed_balance: whether T2* > 2 T1 of a bath of bosons at 5 GHz with the same T1 at
            T = 0: no qubit in thermal surroundings can have such a coherence.
    """

    t1: Real
    t2_star: Real
    dephasing_rate: Real
    fidelity: Real
    extrapolated: NDArray[np.bool_]
    breaks_detailed_balance: NDArray[np.bool_]


def unit_cell(
    temperature: ArrayLike, loss_tangent: ArrayLike, *, gate_time: ArrayLike = 10e-9
) -> UnitCell:
    """Compute the unit cell: 1/T2* = 1/2T1 + 1/T_f + η tan δ kT/ħ and 1 − F = t_g/3T2*.

    T_f = 10 µs is printed. η = 0.05, t_g = 10 ns and T1 = 100 µs/(1 + T/4.2 K) follow from the
    printed digits.

    Args:
        temperature: K. All arrays broadcast.
        loss_tangent: tan δ.
        gate_time: s.

    Raises:
        BadInput: a number is negative or not finite, or the temperature is 0.

    Example:
        >>> cell = unit_cell([4.0, 4.0, 0.01], [1e-5, 1e-7, 1e-7])
        >>> (cell.t2_star * 1e6).round(4), (cell.fidelity * 100).round(4)  # µs, %
        (array([2.691 , 8.8984, 9.5221]), array([99.8761, 99.9625, 99.965 ]))
        >>> cell.breaks_detailed_balance
        array([False,  True, False])
    """
    check_numbers("temperature", temperature, "K")
    check_numbers("loss_tangent", loss_tangent, zero=True)
    check_numbers("gate_time", gate_time, "s", zero=True)
    kelvin, loss, gate = np.broadcast_arrays(
        *(np.asarray(each, float) for each in (temperature, loss_tangent, gate_time))
    )
    t1 = _COLD_T1 / (1 + kelvin / _HALVED_AT)
    dephasing = _PREFACTOR * loss * boltzmann * kelvin / hbar
    t2_star = 1 / (1 / (2 * t1) + 1 / _FLICKER + dephasing)
    boson_t1 = _COLD_T1 * np.tanh(planck * _FREQUENCY / (2 * boltzmann * kelvin))
    return UnitCell(
        t1=t1,
        t2_star=t2_star,
        dephasing_rate=dephasing,
        fidelity=1 - gate / (3 * t2_star),
        extrapolated=~_printed(kelvin, loss),
        breaks_detailed_balance=np.asarray(t2_star > 2 * boson_t1)[()],
    )


def _printed(temperature: Real, loss: Real) -> NDArray[np.bool_]:
    """Whether digits of a cell are printed."""
    low, high = _LOSSES
    inside = (loss >= low * (1 - 1e-9)) & (loss <= high * (1 + 1e-9))
    warm = np.any([np.isclose(loss, each, rtol=1e-9, atol=0) for each in _WARM_LOSSES], axis=0)
    return np.asarray(
        (np.isclose(temperature, _COLD, rtol=1e-9, atol=0) & inside)
        | (np.isclose(temperature, _WARM, rtol=1e-9, atol=0) & warm)
    )
