"""The second law with the resource counted, as a control of every analysis."""

import numpy as np
import pytest

from recycling.results.controls import controls, warning
from recycling.results.production import entropy_production
from tests.results.test_link_heat import drawn

NAME = "entropy production with the resource counted"


def control(dataset):
    return next(check for check in controls(dataset) if check.name == NAME)


def test_an_erasure_that_nothing_pays_for_fails():
    """S is purified, B stays as it was, thermal."""
    changed = drawn()
    ends = {"S": {"entropy": (0.6, 0.0)}, "B": {"entropy": (0.0247, 0.0247)}}
    for qubit, values in ends.items():
        for stage, value in zip(("before", "after"), values["entropy"], strict=True):
            changed["entropy_combined"].loc[{"qubit": qubit, "stage": stage}] = value
    changed["excited_population_combined"].loc[{"qubit": "B"}] = 0.003756
    assert not control(changed).passed
    assert NAME in warning(controls(changed))
    assert "least -0.6000 nat; below 0 at 4 of 4 points" in control(changed).found


@pytest.mark.parametrize(
    "link",
    [{"transmissivity": 0.5, "temperature": 0.0}, {"transmissivity": 0.0}, {"coherence": 0.0}],
    ids=["at zero temperature", "opaque", "incoherent"],
)
def test_extreme_links_have_a_production(link):
    dataset = drawn(link=link)
    assert np.isfinite(entropy_production(dataset).value).all()
    assert "Q_link" in control(dataset).expected
