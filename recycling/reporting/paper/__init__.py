"""A run beside the paper (arXiv:2601.07522)."""

from recycling.reporting.paper.data_checks import PRINTED_CROSSING
from recycling.reporting.paper.replay import Replay
from recycling.reporting.paper.statements import (
    LONGEST,
    STATEMENTS,
    Comparison,
    compare,
    prints_crossing,
    replay_of,
    summary,
)

__all__ = [
    "LONGEST", "PRINTED_CROSSING", "STATEMENTS", "Comparison", "Replay", "compare",
    "prints_crossing", "replay_of", "summary",
]  # fmt: skip
