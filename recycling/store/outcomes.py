"""Outcomes of a job on disk: raw bits in the order of the shots, npz without pickle."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import numpy as np

from recycling.execution.backend import Outcomes
from recycling.store.files import Damaged, write_whole


def outcomes_path(run: Path, job: str) -> Path:
    """File of a job's outcomes."""
    return run / "shots" / f"{job}.npz"


def write_outcomes(path: Path, outcomes: Outcomes) -> None:
    """Write outcomes, whole and synced."""
    kind, array = ("shots", outcomes.shots) if outcomes.table is None else ("table", outcomes.table)
    stream = io.BytesIO()
    arrays: dict[str, Any] = {"bits": np.array(outcomes.bits), kind: array}
    np.savez_compressed(stream, **arrays)
    write_whole(path, stream.getvalue())


def read_outcomes(path: Path) -> Outcomes:
    """Read outcomes.

    Raises:
        Damaged: the file cannot be read.
    """
    try:
        with np.load(io.BytesIO(path.read_bytes()), allow_pickle=False) as archive:
            bits = int(archive["bits"])
            return Outcomes(bits, **{k: archive[k] for k in ("shots", "table") if k in archive})
    except Exception:  # whatever a changed byte makes of an archive
        raise Damaged("it cannot be read") from None
