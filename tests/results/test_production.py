"""The second law with the resource counted, as a control of every analysis."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.constants import h, k
from scipy.special import entr

import recycling as rc
from recycling.inference.bath.link import LinkChannel
from recycling.results.controls import controls, warning
from recycling.results.production import entropy_production
from tests.results.test_link import drawn

NAME = "entropy production with the resource counted"
X = h * 5e9 / (k * 0.043)  # hf/k_B T0


def control(dataset):
    return next(check for check in controls(dataset) if check.name == NAME)


def test_ideal_swap_produces_what_the_target_is_away_from_equilibrium(theory_run):
    """I(S:B) = 0 and ρ'_B = ρ_S, so that D(ρ_S ‖ thermal) is left, whatever was recycled."""
    dataset = rc.analyse(theory_run)
    thermal = 1 / (1 + np.exp(X))
    target = 0.4 * (1 - thermal) + 0.6 * thermal
    expected = X * target + np.log1p(np.exp(-X)) - entr(target) - entr(1 - target)
    for arm in ("equilibrium", "recycling"):
        found = entropy_production(dataset, arm)
        # A few hundred gates and entropies, each exact to rounding.
        np.testing.assert_allclose(found.value, expected, rtol=0, atol=1e-11)
        np.testing.assert_array_equal(found.low, found.value)
    assert control(dataset).passed


def test_a_link_adds_its_heat_over_its_temperature_and_what_it_mixes(linked_theory):
    """π/4: 0.1625 hf at 20 mK, S_in = 0.030653, S_out = S_S − ΔS with S_S = 0.673315 nats."""
    found = entropy_production(linked_theory).value
    local = entropy_production(linked_theory, "equilibrium").value
    of_link = 0.162498 * h * 5e9 / (k * 0.02) + (0.673315 - 0.346579) - 0.030653
    assert found[-1] - local[-1] == pytest.approx(of_link, abs=2e-5)
    assert (found > local).all()


@given(
    transmissivity=st.floats(0.01, 1),
    temperature=st.floats(0.005, 0.3),
    coherence=st.floats(0, 1),
    population=st.floats(0, 1),
    angle=st.floats(0, 1),
)
def test_a_link_never_loses_entropy(transmissivity, temperature, coherence, population, angle):
    """Clausius: Q_link/kT_link + S_out − S_in ≥ 0 of any state over any link."""
    rest = 1 / (1 + np.exp(h * 5e9 / (k * temperature)))
    link = LinkChannel(transmissivity, rest, coherence * np.sqrt(transmissivity))
    z, across = 1 - 2 * population, 2 * angle * np.sqrt(population * (1 - population))
    arrived = float(link.received(np.array(population)))
    lengths = [np.hypot(z, across), np.hypot(1 - 2 * arrived, link.coherence * across)]
    before, after = (entr((1 - r) / 2) + entr((1 + r) / 2) for r in np.minimum(lengths, 1))
    flow = (population - arrived) * (np.log1p(-rest) - np.log(rest))
    assert flow + after - before >= -1e-12


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
