"""The default latency run, on the clock model: its directory, its records and its results."""

import tomllib

import pytest

from tests.snapshots.compare import check, form
from tests.snapshots.outside import (
    circuits,
    files,
    fingerprint,
    outcomes,
    recycling,
    sealed,
    telemetry,
)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("latency")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        patch.setenv("COLUMNS", "100")
        yield folder


@pytest.fixture(scope="module")
def done(folder):
    """What the command said without a spec."""
    assert folder.is_dir()
    return recycling("latency", "--seed", 4, "--out", "out", "--json")


@pytest.fixture(scope="module")
def path(done, folder):
    assert done.code == 0, done
    return folder / "out"


@pytest.fixture(scope="module")
def record(path):
    return sealed(path / "run.json")


def test_spec_keys_and_defaults_stay(path):
    """Keys that are not written have no default."""
    written = tomllib.loads((path / "experiment.toml").read_text(encoding="utf-8"))
    check("latency-spec-keys", written)


def test_directory_stays(path, record):
    names = [
        "schema_version", "kind", "name", "backend", "simulated", "spec_hash", "account",
        "changes", "brackets", "assignment", "assignments", "state",
    ]  # fmt: skip
    events = list(telemetry(path, record["run_id"]))
    journal = sealed(path / "jobs" / "x-110.json")
    (attempt,) = journal["attempts"]
    found = {
        "files": files(path),
        "record": {name: record[name] for name in names},
        "keys": list(record),
        "device": record["device"],
        "journal": form(journal),
        "tag": attempt["tag"].replace(record["run_id"], "ID"),
        "order": [event["job"] for event in events if event["event"] == "done"],
        "telemetry": {event["event"]: form(event) for event in events},
    }
    check("latency-directory", found, rtol=1e-11)


def test_circuits_stay(path):
    found = {}
    for circuit in circuits(path / "circuits.qpy"):
        whole = fingerprint(circuit)
        # The others are these with more rungs.
        short = circuit.name in ("x 110", "feedforward 1", "feedforward 4")
        found[circuit.name] = whole if short else whole["instructions"]
    check("latency-circuits", found)


def test_clock_stays(path):
    """What a job took, as the clock model records it."""
    found = {}
    for file in sorted((path / "jobs").iterdir()):
        (attempt,) = sealed(file)["attempts"]
        found[file.stem] = attempt["record"]
        assert set(outcomes(path / "shots" / f"{file.stem}.npz")) == {
            "bits", "table", "tag", "record",
        }  # fmt: skip
    check("latency-clock", found, rtol=1e-12)
    check("latency-shots", outcomes(path / "shots" / "x-110.npz"))


#: What is known of a ladder, and of a fit, beside what tells of single jobs.
LADDER = (
    "executions", "resolution_s", "lengths", "job_times_s", "submission_order",
    "scheduled_slope_s", "compiled_slope_s", "compiled_slope_inside",
)  # fmt: skip
FIT = ("slope_s", "overhead_s", "jobs_in_regime")


def numbers(result):
    kept = {}
    for name, ladder in result["ladders"].items():
        kept[name] = {key: ladder[key] for key in LADDER}
        for fit in ("from_job_times", "from_execution_times"):
            kept[name][fit] = {key: ladder[fit][key] for key in FIT}
    return kept


def test_results_stay(done, path):
    check("latency-json", {"form": form(done.json), "keys": list(done.json)})
    facts = {key: value for key, value in done.json.items() if key not in ("ladders", "files")}
    check("latency-facts", facts, rtol=1e-12)
    # The fit averages over thousands of draws: their sums round otherwise on another machine.
    check("latency-numbers", numbers(done.json), rtol=1e-6)
    table = (path / "latency.csv").read_text(encoding="utf-8").splitlines()
    check("latency-csv", [table[0], len(table)])


def test_status_stays(path):
    answer = recycling("status", path.name, "--json")
    check("latency-status", [form(answer.json), answer.json["headline"], answer.json["notes"]])


@pytest.mark.parametrize("command", ["analyse", "report", "export", "bundle"])
def test_other_commands_say_what_it_is(path, command):
    answer = recycling(command, path.name)
    assert answer.code == (2 if command != "bundle" else answer.code)
    check(f"latency-{command}", answer.err.splitlines() if answer.code else answer.code)
