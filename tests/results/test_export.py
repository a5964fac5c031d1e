"""Export: every number of the Dataset in a table, exactly, with its units and where it is from."""

import csv
import json
import math

import numpy as np
import pandas as pd
import pytest
import xarray as xr

import recycling as rc
from recycling.results.export import FORMATS, counts_table, export, tables
from recycling.spec.foreign_text import csv_text

DIMS = {
    "results": ("arm", "theta_b", "p_x", "trial"),
    "states": ("arm", "theta_b", "p_x", "trial", "stage", "qubit"),
    "branches": ("arm", "theta_b", "trial"),
    "fidelity": ("theta_b", "trial"),
    "combined-results": ("arm", "theta_b", "p_x", "limit"),
    "combined-states": ("arm", "theta_b", "p_x", "stage", "qubit", "limit"),
    "combined-branches": ("arm", "theta_b", "limit"),
    "combined-fidelity": ("theta_b", "limit"),
    "significance": ("arm", "theta_b", "p_x"),
}
SIDECARS = {"columns", "attributes"}


@pytest.fixture(scope="module")
def dataset(small_dataset):
    """The small Dataset with what text can lose: infinities, NaN, the smallest normal float."""
    changed = small_dataset.copy(deep=True)
    changed["excess_tight_z"][0, 0, 0, 0] = np.nan
    changed["bound_tight"][0, 0, 1, 0] = np.inf
    changed["heat"][0, 1, 0, 1] = -np.inf
    changed["heat"][1, 2, 3, 1] = 2.2250738585072014e-308
    changed["heat"][1, 2, 3, 0] = -0.1 - 2**-54
    return changed


@pytest.fixture(scope="module")
def exported(small_run, dataset, tmp_path_factory):
    """The small run in every format, with its counts; by the name of the format."""
    folder = tmp_path_factory.mktemp("exported")
    for format in FORMATS:
        export(small_run, dataset, folder / format, format, raw=True)
    return folder


def csv_rows(path):
    with path.open(encoding="utf-8", newline="") as stream:
        return list(csv.DictReader(stream))


def strict_json(path):
    def refuse(constant):
        raise AssertionError(f"{constant} is not JSON")

    return json.loads(path.read_text(encoding="utf-8"), parse_constant=refuse)


def records(folder, format, name):
    """Rows of an exported table, its cells as the format has them."""
    path = folder / format / f"{name}.{format}"
    if format == "csv":
        return csv_rows(path)
    if format == "json":
        return strict_json(path)["data"]
    return pd.read_parquet(path).to_dict("records")


def number(cell):
    """A float from a cell: an empty or null one is NaN, Python reads the rest exactly."""
    return math.nan if cell in ("", None) else float(cell)


def same(first, second):
    return first == second or (math.isnan(first) and math.isnan(second))


def selected(dataset, name, row):
    """Value of a variable at the labels of a row."""
    labels = {
        dim: type(dataset[dim].values[0].item())(row[dim])
        for dim in dataset[name].dims
        if dim in dataset.coords
    }
    return dataset[name].sel(labels).item()


# Every number, exactly.


def test_every_variable_is_in_the_table_of_its_dims(dataset):
    found = {table.name: table.frame for table in tables(dataset)}
    assert set(found) == set(DIMS)
    for name, dims in DIMS.items():
        variables = [v for v in dataset.data_vars if dataset[v].dims == dims]
        assert variables
        assert list(found[name].columns)[: len(dims)] == list(dims)
        assert sorted(found[name].columns[len(dims) :]) == sorted(variables)
        assert len(found[name]) == math.prod(dataset.sizes[dim] for dim in dims)
        assert not found[name].duplicated(list(dims)).any()
    assert sum(len(frame.columns) - len(DIMS[n]) for n, frame in found.items()) == len(dataset)


def test_dims_without_a_name_become_one(dataset):
    added = dataset.assign(mean_heat=dataset["heat"].mean("p_x").mean("trial"))
    assert [t.name for t in tables(added) if "mean_heat" in t.frame] == ["arm-theta_b"]


