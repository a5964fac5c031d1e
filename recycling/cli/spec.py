"""Specs that are named on the command line."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from recycling.spec.experiment import Experiment


def read_experiment(spec: str, seed: int | None) -> tuple[str, dict[str, Any], Experiment]:
    """Text of a spec, the changes to it, and the experiment that they make."""
    from recycling.spec.experiment import Experiment, spec_text
    from recycling.spec.messages import parse_spec

    text = spec_text(spec)
    changes: dict[str, Any] = {} if seed is None else {"seed": seed}
    return text, changes, parse_spec(Experiment, text, changes, source=spec)
