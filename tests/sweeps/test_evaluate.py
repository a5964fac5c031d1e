"""A sweep against the scalar path: a plan, an exact run and its analysis at the same values."""

import numpy as np
import pytest

import recycling as rc
from recycling.errors import BadInput
from recycling.planning.chips import build_device
from recycling.planning.circuits import compile_all
from recycling.simulation.engine import lower_all
from recycling.sweeps.evaluate import prepare
from recycling.sweeps.frame import coordinates_of
from recycling.sweeps.run import sweep
from recycling.sweeps.work import Work

EXACT = {"shots": "exact", "trials": 1}
LAYOUT = {"C_I": 11, "C_C0": 18, "C_C1": 12, "C_A": 13, "B": 10, "S": 9}
OVER = {
    "samples": 3,
    "device.t1": {"sobol": [1e-4, 4e-4], "scale": "log"},
    "device.t2": {"random": [3e-5, 2e-4]},
    "device.feedforward_latency": {"sobol": [1e-7, 1e-5]},
    "device.cz_error": {"random": [1e-3, 1e-2]},
    "device.single_qubit_error": {"random": [1e-4, 1e-3]},
    "device.readout_error": {"random": [1e-3, 3e-2]},
    "bath.temperature": {"random": [0.02, 0.1]},
    "bath.frequency": {"random": [4e9, 6e9]},
    "sweep.p_x": {"random": [0.05, 0.45]},
    "sweep.theta_b": {"sobol": [0.0, 0.78]},
}
TINY = {"name": "tiny", "algorithm": {"name": "repeat-until-success"}, "measurement": EXACT}
TINY_DEVICE = {"profile": "ideal", "feedforward_latency": 1e-5, "t1": 2e-4, "t2": 1e-4}


def at_a_sample(row):
    """The spec of one experiment at the values of a sample."""
    values = {name: float(row[name]) for name in row.coords if row[name].dims == ()}
    numbers = ("t1", "t2", "feedforward_latency", "cz_error", "single_qubit_error", "readout_error")
    return rc.Experiment(
        name="one",
        device={"profile": "paper", "layout": LAYOUT, **{key: values[key] for key in numbers}},
        bath={key: values[key] for key in ("temperature", "frequency")},
        sweep={key: [values[key]] for key in ("p_x", "theta_b")},
        measurement=EXACT,
    )


def test_samples_are_what_a_run_at_their_values_shows(tmp_path):
    device = {"profile": "paper", "layout": LAYOUT}
    swept = rc.Experiment(name="many", device=device, sweep={"over": OVER}, measurement=EXACT)
    dataset = sweep(swept, tmp_path / "sweep", workers=0)
    for place in (0, 2):
        row = dataset.isel(sample=place).load()
        run = rc.run(at_a_sample(row), out=tmp_path / f"run-{place}")
        analysed = rc.analyse(run).squeeze(drop=True)
        for name, values in row.data_vars.items():
            expected = analysed[name].transpose(*values.dims)
            np.testing.assert_allclose(values, expected, rtol=1e-12, atol=0, err_msg=name)


def region(device, over, **more):
    experiment = rc.Experiment(**TINY, device=device, **more, sweep={
        "theta": [0.3, 0.6], "p_x": [0.1, 0.4], "over": over})  # fmt: skip
    work = Work.of(experiment)
    return work.region(tuple(slice(0, size) for size in work.points.sizes.values()))


def test_a_stage_and_single_qubits_vary(tmp_path):
    over = {"stage.loss_tangent": [0.0, 1e-5], "device.t1[data]": [1e-4, 2e-4]}
    stage = {"calibrated_at": 0.02, "loss_tangent": 0.0}
    found = region(TINY_DEVICE, over, stage=stage, bath={"temperature": 0.2})
    # Axes are sorted by key: T1 of data, then the loss tangent.
    one = rc.Experiment(
        **TINY, device=TINY_DEVICE, bath={"temperature": 0.2},
        stage=stage | {"loss_tangent": 1e-5}, sweep={"theta": [0.3, 0.6], "p_x": [0.1, 0.4]},
    )  # fmt: skip
    run = rc.analyse(rc.run(one, out=tmp_path / "run"))
    expected = run["heat"].isel(trial=0).transpose("arm", "theta", "p_x")
    np.testing.assert_allclose(found["heat"][3], expected, rtol=1e-12)
    assert not np.allclose(found["heat"][1], found["heat"][3], rtol=1e-6, atol=0)


