"""Measurements of the machine by one call: gate times, and resets."""

from __future__ import annotations

from collections.abc import Mapping
from os import PathLike
from pathlib import Path
from typing import Any, TypeVar

from recycling.errors import BadInput
from recycling.execution.machine import Account
from recycling.running.runs import default_path
from recycling.running.work import Progress, Watch
from recycling.spec.changes import overruled
from recycling.spec.files import read_toml
from recycling.spec.messages import parse_spec
from recycling.spec.named import named_text
from recycling.store.directory import Run
from recycling.studies.latency.run import run_latency
from recycling.studies.latency.spec import LatencySpec
from recycling.studies.reset.run import run_resets
from recycling.studies.reset.spec import ResetSpec

_Spec = TypeVar("_Spec", LatencySpec, ResetSpec)


def latency(
    spec: LatencySpec | str | PathLike[str] | None = None,
    backend: str = "exact",
    out: str | PathLike[str] | None = None,
    *,
    seed: int | None = None,
    changes: Mapping[str, Any] | None = None,
    account: Account | None = None,
    max_qpu_seconds: float | None = None,
    wait: bool = True,
    progress: Progress = lambda _step: None,
    watch: Watch = lambda _job, _state, _done: None,
) -> Run:
    """Time an X gate and a feedforward round by ladders of jobs, as in Fig. 6 of the paper.

    The same call goes on with a run, and pays for no job twice.

    Args:
        spec: path of a spec; None takes the ladders of the paper.
        backend: "exact", "fake:NAME" or "ibm:NAME".
        out: run directory to create or to go on with; by default ``runs/<name>-<time>``.
        seed: in place of that of the spec.
        changes: values by dotted key that overrule the spec, which the run keeps beside it.
        account: whose account to use; None takes the default one.
        max_qpu_seconds: budget of QPU time of the run, which remembers it.
        wait: wait for the jobs; otherwise return when all are submitted.
        progress: called with the name of each step as it begins.
        watch: called with the name of a job, its state, and the fraction of jobs done.

    Raises:
        BadInput: the spec has faults, or the directory holds something else.
        BackendFailure: the backend failed; what is done is kept, and ``recycling.resume`` goes on.
        Incomplete: jobs are under way, or it was interrupted; ``recycling.resume`` goes on.

    Example:
        >>> from tempfile import TemporaryDirectory
        >>> with TemporaryDirectory() as folder:
        ...     run = latency(out=f"{folder}/run", seed=4)
        ...     run.kind, run.complete
        ('latency', True)
    """
    parsed, text, overruling = _read(LatencySpec, spec, seed, changes or {})
    return run_latency(
        parsed, backend, _folder(out, parsed), text=text,
        changes=overruling, account=account, max_qpu_seconds=max_qpu_seconds, wait=wait,
        progress=progress, watch=watch,
    )  # fmt: skip


def reset(
    spec: ResetSpec | str | PathLike[str] | None = None,
    backend: str = "exact",
    out: str | PathLike[str] | None = None,
    *,
    seed: int | None = None,
    changes: Mapping[str, Any] | None = None,
    account: Account | None = None,
    max_qpu_seconds: float | None = None,
    wait: bool = True,
    progress: Progress = lambda _step: None,
    watch: Watch = lambda _job, _state, _done: None,
) -> Run:
    """Reset a qubit in several ways, round after round, to see what is left, and the heat.

    The same call goes on with a run, and pays for no job twice.

    Args:
        spec: path of a spec of resets; None takes all ways.
        backend: "exact", "aer", "trajectories", "fake:NAME" or "ibm:NAME".
        out: run directory to create or to go on with; by default ``runs/<name>-<time>``.
        seed: in place of that of the spec.
        changes: values by dotted key that overrule the spec, which the run keeps beside it.
        account: whose account to use; None takes the default one.
        max_qpu_seconds: budget of QPU time of the run, which remembers it.
        wait: wait for the jobs; otherwise return when all are submitted.
        progress: called with the name of each step as it begins.
        watch: called with the name of a job, its state, and the fraction of jobs done.

    Raises:
        BadInput: the spec has faults, or the directory holds something else.
        BackendFailure: the backend failed; what is done is kept, and ``recycling.resume`` goes on.
        Incomplete: jobs are under way, or it was interrupted; ``recycling.resume`` goes on.

    Example:
        >>> from tempfile import TemporaryDirectory
        >>> layout = {"C_I": 11, "C_C0": 18, "C_C1": 12, "C_A": 13, "B": 10, "S": 9}
        >>> spec = ResetSpec(methods=("reset",), rounds=(1,), device={"layout": layout})
        >>> with TemporaryDirectory() as folder:
        ...     run = reset(spec, out=f"{folder}/run")
        ...     run.kind, run.complete
        ('reset', True)
    """
    parsed, text, overruling = _read(ResetSpec, spec, seed, changes or {})
    return run_resets(
        parsed, backend, _folder(out, parsed), text=text,
        changes=overruling, account=account, max_qpu_seconds=max_qpu_seconds, wait=wait,
        progress=progress, watch=watch,
    )  # fmt: skip


def _folder(out: str | PathLike[str] | None, spec: LatencySpec | ResetSpec) -> Path:
    return default_path(spec.name) if out is None else Path(out)


def _read(
    model: type[_Spec],
    spec: _Spec | str | PathLike[str] | None,
    seed: int | None,
    changes: Mapping[str, Any],
) -> tuple[_Spec, str, dict[str, Any]]:
    """A spec, its text, and the top-level fields that overrule it."""
    source = str(spec) if isinstance(spec, str | PathLike) else ""
    if source:
        text = named_text(source)
    elif spec is None or isinstance(spec, model):
        text = (spec or model()).to_toml()
    else:
        raise BadInput(f"spec = {spec!r}: give the path of a spec")
    fields = overruled(read_toml(text, source or "the spec"), changes)
    fields |= {} if seed is None else {"seed": seed}
    return parse_spec(model, text, fields, source=source), text, fields
