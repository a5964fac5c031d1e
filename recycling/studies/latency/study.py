"""The study of gate times: its spec, its ladders as jobs, its clock, its table and figure."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import TYPE_CHECKING, Any

from circuits.calibration.ladders import LADDERS, REPETITION
from recycling.jobs.job import Job
from recycling.spec.messages import parse_spec
from recycling.store.circuits import check_circuit
from recycling.store.outcomes import Form
from recycling.studies.latency.clock import execute_clock
from recycling.studies.latency.plan import (
    LadderKey,
    LatencyPlan,
    compile_ladders,
    ladder_jobs,
    name_of,
    plan_on,
)
from recycling.studies.latency.spec import LatencySpec
from recycling.studies.study import Conclusion, Study

if TYPE_CHECKING:
    import xarray as xr

    from recycling.execution.registry import BackendName, Simulate
    from recycling.store.directory import Run


def _jobs(spec: LatencySpec, record: Mapping[str, Any]) -> tuple[Job, ...]:
    # A simulator has no account that pays, and its clock draws no shots.
    return ladder_jobs(spec, simulated=not record["account"])


def _form(spec: LatencySpec, job: Job) -> Form:
    """One bit, for each repetition of the circuit."""
    return Form((1, spec.repetitions), job.shots, bits=1)


def _circuit_names(spec: LatencySpec) -> dict[LadderKey, str]:
    keys = [(ladder, str(n)) for ladder in LADDERS for n in spec.lengths(ladder)]
    return {key: name_of(key) for key in keys}


def _stored_plan(run: Run, name: BackendName, compiled: bool) -> LatencyPlan:
    circuits = run.circuits if compiled else compile_ladders(run.spec, run.device)
    return LatencyPlan(run.spec, name, run.device, circuits, run.jobs)


def _check(planned: Any, max_qpu_seconds: float | None) -> None:
    planned.check_cost(max_qpu_seconds)


def _clock(planned: Any) -> Simulate:
    return partial(execute_clock, spec=planned.spec)


def _conclude(run: Run, step: Callable[[str], None]) -> Conclusion:
    step("fitting")
    from recycling.studies.latency.report import (
        data_kind,
        latency_headline,
        latency_record,
        latency_table,
        write_latency,
    )
    from recycling.studies.latency.results import analyse_latency

    results = analyse_latency(run)
    return Conclusion(
        record=latency_record(run, results),
        tables=[(latency_table(results), f"{run.record['backend']}: {data_kind(run)}")],
        headline=latency_headline(results),
        files=write_latency(run, results),
    )


def _dataset(run: Run) -> xr.Dataset:
    from recycling.studies.latency.dataset import latency_dataset

    return latency_dataset(run)


STUDY = Study(
    name="latency",
    timed=False,
    again=(
        "for its table and files: recycling latency ... --out {path} as before, or recycling "
        "resume {path}"
    ),
    read=lambda text, changes, source: parse_spec(LatencySpec, text, changes, source=source),
    stored=LatencySpec.stored,
    to_toml=LatencySpec.to_toml,
    experiment=lambda spec: spec.experiment,
    jobs=_jobs,
    form=_form,
    circuit_names=_circuit_names,
    check_circuit=lambda circuit, device, _spec: check_circuit(circuit, device, 1, {REPETITION}),
    plan=plan_on,
    stored_plan=_stored_plan,
    check=_check,
    simulate=_clock,
    conclude=_conclude,
    dataset=_dataset,
)
