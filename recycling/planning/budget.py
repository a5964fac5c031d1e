"""What limits a device: derivatives of the excess by every number of its noise, by JAX."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray
from scipy.constants import h as planck
from scipy.constants import k as boltzmann

from circuits.design import RECYCLING
from circuits.tomography import BASIS_ANGLES, BASIS_PARAMETERS
from recycling.errors import BadInput
from recycling.inference.bath.budget import Budget, Contribution
from recycling.inference.states.plain import table_estimates
from recycling.inference.states.records import Layout, RecordMap
from recycling.planning.circuits import compile_open
from recycling.simulation.engine import lower_all
from recycling.simulation.numbers import Numbers
from recycling.simulation.traced import records_of, traced_library
from recycling.spec.experiment import shown_p_x
from recycling.thermodynamics import Bath

if TYPE_CHECKING:
    from recycling.devices.device import Device
    from recycling.spec.experiment import Experiment

Real = NDArray[np.float64]
#: Excess over the tight bound at each point (J) from the numbers of a device.
Excess = Callable[[Numbers], Any]

#: Words and unit of each number of a qubit.
_OF_QUBIT = {
    "t1": ("T1", "s"), "t2": ("T2", "s"), "temperature": ("temperature", "K"),
    "false_excited": ("P(1|0) of the readout", "1"),
    "false_ground": ("P(0|1) of the readout", "1"),
}  # fmt: skip


def error_budget(experiment: Experiment, device: Device) -> Budget:
    """Differentiate the excess over the tight bound by every number of a device's noise.

    The derivatives are those of automatic differentiation through the engine, the inversion of the
    records and the bounds, at the shown p_x. Idle times are continuous here, not whole cycles, and
    T0 of the bounds, the frequencies and the wait of a link stay as they are. Durations of alike
    operations change together.

    Args:
        experiment: validated spec.
        device: the device, at one point.

    Raises:
        BadInput: JAX is not installed, the device runs over a sweep or has slow detunings, or the
            spec wants decoupling.

    Example:
        >>> from recycling.planning.chips import build_device
        >>> from recycling.spec.experiment import Experiment
        >>> experiment = Experiment(
        ...     name="tiny",
        ...     algorithm={"name": "repeat-until-success"},
        ...     device={"profile": "ideal"},
        ...     sweep={"theta": [0.3, 0.6], "p_x": [0.1]},
        ... )
        >>> budget = error_budget(experiment, build_device(experiment))
        >>> [each.roles for each in budget.contributions if each.name == "temperature"]
        [('data',), ('ancilla',), ('S',)]
    """
    device.refuse_sweep()
    if np.any(device.detuning):
        raise BadInput(
            "device.low_frequency_dephasing: the error budget has no average over detunings; "
            "remove it"
        )
    numbers = continuous(device)
    excess, slopes = derivatives(excess_of(experiment, device, traced_library()), numbers)
    return Budget(
        points=experiment.points,
        p_x=shown_p_x(experiment.p_x),
        excess=excess,
        contributions=tuple(_contributions(device, numbers, slopes)),
    )


def derivatives(function: Excess, numbers: Numbers) -> tuple[Real, Numbers]:
    """Value of a function of numbers, and its derivative by each of them in its place.

    One number after another by forward differentiation: the program, which is compiled once, is
    that of a single direction, and compiling takes nearly all of the time.

    Args:
        function: takes numbers of JAX, returns an array of shape (point,).
        numbers: of a device at one point; derivatives by infinite ones are 0.

    Raises:
        BadInput: JAX is not installed.

    Example:
        >>> from recycling.devices.profiles import ideal_device
        >>> numbers = continuous(ideal_device(temperature=0.043, frequency=5e9, roles=("B",)))
        >>> value, slopes = derivatives(lambda each: each.temperature[0] ** 2, numbers)
        >>> round(float(slopes.temperature[0]), 4)
        0.086
    """
    traced_library()
    import jax

    leaves, tree = jax.tree.flatten(numbers)
    values = np.array(leaves, dtype=float)
    finite = np.isfinite(values)

    def of_finite(changing: Any) -> Any:
        every = jax.numpy.full(len(values), np.inf).at[finite].set(changing)
        return function(jax.tree.unflatten(tree, list(every)))

    def along(at: Any, direction: Any) -> Any:
        return jax.jvp(of_finite, (at,), (direction,))

    compiled = jax.jit(along, compiler_options={"xla_backend_optimization_level": 0})
    found = [compiled(values[finite], direction) for direction in np.eye(finite.sum())]
    value = np.asarray(found[0][0])
    slopes = np.zeros((len(values), *value.shape))
    slopes[finite] = [np.asarray(slope) for _, slope in found]
    return value, jax.tree.unflatten(tree, list(slopes))


def continuous(device: Device) -> Numbers:
    """Numbers of a device at one point whose idle times are no whole cycles.

    Example:
        >>> from recycling.devices.profiles import ideal_device
        >>> continuous(ideal_device(temperature=0.043, frequency=5e9, roles=("B",))).rounded
        False
    """
    return replace(Numbers.of(device), rounded=False)


def excess_of(experiment: Experiment, device: Device, xp: Any) -> Excess:
    """Make the function from a device's numbers to the excess of the recycling arm, at each point.

    Args:
        experiment: validated spec.
        device: a device of the same gates.
        xp: namespace of the arrays.

    Example:
        >>> from recycling.planning.chips import build_device
        >>> from recycling.spec.experiment import Experiment
        >>> experiment = Experiment(
        ...     name="tiny",
        ...     algorithm={"name": "repeat-until-success"},
        ...     device={"profile": "ideal"},
        ...     sweep={"theta": [0.3, 0.6], "p_x": [0.1]},
        ... )
        >>> device = build_device(experiment)
        >>> excess_of(experiment, device, np)(continuous(device)).shape  # point
        (2,)
    """
    design, layout = experiment.design, Layout.of(experiment.design)
    settings = [setting for setting in design.settings if setting[0] == RECYCLING]
    circuits = compile_open(experiment.without_allocation, device, settings).values()
    programs = lower_all(list(circuits), device, scheduled=False)
    records = records_of(programs, xp, sweep_axes=2)  # (basis, point)
    angles = np.array(list(BASIS_ANGLES.values()))
    parameters = {
        **{name: xp.asarray(values[None, :]) for name, values in experiment.points.items()},
        **{name: xp.asarray(angles[:, [k]]) for k, name in enumerate(BASIS_PARAMETERS)},
    }
    branch = RecordMap.raw(layout, design.arm(RECYCLING).records)
    bath = Bath.qubit(experiment.bath.frequency, experiment.bath.temperature)
    p_x, shape = shown_p_x(experiment.p_x), (len(design.stages), len(design.preparations))

    def excess(numbers: Numbers) -> Any:
        size = (layout.size, len(angles), experiment.num_points)
        tensors = [
            xp.reshape(xp.broadcast_to(each, (*each.shape[:-2], *size[1:])), size)
            for each in records(numbers, parameters)
        ]
        tables = xp.stack(tensors)[:, layout.joint, ...]
        tables = xp.moveaxis(tables, (-1, 1), (0, -1))  # point, setting, basis, record
        tables = xp.reshape(tables, (size[2], *shape, size[1], size[0]))
        return table_estimates(tables, branch, p_x, bath)["excess_tight"]

    return excess


def _contributions(device: Device, numbers: Numbers, slopes: Numbers) -> Iterator[Contribution]:
    """Contributions of all numbers that are not ideal already."""
    for field, (words, unit) in _OF_QUBIT.items():
        for qubit, role in enumerate(device.roles):
            value, slope = getattr(numbers, field)[qubit], getattr(slopes, field)[qubit]
            distance = value * _logarithmic(field, value, numbers.frequency[qubit])
            yield from _contribution(words, (role,), value, unit, slope, distance)
    errors = numbers.gate_errors
    for gate, qubits in dict.fromkeys((name, tuple(sorted(on))) for name, on in errors):
        roles = tuple(device.roles[qubit] for qubit in qubits)
        # Both directions of a gate are one gate, with one calibration.
        both = [(gate, on) for on in {qubits, qubits[::-1]} if (gate, on) in errors]
        slope = np.sum([slopes.gate_errors[key] for key in both], axis=0)
        value = float(np.mean([errors[key] for key in both]))
        yield from _contribution(f"{gate} error", roles, value, "1", slope, value)
    for words, pairs in _durations(numbers, slopes).items():
        yield from _together(words, pairs)
    latency, slope = numbers.feedforward_latency, slopes.feedforward_latency
    yield from _contribution("feedforward latency", (), latency, "s", slope, latency)


def _logarithmic(field: str, value: float, frequency: float) -> float:
    """Derivative d ln x / d ln y of a number y of a qubit by the number x that would be 0 ideally.

    Of a lifetime that is its rate, of a temperature the excited population P1, on which alone all
    depends: d ln T / d ln P1 = kT / (hf (1 - P1)).
    """
    if field in ("t1", "t2"):
        return -1.0
    if field != "temperature":
        return 1.0
    quanta = planck * frequency / (boltzmann * value)
    return float((1 + np.exp(-quanta)) / quanta)


def _durations(numbers: Numbers, slopes: Numbers) -> dict[str, list[tuple[float, Real]]]:
    """Durations with their slopes, of operations that are likely to take equally long."""
    by_gate = [
        (len(on), value, slopes.gate_durations[gate, on])
        for (gate, on), value in numbers.gate_durations.items()
    ]
    return {
        **{
            f"duration of {words}-qubit gates": [
                (value, slope) for length, value, slope in by_gate if length == qubits
            ]
            for qubits, words in ((1, "one"), (2, "two"))
        },
        "duration of measurements": list(
            zip(numbers.measure_duration, slopes.measure_duration, strict=True)
        ),
    }


def _together(words: str, pairs: list[tuple[float, Real]]) -> Iterator[Contribution]:
    """The contribution of numbers that change in proportion.

    Where operations at the same time take equally long, a schedule has a derivative by all of them
    together and by none alone: a longer one makes others wait, a shorter one changes nothing.
    """
    used = [(value, slope) for value, slope in pairs if value > 0]
    if used:
        share = np.sum([value * slope for value, slope in used], axis=0)
        value = float(np.mean([value for value, _ in used]))
        yield from _contribution(words, (), value, "s", share / value, value)


def _contribution(
    name: str, roles: tuple[str, ...], value: float, unit: str, slope: Real, distance: float
) -> Iterator[Contribution]:
    """The contribution of a number, unless it is 0 or infinite, or nothing depends on it."""
    if value and np.isfinite(value) and np.any(slope):
        yield Contribution(name, roles, value, unit, slope, slope * distance)
