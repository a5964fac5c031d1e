"""The loopback service, through the unmodified client."""

import json
import os
import re
import subprocess
import sys
import zlib
from collections import Counter
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path

import numpy as np
import pytest
from qiskit import ClassicalRegister, QuantumCircuit
from qiskit.circuit import Parameter
from qiskit_ibm_runtime import Batch, QiskitRuntimeService, Session
from qiskit_ibm_runtime.api.exceptions import RequestsApiError
from qiskit_ibm_runtime.exceptions import (
    IBMRuntimeError,
    RuntimeInvalidStateError,
    RuntimeJobFailureError,
    RuntimeJobMaxTimeoutError,
    RuntimeJobNotFound,
)
from qiskit_ibm_runtime.executor_sampler import Sampler
from scipy.stats import chi2

from recycling.devices.profiles import device_from_backend
from recycling.execution.ibm.snapshots import snapshot_backend
from recycling.planning.circuits import compile_as_executed
from recycling.simulation.engine import compile_program, execute
from tests.loopback import (
    TRANSPORT,
    Answer,
    Corrupt,
    Delay,
    Destiny,
    Drop,
    Fault,
    Faults,
    LoopbackService,
    Physics,
    Reset,
    Status,
    Truncate,
    Twice,
)

ROOT = Path(__file__).parents[2]
#: Name, number of qubits and cycle time in s of the backend used most.
TORINO, QUBITS, DT = "ibm_torino", 133, 4e-9
#: Qubits of the dynamic circuit, coupled in this order, and how they pad to six.
ANCILLA, SYSTEM, BATH = 14, 13, 12
LAYOUT = (12, 13, 14, 11, 10, 9)
RESULTS, STATUS = r"/results$", r"/jobs/[^/]+$"


@contextmanager
def connected(service, plan="premium"):
    """The client, told by environment variables alone."""
    with pytest.MonkeyPatch.context() as patch:
        for name, value in service.environment(plan).items():
            patch.setenv(name, value)
        yield QiskitRuntimeService()


@pytest.fixture(scope="module")
def running():
    with LoopbackService(snapshots=("FakeTorino", "FakeMarrakesh"), seed=5) as service:
        yield service


@pytest.fixture(scope="module")
def client(running):
    with connected(running) as client:
        yield client


@pytest.fixture(scope="module")
def backend(client):
    return client.backend(TORINO)


@pytest.fixture
def service(running):
    """The service, well-behaved at the start of each test."""
    running.faults = Faults()
    running.queue_polls = running.running_polls = 0
    return running


def sampler(mode, *tags, **execution):
    made = Sampler(mode=mode)
    made.options.environment.job_tags = list(tags)
    made.options.execution = execution
    return made


def excitation(qubit=5, name="excitation"):
    """One qubit, excited and measured: the cheapest job."""
    circuit = QuantumCircuit(QUBITS, 1, name=name)
    circuit.x(qubit)
    circuit.measure(qubit, 0)
    return circuit


def feedforward(qubits, ancilla, system, bath, latency=0.0):
    """A flag that leaves its trace, and a conditional gate that depends on it."""
    angle, flag, out = Parameter("angle"), ClassicalRegister(1, "flag"), ClassicalRegister(2, "out")
    circuit = QuantumCircuit(qubits)
    circuit.add_register(flag, out)
    together = [ancilla, system, bath]
    circuit.sx(ancilla)
    circuit.rz(angle, ancilla)
    circuit.sx(ancilla)
    circuit.sx(system)
    circuit.cz(ancilla, system)
    circuit.sx(system)
    circuit.barrier(together)
    circuit.measure(ancilla, flag[0])
    circuit.barrier(together)
    if latency:
        circuit.delay(latency, together, unit="s")
        circuit.barrier(together)
    with circuit.if_test((flag, 0)):
        circuit.sx(bath)
        circuit.cz(system, bath)
        circuit.sx(bath)
    circuit.barrier(together)
    circuit.measure(system, out[0])
    circuit.measure(bath, out[1])
    return circuit


