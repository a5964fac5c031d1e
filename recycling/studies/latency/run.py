"""Run a latency experiment into a run directory, and go on where it stopped."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from recycling.errors import BadInput
from recycling.execution.machine import Account
from recycling.running import runs
from recycling.running.work import Conduct, Progress, Watch
from recycling.store.directory import Run
from recycling.studies.latency.spec import LatencySpec
from recycling.studies.latency.study import STUDY
from recycling.studies.stored import open_unchecked


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
) -> Run:
    """Run all ladders. The same call goes on with a run, and pays for no job twice.

    Args:
        spec: validated spec.
        backend: "exact", "fake:NAME" or "ibm:NAME".
        out: run directory to create, or one of the same spec on the same backend.
        text: text of the spec to keep; by default the spec written out as TOML.
        changes: top-level fields that overrule the text.
        account: whose account to use; None takes the default one.
        max_qpu_seconds: budget of QPU time of the run, which remembers it.
        wait: wait for the jobs; otherwise return when all are submitted.
        progress: called with the name of each step as it begins.
        watch: called with the name of a job, its state, and the fraction of jobs done.

    Raises:
        BadInput: the directory holds something else, or the spec cannot be run as it is.
        BackendFailure: the backend failed; what is done is kept, and ``recycling.resume`` goes on.
        Incomplete: jobs are under way, or it was interrupted; ``recycling.resume`` goes on.

    Example:
        >>> from tempfile import TemporaryDirectory
        >>> ladders = {"x": (110, 1130, 2930, 4370, 6170, 9470), "feedforward": ()}
        >>> layout = {"C_I": 11, "C_C0": 18, "C_C1": 12, "C_A": 13, "B": 10, "S": 9}
        >>> spec = LatencySpec(ladders=ladders, device={"layout": layout}, shots=100_000)
        >>> folder = TemporaryDirectory()
        >>> run = run_latency(spec, out=f"{folder.name}/run")
        >>> run.kind, run.complete
        ('latency', True)
        >>> folder.cleanup()
    """
    conduct = Conduct(wait, False, max_qpu_seconds, progress, watch)
    return runs.run(
        STUDY, spec, backend, out, text=text, changes=changes, account=account, conduct=conduct
    )


def open_latency_run(path: str | Path) -> Run:
    """Open a latency run, whose files may be damaged.

    Raises:
        BadInput: the folder is no run, or a run of another kind.

    Example:
        >>> from tempfile import TemporaryDirectory
        >>> ladders = {"x": (110, 1130, 2930, 4370, 6170, 9470), "feedforward": ()}
        >>> layout = {"C_I": 11, "C_C0": 18, "C_C1": 12, "C_A": 13, "B": 10, "S": 9}
        >>> spec = LatencySpec(ladders=ladders, device={"layout": layout}, shots=100_000)
        >>> folder = TemporaryDirectory()
        >>> run = run_latency(spec, out=f"{folder.name}/run")
        >>> open_latency_run(run.path).spec == spec
        True
        >>> folder.cleanup()
    """
    run = open_unchecked(path)
    if run.kind != STUDY.name:
        raise BadInput(f"run = {str(path)!r} is no latency run: give another folder")
    return run
