"""Runs of older schemas: a stored one of each must stay readable, whatever happens on the way."""

import json
import os
import shutil
from contextlib import contextmanager, suppress
from pathlib import Path

import numpy as np
import pytest
import xarray as xr

import recycling as rc
import recycling.store.upgrade
from recycling.devices.device import Device
from recycling.errors import BackendFailure, BadInput
from recycling.spec.experiment import Experiment
from recycling.store.files import checksum, seal, unseal
from recycling.store.identity import SCHEMA_VERSION
from recycling.store.upgrade import upgrade
from recycling.studies.stored import resume, status
from tests.scripted import DeathAt, Killed, tree, watch_disk

DATA = Path(__file__).parents[1] / "data"
GOLDEN = DATA / "run-schema-1"
KEPT = ("experiment.toml", "device.json", "circuits.qpy")


@pytest.fixture
def older(tmp_path):
    """A run that version 0.1.0 wrote, with the seed changed on the command line."""
    return Path(shutil.copytree(GOLDEN, tmp_path / "run"))


@pytest.fixture(scope="module")
def golden_counts():
    """Counts as that version stored them, with all axes."""
    with np.load(GOLDEN / "shots" / "counts.npz", allow_pickle=False) as archive:
        return xr.DataArray(archive["counts"], dims=[str(name) for name in archive["dimensions"]])


def contents(folder):
    return {name: (folder / name).read_bytes() for name in tree(folder)
            if (folder / name).is_file()}  # fmt: skip


def refusal(path):
    with pytest.raises(BadInput) as caught:
        rc.open_run(path)
    text = str(caught.value)
    assert len(text.splitlines()) == 1
    return text


def assert_found(dataset, name):
    """Compare a Dataset with what was once found in the same run."""
    expected = json.loads((DATA / name).read_text(encoding="utf-8"))
    assert len(expected["variables"]) > 20
    np.testing.assert_array_equal(dataset["p_x"], expected["p_x"])
    for variable, stored in expected["variables"].items():
        assert dataset[variable].dims == tuple(stored["dims"])
        # The same counts and the same random numbers: only libraries may round otherwise.
        values = np.array(stored["values"], dtype=float)
        np.testing.assert_allclose(dataset[variable], values, rtol=1e-9, err_msg=variable)


# -- schema 1 --------------------------------------------------------------------------------


def test_what_was_measured_is_unchanged(older, golden_counts):
    run = rc.open_run(older)
    assert golden_counts.sizes["trial"] == 2
    xr.testing.assert_equal(run.counts.drop_vars(run.counts.coords), golden_counts)
    assert run.counts.dtype == golden_counts.dtype == np.int64
    with np.load(GOLDEN / "shots" / "counts.npz", allow_pickle=False) as archive:
        for name in ("arm", "stage", "preparation", "theta_b", "basis"):
            np.testing.assert_array_equal(run.counts[name], archive[f"coordinate_{name}"])


def test_what_was_executed_is_unchanged(older):
    run = rc.open_run(older)
    text = (GOLDEN / "experiment.toml").read_bytes().decode()
    assert run.experiment == Experiment.parse(text, seed=11)
    assert run.experiment.seed == 11
    assert run.device == Device.model_validate_json((GOLDEN / "device.json").read_bytes())
    assert sorted(circuit.name for circuit in run.circuits.values()) == sorted(
        " ".join(setting) for setting in run.circuits
    )
    assert len(run.circuits) == 8
    assert run.brackets == ()
    for name in KEPT:
        assert (older / name).read_bytes() == (GOLDEN / name).read_bytes()


def test_what_was_found_is_unchanged(older):
    assert_found(rc.analyse(rc.open_run(older)), "results-schema-1.json")


def test_identity_is_kept(older):
    before = json.loads((GOLDEN / "run.json").read_bytes())
    run = rc.open_run(older)
    assert run.record["schema_version"] == SCHEMA_VERSION == 2
    for key in ("name", "created", "backend", "simulated", "spec_hash", "changes", "software"):
        assert run.record[key] == before[key], key
    assert run.record["state"] == "done"
    assert run.complete
    assert {line["event"]: line["seconds"] for line in run.telemetry} == before["timings_seconds"]
    assert (older / "run.json").read_bytes() == (older / "run.json.copy").read_bytes()
    assert unseal((older / "run.json").read_bytes()) == run.record


def test_upgraded_run_is_a_run_of_the_present_schema(older):
    run = rc.open_run(older)
    assert run.damage() == []
    assert tree(older) == sorted([
        ".lock", "circuits.qpy", "device.json", "experiment.toml", "jobs", "jobs/trial-0.json",
        "jobs/trial-1.json", "run.json", "run.json.copy", "shots", "shots/trial-0.npz",
        "shots/trial-1.npz", "telemetry.jsonl",
    ])  # fmt: skip
    assert {record.state for record in status(older).values()} == {"done"}
    assert resume(older).complete


