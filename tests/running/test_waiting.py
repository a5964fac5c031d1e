"""A service that does not answer, and a user who does not wait for it."""

import os
import signal
import subprocess
import sys
from math import isfinite
from time import monotonic, sleep

import pytest
from qiskit import QuantumCircuit
from requests.adapters import HTTPAdapter

import recycling as rc
from recycling.cli.terminal import errors
from recycling.errors import BackendFailure
from recycling.execution.ibm.connection import Timeouts
from recycling.execution.ibm.service import Hardware
from recycling.execution.machine import Account
from tests.loopback import Delay, Fault, LoopbackService
from tests.on_ibm import IBM, command, connected, plan_on_ibm, planned_once, spec, without_results

#: Time-outs of a test, s, which a busy machine can keep; and the time in which a command has ended
#: there that does not wait: without them it is a minute at least.
SHORT = Timeouts(connect=10.0, read=1.0, submit=2.0)
AT_ONCE = 30.0


@pytest.fixture(scope="module")
def running():
    with LoopbackService(seed=1, snapshots=("FakeMarrakesh",)) as service:
        yield service


@pytest.fixture
def service(running, tmp_path):
    """The service, to which this process and its children are led."""
    running.faults.clear()
    running.faults.injected.clear()
    (tmp_path / "spec.toml").write_text(spec(), encoding="utf-8")
    with connected(running, tmp_path / "accounts.json") as patch:
        patch.chdir(tmp_path)
        yield running


@pytest.fixture(scope="module")
def plan(running, tmp_path_factory):
    """A plan on a device that is not waited for; it has one connection for all tests."""
    with connected(running, tmp_path_factory.mktemp("plan") / "accounts.json"):
        planned = plan_on_ibm(rc.Experiment.parse(spec()))
        hardware = Hardware("ibm_marrakesh", Account(), SHORT)
        hardware.backend  # noqa: B018 (connects)
        return planned.through(hardware)


def submitted(hardware, tag="tag"):
    """Id of a job of one circuit."""
    circuit = QuantumCircuit(156, 1)
    circuit.measure(11, 0)
    return hardware.submit(
        [(circuit, {})], 10, tags=[tag], rep_delay=None, init_qubits=True, max_execution_time=None
    )


@pytest.mark.usefixtures("service")
def test_every_request_has_a_time_out(monkeypatch):
    """Sign-in, catalogue, devices, jobs, batches: whatever the client asks for by itself."""
    seen = {}
    send = HTTPAdapter.send

    def watched(self, request, *args, timeout=None, **options):
        seen[request.method, request.path_url.partition("?")[0].rpartition("/")[2]] = timeout
        return send(self, request, *args, timeout=timeout, **options)

    monkeypatch.setattr(HTTPAdapter, "send", watched)
    hardware = Hardware("ibm_marrakesh", Account())
    assert hardware.calibration
    assert hardware.remaining_seconds() > 0
    hardware.close("batch", hardware.open("batch"))
    job_id = submitted(hardware)
    assert hardware.find("nothing") == []
    assert hardware.poll(job_id).state == "done"
    hardware.fetch(job_id)
    with pytest.raises(BackendFailure, match="cannot be cancelled"):
        hardware.cancel(job_id)
    limits = Timeouts()
    usual, patient = (limits.connect, limits.read), (limits.submit, limits.submit)
    of_the_sdk = ("POST", "token"), ("POST", "search")
    assert {("GET", "backends"), ("GET", job_id), ("GET", "results"), *of_the_sdk} < set(seen)
    for request, timeout in seen.items():
        if request == ("POST", "jobs"):
            assert timeout == patient
        elif isinstance(timeout, tuple):
            assert timeout == usual, request
        else:  # IBM's SDK: one number for both
            assert isfinite(timeout), request


REQUESTS = {
    "find": ("GET", r"/jobs$", lambda hardware, _job_id: hardware.find("tag")),
    "fetch": ("GET", r"/results$", lambda hardware, job_id: hardware.fetch(job_id)),
    "cancel": ("POST", r"/cancel$", lambda hardware, job_id: hardware.cancel(job_id)),
    "submit": ("POST", r"/jobs$", lambda hardware, _job_id: submitted(hardware)),
}


