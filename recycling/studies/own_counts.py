"""A run from the user's counts: what was measured elsewhere, with the analysis of this package.

Everything that reads runs takes it. It says of itself that its data are declared by the user, and
claims no device, circuit, schedule or sealed prediction that nobody gave.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray
from pydantic import ValidationError

from recycling.devices.device import Device
from recycling.devices.profiles import ideal_device
from recycling.errors import BadInput, reason_of
from recycling.jobs.counts import table_of_trial
from recycling.jobs.cut import all_jobs, executions_per_point
from recycling.jobs.outcomes import Outcomes
from recycling.jobs.sizes import check_size
from recycling.results.attributes import experiment_attributes
from recycling.results.own_counts import named_counts
from recycling.results.own_shots import by_trial, measured
from recycling.results.own_tables import counts_from_table
from recycling.running.runs import default_path
from recycling.spec.experiment import Experiment
from recycling.store.directory import Run
from recycling.store.files import checksum
from recycling.store.journal import JobRecord
from recycling.store.origin import COUNTS, IMPORTED, Origin
from recycling.store.schema import first_fault
from recycling.store.writer import Beginning, check_new, new_run
from recycling.studies.protocol import STUDY

if TYPE_CHECKING:
    import pandas as pd
    import xarray as xr

#: Where the numbers of a device come from that nobody gave.
_NOT_GIVEN = "not given: no error is assumed"


def from_counts(
    counts: xr.DataArray | NDArray[Any] | pd.DataFrame | str | Path,
    experiment: Experiment,
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
        experiment: what was measured. Shots and trials follow from the counts where the spec leaves
            them open.
        out: run directory to create; by default ``runs/<name>-<time>``.
        source: what the user declares about the counts, in a line.
        dims: names of the axes of an array without names; None takes those of the design.
        device: the device that they were measured on; without it the readout is not corrected.
        simulated: whether the counts are simulated.
        spec: text of the spec to keep; by default the experiment written out as TOML.

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
    path = default_path(experiment.name) if out is None else Path(out)
    check_new(path)
    check_size(experiment, None)
    file = Path(counts) if isinstance(counts, str | Path) else None
    given: Any = counts if file is None else file
    is_table = file is not None or hasattr(counts, "columns")
    read = counts_from_table if is_table else partial(named_counts, dims=dims)
    values = read(given, experiment)
    complete = measured(experiment, values)
    origin = _origin(file, values, source, given=device is not None)
    _check_calibration(complete, device)
    check_size(complete, None, path)
    changes = {} if spec is None else _changes(experiment, complete)
    beginning = _beginning(complete, spec, changes, device, origin, simulated=simulated)
    with new_run(path, beginning) as writer:
        for job, of_trial in zip(writer.run.jobs, by_trial(complete, values), strict=True):
            table = _table(complete, of_trial)
            record = JobRecord(name=job.name).another_attempt(writer.run.run_id)
            bits = len(complete.design.recorded_roles)
            writer.store(record, Outcomes(bits, table=table, record={IMPORTED: origin.source}))
        writer.note("imported", source=origin.words)
        writer.finish()
        return writer.run.again()


def read_device(path: Path) -> Device:
    """Read the device.json of a run: numbers of a device that counts were taken on.

    Raises:
        BadInput: the file is no device.

    Example:
        >>> read_device(Path("no such file"))
        Traceback (most recent call last):
        recycling.errors.BadInput: device = 'no such file': no such file or directory; give the ...
    """
    instead = "give the device.json of a run"
    try:
        return Device.model_validate_json(path.read_bytes())
    except OSError as error:
        raise BadInput(f"device = {str(path)!r}: {reason_of(error)}; {instead}") from None
    except ValidationError as error:
        raise BadInput(f"device = {str(path)!r}: {first_fault(error)}; {instead}") from None


def _table(experiment: Experiment, counts: NDArray[Any]) -> NDArray[Any]:
    kind = np.float64 if experiment.measurement.shots == "exact" else np.int64
    return np.ascontiguousarray(table_of_trial(experiment.design, counts), dtype=kind)


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


def _check_calibration(experiment: Experiment, device: Device | None) -> None:
    """Check that the analysis that the spec asks for needs nothing that is not given."""
    inference = experiment.inference
    if inference.temperature == "calibration":
        raise BadInput(
            "inference.temperature = 'calibration': counts come without a bracket; give 'given' or "
            "'measured'"
        )
    if device is None and inference.readout != "raw":
        raise BadInput(
            f"inference.readout = {inference.readout!r}: no device is given whose readout errors "
            "could be corrected; give one, or 'raw'"
        )
    if device is not None and device.roles != experiment.design.roles:
        roles = ", ".join(experiment.design.roles)
        raise BadInput(f"device.roles = {', '.join(device.roles)}: give a device of {roles}")
    # A link that B waits for needs the times of a device.
    experiment_attributes(experiment, _not_given(experiment) if device is None else device)


def _not_given(experiment: Experiment) -> Device:
    """Device without errors in place of one that nobody gave."""
    bath, known = experiment.bath, ("temperature", "frequency")
    ideal = ideal_device(
        temperature=bath.temperature, frequency=bath.frequency, roles=experiment.design.roles
    )
    sources = {name: text if name in known else _NOT_GIVEN for name, text in ideal.sources.items()}
    return ideal.model_copy(update={"name": "not given", "sources": sources})


def _changes(given: Experiment, complete: Experiment) -> Mapping[str, Any]:
    """Section of a spec that the counts completed."""
    if complete.hash == given.hash:
        return {}
    return {"measurement": complete.measurement.model_dump(mode="json", exclude_none=True)}


def _beginning(
    experiment: Experiment,
    spec: str | None,
    changes: Mapping[str, Any],
    device: Device | None,
    origin: Origin,
    *,
    simulated: bool,
) -> Beginning:
    shots = experiment.measurement.shots
    executions = experiment.num_points * executions_per_point(experiment.design)
    # A job for each trial, whatever the limits of a machine.
    limit = executions * (1 if shots == "exact" else shots)
    jobs = all_jobs(experiment, brackets=False, executions_per_job=limit)
    return Beginning(
        study=STUDY,
        spec=experiment.to_toml() if spec is None else spec,
        changes=changes,
        name=experiment.name,
        spec_hash=experiment.hash,
        backend=COUNTS,
        device=_not_given(experiment) if device is None else device,
        jobs=[job.name for job in jobs],
        circuits=None,
        simulated=simulated,
        executions_per_job=limit,
        origin=origin.model_dump(mode="json", exclude_none=True),
    )
