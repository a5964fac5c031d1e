"""The layout of records, and the weights and values of each record.

The layout of records, and the axes that tables of counts end in, are built from the design of an
experiment here and nowhere else.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from circuits.design import Design
from recycling.errors import BadInput

Real = NDArray[np.float64]
Bits = NDArray[np.int64]


@dataclass(frozen=True)
class Layout:
    """Meaning of each bit of a record, and of each axis of a table of counts.

    Tables have the axes (..., stage, preparation, basis, record). A record counts the records of
    the flags outermost, whose lowest bit is the first flag; then the bits of the measured qubits,
    the first outermost. The place of a measured qubit is its index among them.

    Attributes:
        flags: roles of the qubits whose outcomes are flags.
        measured: roles of the qubits that tomography measures.
        targets: places of the target's qubits.
        baths: places of the bath's qubits.
        outputs: places of the qubits that the algorithm leaves its output in.
        stages: names of the stages, from the first to the last.
        preparations: names of the target's preparations, the ground state first.

    Example:
        >>> from circuits import HHL
        >>> layout = Layout.of(HHL([[2, -1], [-1, 2]]).design)
        >>> layout.roles, layout.size
        (('C_A', 'S', 'B', 'C_I'), 16)
        >>> layout.bits[3].tolist()  # flag 0, S = 0, B = 1, C_I = 1
        [0, 0, 1, 1]
    """

    flags: tuple[str, ...]
    measured: tuple[str, ...]
    targets: tuple[int, ...]
    baths: tuple[int, ...]
    outputs: tuple[int, ...]
    stages: tuple[str, ...]
    preparations: tuple[str, ...]

    @classmethod
    def of(cls, design: Design) -> Layout:
        """Layout of the records of a design.

        Raises:
            BadInput: the target is not prepared in two ways.
        """
        if len(design.preparations) != 2:
            raise BadInput(
                f"preparations = {', '.join(design.preparations)}: the target's state is mixed "
                "from two; give as many"
            )

        def places(roles: Sequence[str]) -> tuple[int, ...]:
            return tuple(design.measured.index(role) for role in roles)

        return cls(
            flags=design.flags,
            measured=design.measured,
            targets=places(design.target),
            baths=places(design.bath),
            outputs=places(design.register(design.recycled).roles),
            stages=design.stages,
            preparations=design.preparations,
        )

    @property
    def roles(self) -> tuple[str, ...]:
        """Role that each recorded bit is measured on: the flags, then the measured qubits."""
        return (*self.flags, *self.measured)

    @property
    def size(self) -> int:
        """Number of records."""
        return int(2 ** len(self.roles))

    @property
    def before(self) -> int:
        """Place of the stage before the task."""
        return 0

    @property
    def after(self) -> int:
        """Place of the stage after the task."""
        return len(self.stages) - 1

    @property
    def target(self) -> int:
        """Place of the target.

        Raises:
            BadInput: it has more than one qubit.
        """
        return self._single("target", self.targets)

    @property
    def bath(self) -> int:
        """Place of the bath.

        Raises:
            BadInput: it has more than one qubit.
        """
        return self._single("bath", self.baths)

    @property
    def output(self) -> int | None:
        """Place of the algorithm's output; None where it has more than one qubit."""
        return self.outputs[0] if len(self.outputs) == 1 else None

    @property
    def thermal(self) -> slice:
        """Places of target and bath, which come before the output."""
        return slice(len(self.targets) + len(self.baths))

    def _single(self, purpose: str, places: tuple[int, ...]) -> int:
        if len(places) != 1:
            roles = ", ".join(self.measured[place] for place in places)
            raise BadInput(
                f"the {purpose} has {len(places)} qubits ({roles}): heat and entropies are those "
                "of single qubits so far; give a register of one"
            )
        return places[0]

    @cached_property
    def flag(self) -> Bits:
        """Record of the flags in each record (array of shape (record,))."""
        return np.arange(self.size) >> len(self.measured)

    @cached_property
    def bits(self) -> Bits:
        """Bits of each record in the order of ``roles`` (array of shape (record, role))."""
        shifts = np.arange(len(self.measured))[::-1]
        flags = self.flag[:, None] >> np.arange(len(self.flags)) & 1
        return np.concatenate([flags, np.arange(self.size)[:, None] >> shifts & 1], axis=1)

    @cached_property
    def signs(self) -> Bits:
        """Bloch component that each record shows of each qubit (array of shape (record, qubit))."""
        return np.asarray(1 - 2 * self.bits[:, len(self.flags) :])

    @cached_property
    def joint(self) -> Bits:
        """Place of each record among those of all ``roles``, the first role outermost."""
        return np.asarray(self.bits @ (1 << np.arange(len(self.roles))[::-1]))

    def branch(self, records: Sequence[int]) -> NDArray[np.bool_]:
        """Whether each record is in a branch: a set of records of the flags."""
        return np.isin(self.flag, records)


@dataclass(frozen=True)
class RecordMap:
    """Weight and values of each record.

    Attributes:
        weights: share in the branch that is analysed (array of shape (record,)).
        values: weight times Bloch component (array of shape (stage, record, qubit)).
        top: Bloch component that an outcome 0 stands for (array of shape (qubit,)).
        bottom: that of an outcome 1 (likewise).
        layout: layout of the records.

    Example:
        >>> from circuits import HHL
        >>> records = RecordMap.raw(Layout.of(HHL([[2, -1], [-1, 2]]).design), branch=[0])
        >>> records.weights.sum(), records.values.shape
        (np.float64(8.0), (2, 16, 3))
    """

    weights: Real
    values: Real
    top: Real
    bottom: Real
    layout: Layout = field(repr=False)

    @classmethod
    def raw(cls, layout: Layout, branch: Sequence[int]) -> RecordMap:
        """Records as they are, in a branch: a set of records of the flags."""
        weights = layout.branch(branch).astype(float)
        values = weights[:, None] * layout.signs
        one = np.ones(len(layout.measured))
        return cls(weights, np.stack([values] * len(layout.stages)), one, -one, layout)