@pytest.mark.parametrize("name", REQUESTS)
def test_a_request_that_is_not_answered_fails_once_and_may_be_repeated(service, plan, name):
    method, path, ask = REQUESTS[name]
    job_id = submitted(plan.client)
    service.faults.append(Fault(Delay(None), method=method, path=path, times=None))
    started = monotonic()
    with pytest.raises(BackendFailure, match="timed out") as caught:
        ask(plan.client, job_id)
    assert caught.value.transient
    assert monotonic() - started < AT_ONCE
    assert service.faults.injected.total() == 1, "the client repeats nothing by itself"


def test_a_service_that_does_not_list_its_devices_is_told_in_time(service):
    service.faults.append(Fault(Delay(None), method="GET", path=r"/backends$", times=None))
    started = monotonic()
    with pytest.raises(BackendFailure, match="does not list its devices") as caught:
        Hardware("ibm_marrakesh", Account(), SHORT).backend  # noqa: B018 (connects)
    assert caught.value.transient
    assert monotonic() - started < AT_ONCE


@pytest.mark.slow
def test_a_run_outlasts_requests_that_are_not_answered(service, plan, monkeypatch):
    planned_once(monkeypatch, plan)
    without_results(monkeypatch)
    before = len(service.jobs)
    service.faults.append(Fault(Delay(None), tag="job:trial-0"))
    service.faults.append(Fault(Delay(None), method="GET", path=r"/jobs/[^/]+$", times=2))
    service.faults.append(Fault(Delay(None), method="GET", path=r"/results$"))
    done = command("run", "spec.toml", "--backend", IBM, "--out", "out")
    assert (done.code, done.traceback) == (0, "")
    assert len(service.jobs) - before == 2, "a submission that was not answered is looked for"


# -- a user who does not wait ------------------------------------------------------------------


def begun(*arguments):
    """Process of a command. It heeds Ctrl-C also where the tests run in a script's background."""
    heed = "import signal; signal.signal(signal.SIGINT, signal.default_int_handler)"
    return subprocess.Popen(
        [sys.executable, "-c", f"{heed}; from recycling.cli.app import main; main()", *arguments],
        stderr=subprocess.PIPE,
        text=True,
    )


def stopped(process, with_signal):
    """What a process says that is sent a signal, once."""
    process.send_signal(with_signal)
    started = monotonic()
    try:
        _, said = process.communicate(timeout=60)
    finally:
        process.kill()
    assert monotonic() - started < AT_ONCE
    return process.returncode, said.splitlines()[-1]


def wait_until(condition, process):
    """Wait for what a process does."""
    deadline = monotonic() + 120
    while not condition():
        assert process.poll() is None, process.stderr.read()
        assert monotonic() < deadline
        sleep(0.05)


def test_the_first_signal_ends_a_command_that_waits_for_the_service(service, plan, monkeypatch):
    """The answer to a submission does not come, nor would that to the closing of the batch."""
    before = len(service.jobs)
    service.faults.append(Fault(Delay(None), tag="job:trial-1"))
    service.faults.append(Fault(Delay(None), method="PATCH", path="/sessions/", times=None))
    process = begun("run", "spec.toml", "--backend", IBM, "--out", "out")
    wait_until(service.faults.injected.total, process)
    assert stopped(process, signal.SIGINT) == (
        3, "incomplete: interrupted; nothing is lost; go on with: recycling resume out"
    )  # fmt: skip
    service.faults.clear()
    planned_once(monkeypatch, plan)
    without_results(monkeypatch)
    assert command("resume", "out").code == 0
    assert len(service.jobs) - before == 2


@pytest.mark.slow
def test_the_first_signal_ends_a_simulation(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    text = spec().replace("shots = 200", "shots = 100_000")
    (tmp_path / "spec.toml").write_text(text.replace("trials = 2", "trials = 100"))
    process = begun("run", "spec.toml", "--out", "out")
    wait_until(lambda: list((tmp_path / "out" / "shots").glob("*.npz")), process)
    assert stopped(process, signal.SIGTERM) == (
        3, "incomplete: interrupted; nothing is lost; go on with: recycling resume out"
    )  # fmt: skip


def test_a_signal_is_left_as_it_was_found():
    """Commands alone take SIGTERM for an interrupt: what calls the package keeps its handler."""

    def of_the_caller(_number, _frame):
        raise AssertionError

    before = signal.signal(signal.SIGTERM, of_the_caller)
    try:
        with pytest.raises(SystemExit) as caught, errors(debug=False):
            os.kill(os.getpid(), signal.SIGTERM)
        assert caught.value.code == 3
        assert signal.getsignal(signal.SIGTERM) is of_the_caller
    finally:
        signal.signal(signal.SIGTERM, before)
