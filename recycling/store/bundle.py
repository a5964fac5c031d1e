"""One archive of a finished run, for a data repository.

The archive is a ZIP file that holds a BagIt bag (RFC 8493)::

    recycling-run-<id>/
        bagit.txt
        README.txt                what is in it, and how to open it
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
from collections.abc import Mapping
from itertools import chain
from pathlib import Path
from tempfile import TemporaryDirectory

from circuits.design import FLAG
from circuits.tomography import BASIS_ANGLES
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
from recycling.store.origin import data_kind, origin_of
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

_README = """\
Run {run_id} of the experiment "{name}": {kind} data.

begun      {created}
backend    {backend}
device     {device}
spec hash  {spec_hash}{origin}
format     BagIt 1.0; run directory of schema {schema}

Files in data/
{files}

To check    sha256sum -c {manifest}
To read     xarray.open_dataset("data/results.nc") in Python, or any reader of netCDF-4;
            numpy.load for the shots; all other files but circuits.qpy are text
To go on    recycling unbundle FILE.zip, then recycling analyse, report or export, with a
            thermodynamic-recycling that reads schema {schema}

{shots}

To analyse the run again gives the same Dataset with the software that it was made with:
{software}

run.json names the instance of the account on the quantum service, if one was given. No file holds
a token.
"""
#: What the outcomes of a run of the protocol are, and those of any other study.
_TRIALS = """\
In shots/trial-*.npz, shots[pub, {point}, basis, shot] holds the bits of a shot as a number, the
lowest bit first: {bits}. A pub is one of {arms} by one of
{stages} by a preparation of S ({preparations}), the last one fastest; the bases are {bases}.
A table instead of shots has a probability or a count for each such number."""
_OTHERS = """\
In shots/*.npz, shots[..., shot] holds the bits of a shot as a number, the lowest bit first; the
circuits of a job are those of its study, {kind}, in their order. A table instead of shots has a
probability or a count for each such number."""
#: What a file of a run is, or the files of one of its folders are.
_MEANINGS = {
    "run.json": "identity, spec, device, software and checksums",
    "run.json.copy": "its copy",
    "experiment.toml": "the spec as given",
    "device.json": "calibration of the qubits used, layout, temperature, latency",
    "calibration.json": "calibration of the whole chip as the service reported it",
    "prediction.nc": "what was predicted before the first job (netCDF-4)",
    "circuits.qpy": "the circuits executed (Qiskit QPY)",
    "jobs/": "the journal of each job",
    "shots/": "the outcomes of each job in the order of the shots (npz)",
    "telemetry.jsonl": "times of the steps, calibration around the jobs",
    "rounds.json": "what each look at the rounds saw and decided",
    "reset.json": "the results of a study of resets with their intervals",
    "reset.csv": "the same, a row for each reset and preparation",
    "results.nc": "the results with their intervals (netCDF-4)",
    "report.html": "the report with its figures",
}


def write_bundle(run: Run, archive_path: str | Path) -> Path:
    """Put a finished run into an archive; the same run gives the same bytes.

    The archive holds the files that the run knows by name, and results.nc and report.html as they
    are now: analyse the run before. Other files in the folder stay out.

    Args:
        run: the run.
        archive_path: archive to create.

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
                        _write_bag(archive, run)
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
    with refusing(archive_path), zipfile.ZipFile(archive_path) as archive:
        members = members_of(archive, archive_path.stat().st_size)
        folder.parent.mkdir(parents=True, exist_ok=True)
        with TemporaryDirectory(prefix=f".{folder.name}.", dir=folder.parent) as scratch:
            bag = Path(scratch) / "bag"
            for name, info in members.items():
                unpack(archive, info, bag / name)
            check_bag(bag, set(members))
            study = _check_run(bag / "data", kinds)
            for path in bag.glob("data/**/"):
                sync_folder(path)
            (bag / "data").replace(folder)
        sync_folder(folder.parent)
    return Run.of(study, folder)


def _check_finished(run: Run) -> None:
    for damage in run.damage():
        raise BadInput(
            f"{run.path / damage.file} is damaged: {damage.why}; mend with: {way_on(run.path)}"
        )
    if run.record["state"] != "done" or not run.complete:
        raise BadInput(f"run = {str(run.path)!r} is not finished: go on with: {way_on(run.path)}")


def _write_bag(archive: zipfile.ZipFile, run: Run) -> None:
    base = f"recycling-run-{run.record['run_id']}"

    def add(name: str, content: bytes) -> str:
        info = zipfile.ZipInfo(f"{base}/{name}", _TIME)
        info.create_system, info.external_attr = _UNIX, _MODE << 16
        archive.writestr(info, content)
        return hashlib.sha256(content).hexdigest()

    names = sorted(_names(run))
    for name in (base, *names):
        if not FILE_NAME.fullmatch(name):
            raise BadInput(f"run = {str(run.path)!r}: {name!r} is no name for a file: rename it")
    # Shots are compressed as they are, and how zlib compresses depends on its version.
    payload = {_DATA + name: add(_DATA + name, (run.path / name).read_bytes()) for name in names}
    tags = {"README.txt": _readme(run, names), "bagit.txt": _BAGIT, MANIFEST: _lines(payload)}
    checksums = {name: add(name, text.encode()) for name, text in tags.items()}
    add(TAG_MANIFEST, _lines(checksums).encode())


def _names(run: Run) -> list[str]:
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
        *(name for name in _OPTIONAL if (run.path / name).is_file()),
    ]


def _lines(checksums: Mapping[str, str]) -> str:
    return "".join(f"{digest}  {name}\n" for name, digest in checksums.items())


def _readme(run: Run, names: list[str]) -> str:
    groups = dict.fromkeys(f"{Path(name).parts[0]}/" if "/" in name else name for name in names)
    origin = origin_of(run.record)
    return _README.format(
        **{key: run.record[key] for key in ("run_id", "name", "created", "backend", "spec_hash")},
        kind=data_kind(run.record),
        origin=""
        if origin is None
        else f"\norigin     {origin.words}\n           {origin.unknown}",
        device=run.device.name,
        schema=run.record["schema_version"],
        shots=_shots(run),
        manifest=MANIFEST,
        files="\n".join(f"  {group:18}{_MEANINGS.get(group, '')}".rstrip() for group in groups),
        software="\n".join(f"  {name} {of}" for name, of in run.record["software"].items()),
    )


def _shots(run: Run) -> str:
    """What the numbers in the files of the shots are."""
    if all(job.trial is None for job in run.jobs):
        return _OTHERS.format(kind=run.kind)
    design = run.design
    flags = [FLAG] if len(design.flags) == 1 else [f"{FLAG} of {role}" for role in design.flags]
    swept = design.parameter_names
    return _TRIALS.format(
        point=swept[0] if len(swept) == 1 else "point",
        bits=", ".join([*flags, *design.measured]),
        bases=", ".join(BASIS_ANGLES),
        arms=", ".join(design.arm_names),
        stages=", ".join(design.stages),
        preparations=", ".join(design.preparations),
    )


def _check_run(folder: Path, kinds: Kinds) -> Kind:
    """Check a run by its own record, as unpacked and not yet believed; returns its kind.

    Raises:
        BadInput: no run, or written by a newer version.
        Damaged: it is not finished, or not what was written.
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
