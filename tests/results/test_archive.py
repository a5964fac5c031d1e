"""An archive for years: it describes and verifies itself, and is read without Qiskit."""

import hashlib
import json
import subprocess
import sys
import zipfile
from pathlib import Path

import numpy as np
import pytest
import xarray as xr
import yaml
from jsonschema import Draft202012Validator
from qiskit import ClassicalRegister, QuantumCircuit, QuantumRegister
from qiskit.circuit import Parameter

import recycling as rc
import recycling.results.verification
from recycling.results.archive import KEPT, write_archive
from recycling.results.schemas import json_schemas
from recycling.results.verification import Check, verify
from recycling.store.authors import Author, authors_of
from recycling.store.bag import MANIFEST, TAG_MANIFEST
from recycling.store.bundle import write_bundle
from recycling.store.publication import Publication
from recycling.store.qasm import difference, program
from recycling.studies import study_of
from recycling.studies.stored import open_bundle
from tests.on_ibm import command

SPEC = """\
name = "tiny"
algorithm = { name = "repeat-until-success" }
device = { profile = "ideal", t1 = "200 us", t2 = "100 us" }
sweep = { theta = [0.3], p_x = [0.4] }
measurement = { shots = 60, trials = 2 }
inference = { resamples = 100 }
hardware = { brackets = true, bracket_shots = 100 }
"""
ME = Publication((Author("Example, Sam", "0000-0002-1825-0097"), Author("A Group")), "CC-BY-4.0")
#: What a machine of another decade need not have.
ABSENT = ("qiskit", "qiskit_aer", "qiskit_ibm_runtime", "qiskit_experiments", "stevedore",
          "openqasm3", "qiskit_qasm3_import", "jsonschema")  # fmt: skip
ELSEWHERE = f"""
import sys
class Absent:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in {ABSENT}:
            raise ModuleNotFoundError(f"No module named {{name!r}}", name=name)
sys.meta_path.insert(0, Absent())
import json
from pathlib import Path
import recycling as rc
from recycling.reporting import machine_sections, page
from recycling.results.verification import verify
from recycling.studies import study_of
from recycling.studies.stored import open_bundle
page.SECTIONS = (page.verdict_section, machine_sections.device_section,
                 machine_sections.circuit_section, machine_sections.conduct_section)
archive, folder = map(Path, sys.argv[1:])
checks = {{check.name: [check.passed, check.found] for check in verify(archive, study_of)}}
run = open_bundle(archive, folder)
text = rc.report(run, rc.analyse(run)).read_text("utf-8")
print(json.dumps([checks, sorted(name for name in sys.modules if name in {ABSENT}), text]))
"""


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    """A run with brackets, and drawings as a report leaves them."""
    run = rc.run(rc.Experiment.parse(SPEC), out=tmp_path_factory.mktemp("archive") / "run")
    rc.analyse(run)
    (run.path / "figures").mkdir()
    for name in KEPT[2:]:
        (run.path / name).write_text("<svg xmlns='drawn before'/>")
    return run


@pytest.fixture(scope="module")
def archive(run):
    return write_archive(run, run.path.with_name("tiny.zip"), ME)


@pytest.fixture(scope="module")
def contents(archive):
    with zipfile.ZipFile(archive) as opened:
        return {name.partition("/")[2]: opened.read(name) for name in opened.namelist()}


@pytest.fixture
def quick(monkeypatch):
    """Results are believed: to analyse them takes longer than all other checks."""
    believed = Check("results", True, "believed")
    monkeypatch.setattr(recycling.results.verification, "_results", lambda _run: believed)


def changed(archive, path, changes):
    """An archive whose files are others, its manifests right: a forger knows checksums too."""
    with zipfile.ZipFile(archive) as opened:
        files = {name: opened.read(name) for name in opened.namelist()}
    base = next(iter(files)).partition("/")[0]
    for name, change in changes.items():
        files[f"{base}/{name}"] = change(files[f"{base}/{name}"])
    for manifest in (MANIFEST, TAG_MANIFEST):
        lines = []
        for line in files[f"{base}/{manifest}"].decode().splitlines():
            name = line.partition("  ")[2]
            lines.append(f"{hashlib.sha256(files[f'{base}/{name}']).hexdigest()}  {name}\n")
        files[f"{base}/{manifest}"] = "".join(lines).encode()
    with zipfile.ZipFile(path, "w") as opened:
        for name, content in files.items():
            opened.writestr(name, content)
    return path


def test_the_same_run_gives_the_same_bytes(run, archive, tmp_path):
    assert write_archive(run, tmp_path / "again.zip", ME).read_bytes() == archive.read_bytes()


