"""Run an experiment into a run directory."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from pathlib import Path
from time import perf_counter
from typing import Any

from recycling.execution.exact import execute_exact
from recycling.experiment import Experiment
from recycling.planning import check_backend, plan
from recycling.store.directory import Run, check_new, create_run

Progress = Callable[[str], None]


def run(
    experiment: Experiment,
    backend: str = "exact",
    out: str | Path | None = None,
    *,
    spec: str | None = None,
    changes: Mapping[str, Any] | None = None,
    progress: Progress = lambda _step: None,
) -> Run:
    """Run an experiment and store it.

    Args:
        experiment: validated spec.
        backend: "exact", the local engine.
        out: run directory to create; by default ``runs/<name>-<time>``.
        spec: text of the spec to keep; by default the experiment written out as TOML.
        changes: top-level fields that overrule the text.
        progress: called with the name of each step as it begins.

    Raises:
        BadInput: the directory exists, or the experiment cannot be planned. Nothing is written.
    """
    path = default_path(experiment) if out is None else Path(out)
    check_new(path)
    check_backend(backend)
    timings = {}
    started = perf_counter()
    progress("compiling circuits")
    planned = plan(experiment, backend)
    timings["plan"] = perf_counter() - started
    progress("simulating")
    started = perf_counter()
    counts = execute_exact(planned)
    timings["simulate"] = perf_counter() - started
    return create_run(
        path,
        spec=experiment.to_toml() if spec is None else spec,
        changes=changes or {},
        plan=planned,
        counts=counts,
        timings=timings,
    )


def default_path(experiment: Experiment) -> Path:
    """Run directory for an experiment that names none: runs/<name>-<local time>."""
    return Path("runs") / f"{experiment.name}-{datetime.now():%Y%m%d-%H%M%S}"
