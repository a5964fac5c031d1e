"""The store of a sweep: a Zarr group that xarray opens, and a ledger of its finished chunks.

The ledger alone is trusted: a chunk is listed with the SHA-256 of each of its files, or counts as
absent. Chunks are written by one process, a line of the ledger after all files of a chunk. Files of
chunks are not synced: after a loss of power their checksums differ, and they are computed again.
"""

from __future__ import annotations

import hashlib
import warnings
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from recycling.errors import BadInput, reason_of
from recycling.store.files import (
    Damaged,
    append_line,
    line_of,
    read_lines,
    read_whole,
    seal,
    unseal,
    write_whole,
)
from recycling.store.lock import locked
from recycling.store.targets import check_folder
from recycling.sweeps.chunks import Chunks

if TYPE_CHECKING:
    import xarray as xr

    from recycling.spec.experiment import Experiment

Real = NDArray[np.float64]

RESULTS, LEDGER, SPEC, IDENTITY = "results.zarr", "chunks.jsonl", "spec.toml", "sweep.json"
#: Version of the form of a folder.
FORM = 1


@dataclass(frozen=True)
class Store:
    """The folder of a sweep.

    Attributes:
        folder: holds spec.toml, sweep.json, results.zarr, chunks.jsonl and later report.html.
        chunks: how the sweep is cut.
        variables: dims of each variable with their lengths, those of the sweep first.
        library: array library that computes it: others round in another way.

    Example:
        >>> from tempfile import TemporaryDirectory
        >>> import xarray as xr
        >>> chunks = Chunks({"sample": 3}, (2,))
        >>> with TemporaryDirectory() as folder:
        ...     store = Store(Path(folder), chunks, {"heat": {"sample": 3}})
        ...     store.create(xr.Dataset(), {})
        ...     store.write(1, {"heat": np.array([0.5])})
        ...     store.finished()
        ({1}, [])
    """

    folder: Path
    chunks: Chunks
    variables: Mapping[str, Mapping[str, int]]
    library: str = "numpy"

    @property
    def results(self) -> Path:
        """The Zarr group."""
        return self.folder / RESULTS

    @property
    def ledger(self) -> Path:
        """The list of finished chunks, a line each."""
        return self.folder / LEDGER

    def size(self) -> int:
        """Size of the chunks that are there."""
        return sum(path.stat().st_size for path in self.results.glob("*/c/**/*") if path.is_file())

    def create(self, coordinates: xr.Dataset, notes: Mapping[str, Any]) -> None:
        """Write everything of the group but its chunks; what is there and the same stays.

        Args:
            coordinates: a Dataset of the coordinates, with the attributes of the results.
            notes: attributes of each variable by its name.
        """
        for name, content in _frame(self, coordinates, notes).items():
            path = self.results / name
            if not path.is_file() or path.read_bytes() != content:
                path.parent.mkdir(parents=True, exist_ok=True)
                write_whole(path, content)

    def write(self, number: int, values: Mapping[str, Real], seconds: float = 0.0) -> None:
        """Write a chunk and list it.

        Args:
            number: that of the chunk.
            values: each variable at its points, in their order (arrays of shape (points, …)).
            seconds: time that a worker took.
        """
        checksums = {}
        for name, sizes in self.variables.items():
            content = self._content(number, values[name], sizes)
            path = self._path(name, number)
            path.parent.mkdir(parents=True, exist_ok=True)
            temporary = path.with_name(f".{path.name}.partial")
            temporary.write_bytes(content)
            temporary.replace(path)
            checksums[name] = hashlib.sha256(content).hexdigest()
        record = {"chunk": number, "points": self.chunks.points(number), "seconds": seconds}
        append_line(self.ledger, {**record, "sha256": checksums})

    def finished(self) -> tuple[set[int], list[str]]:
        """Numbers of the chunks that are listed and intact, and what is wrong with others.

        A torn end of the ledger is cut off.
        """
        records, damaged = read_lines(self.ledger)
        if damaged:
            write_whole(self.ledger, b"".join(map(line_of, records)))
        listed = {
            record["chunk"]: record.get("sha256")
            for record in records
            if type(record.get("chunk")) is int and 0 <= record["chunk"] < self.chunks.count
        }
        faults = {number: self._fault(number, checksums) for number, checksums in listed.items()}
        wrong = [
            f"chunk {number}: {fault}; it is computed again"
            for number, fault in faults.items()
            if fault
        ]
        return {number for number, fault in faults.items() if not fault}, wrong

    def _fault(self, number: int, checksums: Any) -> str:
        """What is wrong with a chunk and the checksums that the ledger has for it."""
        if not isinstance(checksums, dict) or checksums.keys() != self.variables.keys():
            return "it is of another sweep"
        for name, checksum in checksums.items():
            try:
                content = read_whole(self._path(name, number))
            except Damaged as error:
                return f"{name}: {error}"
            if hashlib.sha256(content).hexdigest() != checksum:
                return f"{name}: its bytes differ from the ledger's checksum"
        return ""

    def _path(self, name: str, number: int) -> Path:
        # All dims behind those of the sweep are in one chunk.
        inner = len(self.variables[name]) - len(self.chunks.shape)
        return self.results / name / "c" / "/".join([self.chunks.file(number), *["0"] * inner])

    def _content(self, number: int, values: Real, sizes: Mapping[str, int]) -> bytes:
        """File of a chunk: little-endian doubles; a short chunk at the end is filled with NaN."""
        inner = list(sizes.values())[len(self.chunks.shape) :]
        region = self.chunks.region(number)
        full = np.full((*self.chunks.shape, *inner), np.nan, dtype="<f8")
        shape = [part.stop - part.start for part in region]
        full[tuple(map(slice, shape))] = values.reshape(*shape, *inner)
        return full.tobytes()

    def open(self) -> xr.Dataset:
        """Open the results; values are read when they are used."""
        import xarray as xr

        from recycling.results.accessor import with_accessor

        return with_accessor(xr.open_zarr(self.results, chunks=None, consolidated=True))


