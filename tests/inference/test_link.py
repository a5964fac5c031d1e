"""The heat that a state leaves in a link, and both heats together over the tight bound."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from recycling.inference.bath.link import NO_LINK, LinkChannel
from recycling.inference.states.erasure import estimate_heat_and_bounds
from recycling.inference.states.estimates import QUANTILE, estimate_erasure, plain_values
from recycling.inference.states.estimation import estimate_outcomes, estimate_states
from recycling.inference.states.samples import mixture
from recycling.inference.statistics.resampling import (
    BANDED_OF_LINK,
    resample,
    simultaneous_quantile,
)
from tests.inference.of_hhl import AFTER, BEFORE, B
from tests.inference.test_estimates import (
    BATH,
    BLOCH,
    COLD,
    EPS,
    QUANTUM,
    SWAPPED,
    asked,
    coverage_error,
    estimated,
    joint_probabilities,
    sample,
)

#: From 1/η = 3.3, where the link heat counts for more than the heat, to next to no loss.
LINKS = {
    "0.3": LinkChannel(0.3, 6.15e-6, 0.5),
    "eth-5m": LinkChannel(0.675, 6.15e-6, 0.7365),
    "0.95": LinkChannel(0.95, 0.0038, 0.97),
}
COPIES = 400


def through(link, points=1, **question):
    return replace(asked(points, **question), link=link)


@given(
    transmissivity=st.floats(1e-3, 1),
    population=st.floats(0, 0.5),
    sent=st.floats(0, 1),
)
def test_what_was_sent_comes_back_from_what_arrived(transmissivity, population, sent):
    link = LinkChannel(transmissivity, population, transmissivity**0.5)
    arrived = transmissivity * sent + (1 - transmissivity) * population
    # Rounding of what arrived is multiplied by 1/η.
    tolerance = 8 * EPS / transmissivity
    assert link.sent(arrived) == pytest.approx(sent, rel=0, abs=tolerance)
    left = link.heat(arrived, QUANTUM) / QUANTUM
    assert left == pytest.approx(sent - arrived, rel=0, abs=tolerance)


@pytest.mark.parametrize("bloch", [BLOCH, SWAPPED, COLD], ids=["mixed", "noisy", "cold"])
def test_heat_of_the_link_and_strict_excess_follow_from_the_populations(bloch):
    probabilities, link = joint_probabilities(bloch), LINKS["eth-5m"]
    found = plain_values(probabilities, through(link))
    before, after = (found["excited_population"][..., stage, B] for stage in (BEFORE, AFTER))
    left = QUANTUM * ((before - 0.325 * 6.15e-6) / 0.675 - before)
    tolerance = 16 * EPS * QUANTUM
    np.testing.assert_allclose(found["link_heat"], left, rtol=0, atol=tolerance)
    strict = QUANTUM * (after - before) + left - found["bound_tight"]
    np.testing.assert_allclose(found["excess_strict_tight"], strict, rtol=0, atol=tolerance)


@pytest.mark.parametrize("bloch", [BLOCH, SWAPPED, COLD], ids=["mixed", "noisy", "cold"])
def test_a_link_without_loss_leaves_every_estimate_as_it_is(bloch):
    counts = sample(joint_probabilities(bloch), 2000, seed=31, copies=4)
    plain = estimate_erasure(counts, asked(4), QUANTILE)
    linked = estimate_erasure(counts, through(NO_LINK, 4), QUANTILE)
    assert set(linked) - set(plain) == {"link_heat", "excess_strict_tight"}
    for name, own in plain.items():
        for end, array in own.ends.items():
            np.testing.assert_array_equal(linked[name].ends[end], array, err_msg=f"{name} {end}")
    for end, array in linked["link_heat"].ends.items():
        np.testing.assert_array_equal(array, 0, err_msg=end)
    net, strict = plain["excess_tight"], linked["excess_strict_tight"]
    for end, array in net.ends.items():
        np.testing.assert_allclose(strict.ends[end], array, rtol=0, atol=1e-12 * QUANTUM)


@pytest.mark.parametrize("link", LINKS.values(), ids=LINKS)
def test_standard_error_of_the_link_heat_is_that_of_the_population(link):
    counts = sample(joint_probabilities(BLOCH), 4000, seed=32)
    found = estimated(counts)["excited_population"]
    left = estimate_erasure(counts, through(link), QUANTILE)["link_heat"]
    width = (found.high - found.low)[..., BEFORE, B] * QUANTUM
    lost = (1 - link.transmissivity) / link.transmissivity
    np.testing.assert_allclose(left.high - left.low, lost * width, rtol=1e-12)


@pytest.mark.parametrize(
    ("bloch", "shots"),
    [(SWAPPED, 500), (COLD, 8000)],
    ids=["noisy-500", "cold-8000"],
)
def test_intervals_cover_the_truth_as_often_as_they_say(bloch, shots):
    probabilities = joint_probabilities(bloch)
    counts = sample(probabilities, shots, seed=(33, shots), copies=COPIES)
    samples = mixture(counts, asked(1).records, np.array([0.4])).without_output()
    states = estimate_states(samples, estimate_outcomes(samples, QUANTILE), QUANTILE)
    for label, link in LINKS.items():
        found = estimate_heat_and_bounds(states, BATH, link=link)
        truth = plain_values(probabilities, through(link, p_x=[0.4]))
        for name in ("link_heat", "excess_strict_tight"):
            own, rounding = found[name], 1e-9 * QUANTUM
            inside = (own.low <= truth[name] + rounding) & (truth[name] - rounding <= own.high)
            assert inside.mean() >= 0.93 - coverage_error(COPIES, 0.93), (label, name)


def test_intervals_are_no_wider_than_they_must_be():
    """Away from all boundaries 95 % is meant, and the width is the scatter of the estimates."""
    probabilities, link = joint_probabilities(BLOCH), LINKS["0.3"]
    counts = sample(probabilities, 4000, seed=34, copies=COPIES)
    found = estimate_erasure(counts, through(link, COPIES, p_x=[0.4]), QUANTILE)
    truth = plain_values(probabilities, through(link, p_x=[0.4]))
    for name in ("link_heat", "excess_strict_tight"):
        own = found[name]
        inside = ((own.low <= truth[name]) & (truth[name] <= own.high)).mean()
        assert inside <= 0.97 + coverage_error(COPIES, 0.97), name
        width = float(np.median(own.high - own.low)) / (2 * QUANTILE)
        # A standard deviation of n samples has the relative error 1/√(2n); 3 % for its bias.
        assert width == pytest.approx(own.value.std(), rel=3 / np.sqrt(2 * COPIES) + 0.03, abs=0), (
            name
        )


def test_bands_hold_everywhere_at_once():
    experiments, points, link = 250, 4, LINKS["eth-5m"]
    bloch = [BLOCH * (1 - 0.02 * index) for index in range(points)]
    probabilities = np.concatenate([joint_probabilities(one) for one in bloch])
    question = through(link, points, p_x=[0.4])
    truth = plain_values(probabilities, question)
    generator = np.random.default_rng(35)
    counts = generator.multinomial(4000, np.repeat(probabilities, experiments, axis=1))
    draws = resample(counts[:, :1], question.records, 500, generator)
    quantile = simultaneous_quantile(draws, question)
    found = estimate_erasure(counts, question, quantile)
    for name in BANDED_OF_LINK:
        inside = (found[name].low <= truth[name]) & (truth[name] <= found[name].high)
        held = inside.all(axis=(0, 1)).mean()
        assert held >= 0.95 - 3 * np.sqrt(0.95 * 0.05 / experiments), name


def test_nothing_is_known_of_a_state_that_did_not_arrive():
    """η = 0: NaN without a warning, everything else as ever."""
    counts = sample(joint_probabilities(SWAPPED), 500, seed=36)
    question = through(LinkChannel(0.0, 6e-6, 0.0))
    limited = estimate_erasure(counts, question, QUANTILE)
    for name in ("link_heat", "excess_strict_tight"):
        assert all(np.isnan(end).all() for end in limited[name].ends.values())
        assert np.isnan(plain_values(counts, question)[name]).all()
    assert np.isfinite(limited["excess_tight"].value).all()
    draws = resample(counts, question.records, 50, np.random.default_rng(37))
    assert simultaneous_quantile(draws, question) >= QUANTILE
