"""The lock of a run directory, for a single writer at a time."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from filelock import FileLock, Timeout

from recycling.errors import BadInput


@contextmanager
def locked(folder: Path, field: str = "run") -> Iterator[None]:
    """Hold the lock of a run directory. The system frees it when a process dies.

    Args:
        folder: the directory.
        field: where the user named it.

    Raises:
        BadInput: another process holds it, or the folder cannot be written.

    Example:
        >>> from tempfile import TemporaryDirectory
        >>> with TemporaryDirectory() as folder, locked(Path(folder)):
        ...     (Path(folder) / ".lock").is_file()
        True
    """
    lock = FileLock(folder / ".lock", blocking=False)
    try:
        lock.acquire()
    except Timeout:
        raise BadInput(
            f"{field} = {str(folder)!r} is in use by another process: wait for it, or stop it"
        ) from None
    except OSError as error:
        raise BadInput(
            f"{field} = {str(folder)!r}: {error.strerror}; give a folder to write in"
        ) from error
    try:
        yield
    finally:
        lock.release()
