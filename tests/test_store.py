"""The run directory: its format, what it refuses, and that it is there whole or not at all."""

import json
import os
import re
import shutil

import numpy as np
import pytest
import xarray as xr
from qiskit import qpy

import recycling as rc
import recycling.store.directory
from recycling.runs import default_path
from recycling.store.directory import create_run
from recycling.store.files import checksum, write_whole

KEPT = ("experiment.toml", "device.json", "circuits.qpy", "shots/counts.npz")
DIMENSIONS = (
    "arm", "stage", "preparation", "theta_b", "basis", "trial", "flag", "S", "B", "C_I",
)  # fmt: skip


def tree(folder):
    """Every file and folder under a folder, hidden ones too."""
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*"))


@pytest.fixture
def copied(small_run, tmp_path):
    """Copy of the small run, to be damaged."""
    for name in ("run.json", *KEPT):
        target = tmp_path / "run" / name
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(small_run.path / name, target)
    return tmp_path / "run"


@pytest.fixture
def create(small_plan, small_run, small_spec):
    """Store the small experiment again at a path, without running it again."""

    def at(path, **changed):
        arguments = {
            "spec": small_spec, "changes": {}, "plan": small_plan, "counts": small_run.counts,
            "timings": {"plan": 1.0},
        }  # fmt: skip
        return create_run(path, **arguments | changed)

    return at


def test_run_directory_holds_the_promised_files(create, tmp_path):
    create(tmp_path / "run")
    files = ["run.json", "shots", *KEPT]
    assert tree(tmp_path) == sorted(["run", *(f"run/{name}" for name in files)])


def test_run_record_has_the_promised_keys(small_run, small_experiment):
    record = json.loads((small_run.path / "run.json").read_text(encoding="utf-8"))
    assert set(record) == {
        "schema_version", "name", "created", "backend", "simulated", "state", "spec_hash",
        "changes", "software", "timings_seconds", "checksums",
    }  # fmt: skip
    assert record["schema_version"] == 1
    assert record["name"] == "small"
    assert (record["backend"], record["simulated"], record["state"]) == ("exact", True, "done")
    assert record["spec_hash"] == small_experiment.hash
    assert record["changes"] == {}
    assert record["created"].endswith("+00:00")
    assert set(record["software"]) == {
        "thermodynamic-recycling", "qiskit", "qiskit-aer", "qiskit-ibm-runtime",
        "qiskit-experiments", "numpy", "scipy", "xarray",
    }  # fmt: skip
    assert record["software"]["numpy"] == np.__version__
    assert set(record["timings_seconds"]) == {"plan", "simulate"}
    assert set(record["checksums"]) == set(KEPT)
    for name, digest in record["checksums"].items():
        assert digest == checksum(small_run.path / name)


def test_counts_are_plain_arrays(small_run, small_experiment):
    with np.load(small_run.path / "shots" / "counts.npz", allow_pickle=False) as archive:
        coordinates = ("arm", "stage", "preparation", "theta_b", "basis")
        expected = {"counts", "dimensions", *(f"coordinate_{name}" for name in coordinates)}
        assert set(archive.files) == expected
        assert tuple(archive["dimensions"]) == DIMENSIONS
        assert archive["counts"].dtype == np.int64
        assert archive["counts"].shape == (2, 2, 2, 3, 3, 2, 2, 2, 2, 2)
        assert list(archive["coordinate_arm"]) == ["equilibrium", "recycling"]
        assert list(archive["coordinate_stage"]) == ["before", "after"]
        assert list(archive["coordinate_preparation"]) == ["I", "X"]
        assert list(archive["coordinate_basis"]) == ["X", "Y", "Z"]
        np.testing.assert_array_equal(archive["coordinate_theta_b"], small_experiment.theta_b)
        # Every shot of every setting is there.
        np.testing.assert_array_equal(archive["counts"].sum(axis=(-4, -3, -2, -1)), 500)


def test_exact_probabilities_are_stored_as_such(theory_run):
    counts = theory_run.counts
    assert counts.dtype == np.float64
    assert counts.dims == DIMENSIONS
    total = counts.sum(("flag", "S", "B", "C_I"))
    # Sixteen numbers, each from hundreds of gates exact to rounding.
    np.testing.assert_allclose(total, 1, rtol=0, atol=1e-12)


