"""Whether the bath qubit drifts between the runs of a campaign: brackets against brackets.

Each run is compared with the first run of its subject, which shows a slow drift, with the run
before it, which shows a jump, and at its end with its beginning. A change is named where its z is
beyond a limit that all comparisons of a campaign share (Bonferroni): the chance of any false
alarm in a campaign is that of a single finding at 3 σ, either way.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from math import isfinite
from typing import Any

from scipy.special import ndtri

from recycling.inference.bath.brackets import Bracket, Quantity
from recycling.inference.bath.drift import Drift, drift
from recycling.inference.statistics.significance import LEVEL

#: Quantities of a bracket that are compared; the others follow from them.
QUANTITIES = ("t1", "t2", "false_excited", "false_ground", "thermal_population")
#: Comparisons of a run: with the first, with the one before, and of its end with its beginning.
_COMPARISONS = 3


def limit_of(runs: int) -> float:
    """Return the z beyond which a change is named, in a campaign of a number of runs.

    Example:
        >>> round(limit_of(1), 2), round(limit_of(200), 2)
        (3.75, 4.91)
    """
    return float(-ndtri(LEVEL / (_COMPARISONS * len(QUANTITIES) * runs)))


def changes_of(
    records: Sequence[Mapping[str, Any]],
    run: int,
    subject: str,
    before: Bracket | None,
    after: Bracket | None,
    *,
    role: str,
    limit: float,
) -> list[dict[str, Any]]:
    """Compare the brackets of a run with those of earlier runs.

    Args:
        records: records of earlier runs.
        run: number of the run.
        subject: what is measured; runs of other subjects are not compared.
        before: bracket before the run; None where there is none.
        after: bracket after it.
        role: role of the qubit, for the text.
        limit: z beyond which a change is flagged.

    Returns:
        For each quantity that can be compared: the ``run``, the run ``since`` which it changed (the
        run itself: during the run), ``quantity``, ``z``, whether it is ``flagged``, and then
        ``text``.

    Example:
        >>> from recycling.inference.bath.brackets import given_bracket
        >>> rates = {"false_excited": 0.01, "false_ground": 0.02, "population": 0.004}
        >>> first = given_bracket(t1=200e-6, t2=150e-6, **rates)
        >>> later = first.model_copy(update={"t1": Quantity(value=100e-6, stderr=4e-6)})
        >>> record = {"run": 1, "subject": "exact", "bracket": bracket_record(first)}
        >>> found = changes_of([record], 2, "exact", later, None, role="B", limit=4.0)
        >>> [(each["since"], each["quantity"], round(each["z"])) for each in found]
        [(1, 't1', -25)]
    """
    earlier = [r for r in records if r.get("subject") == subject and r.get("bracket")]
    pairs: dict[int, tuple[Bracket | None, Bracket | None]] = {
        int(record["run"]): (_bracket(record["bracket"]), before)
        for record in (earlier[:1] + earlier[-1:])
    }
    pairs[run] = before, after
    return [
        _change(run, since, found, limit)
        for since, (old, new) in pairs.items()
        if old is not None and new is not None
        for found in drift(old, new, role=role, names=_names(run, since))
        if found.quantity in QUANTITIES and isfinite(found.z)
    ]


def _names(run: int, since: int) -> tuple[str, str]:
    """Names of two brackets in the text of a change."""
    return ("before it", "after it") if since == run else (f"in run {since}", f"in run {run}")


def _change(run: int, since: int, found: Drift, limit: float) -> dict[str, Any]:
    """A change as a record holds it; in words where it is flagged."""
    flagged = abs(found.z) > limit
    change = {"run": run, "since": since, "quantity": found.quantity, "z": found.z}
    return change | {"flagged": flagged} | ({"text": found.text} if flagged else {})


def steady(changes: Sequence[Mapping[str, Any]]) -> float | None:
    """Say whether nothing drifted since the first run, or during the run: 1 or 0.

    None where nothing was compared. A jump since the run before may lead back.

    Example:
        >>> jump = {"run": 5, "since": 4, "flagged": True}
        >>> steady([jump, {"run": 5, "since": 1, "flagged": False}])
        1.0
    """
    if not changes:
        return None
    first = min(change["since"] for change in changes)
    against = (change for change in changes if change["since"] in (first, change["run"]))
    return 0.0 if any(change["flagged"] for change in against) else 1.0


def bracket_record(bracket: Bracket | None) -> dict[str, Any]:
    """Write a bracket as a record holds it: values and errors that are numbers.

    Example:
        >>> bracket_record(None)
        {}
    """
    if bracket is None:
        return {}
    fields: dict[str, Any] = json.loads(bracket.model_dump_json())
    return {name: quantity for name, quantity in fields.items() if _numeric(quantity)}


def _bracket(record: Mapping[str, Any]) -> Bracket:
    """Bracket of a record; what is not in it has no value."""
    missing = Quantity.missing("not in the record")
    found = {name: Quantity.model_validate(value) for name, value in record.items()}
    return Bracket(**{name: found.get(name, missing) for name in Bracket.model_fields})


def _numeric(quantity: Mapping[str, Any]) -> bool:
    """Whether a quantity has a value and an error."""
    return all(isinstance(quantity[part], float | int) for part in ("value", "stderr"))
