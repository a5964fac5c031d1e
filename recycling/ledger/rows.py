"""What a ledger consists of: rows of an energy each, with its interval and where it comes from."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from math import log
from typing import Any, Literal

from scipy.constants import k as boltzmann

from recycling.inference.statistics.interval import Interval

#: Where a number comes from. Numbers of a run are "measured" on a machine, or "simulated".
Source = Literal["measured", "simulated", "modelled", "declared", "inferred", "published"]
#: What rows belong together in tables and figures.
Group = Literal["erasure", "control", "wall plug", "baseline"]


@dataclass(frozen=True)
class Row:
    """An energy of the ledger.

    Attributes:
        name: what it is.
        joule: the energy, J; positive where heat is given off.
        low: lower end of its 95 % interval, or of the range in which a model holds, J.
        high: upper end, J.
        temperature: temperature of what takes up the heat, K.
        source: where the number comes from.
        note: how it is computed, and what to know about it.
        group: rows that it belongs to.

    Example:
        >>> row = Row("heat", 4.1e-25, 3.9e-25, 4.3e-25, 0.043, "simulated", "ΔQ_B")
        >>> round(row.landauer, 3)
        0.996
    """

    name: str
    joule: float
    low: float
    high: float
    temperature: float
    source: Source
    note: str
    group: Group = "erasure"

    @classmethod
    def of(
        cls,
        name: str,
        energy: Interval[float],
        temperature: float,
        source: Source,
        note: str,
        group: Group = "erasure",
    ) -> Row:
        """Row of an energy with its interval, J.

        Example:
            >>> Row.of("heat", Interval(4e-25, 3e-25, 5e-25), 0.043, "measured", "ΔQ_B").high
            5e-25
        """
        value, low, high = energy.ends.values()
        return cls(name, value, low, high, temperature, source, note, group)

    @property
    def landauer(self) -> float:
        """The energy in units of k_B T ln 2 at the temperature of the row."""
        return float(self.joule / (boltzmann * self.temperature * log(2)))

    @property
    def record(self) -> dict[str, Any]:
        """The row as plain data."""
        return {
            "name": self.name,
            "joule": self.joule,
            "low": self.low,
            "high": self.high,
            "temperature": self.temperature,
            "landauer": self.landauer,
            "source": self.source,
            "note": self.note,
        }


@dataclass(frozen=True)
class Ledger:
    """The energies of a run at one point of its sweep.

    Attributes:
        point: value of each swept parameter by its name.
        p_x: excited weight of the target.
        rows: the energies, those of the bath first.
        notes: what is missing, and why.

    Example:
        >>> row = Row("heat", 4e-25, 4e-25, 4e-25, 0.043, "simulated", "ΔQ_B")
        >>> ledger = Ledger({"theta_b": 0.4}, 0.4, (row,))
        >>> ledger.row("heat").joule, ledger.theta_b, list(ledger.record)
        (4e-25, 0.4, ['theta_b', 'p_x', 'rows', 'notes'])
    """

    point: Mapping[str, float]
    p_x: float
    rows: tuple[Row, ...]
    notes: tuple[str, ...] = ()

    @property
    def theta_b(self) -> float | None:
        """Angle of HHL's vector b, rad; None where another algorithm was run."""
        return self.point.get("theta_b")

    def row(self, name: str) -> Row:
        """Row of a name.

        Raises:
            KeyError: there is none.
        """
        for row in self.rows:
            if row.name == name:
                return row
        raise KeyError(name)

    @property
    def record(self) -> dict[str, Any]:
        """The ledger as plain data: a key for each swept parameter, "p_x", "rows" and "notes"."""
        rows = [row.record for row in self.rows]
        return {**self.point, "p_x": self.p_x, "rows": rows, "notes": list(self.notes)}