def probabilities(service, job):
    """Exact probabilities that the service used for a job: one array for each PUB."""
    record = service.job(job.job_id())
    items = service.chips[record.backend].executor.run(record.task, record.params)
    return [item.probabilities for item in items]


def counts(data, *registers):
    """Counts of joint records, the first register's first bit outermost."""
    bits = np.concatenate([getattr(data, name).to_bool_array("little") for name in registers], -1)
    records = (bits << np.arange(bits.shape[-1])[::-1]).sum(-1)
    return np.stack([np.bincount(row, minlength=2 ** bits.shape[-1])
                     for row in records.reshape(-1, records.shape[-1])])  # fmt: skip


# The way in


@pytest.mark.slow
def test_variables_alone_lead_a_plain_client_to_a_service_in_another_process():
    script = """
from qiskit_ibm_runtime import QiskitRuntimeService
service = QiskitRuntimeService()
backend = service.backend("ibm_marrakesh")
print(sorted(each.name for each in service.backends()))
print(backend.configuration().n_qubits, backend.properties().t1(0), backend.status().operational)
print(backend.target["cz"][(0, 1)].error, service.active_account()["token"])
"""
    with subprocess.Popen(
        [sys.executable, "-m", "tests.loopback", "--seed", "3"],
        cwd=ROOT, stdout=subprocess.PIPE, text=True,
    ) as server:  # fmt: skip
        try:
            variables = json.loads(server.stdout.readline())
            done = subprocess.run(
                [sys.executable, "-c", script], env=os.environ | variables,
                capture_output=True, text=True, check=True,
            )  # fmt: skip
        finally:
            server.kill()
    lines = done.stdout.splitlines()
    target = snapshot_backend("FakeMarrakesh").target
    assert lines[0] == "['ibm_marrakesh', 'ibm_torino']"
    assert lines[1] == f"156 {target.qubit_properties[0].t1} True"
    assert lines[2] == f"{target['cz'][(0, 1)].error} {variables['QISKIT_IBM_TOKEN']}"
    assert set(variables) == {
        "QISKIT_IBM_CHANNEL", "QISKIT_IBM_URL", "QISKIT_IBM_TOKEN", "QISKIT_IBM_INSTANCE",
        "IAM_URL", "GLOBAL_SEARCH_URL", "GLOBAL_CATALOG_URL",
    }  # fmt: skip


def test_the_backend_is_the_snapshot(backend):
    snapshot = snapshot_backend("FakeTorino")
    assert backend.configuration().backend_name == backend.properties().backend_name == TORINO
    assert backend.status().operational
    assert backend.status().status_msg == "active"
    assert "if_else" in backend.target.operation_names
    for name in ("x", "sx", "cz", "measure", "reset"):
        for qubits, properties in snapshot.target[name].items():
            found = backend.target[name][qubits]
            assert (found.duration, found.error) == (properties.duration, properties.error)
    served, stored = backend.properties(), snapshot.properties()
    for qubit in range(QUBITS):
        for number in ("T1", "T2", "prob_meas0_prep1", "prob_meas1_prep0"):
            assert (
                served.qubit_property(qubit, number)[0] == stored.qubit_property(qubit, number)[0]
            )


def test_an_account_has_an_open_and_a_paid_instance(service, client):
    assert {each["plan"]: each["pricing_type"] for each in client.instances()} == {
        "open": "free", "premium": "subscription",
    }  # fmt: skip
    with connected(service, "open") as free:
        assert free.usage()["usage_remaining_seconds"] == 600
        job = sampler(free.backend(TORINO), "of the open plan").run([excitation()], shots=10)
        job.status()
        charged = job.metrics()["usage"]["qpu_charge_time_seconds"]
        assert free.usage()["usage_remaining_seconds"] == 600 - charged
        assert [each.job_id() for each in free.jobs(job_tags=["of the open plan"])] == [
            job.job_id()
        ]
        assert client.jobs(job_tags=["of the open plan"]) == []
        with pytest.raises(RequestsApiError, match="using the open plan"):
            Session(free.backend(TORINO))
        Batch(free.backend(TORINO)).close()


