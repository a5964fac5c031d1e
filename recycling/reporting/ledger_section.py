"""The section of the report about the ledger: its table and its figure."""

from __future__ import annotations

from dataclasses import replace

from recycling.ledger.of_run import ledger_of
from recycling.reporting.evidence import Evidence
from recycling.reporting.ledger_figure import ledger_figure
from recycling.reporting.ledger_table import NOTES, ledger_headline, ledger_table
from recycling.reporting.parts import Gallery, Paragraph, Rows, Section

_CAPTION = (
    "Energies beside the heat of the erasure, by size. Open markers are below 0: heat is taken up. "
    "Bars: 95 % intervals, and the range of a model; dotted where it holds 0. Dashed: k_B T0 ln 2."
)
_OTHERS = (
    "At the last point of the sweep. At another point, with a plant, or with records erased "
    "elsewhere: recycling ledger RUN --theta-b ANGLE --plant RATIO --record-temperature KELVIN."
)


def ledger_section(evidence: Evidence) -> Section:
    """Every energy that stands beside the heat, at the last point of the sweep."""
    title = "Ledger"
    if not evidence.run.complete:
        text = "is the ledger: it is of a finished run, and this run is under way"
        return Section(title, [Paragraph(text, "note", "Missing")])
    ledger = ledger_of(evidence.run, evidence.dataset)
    notes = replace(ledger_table(ledger, NOTES), note="")
    return Section(
        title,
        [
            Paragraph(ledger_headline(ledger)),
            Gallery({"ledger": (ledger_figure(ledger), _CAPTION)}),
            Rows(ledger_table(ledger)),
            Rows(notes, numbers=False, summary="What each row is, and where it comes from"),
            Paragraph(_OTHERS, "note"),
        ],
    )
