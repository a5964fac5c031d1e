"""A run beside the paper (arXiv:2601.07522)."""

from recycling.reporting.paper.replay import Replay
from recycling.reporting.paper.statements import (
    LONGEST,
    STATEMENTS,
    Comparison,
    compare,
    replay_of,
    summary,
)

__all__ = ["LONGEST", "STATEMENTS", "Comparison", "Replay", "compare", "replay_of", "summary"]
