"""The spec of a sweep as it is named on the command line."""

from __future__ import annotations

from typing import Any

from recycling.spec.experiment import Experiment, spec_text
from recycling.spec.files import read_toml
from recycling.spec.messages import parse_spec
from recycling.sweeps.work import points_of


def read_sweep(spec: str, *, samples: int | None = None, seed: int | None = None) -> Experiment:
    """Read a spec with ``[sweep.over]``; a number of samples and a seed overrule its.

    Raises:
        BadInput: it has faults, or no sweep over devices.

    Example:
        >>> read_sweep("payoff", samples=64).sweep.over.samples
        64
    """
    text = spec_text(spec)
    changes: dict[str, Any] = {} if seed is None else {"seed": seed}
    if samples is not None:
        section = read_toml(text, spec).get("sweep", {})
        over = section.get("over") if isinstance(section, dict) else None
        if isinstance(over, dict):
            changes["sweep"] = section | {"over": over | {"samples": samples}}
    experiment = parse_spec(Experiment, text, changes, source=spec)
    points_of(experiment)
    return experiment
