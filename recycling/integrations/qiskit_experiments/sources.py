"""The experiment behind what a user of qiskit-experiments gives, checked for what is refused."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import tomli_w

from recycling.errors import BadInput
from recycling.jobs.interleaved import assignment_repeats
from recycling.jobs.sizes import check_size
from recycling.spec.experiment import Experiment
from recycling.spec.named import Source, load


def experiment_of(
    source: Source | Mapping[str, Any],
    physical_qubits: Sequence[int] | Mapping[str, int] | None = None,
) -> Experiment:
    """Read an experiment, put its layout in, and refuse what circuits and counts cannot show.

    Args:
        source: experiment, content of a spec, path of a TOML file, or name of a preset.
        physical_qubits: qubit of each role, by name or in the order of the design's roles.

    Raises:
        BadInput: a fault of the spec; shots that are infinite or shared out, a swept device, or a
            calibration that only a run of this package measures.

    Example:
        >>> experiment_of({"name": "small"}, [11, 18, 12, 13, 10, 9]).device.layout["B"]
        10
    """
    if isinstance(source, Mapping):
        experiment = Experiment.parse(tomli_w.dumps(source))
    else:
        experiment = load(source)
    if physical_qubits is not None:
        experiment = _placed(experiment, physical_qubits)
    _check(experiment)
    return experiment


def _placed(experiment: Experiment, qubits: Sequence[int] | Mapping[str, int]) -> Experiment:
    roles = experiment.design.roles
    if not isinstance(qubits, Mapping):
        if len(qubits) != len(roles):
            raise BadInput(
                f"physical_qubits = {list(qubits)}: give {len(roles)}: of {', '.join(roles)}"
            )
        qubits = dict(zip(roles, map(int, qubits), strict=True))
    return experiment.with_(device={"layout": dict(qubits)})


def _check(experiment: Experiment) -> None:
    measurement, inference = experiment.measurement, experiment.inference
    if measurement.shots == "exact":
        raise BadInput("measurement.shots = 'exact': circuits give shots; give their number")
    if measurement.allocation is not None:
        raise BadInput("measurement.allocation: here all settings have equal shots; remove it")
    if experiment.sweep.over is not None:
        raise BadInput("sweep.over: a run has a single device; give it to recycling sweep")
    if assignment_repeats(experiment):
        raise BadInput(
            "hardware.assignment = 'interleaved': here no calibration is measured; give false"
        )
    if inference.temperature == "calibration":
        raise BadInput(
            "inference.temperature = 'calibration': here no bracket is measured; give 'given' or "
            "'measured'"
        )
    check_size(experiment, None)
