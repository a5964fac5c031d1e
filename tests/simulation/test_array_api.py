"""The engine computes in any namespace of the array API: here in one that has nothing else."""

import array_api_strict
import numpy as np
import pytest

import recycling as rc
from recycling.simulation.engine import compile_programs, execute


@pytest.mark.parametrize("swept", [False, True])
def test_engine_keeps_to_the_array_api(swept: bool) -> None:
    experiment = rc.Experiment.parse('name = "strict"\n[device]\nprofile = "ideal"\n')
    planned = rc.plan(experiment)
    angles = {"theta_b": np.array([0.1, 0.6]), "basis_theta": 0.3, "basis_phi": -0.2}
    device = planned.device
    if swept:
        device = device.replace(
            "swept",
            t1=np.full((3, 1, 6), 1e-4) * np.array([1, 2, 3])[:, None, None],
            t2=(5e-5,) * 6,
            temperature=np.full((2, 6), 0.05) * np.array([[1], [2]]),
            false_excited=np.full((3, 1, 6), 0.01) * np.array([1, 2, 3])[:, None, None],
        )
    programs = compile_programs([(each, angles) for each in planned.circuits.values()], device)
    for strict, plain in zip(execute(programs, array_api_strict), execute(programs), strict=True):
        # The same operations in the same order: equal to a few roundings of sums of 64 terms.
        np.testing.assert_allclose(strict.probabilities, plain.probabilities, atol=64 * 2.3e-16)