def test_a_run_is_upgraded_once(older):
    rc.open_run(older)
    before = contents(older)
    rc.open_run(older)
    upgrade(older)
    assert contents(older) == before


def test_probabilities_survive(older, golden_counts):
    """Runs with infinitely many shots hold probabilities, not counts."""
    probabilities = (golden_counts / 200).isel(trial=[0])
    spec = (older / "experiment.toml").read_text(encoding="utf-8")
    spec = spec.replace("shots = 200", 'shots = "exact"').replace("trials = 2", "trials = 1")
    (older / "experiment.toml").write_bytes(spec.encode())
    file = older / "shots" / "counts.npz"
    with np.load(file, allow_pickle=False) as archive:
        arrays = dict(archive) | {"counts": probabilities.values}
    np.savez(file, **arrays)
    record = json.loads((older / "run.json").read_bytes())
    record["checksums"] = {name: checksum(older / name) for name in record["checksums"]}
    (older / "run.json").write_text(json.dumps(record), encoding="utf-8")
    found = rc.open_run(older).counts
    assert found.dtype == np.float64
    np.testing.assert_array_equal(found, probabilities)


def test_death_in_the_middle_of_an_upgrade_loses_nothing(golden_counts, tmp_path, monkeypatch):
    monkeypatch.setattr(os, "fsync", lambda _descriptor: None)
    passed = DeathAt()
    whole = Path(shutil.copytree(GOLDEN, tmp_path / "whole"))
    with pytest.MonkeyPatch.context() as patch:
        watch_disk(patch, passed)
        expected = rc.open_run(whole)
    # Two jobs of two files, and two records; two lines of telemetry.
    assert passed.passed == 6 * 2 + 2
    for number in range(passed.passed):
        path = Path(shutil.copytree(GOLDEN, tmp_path / f"run-{number}"))
        with pytest.MonkeyPatch.context() as patch:
            watch_disk(patch, DeathAt(number))
            with pytest.raises(Killed):
                rc.open_run(path)
        run = rc.open_run(path)
        np.testing.assert_array_equal(run.counts, golden_counts)
        assert run.damage() == []
        assert run.record == expected.record, "the run keeps its identity"
        assert len(run.telemetry) == 2


def test_two_may_upgrade_at_once(older, golden_counts, monkeypatch):
    """Another process upgrades the run between the look at its schema and the lock."""
    lock = recycling.store.upgrade.locked

    @contextmanager
    def late(folder):
        monkeypatch.setattr(recycling.store.upgrade, "locked", lock)
        upgrade(folder)
        with lock(folder):
            yield

    monkeypatch.setattr(recycling.store.upgrade, "locked", late)
    np.testing.assert_array_equal(rc.open_run(older).counts, golden_counts)


