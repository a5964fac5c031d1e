"""What bounds and verdicts become at another temperature or frequency; the figures of it."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.constants import h as planck
from scipy.constants import k as boltzmann

import recycling as rc
from recycling.inference.bath.sensitivity import Erasure, thresholds
from recycling.inference.bath.thermometry import bath_temperature
from recycling.reporting.branch_figures import branch_figures, equator_pair
from recycling.reporting.sensitivity_figures import sensitivity_figures
from recycling.results.sensitivity import erasure_of, sensitivity

EPS = np.finfo(float).eps
FREQUENCY, T0 = 5e9, 0.043
QUANTUM = planck * FREQUENCY
TEMPERATURES = np.linspace(0.02, 0.08, 13)
FREQUENCIES = np.linspace(3e9, 7e9, 9)


def one_angle(decrease, heat, before=0.1, entropy=0.2):
    """Erasure at one angle; heat in units of hf."""
    return Erasure(*(np.array([x]) for x in (decrease, entropy, before, before + heat)))


@pytest.fixture
def erasure():
    """Four angles: above both bounds, below Q_tight, below both, and nothing erased."""
    return Erasure(
        entropy_decrease=np.array([0.48, 0.48, 0.48, -0.01]),
        bath_entropy=np.array([0.18, 0.17, 0.17, 0.17]),
        excited_before=np.array([0.05, 0.2, 0.4, 0.5]),
        excited_after=np.array([0.4, 0.33, 0.4, 0.51]),
    )


def test_the_assumed_point_is_that_of_the_bounds(erasure):
    found = sensitivity(erasure, [T0], [FREQUENCY]).isel(temperature=0, frequency=0)
    bath = rc.Bath.qubit(FREQUENCY, T0)
    decrease = erasure.entropy_decrease
    np.testing.assert_array_equal(found["bound_tight"], rc.tight_bound(decrease, bath))
    np.testing.assert_array_equal(found["bound_landauer"], rc.landauer_bound(decrease, bath))
    np.testing.assert_allclose(found["heat"], QUANTUM * erasure.heat, rtol=4 * EPS)
    assert found["quantum"] == pytest.approx(QUANTUM, rel=4 * EPS, abs=0)


def test_what_depends_on_the_temperature(erasure):
    found = sensitivity(erasure, TEMPERATURES, [FREQUENCY]).isel(frequency=0)
    for fixed in ("heat", "bound_athermal"):
        assert (found[fixed] == found[fixed].isel(temperature=0)).all()
    # Not at the last angle, where ΔS < 0.
    rising = found["bound_tight"].isel(point=slice(3)).transpose("point", ...).values
    finite = np.isfinite(rising[:, 1:])
    assert (rising[:, 1:][finite] > rising[:, :-1][finite]).all()
    np.testing.assert_allclose(
        found["bound_landauer"],
        boltzmann * np.outer(erasure.entropy_decrease, TEMPERATURES),
        rtol=4 * EPS,
    )


def test_what_depends_on_the_frequency(erasure):
    found = sensitivity(erasure, [T0], FREQUENCIES).isel(temperature=0)
    for proportional in ("heat", "bound_athermal"):
        in_quanta = found[proportional] / found["quantum"]
        np.testing.assert_allclose(in_quanta, in_quanta.isel(frequency=[0] * 9), rtol=1e-12)
    assert (found["bound_landauer"] == found["bound_landauer"].isel(frequency=0)).all()


def test_in_quanta_only_the_ratio_counts(erasure):
    """Twice the frequency at twice the temperature is the same bath, in units of hf."""
    once = sensitivity(erasure, TEMPERATURES, FREQUENCIES)
    twice = sensitivity(erasure, 2 * TEMPERATURES, 2 * FREQUENCIES)
    for name in once.data_vars:
        if name != "quantum":
            np.testing.assert_allclose(
                (twice[name] / twice["quantum"]).values,
                (once[name] / once["quantum"]).values,
                rtol=0, atol=1e-12,
            )  # fmt: skip


def test_an_excess_over_no_process_is_infinite():
    # 80 mK leaves ln 2 - S_th = 0.499 nats.
    found = sensitivity(one_angle(0.55, -0.1), [T0, 0.08], [FREQUENCY])
    assert np.isfinite(found["excess_tight"].values[0, 0, 0])
    assert found["excess_tight"].values[0, 1, 0] == np.inf


@settings(max_examples=50)
@given(
    decrease=st.floats(0.01, 0.68),
    heat=st.floats(-0.5, 0.6),
    frequency=st.floats(3e9, 7e9),
)
def test_verdicts_turn_at_the_thresholds(decrease, heat, frequency):
    """Below each threshold above the bound, above it below the bound, over +inf no verdict."""
    case = one_angle(decrease, heat, before=0.3)
    found = thresholds(case, frequency)
    landauer, tight, none = (
        float(array[0]) for array in (found.landauer, found.tight, found.no_process)
    )
    unit = planck * frequency / boltzmann

    def excess(bound, temperature):
        point = sensitivity(case, [temperature], [frequency])
        return float(point[f"excess_{bound}"].squeeze()) / (planck * frequency)

    if landauer > 0:
        assert abs(excess("landauer", landauer)) < 1e-12
        assert excess("landauer", 0.9 * landauer) > 0 > excess("landauer", 1.1 * landauer)
    else:
        assert excess("landauer", 0.01 * unit) <= 0
    assert excess("tight", 1.001 * none) == np.inf
    coldest, hottest = 0.01 * unit, 0.999 * none
    if tight == 0:
        assert excess("tight", coldest) <= 1e-12
    elif tight == np.inf:
        # Q_tight rises without end in its slope: 1e-3 below its end it may be 5 % lower.
        assert excess("tight", hottest) > -0.05
    else:
        # Where the slope is steep, 1e-9 of T0 is still below 1e-6 of the energy.
        assert excess("tight", tight) == pytest.approx(0, abs=1e-4)
        assert excess("tight", 0.97 * tight) > 0
        if 1.001 * tight < hottest:
            assert excess("tight", 1.001 * tight) < 0


def test_thresholds_scale_with_the_frequency(erasure):
    once, twice = thresholds(erasure, FREQUENCY), thresholds(erasure, 2 * FREQUENCY)
    for name in ("landauer", "tight", "no_process"):
        np.testing.assert_allclose(getattr(twice, name), 2 * getattr(once, name), rtol=1e-7)


def test_thresholds_of_the_paper_point():
    """θ_b = π/8 of the theory (physics.md): ΔS = 0.6439, ΔQ_B = 0.282678 hf."""
    found = thresholds(one_angle(0.643940, 0.282678, 0.118073, 0.029375), FREQUENCY)
    assert found.landauer[0] == pytest.approx(0.282678 * QUANTUM / (boltzmann * 0.64394))
    # Below Q_tight even of a bath at absolute zero, E(ΔS) = 0.356 hf.
    assert found.tight[0] == 0
    # A thermal bath must leave room: S_th < ln 2 - ΔS = 0.0492 nats.
    bath = rc.Bath.qubit(FREQUENCY, float(found.no_process[0]))
    assert bath.entropy() == pytest.approx(np.log(2) - 0.643940, abs=1e-12)


@pytest.mark.parametrize(
    ("decrease", "heat", "expected"),
    [(-0.01, 0.1, np.nan), (np.nan, 0.1, np.nan), (0.3, np.nan, np.nan), (0.3, 0.6, np.inf),
     (0.70, -0.1, np.inf), (0.3, -0.1, 0.0)],
)  # fmt: skip
def test_thresholds_at_the_ends(decrease, heat, expected):
    assert np.array_equal(
        thresholds(one_angle(decrease, heat), FREQUENCY).tight, [expected], equal_nan=True
    )


def test_point_estimates_of_a_run(small_dataset):
    found = erasure_of(small_dataset)
    point = small_dataset.sel(arm="recycling", p_x=0.4, limit="value")
    heat = found.heat * planck * small_dataset.attrs["frequency_Hz"]
    np.testing.assert_allclose(heat, point["heat_combined"], rtol=1e-9)
    np.testing.assert_array_equal(found.entropy_decrease, point["entropy_decrease_combined"])


@pytest.mark.parametrize(
    ("temperatures", "frequencies", "message"),
    [([0.0], [5e9], "temperatures = 0"), ([T0], [np.inf], "frequencies = inf"),
     ([np.nan], [5e9], "temperatures = nan"), ([[T0]], [5e9], "temperatures = array")],
)  # fmt: skip
def test_bad_input(erasure, temperatures, frequencies, message):
    with pytest.raises(rc.BadInput, match=message):
        sensitivity(erasure, temperatures, frequencies)


def test_bad_arrays_and_frequency(erasure):
    with pytest.raises(rc.BadInput, match="frequency = -1"):
        thresholds(erasure, -1.0)
    with pytest.raises(rc.BadInput, match="bath_entropy has the shape"):
        Erasure(np.ones(3), np.ones(2), *np.ones((2, 3)))


def test_figures_of_the_sensitivity(small_dataset):
    measured = bath_temperature(40, 8000, FREQUENCY)
    with_band = sensitivity_figures(small_dataset, measured)
    without = sensitivity_figures(small_dataset, bath_temperature(0, 0, FREQUENCY))
    assert set(with_band) == {
        "sensitivity-temperature", "sensitivity-frequency", "critical-temperature"
    }  # fmt: skip
    for name, (figure, caption) in with_band.items():
        assert "(simulated" in caption
        assert ("measured T0" in caption) == (name != "sensitivity-frequency")
        assert "measured T0" not in without[name][1]
        figure.draw_without_rendering()
    panels = with_band["sensitivity-temperature"][0].axes
    assert [axes.get_title() for axes in panels] == [
        rf"$\theta_b = {angle:.3g}$" for angle in small_dataset["theta_b"].values
    ]
    drawn = {line.get_label(): line.get_ydata() for line in panels[0].get_lines()}
    point = small_dataset.sel(arm="recycling", p_x=0.4, limit="value").isel(theta_b=0)
    heat = float(point["heat_combined"])
    np.testing.assert_allclose(drawn[r"$\Delta Q_{B}$"], heat / QUANTUM, rtol=1e-9)


def test_figures_without_data(small_dataset):
    """An angle whose branch had no shots is left out; without any, the axes stay empty."""
    first = small_dataset["theta_b"] == 0
    some = small_dataset.where(~first)
    found = [sensitivity_figures(broken) | branch_figures(broken)
             for broken in (some, small_dataset.where(False))]  # fmt: skip
    assert len(found[0]["sensitivity-temperature"][0].axes) == 2
    for figures in found:
        for figure, _ in figures.values():
            figure.draw_without_rendering()


def test_figures_of_the_branches(small_dataset):
    found = branch_figures(small_dataset)
    assert set(found) == {"entropy-tradeoff", "branch-gain"}
    assert "(simulated" in found["entropy-tradeoff"][1]
    assert found["branch-gain"][1].startswith("Theory")
    limits = found["entropy-tradeoff"][0].axes[0].get_lines()[:3]
    bath = rc.Bath.qubit(FREQUENCY, T0)
    before = small_dataset["excited_population_combined"].sel(
        arm="recycling", stage="before", qubit="B", limit="value"
    )
    for line, index in zip(limits, range(3), strict=True):
        population = float(before.isel(theta_b=index).median())
        expected = rc.max_bath_entropy(line.get_xdata(), bath, QUANTUM * population)
        np.testing.assert_allclose(line.get_ydata(), expected, rtol=1e-12)


@pytest.mark.parametrize("half_angle", [0.0, 0.3, 0.9, np.pi / 2])
def test_branches_of_the_theory_have_the_thermal_entropy(half_angle):
    bath = rc.Bath.qubit(FREQUENCY, T0)
    states = equator_pair(bath, half_angle)
    np.testing.assert_allclose(rc.von_neumann_entropy(states), bath.entropy(), rtol=1e-12)
    np.testing.assert_allclose(bath.energy(states), QUANTUM / 2, rtol=1e-12)
    found = rc.branch_gains(0.0, bath, states, [0.5, 0.5])
    length = 1 - 2 * float(bath.mean_energy()) / QUANTUM
    mixed = (1 - length * np.cos(half_angle)) / 2
    entropy = -mixed * np.log(mixed) - (1 - mixed) * np.log(1 - mixed)
    assert found.holevo == pytest.approx(entropy - float(bath.entropy()), abs=1e-12)
