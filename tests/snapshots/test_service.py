"""A run on the loopback service, in place of a device: what goes there, and what is kept of it."""

import json

import pytest

import recycling as rc
from tests.loopback import LoopbackService
from tests.on_ibm import connected
from tests.snapshots.compare import check, form
from tests.snapshots.outside import (
    LAYOUT,
    circuits,
    files,
    fingerprint,
    outcomes,
    recycling,
    sealed,
    telemetry,
)

IBM = "ibm:ibm_marrakesh"
SPEC = f"""\
name = "service"
seed = 5

[device]
{LAYOUT}

[sweep]
theta_b = [0.6]
p_x = [0.4]

[measurement]
shots = 50
trials = 2

[hardware]
rep_delay = "200 us"
bracket_shots = 100
assignment_shots = 100

[inference]
resamples = 100
"""


@pytest.fixture(scope="module")
def service():
    with LoopbackService(seed=1) as service:
        yield service


@pytest.fixture(scope="module")
def folder(service, tmp_path_factory):
    """Folder with the spec; commands in it are led to the service."""
    folder = tmp_path_factory.mktemp("service")
    (folder / "spec.toml").write_text(SPEC, encoding="utf-8")
    with connected(service, folder / "accounts.json") as patch:
        patch.chdir(folder)
        patch.setenv("COLUMNS", "100")
        yield folder


def submit(service, out):
    """Submit all jobs of a run, which stay in the queue, and leave."""
    service.queue_polls = 1_000_000
    call = ["run", "spec.toml", "--backend", IBM, "--out", out]
    done = recycling(*call, "--no-wait", "--max-qpu-seconds", 1000)
    assert done.code == 3, done
    return done


@pytest.fixture(scope="module")
def submitted(service, folder):
    """What the command said that submitted all jobs, and the state of the run then."""
    done = submit(service, "out")
    return done, recycling("status", "out", "--json").json, files(folder / "out")


@pytest.fixture(scope="module")
def path(submitted, service, folder):
    """The run, brought to its end."""
    assert submitted
    service.queue_polls = 0
    assert rc.resume("out").complete
    return folder / "out"


def test_submission_stays(submitted):
    done, status, written = submitted
    found = {
        "error": [line for line in done.err.splitlines() if line.startswith("incomplete")],
        "status": form(status),
        "headline": status["headline"],
        "notes": status["notes"],
        "files": written,
    }
    check("service-submission", found)


def test_directory_stays(path):
    record = sealed(path / "run.json")
    events = list(telemetry(path, record["run_id"]))
    journals = {file.stem: sealed(file) for file in sorted((path / "jobs").iterdir())}
    kept = ("backend", "simulated", "account", "brackets", "assignment", "assignments",
            "max_qpu_seconds", "device")  # fmt: skip
    found = {
        "files": files(path),
        "keys": list(record),
        "record": {key: record[key] for key in kept},
        "checksums": sorted(record["checksums"]),
        "journals": {name: form(journal) for name, journal in journals.items()},
        "tags": {
            name: journal["attempts"][0]["tag"].replace(record["run_id"], "ID")
            for name, journal in journals.items()
        },
        "groups": len({journal["attempts"][0]["group"] for journal in journals.values()}),
        "telemetry": {event["event"]: form(event) for event in events},
        "calibration": form(json.loads((path / "calibration.json").read_bytes())),
    }
    check("service-directory", found, rtol=1e-11)


def test_circuits_stay(path):
    """As planned, then as sent to the chip."""
    found = circuits(path / "circuits.qpy")
    check("service-circuits", {circuit.name: fingerprint(circuit) for circuit in found})


def test_shots_stay(path):
    found = {file.stem: outcomes(file) for file in sorted((path / "shots").iterdir())}
    check("service-shots", found)


@pytest.mark.usefixtures("path")
def test_status_stays():
    status = recycling("status", "out", "--json").json
    check("service-status", {"form": form(status), "notes": status["notes"]})
    seconds = {job["name"]: job["qpu_seconds"] for job in status["jobs"]}
    check("service-seconds", seconds)


@pytest.mark.usefixtures("path")
def test_what_was_cancelled_is_told(service):
    submit(service, "again")
    found = []
    for command, code in (("cancel", 0), ("resume", 4)):
        done = recycling(command, "again")
        assert done.code == code, done
        told = [line for line in done.err.splitlines() if line.startswith("error")]
        found.append([command, done.out.splitlines(), told])
    check("service-cancelled", found)
