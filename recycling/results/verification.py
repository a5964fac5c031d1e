"""Verification of an archive: that it is what was written, and that its results follow from it."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from tempfile import gettempdir
from typing import TYPE_CHECKING

import numpy as np

from recycling.extras import is_missing
from recycling.results.analysis import analysed, results_name
from recycling.results.calibrations import NAME as CALIBRATIONS
from recycling.results.netcdf import read_netcdf
from recycling.results.schemas import records_of, schema_of
from recycling.store.bag import MANIFEST, TAG_MANIFEST, refusing
from recycling.store.bundle import Entry, check_run, unpacked
from recycling.store.circuits import qiskit_is_missing
from recycling.store.crate import METADATA, check_crate
from recycling.store.directory import Run
from recycling.store.files import Damaged
from recycling.store.kinds import Kinds
from recycling.store.qasm import circuit_name, difference
from recycling.store.sealing import seal_faults, sealed_sha256

if TYPE_CHECKING:
    import xarray as xr

#: Deviation of results that is rounding alone, as a part of the largest number of a variable.
ROUNDING = 1e-9
#: Files of an archive that its description leaves to the format of bags.
_OF_THE_BAG = (METADATA, MANIFEST, TAG_MANIFEST, "bagit.txt")
#: Attributes of results that say what made them, and not what they are.
_OF_THE_MAKER = ("version_", "warnings")


@dataclass(frozen=True)
class Check:
    """A check of an archive; ``passed`` is None where it could not be made, and ``found`` why."""

    name: str
    passed: bool | None
    found: str


def verify(
    archive_path: Path, kinds: Kinds, progress: Callable[[str], None] = lambda _step: None
) -> list[Check]:
    """Check an archive in every respect that can be checked here.

    Args:
        archive_path: archive or bundle.
        kinds: gives the kind of run by its name.
        progress: called with the name of each step as it begins.

    Raises:
        BadInput: it is no archive, it is unsafe to unpack, a checksum differs, or what it holds is
            no finished run: then nothing else is worth a check.

    Example:
        >>> from tempfile import TemporaryDirectory
        >>> import recycling as rc
        >>> from recycling.store.bundle import write_bundle
        >>> with TemporaryDirectory() as folder:
        ...     run = rc.run(rc.preset("theory"), out=f"{folder}/run")
        ...     archive = write_bundle(run, f"{folder}/run.zip")
        ...     found = verify(archive, kinds=lambda name: run.study)
        >>> [(check.name, check.passed) for check in found][:2]
        [('checksums', True), ('run', True)]
    """
    progress("unpacking and comparing checksums")
    place = Path(gettempdir()) / archive_path.stem
    with refusing(archive_path), unpacked(archive_path, place) as bag:
        names = [path.relative_to(bag).as_posix() for path in bag.rglob("*") if path.is_file()]
        run = Run.of(check_run(bag / "data", kinds), bag / "data")
        outcomes = f"journals and outcomes of {len(run.jobs)} jobs are those of run {run.run_id}"
        found = [
            Check("checksums", True, f"{len(names)} files as in the manifests"),
            Check("run", True, outcomes),
            _prediction(run),
            _described(bag, sorted(names)),
            _schemas(bag),
        ]
        progress("analysing the raw bits")
        if not qiskit_is_missing():  # nor is what fits the brackets: nothing derived is believed
            (run.path / CALIBRATIONS).unlink(missing_ok=True)
        found.append(_results(run))
        progress("comparing circuits")
        found.append(_circuits(run, bag))
    return found


def _prediction(run: Run) -> Check:
    sealed, faults = sealed_sha256(run.record), seal_faults(run)
    if faults:
        return Check("prediction", False, faults[0])
    if sealed is None:
        return Check("prediction", None, "no prediction was sealed before the first job")
    return Check("prediction", True, f"sealed before the first job: SHA-256 {sealed[:12]}…")


def _described(bag: Path, names: list[str]) -> Check:
    name = "description"
    if METADATA not in names:
        return Check(name, None, f"a bundle has no {METADATA}: recycling archive writes it")
    files = {each: _entry(bag / each) for each in names if each not in _OF_THE_BAG}
    try:
        check_crate((bag / METADATA).read_bytes(), files)
    except Damaged as error:
        return Check(name, False, str(error))
    return Check(name, True, f"RO-Crate 1.1 of {len(files)} files")


def _entry(path: Path) -> Entry:
    content = path.read_bytes()
    return Entry(len(content), hashlib.sha256(content).hexdigest())


def _schemas(bag: Path) -> Check:
    name, folder = "schemas", bag / "schemas"
    if not folder.is_dir():
        return Check(name, None, "a bundle has no schemas: recycling archive writes them")
    if is_missing("jsonschema"):
        return Check(name, None, "jsonschema is not installed; the models of this version fit")
    count = 0
    for path in sorted((bag / "data").rglob("*")):
        file = path.relative_to(bag / "data").as_posix()
        kind = schema_of(file)
        if kind is None or not path.is_file():
            continue
        if fault := _schema_fault(folder / f"{kind}.schema.json", file, path.read_bytes()):
            return Check(name, False, fault)
        count += 1
    return Check(name, True, f"{count} JSON files fit their schemas")


def _schema_fault(schema: Path, file: str, content: bytes) -> str:
    from jsonschema import Draft202012Validator
    from jsonschema.exceptions import SchemaError

    try:
        validator = Draft202012Validator(records_of(schema.name, schema.read_bytes())[0])
        records = records_of(file, content)
        error = next((e for record in records for e in validator.iter_errors(record)), None)
    except (Damaged, OSError, SchemaError) as problem:
        return f"{file}: {problem}".splitlines()[0]
    return "" if error is None else f"{file}: {error.message[:100]}"


def _results(run: Run) -> Check:
    name, file = "results", run.path / results_name()
    if run.kind != "protocol":
        return Check(name, None, f"the results of a {run.kind} run are not compared")
    if not file.is_file():
        return Check(name, None, f"it holds no {file.name}")
    try:
        known = read_netcdf(file)
    except OSError as error:
        return Check(name, False, f"{file.name} cannot be read: {error}")
    faults = list(differences(analysed(run), known))
    if faults:
        more = f" (and {len(faults) - 1} more)" if faults[1:] else ""
        reason = f"{file.name} does not follow from the raw bits: {faults[0]}{more}"
        return Check(name, False, reason)
    believed = (run.path / CALIBRATIONS).is_file()
    but = f", with the brackets of {CALIBRATIONS}, which were not fitted again" if believed else ""
    found = f"{len(known)} variables follow from the raw bits to {ROUNDING:g}{but}"
    return Check(name, True, found)


def differences(found: xr.Dataset, known: xr.Dataset) -> Iterator[str]:
    """Describe what of a known analysis another one does not find again, but for rounding.

    What the other one has besides, e.g. since a later version made it, is no difference.

    Example:
        >>> import xarray as xr
        >>> one, other = (xr.Dataset({"heat": ("trial", [1.0, x])}) for x in (2.0, 2.1))
        >>> list(differences(one, one)), list(differences(one, other))
        ([], ['heat differs by 4.8e-02 of its largest number'])
    """
    for name in sorted({*known.variables} - {*found.variables}, key=str):
        yield f"{name} is not found any more"
    for name in sorted({*found.variables} & {*known.variables}, key=str):
        one, other = found[name], known[name]
        if one.dims != other.dims or one.shape != other.shape:
            yield f"{name} has another shape"
        elif one.dtype.kind not in "iuf":
            if not (one.values == other.values).all():
                yield f"{name} has other labels"
        elif (part := _deviation(one.values, other.values)) > ROUNDING:
            yield f"{name} differs by {part:.1e} of its largest number"
    for name in sorted(map(str, known.attrs)):
        same = _is_close(found.attrs.get(name), known.attrs.get(name))
        if not same and not name.startswith(_OF_THE_MAKER):
            yield f"its attribute {name} differs"


def _is_close(one: object, other: object) -> bool:
    if isinstance(one, float | np.floating) and isinstance(other, float | np.floating):
        return bool(np.isclose(one, other, rtol=ROUNDING, atol=0))
    return bool(one == other)


def _deviation(one: np.ndarray, other: np.ndarray) -> float:
    """Largest deviation as a part of the largest finite number; infinite where one is missing."""
    finite = np.isfinite(one) & np.isfinite(other)
    if not np.array_equal(one[~finite], other[~finite], equal_nan=one.dtype.kind == "f"):
        return np.inf
    largest = float(np.abs(other[finite]).max(initial=0.0))
    apart = float(np.abs(one[finite] - other[finite]).max(initial=0.0))
    return apart / largest if largest else apart


def _circuits(run: Run, bag: Path) -> Check:
    name, folder = "circuits", bag / "circuits"
    if not folder.is_dir():
        return Check(name, None, "it holds no circuits as OpenQASM 3")
    if qiskit_is_missing():
        return Check(name, None, "Qiskit, which reads circuits.qpy, is not installed")
    texts = {circuit_name(text): text for path in folder.iterdir() if (text := path.read_text())}
    if {*texts} != {*run.all_circuits}:
        return Check(name, False, "circuits/ and circuits.qpy do not hold the same circuits")
    for each, circuit in run.all_circuits.items():
        if reason := difference(texts[each], circuit, run.device.dt):
            return Check(name, False, f"{each!r} is not that of circuits.qpy: {reason}")
    return Check(name, True, f"{len(texts)} in OpenQASM 3 are those of circuits.qpy")
