"""Predictions of designs that share their shots unequally, along axes of their choice."""

import numpy as np
import pytest

import recycling as rc
from recycling.planning.influence import PREDICTED

SETTINGS = [(arm, stage, k) for arm in ("equilibrium", "recycling")
            for stage in ("before", "after") for k in "IX"]  # fmt: skip


def prediction(**measurement):
    experiment = rc.Experiment(
        name="tiny",
        algorithm={"name": "repeat-until-success"},
        device={"profile": "ideal", "readout_error": 0.01},
        sweep={"theta": [0.7], "p_x": [0.4]},
        measurement={"shots": 1000, "trials": 4} | measurement,
    )
    return rc.plan(experiment).prediction


@pytest.fixture(scope="module")
def equal():
    return prediction()


def repeats(row):
    found = {}
    for arm, stage, k in SETTINGS:
        found.setdefault(arm, {}).setdefault(stage, {})[k] = [row]
    return found


def test_repeats_of_all_entries_are_so_many_shots(equal):
    found = prediction(allocation={"repeats": repeats([4, 4, 4])})
    for name in PREDICTED:
        assert found.stderr(name) == pytest.approx(equal.stderr(name) / 2, rel=1e-12), name


def test_heat_needs_z_alone(equal):
    found = prediction(allocation={"repeats": repeats([0, 0, 1])})
    assert found.stderr("heat") == pytest.approx(equal.stderr("heat"), rel=1e-9)
    assert np.isinf(found.stderr("gain")).all()


def test_turned_axes_show_the_same_state_with_another_error(equal):
    turned = {"recycling": {"after": {"S": [[0.9, 0.4]]}}}
    found = prediction(allocation={"poles": turned})
    for name in PREDICTED:
        # Both readout errors are equal, so that they shrink a state alike along any axis.
        assert found.values[name] == pytest.approx(equal.values[name], rel=1e-9), name
    assert found.stderr("entropy_decrease") != pytest.approx(equal.stderr("entropy_decrease"), 1e-3)
