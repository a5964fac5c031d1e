"""The hardware path end to end: the unmodified client, on the loopback service."""

import json
from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest

import recycling as rc
import recycling.studies.protocol
from circuits.tomography import BASIS_ANGLES, BASIS_PARAMETERS
from recycling.compilation.timeline import timeline
from recycling.errors import BackendFailure, BadInput, Incomplete
from recycling.execution.ibm.service import Hardware
from recycling.execution.machine import Account
from recycling.jobs.job import Job, executions
from recycling.rehearsal.chips import Chip
from recycling.reporting.conduct import conduct_tables, schedule_table
from recycling.reporting.status import status_summary, status_table
from recycling.results.calibrations import calibrations
from recycling.simulation.probabilities import protocol_probabilities
from recycling.studies.past_bills import refit
from recycling.studies.stored import open_unchecked
from tests.inference.of_hhl import SETTINGS
from tests.loopback import Answer, Destiny, Fault, LoopbackService, Physics, Status
from tests.on_ibm import (
    IBM,
    command,
    connected,
    plan_on_ibm,
    planned_once,
    spec,
    without_results,
)

#: Standard deviations that a statistic may be off, in either direction.
SIGMAS = 4


@pytest.fixture(scope="module")
def running():
    with LoopbackService(seed=1) as service:
        yield service


@pytest.fixture(scope="module")
def plan(running, tmp_path_factory):
    with connected(running, tmp_path_factory.mktemp("plan") / "accounts.json"):
        return plan_on_ibm(rc.Experiment.parse(spec(brackets=True)))


@pytest.fixture
def service(running, tmp_path, monkeypatch):
    """The service, to which runs and commands in an empty folder are led."""
    running.faults.clear()
    monkeypatch.chdir(tmp_path)
    with connected(running, tmp_path / "accounts.json"):
        yield running


def start(plan, text, out="out", **options):
    """Run a spec with the circuits of another that differs in the hardware alone."""
    experiment = rc.Experiment.parse(text)
    brackets = plan.brackets if experiment.hardware.brackets is True else ()
    with pytest.MonkeyPatch.context() as patch:
        planned_once(patch, replace(plan, experiment=experiment, brackets=brackets))
        return rc.run(experiment, IBM, out, spec=text, **options)


def chi_squared(counts, probabilities, shots):
    """χ² of independent multinomial counts, its mean and its standard deviation.

    Rare records, expected five times or less, count as one. Mean and variance are exact: k - 1 and
    2 (k - 1) + (Σ 1/p - k² - 2k + 2)/n for k records of probabilities p in n shots.
    """
    statistic, mean, variance = 0.0, 0.0, 0.0
    for row, p in zip(
        counts.reshape(-1, counts.shape[-1]),
        probabilities.reshape(-1, probabilities.shape[-1]),
        strict=True,
    ):
        often = p * shots > 5
        merged = np.append(p[often], p[~often].sum())
        found = np.append(row[often], row[~often].sum())
        if merged[-1] * shots <= 1e-9:
            assert found[-1] == 0
            merged, found = merged[:-1], found[:-1]
        k = len(merged)
        statistic += float(((found - shots * merged) ** 2 / (shots * merged)).sum())
        mean += k - 1
        variance += 2 * (k - 1) + ((1 / merged).sum() - k**2 - 2 * k + 2) / shots
    return statistic, mean, np.sqrt(variance)


def deviation(run, plan):
    """By how many standard deviations χ² of each θ_b and basis is off its mean."""
    trial = next(job for job in plan.jobs if job.trial is not None)
    probabilities = protocol_probabilities(
        plan.pubs(trial), plan.device, plan.experiment.design
    ).values
    counts = run.counts
    assert counts.dims == plan.experiment.design.dims
    # One axis for all records, after (arm, stage, preparation, theta_b, basis, trial).
    counts = counts.values.reshape(*counts.shape[:6], -1)
    probabilities = probabilities.reshape(*probabilities.shape[:5], 1, -1)
    probabilities = np.broadcast_to(probabilities, counts.shape)

    def off(counts, probabilities):
        statistic, mean, deviation = chi_squared(counts, probabilities, trial.shots)
        return (statistic - mean) / deviation

    return off, counts, probabilities


# -- the same results as everywhere else -------------------------------------------------------


