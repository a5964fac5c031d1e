"""Heat of a terminate gate of adiabatic quantum flux parametrons, and of its mismatched kind.

The gate thermalises a bit: its potential has two wells, and the bit expands into both before it is
confined to one again. Mismatched junctions tilt the wells by ε.

Source: "Landauer-Limited Dissipation in Quantum-Flux-Parametron Logic" (aQFP), whose
formulas are partly lost in print. The barrier U0 = 71 ln 10 kT and the failure at a mismatch of
10 % are inferred from its digits: 1e-71, 15 % and 0.43.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import log, pi, sqrt

import numpy as np
from numpy.typing import ArrayLike, NDArray

from recycling.errors import require
from recycling.thermodynamics import Floats, as_scalar

#: Barrier U0 of a well-targeted gate, kT: an error of 1e-71. Inferred.
BARRIER = 71 * log(10)
#: Mismatch d = (d1 - d2)/2 of junctions is multiplied by it: at 10 % the gate fails. Inferred.
JUNCTION_SENSITIVITY = 10.0
#: Nodes of the quadrature over the normal distribution; relative error below 1e-13.
_NODES, _WEIGHTS = np.polynomial.legendre.leggauss(160)
#: The normal density ends here for a float, and ln(1 + exp(-x)) beyond the second number.
_LARGEST_NORMAL, _LARGEST_TILT = 12.0, 45.0


def terminate_heat(tilt: ArrayLike, probability: ArrayLike = 0.5) -> Floats:
    """Heat of a terminate gate: Q/kT = r ln(1 + e^ε) + (1 - r) ln(1 + e^-ε).

    It is the cross entropy of the bit and the thermal state of the tilted wells, so never below
    the entropy H(r) of the bit. For r = 1/2 it is ln(2 cosh(ε/2)).

    Args:
        tilt: energy ε of the upper well above the lower well, kT (array of shape (...)).
        probability: chance r that the bit is in the upper well (array of shape (...)).

    Returns:
        Array of shape (...), kT.

    Raises:
        BadInput: a tilt is not a number, or a probability is outside [0, 1].

    Source: the aQFP document, for r = 1/2.

    Example:
        >>> [round(float(Q), 4) for Q in terminate_heat([0, 1, 2000])]  # kT
        [0.6931, 0.8133, 1000.0]
    """
    epsilon = np.asarray(tilt, dtype=np.float64)
    r = np.asarray(probability, dtype=np.float64)
    require("tilt", epsilon, ~np.isnan(epsilon), "give numbers, kT")
    require("probability", r, (r >= 0) & (r <= 1), "give values from 0 to 1")
    upper, lower = np.logaddexp(0, epsilon), np.logaddexp(0, -epsilon)
    # A well that is never occupied dissipates nothing, however far away it is.
    heat = r * np.where(r > 0, upper, 0) + (1 - r) * np.where(r < 1, lower, 0)
    return as_scalar(heat)


@dataclass(frozen=True)
class MeanHeat:
    """Mean heat of the terminate gates of a chip, in units of Landauer's k T ln 2.

    Attributes:
        linear_estimate: mean tilt, dissipated half the time: right for tilts far above kT alone.
        population_mean: mean of the heat over the population.
    """

    linear_estimate: Floats
    population_mean: Floats

    @property
    def breaks_landauer(self) -> np.bool_ | NDArray[np.bool_]:
        """Whether the linear estimate is below Landauer's limit, which no gate can be.

        Example:
            >>> [bool(mean_terminate_heat(spread).breaks_landauer) for spread in (0.0015, 0.0016)]
            [True, False]
        """
        return np.less(self.linear_estimate, 1)

    @property
    def text(self) -> str:
        """Both numbers in words, with a warning where the linear estimate breaks Landauer's limit.

        Example:
            >>> mean_terminate_heat(0.001).text
            '0.665 (linear), 1.212 (mean) times Landauer; the linear estimate is below ...'
        """
        linear, mean = (np.array2string(np.asarray(x), precision=3, floatmode="fixed")
                        for x in (self.linear_estimate, self.population_mean))  # fmt: skip
        warning = (
            "; the linear estimate is below Landauer, so it does not hold there"
            if np.any(self.breaks_landauer)
            else ""
        )
        return f"{linear} (linear), {mean} (mean) times Landauer{warning}"


def mean_terminate_heat(junction_spread: ArrayLike) -> MeanHeat:
    """Mean heat of terminate gates whose junctions are mismatched at random.

    The tilt is ε = 10 U0 |d| with d = (d1 - d2)/2, both normal with the spread σ. The linear
    estimate is 10 U0 σ/(2 √π ln 2), which lies below Landauer's limit for σ < 0.1503 %.

    Args:
        junction_spread: standard deviation σ of the critical currents over their mean (array of
            shape (...)).

    Raises:
        BadInput: a spread is negative or not finite.

    Source: the aQFP document, which prints the linear estimate for 1 % as 15 % efficiency.

    Example:
        >>> mean_terminate_heat(0.01).text
        '6.653 (linear), 6.735 (mean) times Landauer'
    """
    spread = check_spread("junction_spread", junction_spread)
    deviation = JUNCTION_SENSITIVITY * BARRIER * spread / sqrt(2)  # of the tilt, kT
    # ln(2 cosh(ε/2)) = ε/2 + ln(1 + e^-ε): the first term is the linear estimate.
    linear = deviation / sqrt(2 * pi)
    last = np.minimum(_LARGEST_NORMAL, _LARGEST_TILT / np.maximum(deviation, 1e-300))[..., None]
    z = last * (_NODES + 1) / 2
    density = np.sqrt(2 / pi) * np.exp(-(z**2) / 2)
    rest = (_WEIGHTS * density * np.log1p(np.exp(-deviation[..., None] * z))).sum(axis=-1)
    mean = linear + rest * last[..., 0] / 2
    return MeanHeat(as_scalar(linear / log(2)), as_scalar(mean / log(2)))


def check_spread(name: str, spread: ArrayLike) -> NDArray[np.float64]:
    """Read a relative standard deviation.

    Raises:
        BadInput: it is negative or not finite.

    Example:
        >>> check_spread("junction_spread", -0.01)
        Traceback (most recent call last):
        recycling.errors.BadInput: junction_spread = -0.01: give 0 or more, such as 0.01
    """
    values = np.asarray(spread, dtype=np.float64)
    require(name, values, (values >= 0) & (values < np.inf), "give 0 or more, such as 0.01")
    return values
