"""The run directory: its format, its raw bits and seeds, what it refuses, and who may write."""

import json
import math
import os
import re
import shutil
import signal
import subprocess
import sys
from collections import Counter
from contextlib import suppress
from pathlib import Path

import numpy as np
import pytest
import xarray as xr
from filelock import FileLock, Timeout
from qiskit import qpy

import recycling as rc
import recycling.store.writer
from circuits.tomography import BASIS_ANGLES
from recycling.errors import BadInput, Incomplete
from recycling.execution import simulator
from recycling.execution.exact import execute_exact
from recycling.execution.local import job_seed
from recycling.jobs.cut import trial_jobs
from recycling.running.runs import default_path
from recycling.simulation.probabilities import pub_probabilities
from recycling.spec.experiment import MeasurementSpec
from recycling.store.files import Damaged, checksum, seal, unseal
from recycling.store.identity import SCHEMA_VERSION
from recycling.store.lock import locked
from recycling.store.outcomes import Form, read_outcomes
from recycling.studies.stored import cancel, open_unchecked, resume
from tests.forging import forge_kept
from tests.inference.of_hhl import RECORDED, SETTINGS
from tests.scripted import (
    EXPERIMENT,
    SPEC,
    DeathAt,
    Killed,
    Service,
    install,
    plan_always,
    tree,
    watch_disk,
)

#: Outcomes of a trial of the small run.
FORM = Form((8, 3, 3), 500, bits=4)
KEPT = ("experiment.toml", "device.json", "circuits.qpy", "prediction.nc")
DERIVED = ("results.nc", "report.html", "figures", "theory.nc")
DIMENSIONS = (
    "arm", "stage", "preparation", "theta_b", "basis", "trial", "flag", "S", "B", "C_I",
)  # fmt: skip


def kept_files(run):
    """Files of a run that are not derived from others."""
    return [name for name in tree(run.path) if not name.startswith(DERIVED)]


@pytest.fixture
def copied(small_run, tmp_path):
    """Copy of the small run, to be damaged."""
    return Path(
        shutil.copytree(small_run.path, tmp_path / "run", ignore=shutil.ignore_patterns(*DERIVED))
    )


@pytest.fixture(scope="module")
def scripted_plan():
    return rc.plan(EXPERIMENT)


@pytest.fixture
def create(scripted_plan, monkeypatch):
    """Make a run in no time: its outcomes come from a script."""
    install(monkeypatch, Service(), scripted_plan)

    def at(path, **how):
        return rc.run(EXPERIMENT, out=path, **{"spec": SPEC} | how)

    return at


# -- files -----------------------------------------------------------------------------------


def test_run_directory_holds_the_promised_files(small_run):
    assert kept_files(small_run) == sorted([
        ".lock", "run.json", "run.json.copy", *KEPT, "telemetry.jsonl",
        "jobs", "jobs/trial-0.json", "jobs/trial-1.json",
        "shots", "shots/trial-0.npz", "shots/trial-1.npz",
    ])  # fmt: skip


def test_run_record_has_the_promised_keys(small_run, small_experiment, small_spec):
    content = (small_run.path / "run.json").read_bytes()
    record = json.loads(content)
    assert set(record) == {
        "schema_version", "kind", "run_id", "name", "created", "backend", "simulated", "spec_hash",
        "account", "spec", "changes", "device", "brackets", "assignment", "assignments", "software",
        "checksums", "state", "run_tag", "telemetry", "prediction", "checksum",
    }  # fmt: skip
    assert record["schema_version"] == SCHEMA_VERSION == 2
    assert re.fullmatch("[0-9a-f]{12}", record["run_id"])
    assert (record["name"], record["backend"], record["simulated"]) == ("small", "exact", True)
    assert (record["state"], record["brackets"], record["account"]) == ("done", False, {})
    assert (record["spec"], record["spec_hash"]) == (small_spec, small_experiment.hash)
    assert record["changes"] == {}
    assert record["created"].endswith("+00:00")
    assert set(record["software"]) == {
        "thermodynamic-recycling", "qiskit", "qiskit-aer", "qiskit-ibm-runtime",
        "qiskit-experiments", "numpy", "scipy", "xarray",
    }  # fmt: skip
    assert record["software"]["numpy"] == np.__version__
    # It knows itself whether it is whole, and there is a second one.
    assert (small_run.path / "run.json.copy").read_bytes() == content
    assert unseal(content) == open_unchecked(small_run.path).record


