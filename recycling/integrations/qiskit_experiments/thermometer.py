"""The thermal population of a qubit, which no experiment of qiskit-experiments measures."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from qiskit_experiments.framework import (
    AnalysisResultData,
    BaseAnalysis,
    BaseExperiment,
    MeasLevel,
    Options,
)
from uncertainties import ufloat

from recycling.compilation.calibrations import compile_brackets
from recycling.compilation.place import place_on_chip
from recycling.devices.profiles import calibration_of, device_from_backend
from recycling.errors import BadInput
from recycling.execution.aer import noise_model, simulator_of, with_idle_noise
from recycling.execution.ibm.given import sampler_on, simulated_here
from recycling.inference.bath.brackets import Quantity, analyse_bracket, effective_temperature
from recycling.integrations.qiskit_experiments.jobs import submitted_here
from recycling.integrations.qiskit_experiments.settings import record_of
from recycling.spec.sections import HardwareSpec

if TYPE_CHECKING:
    from qiskit import QuantumCircuit
    from qiskit.providers import Backend

    from recycling.devices.device import Device

#: Units of the results by name; the others are probabilities.
_UNITS = {"t1": "s", "t2": "s", "temperature": "K"}


class ThermalPopulation(BaseExperiment):  # type: ignore[misc]
    """Excited population and temperature of a qubit, apart from its readout errors; T1 and T2 too.

    The qubit is measured twice after a long wait: an excitation is recorded twice, a readout error
    once. Source: ``circuits.calibration.characterisation``.

    Example:
        >>> from qiskit_ibm_runtime.fake_provider import FakeMarrakesh
        >>> experiment = ThermalPopulation([10], frequency=5e9, simulated_temperature=0.1)
        >>> experiment.set_run_options(shots=500, seed_simulator=1)
        >>> data = experiment.run(FakeMarrakesh()).block_for_results()
        >>> data.analysis_results("temperature", dataframe=True)["unit"].tolist()
        ['K']
    """

    def __init__(
        self,
        physical_qubits: Sequence[int],
        backend: Backend | None = None,
        frequency: float | None = None,
        simulated_temperature: float = 0.05,
    ) -> None:
        """Take a qubit.

        Args:
            physical_qubits: the qubit.
            backend: where it runs: with x, sx, rz and cz, T1 and T2.
            frequency: of the qubit, Hz; None takes what the backend reports.
            simulated_temperature: of the qubit on a simulator, K: no snapshot holds one.

        Raises:
            BadInput: that is not a single qubit.
        """
        if len(physical_qubits) != 1:
            raise BadInput(f"physical_qubits = {list(physical_qubits)}: give a single qubit")
        self._frequency, self._temperature = frequency, simulated_temperature
        super().__init__(physical_qubits, analysis=ThermalPopulationAnalysis(), backend=backend)

    @classmethod
    def _default_run_options(cls) -> Options:
        return Options(meas_level=MeasLevel.CLASSIFIED, shots=4000, seed_simulator=None)

    @property
    def device(self) -> Device:
        """The qubit on its backend.

        Raises:
            BadInput: no frequency is known, or there is no backend.
        """
        if self._backend is None:
            raise BadInput("backend = None: T1 and T2 of the qubit set the delays; give a backend")
        (qubit,) = self.physical_qubits
        known = self._backend.target.qubit_properties
        frequency = self._frequency or (known and getattr(known[qubit], "frequency", None))
        if not frequency:
            raise BadInput("frequency = None: the backend reports none; give it in Hz")
        return device_from_backend(
            self._backend,
            (qubit,),
            temperature=self._temperature,
            frequency=float(frequency),
            feedforward_latency=0.0,
            calibration=calibration_of(self._backend),
            roles=("B",),
        )

    def circuits(self) -> list[QuantumCircuit]:
        """Compiled circuits on the qubit alone, with their names in the metadata."""
        found = list(compile_brackets(self.device))
        for circuit in found:
            circuit.metadata = {**circuit.metadata, "circuit": circuit.name}
        return found

    def _transpiled_circuits(self) -> list[QuantumCircuit]:
        chip = int(self._backend.num_qubits)
        return [
            place_on_chip(circuit, self.physical_qubits, chip, keep_delays=True)
            for circuit in self.circuits()
        ]

    def _run_jobs(
        self, circuits: list[QuantumCircuit], sampler: Any = None, **options: Any
    ) -> list[Any]:
        shots = options["shots"]
        if sampler is None and simulated_here(self._backend):
            device, seed = self.device, options["seed_simulator"]
            noisy = [with_idle_noise(circuit, device) for circuit in self.circuits()]
            simulator = simulator_of(noise_model(device))
            return submitted_here(simulator, [noisy], shots, [0 if seed is None else seed])
        sampler = sampler_on(self._backend, HardwareSpec()) if sampler is None else sampler
        return [sampler.run(circuits, shots=shots)]

    def _metadata(self) -> dict[str, Any]:
        found: dict[str, Any] = super()._metadata()
        return {**found, "frequency": float(self.device.frequency[0])}


class ThermalPopulationAnalysis(BaseAnalysis):  # type: ignore[misc]
    """T1, T2 of an echo, readout errors, populations and temperature, each with its error.

    Example:
        >>> ThermalPopulationAnalysis().options.figure_names is None
        True
    """

    def _run_analysis(self, experiment_data: Any) -> tuple[list[AnalysisResultData], list[Any]]:
        entries = experiment_data.data()
        metadata = {each["metadata"]["circuit"]: each["metadata"] for each in entries}
        counts = {each["metadata"]["circuit"]: _records(each["counts"]) for each in entries}
        bracket = analyse_bracket(counts, metadata)
        frequency = experiment_data.metadata["frequency"]
        temperature = effective_temperature(bracket.thermal_population, frequency)
        found = {name: getattr(bracket, name) for name in type(bracket).model_fields}
        return [_result(*each) for each in ({**found, "temperature": temperature}).items()], []


def _records(counts: Mapping[str, int]) -> np.ndarray[Any, np.dtype[np.int64]]:
    """Counts of both records (array of shape (2, 2), the first record first)."""
    table = np.zeros(4, dtype=np.int64)
    for key, count in counts.items():
        table[record_of(key, 2)] += count
    return table.reshape(2, 2).T


def _result(name: str, quantity: Quantity) -> AnalysisResultData:
    known = np.isfinite(quantity.value)
    quality = "bad" if not known else "unknown" if quantity.note else "good"
    value = ufloat(quantity.value, quantity.stderr) if known else float("nan")
    extra = {"unit": _UNITS.get(name, "1"), "note": quantity.note}
    return AnalysisResultData(name, value, quality=quality, extra=extra)