def test_a_wrong_key_gets_nowhere(service):
    from qiskit_ibm_runtime.accounts import InvalidAccountError

    variables = service.environment()
    with pytest.MonkeyPatch.context() as patch:
        for name, value in variables.items():
            patch.setenv(name, value)
        patch.setenv("QISKIT_IBM_TOKEN", "another")
        with pytest.raises(InvalidAccountError):
            QiskitRuntimeService()


# Execution


def test_a_dynamic_circuit_has_the_exact_distribution(service, backend):
    angles, shots = np.array([0.3, 1.2, 2.5]), 4000
    circuit = feedforward(QUBITS, ANCILLA, SYSTEM, BATH)
    job = sampler(backend, "job:dynamic").run([(circuit, angles)], shots=shots)
    measured = counts(job.result()[0].data, "flag", "out")

    device = device_from_backend(
        snapshot_backend("FakeTorino"), LAYOUT, temperature=0.043, frequency=5e9
    )
    places = [LAYOUT.index(qubit) for qubit in (ANCILLA, SYSTEM, BATH)]
    reference = compile_as_executed(
        [feedforward(6, *places, latency=device.feedforward_latency)], device, optimization_level=0
    )[0]
    (outcome,) = execute([compile_program(reference, device, {"angle": angles})])
    expected = outcome.probabilities.reshape(3, 8)
    # A few roundings in each of the circuit's thirty steps.
    np.testing.assert_allclose(probabilities(service, job)[0], expected, rtol=0, atol=1e-13)
    statistic = ((measured - shots * expected) ** 2 / (shots * expected)).sum()
    # 7 free outcomes at each of 3 angles; a fixed seed passes for ever.
    assert statistic < chi2.ppf(0.999, df=21)


def test_the_conditional_waits_for_the_latency_that_is_given():
    durations = {}
    for latency in (0.0, 1e-6):
        with (
            LoopbackService(
                snapshots=("FakeTorino",), physics=Physics(feedforward_latency=latency)
            ) as service,
            connected(service) as client,
        ):
            run = sampler(client.backend(TORINO), scheduler_timing=True)
            circuit = feedforward(QUBITS, ANCILLA, SYSTEM, BATH)
            job = run.run([(circuit, 0.3)], shots=10)
            metadata = job.result()[0].metadata["compilation"]["scheduler_timing"]
            durations[latency] = metadata["circuit_duration"]
    assert durations[1e-6] - durations[0.0] == round(1e-6 / DT)


def test_a_sweep_is_evaluated_point_by_point(service, backend):
    circuit = QuantumCircuit(QUBITS, 1)
    circuit.sx(3)
    circuit.rz(Parameter("b"), 3)
    circuit.sx(3)
    circuit.rz(Parameter("a"), 3)
    circuit.sx(3)
    circuit.measure(3, 0)
    a, b = np.random.default_rng(1).uniform(-3, 3, size=(2, 2, 3))
    grid = {"a": np.repeat([[0.1], [0.2]], 3, axis=1), "b": np.repeat([[0.3, 0.4, 0.5]], 2, axis=0)}
    pubs = [(circuit, {"a": a, "b": b}), (circuit, grid)]
    pubs += [(circuit, {"a": x, "b": y}) for x, y in zip(a.flat, b.flat, strict=True)]
    pubs += [
        (circuit, {"a": x, "b": y}) for x, y in zip(*map(np.ravel, grid.values()), strict=True)
    ]
    job = sampler(backend).run(pubs, shots=20)
    assert job.result()[0].data.c.array.shape == (2, 3, 20, 1)
    whole, compact, *points = probabilities(service, job)
    np.testing.assert_allclose(whole.reshape(6, 2), points[:6], rtol=0, atol=1e-14)
    np.testing.assert_allclose(compact.reshape(6, 2), points[6:], rtol=0, atol=1e-14)


