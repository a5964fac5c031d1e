"""Resets as a calorimeter: circuits, physics, durable runs, and the whole way to the report."""

import csv
import json
import re
import shutil
import tomllib
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.constants import h as planck
from scipy.constants import k as boltzmann
from scipy.special import expit

import recycling as rc
import recycling.running.runs
import recycling.studies.reset.report
import recycling.studies.reset.study
from circuits.calibration.resets import reset_circuit
from recycling.cli.terminal import print_table
from recycling.compilation.walk import cz_counts, waits
from recycling.devices.profiles import ideal_device
from recycling.devices.resets import with_resets
from recycling.errors import BadInput
from recycling.execution.ibm.backend import placed_circuit
from recycling.execution.machine import Account
from recycling.execution.registry import connect, parse_backend
from recycling.reporting.typeset import typeset
from recycling.studies.reset.keys import Key, all_keys
from recycling.studies.reset.model import durations, model_populations, pulses
from recycling.studies.reset.plan import compile_resets, plan_on, plan_resets
from recycling.studies.reset.results import analyse_resets
from recycling.studies.reset.run import run_resets
from recycling.studies.reset.spec import BATHS, QUBIT, ResetSpec
from recycling.studies.reset.tables import result_tables
from recycling.studies.stored import open_bundle, open_unchecked
from tests.loopback import Drop, Fault, LoopbackService
from tests.on_ibm import IBM, alive, command, connected
from tests.scripted import DeathAt, Killed, watch_disk

LAYOUT = {"C_I": 11, "C_C0": 18, "C_C1": 12, "C_A": 13, "B": 10, "S": 9}
MEASURE, LATENCY, DT = 1.024e-6, 0.64e-6, 4e-9
TEMPERATURES, FREQUENCIES = st.floats(0.01, 0.1), st.floats(3e9, 7e9)
LIFETIMES = st.floats(20e-6, 500e-6)


def thermal(frequency, temperature):
    return float(expit(-planck * frequency / (boltzmann * temperature)))


def device(t1=np.inf, *, temperature=0.043, frequency=5e9, e0=0.0, e1=0.0, bath=None):
    """A device whose gates take no time and have no error; baths may have another temperature."""
    ideal = ideal_device(temperature=temperature, frequency=frequency)
    count = ideal.num_qubits
    temperatures = np.full(count, temperature)
    for role in BATHS:
        temperatures[ideal.roles.index(role)] = bath or temperature
    return with_resets(
        ideal.replace(
            "example",
            temperature=temperatures,
            t1=(t1,) * count,
            t2=(t1,) * count,
            false_excited=(e0,) * count,
            false_ground=(e1,) * count,
            measure_duration=(MEASURE,) * count,
            feedforward_latency=LATENCY,
            dt=DT,
        )
    )


def populations(spec, on):
    """Population of the qubit at the end of each circuit, without the error of its readout."""
    found = model_populations(compile_resets(spec, on), on)
    return {key: value[0] for key, value in found.items()}


# -- physics -----------------------------------------------------------------------------------


@settings(max_examples=6)
@given(TEMPERATURES, FREQUENCIES, LIFETIMES)
def test_a_wait_relaxes_to_the_thermal_state(temperature, frequency, t1):
    """P1(t) = p_th + (P1(0) - p_th) exp(-t/T1), from 0 and from 1."""
    spec = ResetSpec(methods=("wait",), waits=(10e-6, 300e-6))
    found = populations(spec, device(t1, temperature=temperature, frequency=frequency))
    p = thermal(frequency, temperature)
    for key, value in found.items():
        start = p if key.prepared == "0" else 1 - p
        time = round(key.length / (16 * DT)) * 16 * DT  # whole steps of the control system
        assert value == pytest.approx(p + (start - p) * np.exp(-time / t1), abs=1e-12)


