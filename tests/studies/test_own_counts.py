"""A run of the user's counts is analysed as the run that they come from, and says what it is."""

import hashlib
import itertools
import json
import re
import shutil

import numpy as np
import pandas as pd
import pytest
import xarray as xr

import recycling as rc
from recycling.errors import BackendFailure
from recycling.reporting.status import status_summary
from recycling.results.attributes import run_attributes
from recycling.results.calibrations import correction_of
from recycling.results.export import counts_table
from recycling.store.bundle import write_bundle
from recycling.studies import stored
from tests.on_ibm import command

#: Cheap: two points, one p_x, few resamples.
TINY = """\
name = "tiny"
algorithm = { name = "repeat-until-success" }
device = { profile = "ideal" }
sweep = { theta = [0.3, 0.6], p_x = [0.4] }
inference = { resamples = 100 }
"""
OPEN = rc.Experiment.parse(TINY)
GIVEN = rc.Experiment.parse(TINY + "measurement = { shots = 60, trials = 2 }")


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    return rc.run(GIVEN, out=tmp_path_factory.mktemp("tiny") / "run")


@pytest.fixture(scope="module")
def table(run):
    return counts_table(run.counts, run.design).frame


def same(found, expected):
    assert {*found} == {*expected}
    for name in expected:
        np.testing.assert_allclose(found[name], expected[name], rtol=1e-12, atol=0)


def refused(tmp_path, counts, experiment=GIVEN, **options):
    """The line that refuses counts; nothing may be written."""
    with pytest.raises(rc.BadInput) as caught:
        rc.from_counts(counts, experiment, out=tmp_path / "own", **options)
    assert not (tmp_path / "own").exists()
    (line,) = str(caught.value).splitlines()
    return line


# The promise: the same Dataset, from an array or a file.


def test_counts_of_a_run_give_the_same_dataset(small_run, small_dataset, tmp_path):
    own = rc.from_counts(small_run.counts, small_run.experiment, out=tmp_path / "own")
    same(rc.analyse(own), small_dataset)
    assert own.complete
    assert rc.open_run(own.path).damage() == []


def test_probabilities_of_an_exact_run_are_taken_too(theory_run, tmp_path):
    own = rc.from_counts(theory_run.counts, theory_run.experiment, out=tmp_path / "own")
    np.testing.assert_array_equal(own.counts, theory_run.counts)


@pytest.mark.parametrize("experiment", [OPEN, GIVEN], ids=["open", "given"])
def test_neither_order_nor_zeros_nor_printed_digits_matter(run, table, tmp_path, experiment):
    rows = table[table["count"] > 0].sample(frac=1, random_state=3)
    rows.to_csv(tmp_path / "counts.csv", index=False, float_format="%.7g")
    rows.to_parquet(tmp_path / "counts.parquet")
    turned = run.counts.transpose(*reversed(run.counts.dims)).isel(basis=[2, 0, 1], arm=[1, 0])
    for number, counts in enumerate(
        (tmp_path / "counts.csv", tmp_path / "counts.parquet", rows, turned, run.counts.values)
    ):
        own = rc.from_counts(counts, experiment, out=tmp_path / str(number))
        assert own.experiment.hash == GIVEN.hash
        np.testing.assert_array_equal(own.counts, run.counts)


def test_unequal_totals_become_an_allocation(run, tmp_path):
    counts = run.counts.copy()
    counts.loc[{"arm": "recycling", "basis": "Z"}] *= 3
    own = rc.from_counts(counts, OPEN, out=tmp_path / "own")
    repeats = own.experiment.allocation.repeats
    assert own.experiment.measurement.shots == 60
    assert (repeats[1, ..., 2] == 3).all()
    assert repeats.sum() == 8 * 2 * 3 + 4 * 2 * 2
    np.testing.assert_array_equal(own.counts, counts)
    again = rc.from_counts(counts, own.experiment, out=tmp_path / "again")
    assert again.experiment == own.experiment


