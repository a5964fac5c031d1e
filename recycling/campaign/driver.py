"""Bring a campaign from its spec to its last run, such that no run is lost or done twice.

The log has one record a run, in order, written when the run is over. What it does not have is done
again from what is in the directory: the decision on the run that was under way is kept in
``next.json`` before the run begins, and an ordinary run directory goes on where it stopped. So
whoever is killed at any point starts the same command again.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from recycling.campaign.database import NAME
from recycling.campaign.due import Due, Planner, due, is_simulator
from recycling.campaign.folder import Folder
from recycling.campaign.heads import Head
from recycling.campaign.log import SignedLog
from recycling.campaign.samples import samples_of
from recycling.campaign.single_run import Execution, is_passing
from recycling.campaign.timing import Clock, ScheduledClock, WallClock
from recycling.errors import BackendFailure, BadInput, Incomplete
from recycling.execution.machine import Account
from recycling.execution.registry import parse_backend
from recycling.running.work import Conduct, Progress, Watch
from recycling.store.lock import locked
from recycling.studies.protocol import STUDY
from recycling.studies.words import counted


@dataclass(frozen=True)
class _Driver:
    """Drives the runs of one campaign. The log and the directory are its only memory."""

    folder: Folder
    log: SignedLog
    planner: Planner
    clock: Clock
    conduct: Conduct

    def complete(self) -> None:
        """Bring all runs that are left to their records.

        Raises:
            BadInput: the log does not verify, or is another campaign's.
            BackendFailure: a service is away; the same command goes on.
            Incomplete: it was interrupted; the same command goes on.
        """
        records = checked_records(self.folder, self.log)
        count = self.folder.spec.count
        for run in range(len(records) + 1, count + 1):
            each = due(self.folder, run)
            self.conduct.watch(f"run {each.run}", f"of {count}, running", len(records) / count)
            try:
                record = self._record(each, records)
            except (Incomplete, KeyboardInterrupt):
                raise Incomplete(
                    f"interrupted in run {each.run} of {count}; nothing is lost; go on with the "
                    "same command"
                ) from None
            self.log.append(record, samples_of(record))
            records.append(record)
            self.conduct.watch(f"run {each.run}", _state(record), len(records) / count)

    def _record(self, each: Due, records: list[dict[str, Any]]) -> dict[str, Any]:
        conduct = Conduct() if each.simulated else self._numbered(each)  # those are short
        execution = Execution(self.folder, each, records, self.planner, conduct)
        decided = self.folder.under_way(each.run)
        try:
            if decided is None:
                decided = self._decided(execution)
            if decided["action"] == "reject":
                return execution.rejected(decided)
            self.clock.wait_until(decided["time"], self.conduct.progress)
            return execution.carried_out(decided)
        except (BadInput, BackendFailure) as error:
            if is_passing(error):
                raise BackendFailure(
                    f"run {each.run}: {error}; nothing is lost; go on with the same command",
                    transient=True,
                ) from None
            if decided is None:
                decided = undecided(each.run, *self._times(execution))
            return execution.failed(decided, error)

    def _numbered(self, each: Due) -> Conduct:
        """Conduct of a run whose jobs are shown with its number."""
        watch = self.conduct.watch
        return replace(
            self.conduct,
            watch=lambda job, state, done: watch(f"run {each.run}, {job}", state, done),
        )

    def _decided(self, execution: Execution) -> dict[str, Any]:
        """Decide on a run when it is due, and keep the decision before it begins."""
        decided = execution.decided(*self._times(execution))
        self.folder.begin(decided)
        return decided

    def _times(self, execution: Execution) -> tuple[float, float]:
        """Wait until a run is due; returns that time, and the one that it is then.

        A run that was deferred for longer than an interval delays those that follow.
        """
        records, interval = execution.records, self.folder.spec.interval
        beginning = records[0]["due"] if records else self.clock.beginning
        scheduled = beginning + (execution.due.run - 1) * interval
        earliest = max(scheduled, records[-1]["time"]) if records else scheduled
        return scheduled, self.clock.wait_until(earliest, self.conduct.progress)


def run_campaign(
    folder: Folder,
    key: bytes,
    *,
    account: Account | None = None,
    progress: Progress = lambda _step: None,
    watch: Watch = lambda _run, _state, _done: None,
) -> Head:
    r"""Run a campaign, or go on with it; returns the head of its log, to be kept elsewhere.

    Args:
        folder: its directory, which is written if it is new.
        key: key of the log.
        account: whose account pays on machines; None takes the default one.
        progress: called with the name of each step as it begins.
        watch: called with a run, its state, and the fraction of runs that is over.

    Raises:
        BadInput: a spec or a backend has faults, or a machine does not take its runs: nothing is
            written. Or the log does not verify, or another process is at work.
        BackendFailure: a service is away; the same command goes on.
        Incomplete: it was interrupted; the same command goes on.

    Example:
        >>> from tempfile import TemporaryDirectory
        >>> from recycling.spec.experiment import Experiment
        >>> experiment = Experiment(
        ...     name="tiny",
        ...     algorithm={"name": "repeat-until-success"},
        ...     device={"profile": "ideal"},
        ...     sweep={"theta": [0.6], "p_x": [0.1]},
        ...     measurement={"shots": "exact", "trials": 1},
        ... )
        >>> from pathlib import Path
        >>> campaign = 'interval = 60\nbudget.qpu_seconds = 9\nruns = [{ spec = "tiny.toml" }]'
        >>> with TemporaryDirectory() as path:
        ...     folder = Folder(Path(path) / "campaign", campaign, (experiment.to_toml(),))
        ...     run_campaign(folder, key=bytes(range(32)))[0]
        1
    """
    planner, log = Planner(account or Account()), SignedLog(folder.path, key)
    if not folder.exists:
        for run in folder.spec.starts:
            _check(folder, due(folder, run), planner, progress)
        folder.create()
    progress(f"running {counted(folder.spec.count - log.head[0], 'run')}")
    backends = {parse_backend(entry.backend) for entry in folder.spec.runs}
    clock = ScheduledClock() if all(map(is_simulator, backends)) else WallClock()
    with locked(folder.path):
        _Driver(folder, log, planner, clock, Conduct(progress=progress, watch=watch)).complete()
    return log.head


def _check(folder: Folder, first: Due, planner: Planner, progress: Progress) -> None:
    """Check that runs like this one can be executed, before any is.

    Raises:
        BadInput: they cannot.
        BackendFailure: the machine does not answer.
    """
    STUDY.check_size(first.experiment, first.backend, folder.run_path(first.run))
    STUDY.check(planner.plan(first, progress), None)


def checked_records(folder: Folder, log: SignedLog) -> list[dict[str, Any]]:
    r"""Records of a campaign, verified, and its run directories checked against them.

    Raises:
        BadInput: a record was changed or is missing, is of another campaign, or runs are there
            that the log lacks: it was cut.

    Example:
        >>> from pathlib import Path
        >>> campaign = 'interval = 60\nbudget.qpu_seconds = 9\nruns = [{ spec = "theory" }]'
        >>> folder = Folder(Path("no such campaign"), campaign, ('name = "theory"',))
        >>> checked_records(folder, SignedLog(folder.path, bytes(range(32))))
        []
    """
    records = []
    if (folder.path / NAME).is_file():
        log.verify()
        records = log.records()
    for place, record in enumerate(records, start=1):
        if (record.get("event"), record.get("run")) != ("run", place):
            raise BadInput(f"record {place} of the log is not that of run {place}: restore the log")
        if record.get("campaign") != folder.digest:
            raise BadInput(
                f"record {place} of the log is of other specs than those in {folder.path}: "
                "restore them"
            )
    if len(records) > folder.spec.count:
        raise BadInput(f"the log has {len(records)} records of {folder.spec.count} runs")
    later = [run for run in range(len(records) + 2, folder.spec.count + 1) if folder.begun(run)]
    if later:
        raise BadInput(
            f"record {len(records) + 1} of the log is missing: the log ends with record "
            f"{len(records)}, and run {later[-1]} was begun; it was cut: restore it from a copy"
        )
    return records


def undecided(run: int, due: float, time: float) -> dict[str, Any]:
    """What is kept of a run that failed before it was decided on.

    Example:
        >>> undecided(3, 120.0, 121.5)["action"]
        'admit'
    """
    reason = "it failed before its cost was known"
    decided: dict[str, Any] = {"run": run, "due": due, "action": "admit", "reason": reason}
    return decided | {"time": time, "plate": {}, "seconds": {}}


def _state(record: dict[str, Any]) -> str:
    """State of a run for people, with the reason where it is not done."""
    if record["state"] == "rejected":
        return f"rejected: {record['reason']}"
    if record["state"] == "failed":
        return f"failed: {record['failure']}"
    return "done, deferred" if record["action"] == "defer" else "done"
