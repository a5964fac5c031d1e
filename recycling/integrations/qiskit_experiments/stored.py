"""What an ``ExperimentData`` holds of an experiment, and the run that it becomes."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

from recycling.devices.device import Device
from recycling.errors import BadInput
from recycling.integrations.qiskit_experiments.settings import counts_from
from recycling.spec.experiment import Experiment
from recycling.store.directory import Run
from recycling.store.identity import complete_device
from recycling.studies.own_counts import from_counts

if TYPE_CHECKING:
    import xarray as xr

#: Entry of the metadata of an ``ExperimentData`` that holds what this module writes.
ENTRY = "thermodynamic-recycling"
#: Names of the artifacts that hold the Dataset, and the counts, which no local service keeps.
DATASET, COUNTS = "dataset", "counts"


def entry_of(experiment: Experiment, device: Device, *, simulated: bool) -> dict[str, Any]:
    """What the metadata keep: the spec as TOML, the device, and whether shots are simulated.

    Example:
        >>> from recycling.devices.profiles import ideal_device
        >>> device = ideal_device(temperature=0.043, frequency=5e9)
        >>> entry = entry_of(Experiment(name="small"), device, simulated=True)
        >>> entry["spec"].splitlines()[0], entry["device"]["name"]
        ('name = "small"', 'ideal')
    """
    return {
        "spec": experiment.to_toml(),
        "device": json.loads(device.model_dump_json()),
        "simulated": simulated,
    }


def experiment_in(metadata: dict[str, Any]) -> Experiment:
    """Read the experiment from the metadata of an ``ExperimentData``.

    Raises:
        BadInput: they hold none.

    Example:
        >>> from recycling.devices.profiles import ideal_device
        >>> device = ideal_device(temperature=0.043, frequency=5e9)
        >>> entry = entry_of(Experiment(name="small"), device, simulated=True)
        >>> experiment_in({ENTRY: entry}).name
        'small'
    """
    return Experiment.stored(_entry(metadata)["spec"], {})


def run_of(data: Any, out: str | Path | None = None) -> Run:
    """Make a run directory of an ``ExperimentData``: for reports, exports and comparisons.

    Args:
        data: of ``RecyclingErasure``, its jobs done; it may be loaded from a service.
        out: run directory to create; by default ``runs/<name>-<time>``.

    Raises:
        BadInput: the data are of another experiment or incomplete, or the directory exists.
            Nothing is written.

    Example:
        >>> from tempfile import TemporaryDirectory
        >>> from qiskit_aer import AerSimulator
        >>> from recycling.integrations.qiskit_experiments import RecyclingErasure
        >>> spec = {
        ...     "name": "tiny",
        ...     "algorithm": {"name": "repeat-until-success"},
        ...     "device": {"profile": "ideal"},
        ...     "sweep": {"theta": [0.6], "p_x": [0.4]},
        ...     "measurement": {"shots": 50, "trials": 1},
        ... }
        >>> data = RecyclingErasure(spec).run(AerSimulator()).block_for_results()
        >>> with TemporaryDirectory() as folder:
        ...     run = run_of(data, f"{folder}/run")
        ...     int(run.counts.sum())
        1200
    """
    entry, experiment = _entry(data.metadata), experiment_in(data.metadata)
    return from_counts(
        counts_in(data),
        experiment,
        out=out,
        source=f"qiskit-experiments, {data.backend_name or 'unknown backend'}",
        device=complete_device(Device.model_validate_json(json.dumps(entry["device"]))),
        simulated=entry["simulated"],
    )


def counts_in(data: Any) -> xr.DataArray:
    """Read the counts over the dims of the design: of the shots, or else of their artifact.

    Raises:
        BadInput: the data are of another experiment or incomplete.

    Example:
        >>> from qiskit_experiments.framework import ExperimentData
        >>> counts_in(ExperimentData())
        Traceback (most recent call last):
        recycling.errors.BadInput: metadata have no entry 'thermodynamic-recycling': give the ...
    """
    import xarray as xr

    experiment = experiment_in(data.metadata)
    held = [each for each in data.artifacts() if each.name == COUNTS]
    if held:
        return xr.DataArray.from_dict(held[-1].data)
    return counts_from(experiment, data.data())


def dataset_of(data: Any) -> xr.Dataset:
    """Read the Dataset of the analysis from the artifact that holds it.

    Raises:
        BadInput: there is none: the analysis failed, or artifacts were not saved.

    Example:
        >>> from qiskit_aer import AerSimulator
        >>> from recycling.integrations.qiskit_experiments import RecyclingErasure
        >>> spec = {
        ...     "name": "tiny",
        ...     "algorithm": {"name": "repeat-until-success"},
        ...     "device": {"profile": "ideal"},
        ...     "sweep": {"theta": [0.6], "p_x": [0.4]},
        ...     "measurement": {"shots": 50, "trials": 1},
        ... }
        >>> data = RecyclingErasure(spec).run(AerSimulator()).block_for_results()
        >>> dataset_of(data)["heat"].sizes["theta"]
        1
    """
    import xarray as xr

    held = [each for each in data.artifacts() if each.name == DATASET]
    if not held:
        errors = data.errors().strip().splitlines()
        why = f" ({errors[-1]})" if errors else ""
        raise BadInput(f"data have no artifact {DATASET!r}{why}: run the analysis again")
    return xr.Dataset.from_dict(held[-1].data)


def _entry(metadata: dict[str, Any]) -> dict[str, Any]:
    if ENTRY not in metadata:
        raise BadInput(f"metadata have no entry {ENTRY!r}: give the data of a RecyclingErasure")
    entry: dict[str, Any] = metadata[ENTRY]
    return entry
