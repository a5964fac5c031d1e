"""Damage to a run directory, by the checksums that it holds."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from recycling.store.files import Damaged, checksum
from recycling.store.identity import IDENTITY, identity_damage
from recycling.store.outcomes import outcomes_path
from recycling.store.rounds import NAME as ROUNDS
from recycling.store.telemetry import NAME as TELEMETRY
from recycling.store.telemetry import Head, telemetry_damage

if TYPE_CHECKING:
    from recycling.store.directory import Run

CIRCUITS, PREDICTION = "circuits.qpy", "prediction.nc"
#: Files that no number depends on, and what is missing without them: run.json and the journals hold
#: everything else.
SPARE = {
    "run.json.copy": "nothing else",
    "experiment.toml": "nothing else: run.json holds the spec",
    "device.json": "nothing else: run.json holds the device",
    "calibration.json": "the calibration of the rest of the chip",
    PREDICTION: "the prediction beside the measurement",
    CIRCUITS: "the drawings, the schedules and what follows from them",
    TELEMETRY: "times of the steps",
    ROUNDS: "what each look at the rounds saw",
}


@dataclass(frozen=True)
class Damage:
    """A file of a run that is not what was written: its name in the run, and why."""

    file: str
    why: str


def damage_of(run: Run) -> list[Damage]:
    """List the files of a run that are missing, torn, changed or of another run.

    Derived files are left out.

    Example:
        >>> from tempfile import TemporaryDirectory
        >>> import recycling
        >>> experiment = recycling.Experiment(
        ...     name="tiny",
        ...     algorithm={"name": "repeat-until-success"},
        ...     device={"profile": "ideal"},
        ...     sweep={"theta": [0.3, 0.6], "p_x": [0.1, 0.4]},
        ...     measurement={"shots": "exact", "trials": 1},
        ... )
        >>> folder = TemporaryDirectory()
        >>> run = recycling.run(experiment, out=f"{folder.name}/run")
        >>> (run.path / "device.json").unlink()
        >>> [(damage.file, damage.why) for damage in damage_of(run)]
        [('device.json', 'it is missing')]
        >>> folder.cleanup()
    """
    found = damage_besides_jobs(run)
    for job in run.jobs:
        try:
            record = run.journal(job)
        except Damaged as error:
            found.append((f"jobs/{job.name}.json", str(error)))
            continue
        if record.state == "done":
            path = outcomes_path(run.path, job.name)
            why = checksum_damage(path, record.current.shots_checksum)
            found.append((f"shots/{job.name}.npz", why))
    return [Damage(name, why) for name, why in found if why]


def damage_besides_jobs(run: Run) -> list[tuple[str, str]]:
    """List the files of a run that belong to no job, each with its damage or an empty text.

    Example:
        >>> from tempfile import TemporaryDirectory
        >>> import recycling
        >>> experiment = recycling.Experiment(
        ...     name="tiny",
        ...     algorithm={"name": "repeat-until-success"},
        ...     device={"profile": "ideal"},
        ...     sweep={"theta": [0.3, 0.6], "p_x": [0.1, 0.4]},
        ...     measurement={"shots": "exact", "trials": 1},
        ... )
        >>> folder = TemporaryDirectory()
        >>> run = recycling.run(experiment, out=f"{folder.name}/run")
        >>> {why for _, why in damage_besides_jobs(run)}
        {''}
        >>> folder.cleanup()
    """
    head = run.record.get("telemetry")
    known = None if head is None else Head(**head)
    return [
        *((name, identity_damage(run.path / name, run.run_id)) for name in IDENTITY),
        *(
            (name, checksum_damage(run.path / name, expected))
            for name, expected in run.record["checksums"].items()
        ),
        (TELEMETRY, telemetry_damage(run.path, run.run_id, known)),
        *([] if run.until is None else [(ROUNDS, _rounds_damage(run))]),
    ]


def _rounds_damage(run: Run) -> str:
    """Describe the damage to the looks at the rounds; empty where there is none."""
    try:
        found = run.rounds
    except Damaged as error:
        return str(error)
    return "it is missing" if run.record["state"] == "done" and found.stopped is None else ""


def checksum_damage(path: Path, expected: str | None) -> str:
    """Say what is wrong with a file by its checksum; nothing where it is as expected.

    Example:
        >>> checksum_damage(Path("nowhere"), None)
        'it is missing'
    """
    if not path.is_file():
        return "it is missing"
    return "" if checksum(path) == expected else "its checksum differs"