@settings(max_examples=6)
@given(
    TEMPERATURES, FREQUENCIES, LIFETIMES, st.floats(0, 0.05), st.floats(0, 0.05),
    st.integers(1, 3),
)  # fmt: skip
def test_a_flip_leaves_readout_errors_and_relaxation(temperature, frequency, t1, e0, e1, rounds):
    """A Markov chain of two states, written down here."""
    spec = ResetSpec(methods=("measure-and-flip",), rounds=(rounds,))
    on = device(t1, temperature=temperature, frequency=frequency, e0=e0, e1=e1)
    found = populations(spec, on)
    p, kept = thermal(frequency, temperature), np.exp(-LATENCY / t1)
    for prepared, start in (("0", p), ("1", 1 - p)):
        chance = start
        for _ in range(rounds):
            read_one = {0: e0, 1: 1 - e1}
            after = 0.0
            for state, share in ((0, 1 - chance), (1, chance)):
                relaxed = p + (state - p) * kept
                after += share * (read_one[state] * (1 - relaxed) + (1 - read_one[state]) * relaxed)
            chance = after
        assert found["measure-and-flip", rounds, prepared] == pytest.approx(chance, abs=1e-12)


@settings(max_examples=6)
@given(TEMPERATURES, TEMPERATURES, FREQUENCIES)
def test_a_swap_gives_the_population_of_the_bath(temperature, bath, frequency):
    """And the bath that of the qubit; a flag that is thermal misses as many of them."""
    spec = ResetSpec(methods=("swap",), rounds=(1,))
    on = device(temperature=temperature, frequency=frequency, bath=bath)
    flag = np.broadcast_to(on.temperature, on.num_qubits).copy()
    flag[on.roles.index("C_A")] = 1e-3  # it is in |0⟩ then: no SWAP is missed
    found = model_populations(compile_resets(spec, cold := on.replace("cold", temperature=flag)),
                              cold)  # fmt: skip
    p, p_bath = thermal(frequency, temperature), thermal(frequency, bath)
    for prepared, start in (("0", p), ("1", 1 - p)):
        qubit, first, second = found["swap", 1, prepared]
        assert (qubit, first, second) == pytest.approx((p_bath, start, p_bath), abs=1e-12)


def test_analysis_of_exact_shots_gives_the_model_and_the_bounds(tmp_path):
    """Readout undone to rounding; a SWAP with a thermal bath is at Q_tight but for its errors."""
    spec = ResetSpec(shots="exact", rounds=(1, 2), waits=(100e-6,), device={"layout": LAYOUT})
    run = run_resets(spec, out=tmp_path / "run")
    results = analyse_resets(run)
    assert len(results.rows) == 3 * (1 + 2 + 2 + 2)
    for row in results.rows:
        found = row.estimates
        # The readout's own calibration takes gate and relaxation errors of its circuits along.
        assert found["population"].value == pytest.approx(row.modelled, abs=2e-3)
        assert found["heat"].low == found["heat"].high
        assert found["fidelity"].value == pytest.approx(1 - found["population"].value)
        if row.method in ("wait", "swap"):
            assert found["excess_landauer"].value > -1e-3 * results.quantum
        if row.method == "swap" and row.weight == 0.4:
            assert found["excess_tight"].value > 0
    mixed, none, one = (
        next(r for r in results.rows if (r.method, r.weight) == ("swap", weight))
        for weight in (0.4, 0.0, 1.0)
    )
    together = 0.6 * none.estimates["heat"].value + 0.4 * one.estimates["heat"].value
    assert mixed.estimates["heat"].value == pytest.approx(together)


# -- circuits ----------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def plan():
    return plan_resets(ResetSpec(rounds=(1, 3), waits=(100e-6,), device={"layout": LAYOUT}))


@pytest.mark.parametrize("level", [0, 1, 2, 3])
def test_no_transpiler_removes_a_reset(plan, level):
    spec = plan.spec.model_copy(
        update={"device": plan.spec.device.model_copy(update={"optimization_level": level})}
    )
    circuits = compile_resets(spec, plan.device)
    assert circuits["reset", 3, "0"].count_ops()["reset"] == 3
    assert circuits["measure-and-flip", 3, "1"].count_ops()["if_else"] == 3
    pair = frozenset(plan.device.roles.index(role) for role in (QUBIT, BATHS[0]))
    assert cz_counts(circuits["swap", 1, "0"]) == {pair: 3}


