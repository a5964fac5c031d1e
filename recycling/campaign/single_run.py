"""One run of a campaign, from the decision on it to what the log keeps of it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from recycling.campaign.decisions import decide, used_of
from recycling.campaign.due import Due, Planner
from recycling.campaign.evidence import (
    brackets_of,
    clock_times,
    metrics_of,
    shots_of,
)
from recycling.campaign.folder import Folder
from recycling.campaign.metrics import METRICS
from recycling.campaign.steadiness import bracket_record, changes_of, limit_of, steady
from recycling.errors import BackendFailure, BadInput
from recycling.inference.states.records import Layout
from recycling.results.analysis import analyse
from recycling.running import runs
from recycling.running.budget import used_seconds
from recycling.running.work import Conduct
from recycling.studies.protocol import STUDY
from recycling.studies.stored import open_unchecked

if TYPE_CHECKING:
    from recycling.store.directory import Run

Record = Mapping[str, Any]
#: What a simulated service takes to answer where a clock is rehearsed, s.
SIMULATED_ANSWER = 1.0


@dataclass(frozen=True)
class Execution:
    r"""A run that is due, and the campaign that it belongs to.

    ``records`` are those of all earlier runs.

    Example:
        >>> from pathlib import Path
        >>> from recycling.campaign.due import due
        >>> from recycling.spec.experiment import Experiment
        >>> experiment = Experiment(
        ...     name="tiny",
        ...     algorithm={"name": "repeat-until-success"},
        ...     device={"profile": "ideal"},
        ...     sweep={"theta": [0.6], "p_x": [0.4]},
        ... )
        >>> campaign = 'interval = 60\nbudget.qpu_seconds = 100\nruns = [{ spec = "tiny.toml" }]'
        >>> folder = Folder(Path("campaign"), campaign, (experiment.to_toml(),))
        >>> Execution(folder, due(folder, 1), [], Planner(), Conduct()).decided(0.0, 0.0)["reason"]
        'budget.qpu_seconds = 100: 0.0 s are used, and the run needs about 250.0 s'
    """

    folder: Folder
    due: Due
    records: Sequence[Record]
    planner: Planner
    conduct: Conduct

    def decided(self, due: float, time: float) -> dict[str, Any]:
        """Decide on the run, which was due, at a time, s; kept until the run is in the log.

        Raises:
            BadInput: the run cannot be planned.
            BackendFailure: the machine does not answer.
        """
        cost = self.planner.plan(self.due, self.conduct.progress).cost
        seconds = {} if cost is None else {each.job.name: each.qpu_seconds for each in cost.jobs}
        needed = None if cost is None else cost.qpu_seconds
        admission = decide(self.folder.spec, self.records, time, needed)
        return {
            "run": self.due.run,
            "due": due,
            "action": admission.action,
            "reason": admission.reason,
            "time": admission.time,
            "plate": dict(admission.plate),
            "seconds": seconds,
        }

    def rejected(self, decided: Record) -> dict[str, Any]:
        """Record of a run that was not let."""
        return self._record(decided) | {"state": "rejected"}

    def failed(self, decided: Record, why: BaseException) -> dict[str, Any]:
        """Record of a run that failed; what it was charged counts."""
        spent = 0.0
        if self.folder.begun(self.due.run):
            path = self.folder.run_path(self.due.run)
            spent = charged(open_unchecked(path), decided["seconds"])
        failure = {"state": "failed", "failure": _one_line(why), "qpu_seconds": spent}
        return self._record(decided) | failure | self._counted({"success": 0.0})

    def carried_out(self, decided: Record) -> dict[str, Any]:
        """Run, or go on with it; returns its record.

        Raises:
            BadInput: what cannot be executed or analysed.
            BackendFailure: the backend failed.
            Incomplete: it was interrupted; the same call goes on.
        """
        stored = self._stored()
        self.conduct.progress("analysing")
        found = metrics_of(stored, analyse(stored))
        before, after = brackets_of(stored)
        layout = Layout.of(stored.design)
        role = layout.measured[layout.bath]
        subject = self._subject(stored, role)
        changes = changes_of(
            self.records, self.due.run, subject, before, after, role=role,
            limit=limit_of(self.folder.spec.count),
        )  # fmt: skip
        steadiness = steady(changes)
        if steadiness is not None:
            found["steadiness"] = steadiness
        return self._record(decided) | {
            "state": "done",
            "source": "simulated" if stored.simulated else "measured",
            "qpu_seconds": charged(stored, decided["seconds"]),
            "run_id": stored.run_id,
            "spec_hash": stored.experiment.hash,
            "shots": shots_of(stored),
            "subject": subject,
            "bracket": bracket_record(before),
            "calibration": {} if self.due.simulated else _calibration(stored, role),
            "drift": changes,
            "clock": self._clock(stored, decided["time"]),
            **self._counted(found, subject),
        }

    def _stored(self) -> Run:
        left = self.folder.spec.budget.qpu_seconds - used_of(self.records)
        study = replace(
            STUDY,
            plan=lambda *_: self.planner.plan(self.due, self.conduct.progress),
            # The theory takes longer than the run; whoever reports the run makes it.
            keep=lambda _run: None,
        )
        return runs.run(
            study,
            self.due.experiment,
            str(self.due.backend),
            self.folder.run_path(self.due.run),
            text=self.due.text,
            changes=self.due.changes,
            account=self.planner.account,
            conduct=replace(self.conduct, max_qpu_seconds=None if self.due.simulated else left),
        )

    def _record(self, decided: Record) -> dict[str, Any]:
        """What every record holds."""
        due = self.due
        return {
            "event": "run",
            "run": due.run,
            **{key: decided[key] for key in ("action", "reason", "due", "time", "plate")},
            "backend": str(due.backend),
            "spec": due.spec,
            "campaign": self.folder.digest,
            "source": "simulated" if due.simulated else "measured",
            "qpu_seconds": 0.0,
            "metrics": {},
            "rehearsed": due.rehearsed.record,
        }

    def _counted(self, found: dict[str, float], subject: str = "") -> dict[str, Any]:
        """Metrics, and the fraction of them that the telemetry records.

        Expected are those of the first run of the same subject.
        """
        known = [r for r in self.records if r["state"] == "done" and r["spec"] == self.due.spec]
        first = next((r for r in known if not subject or r["subject"] == subject), None)
        usual = found if first is None else first["metrics"]
        expected = {name for name in usual if not METRICS[name].optional} - {"completeness"}
        recorded = set() if self.due.rehearsed.telemetry is False else expected & set(found)
        metrics = found | {"completeness": len(recorded) / len(expected)}
        return {"metrics": metrics, "recorded": self.due.rehearsed.telemetry is not False}

    def _subject(self, stored: Run, role: str) -> str:
        """What the brackets measure: a qubit of a machine, or the device of a spec."""
        if self.due.simulated:
            return f"{self.due.backend} {self.due.spec}"
        layout = stored.device.layout or ()
        return f"{self.due.backend} qubit {layout[stored.device.roles.index(role)]}"

    def _clock(self, stored: Run, time: float) -> list[list[float]]:
        """Times of jobs: sent, by the service's clock, answered. Simulated where rehearsed."""
        if not self.due.simulated:
            return [list(times) for times in clock_times(stored)]
        if all(each.clock_offset is None for each in self.folder.spec.rehearse):
            return []
        offset = self.due.rehearsed.clock_offset or 0.0
        return [[time, time + SIMULATED_ANSWER / 2 + offset, time + SIMULATED_ANSWER]]