@contextmanager
def opened(store: Store, experiment: Experiment) -> Iterator[None]:
    """Hold the folder of a sweep for writing; a new one is begun.

    Raises:
        BadInput: it is in use, cannot be written, or holds something else.

    Example:
        >>> from tempfile import TemporaryDirectory
        >>> from recycling.spec.experiment import Experiment
        >>> with TemporaryDirectory() as folder:
        ...     store = Store(Path(folder), Chunks({"sample": 3}, (2,)), {"heat": {"sample": 3}})
        ...     with opened(store, Experiment(name="a")):
        ...         pass
        ...     with opened(store, Experiment(name="b")):
        ...         pass
        Traceback (most recent call last):
        recycling.errors.BadInput: out = ... holds the sweep of another spec: give another folder
    """
    folder = check_folder(store.folder)
    _check_folder(store, experiment)
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise BadInput(f"out = {str(folder)!r}: {reason_of(error)}; give another folder") from None
    with locked(folder, "out"):
        _check_folder(store, experiment)
        if not (folder / IDENTITY).is_file():
            write_whole(folder / IDENTITY, seal(_identity(store, experiment)))
        if not (folder / SPEC).is_file():
            write_whole(folder / SPEC, experiment.to_toml().encode())
        yield


def _identity(store: Store, experiment: Experiment) -> dict[str, Any]:
    return {
        "form": FORM,
        "spec_hash": experiment.hash,
        "sizes": dict(store.chunks.sizes),
        "chunk": list(store.chunks.shape),
        "arrays": store.library,
    }


def _check_folder(store: Store, experiment: Experiment) -> None:
    """Check that a folder is new or holds this sweep."""
    folder = store.folder
    out = f"out = {str(folder)!r}"
    try:
        record = unseal((folder / IDENTITY).read_bytes())
    except FileNotFoundError:
        others = [path.name for path in folder.glob("*") if not path.name.startswith(".")]
        if others:
            raise BadInput(f"{out} holds {others[0]} and no sweep: give a new folder") from None
        return
    except Damaged as error:
        raise BadInput(f"{folder / IDENTITY}: {error}; give a new folder") from None
    wanted = _identity(store, experiment)
    if record.get("form") != FORM:
        raise BadInput(f"{out} was written by another version: use that one, or give a new folder")
    if record.get("spec_hash") != wanted["spec_hash"]:
        raise BadInput(f"{out} holds the sweep of another spec: give another folder")
    if (begun := record.get("arrays")) != store.library:
        raise BadInput(
            f"arrays = {store.library!r}: {out} was begun with {begun}, which rounds in another "
            "way; give that, or another folder"
        )
    if record != wanted:
        raise BadInput(f"{out} is cut into other chunks, by another version: give a new folder")


def _frame(store: Store, coordinates: xr.Dataset, notes: Mapping[str, Any]) -> dict[str, bytes]:
    """Files of a group by name: metadata of all arrays, and the values of coordinates."""
    import zarr
    from zarr.storage import MemoryStore

    files: dict[str, Any] = {}
    memory, lead = MemoryStore(files), store.chunks.shape
    with warnings.catch_warnings():
        # Zarr warns that version 3 of its format does not yet say how metadata are consolidated.
        warnings.filterwarnings("ignore", "Consolidated metadata")
        coordinates.to_zarr(memory, zarr_format=3, consolidated=False)
        group = zarr.open_group(memory, mode="a")
        for name, sizes in store.variables.items():
            lengths = tuple(sizes.values())
            group.create_array(
                name,
                shape=lengths,
                chunks=(*lead, *lengths[len(lead) :]),
                dtype="float64",
                compressors=None,
                fill_value=np.nan,
                dimension_names=list(sizes),
                attributes=dict(notes.get(name, {})),
            )
        zarr.consolidate_metadata(memory)
    return {name: content.to_bytes() for name, content in files.items()}
