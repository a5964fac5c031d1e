"""Sections of the report about results: verdicts, figures, controls, readout, temperature."""

from __future__ import annotations

from shlex import quote

from recycling.reporting import paper
from recycling.reporting.branch_figures import branch_figures
from recycling.reporting.evidence import Evidence
from recycling.reporting.figures import paper_figures
from recycling.reporting.link_figures import link_figures
from recycling.reporting.link_table import link_table
from recycling.reporting.parts import (
    Comparisons,
    Controls,
    Download,
    Gallery,
    Paragraph,
    Part,
    Rows,
    Section,
)
from recycling.reporting.readings import (
    assignment_table,
    readout_table,
    temperature_table,
    threshold_table,
)
from recycling.reporting.sensitivity_figures import sensitivity_figures
from recycling.reporting.verdict_csv import verdict_csv
from recycling.reporting.verdict_table import verdict_table
from recycling.results.dataset import shown_p_x

_COMPARED = (
    "Verdicts at 3 σ, p_x = 0.4 unless said otherwise; “at some p_x” by 95 % bands over the whole "
    "sweep. Input: the number was put in, its agreement means nothing. No snapshot of ibm_kawasaki "
    "exists: numbers that the paper does not print come from another Heron's snapshot as "
    "calibrated; another snapshot lands elsewhere."
)
#: Columns of the table of both ledgers; verdicts share one with their z, which fits the page.
_LINK_COLUMNS = (
    ("erased",), ("heat",), ("link heat",), ("strict excess",), ("net", "z of net"),
    ("strict", "z of strict"), ("gain",), ("alone",), ("made",),
)  # fmt: skip


def verdict_section(evidence: Evidence) -> Section:
    """The verdict at every point, and how its numbers were estimated."""
    attributes = evidence.dataset.attrs
    biased = (
        " and projection, as in the paper; near pure and near maximally mixed states these are "
        "biased and may lie outside of their intervals"
    )
    masked = f" Masked, for want of shots: {attributes['masked']}." if attributes["masked"] else ""
    note = (
        f"Intervals: {attributes['interval']}. Values: {attributes['estimator']}"
        f"{biased if attributes['estimator'] == 'linear inversion' else ''}. "
        f"Readout: {attributes['readout']}.{masked}"
    )
    table = verdict_table(evidence.dataset, evidence.corrected)
    numbers = Download(
        verdict_csv(evidence.dataset),
        "verdicts.csv",
        f"Verdicts at p_x = {shown_p_x(evidence.dataset):g} as CSV, with all digits",
    )
    return Section("Verdict", [Rows(table), numbers, Paragraph(note, "note")])


def link_heat_section(evidence: Evidence) -> Section | None:
    """Both ledgers of a run with a link, and what the link makes alone."""
    table = link_table(evidence.dataset, _LINK_COLUMNS)
    if table is None:
        return None
    return Section("Heat in the link", [Rows(table), Gallery(link_figures(evidence.dataset))])


def figure_section(evidence: Evidence) -> Section:
    """The figures of the paper; without a theory, how to get it."""
    parts: list[Part] = [Gallery(paper_figures(evidence.dataset, evidence.theory))]
    if evidence.theory is None:
        parts.append(
            Paragraph(
                "is the theory, with its figure and its rows beside the paper: it was not kept "
                f"with this run; make it with: recycling analyse {quote(str(evidence.run.path))}",
                "note",
                "Missing",
            )
        )
    return Section("Figures", parts)


def control_section(evidence: Evidence) -> Section:
    """The controls."""
    return Section("Controls", [Controls(evidence.controls)])


def readout_section(evidence: Evidence) -> Section:
    """What readout errors do to the verdicts, and what they are."""
    experiment, assignment = evidence.experiment, evidence.assignment
    readings = readout_table(experiment, assignment, evidence.readouts)
    if assignment is None:
        return Section("Readout", [Rows(readings)])
    errors = assignment_table(assignment, experiment.design)
    return Section("Readout", [Rows(readings), Rows(errors)])


def temperature_section(evidence: Evidence) -> Section:
    """The temperature of the bath, and what becomes of the verdicts at another one."""
    temperatures = evidence.temperatures
    return Section(
        "Temperature of the bath",
        [
            Rows(temperature_table(evidence.experiment, temperatures), numbers=False),
            Gallery(sensitivity_figures(evidence.dataset, temperatures.get("measured"))),
            Rows(
                threshold_table(evidence.dataset),
                summary="Temperatures at which the verdicts turn",
            ),
        ],
    )


def branch_section(evidence: Evidence) -> Section:
    """What the branches and the entropy of the bath do to the gain."""
    (bath,) = evidence.experiment.design.bath
    return Section("Structure of the branches", [Gallery(branch_figures(evidence.dataset, bath))])


def paper_section(evidence: Evidence) -> Section | None:
    """The run beside the paper, where it is the same experiment."""
    compared = evidence.comparisons
    if not compared:
        return None
    return Section(
        "Against the paper",
        [Paragraph(paper.summary(compared)), Comparisons(compared), Paragraph(_COMPARED, "note")],
    )