@pytest.fixture(scope="module")
def finished(running, plan, tmp_path_factory):
    """A run with brackets, to its end."""
    folder = tmp_path_factory.mktemp("finished")
    running.faults.clear()
    with connected(running, folder / "accounts.json"):
        return start(plan, spec("bracket_shots = 1000", brackets=True), folder / "run")


@pytest.fixture(scope="module")
def dataset(finished):
    return rc.analyse(finished)


def test_results_are_those_of_any_backend(dataset, tmp_path):
    exact = rc.analyse(rc.run(rc.Experiment.parse(spec()), "exact", tmp_path / "exact"))
    assert set(dataset.data_vars) == set(exact.data_vars)
    for name, variable in exact.variables.items():
        found = dataset.variables[name]
        assert (found.dims, found.shape, found.dtype) == (
            variable.dims, variable.shape, variable.dtype,
        )  # fmt: skip
        # The quantile of a band follows from the numbers.
        known = dict.fromkeys(("quantile_equilibrium", "quantile_recycling"))
        assert found.attrs | known == variable.attrs | known
    for name, coordinate in exact.coords.items():
        assert (dataset.coords[name] == coordinate).all()
    assert set(dataset.attrs) == set(exact.attrs)
    assert dataset.attrs["device"] == "ibm_marrakesh"


def test_there_is_a_job_for_each_trial_between_the_brackets(finished, plan, running):
    names = ["bracket-before", "trial-0", "trial-1", "bracket-after"]
    assert [job.name for job in finished.jobs] == names
    jobs = running.jobs[: len(names)]
    run_id = finished.record["run_id"]
    for name, job in zip(names, jobs, strict=True):
        assert job.tags == (
            f"recycling-{run_id}-{name}-1", "recycling", f"job:{name}", f"run:{run_id}",
            f"prediction:{finished.record['prediction']['sha256']}",
        )  # fmt: skip
        assert finished.journal(Job(name, None)).current.record["tags"] == list(job.tags)
        assert job.backend == "ibm_marrakesh"
    (batch,) = {job.session_id for job in jobs}
    assert running.session(batch).mode == "batch"
    for pubs, job in zip(map(plan.pubs, finished.jobs), jobs, strict=True):
        assert len(job.task.circuits) == len(pubs)
        assert {circuit.num_qubits for circuit in job.task.circuits} == {156}


def test_every_setting_has_its_own_counts(finished, plan):
    """Arms, stages, preparations, angles and bases are where they belong."""
    off, counts, probabilities = deviation(finished, plan)
    axes = ("arm", "stage", "preparation", "theta_b", "basis")
    for axis, name in enumerate(axes):
        for index in range(counts.shape[axis]):
            one = off(counts.take([index], axis), probabilities.take([index], axis))
            assert abs(one) < SIGMAS, (name, index, one)
        # In another order they are not: the test can tell.
        assert off(np.flip(counts, axis), probabilities) > 10 * SIGMAS, name


def test_records_are_in_the_order_of_their_bits(finished, plan):
    off, counts, probabilities = deviation(finished, plan)
    by_bit = counts.reshape(*counts.shape[:-1], 2, 2, 2, 2)
    for first, second in ((6, 7), (7, 8), (8, 9)):
        swapped = np.swapaxes(by_bit, first, second).reshape(counts.shape)
        assert off(swapped, probabilities) > 10 * SIGMAS, (first, second)


def test_the_same_seed_of_the_service_gives_the_same_results(
    running, finished, plan, tmp_path, dataset
):
    with LoopbackService(seed=1) as other, connected(other, tmp_path / "accounts.json"):
        other.chips = running.chips
        hardware = Hardware("ibm_marrakesh", Account())
        again = start(plan.through(hardware), spec(), tmp_path / "again")
    assert again.record["run_id"] != finished.record["run_id"]
    assert again.counts.identical(finished.counts)
    assert rc.analyse(again).equals(dataset)


