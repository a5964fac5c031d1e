"""Run a study of resets into a run directory, and go on where it stopped."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from recycling.execution.machine import Account
from recycling.running import runs
from recycling.running.work import Conduct, Progress, Watch
from recycling.studies.reset.spec import ResetSpec
from recycling.studies.reset.study import STUDY

if TYPE_CHECKING:
    from recycling.store.directory import Run


def run_resets(
    spec: ResetSpec,
    backend: str = "exact",
    out: str | Path | None = None,
    *,
    text: str | None = None,
    changes: Mapping[str, Any] | None = None,
    account: Account | None = None,
    max_qpu_seconds: float | None = None,
    wait: bool = True,
    progress: Progress = lambda _step: None,
    watch: Watch = lambda _job, _state, _done: None,
) -> Run:
    """Reset a qubit in all ways of a spec.

    The same call goes on with a run, and pays for no job twice.

    Args:
        spec: validated spec.
        backend: "exact", "aer", "trajectories", "fake:NAME" or "ibm:NAME".
        out: run directory to create, or one of the same spec on the same backend; by default
            ``runs/<name>-<time>``.
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
        >>> layout = {"C_I": 11, "C_C0": 18, "C_C1": 12, "C_A": 13, "B": 10, "S": 9}
        >>> spec = ResetSpec(methods=("reset",), rounds=(1,), device={"layout": layout})
        >>> with TemporaryDirectory() as folder:
        ...     run = run_resets(spec, out=f"{folder}/run")
        ...     run.kind, run.complete
        ('reset', True)
    """
    conduct = Conduct(wait, False, max_qpu_seconds, progress, watch)
    return runs.run(
        STUDY, spec, backend, out, text=text, changes=changes, account=account, conduct=conduct
    )
