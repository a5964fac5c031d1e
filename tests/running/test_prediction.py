"""What is sealed before a run: it is the engine's prediction, with the errors that were assumed."""

import numpy as np
import pytest

import recycling as rc
from recycling.planning.plan import Plan
from recycling.results.prediction import prediction_bytes, read_prediction
from recycling.running.prediction import MOST_QUBITS, predicted, sealed_prediction
from recycling.spec.sections import PredictionSpec


@pytest.fixture(scope="module")
def prediction(small_plan):
    return predicted(small_plan)


def test_it_is_the_prediction_of_the_plan(prediction, small_plan):
    """Another path of the engine to the same numbers, which `recycling plan` shows."""
    for name, values in small_plan.prediction.values.items():
        found = prediction[name].sel(arm="recycling", limit="value")
        np.testing.assert_allclose(found, values, rtol=1e-9, atol=1e-36)


def test_a_run_without_scatter_is_what_was_predicted(theory_run, tmp_path):
    del tmp_path
    dataset, sealed = rc.analyse(theory_run, folder=None), read_prediction(
        (theory_run.path / "prediction.nc").read_bytes()
    )  # fmt: skip
    for name in ("heat", "entropy", "excess_tight", "success_fidelity", "branch_probability"):
        measured = dataset[f"{name}_combined"].sel(limit="value")
        if "p_x" in measured.dims:
            measured = measured.sel(p_x=sealed.attrs["p_x"], drop=True)
        expected = sealed[name].sel(limit="value").transpose(*measured.dims)
        np.testing.assert_allclose(measured, expected, rtol=1e-9, atol=1e-33)


def test_intervals_follow_from_the_assumed_errors(small_plan, prediction):
    """The derivative by every number, checked by a device that really has another one."""
    device = small_plan.device
    place = device.roles.index("B")
    t1 = np.array(device.t1, dtype=float)
    t1[place] /= 1.02
    t2 = np.array(device.t2, dtype=float)
    t2[place] = 1 / (1 / t2[place] + 0.02 / (2 * device.t1[place]))
    moved = predicted(
        Plan(
            small_plan.experiment,
            small_plan.backend,
            device.replace("worse", t1=t1, t2=t2),
            small_plan.circuits,
        )
    )
    change = moved["probability"] - prediction["probability"]
    slope = prediction["sensitivity"].sel(noise="T1 of B", drop=True)
    # To first order: the second is of the size of the step.
    assert abs(change / 0.02 - slope).max() < 0.05 * abs(slope).max()
    wide = small_plan.experiment.model_copy(
        update={"prediction": PredictionSpec(t1=0.4, t2=0.4, excited_population=0.6,
            single_qubit_error=0.4, two_qubit_error=0.4, readout_error=0.4)}
    )  # fmt: skip
    plan = Plan(wide, small_plan.backend, device, small_plan.circuits)
    twice = predicted(plan)["heat"]
    once = prediction["heat"]
    width = twice.sel(limit="high") - twice.sel(limit="value")
    np.testing.assert_allclose(width, 2 * (once.sel(limit="high") - once.sel(limit="value")))


def test_a_prediction_is_made_and_read_again(prediction, small_plan):
    assert predicted(small_plan).identical(prediction)
    assert read_prediction(prediction_bytes(prediction)).identical(prediction)


def test_other_axes_of_tomography_change_no_prediction():
    """Frames turn what is measured, and the quantities stay."""
    spec = {
        "name": "tiny", "algorithm": {"name": "repeat-until-success"},
        "device": {"profile": "ideal"}, "sweep": {"theta": [0.3, 0.6], "p_x": [0.1]},
    }  # fmt: skip
    poles = {"recycling": {"before": {"B": [[0.7, 0.3], [1.1, -0.4]]}}}
    turned = rc.Experiment(**spec, measurement={"allocation": {"poles": poles}})
    usual, found = (predicted(rc.plan(each)) for each in (rc.Experiment(**spec), turned))
    assert abs(found["probability"] - usual["probability"]).max() > 0.01
    for name in ("heat", "entropy", "excess_tight"):
        np.testing.assert_allclose(
            found[name], usual[name], rtol=1e-9, atol=1e-10 if name == "entropy" else 1e-33
        )


def test_the_section_is_no_part_of_the_hash_unless_given(small_experiment, small_spec):
    other = rc.Experiment.parse(small_spec + "\n[prediction]\nt1 = 0.3\n")
    assert other.prediction.t1 == 0.3
    assert other.hash != small_experiment.hash
    assert rc.Experiment.parse(other.to_toml()) == other
    assert "prediction" not in small_experiment.to_toml()


def test_bad_errors_are_refused_in_one_line(small_spec):
    with pytest.raises(rc.BadInput, match=r"prediction\.t1 = -0\.1") as caught:
        rc.Experiment.parse(small_spec + "\n[prediction]\nt1 = -0.1\n")
    assert len(caught.value.faults) == 1


def test_what_is_too_large_has_a_reason(small_plan, monkeypatch):
    monkeypatch.setattr("recycling.running.prediction.MOST_QUBITS", 5)
    assert sealed_prediction(small_plan) == "no prediction: 6 qubits are more than 5"
    monkeypatch.setattr("recycling.running.prediction.MOST_QUBITS", MOST_QUBITS)
    monkeypatch.setattr("recycling.running.prediction.MOST_DISPLACED", 5)
    alone = predicted(small_plan)
    assert "noise" not in alone.dims
    heat = alone["heat"]
    assert (heat.sel(limit="low") == heat.sel(limit="high")).all()
