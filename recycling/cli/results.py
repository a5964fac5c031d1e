"""What the command line prints of results: verdicts, controls, files."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from recycling.cli.terminal import print_json, print_lines, print_next, print_table

if TYPE_CHECKING:
    import xarray as xr

    from recycling.reporting.paper import Comparison
    from recycling.results.controls import Control
    from recycling.store import Run

#: Columns of the verdict table that fit a terminal of 80 characters, a verdict with its z in one.
_TERMINAL_COLUMNS = (
    ("heat",), ("excess",), ("tight", "z of tight"), ("Landauer", "z of Landauer")
)  # fmt: skip
#: Those of a narrower one, which would cut the interval's digits off.
_NARROW_COLUMNS, _NARROW = (("heat",), *_TERMINAL_COLUMNS[2:]), 78
#: Those of a wider one, with what was erased.
_WIDE_COLUMNS, _WIDE = (("erased",), *_TERMINAL_COLUMNS), 110
#: Columns of the table of a link, and those of a narrow terminal.
_LINK_COLUMNS = (("erased",), ("link heat",), ("strict", "z of strict"), ("made",))
_NARROW_LINK_COLUMNS = (_LINK_COLUMNS[0], *_LINK_COLUMNS[2:])


@dataclass(frozen=True)
class Result:
    """What is printed of a run: its analysis and, once there is a report, what was made for it."""

    dataset: xr.Dataset
    page: Path | None = None
    comparisons: Sequence[Comparison] = ()


def print_result(
    run: Run,
    result: Result,
    folder: Path | None = None,
    *,
    as_json: bool,
    strict: bool = False,
) -> None:
    """Print the verdicts and controls of a run, and where its files are.

    ``folder`` holds the results where that is not the run's directory.

    Raises:
        ControlFailed: a control failed, and ``strict`` was asked for; all is printed before.
    """
    from recycling.errors import ControlFailed
    from recycling.reporting.rounds_record import rounds_record
    from recycling.reporting.status import surplus_of
    from recycling.results.analysis import results_name
    from recycling.results.controls import controls, warning
    from recycling.results.summary import summary

    dataset = result.dataset
    checks = controls(dataset)
    readout = dataset.attrs["readout"]
    own = readout == run.experiment.inference.readout
    files = {
        "run": run.path,
        "results": (folder or run.path) / results_name(None if own else readout),
    }
    if result.page is not None:
        files["report"] = result.page
    surplus, rounds = surplus_of(run.journal(job) for job in run.jobs), rounds_record(run)
    if as_json:
        beside: dict[str, Any] = {"surplus": surplus}
        if rounds is not None:
            beside["rounds"] = rounds
        if result.page is not None:
            beside["paper"] = [asdict(row) for row in result.comparisons]
        print_json(summary(dataset, checks, files) | beside)
    else:
        _print_verdict(dataset, checks, files, surplus, "" if rounds is None else rounds["text"])
    if strict and warning(checks):
        raise ControlFailed(warning(checks))


def _columns(width: int) -> Sequence[Sequence[str]]:
    """Columns of the verdict table that fit a terminal."""
    if width < _NARROW:
        return _NARROW_COLUMNS
    return _WIDE_COLUMNS if width >= _WIDE else _TERMINAL_COLUMNS


def _print_verdict(
    dataset: xr.Dataset,
    checks: list[Control],
    files: dict[str, Path],
    surplus: list[dict[str, Any]],
    rounds: str,
) -> None:
    from rich.console import Console

    from recycling.reporting.link_table import link_table
    from recycling.reporting.status import surplus_text
    from recycling.reporting.verdict_table import brief_verdict_table
    from recycling.results.controls import warning
    from recycling.results.summary import headline

    if warning(checks):
        print_lines([warning(checks)], style="bold red")
    attributes = dataset.attrs
    title = (
        f"{attributes['title']} ({attributes['data_kind']}, {attributes['trials']} trials, "
        f"readout {attributes['readout']})"
    )
    narrow = Console().width < _NARROW
    of_link = link_table(dataset, _NARROW_LINK_COLUMNS if narrow else _LINK_COLUMNS)
    title += "" if of_link is None else ", net against separate"
    print_table(brief_verdict_table(dataset, _columns(Console().width)), title)
    if of_link is not None:
        print_table(of_link, "strict: with the heat that was left in the link")
    print_lines([headline(dataset)], style="bold")
    if rounds:
        print_lines([rounds])
    failed = [c for c in checks if c.passed is False]
    if attributes["warnings"]:
        print_lines([f"warning: {attributes['warnings']}"])
    if attributes["masked"]:
        print_lines([f"masked, for want of shots: {attributes['masked']}"])
    print_lines([f"control failed: {c.name}: {c.expected}; {c.found}" for c in failed], style="red")
    if not failed:
        print_lines([f"all {sum(c.passed is True for c in checks)} controls passed"], style="green")
    if surplus:
        print_lines([surplus_text(surplus)])
    print_lines([f"{name}: {path}" for name, path in files.items()])
    elsewhere = files["results"].parent != files["run"]
    if "report" in files:
        print_next("open", files["report"].parent)
    else:
        print_next(
            "report", files["run"], *(("--out", files["results"].parent) if elsewhere else ())
        )