def test_every_file_is_vouched_for(small_run):
    """Each kept file has a checksum somewhere, or carries its own."""
    sums = small_run.record["checksums"]
    assert set(sums) == set(KEPT)
    for name, digest in sums.items():
        assert digest == checksum(small_run.path / name)
    for job in small_run.jobs:
        file = small_run.path / "shots" / f"{job.name}.npz"
        assert small_run.journal(job).current.shots_checksum == checksum(file)
        unseal((small_run.path / "jobs" / f"{job.name}.json").read_bytes())
    for line in (small_run.path / "telemetry.jsonl").read_text(encoding="utf-8").splitlines():
        assert list(json.loads(line))[-1] == "crc32"
    assert small_run.damage() == []


def test_telemetry_tells_what_happened_in_order(small_run):
    events = [line["event"] for line in small_run.telemetry]
    assert events == ["planned", "done", "done", "collected"]
    times = [line["time"] for line in small_run.telemetry]
    assert times == sorted(times)
    seconds = {line["event"]: line["seconds"] for line in small_run.telemetry if "seconds" in line}
    assert set(seconds) == {"planned", "collected"}
    assert all(value >= 0 for value in seconds.values())


def test_circuits_are_named_by_their_setting(small_run):
    with (small_run.path / "circuits.qpy").open("rb") as stream:
        names = [circuit.name for circuit in qpy.load(stream)]
    assert names == [" ".join(setting) for setting in SETTINGS]


def test_spec_is_kept_byte_for_byte(create, tmp_path):
    unusual = SPEC.replace("\n", "\r\n") + "# θ_b  \t\n\n"
    create(tmp_path / "run", spec=unusual)
    assert (tmp_path / "run" / "experiment.toml").read_bytes() == unusual.encode()
    (tmp_path / "run" / "experiment.toml").unlink()
    resume(tmp_path / "run")
    assert (tmp_path / "run" / "experiment.toml").read_bytes() == unusual.encode()


def test_changes_of_the_command_line_are_kept(create, tmp_path):
    create(tmp_path / "run", changes={"seed": 99})
    opened = rc.open_run(tmp_path / "run")
    assert opened.experiment.seed == 99
    assert (tmp_path / "run" / "experiment.toml").read_text(encoding="utf-8") == SPEC


def test_reopening_gives_the_same_run(small_run, small_plan, small_experiment):
    opened = rc.open_run(str(small_run.path))
    assert opened.experiment == small_experiment
    assert opened.experiment.hash == small_experiment.hash
    assert opened.device == small_plan.device
    assert opened.jobs == small_plan.jobs
    xr.testing.assert_identical(opened.counts, small_run.counts)


def test_circuits_come_back_as_they_were_executed(
    small_experiment, small_plan, tmp_path, monkeypatch
):
    install(monkeypatch, Service(), small_plan)
    run = rc.run(small_experiment, out=tmp_path / "run")
    assert rc.open_run(run.path).circuits == small_plan.circuits


def test_a_noiseless_device_comes_back(theory_run):
    """Its times are infinite, which JSON does not know."""
    assert math.isinf(theory_run.device.t1[0])
    assert rc.open_run(theory_run.path).device == rc.plan(theory_run.experiment).device


# -- raw bits --------------------------------------------------------------------------------


def test_shots_are_raw_bits_in_plain_arrays(small_run):
    for trial in (0, 1):
        file = small_run.path / "shots" / f"trial-{trial}.npz"
        with np.load(file, allow_pickle=False) as archive:
            assert set(archive.files) == {"bits", "tag", "record", "shots"}
            assert int(archive["bits"]) == len(RECORDED) == 4
            shots = archive["shots"]
        assert shots.dtype == np.uint8
        # PUBs in the order of the settings, then θ_b, basis and the shots.
        assert shots.shape == (len(SETTINGS), 3, len(BASIS_ANGLES), 500)
        assert shots.max() == 15
        # In the order in which they were taken, and not sorted by outcome.
        assert (np.diff(shots.astype(int), axis=-1) < 0).any(axis=-1).all()


