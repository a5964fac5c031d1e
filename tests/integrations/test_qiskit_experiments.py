"""The protocol as an experiment of qiskit-experiments: same numbers, and kept by its means."""

import importlib.metadata
import json
import tomllib
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from qiskit_aer import AerSimulator
from qiskit_experiments.database_service import LocalExperimentService
from qiskit_experiments.framework import ExperimentData, ExperimentDecoder, ExperimentEncoder
from qiskit_experiments.framework import json as their_json
from scipy.stats import chi2

import recycling as rc
import recycling.integrations.qiskit_experiments as integration
from recycling import extras
from recycling.integrations.qiskit_experiments import (
    RecyclingAnalysis,
    RecyclingErasure,
    dataset_of,
    run_of,
)
from recycling.integrations.qiskit_experiments.jobs import cut_at_points
from recycling.integrations.qiskit_experiments.settings import counts_from, settings_of
from recycling.integrations.qiskit_experiments.sources import experiment_of
from recycling.integrations.qiskit_experiments.stored import ENTRY, entry_of
from recycling.jobs.counts import table_of_trial
from recycling.results.verdicts import verdicts

TINY = {
    "name": "tiny",
    "seed": 5,
    "algorithm": {"name": "repeat-until-success"},
    "device": {"profile": "ideal"},
    "sweep": {"theta": [0.6], "p_x": [0.4]},
    "measurement": {"shots": 80, "trials": 1},
}
ROOT = Path(rc.__file__).parents[1]