def test_circuits_are_named_by_their_setting(small_run):
    with (small_run.path / "circuits.qpy").open("rb") as stream:
        names = [circuit.name for circuit in qpy.load(stream)]
    assert sorted(names) == sorted(
        f"{arm} {stage} {preparation}"
        for arm in ("equilibrium", "recycling")
        for stage in ("before", "after")
        for preparation in "IX"
    )


def test_spec_is_kept_byte_for_byte(create, small_spec, tmp_path):
    unusual = small_spec.replace("\n", "\r\n") + "# θ_b  \t\n\n"
    create(tmp_path / "run", spec=unusual)
    assert (tmp_path / "run" / "experiment.toml").read_bytes() == unusual.encode()


def test_reopening_gives_the_same_run(create, small_run, small_plan, small_experiment, tmp_path):
    create(tmp_path / "run")
    opened = rc.open_run(str(tmp_path / "run"))
    assert opened.experiment == small_experiment
    assert opened.experiment.hash == small_experiment.hash
    assert opened.device == small_plan.device
    xr.testing.assert_identical(opened.counts, small_run.counts)
    assert opened.circuits == small_plan.circuits


def test_changes_of_the_command_line_are_kept(create, small_spec, tmp_path):
    create(tmp_path / "run", changes={"seed": 99})
    opened = rc.open_run(tmp_path / "run")
    assert opened.experiment.seed == 99
    assert (tmp_path / "run" / "experiment.toml").read_text(encoding="utf-8") == small_spec


def refusal(path):
    """What opening says: one line."""
    with pytest.raises(rc.BadInput) as caught:
        rc.open_run(path)
    text = str(caught.value)
    assert len(text.splitlines()) == 1
    return text


def test_a_newer_schema_is_refused(copied):
    record = json.loads((copied / "run.json").read_text(encoding="utf-8"))
    record["schema_version"] += 1
    (copied / "run.json").write_text(json.dumps(record), encoding="utf-8")
    message = refusal(copied)
    assert "run.json" in message
    assert "schema_version = 2" in message
    assert "upgrade" in message


@pytest.mark.parametrize("name", KEPT)
@pytest.mark.parametrize("position", [0, 0.5, -1])
def test_a_flipped_byte_is_found(copied, name, position):
    file = copied / name
    content = bytearray(file.read_bytes())
    content[int(position * len(content)) if position > 0 else position] ^= 1
    file.write_bytes(content)
    message = refusal(copied)
    assert str(file) in message
    assert "damaged" in message
    assert "restore" in message


@pytest.mark.parametrize("name", KEPT)
def test_a_cut_file_is_found(copied, name):
    file = copied / name
    file.write_bytes(file.read_bytes()[:-1])
    assert str(file) in refusal(copied)


@pytest.mark.parametrize("name", KEPT)
def test_a_missing_file_is_found(copied, name):
    (copied / name).unlink()
    message = refusal(copied)
    assert str(copied / name) in message
    assert "missing" in message


@pytest.mark.parametrize(
    "content",
    [
        b"", b"{", b"[]", b"null", b"\xff\xfe", b"{}", b'{"schema_version": "one"}',
        b'{"schema_version": 1}', b'{"schema_version": 1, "checksums": []}',
        b'{"schema_version": 1, "checksums": {}}',
    ],
)  # fmt: skip
def test_a_damaged_record_is_found(copied, content):
    (copied / "run.json").write_bytes(content)
    message = refusal(copied)
    assert "run.json" in message
    assert "damaged" in message


def test_a_record_that_forgets_a_file_is_found(copied):
    record = json.loads((copied / "run.json").read_text(encoding="utf-8"))
    del record["checksums"]["shots/counts.npz"]
    (copied / "run.json").write_text(json.dumps(record), encoding="utf-8")
    assert "run.json" in refusal(copied)


@pytest.mark.parametrize("name", ["nowhere", "file", "empty"])
def test_what_is_no_run_is_refused(tmp_path, name):
    (tmp_path / "file").write_text("text", encoding="utf-8")
    (tmp_path / "empty").mkdir()
    message = refusal(tmp_path / name)
    assert f"{tmp_path / name}" in message
    assert "run.json" in message