@pytest.mark.slow
def test_the_paper_is_submitted_as_planned_and_measured_as_predicted(service, tmp_path):
    experiment = rc.preset("paper")
    # Two trials tell as much as five: their jobs are alike.
    measurement = experiment.measurement.model_copy(update={"trials": 2})
    experiment = experiment.model_copy(update={"measurement": measurement})
    plan = plan_on_ibm(experiment)
    before = len(service.jobs)
    with pytest.MonkeyPatch.context() as patch:
        planned_once(patch, plan)
        run = rc.run(experiment, IBM, tmp_path / "paper")
    jobs = service.jobs[before:]
    assert [job.name for job in jobs] == [
        "job:bracket-before", "job:assignment", "job:trial-0", "job:trial-1",
        "job:assignment-after", "job:bracket-after",
    ]  # fmt: skip
    angles = np.array(list(BASIS_ANGLES.values()))
    for planned, job in zip(plan.jobs, jobs, strict=True):
        assert job.task.executions == executions(planned, plan.pubs(planned))
        if planned.trial is None:
            assert job.task.shots == (2000 if planned.is_bracket else 8000)
            assert all(sweep == () for sweep in job.task.sweeps)
            continue
        assert (job.task.shots, job.task.executions) == (8000, 8000 * 8 * 11 * 3)
        assert job.task.sweeps == [(11, 3)] * len(SETTINGS)
        for circuit, arguments in zip(job.task.circuits, job.task.arguments, strict=True):
            column = {p.name: n for n, p in enumerate(circuit.parameters)}
            theta_b = np.broadcast_to(experiment.theta_b[:, None], (11, 3))
            np.testing.assert_array_equal(arguments[..., column["theta_b"]], theta_b)
            for name, angle in zip(BASIS_PARAMETERS, angles.T, strict=True):
                expected = np.broadcast_to(angle, (11, 3))
                np.testing.assert_array_equal(arguments[..., column[name]], expected)
    off, counts, probabilities = deviation(run, plan)
    assert counts.shape == (2, 2, 2, 11, 3, 2, 16)
    assert abs(off(counts, probabilities)) < SIGMAS
    for index in range(11):
        assert abs(off(counts[:, :, :, index], probabilities[:, :, :, index])) < SIGMAS


# -- simulated or measured ---------------------------------------------------------------------


@pytest.mark.parametrize(
    ("url", "simulated"),
    [
        ("https://cloud.ibm.com", False),
        ("https://quantum.cloud.ibm.com/api/v1", False),
        ("https://eu-de.quantum.cloud.ibm.com", False),
        ("http://127.0.0.1:8080/experimental/api/v1", True),
        ("https://ibm.com.example.org", True),
        ("https://notibm.com", True),
        ("https://example.org/ibm.com", True),
        (None, True),
    ],
)
def test_only_the_service_of_ibm_measures(url, simulated):
    hardware = Hardware("ibm_marrakesh", Account())
    vars(hardware)["service"] = SimpleNamespace(active_account=lambda: {"url": url})
    assert hardware.simulated is simulated


@pytest.mark.parametrize("name", ["IAM_URL", "GLOBAL_SEARCH_URL", "GLOBAL_CATALOG_URL"])
def test_an_account_of_ibm_that_is_led_elsewhere_measures_nothing(name, monkeypatch):
    hardware = Hardware("ibm_marrakesh", Account())
    account = {"url": "https://cloud.ibm.com"}
    vars(hardware)["service"] = SimpleNamespace(active_account=lambda: account)
    monkeypatch.setenv(name, "http://127.0.0.1:8080/iam")
    assert hardware.simulated


def test_what_the_loopback_service_returns_is_simulated(finished, dataset):
    assert finished.simulated
    assert dataset.attrs["data_kind"] == "simulated"


@pytest.mark.usefixtures("service")
def test_what_ibm_returns_is_measured(plan):
    hardware = Hardware("ibm_marrakesh", Account())
    vars(hardware).update(vars(plan.client) | {"simulated": False})
    run = start(plan.through(hardware), spec())
    assert not run.simulated
    assert rc.analyse(run).attrs["data_kind"] == "measured"


# -- what is stored ----------------------------------------------------------------------------


def test_the_calibration_and_the_device_of_that_moment_are_stored(finished, running, plan):
    calibration = json.loads((finished.path / "calibration.json").read_text(encoding="utf-8"))
    reported = running.chips["ibm_marrakesh"].properties
    assert calibration["backend_name"] == "ibm_marrakesh"
    assert len(calibration["qubits"]) == len(reported["qubits"]) == 156
    bath = plan.device.roles.index("B")
    stored = {
        entry["name"]: entry["value"] for entry in calibration["qubits"][plan.device.layout[bath]]
    }
    assert stored["T1"] * 1e-6 == pytest.approx(plan.device.t1[bath], rel=1e-12)
    assert rc.open_run(finished.path).device == plan.device
    device = json.loads((finished.path / "device.json").read_text(encoding="utf-8"))
    assert device["name"] == "ibm_marrakesh"
    assert device["layout"] == [11, 18, 12, 13, 10, 9]


