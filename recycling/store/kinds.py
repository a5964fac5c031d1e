"""What a run directory must know of what was run in it: given by whoever opens the run."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    import xarray as xr
    from qiskit import QuantumCircuit

    from recycling.devices.device import Device
    from recycling.jobs.job import Job
    from recycling.spec.experiment import Experiment
    from recycling.store.directory import Run
    from recycling.store.outcomes import Form


class Kind(Protocol):
    """A kind of run. Its spec is of a type that nobody here knows."""

    @property
    def name(self) -> str:
        """Name of the kind in run.json."""

    def stored(self, text: str, changes: Mapping[str, Any], /) -> Any:
        """Spec of a stored run, with the fields that were overruled.

        Raises:
            BadInput: it is none.
        """

    def experiment(self, spec: Any, /) -> Experiment:
        """The experiment of a spec: its device, and the qubits on it."""

    def jobs(self, spec: Any, record: Mapping[str, Any], /) -> tuple[Job, ...]:
        """All jobs of a run with a spec and a content of run.json, as they are submitted."""

    def form(self, spec: Any, job: Job, /) -> Form:
        """What the outcomes of a job look like."""

    def circuit_names(self, spec: Any, /) -> Mapping[Any, str]:
        """Name of each circuit in circuits.qpy, by what the circuit is for."""

    def check_circuit(self, circuit: QuantumCircuit, device: Device, spec: Any, /) -> None:
        """Check that a circuit is one of the kind, on a device.

        Raises:
            Damaged: it is not.
        """

    def dataset(self, run: Run, /) -> xr.Dataset:
        """Results of a run."""

    def verdicts(self, run: Run, /) -> Sequence[Any]:
        """Verdicts of a run.

        Raises:
            BadInput: runs of the kind have none.
        """

    def controls(self, run: Run, /) -> Sequence[Any]:
        """Checks that the verdicts of a run need.

        Raises:
            BadInput: runs of the kind have none.
        """

    def calibrations(self, run: Run, /) -> Any:
        """What was measured of the machine with a run.

        Raises:
            BadInput: runs of the kind measure nothing beside.
        """

    def status(self, run: Run, /) -> Mapping[str, Any]:
        """What happened to the jobs of a run so far."""


#: Gives the kind of a run by its name in run.json; BadInput where there is none.
Kinds = Callable[[str], Kind]
#: What a circuit is for, e.g. arm, stage and preparation.
Key = Hashable