def test_counts_are_the_sums_of_the_raw_bits(small_run):
    """Taken apart one shot at a time: the first register is the lowest bit."""
    counts = small_run.counts
    assert counts.dims == DIMENSIONS
    assert counts.dtype == np.int64
    assert DIMENSIONS[-4:] == RECORDED
    for trial in (0, 1):
        shots = np.load(small_run.path / "shots" / f"trial-{trial}.npz")["shots"]
        for pub, (arm, stage, preparation) in enumerate(SETTINGS):
            for point, basis in np.ndindex(3, 3):
                found = counts.sel(arm=arm, stage=stage, preparation=preparation, trial=trial)
                found = found.isel(theta_b=point, basis=basis)
                tally = Counter(
                    tuple((value >> place) & 1 for place in range(4))
                    for value in shots[pub, point, basis].tolist()
                )
                expected = [[*outcome, count] for outcome, count in sorted(tally.items())]
                nonzero = [
                    [*outcome, int(found.values[outcome])]
                    for outcome in np.ndindex(2, 2, 2, 2)
                    if found.values[outcome]
                ]
                assert nonzero == expected
    np.testing.assert_array_equal(counts.sum(RECORDED), 500)


def test_exact_probabilities_are_stored_as_such(theory_run):
    counts = theory_run.counts
    assert counts.dtype == np.float64
    assert counts.dims == DIMENSIONS
    # Sixteen numbers, each from hundreds of gates exact to rounding.
    np.testing.assert_allclose(counts.sum(RECORDED), 1, rtol=0, atol=1e-12)
    with np.load(theory_run.path / "shots" / "trial-0.npz", allow_pickle=False) as archive:
        assert set(archive.files) == {"bits", "tag", "record", "table"}


def test_no_pickle_is_written_or_read(small_run, theory_run, tmp_path):
    for run in (small_run, theory_run):
        for file in run.path.rglob("*.np[yz]"):
            with np.load(file, allow_pickle=False) as archive:
                assert all(not archive[name].dtype.hasobject for name in archive.files)
        for file in (run.path / name for name in kept_files(run)):
            assert not file.is_file() or b"cpickle" not in file.read_bytes().lower()
    evil = tmp_path / "evil.npz"
    np.savez(evil, bits=np.array(4), shots=np.array([{"an": "object"}], dtype=object))
    with pytest.raises(Damaged, match="cannot be read"):
        read_outcomes(evil, FORM)
    package = Path(rc.__file__).parent
    for source in package.rglob("*.py"):
        lines = source.read_text(encoding="utf-8").splitlines()
        code = [line for line in lines if re.search(r"^\s*import.*pickle|allow_pickle=True", line)]
        # A sweep gives its work to processes of its own; no file holds it.
        assert code == (["import pickle"] if source == package / "sweeps" / "work.py" else [])


@pytest.mark.parametrize("content", [b"", b"PK\x03\x04", b"x" * 100, b"\x93NUMPY"])
def test_outcomes_that_cannot_be_read_are_damaged(tmp_path, content):
    (tmp_path / "shots.npz").write_bytes(content)
    with pytest.raises(Damaged):
        read_outcomes(tmp_path / "shots.npz", FORM)


def test_changed_outcomes_are_damaged_or_readable(small_run, tmp_path):
    """Whoever reads them without a look at their checksum meets no other error."""
    content = (small_run.path / "shots" / "trial-0.npz").read_bytes()
    generator = np.random.default_rng(1)
    for position in (*range(60), *generator.integers(0, len(content), 60), *range(-120, 0)):
        changed = bytearray(content)
        changed[position] ^= int(generator.integers(1, 256))
        (tmp_path / "shots.npz").write_bytes(changed)
        with suppress(Damaged):
            read_outcomes(tmp_path / "shots.npz", FORM)


