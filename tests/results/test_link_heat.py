"""A run with a link: what its Dataset has more, both ledgers, and what the link makes alone."""

import numpy as np
import pytest
import xarray as xr
from scipy.constants import h, k

import recycling as rc
from recycling.jobs.counts import counts_of
from recycling.results.analysis import analyse_counts
from recycling.results.link_gains import LinkGains, link_gains
from recycling.results.production import entropy_production
from recycling.results.summary import headline
from recycling.results.verdicts import verdicts

QUANTUM = h * 5e9  # hf, J
#: Parts of a variable whose scatter is kept, which has a band and whose sign is tested.
PARTS = ("", "_low", "_high", "_combined", "_band", "_scatter", "_stderr", "_z",
         "_combined_stderr", "_combined_z")  # fmt: skip
#: A cheap experiment with an angle that is no θ_b: its records are drawn, not simulated.
TINY = {
    "name": "tiny",
    "seed": 5,
    "algorithm": {"name": "repeat-until-success"},
    "sweep": {"theta": [0.3, 0.6], "p_x": [0.1, 0.4]},
    "measurement": {"shots": 4000, "trials": 2},
    "inference": {"resamples": 100},
}
BATH = {"temperature_K": 0.043, "frequency_Hz": 5e9, "temperature_source": "the spec"}


def drawn(**changes):
    """Dataset of drawn counts: B is warm, S is swapped with it."""
    experiment = rc.Experiment(**TINY | changes)
    size = 2 ** (1 + len(experiment.design.measured))
    weights = np.linspace(9, 1, size) ** 2
    shape = (2, 2, 2, 2, 3)
    draws = np.random.default_rng(11).multinomial(4000, weights / weights.sum(), (2, *shape))
    bits = (2,) * int(np.log2(size))
    counts = {trial: draws[trial].reshape(*shape, *bits) for trial in (0, 1)}
    return analyse_counts(experiment, counts_of(experiment, counts), BATH)


@pytest.fixture(scope="module")
def plain():
    return drawn()


@pytest.fixture(scope="module")
def linked():
    return drawn(link={"transmissivity": 0.6, "coherence": 0.9})


def test_a_link_adds_two_variables_with_all_their_parts(plain, linked):
    new = set(linked.data_vars) - set(plain.data_vars)
    assert new == {n + part for n in ("link_heat", "excess_strict_tight") for part in PARTS}
    assert set(linked.attrs) - set(plain.attrs) == {
        "link_transmissivity", "link_thermal_population", "link_coherence_factor",
    }  # fmt: skip
    for name in new:
        assert linked[name].attrs["long_name"]
        assert linked[name].dims == plain[name.replace("strict_", "").replace(
            "link_heat", "excess_tight")].dims  # fmt: skip


def test_a_link_changes_no_other_estimate_of_the_same_counts(plain, linked):
    """Bands apart: more quantities hold at once, so that they may be wider."""
    for name, array in plain.data_vars.items():
        if "_band" not in name and not name.endswith(("_combined_stderr", "_combined_z")):
            np.testing.assert_array_equal(array, linked[name], err_msg=name)
        elif name.endswith("_band"):
            width = [each[name].sel(limit="high") - each[name].sel(limit="low")
                     for each in (plain, linked)]  # fmt: skip
            assert not bool((width[1] < width[0] * (1 - 1e-12)).any()), name


def test_a_link_without_loss_leaves_the_dataset_as_it_is(plain):
    identity = drawn(link={"transmissivity": 1.0})
    for name, array in plain.data_vars.items():
        np.testing.assert_allclose(identity[name], array, rtol=1e-12, atol=1e-36, err_msg=name)
    assert not identity["link_heat"].any()
    np.testing.assert_allclose(
        identity["excess_strict_tight"], plain["excess_tight"], rtol=0, atol=1e-12 * QUANTUM
    )


def test_the_equilibrium_arm_crosses_no_link(linked):
    equilibrium = linked.sel(arm="equilibrium")
    assert not equilibrium["link_heat"].any()
    for end in ("", "_low", "_high"):
        xr.testing.assert_allclose(
            equilibrium[f"excess_strict_tight{end}"].drop_attrs(),
            equilibrium[f"excess_tight{end}"].drop_attrs(),
            rtol=1e-12,
        )


def test_saving_heat_and_reset_heat_are_the_separate_heat(linked):
    """saving + ΔQ_B + reset heat = reset heat + Q_tight, and the strict heat is both heats."""
    parts = linked.sel(arm="recycling")
    saving = -parts["excess_tight"]
    before = parts["excited_population"].sel(stage="before", qubit="B")
    thermal = 1 / (1 + np.exp(QUANTUM / (k * 0.043)))
    reset = QUANTUM * (before - thermal)
    np.testing.assert_allclose(
        saving + parts["heat"] + reset, reset + parts["bound_tight"], rtol=0, atol=1e-12 * QUANTUM
    )
    population = linked.attrs["link_thermal_population"]
    sent = (before - 0.4 * population) / 0.6
    np.testing.assert_allclose(
        parts["link_heat"], QUANTUM * (sent - before), rtol=0, atol=1e-12 * QUANTUM
    )
    np.testing.assert_allclose(
        parts["excess_strict_tight"] - parts["excess_tight"], parts["link_heat"],
        rtol=0, atol=1e-12 * QUANTUM,
    )  # fmt: skip


def test_without_a_link_nothing_is_said_of_one(plain):
    assert link_gains(plain) is None
    assert "link" not in headline(plain)


def test_shares_of_a_gain_in_words():
    gain = np.array([2, 1, 1, 4, -1, 0, 1, np.inf, np.inf, np.nan]) * 1e-25
    alone = np.array([3, 0, -1, 1, 1, 1, 1, 1, np.inf, 1]) * 1e-25
    resolved = np.array([True] * 4 + [False] * 3 + [True] * 2 + [False])
    gains = LinkGains(gain, resolved, alone, QUANTUM)
    assert gains.made_by_link == [
        "all of it", "none of it", "none of it", "25 % of it", "no gain", "no gain",
        "not resolved", "none of it", "all of it", "not resolved",
    ]  # fmt: skip


def test_a_link_at_the_temperature_of_the_bath_makes_no_gain():
    link = {"transmissivity": 0.6, "temperature": 0.043}
    gains = link_gains(drawn(link=link))
    # Up to the rounding of p_eq, a bosonic occupation, against p_th, times dE/dS.
    np.testing.assert_allclose(gains.alone, 0, rtol=0, atol=1e-12 * QUANTUM)


def test_of_a_link_that_transmits_nothing_the_heat_is_unknown():
    dataset = drawn(link={"transmissivity": 0.0})
    for name in ("link_heat", "excess_strict_tight"):
        assert np.isnan(dataset[name].sel(arm="recycling")).all()
        assert "η = 0" in dataset[name].attrs["comment"]
    assert [v.text for v in verdicts(dataset, bound="strict_tight")] == [
        "unknown: nothing arrived"
    ] * 2
    assert np.isfinite(entropy_production(dataset).value).all()
    assert "strict: unknown, since nothing arrives" in headline(dataset)