def test_relaxation_of_an_excited_qubit(service, backend):
    def decay(delay):
        circuit = QuantumCircuit(QUBITS, 1)
        circuit.x(7)
        circuit.delay(round(delay / DT), 7)
        circuit.measure(7, 0)
        return circuit

    job = sampler(backend).run([decay(t) for t in (0, 120e-6, 50e-3)], shots=10)
    job.status()
    start, later, never = (p[1] for p in probabilities(service, job))
    # Readout is linear in the population, so it drops out of the ratio.
    assert (later - never) / (start - never) == pytest.approx(
        np.exp(-120e-6 / backend.properties().t1(7)), rel=1e-9
    )


def test_a_delay_arrives_in_cycles_whatever_its_unit(backend):
    # The client's file format drops the unit (qiskit#8293): the service gets 100 cycles, or, of a
    # duration that is no whole number, nothing that it can execute.
    def waiting(duration, unit):
        circuit = QuantumCircuit(QUBITS, 1)
        circuit.delay(duration, 7, unit)
        circuit.measure(7, 0)
        return circuit

    run = sampler(backend, scheduler_timing=True)
    pubs = [waiting(100, "us"), waiting(100.0, "s"), waiting(100, "dt")]
    measure = round(backend.target["measure"][(7,)].duration / DT)
    for result in run.run(pubs, shots=5).result():
        timing = result.metadata["compilation"]["scheduler_timing"]
        assert timing["circuit_duration"] == 100 + measure
    with pytest.raises(RuntimeJobFailureError, match="Integer duration is expected"):
        run.run([waiting(0.5, "us")], shots=5).result()


def test_an_echo_decays_with_t2(service, backend):
    def echo(half):
        circuit = QuantumCircuit(QUBITS, 1)
        circuit.sx(7)
        circuit.delay(round(half / DT), 7)
        circuit.x(7)
        circuit.delay(round(half / DT), 7)
        circuit.sx(7)
        circuit.measure(7, 0)
        return circuit

    job = sampler(backend).run([echo(t) for t in (0, 30e-6, 60e-6)], shots=10)
    job.status()
    none, one, two = (p[0] for p in probabilities(service, job))
    t2 = min(backend.properties().t2(7), 2 * backend.properties().t1(7))
    # Gates of 3e-4 error mix in a little of the populations, which decay with T1.
    assert (two - one) / (one - none) == pytest.approx(np.exp(-60e-6 / t2), rel=1e-3)


def test_a_reset_leaves_the_ground_state_and_bits_stay_in_their_places(service, backend):
    register, unused = ClassicalRegister(3, "both"), ClassicalRegister(2, "unused")
    circuit = QuantumCircuit(QUBITS)
    circuit.add_register(register, unused)
    circuit.x(20)
    circuit.reset(20)
    circuit.x(21)
    circuit.measure(21, register[2])
    circuit.measure(20, register[0])
    circuit.measure(21, register[1])
    job = sampler(backend, "job:places").run([circuit], shots=1000)
    data = job.result()[0].data
    ones = data.both.to_bool_array("little").mean(0)
    properties = backend.properties()
    ground = properties.qubit_property(20, "prob_meas1_prep0")[0]
    excited = 1 - properties.qubit_property(21, "prob_meas0_prep1")[0]
    (joint,) = probabilities(service, job)
    assert joint.reshape(2, 2, 2).sum((1, 2))[1] == pytest.approx(ground, abs=1e-12)
    # Shot noise at five sigma, and 1 % of relaxation during the first measurement.
    assert ones == pytest.approx([ground, excited, excited], abs=5 * 0.5 / np.sqrt(1000) + 0.01)
    assert not data.unused.to_bool_array().any()


