"""Errors of entropies beside axes that have the floor alone, against simulated counts."""

import numpy as np
import pytest

import recycling as rc
from recycling.inference.states.records import Layout
from recycling.planning.forecast import Forecast
from recycling.planning.search import FLOOR

EXPERIMENT = rc.Experiment(name="long", algorithm={"name": "repeat-until-success"})


@pytest.mark.parametrize("length", [0.3, 0.6, 0.9])
def test_axes_at_their_floor_make_the_error_that_is_simulated(length):
    """A vector along z before, none after; x and y have the floor, z is known."""
    roles = EXPERIMENT.design.recorded_roles
    layout = Layout.of(EXPERIMENT.design)
    target = roles.index(layout.measured[layout.target])
    table = np.full((2, 2, 1, 3, *(2,) * len(roles)), 0.5 ** len(roles))
    along_z = np.moveaxis(table[0, :, :, 2], 2 + target, -1)
    along_z *= np.array([1 + length, 1 - length])
    tables = dict.fromkeys(EXPERIMENT.design.arm_names, table.reshape(*table.shape[:4], -1))
    arm = EXPERIMENT.design.arm_names[1]
    numbers = Forecast(EXPERIMENT, tables).numbers(0.2)
    executions = FLOOR / Forecast(EXPERIMENT, tables).share(arm)
    found = np.sqrt(numbers.lengthening[arm][0, :, 0, :2].sum() / executions)

    generator = np.random.default_rng(3)
    variance, draws = (0.8**2 + 0.2**2) / FLOOR, 100_000
    x, y = generator.normal(scale=np.sqrt(variance), size=(2, draws))
    longer = np.minimum(np.sqrt(length**2 + x**2 + y**2), 1)
    up = (1 + longer) / 2
    entropy = -up * np.log(up) - (1 - up) * np.log(np.maximum(1 - up, 1e-300))
    # Next orders in the variance: of the length, and of the entropy towards a pure state.
    order = variance / length**2 + variance / (1 - length**2)
    kurtosis = ((entropy - entropy.mean()) ** 4).mean() / entropy.var() ** 2
    error = np.sqrt((kurtosis - 1) / (4 * draws))  # of a standard deviation, relative
    assert found == pytest.approx(entropy.std(), rel=order + 4 * error)
    assert numbers.lengthening[arm][0, :, 0, 2] == pytest.approx(0, abs=1e-12)
