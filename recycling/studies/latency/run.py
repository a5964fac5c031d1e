"""Run a latency experiment into a run directory, and go on where it stopped.

The directory, its journals and the way to a backend are those of any run: only the spec and the
jobs are others. So nothing is submitted twice here either.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property, partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from circuits.calibration.ladders import REPETITION
from recycling.errors import BadInput, resumable
from recycling.execution import prepare
from recycling.execution.ibm.service import Account, Hardware
from recycling.execution.local import LocalBackend
from recycling.jobs.job import Job
from recycling.planning.plan import parse_backend
from recycling.running.budget import keep_budget
from recycling.running.driver import Driver, Watch
from recycling.spec.experiment import Experiment
from recycling.store.circuits import check_circuit
from recycling.store.directory import Run, open_unchecked
from recycling.store.files import Damaged
from recycling.store.mending import mend
from recycling.store.outcomes import Form
from recycling.store.writer import RunWriter, check_new, circuits_bytes, continued_run, new_run
from recycling.studies.latency.clock import execute_clock
from recycling.studies.latency.plan import (
    LatencyPlan,
    compile_ladders,
    ladder_jobs,
    ladder_of,
    plan_latency,
)
from recycling.studies.latency.spec import LatencySpec

if TYPE_CHECKING:
    from qiskit import QuantumCircuit

    from recycling.execution.backend import Backend

Progress = Callable[[str], None]


@dataclass(frozen=True)
class LatencyRun(Run):
    """A stored latency run: a run directory whose spec is a ``LatencySpec``."""

    @cached_property
    def spec(self) -> LatencySpec:
        """The spec as it was run, with the changes of the command line."""
        try:
            return LatencySpec.stored(self.record["spec"], self.record["changes"])
        except BadInput as error:
            raise BadInput(f"{self.path / 'run.json'}, in its spec: {error.one_line}") from None

    @cached_property
    def experiment(self) -> Experiment:
        """The experiment whose device the ladders were run on."""
        return self.spec.experiment

    @cached_property
    def jobs(self) -> tuple[Job, ...]:
        """All jobs of the run, in the order of their submission."""
        return ladder_jobs(self.spec, simulated=not self.on_service)

    def form(self, job: Job) -> Form:
        """What the outcomes of a job look like: one bit, for each repetition of its circuit."""
        return Form((1, self.spec.repetitions), job.shots, bits=1)

    @cached_property
    def ladders(self) -> dict[tuple[str, str], QuantumCircuit]:
        """Compiled circuits by ladder and length.

        Raises:
            BadInput: the file cannot be read, or they are not those of the ladders.
        """
        stored = self.all_circuits
        found: dict[tuple[str, str], QuantumCircuit] = {}
        with self.reading_circuits():
            for ladder, length in map(ladder_of, self.jobs):
                name = f"{ladder} {length}"
                if name not in stored:
                    raise Damaged(f"it lacks the circuit {name!r}")
                check_circuit(stored[name], self.device, 1, {REPETITION})
                found[ladder, str(length)] = stored[name]
        return found

    @property
    def on_service(self) -> bool:
        """Whether a service, real or imitated, ran the circuits; else the clock model did."""
        return parse_backend(self.record["backend"]).kind == "ibm"


def run_latency(
    spec: LatencySpec,
    backend: str = "exact",
    out: str | Path = "runs/latency",
    *,
    text: str | None = None,
    changes: Mapping[str, Any] | None = None,
    account: Account | None = None,
    max_qpu_seconds: float | None = None,
    wait: bool = True,
    progress: Progress = lambda _step: None,
    watch: Watch = lambda _job, _state, _done: None,
) -> LatencyRun:
    """Run all ladders. The same call goes on with a run, and pays for no job twice.

    Args:
        spec: validated spec.
        backend: "exact", "fake:NAME" or "ibm:NAME".
        out: run directory to create, or one of the same spec on the same backend.
        text: text of the spec to keep; by default the spec written out as TOML.
        changes: top-level fields that overrule the text.
        account: whose IBM Quantum account to use; None takes the default one.
        max_qpu_seconds: budget of QPU time of the whole run, which remembers it.
        wait: wait for the jobs; otherwise return when all are submitted.
        progress: called with the name of each step as it begins.
        watch: called with the name of a job, its state, and the fraction of jobs done.

    Raises:
        BadInput: the directory holds something else, or the spec cannot be run as it is.
        BackendFailure: the backend failed; what is done is kept, and ``resume_latency`` goes on.
        Incomplete: jobs are under way, or it was interrupted; ``resume_latency`` goes on.
    """
    path = Path(out)
    if _holds(path, spec, backend):
        return resume_latency(
            path, max_qpu_seconds=max_qpu_seconds, wait=wait, progress=progress, watch=watch
        )
    check_new(path)
    progress("compiling circuits")
    plan = plan_latency(spec, backend, account)
    plan.check_cost(max_qpu_seconds)
    text = spec.to_toml() if text is None else text
    with (
        new_run(
            path,
            spec=text,
            changes=changes or {},
            plan=plan,
            kind="latency",
            max_qpu_seconds=max_qpu_seconds,
        ),
        resumable(path),
    ):
        writer = RunWriter(LatencyRun(path), fresh=True)
        return _drive(writer, plan, wait=wait, progress=progress, watch=watch)


def resume_latency(
    path: str | Path,
    *,
    retry_failed: bool = False,
    max_qpu_seconds: float | None = None,
    wait: bool = True,
    progress: Progress = lambda _step: None,
    watch: Watch = lambda _job, _state, _done: None,
) -> LatencyRun:
    """Go on with a latency run; arguments and errors are those of ``recycling.resume``."""
    with resumable(path), _continued(path, progress) as run:
        writer = RunWriter(run)
        if run.complete and run.record["state"] == "done":
            return run
        progress("continuing")
        plan = _stored_plan(run)
        keep_budget(writer, plan, max_qpu_seconds, retry_failed=retry_failed)
        return _drive(
            writer,
            plan,
            wait=wait,
            retry_failed=retry_failed,
            progress=progress,
            watch=watch,
        )


def cancel_latency(path: str | Path) -> int:
    """Cancel the jobs of a latency run that are under way; returns their number."""
    with _continued(path, lambda _step: None) as run:
        plan = _stored_plan(run)
        return Driver(RunWriter(run), plan, _backend(plan, run), lambda *_: None).cancel_all()


def open_latency_run(path: str | Path) -> LatencyRun:
    """Open a latency run, whose files may be damaged.

    Raises:
        BadInput: not a run, or one of another kind.
    """
    run = LatencyRun(open_unchecked(path).path)
    if run.kind != "latency":
        raise BadInput(f"run = {str(path)!r} is no latency run: give another folder")
    return run


def _holds(path: Path, spec: LatencySpec, backend: str) -> bool:
    """Whether a path holds a run of this very spec on this very backend."""
    try:
        found = open_latency_run(path)
    except BadInput:
        return False
    return (found.spec, found.record["backend"]) == (spec, str(parse_backend(backend)))


@contextmanager
def _continued(path: str | Path, progress: Progress) -> Iterator[LatencyRun]:
    """Hold the lock of a stored run, its damaged files mended."""
    with continued_run(path):
        run = open_latency_run(path)
        compiled = {"circuits.qpy": lambda: circuits_bytes(_recompiled(run))}
        for damage in mend(RunWriter(run), compiled):
            progress(f"mending {damage.file}: {damage.why}")
        yield LatencyRun(run.path)


def _stored_plan(run: LatencyRun) -> LatencyPlan:
    """Plan of a stored run, with the device and the circuits that it began with."""
    return _plan(run, run.ladders)


def _recompiled(run: LatencyRun) -> LatencyPlan:
    return _plan(run, compile_ladders(run.spec, run.device))


def _plan(run: LatencyRun, circuits: Mapping[Any, Any]) -> LatencyPlan:
    name = parse_backend(run.record["backend"])
    account = Account(**run.record["account"])
    hardware = Hardware(name.chip, account) if run.on_service else None
    return LatencyPlan(run.experiment, name, run.device, circuits, hardware=hardware, spec=run.spec)


def _drive(
    writer: RunWriter,
    plan: LatencyPlan,
    *,
    wait: bool,
    retry_failed: bool = False,
    progress: Progress,
    watch: Watch,
) -> LatencyRun:
    driver = Driver(writer, plan, _backend(plan, writer.run), watch)
    driver.complete(wait=wait, retry_failed=retry_failed, progress=progress)
    return LatencyRun(writer.run.path)


def _backend(plan: LatencyPlan, run: Run) -> Backend:
    """Backend of a plan: the service, or the clock model."""
    if plan.hardware is not None:
        return prepare(plan, earlier=run.groups)
    simulate = partial(execute_clock, spec=plan.spec)
    return LocalBackend(simulate, plan.device, plan.spec.seed, lambda _job, _part: None)