def test_what_cannot_be_executed_fails_with_its_reason(backend):
    far = QuantumCircuit(QUBITS, 1)
    far.cz(0, 100)
    far.measure(0, 0)
    many = QuantumCircuit(QUBITS, 7)
    many.measure(range(7), range(7))
    for circuit, reason in ((far, r"cz on qubits \(0, 100\)"), (many, "7 qubits are active")):
        job = sampler(backend).run([circuit], shots=10)
        with pytest.raises(RuntimeJobFailureError, match=reason):
            job.result()
        assert job.status() == "ERROR"
        assert re.search(reason, job.error_message())
        assert "Traceback" in job.logs()


# Reproducibility


def bits(client, circuit, *tags, shots=200):
    result = sampler(client.backend(TORINO), *tags).run([circuit, circuit], shots=shots).result()
    return [each.data.c.array for each in result]


def test_shots_follow_from_the_seed_and_the_name_of_the_job(service, client):
    first, second = bits(client, excitation(0), "unique-1", "job:a")
    again = bits(client, excitation(0), "unique-2", "job:a")
    other = bits(client, excitation(0), "unique-3", "job:b")
    np.testing.assert_array_equal([first, second], again)
    assert (first != second).any()
    assert (first != other[0]).any()
    with (
        LoopbackService(snapshots=("FakeTorino",), seed=service.seed) as twin,
        connected(twin) as twin_client,
    ):
        np.testing.assert_array_equal(bits(twin_client, excitation(0), "job:a"), again)
    with (
        LoopbackService(snapshots=("FakeTorino",), seed=service.seed + 1) as stranger,
        connected(stranger) as stranger_client,
    ):
        assert (bits(stranger_client, excitation(0), "job:a")[0] != first).any()


def test_without_a_name_shots_follow_from_what_the_job_does(client):
    first = bits(client, excitation(0, "one"), "tag")
    np.testing.assert_array_equal(first, bits(client, excitation(0, "two")))
    assert (first[0] != bits(client, excitation(1, "one"))[0]).any()


# What the service says about a job


def test_metrics_follow_the_clock_model(client, backend):
    shots, rep_delay, points = 1000, 3e-4, 2
    circuit = QuantumCircuit(QUBITS, 1)
    circuit.x(5)
    circuit.delay(round(100e-6 / DT), 5)
    circuit.rz(Parameter("a"), 5)
    circuit.measure(5, 0)
    run = sampler(backend, rep_delay=rep_delay)
    job = run.run([(circuit, np.zeros(points))], shots=shots)
    assert job.metrics()["usage"] == {"status": "pending", "qpu_charge_time_seconds": 0}
    job.status()
    length = 100e-6 + sum(backend.target[name][(5,)].duration for name in ("x", "measure"))
    expected = shots * points * (rep_delay + length)
    metrics = job.metrics()
    assert metrics["circuits_execution_time_ns"] == pytest.approx(expected * 1e9, abs=1)
    assert job.usage() == metrics["usage"]["qpu_charge_time_seconds"] == np.ceil(2 + expected)
    created, started, ended = (
        datetime.fromisoformat(metrics["timestamps"][name])
        for name in ("created", "running", "finished")
    )
    assert created <= started
    assert (ended - started).total_seconds() == pytest.approx(2 + expected, abs=1e-5)
    assert client.job(job.job_id()).usage_estimation == {
        "quantum_seconds": pytest.approx(2 + expected)
    }
    (window,) = job.result().metadata["executor"].chunk_timing
    assert (window.start, window.stop) == (started, ended)


def test_a_schedule_is_given_when_asked_for(backend):
    circuit = feedforward(QUBITS, ANCILLA, SYSTEM, BATH)
    run = sampler(backend, scheduler_timing=True)
    metadata = run.run([(circuit, 0.1)], shots=5).result()[0].metadata
    schedule = metadata["compilation"]["scheduler_timing"]
    rows = [line.split(",") for line in schedule["timing"].splitlines()]
    assert {len(row) for row in rows} == {6}
    assert {row[0] for row in rows} == {"main", "then"}
    dt = backend.target.dt
    start, duration = next(
        (int(row[3]), int(row[4])) for row in rows if row[1] == f"measure_{ANCILLA}"
    )
    assert duration * dt == pytest.approx(backend.target["measure"][(ANCILLA,)].duration)
    device = device_from_backend(
        snapshot_backend("FakeTorino"), LAYOUT, temperature=0.043, frequency=5e9
    )
    branch = min(int(row[3]) for row in rows if row[0] == "then")
    waited = (branch - start - duration) * dt
    assert waited == pytest.approx(device.feedforward_latency, abs=dt / 2)
    assert schedule["circuit_duration"] == max(int(row[3]) + int(row[4]) for row in rows)
    plain = sampler(backend).run([(circuit, 0.1)], shots=5).result()[0].metadata
    assert "compilation" not in plain


