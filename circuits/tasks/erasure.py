"""Information erasure: the target qubit is prepared, then swapped with the bath qubit.

The target holds p_x|1⟩⟨1| + (1 - p_x)|0⟩⟨0|, mixed of its two preparations after the measurement.
"""

from __future__ import annotations

from typing import Literal

from circuits.gates import swap_all
from circuits.settings import Settings
from circuits.tasks.task import Task, excite, nothing

ERASURE = Task(
    name="erasure",
    stages={"before": None, "after": swap_all},
    preparations={"I": nothing, "X": excite},
)


class ErasureSettings(Settings):
    """The task of the paper: SWAP(S, B).

    Example:
        >>> task = ErasureSettings().build()
        >>> task.name, list(task.stages), list(task.preparations)
        ('erasure', ['before', 'after'], ['I', 'X'])
    """

    name: Literal["erasure"] = "erasure"

    def build(self) -> Task:
        """Build the task."""
        return ERASURE
