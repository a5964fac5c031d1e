"""A stage in a spec: the device of its plan, its run and its report, and what is refused."""

from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest
import xarray as xr
from scipy.constants import h, k
from scipy.stats import chi2

import recycling as rc
from recycling.devices.stage import Stage
from recycling.execution.aer import simulate_shots
from recycling.planning.chips import build_device
from recycling.planning.plan import check_for_machine
from recycling.planning.rehearsal import simulate_counts
from recycling.reporting.machine_sections import stage_section
from recycling.results.analysis import analyse_counts
from recycling.results.attributes import experiment_attributes
from recycling.results.reference import known_reference
from recycling.results.theory import ideal_experiment
from recycling.simulation.engine import compile_program, execute
from recycling.studies.plan_view import plan_summary, plan_tables
from tests.on_ibm import command
from tests.snapshots.outside import fingerprint

#: Four qubits, whose device and circuits are quickly made.
SPEC = """\
name = "stage"
[algorithm]
name = "repeat-until-success"
[device]
profile = "FakeTorino"
layout = {{ data = 1, ancilla = 0, B = 2, S = 3 }}
[bath]
temperature = {kelvin}
[sweep]
theta = [0.6]
p_x = [0.4]
[measurement]
shots = "exact"
trials = 1
"""
STAGE = """\
[stage]
calibrated_at = "43 mK"
loss_tangent = 1e-7
"""


def experiment(kelvin=0.043, stage=STAGE, **changes):
    return rc.Experiment.parse(SPEC.format(kelvin=kelvin) + stage, **changes)


@pytest.fixture(scope="module")
def cold():
    """Plan at the temperature of the calibration, without a stage."""
    return rc.plan(experiment(stage=""))


@pytest.fixture(scope="module")
def warm():
    """Plan at 300 mK."""
    return rc.plan(experiment(0.3))


def test_the_device_of_a_plan_is_carried(cold, warm):
    assert warm.device == Stage(0.043, 1e-7).carried(cold.device, 0.3)
    assert warm.device.source("t1", "B") == (
        "carried from 43 mK to 300 mK (modelled): fake_torino snapshot"
    )
    assert warm.device.source("temperature", "B") == "given for the stage"
    expected = 1 / (1 + np.exp(h * warm.device.frequency / (k * 0.3)))
    np.testing.assert_allclose(warm.device.excited_population, expected, rtol=1e-12)
    assert cold.device.t1[2] > warm.device.t1[2]
    # No temperature changes what is executed.
    for setting, circuit in cold.circuits.items():
        assert fingerprint(warm.circuits[setting]) == fingerprint(circuit)


def test_times_of_the_spec_are_those_of_the_calibration():
    given = experiment(1.0, device={"profile": "ideal", "t1": "397 us", "t2": 180.508736e-6})
    device = build_device(given)
    assert [round(device.t1[2] * 1e6, 3), round(device.t2[2] * 1e6, 3)] == [47.764, 65.041]
    assert device.source("t1", "B") == "carried from 43 mK to 1 K (modelled): given in the spec"


def test_a_snapshot_behind_a_backend_is_carried(warm):
    spec = experiment(0.3, measurement={"shots": 100, "trials": 1})
    planned = rc.plan(spec, "fake:FakeTorino")
    assert planned.device == warm.device


def test_an_absent_stage_changes_no_hash():
    without, staged = experiment(stage=""), experiment()
    assert without.stage is None
    assert "[stage]" not in without.to_toml()
    assert staged.hash != without.hash
    assert rc.Experiment.parse(staged.to_toml()) == staged
    # Theory has ideal qubits in the same bath.
    assert ideal_experiment(staged).hash == ideal_experiment(without).hash


def test_a_stage_where_it_was_calibrated_leaves_the_dataset_unchanged(cold):
    spec = experiment()
    staged = replace(cold, experiment=spec, device=build_device(spec))
    assert staged.device == cold.device
    found, expected = (
        analyse_counts(
            plan.experiment,
            simulate_counts(plan),
            experiment_attributes(plan.experiment, plan.device),
            reference=known_reference(plan.experiment),
        )
        for plan in (staged, cold)
    )
    xr.testing.assert_equal(found, expected)