def charged(run: Run, seconds: Mapping[str, float]) -> float:
    """QPU time that a run was charged, s: as the service reports it, else as estimated.

    Args:
        run: the run.
        seconds: estimates by the name of the job; empty for infinitely many shots.

    Example:
        >>> from tempfile import TemporaryDirectory
        >>> import recycling
        >>> with TemporaryDirectory() as folder:
        ...     run = recycling.run(recycling.preset("theory"), out=f"{folder}/run")
        ...     charged(run, {"trial-0": 12.5})
        12.5
    """
    estimates = defaultdict(float, seconds)
    return float(sum(used_seconds(run.journal(job), estimates) for job in run.jobs))


def _calibration(run: Run, role: str) -> dict[str, float]:
    """T1 and T2 of the bath qubit by the machine's calibration, s."""
    place = run.device.roles.index(role)
    return {name: float(getattr(run.device, name)[place]) for name in ("t1", "t2")}


def _one_line(error: BaseException) -> str:
    text = error.one_line if isinstance(error, BadInput) else str(error)
    return " ".join(text.split())


def is_passing(error: BaseException) -> bool:
    """Whether another attempt at a run may succeed: then the campaign stops instead of going on.

    Example:
        >>> is_passing(BackendFailure("no answer", transient=True)), is_passing(BadInput("no"))
        (True, False)
    """
    return isinstance(error, BackendFailure) and error.transient