def test_outcomes_without_their_arrays_are_damaged(tmp_path):
    np.savez(tmp_path / "shots.npz", shots=np.zeros(3, np.uint8))
    with pytest.raises(Damaged):
        read_outcomes(tmp_path / "shots.npz", FORM)


# -- seeds -----------------------------------------------------------------------------------


def bits_of(run):
    return [np.load(file)["shots"] for file in sorted((run.path / "shots").iterdir())]


def test_a_seed_fixes_every_bit(small_run, small_experiment, small_plan, tmp_path, monkeypatch):
    plan_always(monkeypatch, small_plan)
    again = rc.run(small_experiment, out=tmp_path / "again")
    for one, other in zip(bits_of(small_run), bits_of(again), strict=True):
        np.testing.assert_array_equal(one, other)
    assert again.record["run_id"] != small_run.record["run_id"]


def test_trials_are_independent_of_each_other(small_run, small_plan):
    """Shot by shot, two trials agree as often as two draws of the same distribution do."""
    first, second = bits_of(small_run)
    probabilities = np.stack([
        table.reshape(3, 3, 16)
        for table in pub_probabilities(small_plan.pubs(small_plan.jobs[0]), small_plan.device)
    ])  # fmt: skip
    agreement = np.sum(probabilities**2, axis=-1)
    expected = 500 * agreement.sum()
    sigma = np.sqrt(500 * np.sum(agreement * (1 - agreement)))
    assert abs(np.sum(first == second) - expected) < 4 * sigma
    # Nor is one trial the other shifted by a shot.
    shifted = np.sum(first[..., 1:] == second[..., :-1])
    assert abs(shifted - expected * 499 / 500) < 4 * sigma


def test_settings_have_random_numbers_of_their_own(small_run):
    """The two arms are alike at the target, before its erasure: the same numbers would show."""
    shots, _ = bits_of(small_run)
    flat = shots.reshape(-1, 500)
    assert len({row.tobytes() for row in flat}) == len(flat)


def test_outcomes_do_not_depend_on_the_order_of_the_jobs(small_plan, small_run):
    backend = simulator(small_plan.backend, small_plan.device, small_plan.experiment.seed)
    for job in reversed(small_plan.jobs):
        outcomes = backend.fetch(job, small_plan.pubs(job), "any id")
        np.testing.assert_array_equal(outcomes.shots, small_run.outcomes(job).shots)


def test_every_job_has_a_seed_of_its_own(small_experiment):
    measurement = MeasurementSpec(shots=10**7, trials=3)
    jobs = trial_jobs(small_experiment.model_copy(update={"measurement": measurement}))
    assert len(jobs) > 200
    keys = {job_seed(3, job).spawn_key for job in jobs}
    assert len(keys) == len(jobs)
    states = {job_seed(3, job).generate_state(4).tobytes() for job in jobs}
    assert len(states) == len(jobs)
    assert job_seed(3, jobs[0]).generate_state(1) != job_seed(4, jobs[0]).generate_state(1)


def test_another_seed_draws_other_shots(small_plan):
    job = small_plan.jobs[0]
    one, other = (
        execute_exact(job, small_plan.pubs(job), small_plan.device, job_seed(seed, job))
        for seed in (3, 4)
    )
    assert (one.shots != other.shots).mean() > 0.1


# -- creation --------------------------------------------------------------------------------


def occupy(path, kind):
    if kind == "folder":
        path.mkdir()
        (path / "mine.txt").write_text("mine", encoding="utf-8")
    elif kind == "names of ours":
        (path / "shots").mkdir(parents=True)
        (path / "shots" / "mine.npz").write_text("mine", encoding="utf-8")
        (path / "experiment.toml").write_text("mine", encoding="utf-8")
    elif kind == "one name of ours":
        (path / "jobs").mkdir(parents=True)
        (path / "jobs" / "mine.txt").write_text("mine", encoding="utf-8")
    elif kind == "hidden":
        path.mkdir()
        (path / ".git").mkdir()
    elif kind == "file":
        path.write_text("mine", encoding="utf-8")
    else:
        path.symlink_to(path.parent / "nowhere")


