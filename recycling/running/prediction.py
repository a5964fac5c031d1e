"""Predict a run by the exact engine before its first job is submitted."""

from __future__ import annotations

import hashlib
from importlib import metadata
from typing import TYPE_CHECKING, Any

from recycling.compilation.later import waiting_longer
from recycling.devices.displaced import and_later, displaced_devices
from recycling.errors import BadInput
from recycling.jobs.cut import protocol_pubs
from recycling.jobs.sizes import check_engine
from recycling.results.attributes import experiment_attributes
from recycling.results.link_gains import channel_of
from recycling.results.prediction import LatencySlope, prediction_bytes, prediction_dataset
from recycling.simulation.numbers import LATENCY
from recycling.simulation.probabilities import protocol_table

if TYPE_CHECKING:
    import xarray as xr
    from qiskit import QuantumCircuit

    from circuits.design import Setting
    from recycling.planning.plan import Plan

#: Relative displacement of each number of the noise: what is left out is of its size, relative to
#: a derivative, and rounding far below.
STEP = 1e-4
#: Most qubits of an experiment that is predicted, and of one whose sensitivities are: those of
#: six take 0.04 s, and each qubit more takes four times as long.
MOST_QUBITS, MOST_DISPLACED = 10, 8


def predicted(plan: Plan) -> xr.Dataset:
    """Predict everything that a run will show, with the errors of its calibration.

    Args:
        plan: what will be executed.

    Returns:
        The Dataset of ``prediction_dataset``; without sensitivities and intervals for more than
        ``MOST_DISPLACED`` qubits.

    Raises:
        BadInput: the experiment has more than ``MOST_QUBITS`` qubits, or takes more memory than
            this machine has.

    Example:
        >>> import recycling
        >>> experiment = recycling.Experiment(
        ...     name="tiny",
        ...     algorithm={"name": "repeat-until-success"},
        ...     device={"profile": "ideal"},
        ...     sweep={"theta": [0.3, 0.6], "p_x": [0.1]},
        ... )
        >>> found = predicted(recycling.plan(experiment))
        >>> found["heat"].sizes["theta"], found["noise"].values.tolist()[2:]
        (2, ['excited population of B', 'excited population of S'])
    """
    experiment, device = plan.experiment, plan.device
    qubits = device.num_qubits
    if qubits > MOST_QUBITS:
        raise BadInput(f"no prediction: {qubits} qubits are more than {MOST_QUBITS}")
    check_engine(experiment)
    numbers, devices = displaced_devices(device, STEP)
    circuits, further = plan.circuits, device.dt
    if qubits > MOST_DISPLACED:
        numbers, devices = (), device.replace("displaced", t1=device.t1[None])
    else:
        devices, circuits = and_later(devices, further), _waiting_longer(plan)
    table = protocol_table(protocol_pubs(experiment, circuits), devices, experiment.design)
    # (arm, stage, preparation, device, …) → (device, arm, stage, preparation, …)
    by_device = table.transpose(3, 0, 1, 2, *range(4, table.ndim))
    acting = [number for number, moved in zip(numbers, by_device[1:], strict=False)
              if (moved != by_device[0]).any()]  # fmt: skip
    slope = (by_device[-1] - by_device[0]) / further  # 0 where nothing is displaced
    places = [0, *(1 + numbers.index(number) for number in acting)]
    attributes = experiment_attributes(experiment, device)
    return prediction_dataset(
        experiment,
        by_device[places],
        acting,
        STEP,
        link=channel_of(attributes),
        latency=LatencySlope(
            slope,
            round(float(device.feedforward_latency) / device.dt) * device.dt,
            experiment.prediction.feedforward_latency,
        ),
        attributes=attributes | _origin(plan),
    )


def _waiting_longer(plan: Plan) -> dict[Setting, QuantumCircuit]:
    """Circuits of a plan that wait for a further time, ``LATENCY``, for each feedforward."""
    from qiskit.circuit import Parameter

    further, target = Parameter(LATENCY), plan.experiment.design.target
    late = [place for place, role in enumerate(plan.device.roles) if role in target]
    return {
        setting: waiting_longer(circuit, further, late)
        for setting, circuit in plan.circuits.items()
    }


def _origin(plan: Plan) -> dict[str, Any]:
    """Attributes that say what was predicted, and by what."""
    record = plan.device.model_dump_json()
    return {
        "data_kind": "modelled",
        "errors": "assumed: the section [prediction] of the spec",
        "interval": "95 %, to first order in the assumed errors of the calibration; no shots",
        "device_sha256": hashlib.sha256(record.encode()).hexdigest(),
        "version_thermodynamic-recycling": metadata.version("thermodynamic-recycling"),
    }


def sealed_prediction(plan: Plan) -> bytes | str:
    """Content of the prediction's file, or why there is none.

    Example:
        >>> import recycling
        >>> experiment = recycling.Experiment(
        ...     name="tiny",
        ...     algorithm={"name": "repeat-until-success"},
        ...     device={"profile": "ideal"},
        ...     sweep={"theta": [0.3, 0.6], "p_x": [0.1]},
        ... )
        >>> sealed_prediction(recycling.plan(experiment))[1:4]
        b'HDF'
    """
    try:
        return prediction_bytes(predicted(plan))
    except BadInput as error:
        return error.one_line
