"""One archive of a finished run, for a data repository.

The archive is a ZIP file that holds a BagIt bag (RFC 8493)::

    recycling-run-<id>/
        bagit.txt
        README.txt                what is in it, and how to open it (``recycling.store.readme``)
        manifest-sha256.txt       checksums of data/, as sha256sum -c reads them
        tagmanifest-sha256.txt    checksums of the three files above
        data/                     the run directory

Checksums find damage; they do not say who made the archive. Therefore nothing in it is believed
before it is checked, and nothing in it is ever executed.
"""

from __future__ import annotations

import hashlib
import os
import stat
import zipfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import chain
from pathlib import Path
from tempfile import TemporaryDirectory

from recycling.errors import BadInput
from recycling.store.bag import (
    FILE_NAME,
    MANIFEST,
    TAG_MANIFEST,
    check_bag,
    members_of,
    refusing,
    unpack,
)
from recycling.store.directory import Run
from recycling.store.files import Damaged, sync_folder
from recycling.store.kinds import Kind, Kinds
from recycling.store.lock import locked
from recycling.store.opening import open_unchecked
from recycling.store.readme import meaning_of, readme
from recycling.store.targets import way_on

_DATA = "data/"
_BAGIT = "BagIt-Version: 1.0\nTag-File-Character-Encoding: UTF-8\n"
#: Files that a run may lack. Figures are left out: the report holds them.
_OPTIONAL = (
    "telemetry.jsonl", "rounds.json", "results.nc", "reset.json", "reset.csv", "report.html",
)  # fmt: skip
#: Earliest time that ZIP can tell: the same run gives the same bytes.
_TIME = (1980, 1, 1, 0, 0, 0)
_MODE, _UNIX = stat.S_IFREG | 0o644, 3


@dataclass(frozen=True)
class Entry:
    """A file of an archive: its size in bytes, its SHA-256, and what it is."""

    size: int
    sha256: str
    meaning: str = ""


@dataclass(frozen=True)
class Addition:
    """What an archive holds beside a bundle.

    Attributes:
        kept: derived files of the run that are kept too, where it has them.
        files: files beside data/ by their names.
        meanings: what a file, or the files of a folder, are.
        describe: makes the last files from all others: contents by name.

    Example:
        >>> Addition(files={"LICENSE": b"none"}).describe({})
        {}
    """

    kept: Sequence[str] = ()
    files: Mapping[str, bytes] = field(default_factory=dict)
    meanings: Mapping[str, str] = field(default_factory=dict)
    describe: Callable[[Mapping[str, Entry]], Mapping[str, bytes]] = lambda _files: {}


def write_bundle(run: Run, archive_path: str | Path, addition: Addition | None = None) -> Path:
    """Put a finished run into an archive; the same run gives the same bytes.

    The archive holds the files that the run knows by name, and results.nc and report.html as they
    are now: analyse the run before. Other files in the folder stay out.

    Args:
        run: the run.
        archive_path: archive to create.
        addition: what else it is to hold.

    Returns:
        Path of the archive.

    Raises:
        BadInput: the run is not finished, damaged or in use, or the archive exists or cannot be
            written. Nothing is written.

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
        >>> write_bundle(run, f"{folder.name}/run.zip").name
        'run.zip'
        >>> folder.cleanup()
    """
    archive_path = Path(archive_path)
    if archive_path.exists() or archive_path.is_symlink():
        raise BadInput(f"out = {str(archive_path)!r} exists: give a new file, or remove it")
    with locked(run.path):
        run = run.again()
        _check_finished(run)
        try:
            archive_path.parent.mkdir(parents=True, exist_ok=True)
            with TemporaryDirectory(prefix=".bundle-", dir=archive_path.parent) as scratch:
                partial = Path(scratch) / archive_path.name
                with partial.open("wb") as stream:
                    with zipfile.ZipFile(stream, "w", zipfile.ZIP_STORED) as archive:
                        _write_bag(archive, run, addition or Addition())
                    stream.flush()
                    os.fsync(stream.fileno())
                partial.replace(archive_path)
            sync_folder(archive_path.parent)
        except OSError as error:
            raise BadInput(
                f"out = {str(archive_path)!r}: {error.strerror}; give another file"
            ) from error
    return archive_path


def open_bundle(archive_path: str | Path, folder: str | Path, kinds: Kinds) -> Run:
    """Unpack a bundle into a new run directory and open it.

    Every name, size and checksum is checked before the folder appears.

    Args:
        archive_path: archive that ``write_bundle`` made.
        folder: run directory to create.
        kinds: gives the kind of run by its name.

    Raises:
        BadInput: the archive is not a bundle, is damaged or unsafe to unpack, or a newer version
            wrote it, or the folder exists or cannot be written. Nothing is written.

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
        >>> archive = write_bundle(run, f"{folder.name}/run.zip")
        >>> copy = open_bundle(archive, f"{folder.name}/copy", kinds=lambda name: run.study)
        >>> copy.run_id == run.run_id
        True
        >>> folder.cleanup()
    """
    archive_path, folder = Path(archive_path), Path(folder)
    if folder.exists() or folder.is_symlink():
        raise BadInput(f"out = {str(folder)!r} exists: give a new folder, or remove it")
    with refusing(archive_path):
        with unpacked(archive_path, folder) as bag:
            study = check_run(bag / "data", kinds)
            for path in bag.glob("data/**/"):
                sync_folder(path)
            (bag / "data").replace(folder)
        sync_folder(folder.parent)
    return Run.of(study, folder)