def test_circuits_are_stored_as_they_were_sent(finished, running):
    sent = {circuit.name: circuit for circuit in running.jobs[1].task.circuits}
    assert len(sent) == len(SETTINGS)
    for circuit, setting in zip(running.jobs[1].task.circuits, SETTINGS, strict=True):
        stored = finished.all_circuits["sent: " + " ".join(setting)]
        assert stored.count_ops() == circuit.count_ops()
        assert stored.num_qubits == circuit.num_qubits == 156
        used = {stored.find_bit(q).index for i in stored.data for q in i.qubits
                if i.operation.name != "barrier"}  # fmt: skip
        assert used <= set(finished.device.layout)


def test_the_service_tells_what_it_took(finished, running):
    for job, record in zip(finished.jobs, running.jobs, strict=False):
        journal = finished.journal(job).current
        assert journal.id == record.id
        assert journal.record["metrics"]["usage"]["qpu_charge_time_seconds"] == record.usage.charged
        assert all(schedule["circuit_duration"] > 0 for schedule in journal.record["schedules"])


# -- brackets ----------------------------------------------------------------------------------


def test_brackets_are_measured_and_told(finished):
    events = [line["event"] for line in finished.telemetry]
    assert events.count("bracket-before") == events.count("bracket-after") == 1
    bracket = next(line for line in finished.telemetry if line["event"] == "bracket-before")
    bath = finished.device.roles.index("B")
    for name, expected in (("t1", finished.device.t1[bath]), ("t2", finished.device.t2[bath])):
        found = bracket[name]
        assert abs(found["value"] - expected) < SIGMAS * found["stderr"], name
    population = bracket["thermal_population"]
    expected = finished.device.excited_population[bath]
    assert abs(population["value"] - expected) < SIGMAS * population["stderr"]
    during = calibrations(finished).during
    assert not any(change.flagged for change in during)


def test_drift_between_the_brackets_is_flagged_and_reported(service, plan, monkeypatch):
    """After the first bracket the bath is warmer, and the feedforward takes longer."""
    service.faults.append(Fault(Destiny("Queued"), skip=1, times=None))
    text = spec("bracket_shots = 1000", brackets=True)
    with pytest.raises(Incomplete, match="1 of 4 jobs are done"):
        start(plan, text, wait=False)
    later = 400e-9
    physics = Physics(temperature=0.12, feedforward_latency=plan.device.feedforward_latency + later)
    monkeypatch.setitem(service.chips, "ibm_marrakesh", Chip("FakeMarrakesh", physics))
    for job in service.jobs[-3:]:
        job.destiny = Destiny("Completed")
    run = rc.resume("out")
    flags = {change.quantity: change.flagged for change in calibrations(run).during}
    assert flags["thermal_population"]
    assert not flags["t1"]
    tables = conduct_tables(run, calibrations(run))
    told = dict(tables["The bath qubit during the run"].rows)
    (population,) = (text for text in told if text.startswith("thermal population of B"))
    assert told[population] == "drifted"
    (t1,) = (text for text in told if text.startswith("T1 of B"))
    assert told[t1] == ""
    # The plan assumed a latency; the schedules of the service measure it.
    attributes = rc.analyse(run).attrs
    assert attributes["feedforward_latency_s"] == pytest.approx(
        physics.feedforward_latency, abs=4e-9
    )
    assert attributes["feedforward_latency_planned_s"] == plan.device.feedforward_latency
    assert attributes["feedforward_latency_source"].startswith("measured: 4 rounds")
    assert {row[1] for row in tables["Timing"].rows} == {"+400", "–"}
    assert "device.feedforward_latency = " in tables["Timing"].note
    # Only the recycling arm waits for the feedforward.
    differences = {row[0]: row[3] for row in tables["Schedule"].rows}
    assert differences == {
        " ".join(setting): "+400" if setting[0] == "recycling" else "+0" for setting in SETTINGS
    }


