"""Outcomes of a job on disk: raw bits in the order of the shots, npz without pickle.

A file holds the tag of its attempt, which names run, job and attempt, and the rest of the backend's
report: so its checksum binds it to them, and a lost journal can be restored from it. Files from
before there was a tag are bound by the checksum in their journal alone.
"""

from __future__ import annotations

import io
import json
import zipfile
from dataclasses import dataclass
from math import prod
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pydantic import ValidationError

from recycling.jobs.outcomes import MOST_BITS, Outcomes, shot_dtype
from recycling.store.files import Damaged, read_whole, write_whole
from recycling.store.schema import ServiceRecord, first_fault, shortened

#: Largest deviation of a probability, or of their sum, from what it can be.
_ROUNDING = 1e-6
#: More counts of one record than any experiment has shots.
_MOST_COUNTS = 10**8
#: More PUBs than any calibration has, and bytes of a file besides its array.
_MOST_PUBS, _BESIDES = 1000, 10**6


@dataclass(frozen=True)
class Form:
    """Form of the outcomes of a job.

    Attributes:
        sweep: shape of PUBs and sweep; None where any length will do.
        shots: shots of each point; None for infinitely many.
        bits: bits of a shot; None where any number will do.
    """

    sweep: tuple[int | None, ...]
    shots: int | None
    bits: int | None = None


@dataclass(frozen=True)
class Stored:
    """Outcomes as they are in a file; ``tag`` is that of their attempt, if the file has one."""

    outcomes: Outcomes
    tag: str | None


def outcomes_path(run: Path, job: str) -> Path:
    """File of a job's outcomes.

    Example:
        >>> outcomes_path(Path("runs/small"), "trial-0").as_posix()
        'runs/small/shots/trial-0.npz'
    """
    return run / "shots" / f"{job}.npz"


def write_outcomes(path: Path, outcomes: Outcomes, tag: str) -> None:
    """Write the outcomes of an attempt with its tag, complete and synced.

    Example:
        >>> from tempfile import TemporaryDirectory
        >>> outcomes = Outcomes(bits=2, shots=np.array([[0, 1, 1, 3]], dtype=np.uint8))
        >>> with TemporaryDirectory() as folder:
        ...     path = Path(folder) / "trial-0.npz"
        ...     write_outcomes(path, outcomes, tag="recycling-2f0c-trial-0-1")
        ...     path.is_file()
        True
    """
    kind, array = ("shots", outcomes.shots) if outcomes.table is None else ("table", outcomes.table)
    stream = io.BytesIO()
    arrays: dict[str, Any] = {
        "bits": np.array(outcomes.bits),
        "tag": np.array(tag),
        "record": np.array(json.dumps(dict(outcomes.record))),
        kind: array,
    }
    # Level 1 takes a fifth of the time of numpy's level 6 for files that are 7 % larger.
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
        for name, content in arrays.items():
            with archive.open(f"{name}.npy", "w", force_zip64=True) as file:
                np.lib.format.write_array(file, content, allow_pickle=False)
    write_whole(path, stream.getvalue())


def read_outcomes(path: Path, form: Form) -> Stored:
    """Read outcomes and check their form.

    Raises:
        Damaged: the file is missing or no archive, or the outcomes are of another form or out of
            range.
        OSError: as for ``read_whole``.

    Example:
        >>> from tempfile import TemporaryDirectory
        >>> outcomes = Outcomes(bits=2, shots=np.array([[0, 1, 1, 3]], dtype=np.uint8))
        >>> with TemporaryDirectory() as folder:
        ...     path = Path(folder) / "trial-0.npz"
        ...     write_outcomes(path, outcomes, tag="recycling-2f0c-trial-0-1")
        ...     read_outcomes(path, Form(sweep=(1,), shots=4, bits=2)).tag
        'recycling-2f0c-trial-0-1'
    """
    content = read_whole(path)
    try:
        with np.load(io.BytesIO(content), allow_pickle=False) as archive:
            names = set(archive.files)
            if sum(i.file_size for i in archive.zip.infolist()) > _largest(form):
                raise Damaged("it is larger than its outcomes can be")
            bits = archive["bits"]
            arrays = {name: archive[name] for name in ("shots", "table") if name in names}
            tag = str(archive["tag"]) if "tag" in names else None
            record = json.loads(str(archive["record"])) if "record" in names else {}
    except (Damaged, MemoryError):
        raise
    except Exception as error:  # whatever a changed byte makes of an archive
        raise Damaged(f"it cannot be read: {shortened(str(error))}") from None
    if bits.shape or bits.dtype.kind not in "iu" or not 1 <= bits <= MOST_BITS:
        raise Damaged(f"bits = {shortened(bits)}: not one whole number from 1 to {MOST_BITS}")
    if len(arrays) != 1:
        raise Damaged(f"it has {len(arrays)} of shots and table")
    try:
        ServiceRecord.model_validate(record)
    except ValidationError as error:
        raise Damaged(f"record: {first_fault(error)}") from None
    outcomes = Outcomes(int(bits), **arrays, record=record)
    if fault := _fault(outcomes, form):
        raise Damaged(fault)
    return Stored(outcomes, tag)


def _fault(outcomes: Outcomes, form: Form) -> str:
    """Describe the fault of outcomes; empty where there is none."""
    if form.bits not in (None, outcomes.bits):
        return f"bits = {outcomes.bits} instead of {form.bits}"
    name = "table" if outcomes.shots is None else "shots"
    found: NDArray[Any] | None = outcomes.table if name == "table" else outcomes.shots
    assert found is not None
    last = form.shots if name == "shots" else 2**outcomes.bits
    if not _has_shape(found.shape, (*form.sweep, last)):
        expected = ", ".join("any" if n is None else str(n) for n in (*form.sweep, last))
        return f"{name} has the shape {found.shape} instead of ({expected})"
    return _shots_fault(found, outcomes.bits) if name == "shots" else _table_fault(found)


def _has_shape(shape: tuple[int, ...], expected: tuple[int | None, ...]) -> bool:
    return len(shape) == len(expected) and all(
        wanted in (None, found) and found > 0 for found, wanted in zip(shape, expected, strict=True)
    )


def _shots_fault(shots: NDArray[Any], bits: int) -> str:
    if shots.dtype != (dtype := shot_dtype(bits)):
        return f"shots are {shots.dtype} instead of {dtype}"
    if shots.max() >= 2**bits:
        return f"shots has {shots.max()}, which {bits} bits do not hold"
    return ""


def _table_fault(table: NDArray[Any]) -> str:
    """Counts are whole numbers ≥ 0; probabilities are in [0, 1] and add up to 1."""
    if table.dtype not in (np.float64, np.int64):
        return f"table is {table.dtype} instead of float64 or int64"
    if table.dtype == np.int64:
        possible = (table >= 0) & (table <= _MOST_COUNTS)
    else:
        possible = (table >= -_ROUNDING) & (
            np.abs(table.sum(axis=-1, keepdims=True) - 1) < _ROUNDING
        )
    if not possible.all():
        return f"table has {table[~possible][0]}, which is no count and no probability there"
    return ""


def _largest(form: Form) -> int:
    """Most bytes that a file of a form can unpack to."""
    points = prod(_MOST_PUBS if length is None else length for length in form.sweep)
    bits = 8 if form.bits is None else form.bits
    shot = shot_dtype(bits).itemsize
    return int(points * max(shot * (form.shots or 0), 8 * 2 ** max(8, bits))) + _BESIDES
