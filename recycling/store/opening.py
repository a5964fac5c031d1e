"""Open a run directory of any kind."""

from __future__ import annotations

from os import PathLike
from pathlib import Path
from shlex import quote

from recycling.errors import BadInput
from recycling.store.damage import SPARE
from recycling.store.directory import Run
from recycling.store.given import path_given
from recycling.store.identity import IDENTITY, kind_of, read_identity
from recycling.store.kinds import Kinds
from recycling.store.targets import way_on
from recycling.store.upgrade import older_schema, upgrade


def check_intact(run: Run) -> Run:
    """Check a run against its checksums, and return it.

    Raises:
        BadInput: a file is missing or damaged.

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
        >>> check_intact(run) is run
        True
        >>> folder.cleanup()
    """
    # What no number depends on is mended with the next resume; until then, ``warnings`` names it.
    damaged = [damage for damage in run.damage() if damage.file not in SPARE]
    if damaged:
        others = f" (and {len(damaged) - 1} more)" if damaged[1:] else ""
        raise BadInput(
            f"{run.path / damaged[0].file} is damaged: {damaged[0].why}{others}; mend with: "
            f"{way_on(run.path)}"
        )
    return run


def open_unchecked(path: str | PathLike[str], kinds: Kinds) -> Run:
    """Open a run directory whose files may be damaged; an older schema is upgraded.

    Args:
        path: run directory.
        kinds: gives the kind of run by its name.

    Raises:
        BadInput: the folder is no run, its kind is unknown, or a newer version wrote it.

    Example:
        >>> open_unchecked("no such run", kinds=lambda name: None)
        Traceback (most recent call last):
        recycling.errors.BadInput: run = 'no such run' is not a run directory: give one that ...
    """
    folder = _run_folder(path)
    upgrade(folder)
    return open_unwritten(folder, kinds)


def open_unwritten(path: str | PathLike[str], kinds: Kinds) -> Run:
    """Open a run directory and write nothing into it: an older schema is refused.

    Raises:
        BadInput: as for ``open_unchecked``, or an older version wrote it.

    Example:
        >>> open_unwritten("no such run", kinds=lambda name: None)
        Traceback (most recent call last):
        recycling.errors.BadInput: run = 'no such run' is not a run directory: give one that ...
    """
    folder = _run_folder(path)
    if (version := older_schema(folder)) is not None:
        raise BadInput(
            f"{folder / 'run.json'}: schema_version = {version} is that of an older version; "
            f"upgrade it with: recycling status {quote(str(folder))}"
        )
    # Whatever is wrong with the record is said here, also where its parts do not fit together.
    record = read_identity(folder)
    try:
        study = kinds(kind_of(record))
    except BadInput as error:
        raise BadInput(f"{folder / 'run.json'}: {error}; restore it from a bundle") from None
    run = Run.of(study, folder)
    _ = run.device
    return run


def _run_folder(path: str | PathLike[str]) -> Path:
    folder = path_given(path, "run")
    if not any((folder / name).is_file() for name in IDENTITY):
        raise BadInput(f"run = {str(path)!r} is not a run directory: give one that holds run.json")
    return folder