def test_the_true_schedule_is_told_beside_the_plan(finished, plan):
    table = conduct_tables(finished, calibrations(finished))["Schedule"]
    assert table.columns == (
        "circuit", "planned (µs)", "scheduled (µs)", "difference (ns)",
    )  # fmt: skip
    lengths = [max(o.end for o in timeline(plan.circuits[s], plan.device)) for s in SETTINGS]
    assert table.rows == [
        (" ".join(setting), f"{length * 1e6:.2f}", f"{length * 1e6:.2f}", "+0")
        for setting, length in zip(SETTINGS, lengths, strict=True)
    ]


def test_schedules_belong_to_circuits_in_whatever_order_they_come(finished, monkeypatch):
    """qiskit-ibm-runtime, issue 3315: those of dynamic circuits come in another order."""
    trial = next(job for job in finished.jobs if job.trial is not None)
    journal = finished.journal(trial)
    schedules = journal.current.record["schedules"]
    table = conduct_tables(finished, calibrations(finished))["Schedule"]

    def report(schedules):
        record = journal.current.record | {"schedules": schedules}
        changed = journal.with_current(journal.current.model_copy(update={"record": record}))
        monkeypatch.setattr(type(finished), "journal", lambda _run, _job: changed)
        return schedule_table(finished)

    assert report(schedules[1:] + schedules[:1]) == table
    assert report(schedules[::-1]) == table
    # One that comes twice takes the place of another: that of neither can be told, all others can.
    rows = report([*schedules[:-1], schedules[0]]).rows
    assert rows[1:-1] == table.rows[1:-1]
    assert [rows[n][2] for n in (0, -1)] == ["not attributable"] * 2
    assert report([None] * len(schedules)) is None


@pytest.mark.usefixtures("service")
def test_bills_stand_beside_the_plan_and_price_the_next_one(finished, plan):
    summary = status_summary(finished)
    jobs = {job["name"]: job for job in summary["jobs"]}
    assert {cost.job.name for cost in plan.cost.jobs} <= set(jobs)
    # The service charges whole seconds by the same formula.
    assert all(0 <= j["qpu_seconds"] - j["planned_qpu_seconds"] < 1 for j in jobs.values())
    assert summary["bill"]["jobs"] == len(jobs)
    assert f"billed: {summary['bill']['qpu_seconds']:g} s" in status_table(summary).note
    known = refit(plan, Account(), runs=finished.path.parent)
    count = known.fit.count
    assert count >= len(jobs)
    # 2 s by the formula, and half a second for bills that are rounded up.
    assert known.fit.overhead == pytest.approx(2.5, abs=2 * known.fit.overhead_error)
    assert known.fit.scatter == pytest.approx(12**-0.5)  # that of rounding
    assert known.documented == plan.cost.qpu_seconds
    assert abs(known.seconds - plan.cost.qpu_seconds) < count
    assert f"as {count} past jobs were billed" in known.words()
    # A bill that is on the disk is not counted once more.
    asked = refit(plan, Account(), of_account=50, runs=finished.path.parent)
    assert count <= asked.fit.count
    # What a service that imitates the device bills tells nothing of the device.
    measured = replace(plan.hardware, simulated=False)
    assert refit(plan.on(measured), Account(), runs=finished.path.parent) is None


# -- options reach the service -----------------------------------------------------------------


def test_options_reach_the_service(service, plan):
    text = spec('mode = "job"', "rep_delay = 1e-4", "init_qubits = false",
                "max_execution_time = 100")  # fmt: skip
    before = len(service.jobs)
    start(plan, text)
    for job in service.jobs[before:]:
        assert job.session_id is None
        assert job.max_execution_time == 100
        assert job.task.rep_delay == 1e-4
        assert job.task.scheduler_timing
        assert job.params["options"]["init_qubits"] is False
        assert job.task.shots == 200


def test_what_is_not_said_is_left_to_the_service(service, plan):
    start(plan, spec('mode = "session"'))
    job = service.jobs[-1]
    assert service.session(job.session_id).mode == "dedicated"
    assert job.max_execution_time is None
    assert job.task.rep_delay is None
    assert job.params["options"]["init_qubits"] is True
    assert plan.rep_delay == service.chips["ibm_marrakesh"].default_rep_delay


