"""A run from the user's counts: what was measured elsewhere, with the analysis of this package.

Everything that reads runs takes it. It says of itself that its data are declared by the user, and
claims no device, circuit, schedule or sealed prediction that nobody gave.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray
from pydantic import ValidationError

from recycling.errors import BadInput, reason_of
from recycling.jobs.counts import table_of_trial
from recycling.jobs.outcomes import Outcomes
from recycling.jobs.sizes import check_size
from recycling.results.own_counts import named_counts
from recycling.results.own_shots import by_trial, measured
from recycling.results.own_tables import counts_from_table
from recycling.running.runs import default_path
from recycling.spec.experiment import Experiment
from recycling.spec.named import Source, read_source
from recycling.store.directory import Run
from recycling.store.files import checksum
from recycling.store.given import path_given
from recycling.store.journal import JobRecord
from recycling.store.origin import COUNTS, IMPORTED, Origin
from recycling.store.schema import first_fault
from recycling.store.writer import Beginning, RunWriter, check_new, new_run
from recycling.studies.own_device import checked_device
from recycling.studies.protocol import STUDY

if TYPE_CHECKING:
    import pandas as pd
    import xarray as xr

    from recycling.devices.device import Device


def from_counts(
    counts: xr.DataArray | NDArray[Any] | pd.DataFrame | str | Path,
    experiment: Source,
    *,
    out: str | Path | None = None,
    source: str = "",
    dims: Sequence[str] | None = None,
    device: Device | None = None,
    simulated: bool = False,
    spec: str | None = None,
) -> Run:
    """Make a run of counts that were taken elsewhere.

    Args:
        counts: counts over the dims of the design (arm, stage, preparation, swept parameters,
            basis, trial, flag, measured qubits) as an array, labelled or in the order of the
            experiment; or a table, or a CSV or Parquet file, with a column for each dim and
            ``count``, where missing rows are 0. Probabilities where the spec says shots = "exact".
        experiment: what was measured: an experiment, the path of a spec, or the name of a preset.
            Shots and trials follow from the counts where the spec leaves them open.
        out: run directory to create; by default ``runs/<name>-<time>``.
        source: what the user declares about the counts, in a line.
        dims: names of the axes of an array without names; None takes those of the design.
        device: the device that they were measured on; without it the readout is not corrected.
        simulated: whether the counts are simulated.
        spec: text of the spec to keep; by default that of the file or preset, or the experiment
            written out as TOML.

    Raises:
        BadInput: an axis, a label or a number is wrong, totals contradict the spec, the spec needs
            a calibration that is not given, or the directory exists. Nothing is written.

    Example:
        >>> from tempfile import TemporaryDirectory
        >>> import recycling as rc
        >>> with TemporaryDirectory() as folder:
        ...     run = rc.run(rc.preset("theory"), out=f"{folder}/run")
        ...     copy = rc.from_counts(run.counts, run.experiment, out=f"{folder}/copy")
        ...     rc.analyse(copy)["heat"].equals(rc.analyse(run)["heat"])
        True
    """
    experiment, spec = read_source(experiment, spec)
    path = default_path(experiment.name) if out is None else path_given(out, "out")
    check_new(path)
    check_size(experiment, None)
    file = path_given(counts, "counts") if isinstance(counts, str | Path) else None
    values = _values(counts if file is None else file, experiment, dims)
    complete = measured(experiment, values)
    origin = _origin(file, values, source, given=device is not None)
    device = checked_device(complete, device)
    check_size(complete, None, path)
    changes = {} if spec is None else _changes(experiment, complete)
    beginning = _beginning(complete, spec, changes, device, origin, simulated=simulated)
    with new_run(path, beginning) as writer:
        _store(writer, by_trial(complete, values), origin)
        return writer.run.again()


def _values(counts: Any, experiment: Experiment, dims: Sequence[str] | None) -> NDArray[Any]:
    """Counts over the dims of the design."""
    if isinstance(counts, Path) or hasattr(counts, "columns"):
        return counts_from_table(counts, experiment)
    return named_counts(counts, experiment, dims)


def _store(writer: RunWriter, trials: NDArray[Any], origin: Origin) -> None:
    experiment = writer.run.experiment
    bits = len(experiment.design.recorded_roles)
    kind: Any = np.float64 if experiment.measurement.shots == "exact" else np.int64
    for job, counts in zip(writer.run.jobs, trials, strict=True):
        table = np.ascontiguousarray(table_of_trial(experiment.design, counts), dtype=kind)
        record = JobRecord(name=job.name).another_attempt(writer.run.run_id)
        writer.store(record, Outcomes(bits, table=table, record={IMPORTED: origin.source}))
    writer.note("imported", source=origin.words)
    writer.finish()


def _origin(file: Path | None, values: NDArray[Any], source: str, *, given: bool) -> Origin:
    """Origin of counts, with the SHA-256 of their file, or of the numbers in their order."""
    try:
        digest = (
            checksum(file) if file is not None else hashlib.sha256(values.tobytes()).hexdigest()
        )
        name = None if file is None else file.name
        said = source or name or "an array"
        return Origin(kind="counts", source=said, file=name, sha256=digest, device=given)
    except OSError as error:
        raise BadInput(f"counts = {str(file)!r}: {reason_of(error)}; give another file") from None
    except ValidationError as error:
        raise BadInput(first_fault(error)) from None


def _changes(given: Experiment, complete: Experiment) -> Mapping[str, Any]:
    """Section of a spec that the counts completed."""
    if complete.hash == given.hash:
        return {}
    return {"measurement": complete.measurement.model_dump(mode="json", exclude_none=True)}


def _beginning(
    experiment: Experiment,
    spec: str | None,
    changes: Mapping[str, Any],
    device: Device,
    origin: Origin,
    *,
    simulated: bool,
) -> Beginning:
    return Beginning(
        study=STUDY,
        spec=experiment.to_toml() if spec is None else spec,
        changes=changes,
        name=experiment.name,
        spec_hash=experiment.hash,
        backend=COUNTS,
        device=device,
        jobs=[f"trial-{trial}" for trial in range(experiment.measurement.trials)],
        circuits=None,
        simulated=simulated,
        origin=origin.model_dump(mode="json", exclude_none=True),
    )
