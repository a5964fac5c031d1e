"""Specs that are named on the command line."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from recycling.cli.newest import named_run

if TYPE_CHECKING:
    from recycling.planning.plan import Plan
    from recycling.spec.experiment import Experiment


def read_experiment(
    spec: str, seed: int | None = None, settings: Sequence[str] | None = None
) -> tuple[str, dict[str, Any], Experiment]:
    """Text of a spec, the changes to its top-level fields, and the experiment that they make.

    ``settings`` are those of ``--set``; a seed has the last word.
    """
    from recycling.spec.changes import overruled, parse_changes
    from recycling.spec.experiment import Experiment, spec_text
    from recycling.spec.files import read_toml
    from recycling.spec.messages import parse_spec

    set_keys = parse_changes(settings or ())
    text = spec_text(spec)
    changes = overruled(read_toml(text, spec), set_keys) if set_keys else {}
    changes |= {} if seed is None else {"seed": seed}
    return text, changes, parse_spec(Experiment, text, changes, source=spec)


def read_edited(
    spec: str, settings: Sequence[str] | None, seed: int | None = None
) -> tuple[str, Experiment]:
    """Text of a spec with the changes of ``--set`` written into it, and its experiment."""
    from recycling.spec.changes import changed_text, parse_changes

    text, _, experiment = read_experiment(spec, seed, settings)
    return changed_text(text, parse_changes(settings or ())), experiment


def read_at_latency(
    spec: str, seed: int | None, settings: Sequence[str] | None, run: Path | None, backend: str
) -> tuple[str, Experiment, Callable[[Plan], Plan]]:
    """Text and experiment of a spec with the latency that a run has measured, where one is given.

    The function checks a plan of it, and lets its device say where the latency comes from.
    """
    text, experiment = read_edited(spec, settings, seed)
    if run is None:
        return text, experiment, lambda plan: plan
    from recycling.spec.experiment import Experiment
    from recycling.studies.measured_latency import measured_latency

    measured = measured_latency(named_run(run, "protocol"), backend)
    text = measured.put_into(text)
    return text, Experiment.parse(text, seed=experiment.seed), measured.said_in