@pytest.mark.parametrize("name", [*KEPT, "shots/counts.npz"])
@pytest.mark.parametrize("how", ["changed", "cut", "missing"])
def test_a_damaged_older_run_is_refused_and_left_alone(older, name, how):
    file = older / name
    if how == "missing":
        file.unlink()
    else:
        content = bytearray(file.read_bytes())
        content[len(content) // 2] ^= 1
        file.write_bytes(content if how == "changed" else content[:-1])
    before = contents(older)
    assert str(file) in refusal(older)
    assert {**contents(older), ".lock": b""} == {**before, ".lock": b""}


@pytest.mark.parametrize(
    "content",
    [
        b"", b"{", b"[]", b"null", b"\xff\xfe", b"{}", b'{"schema_version": "one"}',
        b'{"schema_version": 1}', b'{"schema_version": 1, "checksums": []}',
        b'{"schema_version": 1, "checksums": {}}', b'{"schema_version": true}',
        b'{"schema_version": 0}', b'{"schema_version": -1}',
    ],
)  # fmt: skip
def test_a_damaged_older_record_is_refused(older, content):
    (older / "run.json").write_bytes(content)
    assert "run.json" in refusal(older)


@pytest.mark.parametrize(
    "key", ["name", "created", "backend", "simulated", "spec_hash", "changes", "software",
            "checksums"]
)  # fmt: skip
def test_an_older_record_that_lacks_something_is_refused(older, key):
    record = json.loads((older / "run.json").read_bytes())
    del record[key]
    (older / "run.json").write_text(json.dumps(record), encoding="utf-8")
    assert "run.json" in refusal(older)


@pytest.mark.parametrize("name", KEPT)
def test_an_upgraded_run_can_be_mended(older, name, golden_counts):
    rc.open_run(older)
    (older / name).unlink()
    assert [name in warning for warning in rc.open_run(older).warnings] == [True]
    run = resume(older)
    assert run.damage() == []
    np.testing.assert_array_equal(rc.open_run(older).counts, golden_counts)


def test_counts_without_an_order_are_not_replaced_by_others(older, golden_counts):
    """Schema 1 drew its counts in another way: they cannot be made again."""
    rc.open_run(older)
    file = older / "shots" / "trial-0.npz"
    file.write_bytes(file.read_bytes()[:-1])
    with suppress(BadInput, BackendFailure):
        resume(older)
    with suppress(BadInput):
        # What is still there, if anything, is what was measured.
        found = rc.open_run(older).counts
        np.testing.assert_array_equal(found, golden_counts.isel(trial=found["trial"].values))


# -- schema 2 --------------------------------------------------------------------------------

PRESENT = DATA / "run-schema-2"


@pytest.fixture
def present(tmp_path):
    return Path(shutil.copytree(PRESENT, tmp_path / "run"))


def test_a_run_of_schema_2_stays_readable(present):
    run = rc.open_run(present)
    assert run.damage() == []
    assert [job.name for job in run.jobs] == [
        "bracket-before", "trial-0", "trial-1", "bracket-after",
    ]  # fmt: skip
    assert run.experiment == Experiment.parse(run.record["spec"], seed=11)
    assert run.device == Device.model_validate_json((PRESENT / "device.json").read_bytes())
    assert len(run.circuits) == 8
    assert len(run.brackets) > 10
    assert run.assignment == ()
    assert run.counts.shape == (2, 2, 2, 2, 3, 2, 2, 2, 2, 2)
    for trial in (0, 1):
        with np.load(PRESENT / "shots" / f"trial-{trial}.npz", allow_pickle=False) as archive:
            shots = archive["shots"]
        assert shots.shape == (8, 2, 3, 60)
        tally = np.stack([(shots == value).sum(axis=-1) for value in range(16)], axis=-1)
        # (…, C_I, B, S, flag) as the digits of a number, the flag its lowest.
        tally = tally.reshape(2, 2, 2, 2, 3, 2, 2, 2, 2).transpose(0, 1, 2, 3, 4, 8, 7, 6, 5)
        np.testing.assert_array_equal(run.counts.sel(trial=trial), tally)
    for job in (run.jobs[0], run.jobs[-1]):
        assert run.outcomes(job).shots.shape == (len(run.brackets), 100)
    assert contents(present) == contents(PRESENT), "to read a run leaves it as it is"


def test_what_was_found_in_a_run_of_schema_2_is_unchanged(present):
    assert_found(rc.analyse(rc.open_run(present)), "results-schema-2.json")


def test_a_run_of_schema_2_can_be_mended(present):
    """Its shots are drawn again, to the same bits."""
    for name in ("shots/trial-1.npz", "shots/bracket-after.npz", "jobs/trial-0.json"):
        (present / name).write_bytes(b"")
    (present / "run.json").unlink()
    run = resume(present)
    assert run.damage() == []
    for job in run.jobs:
        with np.load(PRESENT / "shots" / f"{job.name}.npz", allow_pickle=False) as archive:
            np.testing.assert_array_equal(run.outcomes(job).shots, archive["shots"])


def test_the_command_that_began_a_run_of_schema_2_goes_on_with_it(present):
    """Fields that the spec has had since then change its hash, and not what it says."""
    (present / "shots" / "trial-1.npz").unlink()
    experiment = Experiment.parse((present / "experiment.toml").read_text(), seed=11)
    backend = json.loads((present / "run.json").read_bytes())["backend"]
    assert experiment.hash != json.loads((present / "run.json").read_bytes())["spec_hash"]
    run = rc.run(experiment, backend, present)
    assert run.damage() == []
    assert run.complete


# -- newer schemas ---------------------------------------------------------------------------


def test_a_newer_schema_is_refused_and_left_alone(older):
    rc.open_run(older)
    record = unseal((older / "run.json").read_bytes()) | {"schema_version": SCHEMA_VERSION + 1}
    for name in ("run.json", "run.json.copy"):
        (older / name).write_bytes(seal(record | {"something": "new"}))
    before = contents(older)
    message = refusal(older)
    assert f"schema_version = {SCHEMA_VERSION + 1} is newer" in message
    assert "upgrade thermodynamic-recycling" in message
    with pytest.raises(BadInput, match="is newer"):
        resume(older)
    assert contents(older) == before
