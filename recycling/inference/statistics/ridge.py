"""Ridge regression: numbers that explain a gap, with their standard errors before as a prior.

Let b be the score of a gap, F = A'A Fisher's information of the numbers θ, and Σ the covariance of
their errors. In independent units the score is z with A'z = b; without an error of the numbers its
covariance is 1, with them C = 1 + AΣA'. The most likely numbers are θ = ΣA'C⁻¹z, of covariance
Σ − ΣA'C⁻¹AΣ. They take b'θ = z'z − z'C⁻¹z off the gap z'z.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Real = NDArray[np.float64]
#: Directions whose information is below this share of the largest show nothing.
_RANK = 1e-10


@dataclass(frozen=True, eq=False)
class Ridge:
    """The fit of some numbers.

    Attributes:
        along: z = ``along`` b (array of shape (direction, number)).
        gain: θ = ``gain`` z (array of shape (number, direction)).
        spread: standard error of θ (array of shape (number,)).
        information: diagonal of F (likewise).

    Example:
        A number of standard error 0.2 before, whose measurement alone would have 0.1:

        >>> fit = Ridge.of(np.array([[100.0]]), errors=np.array([0.2]))
        >>> fit.spread.round(3).tolist()
        [0.089]
        >>> (fit.gain @ fit.along @ np.array([10.0])).round(3).tolist()  # it would say 0.1
        [0.08]
    """

    along: Real
    gain: Real
    spread: Real
    information: Real

    @classmethod
    def of(cls, information: Real, errors: Real) -> Ridge:
        """Fit for Fisher's information F (array of shape (number, number)) and the errors before.

        One without an error stays where it is.
        """
        values, vectors = np.linalg.eigh(information)
        shown = values > _RANK * np.max(values, initial=0)
        root, vectors, prior = np.sqrt(values[shown]), vectors[:, shown], np.diag(errors**2)
        factor = (vectors * root).T  # A
        covariance = np.eye(len(root)) + factor @ prior @ factor.T  # C
        gain = prior @ np.linalg.solve(covariance, factor).T
        left = np.diag(prior - gain @ factor @ prior)
        along = (vectors / root).T
        return cls(along, gain, np.sqrt(np.maximum(left, 0)), np.diag(information))
