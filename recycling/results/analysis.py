"""Analysis of a run to an xarray Dataset: states, heat and bounds with their intervals."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from recycling.errors import BadInput
from recycling.inference.readout.correction import READOUTS, Readout
from recycling.inference.readout.trials import errors_of_trials, referred
from recycling.inference.states.checks import Labels, check_counts, masked_settings
from recycling.inference.states.records import Layout
from recycling.jobs.sizes import check_size
from recycling.results.allocated import (
    allocation_attributes,
    say_what_is_left_out,
    shots_of_settings,
)
from recycling.results.attributes import run_attributes
from recycling.results.calibrations import correction_of, keep, trial_assignments
from recycling.results.counts import tables_of
from recycling.results.estimates import estimate_arms
from recycling.results.link import channel_attributes
from recycling.results.link_gains import channel_of
from recycling.results.netcdf import netcdf_bytes, with_checksum
from recycling.results.reference import known_reference, theory_reference
from recycling.results.schema import LIMITS, OF_LINK, ArmEstimates, Variable, variables
from recycling.results.theory import stored_theory
from recycling.store.files import write_whole
from recycling.store.given import run_given
from recycling.thermodynamics import Bath

if TYPE_CHECKING:
    import xarray as xr

    from recycling.inference.bath.link import LinkChannel
    from recycling.inference.readout.assignment import Assignment
    from recycling.spec.experiment import Experiment
    from recycling.store.directory import Run

Real = NDArray[np.float64]
Progress = Callable[[float], None]

_NOT_ARRIVED = "NaN: nothing arrives (η = 0), so that what was sent cannot be known"
_NO_REFERENCE = "NaN: no pure state is known that the output should have in the success branch"


def analyse(
    run: Run,
    progress: Progress = lambda _fraction: None,
    *,
    readout: Readout | None = None,
    folder: Path | None = None,
) -> xr.Dataset:
    """Analyse a run and store the result in its directory, or elsewhere.

    Args:
        run: opened run.
        progress: called with the fraction done.
        readout: "raw", "corrected" or "unmixed"; by default the spec's, whose result becomes
            results.nc. Others become results-<readout>.nc beside it.
        folder: where to write, by default the run's directory; created where there is none.

    Returns:
        Dataset with the dims arm, p_x, trial and one for each swept parameter, and stage and qubit
        where they apply. SI units, entropies in nats. ``<name>_low`` and ``<name>_high`` are the
        ends of the 95 % interval, ``<name>_z`` is ΔS or an excess in standard errors.
        ``<name>_combined`` is of all trials together and ``<name>_band`` holds over the sweep at
        once; both have the dim limit (value, low, high), and both allow for drift between trials.

    Raises:
        BadInput: the run is more than this machine can analyse, counts are impossible, the readout
            cannot be corrected, or the temperature of the bounds is unknown.

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
        >>> dataset = analyse(run)
        >>> f"{float(dataset['heat'].sel(p_x=0.4)[-1, 0, 0]):.3e} J"
        '-3.340e-25 J'
        >>> (run.path / "results.nc").is_file()
        True
        >>> folder.cleanup()
    """
    dataset = analysed(run_given(run), progress, readout=readout)
    chosen = dataset.attrs["readout"]
    of_spec = chosen == run.experiment.inference.readout
    name = results_name(None if of_spec else chosen)
    if folder is None:
        keep(run)
    folder = run.path if folder is None else folder
    folder.mkdir(parents=True, exist_ok=True)
    write_whole(folder / name, with_checksum(netcdf_bytes(dataset)))
    return dataset


def analysed(
    run: Run,
    progress: Progress = lambda _fraction: None,
    *,
    readout: Readout | None = None,
    rounds: int | None = None,
) -> xr.Dataset:
    """Analyse a run, or its first ``rounds`` trials, without writing; see ``analyse``.

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
        >>> analysed(run).sizes["p_x"], (run.path / "results.nc").is_file()
        (2, False)
        >>> folder.cleanup()
    """
    check_size(run.experiment, None)
    chosen = readout or run.experiment.inference.readout
    if chosen not in READOUTS:
        raise BadInput(f"readout = {chosen!r}: give one of {', '.join(READOUTS)}")
    corrects = chosen != "raw"
    return analyse_counts(
        run.experiment,
        run.counts.isel(trial=slice(rounds)),
        run_attributes(run),
        progress,
        readout=chosen,
        assignment=correction_of(run, rounds) if corrects else None,
        of_trials=trial_assignments(run)[:rounds] if corrects else (),
        reference=_reference(run),
    )


def _reference(run: Run) -> Real | None:
    """What the output should be: by a formula, or by the theory that was kept with the run."""
    known = known_reference(run.experiment)
    theory = stored_theory(run) if known is None else None
    return known if theory is None else theory_reference(theory, run.experiment.design)


def results_name(readout: Readout | None = None) -> str:
    """Name of the file of results: of the spec's readout, or of another readout.

    Example:
        >>> results_name(), results_name("unmixed")
        ('results.nc', 'results-unmixed.nc')
    """
    return "results.nc" if readout is None else f"results-{readout}.nc"


def analyse_counts(
    experiment: Experiment,
    counts: xr.DataArray,
    attributes: Mapping[str, Any],
    progress: Progress = lambda _fraction: None,
    *,
    readout: Readout = "raw",
    assignment: Assignment | None = None,
    of_trials: Sequence[Assignment] = (),
    reference: Real | None = None,
    arms: Collection[str] | None = None,
) -> xr.Dataset:
    """Analyse counts without a run directory; see ``analyse`` for the Dataset.

    The temperature of the bounds is that of the attributes, or the spec's; so is the link. Unless
    the readout is raw, ``assignment`` corrects it; counts of trials that have matrices of their own
    (``of_trials``) are read as if all had the mean. The output is compared with ``reference`` in
    the success branch, by default the formula: Bloch vectors of pure states (array of shape
    (point, 3)), NaN where it is not pure. ``arms`` names those to analyse; None takes all.

    Example:
        >>> from recycling.spec.experiment import Experiment
        >>> experiment = Experiment(
        ...     name="tiny",
        ...     algorithm={"name": "repeat-until-success"},
        ...     sweep={"theta": [0.3, 0.6], "p_x": [0.1, 0.4]},
        ...     measurement={"shots": "exact", "trials": 1},
        ... )
        >>> from recycling.jobs.counts import counts_of
        >>> counts = counts_of(experiment, {0: np.full((2, 2, 2, 2, 3, 2, 2, 2, 2), 1 / 16)})
        >>> dataset = analyse_counts(experiment, counts, {})
        >>> dataset["heat"].dims, dataset["heat"].shape
        (('arm', 'theta', 'p_x', 'trial'), (2, 2, 2, 1))
    """
    if readout != "raw" and assignment is None:
        raise BadInput(f"readout = {readout!r}: give the assignment matrices that correct it")
    tables, labels = tables_of(counts, experiment.design), _labels(experiment, counts)
    shots = shots_of_settings(experiment)
    check_counts(tables, shots, labels)
    if of_trials:
        tables = referred(tables, errors_of_trials(of_trials), Layout.of(experiment.design))
    attributes = channel_attributes(experiment.physical_link) | dict(attributes)
    link = channel_of(attributes)
    kelvin = attributes.get("temperature_K", experiment.bath.temperature)
    reference = known_reference(experiment) if reference is None else reference
    blocks = estimate_arms(
        experiment,
        tables,
        Bath.qubit(experiment.bath.frequency, kelvin),
        reference,
        readout=readout, assignment=assignment, progress=progress, link=link, arms=arms,
    )  # fmt: skip
    dataset = _dataset(experiment, blocks, counts["trial"].values)
    _comment(dataset, reference, link)
    say_what_is_left_out(dataset, experiment)
    complete = _completeness(experiment, counts, masked_settings(tables, labels, shots), readout)
    return dataset.assign_attrs(complete | _readout_source(readout, assignment) | attributes)


def _completeness(
    experiment: Experiment, counts: xr.DataArray, masked: Sequence[str], readout: Readout
) -> dict[str, str]:
    """Attributes that say what is analysed: of a run under way complete trials alone."""
    return {
        "trials": f"{counts.sizes['trial']} of {experiment.measurement.trials}",
        "readout": readout,
        "masked": "; ".join(masked),
        **allocation_attributes(experiment),
    }


def _dataset(
    experiment: Experiment,
    blocks: Iterable[tuple[slice, Mapping[str, ArmEstimates]]],
    trials: NDArray[np.integer],
) -> xr.Dataset:
    """Estimates of arms with their dims and coordinates, from blocks of p_x."""
    import xarray as xr

    from recycling.results.accessor import with_accessor

    success, number = experiment.design.success_arm.name, len(experiment.p_x)
    found: dict[str, Variable] = {}
    arms: list[str] = []
    for weights, estimates in blocks:
        arms = list(estimates)
        for name, variable in variables(estimates, success, experiment.coordinates).items():
            dims, values, notes = variable
            if "p_x" not in dims:
                found[name] = variable
                continue
            axis = dims.index("p_x")
            if name not in found:
                shape = (*values.shape[:axis], number, *values.shape[axis + 1 :])
                found[name] = dims, np.empty(shape), notes
            found[name][1][(slice(None),) * axis + (weights,)] = values
    return with_accessor(xr.Dataset(found, _coordinates(experiment, trials) | {"arm": arms}))


def _comment(dataset: xr.Dataset, reference: Real | None, link: LinkChannel | None) -> None:
    """Say of variables without values why they have none, in place."""
    unknown = reference is None or bool(np.isnan(reference).all())
    if unknown and "success_fidelity" in dataset:
        dataset["success_fidelity"].attrs["comment"] = _NO_REFERENCE
    if link is not None and link.transmissivity == 0:
        for name in OF_LINK:
            dataset[name].attrs["comment"] = _NOT_ARRIVED


def _readout_source(readout: Readout, assignment: Assignment | None) -> dict[str, str]:
    """Attribute that says what corrected the readout, if anything did."""
    if assignment is None or readout == "raw":
        return {}
    joint = ", joint matrix" if assignment.correlated else ""
    return {"readout_source": assignment.source + joint}


def _labels(experiment: Experiment, counts: xr.DataArray) -> Labels:
    """What the settings of counts are called in messages."""
    return Labels(experiment.design, experiment.points, counts["trial"].values)


def _coordinates(experiment: Experiment, trials: NDArray[Any]) -> dict[str, Any]:
    design = experiment.design
    swept = {
        parameter.name: (
            parameter.name,
            experiment.coordinates[parameter.name],
            {"units": parameter.unit, "long_name": parameter.description},
        )
        for parameter in design.parameters
    }
    p_x = {"units": "1", "long_name": "excited weight of the target"}
    return {
        **swept,
        "p_x": ("p_x", experiment.p_x, p_x),
        "trial": trials,
        "stage": list(design.stages),
        "qubit": list(design.measured),
        "limit": list(LIMITS),
    }