def test_counts_of_an_allocation_give_the_same_spec_and_counts(tmp_path):
    spec = (
        TINY
        + """
[measurement]
shots = 40
trials = 2
[measurement.allocation.repeats.recycling.after]
X = [[1, 2, 5], [3, 1, 2]]
"""
    )
    run = rc.run(rc.Experiment.parse(spec), out=tmp_path / "run")
    own = rc.from_counts(run.counts, OPEN, out=tmp_path / "own")
    assert own.experiment.hash == run.experiment.hash
    np.testing.assert_array_equal(own.counts, run.counts)


# What it says of itself.


@pytest.mark.usefixtures("short_reports")
def test_it_claims_no_more_than_was_given(table, tmp_path):
    (tmp_path / "spec.toml").write_text(TINY)
    table.to_csv(tmp_path / "counts.csv", index=False)
    arguments = (tmp_path / "spec.toml", tmp_path / "counts.csv", "--out", tmp_path / "own")
    done = command("import-counts", *arguments, "--source", "a lab's notebook", "--json")
    assert done.code == 0, done.err
    assert json.loads(done.out)["data_kind"] == "declared"
    own = rc.open_run(tmp_path / "own")
    digest = hashlib.sha256((tmp_path / "counts.csv").read_bytes()).hexdigest()
    assert own.record["origin"]["sha256"] == digest
    assert own.device.sources["t1"] == "not given: no error is assumed"
    assert not (own.path / "circuits.qpy").exists()
    words = f"a lab's notebook, read from counts.csv (SHA-256 {digest[:12]}…)"
    with xr.open_dataset(own.path / "results.nc") as results:
        assert words in results.attrs["origin"]
    assert words in "".join(status_summary(own)["notes"])
    assert words.replace("'", "&#39;") in (own.path / "report.html").read_text("utf-8")
    with pytest.raises(rc.BadInput, match="readout = 'corrected': give the assignment"):
        rc.analyse(own, readout="corrected")
    opened = stored.open_bundle(write_bundle(own, tmp_path / "own.zip"), tmp_path / "copy")
    np.testing.assert_array_equal(opened.counts, own.counts)


def test_a_device_that_is_given_corrects_the_readout(small_run, small_dataset, tmp_path):
    own = rc.from_counts(
        small_run.counts, small_run.experiment, out=tmp_path / "own", device=small_run.device,
        simulated=True,
    )  # fmt: skip
    assert run_attributes(own)["data_kind"] == "simulated"
    assert run_attributes(own)["device"] == small_dataset.attrs["device"]
    found, known = (correction_of(each).false_excited for each in (own, small_run))
    np.testing.assert_array_equal(found, known)


def test_damaged_counts_are_imported_again_and_not_submitted(run, tmp_path):
    own = rc.from_counts(run.counts, GIVEN, out=tmp_path / "own")
    next((own.path / "shots").iterdir()).unlink()
    with pytest.raises((rc.BadInput, BackendFailure), match="import them again, with"):
        rc.resume(own.path)
    with pytest.raises(rc.BadInput, match="no job stands behind them"):
        stored.cancel(own.path)


# Bad input: one line, nothing written.


