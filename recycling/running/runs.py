"""Run an experiment into a run directory, and go on where a run stopped."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from contextlib import suppress
from datetime import datetime
from pathlib import Path
from time import perf_counter
from typing import TYPE_CHECKING, Any

from circuits.protocol import Setting
from recycling.compilation.calibrations import compile_assignment, compile_brackets
from recycling.errors import BadInput, resumable
from recycling.execution import prepare
from recycling.execution.ibm.service import Account, Hardware
from recycling.jobs.job import Job
from recycling.jobs.sizes import check_size
from recycling.planning.circuits import compile_all
from recycling.planning.plan import Plan, parse_backend, plan
from recycling.results.calibrations import calibrations, keep
from recycling.running.budget import keep_budget
from recycling.running.driver import Driver, Watch
from recycling.running.theory import keep_theory
from recycling.spec.experiment import Experiment
from recycling.store.directory import Run, open_unchecked
from recycling.store.files import Damaged
from recycling.store.journal import JobRecord
from recycling.store.mending import mend
from recycling.store.writer import (
    RunWriter,
    check_new,
    circuits_bytes,
    continued_run,
    new_run,
)
from recycling.studies.latency.run import LatencyRun, cancel_latency, resume_latency

if TYPE_CHECKING:
    from qiskit import QuantumCircuit

Progress = Callable[[str], None]


def run(
    experiment: Experiment,
    backend: str = "exact",
    out: str | Path | None = None,
    *,
    spec: str | None = None,
    changes: Mapping[str, Any] | None = None,
    account: Account | None = None,
    max_qpu_seconds: float | None = None,
    wait: bool = True,
    progress: Progress = lambda _step: None,
    watch: Watch = lambda _job, _state, _done: None,
) -> Run:
    """Run an experiment and store it. The same call goes on with a run, and pays for none twice.

    Args:
        experiment: validated spec.
        backend: "exact", "aer", "fake:NAME" or "ibm:NAME".
        out: run directory to create, or one of the same experiment on the same backend, which is
            brought to its end; by default ``runs/<name>-<time>``.
        spec: text of the spec to keep; by default the experiment written out as TOML.
        changes: top-level fields that overrule the text.
        account: whose IBM Quantum account to use; None takes the default one.
        max_qpu_seconds: budget of QPU time of the whole run, which remembers it; nothing is
            submitted where what is used and what is needed are estimated above it.
        wait: wait for the jobs; otherwise return when all are submitted, and ``resume`` later.
        progress: called with the name of each step as it begins.
        watch: called with the name of a job, its state, and the fraction of jobs done.

    Raises:
        BadInput: the directory holds something else, the experiment cannot be planned, or it is
            above the budget. Nothing is written.
        BackendFailure: the backend failed; what is done is kept, and ``resume`` goes on.
        Incomplete: interrupted; ``resume`` goes on.
    """
    path = default_path(experiment) if out is None else Path(out)
    name = parse_backend(backend)
    if _holds(path, experiment, str(name)):
        return resume(
            path, max_qpu_seconds=max_qpu_seconds, wait=wait, progress=progress, watch=watch
        )
    check_new(path)
    check_size(experiment, name.kind, path)
    started = perf_counter()
    progress("compiling circuits")
    planned = plan(experiment, backend, account)
    if planned.hardware is not None:
        planned.check_limits()
        if max_qpu_seconds is not None:
            planned.check_budget(max_qpu_seconds)
    text = experiment.to_toml() if spec is None else spec
    with (
        new_run(
            path, spec=text, changes=changes or {}, plan=planned, max_qpu_seconds=max_qpu_seconds
        ) as writer,
        resumable(path),
    ):
        writer.note("planned", seconds=round(perf_counter() - started, 4))
        return _drive(writer, planned, wait=wait, progress=progress, watch=watch)


def resume(
    path: str | Path,
    *,
    retry_failed: bool = False,
    max_qpu_seconds: float | None = None,
    wait: bool = True,
    progress: Progress = lambda _step: None,
    watch: Watch = lambda _job, _state, _done: None,
) -> Run:
    """Go on with a run, of whichever kind: mend it, submit what never was, fetch what is done.

    Args:
        path: run directory.
        retry_failed: submit jobs that failed or were cancelled again.
        max_qpu_seconds: another budget of QPU time for the whole run, which replaces the one that
            it remembers.
        wait: wait for jobs under way.
        progress: called with the name of each step as it begins.
        watch: called with the name of a job, its state, and the fraction of jobs done.

    Raises:
        BadInput: not a run, another process is writing, or what would be submitted is above the
            budget: then nothing is.
        BackendFailure: as for ``run``.
        Incomplete: as for ``run``.
    """
    if open_unchecked(path).kind == "latency":
        return resume_latency(
            path,
            retry_failed=retry_failed,
            max_qpu_seconds=max_qpu_seconds,
            wait=wait,
            progress=progress,
            watch=watch,
        )
    with continued_run(path) as writer, resumable(path):
        writer = _mended(writer, progress)
        if writer.run.complete and writer.run.record["state"] == "done":
            return writer.run
        progress("continuing")
        planned = stored_plan(writer.run)
        keep_budget(writer, planned, max_qpu_seconds, retry_failed=retry_failed)
        return _drive(
            writer, planned, wait=wait, retry_failed=retry_failed, progress=progress, watch=watch
        )


def cancel(path: str | Path) -> int:
    """Cancel the jobs of a run that are under way; returns their number.

    Raises:
        BadInput: not a run, or another process is writing.
        BackendFailure: the backend cannot be reached.
    """
    if open_unchecked(path).kind == "latency":
        return cancel_latency(path)
    with continued_run(path) as writer:
        writer = _mended(writer, lambda _step: None)
        planned = stored_plan(writer.run)
        return Driver(writer, planned, prepare(planned), lambda *_: None).cancel_all()


def status(path: str | Path) -> dict[str, JobRecord | str]:
    """Journal of each job by name, or what is wrong with it; asks no backend.

    Raises:
        BadInput: not a run.
    """
    opened = open_of_its_kind(path)
    found: dict[str, JobRecord | str] = {}
    for job in opened.jobs:
        try:
            found[job.name] = opened.journal(job)
        except Damaged as error:
            found[job.name] = f"journal damaged: {error}"
    return found


def open_of_its_kind(path: str | Path) -> Run:
    """Open a run as what it is, protocol or latency; its files may be damaged.

    Raises:
        BadInput: not a run.
    """
    found = open_unchecked(path)
    return LatencyRun(found.path) if found.kind == "latency" else found


def stored_plan(stored: Run) -> Plan:
    """Plan of a stored run, with the device and the circuits that it began with."""
    return _plan_of(stored, stored.circuits, stored.brackets, stored.assignment)


def default_path(experiment: Experiment) -> Path:
    """Run directory for an experiment that names none: runs/<name>-<local time>."""
    return Path("runs") / f"{experiment.name}-{datetime.now():%Y%m%d-%H%M%S}"


def _mended(writer: RunWriter, progress: Progress) -> RunWriter:
    """Writer of a run after its damaged files were mended."""
    mended = mend(writer, {"circuits.qpy": _recompiled(writer.run)})
    for damage in mended:
        progress(f"mending {damage.file}: {damage.why}")
    return RunWriter(Run(writer.run.path)) if mended else writer


def _drive(
    writer: RunWriter,
    planned: Plan,
    *,
    wait: bool,
    retry_failed: bool = False,
    progress: Progress,
    watch: Watch,
) -> Run:
    jobs = planned.jobs

    def simulated(job: Job, part: float) -> None:
        watch(job.name, f"{part:.0%}", (jobs.index(job) + part) / len(jobs))

    backend = prepare(planned, simulated, earlier=writer.run.groups)
    driver = Driver(writer, planned, backend, watch)
    started = perf_counter()
    driver.complete(wait=wait, retry_failed=retry_failed, progress=progress)
    writer.note("collected", seconds=round(perf_counter() - started, 4))
    stored = Run(writer.run.path)
    if any(job.trial is None for job in jobs):
        _note_calibrations(writer, stored)
    # An experiment too large for the theory is analysed and reported without.
    with suppress(BadInput):
        keep_theory(stored)
    return stored


def _note_calibrations(writer: RunWriter, stored: Run) -> None:
    """Keep the calibrations of a run, and put those that were measured into its telemetry."""
    keep(stored)
    known = calibrations(stored)
    for side, bracket in known.brackets.items():
        writer.note(side, **json.loads(bracket.model_dump_json()))
    for side, assignment in known.assignments.items():
        told = assignment.model_dump_json(exclude={"covariance", "joint"})
        writer.note(side, **json.loads(told))


def _holds(path: Path, experiment: Experiment, backend: str) -> bool:
    """Whether a path holds a run of this very experiment on this very backend."""
    try:
        found = open_unchecked(path)
        # Not the hash that it stored: fields that came with a later version change that.
        return (found.experiment.hash, found.record["backend"]) == (experiment.hash, backend)
    except BadInput:
        return False


def _recompiled(stored: Run) -> Callable[[], bytes]:
    """Content of circuits.qpy, compiled again from spec and device."""

    def compile_again() -> bytes:
        record, device = stored.record, stored.device
        brackets = compile_brackets(device) if record["brackets"] else ()
        design = stored.experiment.design
        assignment = compile_assignment(device, design) if record.get("assignment") else ()
        circuits = compile_all(stored.experiment, device)
        return circuits_bytes(_plan_of(stored, circuits, brackets, assignment))

    return compile_again


def _plan_of(
    stored: Run,
    circuits: Mapping[Setting, QuantumCircuit],
    brackets: tuple[QuantumCircuit, ...],
    assignment: tuple[QuantumCircuit, ...],
) -> Plan:
    name = parse_backend(stored.record["backend"])
    hardware = None
    if name.kind == "ibm":
        hardware = Hardware(name.chip, Account(**stored.record["account"]))
    return Plan(
        stored.experiment,
        name,
        stored.device,
        circuits,
        brackets,
        hardware,
        assignment=assignment,
        assignments=stored.assignments,
    )
