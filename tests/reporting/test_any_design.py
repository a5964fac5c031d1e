"""Reports of any design: what is swept is read from the Dataset, theory may be missing."""

import shutil

import pytest

import recycling as rc
from recycling.reporting.branch_figures import branch_figures
from recycling.reporting.evidence import Evidence
from recycling.reporting.figures import paper_figures
from recycling.reporting.parts import Gallery, Paragraph, Rows, Section
from recycling.reporting.readings import threshold_table
from recycling.reporting.result_sections import figure_section, paper_section
from recycling.reporting.sensitivity_figures import sensitivity_figures
from recycling.reporting.tables import Table
from recycling.reporting.verdict_table import brief_verdict_table, verdict_table
from recycling.results.summary import headline, summary
from recycling.results.theory import THEORY

CUT = "Shown over angle at strength = 0.5, the first of their values."


def renamed(dataset, **names):
    """The same Dataset as if its angle had another name."""
    return dataset.rename(theta_b=names["theta_b"])


@pytest.fixture(scope="module")
def wide(small_dataset):
    """The small Dataset as if its angle were called "angle" and a second parameter were swept."""
    both = renamed(small_dataset, theta_b="angle").expand_dims(strength=[0.5, 1.5])
    both["strength"].attrs |= {"units": "K", "long_name": "strength of the drive"}
    return both.transpose("arm", "angle", "strength", ...)


def labels(figure):
    return {axes.get_xlabel() for axes in figure.axes}


def test_another_parameter_is_the_axis_of_every_figure(small_dataset):
    dataset = renamed(small_dataset, theta_b="phi")
    drawn = paper_figures(dataset, dataset) | sensitivity_figures(dataset)
    for name in ("fig3-fidelity", "fig4a-equilibrium", "fig4b-recycling", "fig4c-theory",
                 "critical-temperature"):  # fmt: skip
        assert r"$\phi$ (rad)" in labels(drawn[name][0]), name
    assert "Recycling at φ = 0 over the mixedness" in drawn["fig5a-mixedness"][1]
    assert "for all φ," in drawn["fig5b-ratio"][1]
    assert threshold_table(dataset).columns[0] == "φ (rad)"
    assert verdict_table(dataset).columns[0] == "φ (rad)"
    assert "θ_b" not in headline(dataset) + "".join(caption for _, caption in drawn.values())


def test_another_algorithm_is_not_said_to_solve_a_system(small_dataset):
    other = small_dataset.assign_coords(qubit=["S", "B", "data"])
    caption = paper_figures(other, None)["fig3-fidelity"][1]
    assert caption.startswith("Fig. 3. Fidelity of the recycled qubit with its ideal state in the")
    assert "A⁻¹b" in paper_figures(small_dataset, None)["fig3-fidelity"][1]


def test_of_several_parameters_the_first_is_drawn_and_all_are_listed(wide, small_dataset):
    drawn = paper_figures(wide, wide) | sensitivity_figures(wide) | branch_figures(wide)
    for name, (_, caption) in drawn.items():
        assert caption.endswith(CUT) or name == "branch-gain", name
    table = verdict_table(wide)
    assert table.columns[:2] == ("angle (rad)", "strength (K)")
    assert len(table.rows) == 2 * len(verdict_table(small_dataset).rows)
    assert [row[:2] for row in table.rows[:2]] == [("0.0000", "0.5000"), ("0.0000", "1.5000")]
    assert threshold_table(wide).note == CUT
    assert "none of 6 angles" in headline(wide)


def test_the_terminal_shows_every_parameter(wide):
    table = brief_verdict_table(wide, (("heat",), ("tight", "z of tight")))
    assert table.columns == ("angle (rad)", "strength (K)", "ΔQ_B (hf)", "vs tight, z")
    full = verdict_table(wide)
    first = dict(zip(full.columns, full.rows[0], strict=False))
    assert table.rows[0][2] == first["ΔQ_B (hf)"]


def test_results_for_scripts_name_every_parameter(wide):
    first, second = summary(wide, [], {})["verdicts"][:2]
    assert (first["angle"], first["strength"]) == (0.0, 0.5)
    assert (second["angle"], second["strength"]) == (0.0, 1.5)
    assert list(first)[:4] == ["bound", "angle", "strength", "p_x"]


# -- sections -------------------------------------------------------------------------------------


def text_of(section):
    return " ".join(part.text for part in section.parts if isinstance(part, Paragraph))


def test_without_a_theory_the_report_says_how_to_get_it(small_run, small_dataset, tmp_path):
    bare = rc.open_run(shutil.copytree(small_run.path, tmp_path / "run"))
    (bare.path / THEORY).unlink()
    with_theory, without = Evidence(small_run, small_dataset), Evidence(bare, small_dataset)
    assert without.theory is None
    (gallery,) = (p for p in figure_section(without).parts if isinstance(p, Gallery))
    assert set(figure_section(with_theory).figures) - set(gallery.figures) == {"fig4c-theory"}
    assert f"recycling analyse {bare.path}" in text_of(figure_section(without))
    assert text_of(figure_section(with_theory)) == ""
    lost = {row.about for row in with_theory.comparisons} - {
        row.about for row in without.comparisons
    }
    assert lost
    assert all(about.startswith("theory:") for about in lost)


def test_another_experiment_is_not_compared_with_the_paper(small_run, small_dataset, monkeypatch):
    evidence = Evidence(small_run, small_dataset)
    monkeypatch.setitem(evidence.__dict__, "comparisons", [])
    assert paper_section(evidence) is None


def test_a_section_is_added_in_one_place(small_run, small_dataset, tmp_path, monkeypatch):
    """A heading, a line, a table and a figure of somebody else's."""

    def section(evidence):
        table = Table(("stage", "extracted"), [("1", evidence.run.record["name"])])
        figures = {"ledger": paper_figures(evidence.dataset, None)["fig3-fidelity"]}
        return Section("Ledger", [Paragraph("by stage"), Rows(table), Gallery(figures)])

    monkeypatch.setattr("recycling.reporting.page.SECTIONS", (figure_section, section))
    page = rc.report(small_run, small_dataset, folder=tmp_path).read_text(encoding="utf-8")
    assert page.count("<h2>") == 2
    for shown in ("<h2>Ledger</h2>", "<p>by stage</p>", "<td>small</td>", 'id="ledger"'):
        assert shown in page
    assert (tmp_path / "figures" / "ledger.svg").is_file()