def test_wrong_arrays_are_refused_in_a_line(run, tmp_path):
    good = run.counts
    lines = [
        (good.isel(basis=[0, 1]), "counts lack basis = Z: give X, Y, Z, each once"),
        (good.isel(basis=[0, 1, 1]), "counts lack basis = Z"),
        (good.where(good["basis"] != "Z", 0), "counts hold nothing at basis = Z"),
        (good.isel(arm=0), "counts lack the axis 'arm': give arm, stage,"),
        (good.expand_dims("day"), "counts have besides the axis 'day'"),
        (good.assign_coords(basis=["X", "Y", "W"]), "counts: basis = W: give X, Y, Z"),
        (good.assign_coords(theta=[0.3, 0.61]), "counts: theta = 0.61: give 0.3, 0.6"),
        (-good, "give whole numbers of 0 or more"),
        (good + 0.5, "give whole numbers of 0 or more"),
        (good.where(good > 3), "counts hold nan"),
        (good.astype(str), "counts are of type <U21"),
        (2 * good, "add up to 120: give 60 shots, or none at all"),
        (good.isel(trial=[0]), "counts have 1 trials where measurement.trials = 2"),
        (good.values[0], "counts have 9 axes: give an array over arm, stage"),
        (tmp_path / "none.csv", "no such file or directory; give another file"),
    ]
    for counts, expected in lines:
        assert expected in refused(tmp_path, counts)
    assert "one line of printable" in refused(tmp_path, good, source="a\nb")
    for changed, expected in (
        ("inference = { readout = 'corrected' }", "inference.readout = 'corrected': no device"),
        ("inference = { temperature = 'calibration' }", "counts come without a bracket"),
        ("link = { preset = 'eth-5m', realisation = 'idle' }", "B of this device does not relax"),
    ):
        spec = re.sub("inference.*\n", "", TINY) + changed
        assert expected in refused(tmp_path, good, rc.Experiment.parse(spec))
    spread = good.copy()
    spread[..., 0, 0, 0, 0] += np.arange(spread[..., 0, 0, 0, 0].size).reshape(
        spread[..., 0, 0, 0, 0].shape
    )
    spread[0, 0, 0, 0, 0] += 10**6
    assert "their common divisor 1 is too small" in refused(tmp_path, spread, OPEN)


def test_wrong_tables_are_refused_in_a_line(table, tmp_path):
    def changed(column, value, row=5):
        frame = table.astype({column: object})
        frame.loc[row, column] = value
        return frame

    lines = [
        (table.drop(columns="basis"), "lacks the column 'basis': give arm, stage,"),
        (table.drop(columns="count"), "has 0 of the columns count and probability"),
        (table.assign(note="x"), "has a column 'note' that nothing reads"),
        (table.iloc[:0], "has no rows"),
        (pd.concat([table[:9], table[3:4]]), "row 10 has the labels of an earlier row"),
        (pd.concat([table, table[3:4]]), f"has more than {len(table)} rows: give at most"),
        (changed("stage", "during"), "row 6: stage = 'during': give before, after"),
        (changed("theta", "NaN"), "row 6: theta = 'NaN': give 0.3, 0.6"),
        (changed("trial", "1.5"), "row 6: trial = '1.5': give 0, 1"),
        (changed("B", "2"), "row 6: B = '2': give 0, 1"),
        (changed("count", "many"), "row 6: count = 'many': give a number"),
        (changed("count", "-1"), "counts hold -1: give whole numbers"),
    ]
    for frame, expected in lines:
        frame.to_csv(tmp_path / "counts.csv", index=False)
        assert expected in refused(tmp_path, tmp_path / "counts.csv")
    for content, expected in ((b"\x00\xff\xfe", "give a CSV or Parquet file"), (b"", "lacks"),
                              (b"PAR1 and no more", "give a CSV or Parquet file")):  # fmt: skip
        (tmp_path / "counts.csv").write_bytes(content)
        assert expected in refused(tmp_path, tmp_path / "counts.csv")


def test_a_table_of_any_length_is_refused_before_it_is_kept(table, tmp_path, monkeypatch):
    read = []

    def endless(_table, _columns):
        for _ in itertools.count():
            read.append(len(table))
            yield table[["trial"]]

    monkeypatch.setattr("recycling.results.own_tables.parts_of", endless)
    assert f"more than {len(table)} rows" in refused(tmp_path, table)
    assert len(read) == 2


def test_only_a_new_folder_is_taken(run, tmp_path):
    copied = shutil.copytree(run.path, tmp_path / "copied")
    with pytest.raises(rc.BadInput, match="exists: give a new folder"):
        rc.from_counts(run.counts, GIVEN, out=copied)
