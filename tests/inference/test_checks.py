"""Counts that cannot be are refused by name; what is missing is masked by name."""

import numpy as np
import pytest

import recycling as rc
from recycling.errors import BadInput
from recycling.inference.states.checks import Labels, check_counts, masked_settings
from recycling.inference.states.records import Layout
from recycling.results.analysis import analyse_counts
from recycling.results.schema import VARIABLES

TRIALS = np.array([3, 4])
#: Arm, θ_b, trial, stage, preparation, basis.
SETTING = (1, 2, 1, 1, 0, 2)
NAME = "recycling arm, θ_b = 0.7854, trial 4, after, I, basis Z"


@pytest.fixture
def tables(small_experiment):
    shape = (2, len(small_experiment.theta_b), 2, 2, 2, 3)
    generator = np.random.default_rng(1)
    return generator.multinomial(small_experiment.measurement.shots, np.full(16, 1 / 16), shape)


def labels(experiment):
    return Labels(experiment.design, experiment.points, TRIALS)


def check(tables, experiment, shots=None):
    check_counts(tables, shots or experiment.measurement.shots, labels(experiment))


def test_counts_that_are_right_pass(tables, small_experiment):
    check(tables, small_experiment)
    assert masked_settings(tables, labels(small_experiment)) == []


def test_probabilities_pass_with_their_rounding(tables, small_experiment):
    probabilities = tables / small_experiment.measurement.shots
    check(probabilities * (1 + 1e-12), small_experiment, "exact")
    probabilities[(*SETTING, 4)] -= 1e-12
    check(probabilities, small_experiment, "exact")


@pytest.mark.parametrize(("value", "text"), [(-1, "-1"), (np.nan, "nan"), (-np.inf, "-inf")])
def test_counts_that_are_no_numbers_of_shots_are_refused(tables, small_experiment, value, text):
    wrong = tables.astype(type(value))
    wrong[(*SETTING, 5)] = value
    with pytest.raises(BadInput, match=f"counts of {NAME} hold {text}: give counts of 0 or more"):
        check(wrong, small_experiment)


@pytest.mark.parametrize("extra", [1, -1, 500])
def test_counts_that_do_not_add_up_are_refused(tables, small_experiment, extra):
    tables[(*SETTING, int(tables[SETTING].argmax()))] += extra
    expected = f"counts of {NAME} add up to {500 + extra}: give 500 shots, or none at all"
    with pytest.raises(BadInput, match=expected):
        check(tables, small_experiment)


def test_counts_without_an_end_are_refused(tables, small_experiment):
    wrong = tables.astype(float)
    wrong[(*SETTING, 5)] = np.inf
    with pytest.raises(BadInput, match=f"counts of {NAME} add up to inf"):
        check(wrong, small_experiment)


def test_probabilities_that_do_not_add_up_are_refused(tables, small_experiment):
    probabilities = tables / small_experiment.measurement.shots
    probabilities[(*SETTING, 5)] += 1e-6
    with pytest.raises(BadInput, match=f"counts of {NAME} add up to 1.000001: give 1 shots"):
        check(probabilities, small_experiment, "exact")


def test_a_missing_basis_is_named_and_not_refused(tables, small_experiment):
    tables[SETTING] = 0
    check(tables, small_experiment)
    assert masked_settings(tables, labels(small_experiment)) == [NAME]


def test_a_branch_without_shots_is_named(tables, small_experiment):
    """All of them in the other branch: the sum is right, and nothing is there to analyse."""
    design = small_experiment.design
    inside = Layout.of(design).branch(design.arms[SETTING[0]].records)
    tables[SETTING] = 0
    tables[(*SETTING, int(np.flatnonzero(~inside)[0]))] = 500
    check(tables, small_experiment)
    assert masked_settings(tables, labels(small_experiment)) == [NAME]
    # The other arm analyses the other branch.
    other = (1 - SETTING[0], *SETTING[1:])
    tables[other] = tables[SETTING]
    assert masked_settings(tables, labels(small_experiment)) == [NAME]


def test_of_many_missing_settings_a_few_are_named(tables, small_experiment):
    tables[1, 0] = 0
    found = masked_settings(tables, labels(small_experiment))
    assert len(found) == 6
    assert found[-1] == "and 19 more"


@pytest.mark.parametrize("readout", ["raw", "corrected"])
def test_what_is_missing_is_masked_in_the_results_and_nothing_else(small_run, readout):
    """One basis of one trial: that point is NaN by name, and all trials together do without it."""
    from recycling.results.calibrations import calibrations

    counts = small_run.counts.copy(deep=True)
    known = {"readout": readout}
    if readout != "raw":
        known["assignment"] = calibrations(small_run).assignment
    whole = analyse_counts(small_run.experiment, counts, {}, **known)
    assert whole.attrs["masked"] == ""
    setting = {"arm": "recycling", "theta_b": 0.4, "trial": counts["trial"].values[1],
               "stage": "before", "preparation": "I", "basis": "Z"}  # fmt: skip
    counts.loc[setting] = 0
    found = analyse_counts(small_run.experiment, counts, {}, **known)
    assert found.attrs["masked"] == (
        f"recycling arm, θ_b = 0.4000, trial {setting['trial']}, before, I, basis Z"
    )
    point = {"arm": "recycling", "theta_b": 0.4, "trial": setting["trial"]}
    for name in VARIABLES:
        if name == "success_fidelity":
            expected = np.zeros(whole[name].shape, bool)
        else:
            missing = whole[name] * 0 == 1
            where = {k: v for k, v in point.items() if k in missing.dims}
            if name == "branch_probability":
                pass
            elif "stage" in missing.dims:
                missing.loc[{**where, "stage": "before"}] = True
            else:
                missing.loc[where] = True
            expected = missing.values
        for end in ("", "_low", "_high"):
            own, before = found[name + end].values, whole[name + end].values
            assert np.array_equal(np.isnan(own), expected | np.isnan(before)), name + end
    combined = found["heat_combined"].sel(arm="recycling", theta_b=0.4)
    assert np.isfinite(combined).all()


def test_a_correction_needs_its_matrices(small_run):
    with pytest.raises(BadInput, match="readout = 'corrected': give the assignment matrices"):
        analyse_counts(small_run.experiment, small_run.counts, {}, readout="corrected")


def test_refusals_are_raised_by_an_analysis(small_run):
    counts = small_run.counts.copy(deep=True)
    counts.values.flat[0] = -1
    with pytest.raises(rc.errors.BadInput, match="give counts of 0 or more"):
        analyse_counts(small_run.experiment, counts, {})
