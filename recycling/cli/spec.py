"""Specs that are named on the command line."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from recycling.planning.plan import Plan
    from recycling.spec.experiment import Experiment


def read_experiment(spec: str, seed: int | None) -> tuple[str, dict[str, Any], Experiment]:
    """Text of a spec, the changes to it, and the experiment that they make."""
    from recycling.spec.experiment import Experiment, spec_text
    from recycling.spec.messages import parse_spec

    text = spec_text(spec)
    changes: dict[str, Any] = {} if seed is None else {"seed": seed}
    return text, changes, parse_spec(Experiment, text, changes, source=spec)


def read_at_latency(
    spec: str, seed: int | None, run: Path | None, backend: str
) -> tuple[str, Experiment, Callable[[Plan], Plan]]:
    """Text and experiment of a spec with the latency that a run has measured, where one is given.

    The function checks a plan of it, and lets its device say where the latency comes from.
    """
    text, _, experiment = read_experiment(spec, seed)
    if run is None:
        return text, experiment, lambda plan: plan
    from recycling.spec.experiment import Experiment
    from recycling.studies.measured_latency import measured_latency

    measured = measured_latency(run, backend)
    text = measured.put_into(text)
    return text, Experiment.parse(text, seed=experiment.seed), measured.said_in
