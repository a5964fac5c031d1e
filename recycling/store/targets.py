"""Places to write to, checked before the work whose result goes there."""

from __future__ import annotations

from pathlib import Path
from shlex import quote
from tempfile import TemporaryFile

from recycling.errors import BadInput


def check_new_file(path: Path, field: str = "out") -> Path:
    """Check that a file can be created; ``field`` is where the user named it.

    Raises:
        BadInput: the path exists, or the folder cannot be written.

    Example:
        >>> from tempfile import TemporaryDirectory
        >>> with TemporaryDirectory() as folder:
        ...     check_new_file(Path(folder) / "run.zip").name
        'run.zip'
    """
    if path.exists() or path.is_symlink():
        raise BadInput(f"{field} = {str(path)!r} exists: give a new file, or remove it")
    return _writable(path, path.parent, field, "file")


def check_new_folder(path: Path) -> Path:
    """Check that a folder can be created and filled; an empty folder may exist.

    Raises:
        BadInput: a file or a filled folder exists, or the folder cannot be written.

    Example:
        >>> from tempfile import TemporaryDirectory
        >>> with TemporaryDirectory() as folder:
        ...     check_new_folder(Path(folder) / "run").name
        'run'
    """
    if path.is_symlink() or (path.exists() and not (path.is_dir() and not any(path.iterdir()))):
        raise BadInput(f"out = {str(path)!r} exists: give a new folder, or remove it")
    return _writable(path, path, "out", "folder")


def way_on(run_path: Path, *, retry_failed: bool = False) -> str:
    """Say how to continue or repair a run: a command, or first a copy where it is read-only.

    Example:
        >>> from tempfile import TemporaryDirectory
        >>> with TemporaryDirectory() as folder:
        ...     way_on(Path(folder)) == f"recycling resume {folder}"
        True
    """
    try:
        check_folder(run_path)
    except BadInput:
        return "a copy of it in a folder that can be written"
    return resume_command(run_path, retry_failed=retry_failed)


def resume_command(run_path: Path, *, retry_failed: bool = False) -> str:
    """Command that continues a run; nobody tries whether its folder can be written.

    Example:
        >>> resume_command(Path("runs/small"), retry_failed=True)
        'recycling resume --retry-failed runs/small'
    """
    return f"recycling resume {'--retry-failed ' if retry_failed else ''}{quote(str(run_path))}"


def results_folder(
    run_path: Path, out: Path | None, mend: str = "give another place with --out"
) -> Path:
    """Choose the folder for what is derived from a run: that of the run, or ``out``.

    Raises:
        BadInput: it cannot be written; for that of the run ``mend`` says what to do.

    Example:
        >>> from tempfile import TemporaryDirectory
        >>> with TemporaryDirectory() as folder:
        ...     results_folder(Path("runs/small"), Path(folder) / "results").name
        'results'
    """
    if out is not None:
        return check_folder(out)
    try:
        return check_folder(run_path)
    except BadInput:
        raise BadInput(f"run = {str(run_path)!r} cannot be written: {mend}") from None


def check_folder(path: Path) -> Path:
    """Check that files can be written into a folder, which is created where there is none.

    Raises:
        BadInput: it is no folder, or cannot be written.

    Example:
        >>> check_folder(Path(__file__))
        Traceback (most recent call last):
        recycling.errors.BadInput: out = ...: Not a directory; give another folder
    """
    return _writable(path, path, "out", "folder")


def _writable(path: Path, folder: Path, field: str, kind: str) -> Path:
    """Write a file without a name where the path would be created: it leaves nothing behind."""
    try:
        while not folder.exists():
            folder = folder.parent
        with TemporaryFile(dir=folder):
            return path
    except OSError as error:
        reason = error.strerror or str(error)
        raise BadInput(f"{field} = {str(path)!r}: {reason}; give another {kind}") from None
