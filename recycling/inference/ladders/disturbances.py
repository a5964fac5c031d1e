"""Disturbances of a ladder beside jitter: a drift over the run, and jobs that took far longer.

*Drift*: the overhead is a smooth function of the place in the order of submission, a sum of the
first Legendre polynomials. Their coefficients are normal, with a standard deviation of g times the
spread of the times, and less for higher orders; g has a few values, among them 0.

*Outliers*: a job is an outlier with an unknown probability. Its time is then anything within the
range of all times, and holds no information about the line.

A *disturbance* is a strength with a set of outliers. Given it, a line with normal errors of the
spread s has the covariance s² (1 + g² B Bᵀ) of the jobs that are left.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from numpy.polynomial.legendre import legvander
from numpy.typing import NDArray
from scipy.special import betaln

Array = NDArray[np.float64]

#: Standard deviation of each coefficient of the drift, in units of the strength.
_ORDERS = np.array([1.0, 0.5, 0.25])
#: Strengths of a drift in units of the spread, and their prior probabilities.
STRENGTHS = {0.0: 0.5, 2.0: 0.25, 10.0: 0.25}
#: Prior of the probability of an outlier, a beta distribution with the mean of 5 %.
_BETA = (1.0, 19.0)


@dataclass(frozen=True)
class Disturbance:
    """A strength of the drift with a set of outliers, and what follows from them.

    Attributes:
        strength: standard deviation g of the drift in units of the spread.
        outliers: places of the jobs without information about the line.
        log_prior: logarithm of its prior probability, up to a constant.
        kept: whether each job is on the line (array of shape (job,)).
        line: turns times into independent errors around a line without its overhead (array of
            shape (job, job)); nothing is left of outliers.
        log_scale: addition of the determinants to a log likelihood.
        mean: weights of the times in the mean that is the overhead (array of shape (job,)).
        mean_stderr: standard error of that mean in units of the spread.
        basis: drift of each job by coefficient (array of shape (job, order)).
        drift: weights of residuals in the coefficients (array of shape (order, job)).
        drift_factor: factor of the coefficients' covariance in units of the spread (array of shape
            (order, order)).
    """

    strength: float
    outliers: frozenset[int]
    log_prior: float
    kept: NDArray[np.bool_]
    line: Array
    log_scale: float
    mean: Array
    mean_stderr: float
    basis: Array
    drift: Array
    drift_factor: Array


def drift_basis(order: Array | None, count: int) -> Array:
    """Drift by coefficient of strength 1 (array of shape (job, order)).

    Args:
        order: place of each job in the order of submission (array of shape (job,)); None where it
            is unknown, so that no drift can be estimated.
        count: number of jobs.

    Example:
        >>> drift_basis(np.arange(5), 5).shape, drift_basis(None, 5).shape
        ((5, 3), (5, 0))
    """
    if order is None or np.ptp(order) == 0:
        return np.zeros((count, 0))
    place = 2 * (order - order.min()) / np.ptp(order) - 1
    degrees = np.arange(1, _ORDERS.size + 1)
    # Normalised: the mean square of each over the run is 1.
    normalised = legvander(place, _ORDERS.size)[:, 1:] * np.sqrt(2 * degrees + 1)
    return np.asarray(normalised * _ORDERS)


def disturbance(strength: float, outliers: Iterable[int], basis: Array) -> Disturbance:
    """Compute what follows from a strength and a set of outliers.

    Args:
        strength: a key of ``STRENGTHS``.
        outliers: places of the outliers among the jobs.
        basis: drift of each job by coefficient of strength 1 (array of shape (job, order)).

    Example:
        >>> disturbed = disturbance(2.0, outliers=[3], basis=drift_basis(np.arange(5), 5))
        >>> disturbed.kept.tolist(), disturbed.line.shape
        ([True, True, True, False, True], (5, 5))
    """
    outliers = frozenset(outliers)
    count = len(basis)
    kept = ~np.isin(np.arange(count), list(outliers))
    scaled = strength * basis[kept]
    covariance = np.eye(int(kept.sum())) + scaled @ scaled.T
    factor = np.linalg.cholesky(covariance)
    white = np.linalg.inv(factor)
    ones = white.sum(axis=1)
    length = float(np.linalg.norm(ones))
    line, mean = np.zeros((count, count)), np.zeros(count)
    mean[kept] = ones @ white / length**2
    line[np.ix_(kept, kept)] = white - np.outer(ones, mean[kept])
    precision = np.eye(basis.shape[1]) + scaled.T @ scaled
    drift = np.zeros((basis.shape[1], count))
    drift[:, kept] = np.linalg.solve(precision, scaled.T)
    prior = betaln(_BETA[0] + len(outliers), _BETA[1] + count - len(outliers)) - betaln(*_BETA)
    return Disturbance(
        strength=strength,
        outliers=outliers,
        log_prior=float(np.log(STRENGTHS[strength]) + prior),
        kept=kept,
        line=line,
        log_scale=-float(np.log(np.diag(factor)).sum() + np.log(length)),
        mean=mean,
        mean_stderr=1 / length,
        basis=strength * basis,
        drift=drift,
        drift_factor=np.linalg.inv(np.linalg.cholesky(precision)).T,
    )
