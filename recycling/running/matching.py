"""Jobs that were submitted elsewhere, compared with those of a plan by what they execute."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from recycling.compilation.comparison import circuit_difference
from recycling.execution.backend import Submitted
from recycling.jobs.job import Job, Pub, full_parameters

#: Deviation of a value of a parameter that is rounding alone, rad.
_ROUNDING = 1e-9


@dataclass(frozen=True)
class Matches:
    """Which job of a plan a submitted job is, by the name of the former, and why others are none.

    Attributes:
        found: submitted jobs by the name of the job that they are.
        others: reason, by id, why a submitted job is none of the plan's.
    """

    found: Mapping[str, Submitted]
    others: Mapping[str, str]


def match(submitted: Sequence[Submitted], planned: Mapping[Job, Sequence[Pub]]) -> Matches:
    """Find the job of a plan that each submitted job is.

    Equal jobs, such as trials, are taken in the order in which they were submitted.

    Args:
        submitted: jobs as they were submitted.
        planned: PUBs of the jobs that are still wanted, as they would be sent.

    Example:
        >>> from qiskit import QuantumCircuit
        >>> job = Job("trial-0", trial=0, shots=100)
        >>> there = Submitted("job-1", (Pub(QuantumCircuit(1), {}),), shots=100)
        >>> match([there], {job: [Pub(QuantumCircuit(1), {})]}).found["trial-0"].id
        'job-1'
        >>> match([there], {job: [Pub(QuantumCircuit(2), {})]}).others
        {'job-1': 'unlike trial-0: circuit 1: it has 1 qubits and 0 bits'}
    """
    left = dict(planned)
    found: dict[str, Submitted] = {}
    others: dict[str, str] = {}
    in_order = sorted(submitted, key=lambda each: (each.created or "", each.id))
    for each in in_order:
        reasons = {job: difference(each, job, pubs) for job, pubs in left.items()}
        alike = [job for job, reason in reasons.items() if not reason]
        # What a run of this package submitted says which of several equal jobs it is.
        named = (job for job in alike if f"job:{job.name}" in each.tags)
        same = next(named, alike[0] if alike else None)
        if same is not None:
            del left[same]
            found[same.name] = each
            continue
        taken = next(
            (job for job in planned if job not in left and not difference(each, job, planned[job])),
            None,
        )
        others[each.id] = _why(reasons, taken)
    return Matches(found, others)


def _why(reasons: Mapping[Job, str], taken: Job | None) -> str:
    """Why a job is none of a plan: the difference to the job that it is most like."""
    if taken is not None:
        return f"like {taken.name}, for which another job is taken"
    if not reasons:
        return "no job of the plan is left to be taken"
    # The later the first difference is found, the more is alike.
    job = max(reasons, key=lambda each: _depth(reasons[each]))
    return f"unlike {job.name}: {reasons[job]}"


def _depth(reason: str) -> int:
    order = ("it has", "sweep", "circuit", "parameter", "shots")
    return max((place for place, word in enumerate(order) if reason.startswith(word)), default=0)


def difference(found: Submitted, job: Job, pubs: Sequence[Pub]) -> str:
    """Describe how a submitted job differs from a planned job; empty where it is the same.

    Example:
        >>> from qiskit import QuantumCircuit
        >>> there = Submitted("job-1", (Pub(QuantumCircuit(1), {}),), shots=50)
        >>> difference(there, Job("trial-0", trial=0, shots=100), [Pub(QuantumCircuit(1), {})])
        'shots: 50 instead of 100'
    """
    if len(found.pubs) != len(pubs):
        return f"it has {len(found.pubs)} circuits instead of {len(pubs)}"
    pairs = list(zip(found.pubs, pubs, strict=True))
    for number, (one, other) in enumerate(pairs, start=1):
        if one.sweep != other.sweep:
            return f"sweep of circuit {number}: {one.sweep} instead of {other.sweep}"
    for number, (one, other) in enumerate(pairs, start=1):
        if reason := circuit_difference(one.circuit, other.circuit):
            return f"circuit {number}: {reason}"
    for number, (one, other) in enumerate(pairs, start=1):
        known, values = full_parameters(one), full_parameters(other)
        for name in values:
            if not np.allclose(known[name], values[name], rtol=0, atol=_ROUNDING):
                return f"parameter {name} of circuit {number} has other values"
    return "" if found.shots == job.shots else f"shots: {found.shots} instead of {job.shots}"
