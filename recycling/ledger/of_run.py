"""The ledger of a stored run: every energy that stands beside the heat of the erasure."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from math import inf
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from circuits.design import RECYCLING
from recycling.errors import BadInput, Incomplete
from recycling.ledger.control import control_rows, count_pulses, gate_time
from recycling.ledger.energies import Erasure, bath_rows, heat_per_bit, wall_plug_rows
from recycling.ledger.published import PUBLISHED
from recycling.ledger.records import branch_rows, flag_row
from recycling.ledger.rows import Ledger, Row
from recycling.results.analysis import analysed
from recycling.results.dataset import shown_p_x
from recycling.results.sweep import sweep_axes, sweep_points
from recycling.store.directory import Run
from recycling.store.given import run_given
from recycling.store.journal import COMPLETE
from recycling.store.targets import way_on

if TYPE_CHECKING:
    import xarray as xr

#: A value as a table prints it names its point: four decimals, or four digits of small numbers.
_DECIMALS, _DIGITS = 5e-5, 1e-3
#: Kind of the runs that have a ledger.
_PROTOCOL = "protocol"


def ledger_of(
    run: Run,
    dataset: xr.Dataset | None = None,
    *,
    theta_b: float | None = None,
    at: Mapping[str, float] | None = None,
    record_temperature: float | None = None,
    plant: float | None = None,
    ambient_temperature: float = 300.0,
    progress: Callable[[float], None] = lambda _fraction: None,
) -> Ledger:
    """Make the ledger of a finished run at one point of its sweep, at the shown p_x.

    By default that is the last point of the sweep, in the paper's θ_b = π/4: it is chosen before
    the results are known, so no noise is selected.

    Args:
        run: opened run.
        dataset: its analysis; by default the run is analysed, and nothing is written.
        theta_b: angle of the sweep, rad; short for ``at={"theta_b": …}``.
        at: values of swept parameters by name; others have their last value.
        record_temperature: where records are erased, K; by default T0, the least they can cost.
        plant: power of the cooling plant over the heat that it takes from the bath, W/W; without
            it, there is no such row.
        ambient_temperature: where a reversible refrigerator would give off its heat, K.
        progress: called with the fraction done of the analysis.

    Raises:
        BadInput: the run is of another study, a point is not in the sweep, a temperature or the
            plant is not positive and finite, or a file is damaged.
        Incomplete: the run is not finished.

    Example:
        >>> from tempfile import TemporaryDirectory
        >>> import recycling as rc
        >>> with TemporaryDirectory() as folder:
        ...     run = rc.run(rc.preset("theory"), out=f"{folder}/run")
        ...     ledger = rc.ledger_of(run)
        >>> round(ledger.theta_b, 4), ledger.p_x, [row.name for row in ledger.rows][:4]
        (0.7854, 0.4, ['heat', 'reset heat', 'separate', 'saving'])
        >>> f"{ledger.row('heat').joule:.3e} J, {ledger.row('heat').landauer:.3f} k_B T0 ln 2"
        '-3.288e-25 J, -0.799 k_B T0 ln 2'
    """
    declared = _Declared(record_temperature, plant, ambient_temperature)
    _check_finished(run)
    wanted = dict(at or {}) | ({} if theta_b is None else {"theta_b": theta_b})
    _check_parameters(run, wanted)
    dataset = analysed(run, progress) if dataset is None else dataset
    return _ledger(run, dataset, _point(dataset, wanted), declared)


@dataclass(frozen=True)
class _Declared:
    """What is declared of the surroundings; see ``ledger_of``."""

    record_temperature: float | None
    plant: float | None
    ambient_temperature: float

    def __post_init__(self) -> None:
        for name, unit in (
            ("record_temperature", "K"), ("plant", "W/W"), ("ambient_temperature", "K")
        ):  # fmt: skip
            value = getattr(self, name)
            if value is not None and not 0 < value < inf:
                raise BadInput(f"{name} = {value:g}: give {unit}, positive and finite")


def _ledger(run: Run, dataset: xr.Dataset, index: int, declared: _Declared) -> Ledger:
    """Ledger at a point of the sweep, by its index."""
    p_x = shown_p_x(dataset)
    erasure = Erasure.of(dataset, index, p_x)
    control, notes = _control(run, erasure)
    rows = (
        *bath_rows(erasure),
        *_records(run, erasure, index, declared.record_temperature),
        *control,
        *wall_plug_rows(erasure, declared.ambient_temperature, declared.plant),
        heat_per_bit(erasure),
        *baseline_rows(),
    )
    names = (axis.name for axis in sweep_axes(dataset))
    point = dict(zip(names, sweep_points(dataset)[index], strict=True))
    return Ledger(point, p_x, rows, notes)


def baseline_rows() -> tuple[Row, ...]:
    """List the energies of other erasures and operations.

    Example:
        >>> baseline_rows()[0].name
        'baseline aQFP ideal per bit'
    """
    return tuple(
        Row(
            f"baseline {point.name} per {point.per}", point.energy, point.energy, point.energy,
            point.temperature, point.kind, point.source, "baseline",
        )
        for point in PUBLISHED
    )  # fmt: skip


def _records(run: Run, erasure: Erasure, index: int, temperature: float | None) -> tuple[Row, ...]:
    """Rows of the records; without a temperature they are erased at T0."""
    least = erasure.bath.temperature
    kelvin, known = (least, "T0: the least") if temperature is None else (temperature, "declared")
    origin = f"= {kelvin:g} K ({known})"
    branches = branch_rows(run.counts, run.design, index, kelvin, origin)
    return (flag_row(erasure, kelvin, origin), *branches)


def _control(run: Run, erasure: Erasure) -> tuple[tuple[Row, ...], tuple[str, ...]]:
    """Rows of the control, or a note that says why there are none."""
    if run.circuits_fault:
        return (), (f"no control heat: {run.circuits_fault}",)
    design, device = run.design, run.device
    circuit = run.circuits[RECYCLING, design.stages[-1], design.preparations[-1]]
    time = gate_time(device, erasure.bath_role)
    if time == 0:
        return (), ("no control heat: gates of this device take no time",)
    heat = erasure.get("heat").value
    frequency = run.experiment.bath.frequency
    return tuple(control_rows(count_pulses(circuit, device), time, frequency, heat)), ()


def _check_finished(run: Run) -> None:
    if run_given(run).kind != _PROTOCOL:
        raise BadInput(f"run = {str(run.path)!r} is a {run.kind} run: it erases nothing; give one "
                       "that does")  # fmt: skip
    open_jobs = [job.name for job in run.jobs if run.journal(job).state not in COMPLETE]
    if open_jobs:
        raise Incomplete(
            f"{len(open_jobs)} of {len(run.jobs)} jobs are not done, and a ledger is of a finished "
            f"run; go on with: {way_on(run.path)}"
        )


def _check_parameters(run: Run, wanted: Mapping[str, float]) -> None:
    """Check the point before any analysis."""
    for name, value in wanted.items():
        known = run.experiment.coordinates
        if name not in known:
            raise BadInput(f"{name} = {value:g}: this run sweeps {', '.join(known)}; give those")
        _nearest(name, known[name], value)


def _point(dataset: xr.Dataset, wanted: Mapping[str, float]) -> int:
    """Index of a point among those of the sweep, the last parameter fastest."""
    places = [
        _nearest(axis.name, axis.values, wanted.get(axis.name, float(axis.values[-1])))
        for axis in sweep_axes(dataset)
    ]
    return int(np.ravel_multi_index(places, [axis.values.size for axis in sweep_axes(dataset)]))


def _nearest(name: str, values: NDArray[np.float64], wanted: float) -> int:
    """Index of a value of a swept parameter, given as it is or as a table prints it.

    Raises:
        BadInput: it is not in the sweep.
    """
    place = int(np.argmin(np.abs(values - wanted)))
    nearest = float(values[place])
    if not abs(nearest - wanted) <= min(_DECIMALS, _DIGITS * abs(nearest)):
        raise BadInput(f"{name} = {wanted:g}: not in the sweep; give {nearest!r}, which is nearest")
    return place
