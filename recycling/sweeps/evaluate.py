"""The results at points of a sweep: circuits are compiled once, numbers vary as arrays."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from circuits.design import Setting
from recycling.devices.device import Device
from recycling.errors import BadInput
from recycling.inference.bath.link import LinkChannel
from recycling.jobs.counts import by_setting, flags_together
from recycling.jobs.cut import protocol_pubs
from recycling.planning.chips import build_device
from recycling.planning.circuits import compile_all, compile_open
from recycling.results.link import link_attributes, made_link
from recycling.results.link_gains import channel_of
from recycling.simulation.engine import lower_all, with_values
from recycling.simulation.libraries import probabilities
from recycling.simulation.program import Program
from recycling.simulation.traced import Compiled
from recycling.spec.sections import BathSpec, DeviceSpec
from recycling.sweeps.devices import device_over, qubit_of
from recycling.sweeps.estimates import estimates_over, parameters_over

if TYPE_CHECKING:
    from qiskit import QuantumCircuit

    from recycling.spec.experiment import Experiment

Real = NDArray[np.float64]
_LATENCY, _HERTZ, _KELVIN = "device.feedforward_latency", "bath.frequency", "bath.temperature"


@dataclass(frozen=True, eq=False)
class Prepared:
    """What all points of a sweep on one profile share; it can be pickled.

    Attributes:
        experiment: the spec with the profile, and a layout where there is a chip.
        device: device of the profile on the layout, without the numbers of the spec.
        circuits: compiled circuit of each setting; where the latency is swept, without a schedule
            and with an open latency.
        programs: what the engine makes of them.
        follows: qubits that have the frequency of the bath.
    """

    experiment: Experiment
    device: Device
    circuits: Mapping[Setting, QuantumCircuit]
    programs: tuple[Program, ...]
    follows: tuple[int, ...]

    @cached_property
    def compiled(self) -> Compiled:
        """The programs as JAX compiles them."""
        return Compiled(self.programs)

    def __getstate__(self) -> dict[str, Any]:
        """Leave out what JAX has compiled: it belongs to a process."""
        return {name: value for name, value in self.__dict__.items() if name != "compiled"}


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
    experiment = experiment.without_allocation.model_copy(update={"device": settings})
    plain = DeviceSpec.model_construct(profile=settings.profile, layout=layout)
    bare = experiment.model_copy(update={"device": plain, "stage": None})
    device = build_device(_calibrated(bare, experiment))
    _check(experiment, device)
    elsewhere = build_device(_calibrated(bare, experiment, hertz=2 * experiment.bath.frequency))
    moved = np.flatnonzero(elsewhere.frequency != device.frequency)
    circuits = _circuits(experiment, placed)
    programs = lower_all(list(circuits.values()), device, scheduled=not _is_open(experiment))
    return Prepared(experiment, device, circuits, tuple(programs), tuple(moved.tolist()))


def _calibrated(bare: Experiment, experiment: Experiment, hertz: float | None = None) -> Experiment:
    """The experiment at the temperature of its calibration, perhaps at another frequency."""
    stage, bath = experiment.stage, experiment.bath
    kelvin = bath.temperature if stage is None else stage.calibrated_at
    # Twice a frequency may be none that a spec can have.
    changed = BathSpec.model_construct(temperature=kelvin, frequency=hertz or bath.frequency)
    return bare.model_copy(update={"bath": changed})


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


def evaluate(
    prepared: Prepared, columns: Mapping[str, Real], count: int, library: str = "numpy"
) -> dict[str, Real]:
    """Compute the results at some points.

    Args:
        prepared: see ``prepare``.
        columns: values of each swept number by its key (arrays of shape (points,)).
        count: number of points; all the same where there are no columns.
        library: name of the array library that evolves the points.

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
    tables = record_tables(prepared, columns, count, library)
    return estimates_over(prepared.experiment, columns, tables, _link(prepared))


def _link(prepared: Prepared) -> LinkChannel | None:
    """The link between reset and task, the same at all points."""
    if prepared.experiment.physical_link is None:
        return None
    device = device_over(prepared.device, prepared.experiment, prepared.follows, {})
    made = made_link(prepared.experiment, device)
    return None if made is None else channel_of(link_attributes(made))


def record_tables(
    prepared: Prepared, columns: Mapping[str, Real], count: int, library: str = "numpy"
) -> Real:
    """Probabilities of all records at some points of a sweep.

    Args:
        prepared: see ``prepare``.
        columns: values of each swept number by its key (arrays of shape (points,)).
        count: number of points.
        library: name of the array library that evolves them.

    Returns:
        Array of shape (sample, arm, point, stage, preparation, basis, record): a sample is a point
        of the sweep over devices, a point one of the parameters that the sweep leaves to the spec.

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
        >>> record_tables(prepare(experiment), {"device.cz_error": np.array([0.0, 0.01])}, 2).shape
        (2, 2, 1, 2, 2, 3, 16)
    """
    experiment, design = prepared.experiment, prepared.experiment.design
    along, left = parameters_over(experiment, columns)
    device = device_over(prepared.device, experiment, prepared.follows, columns)
    parameters = [
        {name: each for name, each in pub.parameters.items() if name not in along}
        for pub in protocol_pubs(left, prepared.circuits)
    ]
    compiled = with_values(prepared.programs, parameters, device, along=along)
    outcomes = np.stack(probabilities(compiled, library, prepared.compiled))
    if not compiled[0].values.device_sweep:
        outcomes = np.repeat(outcomes[:, None], count, axis=1)
    # (pub, sample, point, basis, *bits) → (arm, stage, preparation, sample, point, basis, record)
    tables = by_setting(design, flags_together(design, outcomes))
    tables = tables.reshape(*tables.shape[:6], -1)
    return np.asarray(tables.transpose(3, 0, 4, 1, 2, 5, 6))


def _is_open(experiment: Experiment) -> bool:
    """Whether the latency, and with it the schedule, is another at each point."""
    over = experiment.sweep.over
    return over is not None and _LATENCY in over.axes


def _circuits(experiment: Experiment, device: Device) -> dict[Setting, QuantumCircuit]:
    """Compiled circuit of each setting, with an open latency and no schedule where it is swept."""
    if _is_open(experiment):
        return compile_open(experiment, device, experiment.design.settings)
    return compile_all(experiment, device)
