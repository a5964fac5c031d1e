"""Campaigns: runs over weeks, and how one knows that nothing drifted, stopped or was changed.

Names are loaded when they are first used, so that importing a part stays light.

Example:
    >>> import recycling as rc
    >>> float(rc.campaign.burn_rate(3, 40, 0.95).round(3))  # bad runs, runs, objective
    1.5
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from recycling.campaign.admission import admit
    from recycling.campaign.burn import burn_rate
    from recycling.campaign.clocks import clock_offset
    from recycling.campaign.gaps import completeness
    from recycling.campaign.log import SignedLog
    from recycling.campaign.plate import Plate

_HOME = {
    "Plate": "plate",
    "SignedLog": "log",
    "admit": "admission",
    "burn_rate": "burn",
    "clock_offset": "clocks",
    "completeness": "gaps",
}

__all__ = [
    "Plate",
    "SignedLog",
    "admit",
    "burn_rate",
    "clock_offset",
    "completeness",
]


def __getattr__(name: str) -> Any:
    if name not in _HOME:
        raise AttributeError(f"module 'recycling.campaign' has no attribute {name!r}")
    return getattr(import_module(f"recycling.campaign.{_HOME[name]}"), name)


def __dir__() -> list[str]:
    return [*globals(), *_HOME]
