"""The end of every command that has a run: analyse, report, print."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from recycling.cli.results import Result, print_result
from recycling.cli.terminal import print_json, print_lines, print_next, print_table, shown
from recycling.errors import BadInput, Incomplete, resumable

if TYPE_CHECKING:
    import xarray as xr

    from recycling.store import Run
    from recycling.studies.study import Conclusion


def finish(stored: Run, *, as_json: bool, strict: bool = False) -> None:
    """Analyse a run that has come to its end, write its results, and print them.

    Raises:
        ControlFailed: a control of the protocol failed, and ``strict`` was asked for.
    """
    from recycling.studies import study_of

    conclude = study_of(stored.kind).conclude
    with resumable(stored.path):
        if conclude is None:
            report(stored, as_json=as_json, strict=strict)
            return
        with shown() as work:
            concluded = conclude(stored, work.step)
        _print_conclusion(stored, concluded, as_json=as_json)


def reread(stored: Run, folder: Path | None, *, as_json: bool) -> bool:
    """Write and print the results of a stored run again where its study does so itself.

    Raises:
        Incomplete: jobs are under way.
    """
    from recycling.store.targets import way_on
    from recycling.studies import study_of

    again = study_of(stored.kind).reread
    if again is None:
        return False
    if not stored.complete:
        raise Incomplete(f"jobs of {stored.path} are not done; go on with: {way_on(stored.path)}")
    with shown() as work:
        concluded = again(stored, work.step, folder)
    _print_conclusion(stored, concluded, as_json=as_json)
    return True


def analyse(
    stored: Run,
    folder: Path | None = None,
    *,
    readout: str | None = None,
    as_json: bool,
    strict: bool,
) -> None:
    """Analyse a run of the protocol and print its verdicts; results go into a folder."""
    dataset = _analyse(stored, readout, folder)
    print_result(stored, Result(dataset), folder, as_json=as_json, strict=strict)


def report(stored: Run, folder: Path | None = None, *, as_json: bool, strict: bool) -> None:
    """Analyse a run of the protocol, write its report, and print its verdicts."""
    result = _report(stored, _analyse(stored, None, folder), folder)
    print_result(stored, result, folder, as_json=as_json, strict=strict)


def _analyse(stored: Run, readout: str | None = None, folder: Path | None = None) -> xr.Dataset:
    with shown() as work:
        work.step("analysing")
        from recycling.results.analysis import analyse as analyse_run

        if stored.complete:  # else nothing may be there to analyse, and nothing is written
            keep_theory(stored, folder)
        return analyse_run(stored, work.fraction, readout=readout, folder=folder)  # type: ignore[arg-type]


def _report(stored: Run, dataset: xr.Dataset, folder: Path | None = None) -> Result:
    with shown() as work:
        work.step("preparing the report")
        from recycling.reporting.evidence import Evidence
        from recycling.reporting.page import write_page

        work.step("computing the theory")
        keep_theory(stored, folder)
        evidence = Evidence(stored, dataset, folder)
        page = write_page(evidence, work.step)
        return Result(dataset, page, evidence.comparisons)


def keep_budget(stored: Run, folder: Path | None) -> None:
    """Compute what limits the device of a run, which its report then shows."""
    with shown() as work:
        work.step("differentiating")
        from recycling.running.error_budget import keep_budget as keep

        keep(stored, folder)


def keep_theory(stored: Run, folder: Path | None = None) -> None:
    """Compute the theory of a run where it is missing, if a simulator here can do it."""
    try:
        from recycling.running.theory import keep_theory
    except ImportError:
        return  # a report without theory says so
    with suppress(BadInput, ModuleNotFoundError):  # more than this machine can do, or no Qiskit
        keep_theory(stored, folder)


def _print_conclusion(stored: Run, concluded: Conclusion, *, as_json: bool) -> None:
    from recycling.reporting.status import surplus_of, surplus_text

    files = {"run": stored.path, **concluded.files}
    surplus = surplus_of(stored.journal(job) for job in stored.jobs)
    if as_json:
        named = {name: str(path) for name, path in files.items()}
        print_json({**concluded.record, "files": named, "surplus": surplus})
        return
    for table, title in concluded.tables:
        print_table(table, title)
    print_lines([concluded.headline], style="bold")
    if surplus:
        print_lines([surplus_text(surplus)])
    print_lines([f"{name}: {path}" for name, path in files.items()])
    if "report" in files:
        print_next("open", stored.path)
