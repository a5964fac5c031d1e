"""A small run with all calibrations, from the command line: its files, its numbers, its report."""

import json
import re
import zipfile
from html.parser import HTMLParser
from itertools import groupby

import numpy as np
import pytest
import xarray as xr
from scipy.constants import h as planck

import recycling as rc
from recycling.execution.exact import ROUNDING
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

SPEC = f"""\
# Everything that a run can measure, as small as it gets.
name = "snapshot"
seed = 3

[device]
profile = "paper"
{LAYOUT}

[sweep]
theta_b = [0.0, 0.4, 0.7853981633974483]
p_x = [0.1, 0.4]

[measurement]
shots = 300
trials = 2

[hardware]
brackets = true
bracket_shots = 200
assignment = true
assignment_shots = 200

[inference]
resamples = 100
"""
#: The same with other choices wherever results are read.
OTHER = SPEC.replace("resamples = 100", """\
resamples = 100
estimator = "median unbiased"
readout = "unmixed"
temperature = "calibration"
""").replace("bracket_shots = 200", "bracket_shots = 5000")  # fmt: skip
#: A sweep that is thin, and exact.
THEORY = """\
name = "thin"
[device]
profile = "ideal"
[sweep]
theta_b = { start = 0.0, stop = 0.7853981633974483, points = 5 }
p_x = { start = 0.05, stop = 0.4, points = 8 }
[measurement]
shots = "exact"
trials = 1
"""