def occupy(path, kind):
    if kind == "folder":
        path.mkdir()
    elif kind == "file":
        path.write_text("mine", encoding="utf-8")
    else:
        path.symlink_to(path.parent / "nowhere")


@pytest.mark.parametrize("kind", ["folder", "file", "dangling link"])
def test_an_existing_path_is_refused(create, small_experiment, tmp_path, kind):
    occupy(tmp_path / "run", kind)
    before = tree(tmp_path)
    for attempt in (
        lambda: create(tmp_path / "run"),
        lambda: rc.run(small_experiment, out=tmp_path / "run"),
    ):
        with pytest.raises(rc.BadInput, match=r"out = .*run.* exists: give a new folder"):
            attempt()
        assert tree(tmp_path) == before


def test_a_path_taken_while_the_run_is_written_is_refused(create, tmp_path, monkeypatch):
    def write_and_intrude(path, content):
        write_whole(path, content)
        if path.name == "run.json":
            (tmp_path / "run").mkdir()

    monkeypatch.setattr(recycling.store.directory, "write_whole", write_and_intrude)
    with pytest.raises(rc.BadInput, match="exists"):
        create(tmp_path / "run")
    assert tree(tmp_path) == ["run"]


def test_a_folder_below_a_file_is_refused(create, tmp_path):
    (tmp_path / "file").write_text("mine", encoding="utf-8")
    with pytest.raises(rc.BadInput, match=r"out = .*give another folder"):
        create(tmp_path / "file" / "run")
    assert tree(tmp_path) == ["file"]


def test_folders_on_the_way_are_made(create, tmp_path):
    create(tmp_path / "a" / "b" / "run")
    assert rc.open_run(tmp_path / "a" / "b" / "run").record["name"] == "small"


@pytest.mark.parametrize("error", [OSError(28, "No space left on device"), KeyboardInterrupt()])
@pytest.mark.parametrize("failing", [*KEPT, "run.json"])
def test_a_failure_in_the_middle_leaves_nothing(create, tmp_path, monkeypatch, error, failing):
    def write_or_fail(path, content):
        if path.name == failing.rpartition("/")[2]:
            raise error
        write_whole(path, content)

    monkeypatch.setattr(recycling.store.directory, "write_whole", write_or_fail)
    with pytest.raises(type(error)):
        create(tmp_path / "run")
    assert tree(tmp_path) == []


def test_a_failed_rename_leaves_nothing(create, tmp_path, monkeypatch):
    def refuse(*_args):
        raise SystemExit(1)

    monkeypatch.setattr(os, "rename", refuse)
    with pytest.raises(SystemExit):
        create(tmp_path / "run")
    assert tree(tmp_path) == []


def test_a_bad_plan_leaves_nothing(small_experiment, tmp_path):
    device = small_experiment.device.model_copy(update={"profile": "nosuch"})
    with pytest.raises(rc.BadInput):
        rc.run(small_experiment.model_copy(update={"device": device}), out=tmp_path / "a" / "run")
    assert tree(tmp_path) == []


def test_a_run_without_a_path_goes_to_runs(small_experiment):
    assert re.fullmatch(r"runs/small-\d{8}-\d{6}", default_path(small_experiment).as_posix())


def test_an_unknown_backend_is_refused(small_experiment, tmp_path):
    with pytest.raises(rc.BadInput, match="backend = 'abacus': give 'exact'"):
        rc.run(small_experiment, backend="abacus", out=tmp_path / "run")
    assert tree(tmp_path) == []


def test_whole_files_replace_or_stay(tmp_path, monkeypatch):
    file = tmp_path / "file"
    write_whole(file, b"first")
    write_whole(file, b"second")
    assert file.read_bytes() == b"second"

    def refuse(_descriptor):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", refuse)
    with pytest.raises(OSError, match="No space left"):
        write_whole(file, b"third")
    assert file.read_bytes() == b"second"
    assert tree(tmp_path) == ["file"]


def test_whole_files_are_synced_before_they_appear(tmp_path, monkeypatch):
    file, synced = tmp_path / "file", []
    monkeypatch.setattr(os, "fsync", lambda _descriptor: synced.append(file.exists()))
    write_whole(file, b"content")
    assert synced[0] is False
    assert file.read_bytes() == b"content"