@pytest.mark.parametrize(
    "kind", ["folder", "names of ours", "one name of ours", "hidden", "file", "dangling link"]
)
def test_what_is_somebody_elses_is_refused(create, tmp_path, kind):
    occupy(tmp_path / "run", kind)
    before = tree(tmp_path)
    with pytest.raises(BadInput, match=r"out = .*run.* exists: give a new folder"):
        create(tmp_path / "run")
    assert tree(tmp_path) == before


def test_an_empty_folder_is_taken(create, tmp_path):
    (tmp_path / "run").mkdir()
    assert create(tmp_path / "run").complete


def test_another_experiment_is_refused(create, tmp_path):
    create(tmp_path / "run")
    before = {name: (tmp_path / name).read_bytes() for name in tree(tmp_path)
              if (tmp_path / name).is_file()}  # fmt: skip
    other = EXPERIMENT.model_copy(update={"seed": 77})
    for experiment, backend in ((other, "exact"), (EXPERIMENT, "aer")):
        with pytest.raises(BadInput, match="exists"):
            rc.run(experiment, backend, out=tmp_path / "run")
    assert {name: (tmp_path / name).read_bytes() for name in before} == before


def test_a_folder_below_a_file_is_refused(create, tmp_path):
    (tmp_path / "file").write_text("mine", encoding="utf-8")
    with pytest.raises(BadInput, match=r"out = .*give another folder"):
        create(tmp_path / "file" / "run")
    assert tree(tmp_path) == ["file"]


def test_folders_on_the_way_are_made(create, tmp_path):
    create(tmp_path / "a" / "b" / "run")
    assert rc.open_run(tmp_path / "a" / "b" / "run").record["name"] == "scripted"


@pytest.mark.slow
def test_a_folder_without_an_identity_is_filled_anew(create, scripted_plan, monkeypatch, tmp_path):
    """A death before run.json is written leaves no run, and the same command makes one."""
    existed = []
    with pytest.MonkeyPatch.context() as patch:
        watch_disk(patch, lambda: existed.append((tmp_path / "whole" / "run.json").exists()))
        create(tmp_path / "whole")
    identified_at = existed.index(True)
    # Spec, device, circuits, copy and run.json, each with a point before it has its name.
    assert identified_at >= 2 * 5 - 1
    for number in range(identified_at + 1):
        path = tmp_path / f"run-{number}"
        service = Service()
        install(monkeypatch, service, scripted_plan)
        with pytest.MonkeyPatch.context() as patch:
            watch_disk(patch, DeathAt(number))
            with pytest.raises(Killed):
                create(path)
        assert service.calls == [], "nothing is submitted before the run is one"
        identified = (path / "run.json").exists()
        assert identified == (number >= identified_at)
        if not identified and not (path / "run.json.copy").exists():
            with pytest.raises(BadInput, match="is not a run directory"):
                rc.open_run(path)
        run = create(path)
        assert run.complete
        assert run.damage() == []
        assert service.jobs() == dict.fromkeys(("trial-0", "trial-1", "trial-2"), 1)
        assert [name for name in tree(path) if Path(name).name.startswith(".")] == [".lock"]


def test_a_death_before_the_lock_is_no_obstacle(create, tmp_path, monkeypatch):
    def die(_folder):
        raise Killed

    with monkeypatch.context() as patch:
        patch.setattr(recycling.store.writer, "locked", die)
        with pytest.raises(Killed):
            create(tmp_path / "run")
    assert create(tmp_path / "run").complete


def test_shots_without_an_identity_are_not_taken_for_those_of_another_run(create, tmp_path):
    """Both records of a run are gone: its outcomes must not become those of what is run next."""
    run = create(tmp_path / "run")
    for name in ("run.json", "run.json.copy"):
        (run.path / name).unlink()
    before = {name: (run.path / name).read_bytes() for name in tree(run.path)
              if name.startswith(("shots/", "jobs/"))}  # fmt: skip
    other = EXPERIMENT.model_copy(update={"seed": 77})
    with pytest.raises(BadInput, match="exists"):
        rc.run(other, out=run.path)
    assert {name: (run.path / name).read_bytes() for name in before} == before


