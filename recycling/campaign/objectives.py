"""An objective of a campaign, in the form that other tools take.

Interface: ``Objective(name, metric, at_least, objective, windows)`` with ``dns_name``, ``counter``.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from recycling.campaign.alerts import Window
from recycling.campaign.exposition import PREFIX
from recycling.errors import BadInput

#: Counter of the runs that an objective counts.
COUNTER = f"{PREFIX}_slo_runs_total"


@dataclass(frozen=True)
class Objective:
    """The fraction ``objective`` of runs is to have a ``metric`` of ``at_least``.

    ``windows`` are those of its alerts.

    Example:
        >>> window = Window(long=3600, short=300, burn=3, action="page")
        >>> slo = Objective("fidelity", "success_fidelity", 0.9, 0.99, (window,))
        >>> slo.windows[0].burn, slo.meaning
        (3, 'Fraction of runs with success_fidelity of at least 0.9.')
    """

    name: str
    metric: str
    at_least: float
    objective: float
    windows: tuple[Window, ...] = ()

    def __post_init__(self) -> None:
        if not 0 <= self.objective < 1:
            raise BadInput(f"objective = {self.objective:g}: give 0 or more, and below 1")

    @property
    def meaning(self) -> str:
        """What is counted, in a sentence."""
        return f"Fraction of runs with {self.metric} of at least {self.at_least:g}."

    @property
    def dns_name(self) -> str:
        """Name after RFC 1123: lower case, digits and hyphens, 63 at most.

        Example:
            >>> Objective("Fid_elity.1", "success_fidelity", 0.9, 0.99).dns_name
            'fid-elity-1'
        """
        return re.sub(r"[^a-z0-9]+", "-", self.name.lower()).strip("-")[:63].strip("-")

    def counter(self, outcome: str = "") -> str:
        """Selector of the counter of its runs, in PromQL; of one outcome, good or bad, if given.

        Example:
            >>> Objective("fidelity", "success_fidelity", 0.9, 0.99).counter("bad")
            'recycling_campaign_slo_runs_total{slo="fidelity",outcome="bad"}'
        """
        quoted = self.name.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
        return f'{COUNTER}{{slo="{quoted}"' + (f',outcome="{outcome}"}}' if outcome else "}")