def test_every_check_passes(archive):
    found = verify(archive, study_of)
    assert [check.name for check in found] == [
        "checksums", "run", "prediction", "description", "schemas", "results", "circuits"
    ]  # fmt: skip
    assert [check for check in found if check.passed is not True] == []


def test_it_is_an_ro_crate_of_all_its_files(run, contents):
    document = json.loads(contents["ro-crate-metadata.json"])
    entities = {entity["@id"]: entity for entity in document["@graph"]}
    context, terms = document["@context"]
    assert context.endswith("/ro/crate/1.1/context")
    assert list(terms) == ["sha256"]  # the only one that the context does not have
    root = entities["./"]
    assert entities["ro-crate-metadata.json"]["about"] == {"@id": "./"}
    assert root["datePublished"] == run.record["created"][:10]
    assert root["license"] == {"@id": "LICENSE"}
    assert [entities[each["@id"]]["name"] for each in root["author"]] == ["Example, Sam", "A Group"]
    parts = {part["@id"] for part in root["hasPart"]}
    of_the_bag = {"bagit.txt", MANIFEST, TAG_MANIFEST, "ro-crate-metadata.json"}
    assert parts == {*contents} - of_the_bag
    for name in parts:
        assert entities[name]["@type"] == "File"
        assert entities[name]["sha256"] == hashlib.sha256(contents[name]).hexdigest()
        group = name.split("/")[1 if name.startswith("data/") else 0]
        explained = name == "README.txt" or f"\n  {group}" in contents["README.txt"].decode()
        assert explained, name
    references = [each["@id"] for each in entities["#run"]["result"]]
    assert references == sorted(name for name in parts if name.startswith("data/shots/"))


def test_citation_and_licence_are_those_declared_and_nothing_is_made_up(run, contents, tmp_path):
    citation = yaml.safe_load(contents["CITATION.cff"])
    assert citation["authors"] == [
        {"family-names": "Example", "given-names": "Sam",
         "orcid": "https://orcid.org/0000-0002-1825-0097"},
        {"name": "A Group"},
    ]  # fmt: skip
    assert citation["license"] == "CC-BY-4.0"
    assert b"SPDX-License-Identifier: CC-BY-4.0" in contents["LICENSE"]
    with zipfile.ZipFile(write_archive(run, tmp_path / "bare.zip", Publication())) as bare:
        files = {name.rpartition("/")[2]: bare.read(name) for name in bare.namelist()}
    assert yaml.safe_load(files["CITATION.cff"])["authors"] == [{"name": "not declared"}]
    assert "license" not in yaml.safe_load(files["CITATION.cff"])
    assert b"No licence was declared" in files["LICENSE"]


def test_every_json_file_has_a_schema_that_is_one_and_refuses(contents):
    for name, schema in json_schemas().items():
        Draft202012Validator.check_schema(schema)
        assert json.loads(contents[f"schemas/{name}.schema.json"]) == schema
    record = json.loads(contents["data/run.json"])
    validator = Draft202012Validator(json_schemas()["run"])
    assert validator.is_valid(record)
    for key, value in (("run_id", "x"), ("checksum", 3), ("simulated", "yes"), ("device", {})):
        assert not validator.is_valid(record | {key: value})
    kept = json.loads(contents["data/calibrations.json"])
    kept["brackets"]["bracket-before"]["t1"]["value"] = "NaN"
    assert Draft202012Validator(json_schemas()["calibrations"]).is_valid(kept)


@pytest.mark.usefixtures("quick")
def test_what_is_changed_is_named(archive, contents, tmp_path):
    program = next(name for name in contents if name.startswith("circuits/recycling-after"))
    lines = [
        (program, (b"if (", b"if (!"), "circuits", "is not that of circuits.qpy"),
        ("LICENSE", (b"CC", b"cc"), "description", "describes LICENSE otherwise"),
        ("schemas/run.schema.json", (b'"run_id"', b'"other"'), "schemas", "'other' is a required"),
    ]
    for name, pair, check, expected in lines:
        path = changed(archive, tmp_path / "changed.zip", {name: lambda x, y=pair: x.replace(*y)})
        found = {each.name: each for each in verify(path, study_of)}
        assert found[check].passed is False
        assert expected in found[check].found


def test_results_that_do_not_follow_from_the_bits_are_found(run, archive, tmp_path, monkeypatch):
    with xr.open_dataset(run.path / "results.nc") as stored:
        other = stored.load()
    analysed = other.copy()
    monkeypatch.setattr(recycling.results.verification, "analysed", lambda _run: analysed)
    other["heat"] = other["heat"] * (1 + 1e-8)
    other.to_netcdf(tmp_path / "results.nc", engine="netcdf4")
    forged = (tmp_path / "results.nc").read_bytes()
    path = changed(archive, tmp_path / "forged.zip", {"data/results.nc": lambda _: forged})
    found = {check.name: check for check in verify(path, study_of)}
    assert found["results"].passed is False
    assert "not follow from the raw bits: heat differs by 1.0e-08" in found["results"].found