def test_jobs_are_found_by_their_tags(client, backend):
    run = sampler(backend, "many", "even")
    jobs = [run.run([excitation()], shots=5) for _ in range(7)]
    run.options.environment.job_tags = ["many", "odd"]
    jobs += [run.run([excitation()], shots=5) for _ in range(6)]
    ids = [job.job_id() for job in jobs]

    def found(*tags, **filters):
        return [job.job_id() for job in client.jobs(job_tags=list(tags), **filters)]

    assert found("many") == ids[::-1][:10]
    assert found("many", limit=None) == ids[::-1]
    assert found("many", limit=None, descending=False) == ids
    assert found("many", limit=5, skip=10) == ids[::-1][10:]
    assert found("many", "odd") == ids[::-1][:6]
    assert found("even", "odd") == []
    assert found("many", limit=None, backend_name="ibm_marrakesh") == []
    assert found("many", limit=None, program_id="sampler") == []
    jobs[3].status()
    assert found("many", limit=None, pending=False) == [ids[3]]
    assert ids[3] not in found("many", limit=None, pending=True)
    created = jobs[9].creation_date
    assert found("many", limit=None, created_after=created) == ids[::-1][:4]
    assert found("many", limit=None, created_before=created) == ids[::-1][3:]
    assert client.job(ids[0]).tags == ["many", "even"]
    assert jobs[0].update_tags(["new"]) == ["new"]
    assert found("new") == [ids[0]]


@pytest.mark.parametrize("mode", [Batch, Session])
def test_batches_and_sessions(service, client, backend, mode):
    with mode(backend) as opened:
        assert opened.status() == "Pending"
        first = sampler(opened).run([excitation()], shots=5)
        assert first.result()[0].data.c.num_shots == 5
        assert opened.status() == "In progress, accepting new jobs"
        second = sampler(opened).run([excitation()], shots=5)
    assert [job.session_id for job in (first, second)] == [opened.session_id] * 2
    assert len(client.jobs(session_id=opened.session_id)) == 2
    details = opened.details()
    assert details["mode"] == {Batch: "batch", Session: "dedicated"}[mode]
    assert not details["accepting_jobs"]
    assert second.status() == "DONE"  # accepted before it closed
    assert opened.usage() == first.usage() + second.usage()
    late = mode(backend, create_new=False)
    late._session_id = opened.session_id
    with pytest.raises(IBMRuntimeError, match="Session has been closed"):
        sampler(late).run([excitation()], shots=5)

    service.queue_polls = 99
    again = mode(backend)
    waiting = sampler(mode.from_id(again.session_id, client)).run([excitation()], shots=5)
    again.cancel()
    assert waiting.status() == "CANCELLED"
    assert again.status() == "Closed"


def test_a_job_waits_runs_and_is_done(service, backend):
    service.queue_polls, service.running_polls = 2, 1
    job = sampler(backend).run([excitation()], shots=5)
    assert backend.status().pending_jobs > 0
    assert [job.status() for _ in range(4)] == ["QUEUED", "QUEUED", "RUNNING", "DONE"]


def test_a_queued_job_can_be_cancelled_and_a_finished_one_not(service, backend):
    service.queue_polls = 1
    job = sampler(backend).run([excitation()], shots=5)
    job.cancel()
    assert job.status() == "CANCELLED"
    with pytest.raises(RuntimeInvalidStateError, match="cancelled"):
        job.result()
    with pytest.raises(RuntimeInvalidStateError, match="cannot be cancelled"):
        job.cancel()


