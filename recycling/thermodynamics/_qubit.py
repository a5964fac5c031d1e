"""Inverse of the binary entropy on its thermal branch, p in [0, 1/2], to machine precision.

Two regimes, each a closed-form guess and two steps of an iteration whose residual is free of
cancellation there:

- *cold*, few excitations: Halley's method in the excited population p;
- *hot*, near the maximally mixed state: Newton's method in the squared polarisation
  w = (1 - 2p)^2, in which the entropy deficit ln 2 - S is analytic.

Two steps suffice everywhere: the guesses are within 6 % and 0.02 % (checked in the tests through
the result).
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import cast

import numpy as np
from array_api_compat import is_numpy_namespace

from recycling.thermodynamics._arrays import FloatArray, namespace_of

Regime = Callable[[FloatArray], FloatArray]

LN2 = math.log(2)
LN2_REMAINDER = 2.3190468138462996e-17
"""ln 2 minus the float64 nearest to it: without it the deficit ln 2 - S loses its last digits."""

HOT = 0.475
"""Entropy (nats) that parts the regimes; each regime is still exact 0.01 beyond it."""

COLDEST = 1e-300
"""Smaller entropies are raised to this value, so that p does not underflow."""


def excited_population(entropy: FloatArray) -> FloatArray:
    """Excited population p of the thermal qubit of the given entropy.

    Args:
        entropy: entropy of the qubit (array of shape (...)), nats.

    Returns:
        Array of shape (...): 0 for an entropy <= 0, 1/2 from ln 2 up, NaN for NaN.
    """
    return _by_regime(entropy, _cold_population, lambda hot: (1 - _hot_polarisation(hot)) / 2)


def inverse_temperature(entropy: FloatArray) -> FloatArray:
    """Inverse temperature ln((1 - p)/p) of the thermal qubit, in units of 1/gap.

    Args:
        entropy: entropy of the qubit (array of shape (n,)), nats.

    Returns:
        Array of shape (n,): +inf for an entropy <= 0, 0 from ln 2 up, NaN for NaN.
    """
    xp = namespace_of(entropy)

    def cold(entropy: FloatArray) -> FloatArray:
        population = _cold_population(entropy)
        with np.errstate(divide="ignore"):  # ln 0 at zero temperature
            return cast(FloatArray, xp.log1p(-population) - xp.log(population))

    return _by_regime(entropy, cold, lambda hot: 2 * xp.atanh(_hot_polarisation(hot)))


def _by_regime(entropy: FloatArray, cold: Regime, hot: Regime) -> FloatArray:
    """Apply one function to the cold entropies, NaN among them, and another to the hot ones.

    NumPy computes each element once. Other namespaces, whose compilers need fixed shapes, compute
    both regimes everywhere: each gets an entropy of its range where it does not count, so that
    neither a value nor a derivative is NaN there.
    """
    xp = namespace_of(entropy)
    is_hot = entropy > HOT
    if not is_numpy_namespace(xp):
        return cast(
            FloatArray,
            xp.where(
                is_hot,
                hot(xp.where(is_hot, entropy, LN2)),
                cold(xp.where(is_hot, HOT, entropy)),
            ),
        )
    # Gathering by index is several times faster here than by Boolean mask.
    places, result = np.flatnonzero(is_hot), np.empty_like(entropy)
    result[places] = hot(entropy[places])
    places = np.flatnonzero(~is_hot)
    result[places] = cold(entropy[places])
    return result


def _cold_population(entropy: FloatArray) -> FloatArray:
    """Solve -p ln p - (1 - p) ln(1 - p) = S for p, for S <= `HOT`.

    To leading order S = p (1 - ln p), solved by the branch W_{-1} of Lambert's function; the guess
    is its approximation by Barry et al., Math. Comput. Simul. 53, 95 (2000), first form.
    """
    xp = namespace_of(entropy)
    floor, steps = _accuracy(entropy)
    target = xp.maximum(entropy, floor)
    depth = -xp.log(target)
    root = xp.sqrt(depth / 2)
    p = target / (1 + depth + 2 * root / (1 + 0.3361 * root))
    for _ in range(steps):
        log_ground = xp.log1p(-p)
        slope = log_ground - xp.log(p)  # dS/dp
        step = (p * slope - log_ground - target) / slope
        p = p - step / (1 + step / (2 * p * (1 - p) * slope))  # d2S/dp2 = -1 / (p (1 - p))
    return cast(FloatArray, xp.where(entropy <= 0, 0, p))


def _hot_polarisation(entropy: FloatArray) -> FloatArray:
    """Solve ln 2 - S = z artanh z + ln(1 - z^2)/2 for the polarisation z = 1 - 2p, S > `HOT`.

    The guess is the series of w = z^2 in the deficit, by reversion of w/2 + w^2/12 + w^3/30 + ...
    """
    xp = namespace_of(entropy)
    _, steps = _accuracy(entropy)
    deficit = xp.maximum((LN2 - entropy) + LN2_REMAINDER, LN2_REMAINDER)
    w = 2 * deficit * (1 - deficit / 3 * (1 + deficit * 2 / 15))
    for _ in range(steps):
        z = xp.sqrt(w)
        artanh = xp.atanh(z)
        w = w - (z * artanh + xp.log1p(-w) / 2 - deficit) * 2 * z / artanh
    return cast(FloatArray, xp.where(entropy >= LN2, 0, xp.sqrt(w)))


def _accuracy(entropy: FloatArray) -> tuple[float, int]:
    """Smallest entropy that is told from 0, and the number of steps.

    Namespaces that differentiate take one step more, since the derivative of an iteration is one
    step behind its value, and a larger entropy, since the derivatives of a step go with 1/p^2.
    """
    xp = namespace_of(entropy)
    if is_numpy_namespace(xp):
        return COLDEST, 2
    return float(xp.finfo(entropy.dtype).smallest_normal) ** 0.45, 3
