"""The preset "theory" with a link, analysed once."""

import numpy as np
import pytest

import recycling as rc
from recycling.planning.rehearsal import simulate_counts
from recycling.results.analysis import analyse_counts
from recycling.results.attributes import experiment_attributes


@pytest.fixture(scope="session")
def linked_theory():
    """Preset theory with the 5 m link, θ_b = 0 and π/4; tests that change it work on a copy."""
    spec = rc.preset("theory")
    experiment = rc.Experiment(
        name="theory-5m",
        device=spec.device,
        measurement=spec.measurement,
        sweep={"theta_b": [0.0, np.pi / 4], "p_x": [0.4]},
        link={"preset": "eth-5m"},
    )
    planned = rc.plan(experiment)
    attributes = experiment_attributes(experiment, planned.device) | {"data_kind": "simulated"}
    return analyse_counts(experiment, simulate_counts(planned), attributes)