def test_a_reset_takes_as_long_as_it_is_scheduled(plan):
    """Measurement, latency and flip or SWAP; a wait to the step of the control system."""
    found, on = durations(plan.circuits, plan.device), plan.device
    flip = on.gate_table["x", (on.roles.index(QUBIT),)].duration
    round_trip = on.measure_duration[0] + on.feedforward_latency
    assert found["measure-and-flip", 1, "1"] == pytest.approx(round_trip + flip)
    assert found["measure-and-flip", 3, "1"] == pytest.approx(3 * (round_trip + flip))
    assert found["reset", 3, "0"] == pytest.approx(3 * (on.measure_duration[0] + flip))
    assert found["wait", 100e-6, "0"] == pytest.approx(100e-6, abs=8 * 16 * on.dt)
    assert found["swap", 1, "0"] == pytest.approx(3.3e-6, rel=1e-3)  # as printed in the paper
    counted = pulses(plan.circuits, plan.device)
    assert counted["reset", 1, "0"] is None
    assert str(counted["measure-and-flip", 1, "1"]).startswith("1 pulses of one qubit, 0 of two, 1")
    assert counted["swap", 1, "0"].double == 3


def test_a_service_gets_waits_but_no_latency(plan):
    """Of its delays, those of an experiment stay; the readout keeps all."""

    def delays(key):
        sent = placed_circuit(plan.circuits[Key(*key)], plan.device, 133)
        return [o.operation.duration for o in sent.data if o.operation.name == "delay"]

    ring_down = set(delays(("control", 0, "1")))
    assert len(ring_down) == 1
    assert set(delays(("measure-and-flip", 3, "1"))) == ring_down
    assert set(delays(("swap", 1, "1"))) == ring_down
    assert max(delays(("wait", 100e-6, "1"))) * plan.device.dt == pytest.approx(100e-6, rel=1e-3)
    assert len(delays(("readout", 0, "000"))) > 0
    assert len(waits(plan.circuits["wait", 100e-6, "1"])) > len(
        waits(plan.circuits["swap", 1, "1"])
    )


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"method": "wait", "length": 0}, "length = 0 s"),
        ({"method": "reset", "length": 1.5}, r"length = 1\.5: give a whole number"),
        ({"method": "swap", "length": 3}, "no more rounds than bath qubits, 2"),
        ({"feedforward_latency": -1}, "feedforward_latency = -1"),
        ({"flag": 1}, "different ones"),
        ({"dt": 0}, "dt = 0 s"),
        ({"num_qubits": 4}, "num_qubits = 4: give one more"),
    ],
)
def test_circuits_refuse_what_they_cannot_build(changes, message):
    usual = {"method": "reset", "length": 1, "excited": True, "qubit": 0, "baths": [1, 2],
             "flag": 3, "num_qubits": 6, "dt": DT}  # fmt: skip
    method, length = (({**usual, **changes}).pop(name) for name in ("method", "length"))
    rest = {k: v for k, v in (usual | changes).items() if k not in ("method", "length")}
    with pytest.raises(ValueError, match=message):
        reset_circuit(method, length, **rest)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("methods = []", "methods is empty: give some of wait, reset"),
        ("methods = ['swap']\nrounds = [3]", r"rounds = \[3\] has no length for 'swap': give one "
         "from 1 to 2"),
        ("waits = []", r"waits = \[\] has no length for 'wait'"),
        ("rounds = [1, 1]", "rounds = 1 comes twice"),
        ("waits = [100]", "waits.* = 100: give 1 ns to 100 ms"),
        ("p_x = [1.5]", "p_x.* = 1.5: give 1 or less"),
        ("device.profile = 'ideal'", "nothing takes time there"),
        ("methods = ['boil']", "methods.* = 'boil'"),
    ],
)  # fmt: skip
def test_bad_specs_are_named(text, message):
    with pytest.raises(BadInput, match=message):
        ResetSpec.parse(text)


