"""What a shell offers for an argument: nothing slow is imported, and nothing but names is read.

A shell calls the command at each press of the tabulator key, so that each function here takes a
few milliseconds.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path

from recycling.cli.newest import LATEST, RECORDS, RUNS

#: Name of the command.
PROGRAM = __name__.partition(".")[0]
#: Most entries of a folder that are looked at: a shell asks people before it lists more.
_MOST = 500


def prepare_completion() -> None:
    """Let typer answer a shell, without the imports that take longer than all the rest."""
    from typer import _completion_classes, core

    _completion_classes.completion_init()
    # Help here has no markup that rich would have to take off, and no value is used: pydantic
    # need not read any.
    vars(_completion_classes)["_sanitize_help_text"] = str
    parameter = getattr(core, "_TyperParameter", None)  # in the versions that take pydantic
    if parameter is not None:
        parameter.process_value = lambda _self, _context, value: value


def specs(incomplete: str) -> list[str]:
    """Presets, folders, and files with the extension of a spec."""
    from importlib import resources

    folder = resources.files("recycling.spec") / "presets"
    presets = sorted(file.name.removesuffix(".toml") for file in folder.iterdir())
    return [*_starting(presets, incomplete), *_paths(incomplete, _is_spec)]


def runs(incomplete: str) -> list[str]:
    """The newest run, run directories here and in ``runs/``, and folders on the way to others."""
    stored = (str(Path(RUNS, path)) for path in _entries(Path(RUNS)) if _is_run(Path(RUNS, path)))
    found = [*_starting([LATEST, *stored], incomplete), *_paths(incomplete, _is_run)]
    return list(dict.fromkeys(found))


def runs_or_specs(incomplete: str) -> list[str]:
    """Both: for a command that goes on with a run or makes one of a spec."""
    return list(dict.fromkeys([*runs(incomplete), *specs(incomplete)]))


def files(*endings: str) -> Callable[[str], list[str]]:
    """Make a function that offers files with one of these endings, and folders."""
    return lambda incomplete: list(
        _paths(incomplete, lambda path: path.is_file() and path.name.endswith(endings))
    )


def words(*known: str) -> Callable[[str], list[str]]:
    """Make a function that offers words."""
    return lambda incomplete: _starting(known, incomplete)


def snapshots(incomplete: str) -> list[str]:
    """Names of the snapshots of devices."""
    from recycling.devices.snapshots import HERONS, SIMILAR

    return _starting([*HERONS, *SIMILAR], incomplete)


def backends(incomplete: str) -> list[str]:
    """Every simulator, snapshots, and how the name of a machine begins."""
    from importlib.metadata import entry_points

    from recycling.execution.registry import BACKENDS, GROUP

    if incomplete.startswith("fake:"):
        return [f"fake:{name}" for name in snapshots(incomplete.removeprefix("fake:"))]
    names = sorted({*BACKENDS, *(point.name for point in entry_points(group=GROUP))})
    simple = ("aer", "exact", "trajectories")
    return _starting([name if name in simple else f"{name}:" for name in names], incomplete)


def _starting(known: Iterable[str], incomplete: str) -> list[str]:
    return [name for name in known if name.startswith(incomplete)]


def _is_spec(path: Path) -> bool:
    return path.suffix == ".toml" and path.is_file()


def _is_run(path: Path) -> bool:
    return any((path / record).is_file() for record in RECORDS)


def _paths(incomplete: str, wanted: Callable[[Path], bool]) -> Iterator[str]:
    """Paths that begin so: those that are wanted, and folders, whose names end with a slash."""
    head, slash, start = incomplete.rpartition("/")
    folder = Path(head + slash or ".").expanduser()
    for name in _entries(folder):
        if not name.startswith(start) or (name.startswith(".") and not start.startswith(".")):
            continue
        path = folder / name
        if wanted(path):
            yield f"{head}{slash}{name}"
        elif path.is_dir():
            yield f"{head}{slash}{name}/"


def _entries(folder: Path) -> Sequence[str]:
    try:
        return sorted(path.name for path in folder.iterdir())[:_MOST]
    except OSError:
        return ()
