"""Results of runs with unequal shots and turned axes: what they are, and what they cannot be."""

import numpy as np
import pytest
from scipy.constants import h

import recycling as rc
from recycling.errors import BadInput
from recycling.inference.readout.assignment import Assignment
from recycling.inference.states.estimates import QUANTILE
from recycling.planning.rehearsal import simulate_counts
from recycling.results.analysis import analyse_counts
from recycling.results.attributes import experiment_attributes
from recycling.results.controls import controls
from recycling.results.temperature import run_temperature
from recycling.spec.allocation import tomography_axes

ANGLES = [0.2, 0.6]
ARMS, STAGES, QUBITS = ("equilibrium", "recycling"), ("before", "after"), ("S", "B", "C_I")


def random_poles(seed):
    """Frames that have nothing to do with the states, of every qubit at every point."""
    generator = np.random.default_rng(seed)
    poles = generator.uniform((0, -np.pi), (np.pi, np.pi), size=(2, 2, 3, len(ANGLES), 2))
    return {
        arm: {
            stage: {qubit: own.tolist() for qubit, own in zip(QUBITS, of_stage, strict=True)}
            for stage, of_stage in zip(STAGES, of_arm, strict=True)
        }
        for arm, of_arm in zip(ARMS, poles, strict=True)
    }


def repeats_of(rows):
    return {arm: {stage: dict.fromkeys(("I", "X"), rows) for stage in STAGES} for arm in ARMS}


def experiment(shots="exact", trials=1, allocation=None):
    return rc.Experiment(
        name="turned",
        device={"profile": "ideal"},
        sweep={"theta_b": ANGLES, "p_x": [0.1, 0.4]},
        measurement={"shots": shots, "trials": trials, "allocation": allocation},
        inference={"resamples": 100},
    )


def analysed(spec, counts=None, **settings):
    plan = rc.plan(spec)
    counts = simulate_counts(plan) if counts is None else counts
    attributes = experiment_attributes(spec, plan.device)
    return analyse_counts(spec, counts, attributes, **settings)


def unit_of(values):
    """A quantum of the bath, for energies."""
    return h * 5e9 if values.attrs["units"] == "J" else 1.0


@pytest.fixture(scope="module")
def fixed():
    return analysed(experiment())


def test_exact_results_are_the_same_along_any_axes(fixed):
    turned = analysed(experiment(allocation={"poles": random_poles(1)}))
    for name, values in fixed.data_vars.items():
        np.testing.assert_allclose(
            turned[name], values, rtol=1e-9, atol=1e-9 * unit_of(values), err_msg=name
        )
    assert turned.attrs["allocation"] == "in a frame of each qubit"
    assert "allocation" not in fixed.attrs


def test_equal_shots_along_fixed_axes_are_what_they_were():
    """An allocation of one repeat each along x, y and z, against none at all: to 1e-12."""
    plain = experiment(200, trials=2)
    counts = simulate_counts(rc.plan(plain))
    laboratory = {
        arm: {stage: dict.fromkeys(QUBITS, [[0.0, 0.0]] * 2) for stage in STAGES} for arm in ARMS
    }
    given = {"repeats": repeats_of([[1, 1, 1]] * 2), "poles": laboratory}
    found = analysed(experiment(200, trials=2, allocation=given), counts)
    expected = analysed(plain, counts)
    assert set(found.data_vars) == set(expected.data_vars)
    for name, values in expected.data_vars.items():
        np.testing.assert_allclose(
            found[name], values, rtol=1e-12, atol=1e-12 * unit_of(values), err_msg=name
        )
        quantiles = {key: values.attrs[key] for key in values.attrs if key.startswith("quantile")}
        for key, value in quantiles.items():
            assert found[name].attrs[key] == pytest.approx(value, rel=1e-12)