@contextmanager
def unpacked(archive_path: Path, beside: Path) -> Iterator[Path]:
    """Unpack an archive beside a path for a while, once its names, sizes and checksums are right.

    Raises:
        Damaged: it is no bag, or not what its manifests say.

    Example:
        >>> with unpacked(Path("no such archive"), Path("runs/copy")) as bag:
        ...     pass
        Traceback (most recent call last):
        FileNotFoundError: [Errno 2] No such file or directory: 'no such archive'
    """
    with zipfile.ZipFile(archive_path) as archive:
        members = members_of(archive, archive_path.stat().st_size)
        beside.parent.mkdir(parents=True, exist_ok=True)
        with TemporaryDirectory(prefix=f".{beside.name}.", dir=beside.parent) as scratch:
            bag = Path(scratch) / "bag"
            for name, info in members.items():
                unpack(archive, info, bag / name)
            check_bag(bag, set(members))
            yield bag


def _check_finished(run: Run) -> None:
    for damage in run.damage():
        raise BadInput(
            f"{run.path / damage.file} is damaged: {damage.why}; mend with: {way_on(run.path)}"
        )
    if run.record["state"] != "done" or not run.complete:
        raise BadInput(f"run = {str(run.path)!r} is not finished: go on with: {way_on(run.path)}")


def _write_bag(archive: zipfile.ZipFile, run: Run, addition: Addition) -> None:
    base = f"recycling-run-{run.record['run_id']}"
    entries: dict[str, Entry] = {}

    def add(name: str, content: bytes) -> str:
        info = zipfile.ZipInfo(f"{base}/{name}", _TIME)
        info.create_system, info.external_attr = _UNIX, _MODE << 16
        archive.writestr(info, content)
        digest = hashlib.sha256(content).hexdigest()
        entries[name] = Entry(len(content), digest, meaning_of(name, addition.meanings))
        return digest

    names = sorted(_names(run, addition.kept))
    for name in (base, *names, *addition.files):
        if not FILE_NAME.fullmatch(name):
            raise BadInput(f"run = {str(run.path)!r}: {name!r} is no name for a file: rename it")
    # Shots are compressed as they are, and how zlib compresses depends on its version.
    payload = {_DATA + name: add(_DATA + name, (run.path / name).read_bytes()) for name in names}
    text = readme(run, names, addition.meanings)
    written = {**addition.files, "README.txt": text.encode()}
    checksums = {name: add(name, content) for name, content in written.items()}
    last = {**addition.describe(dict(entries)), "bagit.txt": _BAGIT.encode()}
    last[MANIFEST] = _lines(payload).encode()
    checksums |= {name: add(name, content) for name, content in last.items()}
    add(TAG_MANIFEST, _lines(checksums).encode())


def _names(run: Run, kept: Sequence[str]) -> list[str]:
    """Files of a run to put into a bundle."""
    of_jobs = [(f"jobs/{job.name}.json", f"shots/{job.name}.npz") for job in run.jobs]
    unmeasured = {
        f"shots/{job.name}.npz" for job in run.jobs if run.journal(job).state == "unneeded"
    }
    return [
        "run.json",
        "run.json.copy",
        *run.record["checksums"],
        *(name for name in chain.from_iterable(of_jobs) if name not in unmeasured),
        *(name for name in (*_OPTIONAL, *kept) if (run.path / name).is_file()),
    ]


def _lines(checksums: Mapping[str, str]) -> str:
    return "".join(f"{digest}  {name}\n" for name, digest in checksums.items())


def check_run(folder: Path, kinds: Kinds) -> Kind:
    """Check a run by its own record, as unpacked and not yet believed; returns its kind.

    Raises:
        BadInput: no run, or written by a newer version.
        Damaged: it is not finished, or not what was written.

    Example:
        >>> check_run(Path("no such folder"), kinds=lambda name: None)
        Traceback (most recent call last):
        recycling.store.files.Damaged: it holds no run
    """
    if not (folder / "run.json").is_file():
        raise Damaged("it holds no run")
    try:
        run = open_unchecked(folder, kinds)
        for damage in run.damage():
            raise Damaged(f"{_DATA + damage.file!r} is not what run.json says: {damage.why}")
        if not run.complete:
            raise Damaged("its run is not finished")
        for job in run.jobs:
            if run.journal(job).state == "unneeded":
                continue
            try:
                run.own_outcomes(job)
            except Damaged as error:
                raise Damaged(f"{f'{_DATA}shots/{job.name}.npz'!r} is damaged: {error}") from None
    except BadInput as error:
        # Where it was unpacked to is nobody's business.
        raise BadInput(str(error).replace(f"{folder}{os.sep}", _DATA)) from None
    return run.study
