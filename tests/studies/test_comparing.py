"""Runs side by side: at common points alone, with what else differs, and refusals in one line."""

import json
import re
from pathlib import Path
from types import SimpleNamespace

import pytest
from typer.testing import CliRunner

import recycling as rc
from recycling.cli.app import app
from recycling.errors import BadInput
from recycling.results.comparison import Member, compare_members
from recycling.studies.comparing import run_labels


@pytest.fixture(scope="module")
def other_run(small_spec, tmp_path_factory):
    """Another seed, trials, readout and T1; one angle is that of the small run, two are not."""
    text = (
        small_spec.replace("seed = 3", "seed = 4")
        .replace("theta_b = [0.0, 0.4, ", "theta_b = [0.1, 0.4, ")
        .replace("p_x = [0.05, 0.1, 0.2, 0.4]", "p_x = [0.1, 0.3]")
        .replace("[inference]", '[inference]\nreadout = "corrected"')
        .replace('profile = "paper"', 'profile = "paper"\nt1 = "30 us"\nt2 = "30 us"')
    )
    path = tmp_path_factory.mktemp("other") / "other"
    return rc.run(rc.Experiment.parse(text), out=path, spec=text)


@pytest.fixture(scope="module")
def comparison(small_run, other_run, tmp_path_factory):
    page = tmp_path_factory.mktemp("page") / "deep" / "page.html"
    return rc.compare(small_run.path, other_run, out=page), page


def test_what_both_have_is_compared(comparison):
    found, _ = comparison
    (gap,) = found.found
    assert found.p_x == 0.1  # the common one
    assert gap["theta_b"].values.tolist() == [0.4, 0.7853981633974483]
    one, two = (member.dataset["heat_combined"].sel(p_x=0.1) for member in found.members)
    at = {"arm": "recycling", "theta_b": 0.4, "limit": "value"}
    assert gap["heat"].sel(at).item() == two.sel(at).item() - one.sel(at).item()
    # Two trials say little of the drift between them: nothing is resolved from the worse device.
    assert found.resolved(0) == []
    assert len(found.largest(0)) == 14


def test_the_page_is_whole_and_asks_nobody(comparison):
    _, path = comparison
    page = path.read_text("utf-8")
    assert not re.findall(r'(?:src|href)="(?!data:|#)', page)
    assert "readout</td><td>raw</td><td>corrected" in page
    assert "T1 of B</td><td>397 µs</td><td>30 µs" in page
    assert "sweep.p_x" in page
    for title in ("Runs", "Verdicts", "Differences", "What is different"):
        assert f"<h2>{title}</h2>" in page


def lines(width, *arguments):
    result = CliRunner().invoke(app, ["compare", *map(str, arguments)], env={"COLUMNS": str(width)})
    return result.exit_code, result.stdout, result.stderr


@pytest.mark.parametrize("width", [60, 120])
def test_tables_fit_the_terminal(small_run, other_run, width):
    code, out, _ = lines(width, small_run.path, other_run.path)
    assert code == 0
    table = [line for line in out.splitlines() if not line.startswith("other against")]
    assert max(map(len, table)) <= width
    assert re.search(r"heat +.*[+-]\d\.\d{3} \[[+-]\d\.\d{3}, [+-]\d\.\d{3}\]", out)
    assert "…" not in out.split("what is different")[0]
    assert out.splitlines()[-1].endswith("at 3 σ.")


def test_scripts_get_every_difference(small_run, other_run):
    code, out, _ = lines(80, small_run.path, other_run.path, "--json")
    record = json.loads(out)
    assert code == 0
    heat = record["differences"]["other"]["heat"]
    assert len(heat) == 4
    assert {"arm", "theta_b", "difference", "low", "high", "z", "p_adjusted"} == set(heat[0])
    assert record["different"]["spec"]["seed"] == {"run": "3", "other": "4"}
    assert set(record["verdicts"]) == {"tight", "landauer"}


@pytest.mark.parametrize(("number", "why"), [(1, "give two or more"), (2, "is given twice")])
def test_a_run_is_not_compared_with_itself(small_run, number, why):
    with pytest.raises(BadInput, match=why) as caught:
        rc.compare(*[small_run] * number)
    assert len(caught.value.faults) == 1


def test_a_page_is_no_folder(small_run, other_run, tmp_path):
    with pytest.raises(BadInput, match="is a folder: give the name of a page"):
        rc.compare(small_run, other_run, out=tmp_path)


def test_runs_without_anything_in_common_are_refused_in_one_line(small_run, small_dataset):
    first = Member("one", small_run, small_dataset)
    other = SimpleNamespace(run_id="another", design=small_run.design)
    shifted = {name: small_dataset.assign_coords({name: small_dataset[name] + 1.0})
               for name in ("theta_b", "p_x")}  # fmt: skip
    design = SimpleNamespace(measured=("S", "B"), stages=small_run.design.stages)
    unlike = SimpleNamespace(run_id="another", design=design)
    for member, why in (
        (Member("two", other, shifted["theta_b"]), "has no theta_b in common with 'one'"),
        (Member("two", other, shifted["p_x"]), "no p_x is common to all of them"),
        (Member("two", unlike, small_dataset), "has the measured qubits S, B, and 'one' S, B, C_I"),
    ):
        with pytest.raises(BadInput, match=why) as caught:
            compare_members([first, member])
        assert len(caught.value.faults) == 1


def test_runs_whose_folders_and_parents_are_called_alike_keep_their_names_apart():
    paths = [Path(f"/{far}/{near}/run") for far in "ab" for near in "xy"] + [Path("/c/other")]
    assert run_labels(paths) == ["a/x/run", "a/y/run", "b/x/run", "b/y/run", "other"]
    assert run_labels([Path("/run"), Path("/a/run")]) == ["//run", "a/run"]