def test_a_bad_plan_leaves_nothing(small_experiment, tmp_path):
    far = small_experiment.with_(device__layout__B=100)
    with pytest.raises(BadInput, match="layout"):
        rc.run(far, out=tmp_path / "a" / "run")
    assert tree(tmp_path) == []


def test_an_unknown_backend_is_refused(small_experiment, tmp_path):
    with pytest.raises(BadInput, match="backend = 'abacus': give 'exact'"):
        rc.run(small_experiment, backend="abacus", out=tmp_path / "run")
    assert tree(tmp_path) == []


def test_a_run_without_a_path_goes_to_runs(small_experiment):
    assert re.fullmatch(r"runs/small-\d{8}-\d{6}", default_path(small_experiment.name).as_posix())


# -- opening ---------------------------------------------------------------------------------


def refusal(path):
    """What opening says: one line."""
    with pytest.raises(BadInput) as caught:
        rc.open_run(path)
    text = str(caught.value)
    assert len(text.splitlines()) == 1
    return text


@pytest.mark.parametrize("name", ["nowhere", "file", "empty", "."])
def test_what_is_no_run_is_refused(tmp_path, name):
    (tmp_path / "file").write_text("text", encoding="utf-8")
    (tmp_path / "empty").mkdir()
    message = refusal(tmp_path / name)
    assert f"{tmp_path / name}" in message
    assert "run.json" in message
    for attempt in (resume, cancel):
        with pytest.raises(BadInput, match="is not a run directory"):
            attempt(tmp_path / name)
    assert tree(tmp_path) == ["empty", "file"]


@pytest.mark.parametrize(
    "content",
    [
        b"", b"{", b"[]", b"null", b"\xff\xfe", b"{}", b'{"schema_version": "one"}',
        b'{"schema_version": 2}', b'{"schema_version": 2, "checksums": []}',
    ],
)  # fmt: skip
def test_a_record_that_is_none_is_refused(copied, content):
    for name in ("run.json", "run.json.copy"):
        (copied / name).write_bytes(content)
    assert "run.json is damaged, and so is its copy" in refusal(copied)


def test_the_copy_takes_the_place_of_the_record(copied, small_run):
    (copied / "run.json").write_bytes(b"")
    assert "run.json is damaged" in refusal(copied)
    assert open_unchecked(copied).record == open_unchecked(small_run.path).record
    assert resume(copied).record | {"telemetry": None} == small_run.record | {"telemetry": None}
    assert rc.open_run(copied).counts.identical(small_run.counts)


def test_a_reader_needs_no_right_to_write(copied, small_run):
    before = tree(copied)
    writable = [copied, *copied.rglob("*")]
    for path in reversed(writable):
        path.chmod(0o555 if path.is_dir() else 0o444)
    try:
        assert rc.open_run(copied).counts.identical(small_run.counts)
        assert tree(copied) == before
    finally:
        for path in writable:
            path.chmod(0o755 if path.is_dir() else 0o644)


def test_nothing_is_read_before_it_is_asked_for(copied, small_run):
    opened = rc.open_run(copied)
    shutil.rmtree(copied / "shots")
    (copied / "circuits.qpy").unlink()
    assert opened.experiment == small_run.experiment


def test_a_run_without_a_whole_trial_has_no_counts(create, tmp_path):
    run = create(tmp_path / "run")
    for name in ("trial-0", "trial-1", "trial-2"):
        content = unseal((run.path / "jobs" / f"{name}.json").read_bytes())
        content["attempts"][0]["state"] = "submitted"
        (run.path / "jobs" / f"{name}.json").write_bytes(seal(content))
    with pytest.raises(Incomplete, match="no trial is complete yet") as caught:
        _ = rc.open_run(run.path).counts
    assert f"recycling resume {run.path}" in str(caught.value)


