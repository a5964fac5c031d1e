"""The experiment: the protocol as qiskit-experiments runs it."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
from qiskit_experiments.framework import (
    BaseExperiment,
    ExperimentConfig,
    ExperimentData,
    MeasLevel,
    Options,
)

from circuits.tomography import BASIS_ANGLES, basis_parameters
from recycling.errors import BadInput
from recycling.execution.ibm.given import sampler_on
from recycling.integrations.qiskit_experiments.analysis import RecyclingAnalysis
from recycling.integrations.qiskit_experiments.jobs import cut_at_points, submitted_here
from recycling.integrations.qiskit_experiments.settings import settings_of
from recycling.integrations.qiskit_experiments.sources import experiment_of
from recycling.integrations.qiskit_experiments.stored import ENTRY, entry_of
from recycling.integrations.qiskit_experiments.ways import Way, way_to
from recycling.jobs.sizes import check_size

if TYPE_CHECKING:
    from qiskit import QuantumCircuit
    from qiskit.providers import Backend

    from recycling.spec.named import Source


class RecyclingErasure(BaseExperiment):  # type: ignore[misc]
    """Erasure with and without thermodynamic recycling, over the sweep of a spec.

    Circuits are compiled by this package, with a layout that routes well, and are not transpiled
    again: that would drop the erasure or scatter the conditional reset over the chip. All circuits
    of a point of the sweep go into one job.

    On a snapshot or an Aer simulator the shots are those of ``fake:NAME`` or ``aer``: on the qubits
    of the device alone, with thermal start and idle noise. The options of ``[hardware]`` go to a
    machine. ``set_run_options(shots=…, seed_simulator=…)`` overrule the spec.

    Example:
        >>> from qiskit_aer import AerSimulator
        >>> spec = {
        ...     "name": "tiny",
        ...     "algorithm": {"name": "repeat-until-success"},
        ...     "device": {"profile": "ideal"},
        ...     "sweep": {"theta": [0.6], "p_x": [0.4]},
        ...     "measurement": {"shots": 50, "trials": 1},
        ... }
        >>> data = RecyclingErasure(spec).run(AerSimulator()).block_for_results()
        >>> data.analysis_results("verdict_tight", dataframe=True)["arm"].tolist()
        ['recycling']
    """

    def __init__(
        self,
        source: Source | Mapping[str, Any] = "paper",
        physical_qubits: Sequence[int] | Mapping[str, int] | None = None,
        backend: Backend | None = None,
    ) -> None:
        """Read and check the spec.

        Args:
            source: an experiment; the content of a spec; the path of a TOML file; or the name of a
                preset.
            physical_qubits: qubit of each role, by name or in the order of the design's roles; None
                takes the layout of the spec, by default the best of the backend.
            backend: where it runs.

        Raises:
            BadInput: the spec has faults, or measures what cannot be had here.
        """
        self.spec = experiment_of(source, physical_qubits)
        self._way: Way | None = None
        # Whoever is not our own ``run`` gets circuits for a backend: a Sampler, or a batch.
        self._sampled = True
        roles = self.spec.design.roles
        layout = self.spec.device.layout
        qubits = [layout[role] for role in roles] if isinstance(layout, dict) else range(len(roles))
        super().__init__(qubits, analysis=RecyclingAnalysis(), backend=backend)
        self._run_options.update_options(shots=self.spec.measurement.shots)

    @classmethod
    def _default_run_options(cls) -> Options:
        return Options(meas_level=MeasLevel.CLASSIFIED, shots=None, seed_simulator=None)

    def _set_backend(self, backend: Backend) -> None:
        super()._set_backend(backend)
        self._way = None

    @property
    def way(self) -> Way:
        """Device and compiled circuits; a plan of the spec's device profile without a backend."""
        if self._way is None:
            self._way = way_to(self.spec, self._backend, sampled=self._sampled)
            if self._way.device.layout is not None:
                self._physical_qubits = self._way.device.layout
        return self._way

    def circuits(self) -> list[QuantumCircuit]:
        """Compiled circuits on the qubits of the device, one for each setting."""
        return self._bound(self.way.circuits)

    def _transpiled_circuits(self) -> list[QuantumCircuit]:
        noisy = self.way.here and not self._sampled
        return self._bound(self.way.sent(noisy=noisy))

    def _bound(self, circuits: Mapping[Any, QuantumCircuit]) -> list[QuantumCircuit]:
        bound = []
        angles = {
            basis: dict(zip(basis_parameters(), each, strict=True))
            for basis, each in BASIS_ANGLES.items()
        }
        for number, setting in enumerate(settings_of(self.spec)):
            circuit = circuits[setting["arm"], setting["stage"], setting["preparation"]]
            values = {**setting["values"], **angles[setting["basis"]]}
            held = {each.name for each in circuit.parameters}
            one = circuit.assign_parameters({name: values[name] for name in held})
            one.name, one.metadata = f"{circuit.name} {number}", setting
            bound.append(one)
        return bound

    def run(
        self, backend: Backend | None = None, sampler: Any = None, *args: Any, **options: Any
    ) -> ExperimentData:
        """Run and analyse; see ``BaseExperiment.run``. A ``sampler`` gets the circuits as they are.

        Raises:
            BadInput: the experiment cannot run on the backend. Nothing is submitted.
        """
        other = self.copy()
        other._sampled = sampler is not None
        return super(RecyclingErasure, other).run(backend, sampler, *args, **options)

    def _run_jobs(
        self, circuits: list[QuantumCircuit], sampler: Any = None, **options: Any
    ) -> list[Any]:
        if self._backend_run or options["meas_level"] != MeasLevel.CLASSIFIED:
            raise BadInput("backend_run, meas_level: give sampler=, and shots that are classified")
        shots, seed = options["shots"], options["seed_simulator"]
        seed = self.spec.seed if seed is None else seed
        parts = cut_at_points(self.spec, circuits, shots, self._max_circuits(self.backend))
        if sampler is None and self.way.here:
            check_size(self.spec, "fake")
            seeds = np.random.SeedSequence(seed).generate_state(len(parts)).tolist()
            return submitted_here(self.way.simulator(), parts, shots, seeds)
        if sampler is None:
            sampler = sampler_on(self.backend, self.spec.hardware)
        return [sampler.run(part, shots=shots) for part in parts]

    def _metadata(self) -> dict[str, Any]:
        found: dict[str, Any] = super()._metadata()
        measured = self.spec.with_(measurement__shots=self.run_options.shots)
        entry = entry_of(measured, self.way.device, simulated=self.way.simulated)
        return {**found, ENTRY: entry}

    def config(self) -> ExperimentConfig:
        """Spec and options as JSON can hold them; ``from_config`` makes an equal experiment."""
        content = tomllib.loads(self.spec.to_toml())
        return replace(super().config(), args=(), kwargs={"source": content})