def test_a_job_that_takes_too_long_is_stopped(backend):
    run = sampler(backend)
    run.options.max_execution_time = 3
    job = run.run([excitation()], shots=50_000)  # 2 s, and 50,000 times 250 µs
    with pytest.raises(RuntimeJobMaxTimeoutError):
        job.result()


def test_limits_of_a_job_and_of_a_minute():
    with (
        LoopbackService(
            snapshots=("FakeTorino",), posts_per_minute=2, executions_per_job=1000
        ) as service,
        connected(service) as client,
    ):
        run = sampler(client.backend(TORINO))
        with pytest.raises(IBMRuntimeError, match="1100 circuit executions exceed"):
            run.run([excitation()], shots=1100)
        run.run([excitation()], shots=1000)
        with pytest.raises(IBMRuntimeError, match=r"429.*limit is 2 per minute"):
            run.run([excitation()], shots=10)
        assert len(service.jobs) == 1


# Misbehaviour

LOST = "Failed to run program"


@pytest.mark.parametrize(
    ("effect", "accepted", "posts", "error"),
    [
        (Drop(), 0, 1, (IBMRuntimeError, LOST)),
        (Drop(accept=True), 1, 1, (IBMRuntimeError, LOST)),
        (Reset(), 1, 1, (IBMRuntimeError, LOST)),
        (Truncate(), 1, 1, (IBMRuntimeError, LOST)),
        (Truncate(declared=False), 1, 1, (ValueError, "Unterminated")),
        (Corrupt(), 1, 1, (ValueError, "line 1")),
        (Status(429), 0, 1, (IBMRuntimeError, LOST)),
        (Status(400), 0, 1, (IBMRuntimeError, LOST)),
        (Delay(0.05), 1, 1, None),
        # From here on the client posts again by itself.
        (Status(500), 1, 2, None),
        (Status(503, retry_after=0), 1, 2, None),
        (Status(504, accept=True), 2, 2, None),
    ],
    ids=repr,
)
def test_faults_of_a_submission(service, backend, effect, accepted, posts, error):
    service.faults.append(Fault(effect, tag="hit"))
    tag = f"unique {effect!r}"[:80]
    before = service.requests["POST", "/jobs"]
    if error is None:
        sampler(backend, tag, "hit").run([excitation()], shots=5)
    else:
        with pytest.raises(error[0], match=error[1]):
            sampler(backend, tag, "hit").run([excitation()], shots=5)
    assert service.accepted(tag) == accepted
    assert service.requests["POST", "/jobs"] - before == posts
    assert service.faults.injected.total() == 1


def test_a_post_that_times_out_may_have_been_accepted(service, client):
    from qiskit_ibm_runtime.api.session import RetrySession

    patient = RetrySession.request

    def hasty(self, method, url, **options):
        return patient(self, method, url, **(options | {"timeout": 0.3}))

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(RetrySession, "request", hasty)
        service.faults.append(Fault(Delay()))
        with pytest.raises(IBMRuntimeError, match="Read timed out"):
            sampler(client.backend(TORINO), "timed out").run([excitation()], shots=5)
    assert service.accepted("timed out") == 1


@pytest.mark.parametrize(
    ("effect", "error"),
    [
        (Reset(), (RequestsApiError, "Connection reset")),
        (Truncate(), (RequestsApiError, "IncompleteRead")),
        (Status(404), (RequestsApiError, "404")),
        (Status(429), (RequestsApiError, "429")),
        (Corrupt(), (TypeError, "indices")),
        (Corrupt(valid=True), (zlib.error, "decompressing data")),
        (Truncate(declared=False), (TypeError, "indices")),
        (Answer(b"{}"), (ValueError, "schema version")),
        (Drop(), None),
        (Status(502), None),
        (Status(429, retry_after=0), None),
    ],
    ids=repr,
)
def test_faults_of_a_result(service, backend, effect, error):
    job = sampler(backend, "job:result").run([excitation()], shots=500)
    service.faults.append(Fault(effect, method="GET", path=RESULTS))
    if error is not None:
        with pytest.raises(error[0], match=error[1]):
            job.result()
    assert job.result()[0].data.c.num_shots == 500
    assert service.faults.injected.total() == 1


