"""A small study of resets on the exact engine: its directory, circuits and results."""

import pytest

from tests.snapshots.compare import check, form
from tests.snapshots.outside import circuits, files, fingerprint, outcomes, recycling, sealed

SPEC = """\
shots = 500
rounds = [1, 2]
waits = ["100 us"]

[device]
layout = { C_I = 11, C_C0 = 18, C_C1 = 12, C_A = 13, B = 10, S = 9 }
"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("reset")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        patch.setenv("COLUMNS", "100")
        (folder / "spec.toml").write_text(SPEC)
        yield folder


@pytest.fixture(scope="module")
def done(folder):
    """What the command said."""
    assert folder.is_dir()
    return recycling("reset", "spec.toml", "--seed", 4, "--out", "out", "--json")


@pytest.fixture(scope="module")
def path(done, folder):
    assert done.code == 0, done
    return folder / "out"


def test_directory_stays(path):
    record = sealed(path / "run.json")
    names = ["schema_version", "kind", "name", "backend", "simulated", "account", "changes"]
    journal = sealed(path / "jobs" / "swap.json")
    found = {
        "files": files(path),
        "record": {name: record[name] for name in names},
        "sources": record["device"]["sources"],
        "journal": form(journal),
    }
    check("reset-directory", found)


def test_circuits_stay(path):
    found = {}
    for circuit in circuits(path / "circuits.qpy"):
        whole = fingerprint(circuit)
        found[circuit.name] = whole if circuit.name.endswith("1 1") else whole["instructions"]
    check("reset-circuits", found)


def test_shots_stay(path):
    check("reset-shots", outcomes(path / "shots" / "swap.npz"))


#: What each reset of |1⟩ and of the mixture is pinned by, besides its single numbers.
QUANTITIES = ("population", "heat_J", "excess_tight_J", "excess_athermal_J")


def test_results_stay(done, path):
    numbers = {}
    for row in done.json["resets"]:
        kept = [list(row[key].values()) for key in QUANTITIES if key in row]
        single = [row["duration_s"], row["raw"], round(row["modelled"], 12)]
        single.append(row["control_modelled_J"])
        numbers[f"{row['method']} {row['length']:g} {row['p_x']:g}"] = [*single, *kept]
    # Ends of intervals are roots, found to within their tolerance.
    check("reset-numbers", numbers, rtol=1e-6)
    kept = ("resets", "files", "readout", "prepared")
    check("reset-facts", {key: value for key, value in done.json.items() if key not in kept})
    check("reset-keys", form(done.json["resets"][-1]))
    table = (path / "reset.csv").read_text(encoding="utf-8").splitlines()
    check("reset-csv", [table[0], len(table)])
