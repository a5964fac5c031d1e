"""What noise across a Bloch vector adds to the variance of its entropy, to second order.

Noise of the variance σ² along an axis that the vector r does not lie on lengthens it by x²/2ℓ, with
the variance σ⁴/2ℓ². To first order there is none of it, so that a design would leave the axes
across the vector at their floor and expect too small an error.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from recycling.inference.states.records import Layout
from recycling.planning.search import FLOOR

if TYPE_CHECKING:
    from recycling.planning.forecast import Forecast

Real = NDArray[np.float64]

#: Shortest and longest vector: the slope of the entropy, artanh ℓ, has a limit at neither end.
_SHORTEST, _LONGEST = 1e-6, 1 - 1e-6


def lengthening(forecast: Forecast, arm: str, p_x: float) -> Real:
    """Contribution of a shot of each setting to the variance of the target's entropies.

    One of the two factors σ² is that of the floor: so it is linear in 1/n, right where the axes
    have the floor, and too large where they have more.

    Args:
        forecast: along the axes that are measured.
        arm: name of the arm.
        p_x: excited weight.

    Returns:
        Array of shape (stage, preparation, point, basis), nats².

    Example:
        >>> from recycling.planning.forecast import Forecast
        >>> from recycling.spec.experiment import Experiment
        >>> experiment = Experiment(name="tiny", algorithm={"name": "repeat-until-success"})
        >>> tables = dict.fromkeys(experiment.design.arm_names, np.full((2, 2, 1, 3, 16), 1 / 16))
        >>> found = lengthening(Forecast(experiment, tables), experiment.design.arm_names[1], 0.0)
        >>> found[0, 0, 0].round(4).tolist()  # 1/2 x 1/150 x 2 executions a shot of the branch
        [0.0067, 0.0067, 0.0067]
    """
    layout = Layout.of(forecast.experiment.design)
    vectors = forecast.bloch(arm, p_x)[:, :, layout.target]
    length = np.linalg.norm(vectors, axis=-1).clip(_SHORTEST, _LONGEST)[..., None]
    across = 1 - np.minimum((vectors / length) ** 2, 1)
    squares = np.array([1 - p_x, p_x]) ** 2
    at_floor = (np.arctanh(length) / length) ** 2 / 2 * across**2 * squares.sum() / FLOOR
    of_shot = squares / forecast.share(arm)
    return np.asarray(at_floor[:, None] * of_shot[:, None, None])