@pytest.mark.usefixtures("service")
def test_a_job_that_takes_longer_than_allowed_fails_with_its_reason(plan):
    with pytest.raises(BackendFailure, match=r"trial-0 failed: .* longer than maximum execution"):
        start(plan, spec("max_execution_time = 2"))
    # What they were charged all the same counts against the budget of the run.
    jobs = status_summary(open_unchecked("out"))["jobs"]
    charged = sum(jobs[n]["qpu_seconds"] for n in (0, 1))
    assert charged > 4
    with pytest.raises(BadInput, match=rf" {charged:.1f} s of QPU time are used, and "):
        rc.resume("out", retry_failed=True, max_qpu_seconds=charged + 4)


def test_a_session_is_refused_on_an_open_plan(service, plan):
    open_plan = plan.through(Hardware("ibm_marrakesh", Account("loopback-open")))
    before, posts = len(service.jobs), service.requests["POST", "/sessions"]
    with pytest.raises(BackendFailure, match="not authorized to run a session") as caught:
        start(open_plan, spec('mode = "session"'))
    assert len(str(caught.value).splitlines()) == 1
    assert len(service.jobs) == before
    assert service.requests["POST", "/sessions"] - posts == 1, "a refusal is not repeated"


# -- whose account pays ------------------------------------------------------------------------


@pytest.fixture
def commands(service, plan, tmp_path, monkeypatch):
    """Commands whose plan is compiled, on the account that they give; the service."""

    def planned(experiment, _name, connection):
        return replace(
            plan, experiment=experiment, brackets=(), connection=connection,
            hardware=connection.machine,
        )  # fmt: skip

    text = spec().replace("trials = 2", "trials = 1")
    (tmp_path / "spec.toml").write_text(text, encoding="utf-8")
    study = replace(recycling.studies.protocol.STUDY, plan=planned)
    monkeypatch.setattr(recycling.studies.protocol, "STUDY", study)
    without_results(monkeypatch)
    return service


def run(*options):
    return command("run", "spec.toml", "--backend", IBM, "--out", "out", *options)


OPEN = "crn:v1:bluemix:public:quantum-computing:us-east:a/loopback:loopback-open::"


@pytest.mark.parametrize(
    ("account", "own", "plan_name"),
    [
        (Account(), True, "premium"),
        (Account(), False, "open"),
        (Account(instance="loopback-open"), True, "open"),
        (Account(instance=OPEN), True, "open"),
        (Account(plan="premium"), False, "premium"),
    ],
)  # fmt: skip
def test_the_instance_is_the_one_asked_for(service, monkeypatch, account, own, plan_name):
    """``own``: the account has an instance of its own, on the premium plan."""
    if not own:
        monkeypatch.delenv("QISKIT_IBM_INSTANCE")
    backend = Hardware("ibm_marrakesh", account).backend
    assert service.instances[backend.service.active_instance()].plan == plan_name


@pytest.mark.usefixtures("service")
def test_a_plan_that_the_accounts_instance_is_not_on_is_refused():
    """Its instance is on the premium plan: who asks for the open one must not pay for that."""
    with pytest.raises(BadInput, match="plan = 'open'"):
        _ = Hardware("ibm_marrakesh", Account(plan="open")).backend


def test_jobs_are_paid_by_the_instance_asked_for(commands, monkeypatch):
    monkeypatch.delenv("QISKIT_IBM_INSTANCE")
    before = len(commands.jobs)
    assert run("--plan", "open").code == 0
    (job,) = commands.jobs[before:]
    assert commands.instances[job.instance].plan == "open"


def test_a_saved_account_is_used_by_its_name(commands, monkeypatch):
    from qiskit_ibm_runtime import QiskitRuntimeService

    environment = commands.environment("open")
    QiskitRuntimeService.save_account(
        token=environment["QISKIT_IBM_TOKEN"],
        url=environment["QISKIT_IBM_URL"],
        instance=environment["QISKIT_IBM_INSTANCE"],
        channel="ibm_quantum_platform",
        name="lab",
    )
    for name in ("TOKEN", "URL", "INSTANCE", "CHANNEL"):
        monkeypatch.delenv(f"QISKIT_IBM_{name}")
    assert run("--account", "lab").code == 0
    assert commands.instances[commands.jobs[-1].instance].plan == "open"
    assert rc.open_run("out").record["account"]["name"] == "lab"


