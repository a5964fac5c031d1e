"""The results at points of a sweep: circuits are compiled once, numbers vary as arrays."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from circuits.design import FLAG, Setting
from recycling.devices.device import Device
from recycling.errors import BadInput
from recycling.inference.states.plain import plain_estimates
from recycling.inference.states.records import Layout, RecordMap
from recycling.jobs.cut import protocol_pubs
from recycling.planning.chips import build_device
from recycling.planning.circuits import compile_all
from recycling.results.link import channel_attributes
from recycling.results.link_gains import channel_of
from recycling.results.reference import known_reference
from recycling.results.schema import ESTIMATES
from recycling.simulation.probabilities import protocol_probabilities
from recycling.spec.sections import DeviceSpec
from recycling.sweeps.devices import device_over, qubit_of
from recycling.sweeps.points import SAMPLE, constant
from recycling.sweeps.variables import variables_of
from recycling.thermodynamics import Bath

if TYPE_CHECKING:
    from qiskit import QuantumCircuit

    from recycling.spec.experiment import Experiment

Real = NDArray[np.float64]
_LATENCY, _HERTZ, _KELVIN = "device.feedforward_latency", "bath.frequency", "bath.temperature"
_WEIGHT = "sweep.p_x"


@dataclass(frozen=True, eq=False)
class Prepared:
    """What all points of a sweep on one profile share; it can be pickled.

    Attributes:
        experiment: the spec with the profile, and a layout where there is a chip.
        device: device of the profile on the layout, without the numbers of the spec.
        circuits: compiled circuit of each setting, at the latency of the spec.
        follows: qubits that have the frequency of the bath.
    """

    experiment: Experiment
    device: Device
    circuits: Mapping[Setting, QuantumCircuit]
    follows: tuple[int, ...]


def prepare(experiment: Experiment) -> Prepared:
    """Choose the layout and compile the circuits, once for all points of a sweep.

    Args:
        experiment: the spec at the values of the keys that decide circuits, such as the profile.

    Raises:
        BadInput: the layout is impossible, a key has no meaning here, or a link would be another
            at each sample.

    Example:
        >>> from recycling.spec.experiment import Experiment
        >>> experiment = Experiment(
        ...     name="tiny",
        ...     algorithm={"name": "repeat-until-success"},
        ...     device={"profile": "ideal"},
        ...     sweep={"theta": [0.3], "p_x": [0.4], "over": {"device.cz_error": [0.0, 0.01]}},
        ... )
        >>> prepare(experiment).device.name
        'ideal'
    """
    placed = build_device(experiment)
    layout: Any = "best"
    if placed.layout is not None:
        layout = dict(zip(placed.roles, placed.layout, strict=True))
    settings = experiment.device.model_copy(update={"layout": layout})
    experiment = experiment.model_copy(update={"device": settings})
    plain = DeviceSpec.model_construct(profile=settings.profile, layout=layout)
    bare = experiment.model_copy(update={"device": plain, "stage": None})
    device = build_device(_calibrated(bare, experiment))
    _check(experiment, device)
    elsewhere = build_device(_calibrated(bare, experiment, hertz=2 * experiment.bath.frequency))
    moved = np.flatnonzero(elsewhere.frequency != device.frequency)
    return Prepared(experiment, device, compile_all(experiment, placed), tuple(moved.tolist()))


def _calibrated(bare: Experiment, experiment: Experiment, hertz: float | None = None) -> Experiment:
    """The experiment at the temperature of its calibration, perhaps at another frequency."""
    stage, bath = experiment.stage, experiment.bath
    kelvin = bath.temperature if stage is None else stage.calibrated_at
    changed = {"temperature": kelvin, "frequency": hertz or bath.frequency}
    return bare.model_copy(update={"bath": bath.model_copy(update=changed)})


def _check(experiment: Experiment, device: Device) -> None:
    """Refuse keys that have no meaning in an experiment."""
    over = experiment.sweep.over
    for key in () if over is None else over.axes:
        _, bracket, role = key.partition("[")
        if bracket:
            qubit_of(key, role.removesuffix("]"), device)
        if key.startswith("stage.") and experiment.stage is None:
            raise BadInput(f'sweep.over."{key}": the spec has no stage; add [stage], or remove it')
        if experiment.physical_link is not None:
            idle = experiment.link.is_idle and key in (_KELVIN, "device.t1", "device.t2")
            if key == _HERTZ or idle or (experiment.link.is_idle and bracket):
                raise BadInput(
                    f'sweep.over."{key}": with it the link would be another at each point; remove '
                    "it, or [link]"
                )


def evaluate(prepared: Prepared, columns: Mapping[str, Real], count: int) -> dict[str, Real]:
    """Compute the results at some points.

    Args:
        prepared: see ``prepare``.
        columns: values of each swept number by its key (arrays of shape (points,)).
        count: number of points; all the same where there are no columns.

    Returns:
        The variables of ``variables_of`` by name (arrays of shape (points, *its dims)).

    Raises:
        BadInput: a point contradicts itself, as T2 > 2 T1.

    Example:
        >>> from recycling.spec.experiment import Experiment
        >>> experiment = Experiment(
        ...     name="tiny",
        ...     algorithm={"name": "repeat-until-success"},
        ...     device={"profile": "ideal"},
        ...     sweep={"theta": [0.3], "p_x": [0.4], "over": {"device.cz_error": [0.0, 0.01]}},
        ... )
        >>> found = evaluate(prepare(experiment), {"device.cz_error": np.array([0.0, 0.01])}, 2)
        >>> found["heat"].shape  # point, arm, theta, p_x
        (2, 2, 1, 1)
    """
    forms = variables_of(prepared.experiment)
    found = {name: np.empty((count, *form.sizes.values())) for name, form in forms.items()}
    parameters = {
        f"sweep.{name}": name
        for name in prepared.experiment.design.parameter_names
        if f"sweep.{name}" in columns
    }
    apart = (*parameters, *(key for key in (_LATENCY, _KELVIN, _HERTZ, _WEIGHT) if key in columns))
    for values in constant(columns, apart):
        fixed: dict[str, float] = dict(zip(apart, values, strict=True))  # type: ignore[arg-type]
        rows = np.all(
            [columns[key] == value for key, value in fixed.items()] or [[True] * count], 0
        )
        group = {key: column[rows] for key, column in columns.items()}
        experiment = _at(prepared.experiment, fixed, parameters)
        for name, numbers in _group(prepared, experiment, group, int(rows.sum()), fixed).items():
            if name in found:
                found[name][rows] = numbers.reshape(-1, *found[name].shape[1:])
    return found


def _at(
    experiment: Experiment, fixed: Mapping[str, float], parameters: Mapping[str, str]
) -> Experiment:
    """The experiment at fixed values of swept parameters, of p_x, and of the bath."""
    sweep: dict[str, Any] = {name: (fixed[key],) for key, name in parameters.items()}
    if _WEIGHT in fixed:
        sweep["p_x"] = (fixed[_WEIGHT],)
    bath = {
        name: fixed[key]
        for key, name in ((_HERTZ, "frequency"), (_KELVIN, "temperature"))
        if key in fixed
    }
    return experiment.model_copy(
        update={
            "sweep": experiment.sweep.model_copy(update=sweep),
            "bath": experiment.bath.model_copy(update=bath),
        }
    )


def _group(
    prepared: Prepared,
    experiment: Experiment,
    columns: Mapping[str, Real],
    count: int,
    fixed: Mapping[str, float],
) -> dict[str, Real]:
    """Results of points that differ in noise alone, by name (arrays of shape (points, …))."""
    latency = fixed.get(_LATENCY)
    noise = {key: column for key, column in columns.items() if key != _LATENCY}
    settings = experiment.device
    if latency is not None:
        settings = settings.model_copy(update={"feedforward_latency": latency})
    experiment = experiment.model_copy(update={"device": settings})
    device = device_over(prepared.device, experiment, prepared.follows, noise)
    circuits = prepared.circuits
    if latency is not None:
        circuits = compile_all(experiment, device.at(*(0,) * len(device.sweep)))
    swept = (SAMPLE,) if device.sweep else ()
    pubs = protocol_pubs(experiment, circuits)
    probabilities = protocol_probabilities(pubs, device, experiment.design, swept)
    if not swept:
        probabilities = probabilities.expand_dims({SAMPLE: count})
    return _estimated(experiment, probabilities)


def _estimated(experiment: Experiment, probabilities: Any) -> dict[str, Real]:
    """Estimates of all arms by the names of their variables (arrays of shape (sample, …))."""
    design, success = experiment.design, experiment.design.success_arm
    ordered = probabilities.transpose(
        "arm", "point", SAMPLE, "stage", "preparation", "basis", FLAG, *design.measured
    )
    tables = ordered.values.reshape(*ordered.shape[:6], -1)
    bath = Bath.qubit(experiment.bath.frequency, experiment.bath.temperature)
    link = channel_of(channel_attributes(experiment.physical_link))
    reference = known_reference(experiment)
    arms = {}
    for table, arm in zip(tables, design.arms, strict=True):
        records = RecordMap.raw(Layout.of(design), arm.records)
        arms[arm.name] = plain_estimates(table, records, experiment.p_x, bath, reference, link)
    found = {}
    for estimate, quantity in ESTIMATES.items():
        if estimate not in arms[success.name]:
            continue
        # (point, [p_x,] sample, …) → (sample, point, [p_x,] …)
        axis = 2 if "p_x" in quantity.dims else 1
        own = {name: np.moveaxis(arm[estimate], axis, 0) for name, arm in arms.items()}
        name = _NAMES[estimate]
        if "arm" in quantity.dims:
            found[name] = np.stack(list(own.values()), axis=1)
        else:
            found[name] = own[success.name]
    return found


#: Name of the variable of each estimate.
_NAMES = {
    estimate: "success_fidelity" if estimate == "fidelity" else estimate for estimate in ESTIMATES
}
