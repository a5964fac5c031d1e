"""Adopt jobs that were submitted elsewhere: into a run, or into a new run of a spec."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from recycling.errors import BadInput
from recycling.execution.machine import Account
from recycling.running import adopting
from recycling.running.work import Conduct
from recycling.spec.experiment import Experiment
from recycling.store.directory import Run
from recycling.studies import study_of
from recycling.studies.protocol import STUDY
from recycling.studies.stored import open_unchecked


def adopt(
    target: Path | Experiment,
    ids: Sequence[str] = (),
    tag: str | None = None,
    *,
    backend: str = "",
    out: str | Path | None = None,
    spec: str | None = None,
    account: Account | None = None,
    conduct: Conduct | None = None,
) -> Run:
    """Take jobs whose circuits and values are those of a plan into a run. Nothing is submitted.

    Args:
        target: directory of a run that still wants jobs, or an experiment for a new one.
        ids: ids of jobs on the service.
        tag: tag of further jobs.
        backend: name of the machine that has the jobs, for a new run.
        out: run directory to create.
        spec: text of the spec to keep; by default the experiment written out as TOML.
        account: whose account to use for a new run; None takes the default one.
        conduct: whether to wait for jobs under way, and whom to tell.

    Raises:
        BadInput: no job is named, or none of them is one of the plan: a line for each says why.
        BackendFailure: the service failed, or an adopted job has.
        Incomplete: not all jobs of the run are here.

    Example:
        >>> adopt(Experiment(name="small"), backend="ibm:ibm_fez")
        Traceback (most recent call last):
        recycling.errors.BadInput: job_id = none: give the ids of jobs, or a tag
    """
    if not ids and not tag:
        raise BadInput("job_id = none: give the ids of jobs, or a tag")
    conduct = conduct or Conduct()
    if isinstance(target, Path):
        found = open_unchecked(target)
        return adopting.adopt_into(study_of(found.kind), found, ids=ids, tag=tag, conduct=conduct)
    return adopting.adopt_new(
        STUDY,
        target,
        backend,
        out,
        ids=ids,
        tag=tag,
        text=target.to_toml() if spec is None else spec,
        account=account or Account(),
        conduct=conduct,
    )
