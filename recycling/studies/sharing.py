"""Take a run elsewhere: tables of its results, or one archive of it."""

from __future__ import annotations

from collections.abc import Callable
from os import PathLike
from pathlib import Path

from recycling.results.analysis import analyse, analysed
from recycling.results.export import check_export, write_tables
from recycling.results.export import export as export_dataset
from recycling.results.formats import Format
from recycling.store.bundle import write_bundle
from recycling.store.directory import Run
from recycling.store.given import path_given
from recycling.store.targets import check_new_file, results_folder
from recycling.studies import study_of
from recycling.studies.stored import of_the_protocol, open_bundle, opened

#: Called with the name of each step as it begins, or with a warning.
Said = Callable[[str], None]


def _nothing(_text: str) -> None:
    return None


def _beside(run: Run, ending: str) -> Path:
    """Path beside the directory of a run, of its name with an ending."""
    path = run.path if run.path.name else run.path.resolve()
    return path.with_name(f"{path.resolve().name}{ending}")


def export(
    run: Run | str | PathLike[str],
    out: str | PathLike[str] | None = None,
    format: Format = "csv",
    *,
    raw: bool = False,
    progress: Said = _nothing,
    fraction: Callable[[float], None] = lambda _done: None,
    note: Said = _nothing,
) -> list[Path]:
    """Export the results of a run as tables with their units.

    Args:
        run: opened run, or its folder.
        out: new folder for the tables; by default that of the run with the format behind its name.
        format: "csv", "parquet" or "json".
        raw: export the counts too.
        progress: called with the name of each step as it begins.
        fraction: called with the fraction of the analysis that is done.
        note: called with a warning that concerns the results.

    Returns:
        The files that were written.

    Raises:
        BadInput: the format is unknown, the folder exists, or it is no run with tables.

    Example:
        >>> from tempfile import TemporaryDirectory
        >>> import recycling as rc
        >>> with TemporaryDirectory() as folder:
        ...     run = rc.run("theory", out=f"{folder}/run")
        ...     [file.name for file in export(run, f"{folder}/tables")][:2]
        ['branches.csv', 'combined-branches.csv']
    """
    run = opened(run)
    folder = _beside(run, f"-{format}") if out is None else path_given(out, "out")
    check_export(folder, format)
    tables = study_of(run.kind).tables
    if tables is not None and not raw:
        progress("analysing")
        found, known = tables(run)
        return write_tables(found, known, folder, format)
    of_the_protocol(run)
    progress("analysing")
    dataset = analysed(run, fraction)
    progress("writing tables")
    files = export_dataset(run, dataset, folder, format, raw=raw)
    if dataset.attrs["warnings"]:
        note(f"warning: {dataset.attrs['warnings']}")
    return files


def bundle(
    run: Run | str | PathLike[str],
    out: str | PathLike[str] | None = None,
    *,
    progress: Said = _nothing,
    fraction: Callable[[float], None] = lambda _done: None,
) -> Path:
    """Put a run into one archive with checksums, for a data repository.

    The run is analysed anew, so that the archive has the results of this version.

    Args:
        run: opened run, or its folder.
        out: new archive; by default that of the name of the run, beside it.
        progress: called with the name of each step as it begins.
        fraction: called with the fraction of the analysis that is done.

    Raises:
        BadInput: the file exists, or the run is incomplete or damaged, or cannot be written.

    Example:
        >>> from tempfile import TemporaryDirectory
        >>> import recycling as rc
        >>> with TemporaryDirectory() as folder:
        ...     run = rc.run("theory", out=f"{folder}/run")
        ...     unbundle(bundle(run), f"{folder}/copy").run_id == run.run_id
        True
    """
    run = opened(run)
    archive = _beside(run, ".zip") if out is None else path_given(out, "out")
    check_new_file(archive)
    results_folder(run.path, None, mend="bundle a copy of it")
    progress("analysing")
    again = study_of(run.kind).reread
    if again is not None:
        again(run, progress, None)
    else:
        analyse(run, fraction)
    progress("writing the archive")
    return write_bundle(run, archive)


def unbundle(archive: str | PathLike[str], out: str | PathLike[str] | None = None) -> Run:
    """Check an archive that ``bundle`` made, and unpack its run.

    Args:
        archive: the file.
        out: new run directory; by default ``runs/<name of the file>``.

    Raises:
        BadInput: the archive is damaged or none, or the directory exists.

    Example:
        >>> unbundle("no such file.zip")
        Traceback (most recent call last):
        recycling.errors.BadInput: bundle = 'no such file.zip'...
    """
    file = path_given(archive, "bundle")
    folder = Path("runs") / file.stem if out is None else path_given(out, "out")
    return open_bundle(file, folder)
