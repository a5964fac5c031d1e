"""Studies: kinds of runs. Each goes from a spec by a plan and its outcomes to results.

A module of a study holds its ``STUDY``; a line here makes every command know it.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

from recycling.errors import BadInput

if TYPE_CHECKING:
    from recycling.studies.study import Study

#: Module of each study, by its name in run.json.
STUDIES = {
    "protocol": "recycling.studies.protocol",
    "latency": "recycling.studies.latency.study",
    "reset": "recycling.studies.reset.study",
}


def study_of(name: str) -> Study:
    """Load a study by its name.

    Raises:
        BadInput: there is no such study.

    Example:
        >>> study_of("latency").name
        'latency'
    """
    if name not in STUDIES:
        known = " or ".join(map(repr, STUDIES))
        raise BadInput(f"kind = {name!r}: give {known}")
    found: Study = import_module(STUDIES[name]).STUDY
    return found
