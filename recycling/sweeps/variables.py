"""The variables of a sweep: those of results.nc, without trials and limits."""

from __future__ import annotations

from dataclasses import dataclass
from math import prod
from typing import TYPE_CHECKING, Any

from recycling.results.schema import OF_LINK, VARIABLES, Quantity

if TYPE_CHECKING:
    from recycling.spec.experiment import Experiment

#: Comments of the variables, as in results.nc.
_BOUND = "+inf where no process exists; an excess over it is +inf, never below the bound"
_RATIO = "NaN where nothing is erased, +inf where no process exists"
_POINT, _WEIGHT = "point", "p_x"


@dataclass(frozen=True)
class Variable:
    """A variable of a sweep: its dims behind those of the sweep with their lengths, and attributes.

    Attributes:
        sizes: length of each dim that it has at a single point of the sweep.
        attributes: units and meaning.
    """

    sizes: dict[str, int]
    attributes: dict[str, Any]

    @property
    def count(self) -> int:
        """Numbers of a point."""
        return prod(self.sizes.values())


def inner_coordinates(experiment: Experiment) -> dict[str, Any]:
    """Coordinates at a single point of a sweep: values of the parameters that are not swept over.

    Example:
        >>> from recycling.spec.experiment import Experiment
        >>> over = {"sweep.p_x": [0.1, 0.4]}
        >>> algorithm, sweep = {"name": "repeat-until-success"}, {"theta": [0.3], "over": over}
        >>> experiment = Experiment(name="a", algorithm=algorithm, sweep=sweep)
        >>> list(inner_coordinates(experiment))
        ['arm', 'theta', 'stage', 'qubit']
    """
    design, over = experiment.design, experiment.sweep.over
    varied = set() if over is None else set(over.axes)
    coordinates: dict[str, Any] = {"arm": ("arm", list(design.arm_names))}
    for parameter in design.parameters:
        if f"sweep.{parameter.name}" not in varied:
            values = experiment.coordinates[parameter.name]
            notes = {"units": parameter.unit, "long_name": parameter.description}
            coordinates[parameter.name] = (parameter.name, values, notes)
    if "sweep.p_x" not in varied:
        notes = {"units": "1", "long_name": "excited weight of the target"}
        coordinates[_WEIGHT] = (_WEIGHT, experiment.p_x, notes)
    coordinates["stage"] = ("stage", list(design.stages))
    coordinates["qubit"] = ("qubit", list(design.measured))
    return coordinates


def variables_of(experiment: Experiment) -> dict[str, Variable]:
    """List the variables of a sweep by name.

    Example:
        >>> from recycling.spec.experiment import Experiment
        >>> over = {"sweep.p_x": [0.1, 0.4]}
        >>> algorithm, sweep = {"name": "repeat-until-success"}, {"theta": [0.3], "over": over}
        >>> experiment = Experiment(name="a", algorithm=algorithm, sweep=sweep)
        >>> variables_of(experiment)["heat"].sizes
        {'arm': 2, 'theta': 1}
    """
    inner = inner_coordinates(experiment)
    quantities = VARIABLES | (OF_LINK if experiment.physical_link is not None else {})
    return {name: _variable(name, each, experiment, inner) for name, each in quantities.items()}


def _variable(
    name: str, quantity: Quantity, experiment: Experiment, inner: dict[str, Any]
) -> Variable:
    parameters = experiment.design.parameter_names
    dims: list[str] = []
    for dim in quantity.together:
        dims += parameters if dim == _POINT else [dim]
    notes: dict[str, Any] = {"units": quantity.units, "long_name": quantity.long_name}
    if name == "dissipation_ratio":
        notes["comment"] = _RATIO
    elif name.startswith(("bound", "excess")):
        notes["comment"] = _BOUND
    return Variable({dim: len(inner[dim][1]) for dim in dims if dim in inner}, notes)


def bytes_per_point(experiment: Experiment) -> int:
    """Size of the results at a point of a sweep, bytes.

    Example:
        >>> from recycling.spec.experiment import Experiment
        >>> over = {"sweep.p_x": [0.1, 0.4]}
        >>> algorithm, sweep = {"name": "repeat-until-success"}, {"theta": [0.3], "over": over}
        >>> bytes_per_point(Experiment(name="a", algorithm=algorithm, sweep=sweep))
        376
    """
    return 8 * sum(variable.count for variable in variables_of(experiment).values())


def unit_of(key: str, experiment: Experiment) -> dict[str, str]:
    """Unit of a swept key, and its meaning, as attributes of its coordinate.

    Example:
        >>> from recycling.spec.experiment import Experiment
        >>> unit_of("device.t1[B]", Experiment(name="a"))
        {'units': 's', 'long_name': 'device.t1[B]'}
    """
    section, _, name = key.partition(".")
    units = {each.name: each.unit for each in experiment.design.parameters}
    unit = units.get(name) if section == "sweep" else _UNITS.get(name.partition("[")[0])
    return {"units": unit or "1", "long_name": key}


_UNITS = {
    "t1": "s", "t2": "s", "feedforward_latency": "s", "temperature": "K", "frequency": "Hz",
    "calibrated_at": "K", "timing_offset": "s", "delay": "s", "phase_rms": "rad", "bandwidth": "Hz",
    "insertion_loss": "dB", "return_loss": "dB",
}  # fmt: skip
