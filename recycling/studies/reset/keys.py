"""What each circuit of a study of resets is for, and the jobs that they make up."""

from __future__ import annotations

from typing import NamedTuple, cast

from circuits.calibration.assignment import THERMAL, preparations
from circuits.calibration.resets import ResetName
from recycling.jobs.job import Job
from recycling.studies.reset.spec import BATHS, ResetSpec


class Key(NamedTuple):
    """What a circuit is for.

    Attributes:
        group: a method, "control" without a reset, or "readout".
        length: time of a wait in s, or number of rounds; 0 of the others.
        prepared: preparation of the qubit, "0" or "1"; of the readout that of all qubits.
    """

    group: str
    length: float
    prepared: str


def keys_of(spec: ResetSpec, method: str) -> list[Key]:
    """List the circuits of a method's job in order: controls, readout, and each length.

    Each job has controls and readout of its own, so that they are as old as what they serve.

    Example:
        >>> spec = ResetSpec(methods=("reset",), rounds=(1, 2))
        >>> [name_of(key) for key in keys_of(spec, "reset")][-4:]
        ['reset 1 0', 'reset 1 1', 'reset 2 0', 'reset 2 1']
    """
    lengths = spec.lengths(cast(ResetName, method))
    return [
        *(Key("control", 0, prepared) for prepared in "01"),
        *(Key("readout", 0, bits) for bits in (*preparations(1 + len(BATHS)), THERMAL)),
        *(Key(method, length, prepared) for length in lengths for prepared in "01"),
    ]


def all_keys(spec: ResetSpec) -> list[Key]:
    """List all circuits of a spec, each once.

    Example:
        >>> len(all_keys(ResetSpec(methods=("reset", "swap"), rounds=(1,))))
        15
    """
    return list(dict.fromkeys(key for method in spec.methods for key in keys_of(spec, method)))


def name_of(key: Key) -> str:
    """Name a circuit.

    Example:
        >>> name_of(Key("wait", 5e-5, "1")), name_of(Key("readout", 0, "010"))
        ('wait 5e-05 1', 'readout 010')
    """
    length = () if key.group in ("control", "readout") else (f"{key.length:.12g}",)
    return " ".join((key.group, *length, key.prepared))


def method_jobs(spec: ResetSpec) -> tuple[Job, ...]:
    """List a job for each method.

    Example:
        >>> [(job.name, job.shots) for job in method_jobs(ResetSpec(methods=("wait", "swap")))]
        [('wait', 4000), ('swap', 4000)]
    """
    shots = None if spec.shots == "exact" else spec.shots
    return tuple(
        Job(method, None, shots=shots, kind="reset", ladder=method) for method in spec.methods
    )
