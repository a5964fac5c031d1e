"""What a run says of itself: dataset, verdicts, controls, calibrations, status, and its looks."""

import os
import shutil

import numpy as np
import pytest

import recycling as rc
from recycling.results.kept import stored_results
from recycling.results.verdicts import verdicts as verdicts_against


@pytest.fixture
def analysed(small_run, tmp_path):
    """A copy of the small run with its results, opened anew."""
    shutil.copytree(small_run.path, tmp_path / "run")
    rc.analyse(rc.open_run(tmp_path / "run"))
    return rc.open_run(tmp_path / "run")


def test_the_dataset_is_that_of_the_analysis(small_run, small_dataset):
    assert small_run.dataset.identical(small_dataset)
    assert small_run.dataset is small_run.dataset
    assert rc.open_run(small_run.path).dataset.identical(small_dataset)


def test_current_results_are_read_and_older_ones_are_not(analysed, monkeypatch):
    stored = stored_results(analysed)
    assert stored.equals(analysed.dataset)
    with monkeypatch.context() as patch:
        patch.setattr("recycling.results.kept.analysed", None)  # nothing is analysed
        assert rc.open_run(analysed.path).verdicts[0].bound == "tight"
    path = analysed.path / "results.nc"
    for change in ("an attribute", "its age", "its bytes"):
        if change == "an attribute":
            monkeypatch.setattr("recycling.results.kept.metadata.version", lambda _name: "0.0.1")
        elif change == "its age":
            os.utime(path, (0, 0))
        else:
            path.write_bytes(b"torn")
        assert stored_results(analysed) is None, change
        monkeypatch.undo()


def test_verdicts_are_those_against_both_bounds(small_run, small_dataset):
    found = small_run.verdicts
    assert list(found.of("tight")) == verdicts_against(small_dataset, bound="tight")
    assert list(found.of("landauer")) == verdicts_against(small_dataset, bound="landauer")
    assert [*found.of("tight"), *found.of("landauer")] == list(found)
    assert found.bounds == ("tight", "landauer")
    assert all(verdict.verdict == verdict.text for verdict in found)
    assert list(found.below) == [verdict for verdict in found if verdict.below]
    assert rc.verdicts(small_dataset, "equilibrium")[0].arm == "equilibrium"
    assert list(small_run.controls) == list(rc.controls(small_dataset))
    assert small_run.calibrations.assignment.qubits == 4


def test_a_returned_run_answers_and_nothing_is_written(small_run):
    before = {file: file.stat().st_mtime_ns for file in small_run.path.rglob("*")}
    again = rc.open_run(small_run.path)
    assert again.status()["headline"] == "2 of 2 jobs done"
    _ = again.verdicts, again.controls, again.calibrations
    assert {file: file.stat().st_mtime_ns for file in small_run.path.rglob("*")} == before


def test_everything_shown_is_escaped_short_and_labelled(small_run, tmp_path):
    run = small_run
    shown = [run, run.verdicts, run.controls, run.status()]
    for thing in shown:
        page, line = thing._repr_html_(), repr(thing)
        assert "<script" not in page
        assert page.count("<table>") == 1
        assert "simulated" in page
        assert "\n" not in line
        assert len(line) < 300
    hostile = np.str_("<script>alert(1)</script>")
    named = rc.from_counts(
        run.counts, run.experiment, out=tmp_path / "declared", source=str(hostile)
    )
    page = named._repr_html_()
    assert "<script" not in page
    assert "&lt;script&gt;" in page
    assert "declared" in page


def test_what_cannot_be_read_is_still_shown(small_run, tmp_path):
    shutil.copytree(small_run.path, tmp_path / "run")
    run = rc.open_run(tmp_path / "run")
    for name in ("run.json", "run.json.copy"):
        (run.path / name).write_text("torn")
    bare = run.again()
    assert repr(bare) == f"<Run {str(run.path)!r}>"
    assert "damaged" in bare._repr_html_()
