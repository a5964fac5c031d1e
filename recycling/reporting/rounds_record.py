"""How far a run in rounds is, and why it stopped, for people and scripts."""

from __future__ import annotations

from typing import Any

from recycling.store.directory import Run
from recycling.store.files import Damaged
from recycling.store.rounds import Rounds, Until


def rounds_record(run: Run) -> dict[str, Any] | None:
    """Describe the rounds of a run for scripts; None where it measures all of its trials."""
    until, rounds = run.until, rounds_of(run)
    if until is None:
        return None
    looks = [] if rounds is None else rounds.looks
    stopped = None if rounds is None else rounds.stopped
    return {
        "rule": until.model_dump(mode="json"),
        "looks": len(looks),
        "rounds_looked_at": looks[-1].round if looks else 0,
        "most_rounds": until.rounds,
        "stopped": None if stopped is None else stopped.model_dump(mode="json"),
        "text": rounds_text(until, rounds),
    }


def rounds_of(run: Run) -> Rounds | None:
    """Looks at the rounds of a run; None where they cannot be read."""
    try:
        return run.rounds
    except Damaged:
        return None


def rounds_text(until: Until, rounds: Rounds | None) -> str:
    """Say by which rule a run stops, how far it is, and why it stopped."""
    if rounds is None:
        return f"rounds until {until.text}: what the looks saw is damaged"
    if rounds.stopped is not None:
        stopped = rounds.stopped
        return f"stopped after {stopped.rounds} of {until.rounds} rounds, {stopped.reason}: " + (
            stopped.text
        )
    looked = f"; looked at {rounds.looks[-1].round}" if rounds.looks else ""
    return f"rounds until {until.text}{looked}"
