"""The seal of a prediction: what attests that it was there before the first job, and is unchanged.

Its SHA-256 is in run.json, in the journal of every job that was submitted, and in the tags of the
job at its service, which reports them with the outcomes.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from recycling.store.damage import PREDICTION
from recycling.store.files import Damaged
from recycling.store.journal import LOST, PREDICTION_TAG, Attempt, now, prediction_tag_of

if TYPE_CHECKING:
    from recycling.store.directory import Run

#: Attempts, each with the name of its job.
_Attempts = Sequence[tuple[str, Attempt]]
#: Digits of a checksum that are shown.
_SHOWN = 12


def sealed_entry(prediction: bytes | str | None) -> dict[str, Any]:
    """Make the entry of run.json for a prediction: its content, why there is none, or nothing.

    Example:
        >>> sealed_entry("too many qubits"), sealed_entry(None)
        ({'prediction': {'why_none': 'too many qubits'}}, {})
    """
    if prediction is None:
        return {}
    if isinstance(prediction, str):
        return {"prediction": {"why_none": prediction}}
    sha256 = hashlib.sha256(prediction).hexdigest()
    return {"prediction": {"sha256": sha256, "time": now()}}


def sealed_sha256(record: Mapping[str, Any]) -> str | None:
    """Read the SHA-256 of a run's prediction from run.json; None where none was sealed.

    Example:
        >>> sealed_sha256({}), sealed_sha256({"prediction": {"why_none": "too many qubits"}})
        (None, None)
    """
    sha256 = record.get("prediction", {}).get("sha256")
    return None if sha256 is None else str(sha256)


def seal_faults(run: Run) -> list[str]:
    """List what is wrong with the seal of a run's prediction, a line each.

    A file that was changed, a checksum that is not that of the jobs, a job that does not carry it,
    and a prediction that is later than a job. What ``damage_of`` finds is left to it.

    Example:
        >>> from types import SimpleNamespace
        >>> seal_faults(SimpleNamespace(record={}, jobs=()))  # of a run before predictions
        []
    """
    sha256 = sealed_sha256(run.record)
    attempts = list(_submitted(run))
    if sha256 is None:
        carried = [name for name, attempt in attempts if attempt.prediction is not None]
        if not carried:
            return []
        return [f"the prediction was removed from run.json: the tags of {carried[0]} carry one"]
    return [*_faults_of_file(run, sha256), *_faults_of_jobs(attempts, sha256),
            *_faults_of_time(run.record, attempts)]  # fmt: skip


def _faults_of_file(run: Run, sha256: str) -> list[str]:
    listed = run.record["checksums"].get(PREDICTION)
    if listed is None:
        return ["prediction.nc is gone: the prediction cannot be compared"]
    return [] if listed == sha256 else [f"prediction.nc is not what was sealed as {_short(sha256)}"]


def _faults_of_jobs(attempts: _Attempts, sha256: str) -> list[str]:
    reasons = [(name, _why_not_attested(attempt, sha256)) for name, attempt in attempts]
    found = [f"{name} ({why})" for name, why in reasons if why]
    more = f" and {len(found) - 1} more" if found[1:] else ""
    return [f"the prediction {_short(sha256)} is not attested by {found[0]}{more}"] if found else []


def _faults_of_time(record: Mapping[str, Any], attempts: _Attempts) -> list[str]:
    sealed = str(record["prediction"].get("time"))
    intents = [a.times["intended"] for _, a in attempts if "intended" in a.times]
    if not intents or sealed <= min(intents):
        return []
    return [f"the prediction was sealed at {sealed}, after the first job at {min(intents)}"]


def _short(sha256: str) -> str:
    return f"{sha256[:_SHOWN]}…"


def _submitted(run: Run) -> Iterator[tuple[str, Attempt]]:
    """Attempts that were submitted, of journals that can be read."""
    for job in run.jobs:
        with suppress(Damaged):
            yield from ((job.name, a) for a in run.journal(job).attempts if a.id is not None)


def _why_not_attested(attempt: Attempt, sha256: str) -> str:
    """Say why an attempt does not carry a checksum; nothing where it does."""
    # The service's word comes before that of the journal.
    tags = attempt.record.get("tags")
    if isinstance(tags, list):
        carried = [str(tag) for tag in tags if str(tag).startswith(PREDICTION_TAG)]
        if prediction_tag_of(sha256) in carried:
            return ""
        shown = _short(carried[0].removeprefix(PREDICTION_TAG)) if carried else "none"
        return f"its service names {shown}"
    # A journal that was lost and begun anew names none, and so may a job that is under way.
    unknown = attempt.prediction is None and (attempt.reason == LOST or attempt.state != "done")
    if attempt.prediction == sha256 or unknown:
        return ""
    if attempt.prediction is None:
        return "its journal names none"
    return f"its journal names {_short(attempt.prediction)}"