# -- QPY -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "head", [b"QISKIT\x0c", b"QISKIT\x00", b"QISKIX\x0d", b"QISKIT", b"", b"\x80\x04\x95\x00\x00"]
)
def test_an_old_qpy_file_is_refused_before_it_is_parsed(copied, head, monkeypatch):
    """Up to version 12 its expressions are parsed by SymPy, which evaluates what they say."""

    def parse(_stream):
        pytest.fail("it was parsed")

    monkeypatch.setattr(qpy, "load", parse)
    file = copied / "circuits.qpy"
    forge_kept(copied, "circuits.qpy", head + file.read_bytes()[7:] if len(head) > 6 else head)
    for read in (lambda run: run.circuits, lambda run: run.all_circuits, lambda run: run.brackets):
        with pytest.raises(BadInput, match="no QPY file of version 13 or later") as caught:
            read(open_unchecked(copied))
        assert str(file) in str(caught.value)


def test_our_own_qpy_files_are_new_enough(small_run):
    head = (small_run.path / "circuits.qpy").read_bytes()[:7]
    assert head[:6] == b"QISKIT"
    assert head[6] >= 13


# -- the lock --------------------------------------------------------------------------------

HOLD = """
import sys, time
from filelock import FileLock
lock = FileLock(sys.argv[1])
lock.acquire()
print("held", flush=True)
time.sleep(60)
"""


@pytest.fixture
def holder():
    """Another process that holds the lock of a folder."""
    started = []

    def hold(folder):
        process = subprocess.Popen(
            [sys.executable, "-c", HOLD, str(folder / ".lock")], stdout=subprocess.PIPE, text=True
        )
        started.append(process)
        assert process.stdout.readline() == "held\n"
        return process

    yield hold
    for process in started:
        process.kill()
        process.wait()
        process.stdout.close()


def test_a_second_writer_is_refused(create, holder, tmp_path):
    run = create(tmp_path / "run")
    other = holder(run.path)
    for attempt in (resume, cancel):
        with pytest.raises(BadInput, match="is in use by another process") as caught:
            attempt(run.path)
        assert str(run.path) in str(caught.value)
        assert len(str(caught.value).splitlines()) == 1
    # A reader does not mind.
    assert rc.open_run(run.path).complete
    # The system frees the lock of a process that dies, however it dies.
    other.send_signal(signal.SIGKILL)
    other.wait()
    assert resume(run.path).complete


def test_a_run_that_is_being_created_is_left_alone(create, holder, tmp_path):
    (tmp_path / "run").mkdir()
    holder(tmp_path / "run")
    with pytest.raises(BadInput, match="in use by another process"):
        create(tmp_path / "run")
    assert "run/run.json" not in tree(tmp_path)


def test_the_lock_is_held_as_long_as_the_run_is_written(create, tmp_path):
    seen = []

    def attempt(*_arguments):
        # A lock object of another process, as it were.
        lock = FileLock(tmp_path / "run" / ".lock", blocking=False, is_singleton=False)
        try:
            lock.acquire()
        except Timeout:
            seen.append("held")
        else:
            lock.release()
            seen.append("free")

    create(tmp_path / "run", watch=attempt)
    assert len(seen) > 3
    assert set(seen) == {"held"}
    attempt()
    assert seen[-1] == "free"


def test_a_folder_that_cannot_be_written_is_refused(tmp_path, monkeypatch):
    def refuse(*_arguments, **_keywords):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(os, "open", refuse)
    with (
        pytest.raises(BadInput, match="Permission denied; give a folder to write in"),
        locked(tmp_path),
    ):
        pass


# -- rooms -----------------------------------------------------------------------------------

WITHOUT_ENGINE = """
import sys
for name in ("recycling.simulation", "recycling.planning.plan", "qiskit_ibm_runtime"):
    sys.modules[name] = None  # cannot be imported
import recycling as rc
run = rc.open_run(sys.argv[1])
assert run.counts.sum() > 0
assert run.circuits_fault == ""
assert len(run.circuits) == len(run.design.settings)
assert run.warnings == [] and run.damage() == []
"""


def test_a_run_is_opened_where_nothing_can_plan_or_simulate(small_run):
    done = subprocess.run(
        [sys.executable, "-c", WITHOUT_ENGINE, str(small_run.path)], capture_output=True, text=True
    )
    assert (done.returncode, done.stderr) == (0, "")
