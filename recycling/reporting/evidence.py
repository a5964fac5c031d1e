"""What a report is made from: a run, its analysis, and what follows from both, each read once."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from circuits.design import Setting
from recycling.compilation.timeline import Operation
from recycling.compilation.true_times import Comparison as TrueTimes
from recycling.errors import BadInput
from recycling.reporting import paper
from recycling.reporting.paper import Comparison
from recycling.reporting.readings import readout_datasets
from recycling.results.calibrations import Calibrations, calibrations, correction_of
from recycling.results.controls import Control, controls
from recycling.results.theory import stored_theory
from recycling.results.timing import comparisons

if TYPE_CHECKING:
    import xarray as xr
    from qiskit import QuantumCircuit

    from recycling.inference.bath.thermometry import Thermometry
    from recycling.inference.readout.assignment import Assignment
    from recycling.inference.readout.correction import Readout
    from recycling.spec.experiment import Experiment
    from recycling.store.directory import Run


@dataclass(frozen=True)
class Evidence:
    """A run with its analysis.

    Attributes:
        run: opened run.
        dataset: its analysis.
        folder: another folder that may hold files derived from it, such as its theory.
    """

    run: Run
    dataset: xr.Dataset
    folder: Path | None = None

    @property
    def experiment(self) -> Experiment:
        """The spec of the run."""
        return self.run.experiment

    @cached_property
    def theory(self) -> xr.Dataset | None:
        """Noiseless counterpart of the run, if it was kept."""
        return stored_theory(self.run, self.folder)

    @cached_property
    def circuit(self) -> QuantumCircuit | None:
        """The longest compiled circuit; None where the circuits cannot be read."""
        if self.run.circuits_fault:
            return None
        return self.run.circuits[self._longest]

    @property
    def _longest(self) -> Setting:
        """Setting of the longest circuit: the arm that resets, after the erasure."""
        design = self.experiment.design
        (resets,) = (arm.name for arm in design.arms if arm.resets)
        return resets, design.stages[-1], design.preparations[-1]

    @cached_property
    def timing(self) -> dict[Setting, TrueTimes | None]:
        """Each circuit as it was planned beside the schedule of the service, if there are any."""
        return comparisons(self.run)

    @property
    def true_operations(self) -> tuple[Operation, ...]:
        """The longest circuit as the service scheduled it; empty where that is not known."""
        found = self.timing.get(self._longest)
        return () if found is None else found.true

    @cached_property
    def calibrations(self) -> Calibrations:
        """What the run's calibrations say."""
        return calibrations(self.run)

    @cached_property
    def assignment(self) -> Assignment | None:
        """Readout errors that the run is corrected for; None where nobody gave any."""
        return correction_of(self.run)

    @property
    def temperatures(self) -> dict[str, Thermometry]:
        """Temperature of the bath by each source."""
        return self.calibrations.temperatures

    @cached_property
    def readouts(self) -> dict[Readout, xr.Dataset | BadInput]:
        """Analyses at the shown p_x by readout, or why there is none."""
        temperature = self.dataset.attrs["temperature_K"]
        return readout_datasets(self.run, self.assignment, temperature, self.dataset)

    @property
    def raw(self) -> xr.Dataset | None:
        """The analysis with readout as recorded, at the shown p_x at least; None without it."""
        if self.dataset.attrs["readout"] == "raw":
            return self.dataset
        raw = self.readouts["raw"]
        return None if isinstance(raw, BadInput) else raw

    @property
    def corrected(self) -> xr.Dataset | None:
        """What raw results are to be compared with, where there is anything."""
        corrected = self.readouts["corrected"]
        if self.dataset.attrs["readout"] != "raw" or isinstance(corrected, BadInput):
            return None
        return corrected

    @cached_property
    def controls(self) -> list[Control]:
        """Controls of the analysis."""
        return controls(self.dataset)

    @cached_property
    def comparisons(self) -> list[Comparison]:
        """The run beside the paper; none where it is another experiment."""
        return paper.compare(paper.replay_of(self.run, self.dataset, self.theory))