def test_a_run_goes_on_in_the_instance_that_it_began_in(commands, monkeypatch):
    commands.faults.append(Fault(Destiny("Failed", "once"), tag="job:trial-0"))
    before = len(commands.jobs)
    assert run().code == 4
    monkeypatch.setenv("QISKIT_IBM_INSTANCE", OPEN)
    assert command("resume", "out", "--retry-failed").code == 0
    assert {job.instance for job in commands.jobs[before:]} == {commands.jobs[before].instance}


# -- refused before anything is submitted ------------------------------------------------------


@pytest.fixture
def refuse(service, tmp_path):
    """Runs a spec that is refused: nothing is submitted or written; returns the one line."""

    def refused(code, text, *options, backend=IBM):
        (tmp_path / "spec.toml").write_text(text, encoding="utf-8")
        before = len(service.jobs)
        done = command("run", "spec.toml", "--backend", backend, "--out", "out", *options)
        assert done.code == code, done.err
        assert not (tmp_path / "out").exists()
        assert len(service.jobs) == before
        return done.only_line

    return refused


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        (spec("rep_delay = 0.01"), ["hardware.rep_delay = 0.01", "takes 0 to 0.0005 s"]),
        (spec().replace("[sweep]", "t1 = 1e-4\n[sweep]"), ["device.t1 = 0.0001", "remove it"]),
        (
            spec().replace("[sweep]", "readout_error = 0.1\n[sweep]"),
            ["device.readout_error = 0.1", "remove it"],
        ),
        (
            spec().replace("shots = 200", 'shots = "exact"').replace("trials = 2", "trials = 1"),
            ["measurement.shots = 'exact'", "only the backend 'exact'"],
        ),
        (
            spec() + '[link]\npreset = "eth-5m"\n',
            ["link.realisation = 'channel': hardware applies none; give 'idle'"],
        ),
    ],
    ids=["rep_delay", "t1", "readout_error", "shots", "link"],
)
def test_what_hardware_cannot_do_is_bad_input(refuse, text, parts):
    line = refuse(2, text)
    for part in parts:
        assert part in line


def test_an_unknown_device_is_bad_input(refuse):
    line = refuse(2, spec(), backend="ibm:ibm_nowhere")
    assert line.startswith("error: backend = 'ibm:ibm_nowhere': this account has no such device")


def test_a_list_of_devices_that_is_not_answered_is_no_fault_of_the_user(refuse, service):
    service.faults.append(Fault(Status(404), "GET", "/backends$", times=None))
    assert "does not list its devices" in refuse(4, spec())


@pytest.mark.parametrize("body", [b"{}", b"null"])
def test_a_device_without_calibration_is_not_used(refuse, service, body):
    service.faults.append(Fault(Answer(body), "GET", "/properties$", times=None))
    assert "ibm_marrakesh reports no calibration" in refuse(4, spec())


def test_without_an_account_it_says_how_to_save_one(refuse, monkeypatch):
    monkeypatch.delenv("QISKIT_IBM_TOKEN")
    line = refuse(2, spec())
    assert "no IBM Quantum account on this machine" in line
    assert "save_account" in line
    assert "'lab'" in refuse(2, spec(), "--account", "lab")


@pytest.mark.parametrize("instance", ["nowhere", OPEN.replace("open", "nowhere")])
def test_an_unknown_instance_is_bad_input(refuse, instance):
    assert instance in refuse(2, spec(), "--instance", instance)


def test_an_unknown_plan_is_bad_input(refuse, monkeypatch):
    monkeypatch.delenv("QISKIT_IBM_INSTANCE")
    assert "gold" in refuse(2, spec(), "--plan", "gold")


def test_a_wrong_token_is_bad_input_and_is_not_repeated(refuse, monkeypatch):
    monkeypatch.setenv("QISKIT_IBM_TOKEN", "wrong-token")
    line = refuse(2, spec())
    assert "the IBM Quantum account" in line
    assert "wrong-token" not in line


def test_a_service_that_is_down_is_a_failure_of_the_backend(refuse, service, monkeypatch):
    service.faults.append(Fault(Status(503), "POST", "/iam/", times=None))
    assert "503" in refuse(4, spec())
    # Nobody listens at the port of a service that has stopped.
    with LoopbackService(snapshots=()) as stopped:
        gone = stopped.environment()
    for name, value in gone.items():
        monkeypatch.setenv(name, value)
    assert "Connection refused" in refuse(4, spec())