@pytest.mark.usefixtures("quick")
def test_a_bundle_is_verified_as_far_as_it_goes(run, tmp_path):
    found = verify(write_bundle(run, tmp_path / "bundle.zip"), study_of)
    passed = {check.name: check.passed for check in found}
    assert passed == {
        "checksums": True, "run": True, "prediction": True, "description": None,
        "schemas": None, "results": True,
        "circuits": None,
    }  # fmt: skip


@pytest.mark.slow
def test_years_later_neither_qiskit_nor_a_service_is_needed(archive, tmp_path):
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", ELSEWHERE, archive, tmp_path / "opened"],
        capture_output=True, text=True, encoding="utf-8", check=False, timeout=300,
        cwd=Path(rc.__file__).parents[1],
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    checks, loaded, page = json.loads(done.stdout)
    assert loaded == []
    passed = {name: outcome for name, (outcome, _) in checks.items()}
    assert passed == {
        "checksums": True, "run": True, "prediction": True, "description": True,
        "schemas": None, "results": True,
        "circuits": None,
    }  # fmt: skip
    assert checks["circuits"][1] == "Qiskit, which reads circuits.qpy, is not installed"
    assert "Drawn before." in page
    assert "is read by Qiskit, which is not installed" in page


def test_the_archive_is_opened_as_the_run_that_it_was(run, archive, tmp_path):
    opened = open_bundle(archive, tmp_path / "opened")
    assert opened.damage() == []
    assert opened.record == rc.open_run(run.path).record
    np.testing.assert_array_equal(opened.counts, run.counts)


@pytest.mark.usefixtures("quick")
def test_the_commands(run, archive, tmp_path, monkeypatch):
    for slow in ("recycling.reporting.page.report", "recycling.results.analysis.analyse"):
        monkeypatch.setattr(slow, lambda *_: None)
    out = ("--out", tmp_path / "run.zip")
    for arguments, expected in (
        (("--orcid", "0000-0002-1825-0097"), "orcid has 1 entries for 0 authors"),
        (("--author", "E", "--orcid", "0000-0002-1825-0098"), "give an ORCID"),
        (("--author", " "), "author = ' ': give 'Family, Given'"),
        (("--license", "all mine"), "license = 'all mine': give an SPDX identifier"),
        (("--license-file", tmp_path / "none"), "no such file or directory"),
        (("--published", "tomorrow"), "published = 'tomorrow': give a day"),
    ):
        done = command("archive", run.path, *out, *arguments)
        assert done.code == 2
        assert expected in done.only_line
    done = command("archive", run.path, *out, "--license", "CC0-1.0")
    assert done.out == f"archive: {out[1]}\ncheck it with: recycling verify {out[1]}\n"
    path = changed(archive, tmp_path / "changed.zip", {"LICENSE": lambda text: text + b" "})
    done = command("verify", path, "--json")
    assert (done.code, json.loads(done.out)["verified"]) == (2, False)
    assert "LICENSE otherwise than it is" in done.error
    assert command("verify", run.path / "run.json").code == 2


def test_programs_are_compared_by_what_they_do():
    angle = Parameter("theta")
    bits = [ClassicalRegister(1, "flag"), ClassicalRegister(2, "S")]
    circuit = QuantumCircuit(QuantumRegister(2, "q"), *bits, global_phase=1.0)
    circuit.rz(2 * angle + np.pi / 3, 0)
    circuit.measure(0, bits[0])
    circuit.delay(100, 1, unit="dt")
    with circuit.if_test((bits[0], 0)):
        circuit.cz(0, 1)
    circuit.measure(1, bits[1][1])
    text = program(circuit, "tiny", dt=4e-9)
    assert text.splitlines()[1] == "// delays in dt = 4e-09 s; angles and inputs in rad"
    assert "delay[100dt]" in text
    assert difference(text, circuit, 4e-9) == ""
    assert difference(text.replace("100dt", " 100dt "), circuit, 4e-9) == ""
    for old, new in (("100dt", "101dt"), ("== 0", "== 1"), ("2*theta", "2.1*theta"),
                     ("cz q[0], q[1]", "cz q[1], q[0]"), ("S[1]", "S[0]"), ("qubit[2]", "qubit[3]"),
                     ("float[64] theta", "float[64] other")):  # fmt: skip
        assert old in text
        reason = difference(text.replace(old, new), circuit, 4e-9)
        assert reason.startswith(("it", "in its instruction"))


def test_authors_and_checks_are_data():
    assert authors_of(["A", "B"], ["", "0000-0001-5109-3700"])[0].cff == {"name": "A"}
    assert Check("results", None, "why").passed is None