def test_defaults_stay():
    told = tomllib.loads(ResetSpec().to_toml())
    assert list(told) == ["name", "seed", "shots", "methods", "rounds", "waits", "p_x", "bath",
                          "device", "hardware"]  # fmt: skip
    assert told["methods"] == ["wait", "reset", "measure-and-flip", "swap"]
    assert (told["shots"], told["rounds"], told["p_x"]) == (4000, [1, 2, 3, 4, 5], [0.4])
    assert told["waits"] == [25e-6, 50e-6, 100e-6, 200e-6, 400e-6, 800e-6, 1600e-6]


def test_spec_survives_toml():
    spec = ResetSpec(waits=("30 us", "1 ms"), methods=("wait", "swap"), p_x=(0.1, 0.5))
    assert ResetSpec.parse(spec.to_toml()) == spec
    assert len(all_keys(spec)) == len(set(all_keys(spec)))


# -- the whole way -----------------------------------------------------------------------------

TEXT = """\
name = "small"
seed = 3
shots = 300
methods = ["wait", "reset", "measure-and-flip", "swap"]
rounds = [1, 2]
waits = ["50 us", "400 us"]

[device]
layout = { C_I = 11, C_C0 = 18, C_C1 = 12, C_A = 13, B = 10, S = 9 }
"""


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    """Folder of a run, and what the command said."""
    folder = tmp_path_factory.mktemp("reset")
    (folder / "spec.toml").write_text(TEXT)
    done = command("reset", folder / "spec.toml", "--out", folder / "run", "--json")
    assert (done.code, done.traceback) == (0, "")
    return folder, json.loads(done.out)


def test_the_dataset_has_the_numbers_of_the_record(finished):
    folder, record = finished
    dataset = rc.open_run(folder / "run").dataset
    assert dataset["method"].values.tolist() == [row["method"] for row in record["resets"]]
    for name in ("population", "heat_J", "excess_tight_J"):
        values = [row[name]["value"] for row in record["resets"]]
        np.testing.assert_array_equal(dataset[name].values, np.array(values, dtype=float))
    assert dataset["heat_J"].attrs["units"] == "J"
    with pytest.raises(BadInput, match="a reset run: only runs of the protocol have verdicts"):
        _ = rc.open_run(folder / "run").controls


def test_command_tells_and_writes_what_it_found(finished):
    folder, record = finished
    assert record["data_kind"] == "simulated by exact"
    assert record["reset_source"].startswith("assumed: ")
    assert record["measure_reset"].endswith("left out")
    rows = list(csv.DictReader((folder / "run" / "reset.csv").read_text().splitlines()))
    assert len(rows) == len(record["resets"]) == 3 * (2 + 2 + 2 + 2)
    for row, told in zip(rows, record["resets"], strict=True):
        assert float(row["heat_J"]) == told["heat_J"]["value"]
        assert told["heat_J"]["low"] <= told["heat_J"]["value"] <= told["heat_J"]["high"]
        assert ("bath_heat_J" in told) == (row["method"] == "swap")
    kept = json.loads((folder / "run" / "reset.json").read_text())
    assert kept == {key: value for key, value in record.items() if key not in ("files", "surplus")}
    page = (folder / "run" / "report.html").read_text()
    assert {path.name for path in (folder / "run" / "figures").iterdir()} == {
        "residual-by-rounds.svg", "residual-by-time.svg", "heat-against-bounds.svg",
    }  # fmt: skip
    for words in ("modelled", "not measured", "assumed: as long as", typeset("Q_ath")):
        assert words in page
    assert not re.search(r"(src|href)=\"https?:", page)


def test_same_command_measures_nothing_again(finished):
    folder, _ = finished
    before = (folder / "run" / "telemetry.jsonl").read_text()
    again = run_resets(ResetSpec.parse(TEXT), out=folder / "run", text=TEXT)
    assert again.record["run_id"] == open_unchecked(folder / "run").run_id
    assert (folder / "run" / "telemetry.jsonl").read_text() == before
    other = command("reset", folder / "spec.toml", "--seed", 4, "--out", folder / "run")
    assert other.code == 2
    assert "exists: give a new folder" in other.only_line


@pytest.fixture(scope="module")
def tables(finished):
    run = open_unchecked(finished[0] / "run")
    return result_tables(run, analyse_resets(run))


