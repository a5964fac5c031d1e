"""What the exact engine says of the circuits of a study: populations without any readout error.

They are modelled, on the device as it was at run time, also where a machine measured.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from circuits.calibration.resets import PHASE
from recycling.compilation.structure import duration_of_circuit
from recycling.jobs.job import Pub
from recycling.ledger.control import Pulses, count_pulses
from recycling.simulation.probabilities import pub_probabilities
from recycling.studies.reset.keys import Key
from recycling.studies.reset.spec import BATHS, QUBIT

if TYPE_CHECKING:
    from qiskit import QuantumCircuit

    from recycling.devices.device import Device

Real = NDArray[np.float64]
Circuits = Mapping[Key, "QuantumCircuit"]


def model_populations(circuits: Circuits, device: Device) -> dict[Key, Real]:
    """Compute the populations of the qubit and its baths before the final measurement.

    Args:
        circuits: compiled circuits; those of the readout are left out.
        device: the device they were compiled for.

    Returns:
        For each circuit an array of shape (qubit,): the qubit, then its baths.

    Example:
        >>> from recycling.devices.profiles import ideal_device
        >>> from recycling.devices.resets import with_resets
        >>> from recycling.studies.reset.plan import compile_resets
        >>> from recycling.studies.reset.spec import ResetSpec
        >>> ideal = ideal_device(temperature=0.043, frequency=5e9)
        >>> device = with_resets(ideal.replace("example", measure_duration=(1e-6,) * 6))
        >>> circuits = compile_resets(ResetSpec(methods=("swap",), rounds=(1,)), device)
        >>> model_populations(circuits, device)["swap", 1, "1"].round(4).tolist()
        [0.0075, 0.9925, 0.0038]
    """
    keys = [key for key in circuits if key.group != "readout"]
    pubs = [Pub(circuits[key], {PHASE: np.zeros(())}) for key in keys]
    places = [device.roles.index(role) for role in (QUBIT, *BATHS)]
    e0, e1 = device.false_excited[places], device.false_ground[places]
    # The engine records what the readout makes of a population, and without shots that is undone.
    return {
        key: (first_records(table) - e0) / (1 - e0 - e1)
        for key, table in zip(keys, pub_probabilities(pubs, device), strict=True)
    }


def first_records(table: Real) -> Real:
    """Fraction of first records 1 of each qubit, from the joint table of both (qubit,).

    Example:
        >>> first_records(np.array([[0.7, 0.1], [0.0, 0.2]])).round(2).tolist()
        [0.2]
    """
    qubits = table.ndim // 2
    return np.array(
        [
            table.sum(axis=tuple(axis for axis in range(table.ndim) if axis != qubit))[1]
            for qubit in range(qubits)
        ]
    )


def durations(circuits: Circuits, device: Device) -> dict[Key, float]:
    """Compute what each reset takes in the compiled circuit, where its condition is met, s.

    Example:
        >>> durations({}, None)
        {}
    """
    lengths = {key: duration_of_circuit(circuit, device) for key, circuit in circuits.items()}
    return {
        key: length - lengths[Key("control", 0, key.prepared)]
        for key, length in lengths.items()
        if key.group not in ("readout", "control")
    }


def pulses(circuits: Circuits, device: Device) -> dict[Key, Pulses | None]:
    """Count what drives each reset, where its condition is met; None where a machine hides it.

    Example:
        >>> pulses({}, None)
        {}
    """
    kept = {key: circuit for key, circuit in circuits.items() if key.group != "readout"}
    counted = {key: count_pulses(circuit, device) for key, circuit in kept.items()}
    found: dict[Key, Pulses | None] = {}
    for key, each in counted.items():
        if key.group == "control":
            continue
        rest = counted[Key("control", 0, key.prepared)]
        found[key] = None if key.group == "reset" else Pulses(
            each.single - rest.single,
            each.double - rest.double,
            each.measurements - rest.measurements,
        )  # fmt: skip
    return found
