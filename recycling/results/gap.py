"""The gap between a run and the prediction that was sealed with it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from recycling.inference.statistics.surprise import Expectation, Surprise
from recycling.results.at_latency import AtLatency, at_latency, with_latency_term
from recycling.results.counts import tables_of
from recycling.results.differences import differences, quantities_at
from recycling.results.prediction import ERROR, PROBABILITY, SENSITIVITY, read_prediction
from recycling.results.timing import latency_of
from recycling.store.damage import PREDICTION
from recycling.store.files import checksum
from recycling.store.sealing import sealed_sha256

if TYPE_CHECKING:
    import xarray as xr

    from circuits.design import Design
    from recycling.store.directory import Run

#: Beginnings of the names of quantities that depend on T0 of the bounds.
_BY_T0 = ("bound_", "excess_", "gain", "dissipation_")


@dataclass(frozen=True)
class Gap:
    """A run against its prediction.

    Attributes:
        prediction: the sealed prediction.
        measured: quantities of the run at the p_x of the prediction, at the places of it.
        differences: measured less predicted, as ``differences`` gives them; the intervals have the
            shots of the run and the assumed errors of the calibration.
        surprise: of all counts; None for infinitely many shots.
        at_latency: the prediction at the measured feedforward latency; None where none is measured.
            Then the latency is among the terms that explain a gap.
        same_t0: whether the bounds of both are at the same T0; if not, what follows from it is
            left out of the differences.

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
        >>> gap = gap_of(run, recycling.analyse(run))
        >>> gap.surprise is None, round(float(abs(gap.differences["heat_z"]).max()), 9)
        (True, 0.0)
        >>> folder.cleanup()
    """

    prediction: xr.Dataset
    measured: xr.Dataset
    differences: xr.Dataset
    surprise: Surprise | None
    same_t0: bool
    at_latency: AtLatency | None = None


def stored_prediction(run: Run) -> xr.Dataset | None:
    """Read the prediction of a run, if the file is what was sealed.

    Example:
        >>> from types import SimpleNamespace
        >>> stored_prediction(SimpleNamespace(record={})) is None  # a run before predictions
        True
    """
    sha256, path = sealed_sha256(run.record), run.path / PREDICTION if run.record else None
    if sha256 is None or path is None or not path.is_file() or checksum(path) != sha256:
        return None
    return read_prediction(path.read_bytes())


def gap_of(run: Run, dataset: xr.Dataset) -> Gap | None:
    """Compare a run with its prediction; None where there is none that is what was sealed.

    Args:
        run: opened run, of which a trial is complete.
        dataset: its analysis with raw readout, which is what is predicted.

    Example:
        >>> from types import SimpleNamespace
        >>> gap_of(SimpleNamespace(record={}), None) is None  # a run before predictions
        True
    """
    prediction = stored_prediction(run)
    if prediction is None:
        return None
    measured = quantities_at(dataset, prediction.attrs["p_x"])
    same = bool(np.isclose(dataset.attrs["temperature_K"], prediction.attrs["temperature_K"]))
    if not same:
        by_t0 = [name for name in map(str, measured.data_vars) if name.startswith(_BY_T0)]
        measured = measured.drop_vars(by_t0)
    exact = dataset.attrs["shots"] == "exact"

    def surprise(of: xr.Dataset | None) -> Surprise | None:
        return None if exact or of is None else surprise_of(of, run.counts, run.design)

    latency, moved = latency_of(run), None
    if latency.measured:
        moved = at_latency(prediction, latency, run.experiment, run.device)
        moved = replace(moved, surprise=surprise(moved.prediction))
    else:
        prediction = with_latency_term(prediction)
    compared = differences(measured, prediction)
    return Gap(prediction, measured, compared, surprise(prediction), same, moved)


def surprise_of(prediction: xr.Dataset, counts: xr.DataArray, design: Design) -> Surprise:
    """Compare all counts, those of all trials together, with a prediction of their records.

    Example:
        >>> from recycling.spec.experiment import Experiment
        >>> experiment = Experiment(
        ...     name="tiny",
        ...     algorithm={"name": "repeat-until-success"},
        ...     sweep={"theta": [0.3, 0.6], "p_x": [0.1, 0.4]},
        ... )
        >>> from recycling.jobs.counts import counts_of
        >>> from recycling.results.prediction import prediction_dataset
        >>> table = np.full((1, 2, 2, 2, 2, 3, 2, 2, 2, 2), 1 / 16)
        >>> even = prediction_dataset(experiment, table, (), 1e-4, attributes={})
        >>> counts = counts_of(experiment, {0: (1600 * table[0]).astype(int)})
        >>> surprise_of(even, counts, experiment.design).chi_square
        0.0
    """
    observed = tables_of(counts, design).sum(axis=2)
    records = observed.shape[-1]
    # The axis of the trials stands for that of the noise.
    expected = tables_of(prediction[PROBABILITY].expand_dims("trial"), design)
    sensitivities, errors = np.zeros((0, observed[..., 0].size, records)), np.zeros(0)
    if SENSITIVITY in prediction:
        renamed = prediction[SENSITIVITY].rename(noise="trial").astype(float)
        by_noise = np.moveaxis(tables_of(renamed, design), 2, 0)
        sensitivities = by_noise.reshape(len(by_noise), -1, records)
        errors = prediction[ERROR].values
    observed = observed.reshape(-1, records)
    shots = observed.sum(axis=-1)
    table = expected.reshape(-1, records)
    return Expectation(shots, table, sensitivities, errors).against(observed)
