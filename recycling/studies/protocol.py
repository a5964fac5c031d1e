"""The study of the protocol: an algorithm's failures recycled into the bath of an erasure.

A run is opened, analysed and reported without an engine: what plans and executes is imported late.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

from recycling.errors import BadInput
from recycling.execution.machine import Account
from recycling.execution.registry import BackendName
from recycling.jobs.cut import all_jobs, protocol_sweeps
from recycling.jobs.interleaved import assignment_repeats
from recycling.jobs.job import Job, axes_of
from recycling.running import runs
from recycling.running.work import Conduct, Progress, Watch
from recycling.spec.experiment import Experiment
from recycling.spec.messages import parse_spec
from recycling.spec.named import Source, read_source
from recycling.store.circuits import check_protocol
from recycling.store.directory import Run
from recycling.store.identity import assignments_of
from recycling.store.origin import COUNTS
from recycling.store.outcomes import Form
from recycling.studies.study import Study
from recycling.studies.until import FUTILITY, until_rule

if TYPE_CHECKING:
    import xarray as xr

    from recycling.execution.machine import Connection
    from recycling.planning.plan import Plan
    from recycling.results.calibrations import Calibrations
    from recycling.results.judged import Controls, Verdicts
    from recycling.store.rounds import Look


def run(
    experiment: Source,
    backend: str = "exact",
    out: str | Path | None = None,
    *,
    spec: str | None = None,
    changes: Mapping[str, Any] | None = None,
    account: Account | None = None,
    max_qpu_seconds: float | None = None,
    until: str | None = None,
    until_points: int = 1,
    spending: str = "obrien-fleming",
    futility: float = FUTILITY,
    wait: bool = True,
    progress: Progress = lambda _step: None,
    watch: Watch = lambda _job, _state, _done: None,
) -> Run:
    """Run an experiment and store it. The same call goes on with a run, and pays for none twice.

    Args:
        experiment: an experiment, the path of a spec, or the name of a preset.
        backend: "exact", "aer", "fake:NAME", "ibm:NAME", or one of an installed package.
        out: run directory to create, or one of the same experiment on the same backend, which is
            brought to its end; by default ``runs/<name>-<time>``.
        spec: text of the spec to keep; by default that of the file or preset, or the experiment
            written out as TOML.
        changes: top-level fields that overrule the text.
        account: whose account to use; None takes the default one.
        max_qpu_seconds: budget of QPU time of the whole run, which remembers it; nothing is
            submitted where what is used and what is needed are estimated above it.
        until: stop once the heat is shown to be "below_tight", "below_landauer" or "both"; then
            jobs go in rounds, of which the trials are the most, and the budget is a hard cap.
        until_points: at how many points of the sweep, at least.
        spending: how the level is spent over the rounds: "obrien-fleming" or "pocock".
        futility: conditional power below which the run is given up; 0 never gives up.
        wait: wait for the jobs; otherwise return when all are submitted, and ``resume`` later.
        progress: called with the name of each step as it begins.
        watch: called with the name of a job, its state, and the fraction of jobs done.

    Raises:
        BadInput: the directory holds something else, the experiment cannot be planned, or it is
            above the budget. Nothing is written.
        BackendFailure: the backend failed; what is done is kept, and ``resume`` goes on.
        Incomplete: interrupted; ``resume`` goes on.

    Example:
        >>> from tempfile import TemporaryDirectory
        >>> import recycling as rc
        >>> with TemporaryDirectory() as folder:
        ...     stored = rc.run("theory", out=f"{folder}/run")
        ...     [job.name for job in stored.jobs], stored.complete
        (['trial-0'], True)
    """
    experiment, text = read_source(experiment, spec)
    conduct = Conduct(wait, False, max_qpu_seconds, progress, watch)
    rule = until_rule(experiment, until, points=until_points, spending=spending, futility=futility)
    return runs.run(
        STUDY, experiment, backend, out, text=text, changes=changes, account=account, until=rule,
        conduct=conduct,
    )  # fmt: skip


def _jobs(experiment: Experiment, record: Mapping[str, Any]) -> tuple[Job, ...]:
    if record["backend"] == COUNTS:
        every, trials = (0, experiment.num_points), range(experiment.measurement.trials)
        return tuple(Job(f"trial-{trial}", trial, every) for trial in trials)
    return all_jobs(
        experiment,
        brackets=record["brackets"],
        assignments=assignments_of(record),
        executions_per_job=record.get("executions_per_job"),
    )


def _form(experiment: Experiment, job: Job) -> Form:
    design = experiment.design
    bits = len(design.recorded_roles)
    if job.kind == "bracket":
        return Form((None,), job.shots, bits=2)
    if job.kind == "assignment":
        # A circuit for each preparation of the recorded qubits, and one that waits.
        return Form((2**bits + 1,), job.shots, bits=2 * bits)
    if assignment_repeats(experiment):
        bits *= 2  # the assignment circuits measure each qubit twice
    return Form(axes_of(protocol_sweeps(experiment, job)), job.shots, bits=bits)


def _check_size(experiment: Experiment, name: BackendName, path: Path) -> None:
    from recycling.jobs.sizes import check_size

    check_size(experiment, name.kind, path)


def _plan(experiment: Experiment, name: BackendName, connection: Connection | None) -> Plan:
    from recycling.planning.plan import plan_on

    return plan_on(experiment, name, connection)


def _stored_plan(stored: Run, name: BackendName, compiled: bool) -> Plan:
    from recycling.compilation.calibrations import compile_assignment, compile_brackets
    from recycling.planning.circuits import compile_all
    from recycling.planning.plan import Plan

    record, device, experiment = stored.record, stored.device, stored.experiment
    if compiled:
        circuits, brackets = stored.circuits, stored.brackets
        assignment = stored.assignment
    else:
        brackets = compile_brackets(device) if record["brackets"] else ()
        measured = record.get("assignment") or assignment_repeats(experiment)
        assignment = compile_assignment(device, stored.design) if measured else ()
        circuits = compile_all(experiment, device)
    return Plan(
        experiment,
        name,
        device,
        circuits,
        brackets,
        assignment=assignment,
        assignments=stored.assignments,
    )


def _predict(planned: Any) -> bytes | str:
    from recycling.running.prediction import sealed_prediction

    return sealed_prediction(planned)


def _check(planned: Any, max_qpu_seconds: float | None) -> None:
    if planned.hardware is not None:
        planned.check_limits()
        if max_qpu_seconds is not None:
            planned.check_budget(max_qpu_seconds)


def _notes(stored: Run) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """The calibrations that were measured with a run."""
    from recycling.results.calibrations import calibrations

    if all(job.trial is not None for job in stored.jobs):
        return
    known = calibrations(stored)
    for side, bracket in known.brackets.items():
        yield side, json.loads(bracket.model_dump_json())
    for side, assignment in known.assignments.items():
        yield side, json.loads(assignment.model_dump_json(exclude={"covariance", "joint"}))


def _look(stored: Run, rounds: int, qpu_seconds: float | None) -> Look:
    from recycling.results.looks import look_at

    return look_at(stored, rounds, qpu_seconds)


def _dataset(stored: Run) -> xr.Dataset:
    from recycling.results.kept import dataset_of

    return dataset_of(stored)


def _verdicts(stored: Run) -> Verdicts:
    from recycling.results.judged import verdicts

    return verdicts(stored.dataset)


def _controls(stored: Run) -> Controls:
    from recycling.results.judged import controls

    return controls(stored.dataset)


def _calibrations(stored: Run) -> Calibrations:
    from recycling.results.calibrations import calibrations

    return calibrations(stored)


def _keep(stored: Run) -> None:
    """Calibrations and theory beside the run; one too large for the theory is reported without."""
    from recycling.results.calibrations import keep
    from recycling.running.theory import keep_theory

    if any(job.trial is None for job in stored.jobs):
        keep(stored)
    with suppress(BadInput):
        keep_theory(stored)


STUDY = Study(
    name="protocol",
    read=lambda text, changes, source: parse_spec(Experiment, text, changes, source=source),
    stored=Experiment.stored,
    to_toml=Experiment.to_toml,
    fingerprint=lambda experiment: experiment.hash,
    experiment=lambda experiment: experiment,
    jobs=_jobs,
    form=_form,
    circuit_names=lambda experiment: {
        setting: " ".join(setting) for setting in experiment.design.settings
    },
    check_circuit=lambda circuit, device, experiment: check_protocol(
        circuit, device, experiment.design
    ),
    check_size=_check_size,
    plan=_plan,
    stored_plan=_stored_plan,
    check=_check,
    predict=_predict,
    notes=_notes,
    look=_look,
    keep=_keep,
    dataset=_dataset,
    verdicts=_verdicts,
    controls=_controls,
    calibrations=_calibrations,
)
