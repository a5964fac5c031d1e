"""How the circuits of an experiment reach a Qiskit backend, and what device is behind it.

A simulator gets the qubits of the device alone, since Aer takes minutes for a complete chip, with
thermal start and idle noise written in, since Aer has neither. A machine gets them on its chip.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from recycling.compilation.place import place_on_chip
from recycling.errors import BadInput
from recycling.execution.aer import noise_model, simulator_of, with_idle_noise
from recycling.execution.ibm.given import Given, machine_behind, simulated_here
from recycling.execution.machine import placed_circuit
from recycling.planning.chips import build_device
from recycling.planning.circuits import compile_all
from recycling.planning.plan import check_for_machine

if TYPE_CHECKING:
    from qiskit import QuantumCircuit

    from circuits.design import Setting
    from recycling.devices.device import Device
    from recycling.spec.experiment import Experiment


@dataclass(frozen=True)
class Way:
    """The device behind a backend, and the compiled circuit of each setting on its qubits.

    Attributes:
        device: the qubits of the backend that are used.
        circuits: with the parameters of sweep and basis open.
        chip: number of qubits of the chip; None where the backend has no map of qubits.
        here: whether the backend is simulated on this machine.
        simulated: whether its shots are simulated, here or by a service.

    Example:
        >>> from recycling.devices.profiles import ideal_device
        >>> device = ideal_device(temperature=0.043, frequency=5e9)
        >>> Way(device, {}, chip=None, here=True, simulated=True).simulator().name
        'aer_simulator_statevector'
    """

    device: Device
    circuits: Mapping[Setting, QuantumCircuit]
    chip: int | None
    here: bool
    simulated: bool

    def sent(self, *, noisy: bool) -> dict[Setting, QuantumCircuit]:
        """Circuits as they are sent; ``noisy``: to our simulator, else to a backend or Sampler."""
        if noisy:
            return {
                setting: with_idle_noise(circuit, self.device)
                for setting, circuit in self.circuits.items()
            }
        layout, chip = self.device.layout, self.chip
        if layout is None or chip is None:
            return dict(self.circuits)
        if self.here:  # nobody schedules there
            return {
                setting: place_on_chip(circuit, layout, chip, keep_delays=True)
                for setting, circuit in self.circuits.items()
            }
        return {
            setting: placed_circuit(circuit, self.device, chip)
            for setting, circuit in self.circuits.items()
        }

    def simulator(self) -> Any:
        """Aer with the noise of the device."""
        return simulator_of(noise_model(self.device))


def way_to(experiment: Experiment, backend: Any | None, *, sampled: bool = False) -> Way:
    """Find the device of an experiment on a backend, and compile its circuits.

    Args:
        experiment: validated spec.
        backend: a machine or snapshot, whose calibration is read; an Aer simulator of one; or Aer
            without a map of qubits, which stands for the device profile of the spec, as None does.
        sampled: whether a Sampler of the user takes the circuits as they are.

    Raises:
        BadInput: the layout is impossible, the backend lacks a native gate, or the spec changes
            numbers that a machine has by itself.

    Example:
        >>> from recycling.spec.experiment import Experiment
        >>> experiment = Experiment(
        ...     name="tiny",
        ...     algorithm={"name": "repeat-until-success"},
        ...     device={"profile": "ideal"},
        ...     sweep={"theta": [0.6], "p_x": [0.4]},
        ... )
        >>> from qiskit_aer import AerSimulator
        >>> way = way_to(experiment, AerSimulator())
        >>> way.device.roles, way.chip, way.simulated
        (('data', 'ancilla', 'B', 'S'), None, True)
    """
    here = backend is None or simulated_here(backend)
    chip = None if backend is None or getattr(backend, "coupling_map", None) is None else backend
    if chip is None and not here:
        raise BadInput(f"backend = {backend}: it has no coupling map; give a machine that has one")
    if here and chip is None and not sampled:
        _refuse_noise(backend)
    machine = None if here else machine_behind(backend)
    if machine is not None:
        check_for_machine(experiment, Given(machine))
    device = build_device(experiment, chip)
    return Way(
        device,
        compile_all(experiment, device),
        chip=None if chip is None else int(chip.num_qubits),
        here=here,
        simulated=here or (machine is not None and machine.simulated),
    )


def _refuse_noise(backend: Any | None) -> None:
    """Refuse a noise model of the user's, in whose place that of the spec's device would act."""
    if getattr(getattr(backend, "options", None), "noise_model", None) is not None:
        raise BadInput(
            "backend: a simulator without coupling map takes the noise of device.profile; remove "
            "its noise_model, or give sampler= to keep it"
        )
