"""The spec of a sweep as it is named on the command line."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from recycling.spec.changes import overruled
from recycling.spec.experiment import Experiment, spec_text
from recycling.spec.files import read_toml
from recycling.spec.messages import parse_spec
from recycling.sweeps.work import points_of


def read_sweep(
    spec: str,
    *,
    samples: int | None = None,
    seed: int | None = None,
    changes: Mapping[str, Any] | None = None,
) -> Experiment:
    """Read a spec with ``[sweep.over]``; a number of samples and a seed overrule its.

    ``changes`` are values by dotted key, which overrule the spec too.

    Raises:
        BadInput: it has faults, or no sweep over devices.

    Example:
        >>> read_sweep("payoff", samples=64).sweep.over.samples
        64
    """
    text = spec_text(spec)
    content = read_toml(text, spec)
    fields = overruled(content, changes or {})
    section = (content | fields).get("sweep", {})
    over = section.get("over") if isinstance(section, dict) else None
    if samples is not None and isinstance(over, dict):
        fields["sweep"] = section | {"over": over | {"samples": samples}}
    fields |= {} if seed is None else {"seed": seed}
    experiment = parse_spec(Experiment, text, fields, source=spec)
    points_of(experiment)
    return experiment