def test_each_profile_and_each_algorithm_is_compiled():
    found = region({"t2": 1e-5}, {"device.optimization_level": [0, 1], "device.profile": ["ideal"]})
    assert found["heat"].shape == (2, 2, 2, 2)


def test_t2_is_limited_where_that_is_said():
    over = {"device.t1": [1e-4, 2e-5]}
    with pytest.raises(BadInput, match=r"above 2 t1 = 4e-05 s at a point of the sweep: give"):
        region(TINY_DEVICE, over)
    limited = region(TINY_DEVICE, over | {"limit_t2": True})
    least = region(TINY_DEVICE | {"t2": 4e-5}, {"device.t1": [2e-5]})
    np.testing.assert_allclose(limited["heat"][1], least["heat"][0], rtol=1e-12)


def test_a_swept_t2_says_that_its_values_are_before_the_cut():
    over = {"device.t1": [1e-3], "device.t2": [1e-4, 2e-4]}
    for cut in (True, False):
        swept = {"theta": [0.3], "over": over | {"limit_t2": cut}}
        experiment = rc.Experiment(**TINY, device=TINY_DEVICE, sweep=swept)
        frame = coordinates_of(experiment, Work.of(experiment))
        assert ("comment" in frame["t2"].attrs) is cut
        assert "comment" not in frame["t1"].attrs


def test_circuits_of_a_chip_are_the_same_whatever_its_errors():
    device = {"profile": "paper", "layout": LAYOUT}
    over = {"device.cz_error": [1e-4, 0.1], "device.single_qubit_error": [1e-5, 0.1]}
    prepared = prepare(rc.Experiment(name="many", device=device, sweep={"over": over}))
    worst = device | {"cz_error": 0.1, "single_qubit_error": 1e-5}
    experiment = rc.Experiment(name="one", device=worst)
    circuits = compile_all(experiment, build_device(experiment))
    programs = lower_all(list(circuits.values()), prepared.device)
    assert [each.steps for each in programs] == [each.steps for each in prepared.programs]


@pytest.mark.parametrize(
    ("over", "more", "fault"),
    [
        ({"device.t1[X]": [1e-4]}, {}, r'"device.t1\[X\]": no qubit X; give one of data, ancilla'),
        ({"stage.loss_tangent": [1e-7]}, {}, "the spec has no stage"),
        ({"bath.frequency": [4e9]}, {"link": {"preset": "eth-5m"}}, "the link would be another"),
    ],
)
def test_keys_without_a_meaning_are_refused(over, more, fault):
    with pytest.raises(BadInput, match=fault):
        region(TINY_DEVICE, over, **more)


def test_a_run_has_no_sweep_over_devices():
    swept = rc.Experiment(**TINY, device=TINY_DEVICE, sweep={"over": {"device.t1": [1e-4]}})
    with pytest.raises(BadInput, match=r"sweep\.over: a run has a single device; give the spec to"):
        rc.plan(swept)


@pytest.mark.parametrize("realisation", ["channel", "idle"])
def test_a_link_is_made_for_each_of_its_values(tmp_path, realisation):
    link = {"name": "photonic", "transmissivity": 0.9, "realisation": realisation}
    device = TINY_DEVICE | {"cz_error": 0.01}
    found = region(device | {"cz_error": 0.0}, {
        "link.transmissivity": [0.5, 0.8], "device.cz_error": [0.01]}, link=link)  # fmt: skip
    one = rc.Experiment(
        **TINY, device=device, link=link | {"transmissivity": 0.8},
        sweep={"theta": [0.3, 0.6], "p_x": [0.1, 0.4]},
    )  # fmt: skip
    run = rc.analyse(rc.run(one, out=tmp_path / "run"))
    for name in ("heat", "link_heat", "excess_strict_tight"):
        expected = run[name].isel(trial=0).transpose("arm", "theta", "p_x")
        np.testing.assert_allclose(found[name][1], expected, rtol=1e-12, atol=0)


def test_values_that_do_not_go_together_are_refused_in_one_line():
    with pytest.raises(
        BadInput, match=r"sweep\.over at link\.transmissivity = 0\.5: link\."
    ) as error:
        region(TINY_DEVICE, {"link.transmissivity": [0.5]}, link={"name": "identity"})
    assert len(error.value.faults) == 1
