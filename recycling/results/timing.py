"""The true timing of a stored run: what the service's schedules say, and the measured latency."""

from __future__ import annotations

from dataclasses import dataclass
from statistics import median
from typing import TYPE_CHECKING, Any

from circuits.design import Setting
from recycling.compilation.schedules import Schedule, attributed
from recycling.compilation.timeline import timeline
from recycling.compilation.true_times import Comparison, latencies, true_operations
from recycling.jobs.cut import measured_settings
from recycling.jobs.interleaved import assignment_repeats
from recycling.store.files import Damaged
from recycling.store.run_circuits import SENT_PREFIX

if TYPE_CHECKING:
    from recycling.store.directory import Run


@dataclass(frozen=True)
class Latency:
    """Feedforward latency, s: measured where a schedule tells, else assumed.

    Attributes:
        seconds: median over all rounds of all circuits whose schedule is attributed.
        least: the shortest, s.
        most: the longest, s.
        count: number of rounds; 0: it is assumed.
        source: where it comes from, in words.
    """

    seconds: float
    least: float
    most: float
    count: int
    source: str

    @property
    def words(self) -> str:
        """Its source, and whether it is measured or assumed."""
        return f"{'measured' if self.measured else 'assumed'}: {self.source}"

    @property
    def measured(self) -> bool:
        """Whether a schedule tells it."""
        return self.count > 0


def schedules_of(run: Run) -> dict[Setting, Schedule | None]:
    """Attribute the schedules that the service reported for a job to its circuits.

    Returns:
        The schedule of each setting that the first job with any measures, None where it is not
        attributable; nothing where none was reported, or the circuits cannot be read.

    Example:
        >>> from types import SimpleNamespace
        >>> schedules_of(SimpleNamespace(jobs=[]))
        {}
    """
    trials = ((job, _reported(run, job)) for job in run.jobs if job.trial is not None)
    job, reported = next(((job, found) for job, found in trials if any(found)), (None, []))
    if job is None or run.circuits_fault:  # to read circuits takes Qiskit
        return {}
    settings = measured_settings(run.experiment, job)
    repeats = assignment_repeats(run.experiment)
    besides = [circuit.name for circuit in run.assignment] * repeats if repeats else []
    names = [*(" ".join(setting) for setting in settings), *besides]
    found = attributed(reported, [run.all_circuits[SENT_PREFIX + name] for name in names])
    return dict(zip(settings, found, strict=False))


def comparisons(run: Run) -> dict[Setting, Comparison | None]:
    """Compare each circuit as it was planned with the schedule of the service.

    Returns:
        None for a circuit whose schedule is not attributable.

    Example:
        >>> from types import SimpleNamespace
        >>> comparisons(SimpleNamespace(jobs=[]))
        {}
    """
    found: dict[Setting, Comparison | None] = {}
    for setting, schedule in schedules_of(run).items():
        planned = timeline(run.circuits[setting], run.device)
        start = min((o.start for o in planned if o.name not in ("delay", "rz")), default=0.0)
        sent = run.all_circuits[SENT_PREFIX + " ".join(setting)]
        found[setting] = (
            None
            if schedule is None
            else Comparison(
                tuple(planned), tuple(true_operations(schedule, sent, run.device, start))
            )
        )
    return found


def latency_of(run: Run, known: dict[Setting, Comparison | None] | None = None) -> Latency:
    """Find the feedforward latency of a run: measured by its schedules, or assumed.

    Args:
        run: opened run.
        known: what ``comparisons`` gives, where it is at hand.

    Example:
        >>> from types import SimpleNamespace
        >>> from recycling.devices.profiles import ideal_device
        >>> device = ideal_device(temperature=0.043, frequency=5e9)
        >>> latency_of(SimpleNamespace(jobs=[], device=device)).measured
        False
    """
    compared = comparisons(run) if known is None else known
    rounds = [t for each in compared.values() if each is not None for t in latencies(each.true)]
    if not rounds:
        assumed = float(run.device.feedforward_latency)
        source = run.device.sources["feedforward_latency"]
        return Latency(assumed, assumed, assumed, 0, source)
    words = f"{len(rounds)} rounds in the schedules of the service"
    return Latency(median(rounds), min(rounds), max(rounds), len(rounds), words)


def _reported(run: Run, job: Any) -> list[dict[str, Any] | None]:
    try:
        journal = run.journal(job)
    except Damaged:
        return []
    return (journal.current.record.get("schedules") or []) if journal.attempts else []