def test_unequal_shots_along_any_axes_find_the_truth(fixed):
    """All trials together and at both angles: within 4.5 standard errors, and of the right size."""
    repeats = repeats_of([[30, 3, 100], [7, 60, 40]])
    repeats["recycling"]["after"]["X"] = [[100, 1, 10], [50, 90, 2]]
    spec = experiment(50, trials=3, allocation={"repeats": repeats, "poles": random_poles(2)})
    found = analysed(spec)
    assert found.attrs["masked"] == ""
    assert found.attrs["allocation"].startswith("50 to 5,000 shots of an axis and preparation, in")
    for name in ("heat", "entropy_decrease", "excess_tight", "excess_landauer"):
        value, low, high = (
            found[f"{name}_combined"].sel(limit=limit) for limit in ("value", "low", "high")
        )
        error = (value - fixed[name].isel(trial=0)) / ((high - low) / (2 * QUANTILE))
        assert 0.5 < float(np.abs(error).max()) < 4.5, name
    assert all(check.passed is not False for check in controls(found))


def left_out():
    """The equilibrium arm and the first angle are not measured; the second after along z alone."""
    none = {stage: dict.fromkeys(("I", "X"), [[0, 0, 0]] * 2) for stage in STAGES}
    some = {
        stage: {preparation: [[0, 0, 0], second] for preparation in ("I", "X")}
        for stage, second in (("before", [4, 4, 9]), ("after", [0, 0, 9]))
    }
    return {"repeats": {"equilibrium": none, "recycling": some}}


def test_what_is_left_out_is_unknown_and_says_why():
    found = analysed(experiment(100, trials=2, allocation=left_out()))
    assert found.attrs["masked"] == ""
    assert found.attrs["allocation"] == (
        "400 to 900 shots of an axis and preparation, 40 of 48 left out"
    )
    second = found.sel(arm="recycling").isel(theta_b=1)
    assert np.isfinite(second["heat_combined"]).all()
    assert np.isfinite(second["excited_population"]).all()
    assert np.isfinite(second["entropy"].sel(stage="before")).all()
    assert np.isnan(second["entropy"].sel(stage="after")).all()
    assert np.isnan(second["excess_tight_combined"]).all()
    assert np.isnan(found["heat"].isel(theta_b=0)).all()
    assert np.isnan(found["heat"].sel(arm="equilibrium")).all()
    for name in ("heat", "entropy", "excess_tight_combined"):
        assert "the allocation gives no shots" in found[name].attrs["comment"]
    assert all(check.passed is not False for check in controls(found))
    unknown = {check.name for check in controls(found) if check.found == "not measured"}
    assert {"equilibrium arm", "entropy balance of the erasure"} <= unknown


def test_a_lost_setting_is_still_masked():
    spec = experiment(100, trials=2, allocation=left_out())
    counts = simulate_counts(rc.plan(spec))
    counts.loc[{"arm": "recycling", "stage": "before", "trial": 1, "theta_b": ANGLES[1]}] = 0
    assert "trial 1, before, I, basis X" in analysed(spec, counts).attrs["masked"]


def given(spec):
    rates = np.full(len(spec.design.flags) + len(QUBITS), 0.01)
    return Assignment.given(rates, rates, rates, source="a test")


@pytest.mark.parametrize(("pole", "known"), [(0.0, True), (np.pi, True), (0.5, False)])
def test_temperature_needs_an_axis_along_z(pole, known):
    poles = {"equilibrium": {"before": {"B": [[pole, 0.0]] * 2}}}
    spec = experiment(allocation={"poles": poles})
    plan = rc.plan(spec)
    found = run_temperature(
        simulate_counts(plan), spec.design, spec.bath.frequency, tomography=tomography_axes(spec)
    )
    expected = spec.bath.temperature if known else np.nan
    assert found.temperature.value == pytest.approx(expected, rel=1e-9, nan_ok=True)


def test_unmixing_needs_the_same_axes_of_what_the_reset_exchanges():
    poles = {"recycling": {"before": {"B": [[0.0, 0.0], [0.3, 0.0]]}}}
    spec = experiment(allocation={"poles": poles})
    with pytest.raises(BadInput, match="'unmixed': B and C_I are measured along other axes in the"):
        analysed(spec, readout="unmixed", assignment=given(spec))
    poles["recycling"]["before"]["C_I"] = poles["recycling"]["before"]["B"]
    both = experiment(allocation={"poles": poles})
    found = analysed(both, readout="unmixed", assignment=given(both))
    assert np.isfinite(found["heat"]).all()
