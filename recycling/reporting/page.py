"""The report: one self-contained HTML file that asks the network for nothing.

It is made from a run directory alone: nothing is planned, simulated or executed for it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from recycling.reporting.budget_section import budget_section
from recycling.reporting.citation import citation_section
from recycling.reporting.evidence import Evidence
from recycling.reporting.explorer import explorer_section
from recycling.reporting.ledger_section import ledger_section
from recycling.reporting.link_section import link_section
from recycling.reporting.machine_sections import (
    circuit_section,
    conduct_section,
    device_section,
    provenance_section,
    stage_section,
)
from recycling.reporting.parts import Section
from recycling.reporting.prediction_section import prediction_section
from recycling.reporting.rendering import render, write_figures
from recycling.reporting.result_sections import (
    branch_section,
    control_section,
    figure_section,
    link_heat_section,
    paper_section,
    readout_section,
    temperature_section,
    verdict_section,
)
from recycling.reporting.rounds_section import rounds_section
from recycling.results.analysis import analyse
from recycling.results.controls import warning
from recycling.results.summary import headline
from recycling.store.files import write_whole
from recycling.store.given import run_given

if TYPE_CHECKING:
    import xarray as xr

    from recycling.store.directory import Run

Progress = Callable[[str], None]

#: Sections in the order of the page. Each is made from the evidence, or left out.
SECTIONS: tuple[Callable[[Evidence], Section | None], ...] = (
    verdict_section,
    explorer_section,
    rounds_section,
    link_heat_section,
    figure_section,
    control_section,
    prediction_section,
    readout_section,
    temperature_section,
    branch_section,
    ledger_section,
    paper_section,
    link_section,
    device_section,
    budget_section,
    stage_section,
    circuit_section,
    conduct_section,
    provenance_section,
    citation_section,
)


def report(
    run: Run,
    dataset: xr.Dataset | None = None,
    progress: Progress = lambda _step: None,
    *,
    folder: Path | None = None,
) -> Path:
    """Write report.html and figures/ into a run's directory, or elsewhere.

    Args:
        run: opened run.
        dataset: its analysis; by default the run is analysed.
        progress: called with the name of each step as it begins.
        folder: where to write, by default the run's directory; created where there is none.

    Returns:
        Path of report.html.

    Example:
        >>> from tempfile import TemporaryDirectory
        >>> import recycling
        >>> experiment = recycling.Experiment(
        ...     name="tiny",
        ...     algorithm={"name": "repeat-until-success"},
        ...     device={"profile": "ideal"},
        ...     sweep={"theta": [0.6], "p_x": [0.1, 0.4]},
        ...     measurement={"shots": "exact", "trials": 1},
        ... )
        >>> folder = TemporaryDirectory()
        >>> run = recycling.run(experiment, out=f"{folder.name}/run")
        >>> report(run).name
        'report.html'
        >>> folder.cleanup()
    """
    if dataset is None:
        progress("analysing")
        dataset = analyse(run, folder=folder)
    return write_page(Evidence(run_given(run), dataset, folder), progress)


def write_page(evidence: Evidence, progress: Progress = lambda _step: None) -> Path:
    """Write the page of a run and its figures; returns its path."""
    progress("drawing figures")
    sections = [section for make in SECTIONS if (section := make(evidence)) is not None]
    folder = evidence.run.path if evidence.folder is None else evidence.folder
    progress("writing the report")
    uris = write_figures(sections, folder / "figures")
    path = folder / "report.html"
    write_whole(path, _page(evidence, sections, uris).encode())
    return path


def _page(evidence: Evidence, sections: Sequence[Section], uris: dict[str, str]) -> str:
    return render(
        "recycling.reporting/report.html.j2",
        sections,
        uris,
        title=evidence.dataset.attrs["title"],
        record=evidence.run.record,
        attributes=evidence.dataset.attrs,
        headline=headline(evidence.dataset),
        warning=warning(evidence.controls),
    )
