"""The study of resets: its spec, its jobs, its tables, figures and report."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from circuits.calibration.resets import PHASE
from recycling.jobs.job import Job
from recycling.spec.messages import parse_spec
from recycling.store.circuits import check_circuit
from recycling.store.outcomes import Form
from recycling.studies.reset.keys import Key, all_keys, keys_of, method_jobs, name_of
from recycling.studies.reset.spec import BATHS, ResetSpec
from recycling.studies.study import Conclusion, Study

if TYPE_CHECKING:
    from pathlib import Path

    import xarray as xr

    from recycling.execution.machine import Connection
    from recycling.execution.registry import BackendName
    from recycling.results.formats import Table
    from recycling.store.directory import Run
    from recycling.studies.reset.plan import ResetPlan

#: Bits of a shot: two records of each measured qubit.
_BITS = 2 * (1 + len(BATHS))


def _form(spec: ResetSpec, job: Job) -> Form:
    return Form((len(keys_of(spec, job.ladder)),), job.shots, bits=_BITS)


def _circuit_names(spec: ResetSpec) -> dict[Key, str]:
    return {key: name_of(key) for key in all_keys(spec)}


def _plan(spec: ResetSpec, name: BackendName, connection: Connection | None) -> ResetPlan:
    from recycling.studies.reset.plan import plan_on

    return plan_on(spec, name, connection)


def _stored_plan(run: Run, name: BackendName, compiled: bool) -> ResetPlan:
    from recycling.studies.reset.plan import ResetPlan, compile_resets

    circuits = run.circuits if compiled else compile_resets(run.spec, run.device)
    return ResetPlan(run.spec, name, run.device, circuits, run.jobs)


def _check(planned: Any, max_qpu_seconds: float | None) -> None:
    planned.check_cost(max_qpu_seconds)


def _conclude(run: Run, step: Callable[[str], None], folder: Path | None = None) -> Conclusion:
    step("analysing")
    from recycling.studies.reset.records import headline, record_of
    from recycling.studies.reset.report import write_resets
    from recycling.studies.reset.results import analyse_resets
    from recycling.studies.reset.tables import result_tables

    results = analyse_resets(run)
    step("writing the report")
    return Conclusion(
        record=record_of(run, results),
        tables=result_tables(run, results),
        headline=headline(results),
        files=write_resets(run, results, folder),
    )


def _tables(run: Run) -> tuple[list[Table], Mapping[str, Any]]:
    from recycling.studies.reset.records import record_of, results_frame
    from recycling.studies.reset.results import analyse_resets

    results = analyse_resets(run)
    facts = {
        key: value
        for key, value in record_of(run, results).items()
        if isinstance(value, str | bool | int | float)
    }
    identity = {key: run.record[key] for key in ("run_id", "created")}
    return [results_frame(results)], dict(sorted((facts | identity).items()))


def _dataset(run: Run) -> xr.Dataset:
    """A row for each reset and preparation, with the columns of the export as variables."""
    (table,), facts = _tables(run)
    dataset: xr.Dataset = (
        table.frame.rename_axis("row").to_xarray().set_coords(["method", "length", "p_x"])
    )
    for name, described in table.columns.items():
        dataset[name].attrs |= {key: text for key, text in described.items() if text}
    return dataset.assign_attrs(facts)


STUDY = Study(
    name="reset",
    again="recycling report {path}",
    read=lambda text, changes, source: parse_spec(ResetSpec, text, changes, source=source),
    stored=ResetSpec.stored,
    to_toml=ResetSpec.to_toml,
    experiment=lambda spec: spec.experiment,
    jobs=lambda spec, _record: method_jobs(spec),
    form=_form,
    circuit_names=_circuit_names,
    check_circuit=lambda circuit, device, _spec: check_circuit(circuit, device, _BITS, {PHASE}),
    plan=_plan,
    stored_plan=_stored_plan,
    check=_check,
    conclude=_conclude,
    reread=_conclude,
    tables=_tables,
    dataset=_dataset,
)
