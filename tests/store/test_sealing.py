"""The seal of a prediction: whatever is changed afterwards is found and named in one line."""

import hashlib
import shutil
from pathlib import Path

import pytest

import recycling as rc
from recycling.reporting.status import status_summary
from recycling.results.prediction import read_prediction
from recycling.store.damage import PREDICTION
from recycling.store.files import unseal
from recycling.store.sealing import seal_faults
from recycling.studies.stored import open_unchecked, resume
from tests.forging import forge_attempt, forge_kept, forge_record


@pytest.fixture
def copied(small_run, tmp_path):
    """Copy of the small run, to be forged."""
    return Path(shutil.copytree(small_run.path, tmp_path / "run"))


def record(path):
    return unseal((path / "run.json").read_bytes())


def named(path):
    """The lines that opening, status and analysis name, which are the same."""
    run = rc.open_run(path)
    assert all("\n" not in line for line in run.warnings)
    assert set(seal_faults(run)) <= set(run.warnings)
    notes = status_summary(open_unchecked(path))["notes"]
    assert all(any(line in note for note in notes) for line in seal_faults(run))
    return run.warnings


def test_the_seal_of_a_run_holds(small_run):
    sealed = small_run.record["prediction"]
    content = (small_run.path / PREDICTION).read_bytes()
    assert hashlib.sha256(content).hexdigest() == sealed["sha256"]
    assert sealed["sha256"] == small_run.record["checksums"][PREDICTION]
    for job in small_run.jobs:
        attempt = small_run.journal(job).current
        assert attempt.prediction == sealed["sha256"]
        assert sealed["time"] <= attempt.times["intended"]
    assert small_run.warnings == []


def test_a_changed_prediction_is_damage_without_which_the_run_opens(copied):
    path = copied / PREDICTION
    path.write_bytes(path.read_bytes() + b"more")
    (line,) = named(copied)
    assert line == (
        "prediction.nc is damaged (its checksum differs): missing is the prediction beside the "
        "measurement"
    )
    resume(copied)  # puts it aside, since nothing can make it again
    assert not path.exists()
    (line,) = named(copied)
    assert line == "prediction.nc is gone: the prediction cannot be compared"


def test_another_prediction_under_a_right_checksum_is_named(copied):
    sealed = record(copied)["prediction"]["sha256"]
    forge_kept(copied, PREDICTION, b"another")
    (line,) = named(copied)
    assert line == f"prediction.nc is not what was sealed as {sealed[:12]}…"


def test_another_prediction_under_a_right_seal_is_not_that_of_the_jobs(copied):
    sealed = record(copied)["prediction"]
    forge_kept(copied, PREDICTION, b"another")
    another = record(copied)["checksums"][PREDICTION]
    forge_record(copied, prediction=sealed | {"sha256": another})
    (line,) = named(copied)
    assert line == (
        f"the prediction {another[:12]}… is not attested by trial-0 (its journal names "
        f"{sealed['sha256'][:12]}…) and 1 more"
    )


def test_a_prediction_after_the_first_job_is_named(copied):
    later = record(copied)["prediction"] | {"time": "2099-01-01T00:00:00.000+00:00"}
    forge_record(copied, prediction=later)
    (line,) = named(copied)
    assert line.startswith("the prediction was sealed at 2099-01-01T00:00:00.000+00:00, after the")


def test_a_prediction_that_was_added_is_attested_by_no_job(copied):
    for job in ("trial-0", "trial-1"):
        forge_attempt(copied, job, prediction=None)
    (line,) = named(copied)
    assert line.endswith("is not attested by trial-0 (its journal names none) and 1 more")


@pytest.mark.parametrize(("tags", "why"), [(["recycling"], "none"), (["prediction:abc"], "abc…")])
def test_the_word_of_the_service_comes_before_the_journal(copied, tags, why):
    forge_attempt(copied, "trial-1", record={"tags": tags})
    (line,) = named(copied)
    assert line.endswith(f"is not attested by trial-1 (its service names {why})")


def test_a_prediction_that_was_removed_is_named(copied):
    forge_record(copied, prediction=None)
    (line,) = named(copied)
    assert line == "the prediction was removed from run.json: the tags of trial-0 carry one"


def test_a_run_from_before_predictions_is_read_as_before(copied, small_run):
    for job in ("trial-0", "trial-1"):
        forge_attempt(copied, job, prediction=None)
    checksums = {n: c for n, c in record(copied)["checksums"].items() if n != PREDICTION}
    forge_record(copied, prediction=None, checksums=checksums)
    (copied / PREDICTION).unlink()
    assert named(copied) == []
    assert rc.open_run(copied).counts.identical(small_run.counts)


def test_the_file_is_readable(small_run):
    prediction = read_prediction((small_run.path / PREDICTION).read_bytes())
    assert prediction.attrs["data_kind"] == "modelled"
