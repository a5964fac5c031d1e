"""Stored runs of any study: open them, go on with them, cancel their jobs."""

from __future__ import annotations

from os import PathLike
from pathlib import Path
from shlex import quote

from recycling.errors import BadInput
from recycling.running import runs
from recycling.running.work import Conduct, Progress, Watch
from recycling.store import bundle, opening
from recycling.store.directory import Run
from recycling.store.journal import JobRecord
from recycling.studies import study_of

#: Study of the runs that are analysed and reported.
ANALYSED = "protocol"


def open_run(path: str | PathLike[str]) -> Run:
    """Open a run directory and check it against its checksums; an older schema is upgraded.

    Raises:
        BadInput: the folder is no run of the protocol or of a study that reads its stored runs, a
            newer version wrote it, or a file is missing or damaged.

    Example:
        >>> from tempfile import TemporaryDirectory
        >>> import recycling as rc
        >>> with TemporaryDirectory() as folder:
        ...     _ = rc.run(rc.preset("theory"), out=f"{folder}/run")
        ...     run = rc.open_run(f"{folder}/run")
        ...     run.record["backend"], run.design.measured
        ('exact', ('S', 'B', 'C_I'))
    """
    run = open_unchecked(path)
    return opening.check_intact(run if study_of(run.kind).reread else of_the_protocol(run))


def opened(run: Run | str | PathLike[str]) -> Run:
    """Open a run that is given by its folder; an opened run is returned as it is.

    Raises:
        BadInput: as for ``open_run``.

    Example:
        >>> opened("no such run")
        Traceback (most recent call last):
        recycling.errors.BadInput: run = 'no such run' is not a run directory: give one that ...
    """
    return run if isinstance(run, Run) else open_run(run)


def open_unchecked(path: str | PathLike[str]) -> Run:
    """Open a run of any study, whose files may be damaged.

    Raises:
        BadInput: the folder is no run, or a newer version wrote it.

    Example:
        >>> open_unchecked("no such run")
        Traceback (most recent call last):
        recycling.errors.BadInput: run = 'no such run' is not a run directory: give one that ...
    """
    return opening.open_unchecked(path, study_of)


def of_the_protocol(run: Run) -> Run:
    """Check that a run is of the protocol, and return it.

    Raises:
        BadInput: it is of another study; the message says how to get its results.

    Example:
        >>> from tempfile import TemporaryDirectory
        >>> import recycling as rc
        >>> with TemporaryDirectory() as folder:
        ...     run = rc.run(rc.preset("theory"), out=f"{folder}/run")
        ...     of_the_protocol(run) is run
        True
    """
    if run.kind != ANALYSED:
        again = study_of(run.kind).again.format(path=quote(str(run.path)))
        raise BadInput(f"run = {str(run.path)!r} is a {run.kind} run: {again}")
    return run


def resume(
    path: str | Path,
    *,
    retry_failed: bool = False,
    max_qpu_seconds: float | None = None,
    wait: bool = True,
    progress: Progress = lambda _step: None,
    watch: Watch = lambda _job, _state, _done: None,
) -> Run:
    """Go on with a run, of whichever kind: mend it, submit what never was, fetch what is done.

    Args:
        path: run directory.
        retry_failed: submit jobs that failed or were cancelled again.
        max_qpu_seconds: another budget of QPU time for the run, which replaces that of the run.
        wait: wait for jobs under way.
        progress: called with the name of each step as it begins.
        watch: called with the name of a job, its state, and the fraction of jobs done.

    Raises:
        BadInput: not a run, another process is writing, or what would be submitted is above the
            budget: then nothing is.
        BackendFailure: as for ``run``.
        Incomplete: as for ``run``.

    Example:
        >>> from tempfile import TemporaryDirectory
        >>> import recycling as rc
        >>> with TemporaryDirectory() as folder:
        ...     _ = rc.run(rc.preset("theory"), out=f"{folder}/run")
        ...     rc.resume(f"{folder}/run").record["state"]
        'done'
    """
    conduct = Conduct(wait, retry_failed, max_qpu_seconds, progress, watch)
    found = open_unchecked(path)
    return runs.resume(study_of(found.kind), found, conduct)


def cancel(path: str | Path) -> int:
    """Cancel the jobs of a run that are under way; returns their number.

    Raises:
        BadInput: the folder is no run, or another process is writing.
        BackendFailure: the backend cannot be reached.

    Example:
        >>> from tempfile import TemporaryDirectory
        >>> import recycling as rc
        >>> with TemporaryDirectory() as folder:
        ...     _ = rc.run(rc.preset("theory"), out=f"{folder}/run")
        ...     cancel(f"{folder}/run")  # all are done
        0
    """
    found = open_unchecked(path)
    return runs.cancel(study_of(found.kind), found)


def status(path: str | Path) -> dict[str, JobRecord | str]:
    """Journal of each job by name, or what is wrong with it; asks no backend.

    Raises:
        BadInput: not a run.

    Example:
        >>> from tempfile import TemporaryDirectory
        >>> import recycling as rc
        >>> with TemporaryDirectory() as folder:
        ...     _ = rc.run(rc.preset("theory"), out=f"{folder}/run")
        ...     {name: record.state for name, record in status(f"{folder}/run").items()}
        {'trial-0': 'done'}
    """
    return runs.status(open_unchecked(path))


def open_bundle(archive_path: str | Path, folder: str | Path) -> Run:
    """Unpack a bundle into a new run directory and open it.

    Raises:
        BadInput: as for ``recycling.store.bundle.open_bundle``, or the run is not of the protocol.

    Example:
        >>> from tempfile import TemporaryDirectory
        >>> import recycling as rc
        >>> with TemporaryDirectory() as folder:
        ...     run = rc.run(rc.preset("theory"), out=f"{folder}/run")
        ...     archive = bundle.write_bundle(run, f"{folder}/run.zip")
        ...     open_bundle(archive, f"{folder}/copy").run_id == run.run_id
        True
    """
    return bundle.open_bundle(archive_path, folder, study_of)
