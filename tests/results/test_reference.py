"""What the output should be, by the formulas that an algorithm knows."""

from types import SimpleNamespace

import numpy as np

import recycling as rc
from recycling.results.reference import known_reference


def test_solution_and_branches_of_hhl_are_one_state():
    experiment = rc.preset("paper")
    known = experiment.algorithm.build()
    branches = SimpleNamespace(branches=known.branches)
    without = SimpleNamespace(
        algorithm=SimpleNamespace(build=lambda: branches),
        design=experiment.design,
        points=experiment.points,
    )
    by_solution = known_reference(experiment)
    assert by_solution.shape == (len(experiment.theta_b), 3)
    np.testing.assert_allclose(np.linalg.norm(by_solution, axis=-1), 1, rtol=1e-12)
    np.testing.assert_allclose(known_reference(without), by_solution, atol=1e-12)


def test_an_algorithm_that_knows_nothing_has_no_reference():
    experiment = rc.preset("paper")
    unknown = SimpleNamespace(
        algorithm=SimpleNamespace(build=SimpleNamespace),
        design=experiment.design,
        points=experiment.points,
    )
    assert known_reference(unknown) is None