@pytest.mark.parametrize("format", FORMATS)
@pytest.mark.parametrize("name", DIMS)
def test_every_number_comes_back_exactly(format, name, dataset, exported):
    rows = records(exported, format, name)
    variables = [v for v in dataset.data_vars if dataset[v].dims == DIMS[name]]
    sizes = [dataset.sizes[dim] for dim in DIMS[name]]
    for variable in variables:
        found = np.array([number(row[variable]) for row in rows]).reshape(sizes)
        expected = dataset[variable].values
        np.testing.assert_array_equal(found, expected)
        np.testing.assert_array_equal(
            np.copysign(1, found[found == 0]), np.copysign(1, expected[expected == 0])
        )
    for row in rows[:: max(1, len(rows) // 20)]:
        for variable in variables:
            assert same(number(row[variable]), selected(dataset, variable, row))


def test_infinity_and_nan_are_written_as_promised(exported):
    cells = {}
    for format in FORMATS:
        rows = records(exported, format, "results")
        where = {
            "nan": ("excess_tight_z", ("equilibrium", 0.0, 0.05, 0)),
            "inf": ("bound_tight", ("equilibrium", 0.0, 0.1, 0)),
            "-inf": ("heat", ("equilibrium", 0.4, 0.05, 1)),
        }
        for kind, (variable, setting) in where.items():
            (row,) = (
                row for row in rows
                if (row["arm"], float(row["theta_b"]), float(row["p_x"]), int(row["trial"]))
                == setting
            )  # fmt: skip
            cells[format, kind] = row[variable]
    assert [cells["csv", kind] for kind in ("nan", "inf", "-inf")] == ["", "inf", "-inf"]
    assert [cells["json", kind] for kind in ("nan", "inf", "-inf")] == [None, "inf", "-inf"]
    assert math.isnan(cells["parquet", "nan"])
    assert (cells["parquet", "inf"], cells["parquet", "-inf"]) == (math.inf, -math.inf)


@pytest.mark.parametrize("name", [*DIMS, "counts"])
def test_pandas_reads_the_same_table_from_every_format(name, exported):
    frames = [
        pd.read_csv(exported / "csv" / f"{name}.csv"),
        pd.read_parquet(exported / "parquet" / f"{name}.parquet"),
        pd.read_json(exported / "json" / f"{name}.json", orient="table", precise_float=True),
    ]
    for frame in frames[1:]:
        pd.testing.assert_frame_equal(frames[0], frame, check_exact=True)
    if "trial" in frames[0]:
        assert frames[0]["trial"].dtype == np.int64


# Units, meanings and provenance travel along.


def columns_of(exported, format, name):
    """Units and meaning of each column of an exported table."""
    path = exported / format / f"{name}.{format}"
    if format == "csv":
        rows = csv_rows(exported / "csv" / "columns.csv")
        return {row.pop("column"): row for row in rows if row.pop("table") == name}
    if format == "json":
        return {field.pop("name"): field for field in strict_json(path)["schema"]["fields"]}
    return pd.read_parquet(path).attrs["columns"]


@pytest.mark.parametrize("format", FORMATS)
@pytest.mark.parametrize("name", [*DIMS, "counts"])
def test_every_column_has_units_and_a_meaning(format, name, dataset, exported):
    columns = columns_of(exported, format, name)
    assert list(columns) == list(records(exported, format, name)[0])
    labels = {"arm", "stage", "qubit", "preparation", "basis", "limit"}
    for column, meaning in columns.items():
        assert meaning["long_name"], column
        assert bool(meaning["units"]) == (column not in labels), column
        if column in dataset.data_vars:
            for key, value in dataset[column].attrs.items():
                text = str(value)
                # A spreadsheet would take "+inf where ..." for a formula.
                assert meaning[key] == (csv_text(text) if format == "csv" else text)
    assert columns["theta_b"]["units"] == "rad"


@pytest.mark.parametrize("format", FORMATS)
def test_attributes_and_identity_travel(format, small_run, dataset, exported):
    if format == "csv":
        found = {r["name"]: r["value"] for r in csv_rows(exported / "csv" / "attributes.csv")}
        expected = {key: str(value) for key, value in dataset.attrs.items()}
    else:
        path = exported / format / f"fidelity.{format}"
        is_json = format == "json"
        found = strict_json(path)["attributes"] if is_json else pd.read_parquet(path).attrs
        expected = dataset.attrs
    assert {key: found[key] for key in expected} == expected
    for key in (
        "spec_hash", "device", "temperature_K", "temperature_source", "seed", "data_kind",
        "version_numpy", "version_thermodynamic-recycling",
    ):  # fmt: skip
        assert key in found
    for key in ("run_id", "created", "backend"):
        assert found[key] == small_run.record[key]


@pytest.mark.parametrize("format", ["csv", "json"])
def test_stored_results_give_the_same_files(format, small_run, small_dataset, tmp_path):
    # netCDF turns numbers among the attributes into those of NumPy.
    with xr.open_dataset(small_run.path / "results.nc") as stored:
        export(small_run, stored.load(), tmp_path / "stored", format)
    export(small_run, small_dataset, tmp_path / "fresh", format)
    for path in (tmp_path / "fresh").iterdir():
        assert path.read_bytes() == (tmp_path / "stored" / path.name).read_bytes()


# Counts.


def test_counts_have_a_row_for_each_setting_and_record(small_run, exported):
    frame = pd.read_csv(exported / "csv" / "counts.csv")
    setting = ["arm", "stage", "preparation", "theta_b", "basis", "trial"]
    record = ["flag", "S", "B", "C_I"]
    assert list(frame.columns) == [*setting, *record, "count"]
    assert len(frame) == small_run.counts.size
    assert set(frame.groupby(setting)["count"].sum()) == {500}
    again = frame.set_index([*setting, *record])["count"].to_xarray()
    stored = small_run.counts.assign_coords({bit: [0, 1] for bit in record})
    xr.testing.assert_equal(again.reindex_like(stored), stored)


def test_probabilities_are_called_so(small_run):
    table = counts_table(small_run.counts / 500, small_run.experiment.design)
    assert list(table.frame.columns)[-1] == "probability"
    np.testing.assert_array_equal(table.frame["probability"], small_run.counts.values.ravel() / 500)
    assert table.columns["probability"] == {
        "units": "1", "long_name": "probability of this record", "comment": "",
    }  # fmt: skip


# Files.


@pytest.mark.parametrize("format", FORMATS)
def test_files_are_those_returned_and_no_others(format, small_run, small_dataset, tmp_path):
    (tmp_path / "empty").mkdir()
    for folder, raw in (("new/folder", False), ("empty", True)):
        paths = export(small_run, small_dataset, tmp_path / folder, format, raw=raw)
        names = (
            set(DIMS) | ({"counts"} if raw else set()) | (SIDECARS if format == "csv" else set())
        )
        assert {path.name for path in paths} == {f"{name}.{format}" for name in names}
        assert sorted((tmp_path / folder).iterdir()) == sorted(paths)


def test_folder_with_something_in_it_is_kept(small_run, small_dataset, tmp_path):
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "results.csv").write_bytes(b"mine")
    for out in (tmp_path / "mine", tmp_path / "mine" / "results.csv"):
        with pytest.raises(rc.BadInput, match=r"out = '.*' exists: give a new folder"):
            export(small_run, small_dataset, out)
    assert [path.read_bytes() for path in (tmp_path / "mine").iterdir()] == [b"mine"]
    with pytest.raises(rc.BadInput, match="give another folder"):
        export(small_run, small_dataset, tmp_path / "mine" / "results.csv" / "x")


def test_unknown_format_is_refused_by_name(small_run, small_dataset, tmp_path):
    with pytest.raises(rc.BadInput, match=r"format = 'xlsx': give one of csv, parquet, json"):
        export(small_run, small_dataset, tmp_path / "new", "xlsx")
    assert not (tmp_path / "new").exists()


def test_parquet_is_refused_where_nothing_writes_it(
    small_run, small_dataset, tmp_path, monkeypatch
):
    monkeypatch.setattr("recycling.results.export.is_missing", lambda _name: True)
    with pytest.raises(rc.BadInput, match=r"'parquet': pyarrow is not installed; .*\[parquet\]$"):
        export(small_run, small_dataset, tmp_path / "new", "parquet")
    assert not (tmp_path / "new").exists()
