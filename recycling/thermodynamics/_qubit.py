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

import numpy as np

from recycling.thermodynamics._arrays import FloatArray, IndexArray

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
        entropy: entropy of the qubit (array of shape (n,)), nats.

    Returns:
        Array of shape (n,): 0 for an entropy <= 0, 1/2 from ln 2 up, NaN for NaN.
    """
    cold, hot = _regimes(entropy)
    population = np.empty_like(entropy)
    population[cold] = _cold_population(entropy[cold])
    population[hot] = (1 - _hot_polarisation(entropy[hot])) / 2
    return population


def inverse_temperature(entropy: FloatArray) -> FloatArray:
    """Inverse temperature ln((1 - p)/p) of the thermal qubit, in units of 1/gap.

    Args:
        entropy: entropy of the qubit (array of shape (n,)), nats.

    Returns:
        Array of shape (n,): +inf for an entropy <= 0, 0 from ln 2 up, NaN for NaN.
    """
    cold, hot = _regimes(entropy)
    beta = np.empty_like(entropy)
    population = _cold_population(entropy[cold])
    with np.errstate(divide="ignore"):  # ln 0 at zero temperature
        beta[cold] = np.log1p(-population) - np.log(population)
    beta[hot] = 2 * np.arctanh(_hot_polarisation(entropy[hot]))
    return beta


def _regimes(entropy: FloatArray) -> tuple[IndexArray, IndexArray]:
    """Return the indices of the cold elements, NaN among them, and of the hot ones."""
    hot = entropy > HOT
    # Gathering by index is several times faster here than by Boolean mask.
    return np.flatnonzero(~hot), np.flatnonzero(hot)


def _cold_population(entropy: FloatArray) -> FloatArray:
    """Solve -p ln p - (1 - p) ln(1 - p) = S for p, for S <= `HOT`.

    To leading order S = p (1 - ln p), solved by the branch W_{-1} of Lambert's function; the guess
    is its approximation by Barry et al., Math. Comput. Simul. 53, 95 (2000), first form.
    """
    target = np.maximum(entropy, COLDEST)
    depth = -np.log(target)
    root = np.sqrt(depth / 2)
    p = target / (1 + depth + 2 * root / (1 + 0.3361 * root))
    for _ in range(2):
        log_ground = np.log1p(-p)
        slope = log_ground - np.log(p)  # dS/dp
        step = (p * slope - log_ground - target) / slope
        p = p - step / (1 + step / (2 * p * (1 - p) * slope))  # d2S/dp2 = -1 / (p (1 - p))
    return np.where(entropy <= 0, 0, p)


def _hot_polarisation(entropy: FloatArray) -> FloatArray:
    """Solve ln 2 - S = z artanh z + ln(1 - z^2)/2 for the polarisation z = 1 - 2p, S > `HOT`.

    The guess is the series of w = z^2 in the deficit, by reversion of w/2 + w^2/12 + w^3/30 + ...
    """
    deficit = np.maximum((LN2 - entropy) + LN2_REMAINDER, LN2_REMAINDER)
    w = 2 * deficit * (1 - deficit / 3 * (1 + deficit * 2 / 15))
    for _ in range(2):
        z = np.sqrt(w)
        artanh = np.arctanh(z)
        w = w - (z * artanh + np.log1p(-w) / 2 - deficit) * 2 * z / artanh
    return np.where(entropy >= LN2, 0, np.sqrt(w))
