"""The report shows the sealed prediction beside the measurement, and names a broken seal."""

import re
import shutil
from pathlib import Path

import numpy as np
import pytest

import recycling as rc
from recycling.reporting.evidence import Evidence
from recycling.reporting.parts import Paragraph, Rows
from recycling.reporting.prediction_section import TITLE, prediction_section
from recycling.results.analysis import analysed
from recycling.results.gap import gap_of, surprise_of
from recycling.results.prediction import PROBABILITY
from recycling.store.damage import PREDICTION
from tests.forging import forge_kept


@pytest.fixture(scope="module")
def section(small_run, small_dataset):
    return prediction_section(Evidence(small_run, small_dataset))


def texts(section):
    return [f"{part.mark} {part.text}" for part in section.parts if isinstance(part, Paragraph)]


def test_a_run_is_beside_what_was_sealed(section, small_run):
    seal, surprise = texts(section)
    assert small_run.record["prediction"]["sha256"] in seal
    assert "Simulated here: no service attests the time." in seal
    assert re.search(r"p = [\d.e-]+ by the scatter of shots alone", surprise)
    assert re.search(r"p = [\d.e-]+ with the assumed errors", surprise)
    largest, scalars, states, attribution = (p.table for p in section.parts if isinstance(p, Rows))
    assert len(largest.rows) == 14
    # Two arms, three angles, twelve quantities, and the fidelity of one arm.
    assert len(scalars.rows) == 2 * 3 * 11 + 3
    assert len(states.rows) == 2 * 2 * 3 * 2 * 3
    assert attribution.note.startswith("Modelled")
    assert set(section.figures) == {"prediction-heat", "prediction-excess-tight"}


def test_differences_are_measured_less_predicted(small_run, small_dataset):
    gap = gap_of(small_run, small_dataset)
    at = {"arm": "recycling", "limit": "value"}
    measured = small_dataset["heat_combined"].sel(p_x=0.4, **at)
    expected = measured - gap.prediction["heat"].sel(at)
    np.testing.assert_allclose(gap.differences["heat"].sel(at), expected)
    assert abs(gap.differences["heat_z"]).max() < 4


def test_the_surprise_of_the_engine_itself_is_none(small_run, small_dataset):
    """Counts exactly as expected; and no record that is at another place than it should be."""
    prediction = gap_of(small_run, small_dataset).prediction
    exactly = prediction[PROBABILITY].expand_dims("trial") * 1e6
    found = surprise_of(prediction, exactly, small_run.design)
    assert found.chi_square < 1e-9
    assert found.p_value == pytest.approx(1)
    for axis in ("S", "basis", "preparation", "stage", "arm"):
        flipped = exactly.copy(data=exactly.isel({axis: slice(None, None, -1)}).values)
        assert surprise_of(prediction, flipped, small_run.design).p_value < 1e-6, axis


def test_a_run_without_a_valid_prediction_says_why(small_run, small_dataset, tmp_path):
    copied = Path(shutil.copytree(small_run.path, tmp_path / "run"))
    forge_kept(copied, PREDICTION, b"another")
    found = prediction_section(Evidence(rc.open_run(copied), small_dataset))
    warning, none = texts(found)
    assert warning.startswith("Warning prediction.nc is not what was sealed as")
    assert none.strip().startswith("No prediction:")
    run = rc.open_run(small_run.path)
    run.record.pop("prediction")
    older = prediction_section(Evidence(run, small_dataset))
    assert texts(older)[-1].strip() == "No prediction: none was sealed with this run."
    assert older.title == TITLE


def test_what_is_compared_is_the_raw_readout_whatever_was_analysed(small_run, section):
    corrected = analysed(small_run, readout="corrected")
    found = prediction_section(Evidence(small_run, corrected))
    assert texts(found) == texts(section)
    assert set(found.figures) == set(section.figures)
    assert Evidence(small_run, corrected).raw.attrs["data_kind"] == "simulated"


def test_infinitely_many_shots_have_no_p_value(theory_run):
    section = prediction_section(Evidence(theory_run, rc.analyse(theory_run)))
    assert not any("p = " in text for text in texts(section))
    (largest, *_) = (part.table for part in section.parts if isinstance(part, Rows))
    assert {row[5] for row in largest.rows} <= {"+0.0", "-0.0"}
