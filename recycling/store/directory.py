"""Create and open a run directory.

::

    run.json          identity, spec hash, schema version, software versions, checksums
    experiment.toml   exactly as given
    device.json       calibration, layout, T0 and its source, latency and its source
    circuits.qpy      what was executed
    shots/counts.npz  counts of every setting, no pickle
    results.nc  report.html  figures/     derived, made again at any time
"""

from __future__ import annotations

import io
import json
import os
import shutil
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from recycling.devices.device import Device
from recycling.errors import BadInput
from recycling.experiment import Experiment
from recycling.store.files import checksum, write_whole

if TYPE_CHECKING:
    import xarray as xr
    from qiskit import QuantumCircuit

    from recycling.planning import Plan

SCHEMA_VERSION = 1
#: Software whose versions a run records.
SOFTWARE = (
    "thermodynamic-recycling", "qiskit", "qiskit-aer", "qiskit-ibm-runtime", "qiskit-experiments",
    "numpy", "scipy", "xarray",
)  # fmt: skip
#: Files of a run that cannot be made again, in the order in which they are written.
KEPT = ("experiment.toml", "device.json", "circuits.qpy", "shots/counts.npz")


@dataclass(frozen=True)
class Run:
    """A stored run. Everything is read from its directory when it is asked for."""

    path: Path

    @cached_property
    def record(self) -> dict[str, Any]:
        """Content of run.json."""
        return json.loads((self.path / "run.json").read_text(encoding="utf-8"))  # type: ignore[no-any-return]

    @cached_property
    def experiment(self) -> Experiment:
        """The experiment as it was run: the spec with the changes of the command line."""
        text = (self.path / "experiment.toml").read_text(encoding="utf-8")
        return Experiment.parse(text, **self.record["changes"])

    @cached_property
    def device(self) -> Device:
        """The device as it was at run time."""
        return Device.model_validate_json((self.path / "device.json").read_bytes())

    @cached_property
    def counts(self) -> xr.DataArray:
        """Counts of every setting, or probabilities where the spec says shots = "exact"."""
        import xarray as xr

        with np.load(self.path / "shots" / "counts.npz", allow_pickle=False) as archive:
            dimensions = [str(name) for name in archive["dimensions"]]
            coordinates = {
                name.removeprefix("coordinate_"): archive[name]
                for name in archive.files
                if name.startswith("coordinate_")
            }
            return xr.DataArray(
                archive["counts"], dims=dimensions, coords=coordinates, name="counts"
            )

    @cached_property
    def circuits(self) -> dict[tuple[str, ...], QuantumCircuit]:
        """Compiled circuits by arm, stage and preparation of the target."""
        from qiskit import qpy

        with (self.path / "circuits.qpy").open("rb") as stream:
            circuits = qpy.load(stream)
        return {tuple(circuit.name.split()): circuit for circuit in circuits}


def open_run(path: str | Path) -> Run:
    """Open a run directory and check it against its checksums.

    Raises:
        BadInput: not a run, written by a newer version, or a file that is missing or damaged.
    """
    run = Run(Path(path))
    if not (run.path / "run.json").is_file():
        raise BadInput(f"run = {str(path)!r} is not a run directory: give one that holds run.json")
    damaged = BadInput(f"{run.path / 'run.json'} is damaged: restore it from a copy")
    try:
        version = int(run.record["schema_version"])
    except (ValueError, KeyError, TypeError):
        raise damaged from None
    if version > SCHEMA_VERSION:
        raise BadInput(
            f"run.json: schema_version = {version} is newer than this program's {SCHEMA_VERSION}: "
            "upgrade thermodynamic-recycling"
        )
    try:
        checksums = {name: str(run.record["checksums"][name]) for name in KEPT}
    except (KeyError, TypeError):
        raise damaged from None
    for name, expected in checksums.items():
        file = run.path / name
        if not file.is_file():
            raise BadInput(f"{file} is missing: restore it from a copy")
        if checksum(file) != expected:
            raise BadInput(f"{file} is damaged (its checksum differs): restore it from a copy")
    return run


def create_run(
    path: Path,
    *,
    spec: str,
    changes: Mapping[str, Any],
    plan: Plan,
    counts: xr.DataArray,
    timings: Mapping[str, float],
) -> Run:
    """Write a run directory, whole or not at all.

    Args:
        path: directory to create; it must not exist.
        spec: text of the spec, kept as given.
        changes: top-level fields of the spec that were overruled.
        plan: what was executed.
        counts: what came out.
        timings: seconds by step.

    Raises:
        BadInput: the directory exists or cannot be written.
    """
    check_new(path)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        staging = Path(tempfile.mkdtemp(prefix=f".{path.name}.", dir=path.parent))
    except OSError as error:
        raise BadInput(f"out = {str(path)!r}: {error.strerror}; give another folder") from error
    try:
        staging.chmod(0o755)
        (staging / "shots").mkdir()
        contents = (
            spec.encode(),
            plan.device.model_dump_json(indent=1).encode(),
            _circuits_bytes(plan),
            _counts_bytes(counts),
        )
        for name, content in zip(KEPT, contents, strict=True):
            write_whole(staging / name, content)
        record = {
            "schema_version": SCHEMA_VERSION,
            "name": plan.experiment.name,
            "created": datetime.now(UTC).isoformat(timespec="seconds"),
            "backend": "exact",
            "simulated": True,
            "state": "done",
            "spec_hash": plan.experiment.hash,
            "changes": dict(changes),
            "software": software_versions(),
            "timings_seconds": {name: round(value, 4) for name, value in timings.items()},
            "checksums": {name: checksum(staging / name) for name in KEPT},
        }
        write_whole(staging / "run.json", json.dumps(record, indent=1).encode())
        check_new(path)
        os.rename(staging, path)  # noqa: PTH104  # atomic, and refuses a non-empty directory
    except BaseException:
        shutil.rmtree(staging, ignore_errors=True)
        raise
    return Run(path)


def check_new(path: Path) -> None:
    """Check that a run can be created at a path.

    Raises:
        BadInput: something is there already.
    """
    if path.exists() or path.is_symlink():
        raise BadInput(f"out = {str(path)!r} exists: give a new folder, or remove it")


def software_versions() -> dict[str, str]:
    """Versions of the software that a result depends on."""
    versions = {}
    for name in SOFTWARE:
        try:
            versions[name] = metadata.version(name)
        except metadata.PackageNotFoundError:
            versions[name] = "not installed"
    return versions


def _circuits_bytes(plan: Plan) -> bytes:
    from qiskit import qpy

    circuits = []
    for setting, circuit in plan.circuits.items():
        named = circuit.copy()
        named.name = " ".join(setting)
        circuits.append(named)
    stream = io.BytesIO()
    qpy.dump(circuits, stream)
    return stream.getvalue()


def _counts_bytes(counts: xr.DataArray) -> bytes:
    stream = io.BytesIO()
    coordinates = {f"coordinate_{name}": value.values for name, value in counts.coords.items()}
    np.savez_compressed(
        stream, counts=counts.values, dimensions=np.array(counts.dims), **coordinates
    )
    return stream.getvalue()
