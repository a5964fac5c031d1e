"""Significance threshold (3 σ) and Holm's correction."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtr

#: Standard errors that a finding needs, here and in every verdict.
RESOLUTION = 3.0
#: Level of a finding: one-sided, for all tests of a family together.
LEVEL = float(ndtr(-RESOLUTION))
#: Bounds that a heat is claimed to be below, side by side: a family of tests.
CLAIMED: tuple[Literal["tight", "landauer"], ...] = ("tight", "landauer")
#: Names of these bounds in text.
NAMES_OF_CLAIMED: Mapping[str, str] = {"tight": "Q_tight", "landauer": "Q_Landauer"}


def holm(p_values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Adjust p-values for all tests of a family, so that false alarms anywhere keep their level.

    Args:
        p_values: p-value of each test (array of shape (test,)); NaN is no test.

    Returns:
        Adjusted p-values of the same shape, at most 1.

    Source: Holm, Scandinavian Journal of Statistics 6, 65 (1979).

    Example:
        >>> holm(np.array([0.01, 0.04, np.nan, 0.03])).round(4).tolist()
        [0.03, 0.06, nan, 0.06]
    """
    tests = np.flatnonzero(~np.isnan(p_values))
    order = tests[np.argsort(p_values[tests])]
    left = np.arange(len(order), 0, -1)  # hypotheses that are not rejected yet
    adjusted = np.full_like(p_values, np.nan)
    adjusted[order] = np.minimum(np.maximum.accumulate(left * p_values[order]), 1)
    return adjusted