@pytest.mark.parametrize("columns", ["60", "120"])
def test_tables_fit_the_terminal(tables, monkeypatch, capsys, columns):
    monkeypatch.setenv("COLUMNS", columns)
    for table, title in tables:
        print_table(table, title)
    told = capsys.readouterr().out
    assert "prepared in 1, simulated by exact" in told
    assert "mixture of p_x = 0.4" in told
    rows = [line for line in told.splitlines() if line.startswith((" flip", " swap"))]
    assert len(rows) == 2 * 4  # none of them broken
    assert max(map(len, rows)) <= 60


def test_it_goes_on_where_it_was_killed(tmp_path):
    """Dead at some writes: the same command brings it to the same outcomes."""
    spec = ResetSpec.parse(TEXT, methods=("reset",), rounds=(1,))
    planned = plan_resets(spec)
    study = replace(recycling.studies.reset.study.STUDY, plan=lambda *_: planned)
    go = lambda out: recycling.running.runs.run(  # noqa: E731
        study, spec, "exact", out, conduct=recycling.running.work.Conduct()
    )
    passed, whole = DeathAt(), tmp_path / "counted"
    with pytest.MonkeyPatch.context() as patch:
        watch_disk(patch, passed)
        expected = go(whole)
    for number in range(2, passed.passed, 13):
        with pytest.MonkeyPatch.context() as patch:
            watch_disk(patch, DeathAt(number))
            with pytest.raises(Killed):
                go(tmp_path / f"run-{number}")
        again = go(tmp_path / f"run-{number}")
        (job,) = again.jobs
        assert np.array_equal(again.outcomes(job).shots, expected.outcomes(job).shots)


def test_damage_is_seen_and_mended(finished, tmp_path):
    shutil.copytree(finished[0] / "run", tmp_path / "run")
    (tmp_path / "run" / "shots" / "swap.npz").unlink()
    (tmp_path / "run" / "circuits.qpy").write_bytes(b"QISKIT")
    assert len(open_unchecked(tmp_path / "run").damage()) == 2
    mended = rc.resume(tmp_path / "run")
    assert mended.damage() == []
    found = analyse_resets(mended).rows[-1].estimates["heat"].ends
    assert found == finished[1]["resets"][-1]["heat_J"]


@pytest.mark.parametrize(
    "backend",
    [
        "trajectories",
        pytest.param("aer", marks=pytest.mark.slow),
        pytest.param("fake:FakeMarrakesh", marks=pytest.mark.slow),
    ],
)
def test_every_simulator_resets(backend, tmp_path):
    spec = ResetSpec.parse(TEXT, methods=("reset", "measure-and-flip"), rounds=(1,), shots=60)
    results = analyse_resets(run_resets(spec, backend, tmp_path / "run"))
    for row in results.rows:
        assert row.estimates["population"].low < 0.1
        if row.weight == 1:
            assert row.estimates["heat"].value > 0.8 * results.quantum


def test_infinitely_many_shots_are_for_the_exact_engine(tmp_path):
    (tmp_path / "spec.toml").write_text('shots = "exact"')
    refused = command("reset", tmp_path / "spec.toml", "--backend", "aer", "--out", tmp_path / "r")
    assert refused.code == 2
    assert "shots = 'exact': only the backend 'exact'" in refused.error
    assert not (tmp_path / "r").exists()


# -- stored runs -------------------------------------------------------------------------------


@pytest.fixture
def plain_reports(monkeypatch):
    """Reports without figures: to draw them takes longer than to make the rest."""
    monkeypatch.setattr(recycling.studies.reset.report, "reset_figures", lambda *_: {})