@pytest.mark.parametrize("body", [b"{}", b"null"])
def test_properties_can_be_missing(service, backend, body):
    service.faults.append(Fault(Answer(body), "GET", "/properties$"))
    assert backend.properties(refresh=True) is None
    service.faults.append(Fault(Status(404), "GET", "/properties$"))
    with pytest.raises(RequestsApiError, match="404"):
        backend.properties(refresh=True)
    assert backend.properties(refresh=True).backend_name == TORINO


def test_fates_of_a_job(service, backend):
    def fated(destiny):
        service.faults.append(Fault(destiny, tag="fated"))
        return sampler(backend, "fated").run([excitation()], shots=5)

    failed = fated(Destiny("Failed", "The control electronics caught cold.", 8000))
    with pytest.raises(RuntimeJobFailureError, match="8000; The control electronics caught cold"):
        failed.result()
    assert fated(Destiny("Cancelled")).status() == "CANCELLED"
    stuck = fated(Destiny("Queued"))
    assert {stuck.status() for _ in range(20)} == {"QUEUED"}
    slow = fated(Destiny("Completed", queue_polls=3))
    assert [slow.status() for _ in range(4)] == ["QUEUED"] * 3 + ["DONE"]


def test_a_list_lags_and_a_service_forgets(service, client, backend, monkeypatch):
    monkeypatch.setattr(service, "list_lag", 3600.0)
    monkeypatch.setattr(service, "at_once", True)
    service.faults.append(Fault(Twice(), tag="again"))
    job = sampler(backend, "again").run([excitation()], shots=5)
    twice = [each for each in service.jobs if "again" in each.tags]
    assert [each.state for each in twice] == ["Completed"] * 2
    assert job.job_id() == twice[1].id
    assert client.jobs(job_tags=["again"]) == []
    monkeypatch.setattr(service, "list_lag", 0.0)
    assert len(client.jobs(job_tags=["again"])) == 2
    service.forget(twice[0].id)
    assert [each.job_id() for each in client.jobs(job_tags=["again"])] == [twice[1].id]
    with pytest.raises(RuntimeJobNotFound):
        client.job(twice[0].id)
    service.forget(twice[0].id, 410)
    with pytest.raises(IBMRuntimeError, match="410"):
        client.job(twice[0].id)


def test_scripted_faults_hit_whom_they_are_meant_for(service, client, backend):
    service.faults.append(Fault(Drop(), tag="job:second", skip=1, times=2))
    run = sampler(backend, "job:second")
    outcomes = []
    for _ in range(4):
        try:
            outcomes.append(bool(run.run([excitation()], shots=5)))
        except IBMRuntimeError:
            outcomes.append(False)
    assert outcomes == [True, False, False, True]
    assert sampler(backend, "job:first").run([excitation()], shots=5).status() == "DONE"
    assert client.jobs(job_tags=["job:second"], limit=1)[0].status() == "DONE"
    assert service.faults.injected == Counter({"drop": 2})


def test_random_faults_follow_from_their_seed():
    def sequence(seed):
        faults = Faults.random(seed, 0.2)
        drawn = [faults.draw("GET", "/experimental/api/v1/jobs", ()) for _ in range(1000)]
        return drawn, faults.injected

    drawn, injected = sequence(7)
    assert sequence(7)[0] == drawn
    assert sequence(8)[0] != drawn
    assert set(drawn) == {None, *TRANSPORT}
    # Binomial: mean 200, standard deviation 12.6; four of them.
    assert injected.total() == pytest.approx(200, abs=51)
    assert Faults.random(7, 1.0).draw("POST", "/iam/identity/token", ()) is None