@pytest.fixture(scope="module")
def readable():
    """Their decoder takes this package for registered, as it is once it is installed."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(
            their_json, "_allowed_packages", frozenset({"recycling", "qiskit_experiments"})
        )
        yield


@pytest.fixture(scope="module")
def tiny_data():
    experiment = RecyclingErasure(TINY)
    experiment.analysis.set_options(plot=False)
    return experiment.run(AerSimulator(), shots=60).block_for_results()


def entries_of(run):
    """Counts of a run as an ExperimentData holds them, in the order of the circuits."""
    design = run.experiment.design
    bits, metadata = len(design.recorded_roles), settings_of(run.experiment)
    points = run.experiment.num_points
    for trial in range(run.experiment.measurement.trials):
        counts = run.counts.isel(trial=trial).values
        table = table_of_trial(design, counts.reshape(*counts.shape[:3], points, *counts.shape[4:]))
        for row in table.swapaxes(0, 1).reshape(-1, 2**bits):
            held = {format(n, f"0{bits}b"): int(count) for n, count in enumerate(row) if count}
            yield {"counts": held, "metadata": next(metadata)}


def test_the_same_counts_give_the_same_numbers(small_run, small_dataset):
    data = ExperimentData()
    data.metadata[ENTRY] = entry_of(small_run.experiment, small_run.device, simulated=True)
    data.add_data(list(entries_of(small_run)))
    RecyclingAnalysis().run(data, plot=False).block_for_results()
    assert data.errors() == ""
    found = dataset_of(data)
    assert set(found.data_vars) == set(small_dataset.data_vars)
    for name, variable in small_dataset.data_vars.items():
        assert found[name].dims == variable.dims
        np.testing.assert_allclose(found[name], variable, rtol=1e-9, atol=0, err_msg=name)
    table = data.analysis_results("verdict_tight", dataframe=True)
    ours = verdicts(small_dataset)
    assert table["value"].tolist() == [each.text for each in ours]
    assert table["z"].tolist() == pytest.approx([each.z for each in ours], rel=1e-9)
    heat = data.analysis_results("heat", dataframe=True)
    shown = small_dataset["heat_combined"].sel(p_x=0.4, limit="value").values.ravel()
    assert [each.n for each in heat["value"]] == pytest.approx(shown, rel=1e-9, abs=0)
    assert set(heat["quality"]) == {"good"}


def test_shots_of_aer_agree_with_the_exact_engine(tiny_data, tmp_path):
    exact = rc.Experiment(**TINY | {"measurement": {"shots": "exact", "trials": 1}})
    expected = 60 * rc.run(exact, out=tmp_path / "exact").counts.values
    counts = counts_from(experiment_of(TINY), tiny_data.data())
    common = expected > 1
    rest = np.where(common, 0, expected).sum(), np.where(common, 0, counts.values).sum()
    statistic = ((counts.values - expected)[common] ** 2 / expected[common]).sum()
    freedom = int(common.sum()) - 24
    assert statistic < chi2.isf(1e-6, freedom)
    assert abs(rest[1] - rest[0]) < 5 * np.sqrt(rest[0]) + 5
    # The seed of the spec decides the shots.
    again = RecyclingErasure(TINY).run(AerSimulator(), analysis=None, shots=60).block_for_results()
    assert [each["counts"] for each in again.data()] == [e["counts"] for e in tiny_data.data()]


def test_circuits_carry_what_they_measure():
    experiment = RecyclingErasure(TINY, backend=AerSimulator())
    circuits = experiment.circuits()
    assert len(circuits) == 24 == len({circuit.name for circuit in circuits})
    assert circuits[0].metadata == {
        "trial": 0, "point": 0, "arm": "equilibrium", "stage": "before", "preparation": "I",
        "basis": "X", "values": {"theta": 0.6},
    }  # fmt: skip
    assert not any(circuit.parameters for circuit in circuits)


@pytest.mark.usefixtures("readable")
def test_an_experiment_comes_back_from_its_config():
    experiment = RecyclingErasure(rc.preset("paper"), [11, 18, 12, 13, 10, 9])
    experiment.set_run_options(shots=100)
    experiment.set_experiment_options(max_circuits=500)
    experiment.analysis.set_options(readout="corrected")
    text = json.dumps([experiment, experiment.analysis], cls=ExperimentEncoder)
    again, analysis = json.loads(text, cls=ExperimentDecoder)
    assert again.spec == experiment.spec
    assert again.physical_qubits == (11, 18, 12, 13, 10, 9)
    assert (again.run_options.shots, again.experiment_options.max_circuits) == (100, 500)
    assert analysis.options.readout == "corrected"
    assert experiment.config().experiment().spec.hash == experiment.spec.hash


@pytest.mark.usefixtures("readable")
def test_data_come_back_from_a_service_and_from_json(tiny_data, tmp_path):
    service = LocalExperimentService(str(tmp_path / "db"))
    tiny_data.service = service
    tiny_data.save(suppress_errors=False)
    loaded = ExperimentData.load(tiny_data.experiment_id, service)
    tiny_data._service = None
    text = json.dumps(tiny_data, cls=ExperimentEncoder)
    for data in (loaded, json.loads(text, cls=ExperimentDecoder)):
        assert dataset_of(data).identical(dataset_of(tiny_data))
        assert len(data.analysis_results(dataframe=True)) == 18
    run = run_of(loaded, tmp_path / "run")
    assert run.record["simulated"] is True
    assert rc.analyse(run)["heat"].equals(dataset_of(tiny_data)["heat"])
    # Analysed again without the backend, by another readout.
    again = RecyclingAnalysis().run(data, plot=False, readout="corrected").block_for_results()
    assert dataset_of(again).attrs["readout"] == "corrected"


def test_the_package_is_registered_with_their_decoder():
    group = "qiskit_experiments.deserialization_packages"
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    assert project["entry-points"][group] == {"recycling": "recycling"}
    assert importlib.metadata.entry_points(group=group)


def test_a_single_trial_has_unknown_quality_and_shots_follow_the_options(tiny_data):
    assert tiny_data.errors() == ""
    assert dataset_of(tiny_data).attrs["shots"] == "60"
    assert tiny_data.backend_name == "aer_simulator"
    table = tiny_data.analysis_results(dataframe=True)
    assert set(table["quality"]) <= {"unknown", "bad"}
    assert set(table["data_kind"]) == {"simulated"}


def changed(**sections):
    return TINY | {key: TINY.get(key, {}) | value for key, value in sections.items()}


@pytest.mark.parametrize(
    ("source", "line"),
    [
        (changed(measurement={"shots": "exact"}), "measurement.shots = 'exact'"),
        (changed(inference={"temperature": "calibration"}), "inference.temperature"),
        (changed(hardware={"assignment": "interleaved"}), "hardware.assignment"),
        (changed(bath={"temperature": -1.0}), "bath.temperature = -1"),
        ("no-such-file.toml", "no-such-file.toml"),
    ],
)
def test_what_cannot_be_measured_is_refused_in_a_line(source, line):
    with pytest.raises(rc.BadInput) as error:
        RecyclingErasure(source)
    assert line in str(error.value)
    assert "\n" not in str(error.value)


def test_qubits_are_of_all_roles():
    with pytest.raises(rc.BadInput, match=r"physical_qubits = \[1, 2\]: give 4: of data"):
        RecyclingErasure(TINY, [1, 2])


def test_a_noise_model_that_would_be_replaced_is_refused():
    from qiskit_aer.noise import NoiseModel

    with pytest.raises(rc.BadInput, match="give sampler="):
        RecyclingErasure(TINY).run(AerSimulator(noise_model=NoiseModel()))


@pytest.mark.parametrize("damage", ["missing", "unknown", "counts", "record"])
def test_damaged_data_are_named(damage):
    experiment = experiment_of(TINY)
    data = [{"counts": {"0000": 60}, "metadata": each} for each in settings_of(experiment)]
    if damage == "missing":
        del data[3]
    elif damage == "unknown":
        data[3]["metadata"] = {"arm": "cat"}
    elif damage == "counts":
        data[3] = {"memory": [], "metadata": data[3]["metadata"]}
    else:
        data[3]["counts"] = {"00": 60}
    named = {"missing": "lack 1 of 24", "record": "the record '00'"}.get(damage, r"data\[3\]")
    with pytest.raises(rc.BadInput, match=named):
        counts_from(experiment, data)


@given(
    st.integers(1, 6), st.integers(1, 4), st.integers(1, 100_000), st.integers(24, 200) | st.none()
)
@settings(max_examples=15)
def test_no_job_holds_part_of_a_point(points, trials, shots, most):
    sweep = {"theta_b": np.linspace(0, 0.7, points).tolist(), "p_x": [0.4]}
    experiment = rc.Experiment(name="a", sweep=sweep, measurement={"trials": trials})
    circuits = list(range(24 * points * trials))
    parts = cut_at_points(experiment, circuits, shots, most)
    assert [circuit for part in parts for circuit in part] == circuits
    assert all(len(part) % 24 == 0 and len(part) * shots <= 10_000_000 for part in parts)
    assert all(len(part) <= (most or len(part)) for part in parts)
    assert all(part[0] // (24 * points) == part[-1] // (24 * points) for part in parts)


def test_a_job_that_is_too_small_for_a_point_is_refused():
    with pytest.raises(rc.BadInput, match="max_circuits = 20"):
        cut_at_points(experiment_of(TINY), list(range(24)), 10, 20)


def test_without_the_extra_a_line_says_which(monkeypatch):
    monkeypatch.setattr(extras, "find_spec", lambda _name: None)
    with pytest.raises(rc.BadInput, match=r"needs qiskit-experiments: pip install .*experiments"):
        importlib.reload(integration)