def test_the_report_shows_the_stage(cold, warm):
    evidence = SimpleNamespace(
        experiment=warm.experiment, run=SimpleNamespace(device=warm.device, record={})
    )
    text, table, note = stage_section(evidence).parts
    assert text.text == (
        "Calibrated at 43 mK, carried to 300 mK (modelled: boson bath, tan δ = 1e-07, η = 0.05)."
    )
    assert table.table.columns[1:3] == ("T1 (µs), 43 mK", "T1 (µs), 300 mK")
    role, cold_t1, warm_t1, *_, population = table.table.rows[2]
    assert (role, population) == ("B", "0.31005")
    shown = [f"{plan.device.t1[2] * 1e6:.1f}" for plan in (cold, warm)]
    assert [cold_t1, warm_t1] == shown
    errors = [
        np.mean([gate.error for gate in plan.device.gates if gate.name == "cz"])
        for plan in (cold, warm)
    ]
    assert table.table.note == (
        f"Mean error of the CZ gates: {errors[0]:.2e} at 43 mK, {errors[1]:.2e} at 300 mK."
    )
    assert errors[0] < errors[1]
    assert "as calibrated" in note.text
    evidence = SimpleNamespace(experiment=cold.experiment, run=cold)
    assert stage_section(evidence) is None


def test_the_plan_names_the_stage(cold, warm):
    assert dict(plan_tables(warm)[0].rows)["stage"] == (
        "calibrated at 43 mK, carried to 300 mK (modelled: boson bath, tan δ = 1e-07, η = 0.05)"
    )
    assert plan_summary(warm)["stage"] == {
        "calibrated_at_K": 0.043, "loss_tangent": 1e-7, "bath": "boson", "dephasing_prefactor": 0.05
    }  # fmt: skip
    assert "stage" not in plan_summary(cold)


def test_aer_agrees_at_300_mk(cold, warm):
    circuit = warm.circuits["recycling", "after", "X"]
    values = {parameter.name: 0.6 for parameter in circuit.parameters}
    shots = 4000
    found = np.bincount(simulate_shots(circuit, warm.device, values, shots, seed=5), minlength=16)

    def p_value(device):
        (outcome,) = execute([compile_program(circuit, device, values)])
        expected = shots * outcome.probabilities.transpose(3, 2, 1, 0).ravel()
        return chi2.sf(np.sum((found - expected) ** 2 / expected), 15)

    assert p_value(warm.device) > 1e-4
    assert p_value(cold.device) < 1e-12, "the test tells temperatures apart"


# --- What is refused


def test_hardware_has_its_temperature():
    with pytest.raises(rc.BadInput) as caught:
        check_for_machine(experiment(), connection=None)
    line = "stage.calibrated_at = 0.043: hardware has its temperature; remove [stage]"
    assert str(caught.value) == line


@pytest.mark.parametrize(
    ("stage", "line"),
    [
        ("calibrated_at = -1\nloss_tangent = 1e-7", "stage.calibrated_at = -1: give a number"),
        ("calibrated_at = 43\nloss_tangent = 1e-7", "stage.calibrated_at = 43: give 1 mK to 10 K"),
        ("calibrated_at = 0.043\nloss_tangent = -1", "stage.loss_tangent = -1: give 0 or more"),
        ("calibrated_at = 0.043\nloss_tangent = 2", "stage.loss_tangent = 2: give 1 or less"),
        ("calibrated_at = 0.043", "stage.loss_tangent is missing: add it"),
        ("calibrated_at = 1\nloss_tangent = 0\nbath = 'air'", "stage.bath = 'air': give 'boson'"),
        (
            "calibrated_at = 1\nloss_tangent = 0\ndephasing_prefactor = -1",
            "stage.dephasing_prefactor = -1: give 0 or more",
        ),
        (
            "calibrated_at = 1\nloss_tangent = 0\nloss_tan = 0",
            "stage.loss_tan = 0 is an unknown key: did you mean loss_tangent?",
        ),
        ("calibrated_at = 0.3\nloss_tangent = 1e-4", "stage.loss_tangent = 0.0001: T2 = "),
    ],
)
def test_bad_stages_are_told_in_a_line(stage, line, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "bad.toml").write_text(SPEC.format(kelvin=0.043) + "[stage]\n" + stage, "utf-8")
    done = command("run", "bad.toml", "--out", "out")
    assert done.code == 2
    assert line in done.error
    assert not (tmp_path / "out").exists()