#: Energy of an excitation of the bath at 5 GHz, J.
QUANTUM = planck * 5e9


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Folder with the specs, in which all commands are called."""
    folder = tmp_path_factory.mktemp("snapshots")
    for name, text in {"spec": SPEC, "other": OTHER, "theory": THEORY}.items():
        (folder / f"{name}.toml").write_text(text, encoding="utf-8")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        patch.setenv("COLUMNS", "100")
        yield folder


@pytest.fixture(scope="module")
def done(folder):
    """What the command said that ran the small spec with another seed."""
    assert folder.is_dir()
    return recycling("run", "spec.toml", "--out", "out", "--seed", 11, "--json")


@pytest.fixture(scope="module")
def path(done, folder):
    assert done.code == 0, done
    return folder / "out"


@pytest.fixture(scope="module")
def record(path):
    return sealed(path / "run.json")


def without_what_varies(text):
    """Text without times and ids."""
    text = re.sub(r"recycling-[0-9a-f]{12}", "recycling-ID", text)
    text = re.sub(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+\+00:00)?", "TIME", text)
    return re.sub(r"\b\d+\.\d s$", "TIME s", text, flags=re.MULTILINE)


# -- the directory -----------------------------------------------------------------------------


def test_files_stay(path):
    check("run-files", files(path))


def test_record_stays(path, record):
    assert (path / "run.json").read_bytes() == (path / "run.json.copy").read_bytes()
    assert re.fullmatch("[0-9a-f]{12}", record["run_id"])
    assert record["run_tag"] == f"run:{record['run_id']}"
    assert record["spec"] == SPEC == (path / "experiment.toml").read_text(encoding="utf-8")
    values = {
        key: record[key]
        for key in (
            "schema_version", "kind", "name", "backend", "simulated", "spec_hash", "account",
            "changes", "brackets", "assignment", "assignments", "state",
        )
    }  # fmt: skip
    found = {"keys": list(record), "form": form(record), "values": values}
    check("run-record", found)


def test_device_stays(path, record):
    stored = json.loads((path / "device.json").read_bytes())
    assert stored == record["device"]
    check("run-device", {"form": form(stored), "values": stored}, rtol=1e-11)
    device = rc.open_run(path).device
    assert list(device.roles) == stored["roles"]
    assert device.source("t1", "B") in stored["sources"].values()


def test_journals_stay(path, record):
    names = [job.name for job in rc.open_run(path).jobs]
    found = {"names": names, "form": {}, "tags": {}, "states": {}}
    for name in names:
        journal = sealed(path / "jobs" / f"{name}.json")
        assert journal["name"] == name
        (attempt,) = journal["attempts"]
        found["form"][name] = form(journal)
        found["tags"][name] = attempt["tag"].replace(record["run_id"], "ID")
        found["states"][name] = [attempt["state"], list(attempt["times"])]
        assert re.fullmatch(rf"recycling-[0-9a-f]{{12}}-{name}-1", attempt["tag"])
    check("run-journals", found)


def test_telemetry_stays(path, record):
    events = list(telemetry(path, record["run_id"]))
    kinds = {}
    for event in events:
        kinds.setdefault(event["event"], event)
    found = {
        "order": [name for name, _ in groupby(event["event"] for event in events)],
        "form": {name: form(event) for name, event in kinds.items()},
    }
    check("run-telemetry", found)
    assert record["telemetry"]["lines"] == len(events)
    steps = {"bracket-before", "bracket-after", "assignment", "assignment-after"}
    told = {
        name: {key: value for key, value in event.items()
               if key not in ("time", "previous", "crc32")}
        for name, event in kinds.items() if name in steps
    }  # fmt: skip
    check("run-telemetry-numbers", told, rtol=1e-9, atol=1e-15)


def test_shots_stay(path):
    names = [job.name for job in rc.open_run(path).jobs]
    check("run-shots", {name: outcomes(path / "shots" / f"{name}.npz") for name in names})


def test_circuits_stay(path):
    found = circuits(path / "circuits.qpy")
    check("run-circuits", {circuit.name: fingerprint(circuit) for circuit in found})


# -- results -----------------------------------------------------------------------------------


def summary(array):
    """Some values of an array, and what tells whether any other has changed.

    Energies that are rounding of the engine alone count as zero.
    """
    flat = np.asarray(array.values, dtype=float).ravel()
    if array.attrs.get("units") == "J":
        flat = np.where(np.abs(flat) < ROUNDING * QUANTUM, 0, flat)
    finite = flat[np.isfinite(flat)]
    chosen = np.unique(np.linspace(0, flat.size - 1, 21).astype(int))
    return {
        "finite, NaN, inf, -inf": [
            int(np.sum(part))
            for part in (np.isfinite(flat), np.isnan(flat), flat == np.inf, flat == -np.inf)
        ],
        "size": float(np.abs(finite).sum()),
        "values": flat[chosen].tolist(),
    }


def attributes(found):
    """Attributes with their values; of versions only that they are there."""
    return {
        name: "a version" if name.startswith("version_") else np.asarray(value).item()
        for name, value in sorted(found.items())
    }


def check_results(name, file, *, forms=True):
    """Compare a file of results with its golden files: its numbers, then its form."""
    with xr.open_dataset(file) as dataset:
        dataset.load()
    described = {
        "sizes": dict(sorted(dataset.sizes.items())),
        "coordinates": {
            key: [list(array.dims), array.dtype.kind, attributes(array.attrs),
                  array.values.tolist()]
            for key, array in sorted(dataset.coords.items())
        },
        "attributes": attributes(dataset.attrs),
        "types of attributes": {key: type(v).__name__ for key, v in sorted(dataset.attrs.items())},
    }  # fmt: skip
    if forms:
        described["variables"] = {
            key: [list(array.dims), str(array.dtype), attributes(array.attrs)]
            for key, array in sorted(dataset.data_vars.items())
        }
    numbers = {key: summary(array) for key, array in sorted(dataset.data_vars.items())}
    check(f"{name}-numbers", numbers, rtol=1e-9)
    check(f"{name}-form", described, rtol=1e-9)


def test_results_stay(path):
    check_results("results-raw", path / "results.nc")


def test_corrected_results_stay(path):
    again = recycling("analyse", path, "--readout", "corrected", "--out", "corrected", "--json")
    assert again.code == 0
    check_results("results-corrected", path.parent / "corrected" / "results-corrected.nc",
                  forms=False)  # fmt: skip


def test_results_by_other_choices_stay(folder):
    run = rc.run(rc.Experiment.from_toml("other.toml"), out="other")
    rc.analyse(run)
    check_results("results-other", folder / "other" / "results.nc", forms=False)


def test_exact_results_stay(folder):
    run = rc.run(rc.Experiment.from_toml("theory.toml"), out="theory")
    rc.analyse(run)
    check_results("results-exact", folder / "theory" / "results.nc", forms=False)
    check("theory-probabilities", outcomes(folder / "theory" / "shots" / "trial-0.npz"))


# -- what commands print -----------------------------------------------------------------------


def test_json_of_run_stays(done):
    check("json-run", {"form": form(done.json), "keys": list(done.json)})


def test_lines_of_progress_stay(done):
    check("progress-run", without_what_varies(done.err).splitlines())


@pytest.mark.usefixtures("path")
def test_json_of_other_commands_stays():
    found = {}
    for name in ("status", "analyse"):
        out = ["--out", "again"] if name != "status" else []
        answer = recycling(name, "out", *out, "--json")
        assert answer.code == 0, answer
        found[name] = {"form": form(answer.json), "keys": list(answer.json)}
    check("json-commands", found)


@pytest.mark.usefixtures("path")
def test_text_of_commands_stays():
    found = {}
    for arguments in (
        ["status", "out"],
        ["analyse", "out", "--out", "again"],
        ["cancel", "out"],
    ):
        answer = recycling(*arguments)
        assert answer.code == 0, answer
        found[" ".join(arguments)] = without_what_varies(answer.out).splitlines()
    check("text-commands", found)


def test_exports_stay(path):
    found = {}
    for kind in ("csv", "parquet", "json"):
        answer = recycling("export", "out", "--format", kind, "--out", kind, "--raw")
        assert answer.code == 0, answer
        found[kind] = answer.out.splitlines()
    found["columns"] = {
        name: (path.parent / "csv" / name).read_text(encoding="utf-8").splitlines()[0]
        for name in files(path.parent / "csv")
    }
    found["rows"] = {
        name: len((path.parent / "csv" / name).read_text(encoding="utf-8").splitlines()) - 1
        for name in files(path.parent / "csv")
    }
    check("exports", found)


def test_bundles_stay(path):
    assert recycling("bundle", "out", "--out", "out.zip").code == 0
    with zipfile.ZipFile(path.parent / "out.zip") as archive:
        names = sorted(re.sub("[0-9a-f]{12}", "ID", name) for name in archive.namelist())
    answer = recycling("unbundle", "out.zip", "--out", "unpacked")
    assert answer.code == 0
    unpacked = path.parent / "unpacked"
    check("bundle", {"archive": names, "text": answer.out.splitlines(), "run": files(unpacked)})
    assert (unpacked / "run.json").read_bytes() == (path / "run.json").read_bytes()


# -- the report --------------------------------------------------------------------------------


class Outline(HTMLParser):
    """Headings, columns of tables, figures and summaries of a page, in order."""

    def __init__(self):
        super().__init__()
        self.found, self.inside = [], None

    def handle_starttag(self, tag, attrs):
        if tag == "figure":
            self.found.append(f"figure: {dict(attrs)['id']}")
        elif tag in ("h1", "h2", "h3", "th", "summary"):
            self.inside = tag
            self.found.append(f"{tag}: ")

    def handle_endtag(self, tag):
        if tag == self.inside:
            self.inside = None

    def handle_data(self, data):
        if self.inside is not None:
            self.found[-1] += data


def test_report_stays(path):
    outline = Outline()
    outline.feed((path / "report.html").read_text(encoding="utf-8"))
    assert sorted(p.name for p in (path / "figures").iterdir()) == [
        name.removeprefix("figures/") for name in files(path) if name.startswith("figures/")
    ]
    check("report", outline.found)