@pytest.mark.usefixtures("plain_reports")
def test_commands_for_stored_runs_read_it(finished, tmp_path):
    run, record = finished[0] / "run", finished[1]
    assert rc.open_run(run).kind == "reset"
    assert command("status", run).out.splitlines()[-1] == "4 of 4 jobs done"
    told = command("report", run, "--out", tmp_path / "again", "--json")
    assert json.loads(told.out)["resets"] == record["resets"]
    assert (tmp_path / "again" / "report.html").is_file()
    exported = command("export", run, "--out", tmp_path / "tables")
    assert (exported.code, exported.err.count("error")) == (0, 0)
    rows = list(csv.DictReader((tmp_path / "tables" / "resets.csv").read_text().splitlines()))
    assert len(rows) == len(record["resets"])
    units = {row["column"]: row["units"] for row in csv.DictReader(
        (tmp_path / "tables" / "columns.csv").read_text().splitlines())}  # fmt: skip
    assert units["heat_J_low"] == "J"
    shutil.copytree(run, tmp_path / "run")  # a bundle writes the results of a run again
    bundled = command("bundle", tmp_path / "run", "--out", tmp_path / "run.zip")
    assert (bundled.code, bundled.traceback) == (0, "")
    copy = open_bundle(tmp_path / "run.zip", tmp_path / "copy")
    assert json.loads((copy.path / "reset.json").read_text())["resets"] == record["resets"]


@pytest.mark.parametrize(
    "arguments", [("ledger",), ("analyse", "--readout", "raw"), ("export", "--raw")]
)
def test_commands_for_the_protocol_name_the_one_for_resets(finished, arguments):
    run = finished[0] / "run"
    refused = command(*arguments, run)
    assert refused.code == 2
    assert refused.only_line == f"error: run = '{run}' is a reset run: recycling report {run}"
    with pytest.raises(BadInput, match="is a reset run, which has no trials"):
        rc.analyse(rc.open_run(run))


# -- on a service ------------------------------------------------------------------------------


@pytest.mark.usefixtures("plain_reports")
def test_resets_on_a_service_are_paid_once(tmp_path, monkeypatch):
    """An answer lost and a command that leaves: each job is paid once, and reset is the chip's."""
    monkeypatch.chdir(tmp_path)
    text = TEXT.replace('"wait", "reset", "measure-and-flip", "swap"', '"reset", "swap"')
    text = text.replace("[1, 2]", "[1]")
    (tmp_path / "spec.toml").write_text(text)
    with (
        LoopbackService(snapshots=("FakeMarrakesh",), seed=1) as service,
        connected(service, tmp_path / "accounts.json") as patch,
    ):
        connection = connect(parse_backend(IBM), Account())
        patch.setattr(recycling.running.runs, "connect", lambda *_: connection)
        planned = plan_on(ResetSpec.parse(text), parse_backend(IBM), connection)
        study = replace(recycling.studies.reset.study.STUDY, plan=lambda *_: planned)
        patch.setattr(recycling.studies.reset.study, "STUDY", study)
        patch.setattr(recycling.studies.reset.run, "STUDY", study)
        on_ibm = ("reset", "spec.toml", "--backend", IBM, "--out", "run")
        beyond = command(*on_ibm, "--max-qpu-seconds", 1)
        assert beyond.code == 2
        assert "the resets take about" in beyond.error
        service.faults.append(Fault(Drop(accept=True), tag="job:reset"))
        service.queue_polls = 10**6
        left = command(*on_ibm, "--no-wait")
        assert left.code == 3
        early = command("report", "run")
        assert (early.code, early.only_line) == (
            3, "incomplete: jobs of run are not done; go on with: recycling resume run"
        )  # fmt: skip
        service.queue_polls = 0
        done = command("resume", "run", "--json")
        assert (done.code, done.traceback) == (0, "")
        assert set(alive(service).values()) == {1}
        assert len(service.jobs) == 2
    record = json.loads(done.out)
    assert record["data_kind"] == "simulated by a service that imitates IBM Quantum"
    assert record["reset_source"].startswith("duration of ibm_marrakesh; assumed: without an error")
    first = next(row for row in record["resets"] if (row["method"], row["p_x"]) == ("reset", 1))
    assert first["duration_s"] == pytest.approx(2.72e-6, rel=1e-3)
    assert first["population"]["low"] == 0
    swapped = next(row for row in record["resets"] if (row["method"], row["p_x"]) == ("swap", 1))
    assert swapped["bath_heat_J"]["value"] > 0.9 * planck * 5e9
