"""A study as data: all that is peculiar to one kind of run.

It is what the run directory asks of a kind of run (``recycling.store.kinds.Kind``), what running
asks of it (``recycling.running.work.Study``), and what the command line shows at the end.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from recycling.errors import BadInput

if TYPE_CHECKING:
    import xarray as xr
    from qiskit import QuantumCircuit

    from recycling.devices.device import Device
    from recycling.execution.machine import Connection
    from recycling.execution.registry import BackendName, Simulate
    from recycling.jobs.job import Job
    from recycling.reporting.status_shown import Status
    from recycling.reporting.tables import Table
    from recycling.results.formats import Table as Exported
    from recycling.running.work import Planned
    from recycling.spec.experiment import Experiment
    from recycling.store.directory import Run
    from recycling.store.outcomes import Form
    from recycling.store.rounds import Look


@dataclass(frozen=True)
class Conclusion:
    """What the command line shows of a run at its end.

    Attributes:
        record: the results for scripts.
        tables: tables with their titles.
        headline: what was found, in one sentence.
        files: what was written, by what it is.
    """

    record: Mapping[str, Any]
    tables: Sequence[tuple[Table, str]]
    headline: str
    files: Mapping[str, Path] = field(default_factory=dict)


def _simulated_by_the_backend(_planned: Planned) -> Simulate | None:
    return None


def _nothing_predicted(_planned: Planned) -> bytes | str | None:
    return None


def _nothing_to_note(_run: Run) -> Iterable[tuple[str, Mapping[str, Any]]]:
    return ()


def _no_look(_run: Run, _rounds: int, _qpu_seconds: float | None) -> Look:
    raise BadInput("until: only runs of the protocol stop when they are settled; leave it out")


def _nothing_to_keep(_run: Run) -> None:
    return None


def _of_any_size(_spec: Any, _name: BackendName, _path: Path) -> None:
    return None


def _of_the_protocol_alone(run: Run) -> Any:
    """Refuse a run of another study."""
    raise BadInput(
        f"run = {str(run.path)!r} is a {run.kind} run: only runs of the protocol have verdicts, "
        "controls and calibrations"
    )


def _without_dataset(run: Run) -> Any:
    raise BadInput(f"run = {str(run.path)!r} is a {run.kind} run: it has no dataset")


def _status(run: Run) -> Status:
    from recycling.reporting.status import status_summary
    from recycling.reporting.status_shown import Status

    return Status(status_summary(run))


@dataclass(frozen=True)
class Study:
    """A kind of run. A spec is of any type that the study reads.

    Attributes:
        name: name in run.json.
        again: how to get the results of a stored run, where they are not those of the protocol;
            ``{path}`` stands for its directory.
        read: spec from a text, the top-level fields that overrule it, and the name of its file.
        stored: spec of a stored run from its text and changes, whose quantities may be any.
        to_toml: spec as TOML that ``read`` reads back as an equal spec.
        timed: whether the telemetry tells how long planning and collecting took.
        fingerprint: value that is equal for equal specs.
        experiment: the experiment of a spec: its device, and the qubits on it.
        jobs: all jobs of a spec and a content of run.json, in the order of their submission.
        form: form of the outcomes of a job.
        circuit_names: name of each circuit in circuits.qpy, by what the circuit is for.
        check_circuit: raises ``Damaged`` for a circuit that is none of the study on a device.
        plan: plan of a spec for a backend, by the way to its machine or None for a simulator.
        stored_plan: plan of a stored run, with the circuits that it began with (True) or compiled
            again (False); no machine is asked.
        check: raises ``BadInput`` for a plan above the limits of its machine or a budget in s.
        check_size: raises ``BadInput`` for a spec that does not fit this computer or a folder.
        predict: content of prediction.nc, or why there is none, before the first submission; None
            where nothing is predicted.
        simulate: executes a job of a plan here; None takes the simulator of the backend.
        notes: events for the telemetry of a run at its end.
        look: looks at the first rounds of a run that stops when it is settled, after a QPU time in
            s, and says what follows.
        keep: keeps what else belongs to a run at its end, once it is noted.
        conclude: writes the results of a complete run, calling a function with each step as it
            begins; None where the command line shows the verdicts of the protocol.
        reread: does so for a stored run, with a folder for the files or None for the run's; None
            for a study whose runs the commands for stored runs do not read.
        tables: tables of a stored run to export, and what else is known of it.
        dataset, verdicts, controls, calibrations, status: what ``Run`` has of these names.

    Example:
        >>> from recycling.studies import study_of
        >>> study = study_of("protocol")
        >>> study.read('name = "tiny"', {}, "").measurement.shots
        8000
    """

    name: str
    read: Callable[[str, Mapping[str, Any], str], Any]
    stored: Callable[[str, Mapping[str, Any]], Any]
    to_toml: Callable[[Any], str]
    experiment: Callable[[Any], Experiment]
    jobs: Callable[[Any, Mapping[str, Any]], tuple[Job, ...]]
    form: Callable[[Any, Job], Form]
    circuit_names: Callable[[Any], Mapping[Any, str]]
    check_circuit: Callable[[QuantumCircuit, Device, Any], None]
    plan: Callable[[Any, BackendName, Connection | None], Planned]
    stored_plan: Callable[[Run, BackendName, bool], Planned]
    check: Callable[[Planned, float | None], None]
    timed: bool = True
    fingerprint: Callable[[Any], Any] = lambda spec: spec
    check_size: Callable[[Any, BackendName, Path], None] = _of_any_size
    predict: Callable[[Planned], bytes | str | None] = _nothing_predicted
    simulate: Callable[[Planned], Simulate | None] = _simulated_by_the_backend
    notes: Callable[[Run], Iterable[tuple[str, Mapping[str, Any]]]] = _nothing_to_note
    look: Callable[[Run, int, float | None], Look] = _no_look
    keep: Callable[[Run], None] = _nothing_to_keep
    conclude: Callable[[Run, Callable[[str], None]], Conclusion] | None = None
    reread: Callable[[Run, Callable[[str], None], Path | None], Conclusion] | None = None
    tables: Callable[[Run], tuple[list[Exported], Mapping[str, Any]]] | None = None
    again: str = "recycling resume {path}"
    dataset: Callable[[Run], xr.Dataset] = _without_dataset
    verdicts: Callable[[Run], Sequence[Any]] = _of_the_protocol_alone
    controls: Callable[[Run], Sequence[Any]] = _of_the_protocol_alone
    calibrations: Callable[[Run], Any] = _of_the_protocol_alone
    status: Callable[[Run], Mapping[str, Any]] = _status
