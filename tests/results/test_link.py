"""The link that a run really had, in its Dataset and its report."""

import numpy as np
import pytest

import recycling as rc
from recycling.devices.channels import density_matrix, thermal_relaxation_channel
from recycling.devices.profiles import ideal_device, override_device
from recycling.inference.bath.brackets import Quantity, given_bracket
from recycling.results.link import link_in_words, made_link

IDLE = {"preset": "eth-5m", "realisation": "idle"}


def device(t1=397e-6, t2=180.5e-6, temperature=0.043):
    return override_device(ideal_device(temperature=temperature, frequency=5e9), t1=t1, t2=t2)


def bracket(t1, t2, t1_error=2e-6, t2_error=2e-6):
    found = given_bracket(t1=t1, t2=t2, false_excited=0, false_ground=0, population=0.004)
    return found.model_copy(
        update={
            "t1": Quantity(value=t1, stderr=t1_error),
            "t2": Quantity(value=t2, stderr=t2_error),
        }
    )


def experiment(**link):
    return rc.Experiment(name="linked", link=link)


def test_a_run_without_a_link_has_none():
    assert made_link(rc.Experiment(name="plain"), device()) is None


@pytest.mark.parametrize("temperature", [0.043, 0.2])
@pytest.mark.parametrize("t2", [100e-6, 2 * 397e-6])
def test_what_a_wait_makes_is_the_relaxation_of_the_engine(t2, temperature):
    on = device(t2=t2, temperature=temperature)
    made = made_link(experiment(**IDLE), on)
    channel = thermal_relaxation_channel(made.wait, 397e-6, t2, on.excited_population[4])
    bloch = np.array([1.0, 0.3, -0.2, 0.5])
    expected = density_matrix(channel @ bloch, 1)
    sent = density_matrix(bloch, 1)
    np.testing.assert_allclose(made.link.transmit(sent), expected, rtol=0, atol=1e-12)
    assert made.link.warning == ""
    assert made.coherence.value == pytest.approx(
        np.exp(-made.wait / t2) / np.sqrt(made.transmissivity.value)
    )


def test_a_bracket_has_the_last_word_on_an_idle_link():
    on = device()
    made = made_link(experiment(**IDLE), on, [bracket(300e-6, 150e-6)])
    assert made.wait == pytest.approx(156e-6, abs=64e-9)
    assert made.source == "T1 and T2 of the bracket"
    assert made.transmissivity.value == pytest.approx(np.exp(-made.wait / 300e-6))
    # First order: ln η has the relative error of T1 times t/T1.
    error = 1.96 * made.wait * 2e-6 / 300e-6**2
    assert np.log(made.transmissivity.high / made.transmissivity.value) == pytest.approx(
        error, rel=1e-3
    )
    assert made.coherence.low < made.coherence.value < made.coherence.high
    both = made_link(experiment(**IDLE), on, [bracket(300e-6, 150e-6), bracket(340e-6, 150e-6)])
    assert both.transmissivity.value == pytest.approx(np.exp(-both.wait / 320e-6))
    # A change between both is an error of the mean, larger than theirs.
    assert both.transmissivity.low < np.exp(-both.wait / 300e-6)


def test_a_bracket_without_a_decay_time_says_nothing():
    failed = bracket(300e-6, 150e-6).model_copy(update={"t1": Quantity.missing("the fit failed")})
    assert made_link(experiment(**IDLE), device(), [failed]).source == "T1 and T2 of the device"


def test_a_channel_is_what_the_spec_says():
    link = experiment(transmissivity=0.5, coherence=0.9, phase_rms=0.2, delay=1e-6)
    made = made_link(link, device().replace("example", dt=4e-9))
    assert made.coherence.value == pytest.approx(0.9 * np.exp(-0.02))
    assert made.wait == pytest.approx(1.024e-6)
    assert made.realisation == "channel"
    assert link_in_words(made).endswith(", after B has waited 1024 ns")
