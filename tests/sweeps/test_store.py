"""The store: what xarray opens, what the ledger lists, and what is left of a process that dies."""

import hashlib
import os
import signal
import warnings

import numpy as np
import pytest
import xarray as xr

from recycling.errors import BadInput
from recycling.spec.experiment import Experiment
from recycling.store.files import append_line, seal
from recycling.sweeps.chunks import Chunks
from recycling.sweeps.store import Store, opened
from tests.killing import forked

SIZES = {"profile": 2, "sample": 10}
CHUNKS = Chunks(SIZES, (1, 4))
SHAPES = {"heat": {**SIZES, "arm": 2}, "success_fidelity": SIZES}
FRAME = xr.Dataset(
    coords={"profile": np.array(["FakeFez", "ideal"], dtype=object), "t1": ("sample", np.ones(10))},
    attrs={"title": "a sweep"},
)
NOTES = {"heat": {"units": "J"}}


def values(number):
    """Values of a chunk, a function of its number."""
    points = CHUNKS.points(number)
    heat = np.random.default_rng(number).random((points, 2))
    return {"heat": heat, "success_fidelity": heat[:, 0]}


def filled(folder, numbers=CHUNKS):
    store = Store(folder, CHUNKS, SHAPES)
    store.create(FRAME, NOTES)
    for number in numbers:
        store.write(number, values(number))
    return store


def checksums(folder):
    """SHA-256 of every file of the results."""
    return {
        str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted((folder / "results.zarr").rglob("*"))
        if path.is_file()
    }


@pytest.mark.parametrize("consolidated", [None, True, False])
def test_xarray_opens_it_without_a_warning(tmp_path, consolidated):
    filled(tmp_path)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        dataset = xr.open_zarr(tmp_path / "results.zarr", consolidated=consolidated, chunks=None)
        dataset.load()
    assert dataset["heat"].dims == ("profile", "sample", "arm")
    assert dataset["heat"].attrs["units"] == "J"
    assert dataset.attrs["title"] == "a sweep"
    assert dataset["t1"].dims == ("sample",)
    last = values(5)["heat"]
    np.testing.assert_array_equal(dataset["heat"].sel(profile="ideal")[8:], last)


def test_missing_chunks_are_nan(tmp_path):
    heat = filled(tmp_path, [0]).open()["heat"]
    assert np.isfinite(heat[0, :4]).all()
    assert np.isnan(heat[0, 4:]).all()


def test_what_is_not_listed_counts_as_absent(tmp_path):
    store = filled(tmp_path)
    lines = store.ledger.read_bytes().splitlines(keepends=True)
    store.ledger.write_bytes(b"".join(lines[:3]))
    assert store.finished() == ({0, 1, 2}, [])


def test_a_torn_line_is_cut_off(tmp_path):
    store = filled(tmp_path, range(3))
    store.ledger.write_bytes(store.ledger.read_bytes()[:-20])
    assert store.finished() == ({0, 1}, [])
    store.write(2, values(2))
    assert store.finished() == ({0, 1, 2}, [])


def test_other_bytes_are_noticed_and_said(tmp_path):
    store = filled(tmp_path)
    path = store.results / "heat" / "c" / "1" / "0" / "0"
    content = bytearray(path.read_bytes())
    content[3] ^= 1
    path.write_bytes(content)
    finished, wrong = store.finished()
    assert finished == {0, 1, 2, 4, 5}
    assert wrong == [
        "chunk 3: heat: its bytes differ from the ledger's checksum; it is computed again"
    ]
    store.write(3, values(3))
    assert store.finished() == ({0, 1, 2, 3, 4, 5}, [])


@pytest.mark.parametrize(
    "record",
    [{}, {"chunk": "0"}, {"chunk": 0.5}, {"chunk": [0]}, {"chunk": 10**30}, {"chunk": None}],
)
def test_lines_of_something_else_are_passed_over(record, tmp_path):
    store = filled(tmp_path)
    append_line(store.ledger, record)
    assert store.finished() == (set(CHUNKS), [])


@pytest.mark.parametrize("checksums", [None, [], "x", {}, {"heat": 3}])
def test_a_chunk_without_its_checksums_counts_as_absent(checksums, tmp_path):
    store = filled(tmp_path)
    append_line(store.ledger, {"chunk": 2, "sha256": checksums})
    finished, (line,) = store.finished()
    assert finished == set(CHUNKS) - {2}
    assert line == "chunk 2: it is of another sweep; it is computed again"


@pytest.mark.parametrize("form", [None, "1", 2, [1]])
def test_another_form_is_refused(form, tmp_path):
    (tmp_path / "sweep.json").write_bytes(seal({"form": form}))
    store = Store(tmp_path, CHUNKS, SHAPES)
    with pytest.raises(BadInput, match="another version"), opened(store, Experiment(name="a")):
        pass


def test_a_lost_file_is_noticed(tmp_path):
    store = filled(tmp_path)
    (store.results / "heat" / "c" / "0" / "0" / "0").unlink()
    finished, (line,) = store.finished()
    assert 0 not in finished
    assert "it is missing" in line


def filled_and_dead(folder, write):
    """Fill a folder, and die at a rename of a chunk's file: by then some chunks are listed."""
    left, replace = [write], os.replace

    def dying(*arguments, **options):
        left[0] -= "partial" in str(arguments[0])
        if left[0] < 0:
            os.kill(os.getpid(), signal.SIGKILL)
        return replace(*arguments, **options)

    os.replace = dying
    filled(folder)


@pytest.mark.parametrize("write", [pytest.param(1, marks=pytest.mark.slow), 7])
def test_a_killed_process_leaves_what_it_listed(tmp_path, write):
    filled(tmp_path / "whole")
    folder = tmp_path / "killed"
    assert forked(filled_and_dead, folder, write) == -signal.SIGKILL
    store = Store(folder, CHUNKS, SHAPES)
    finished, wrong = store.finished()
    assert (len(finished), wrong) == (write // 2, [])
    filled(folder, [number for number in CHUNKS if number not in finished])
    assert checksums(folder) == checksums(tmp_path / "whole")


def test_a_folder_is_that_of_one_sweep_and_one_process(tmp_path):
    store, ours, theirs = (
        Store(tmp_path, CHUNKS, SHAPES),
        Experiment(name="a"),
        Experiment(name="b"),
    )
    with (
        opened(store, ours),
        pytest.raises(BadInput, match="is in use by another"),
        opened(store, ours),
    ):
        pass
    with (
        pytest.raises(BadInput, match="of another spec: give another folder"),
        opened(store, theirs),
    ):
        pass
    other = Store(tmp_path, Chunks(SIZES, (1, 2)), SHAPES)
    with pytest.raises(BadInput, match="cut into other chunks"), opened(other, ours):
        pass
    assert Experiment.from_toml(tmp_path / "spec.toml") == ours


def test_a_folder_of_something_else_is_refused(tmp_path):
    (tmp_path / "run.json").write_text("{}")
    store = Store(tmp_path, CHUNKS, SHAPES)
    with (
        pytest.raises(BadInput, match=r"holds run\.json and no sweep"),
        opened(store, Experiment(name="a")),
    ):
        pass
    assert [path.name for path in tmp_path.iterdir()] == ["run.json"]
