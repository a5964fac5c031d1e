"""Links: a channel on the recycled state, between the reset into the bath and the task."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from circuits.settings import Settings

if TYPE_CHECKING:
    from qiskit import QuantumCircuit
    from qiskit.circuit import Qubit

#: How far Σ K†K may be from the identity: the rounding of operators written with ten digits.
_TRACE_TOLERANCE = 1e-9


@dataclass(frozen=True, eq=False, init=False)
class Link:
    """A wait of the bath, then a channel ρ → Σ K ρ K† on all of its qubits.

    Args:
        name: what it is called.
        kraus: operators K (arrays of shape (d, d)), d = 2 for a bath of one qubit; without any
            there is no channel.
        wait: how long the bath waits, s. The target is prepared after it.

    Raises:
        ValueError: the operators are no channel, or the wait is no time; one line.

    Example:
        >>> decay = 0.1
        >>> kept, lost = [[1, 0], [0, (1 - decay) ** 0.5]], [[0, decay**0.5], [0, 0]]
        >>> link = Link("amplitude damping", [kept, lost])
        >>> [operator.shape for operator in link.kraus]
        [(2, 2), (2, 2)]
    """

    name: str
    kraus: tuple[NDArray[np.complex128], ...]
    wait: float = field(repr=False)

    def __init__(self, name: str, kraus: Sequence[ArrayLike] = (), *, wait: float = 0.0) -> None:
        operators = tuple(np.array(operator, dtype=complex) for operator in kraus)
        shapes = {operator.shape for operator in operators}
        if any(len(shape) != 2 or shape[0] != shape[1] for shape in shapes) or len(shapes) > 1:
            raise ValueError(f"kraus has shapes {sorted(shapes)}: give square arrays of one shape")
        total = sum(operator.conj().T @ operator for operator in operators)
        if operators and not np.allclose(total, np.eye(len(total)), rtol=0, atol=_TRACE_TOLERANCE):
            raise ValueError("kraus does not keep the trace: give operators with Σ K†K = 1")
        if not 0 <= wait < np.inf:
            raise ValueError(f"wait = {wait}: give seconds, 0 or more")
        object.__setattr__(self, "name", name)
        object.__setattr__(self, "kraus", operators)
        object.__setattr__(self, "wait", float(wait))

    def append(self, circuit: QuantumCircuit, bath: Sequence[Qubit]) -> bool:
        """Append wait and channel on the bath, in place; False where there is nothing to append.

        Example:
            >>> from qiskit import QuantumCircuit
            >>> circuit = QuantumCircuit(1)
            >>> Link("phase flip", [[[1, 0], [0, -1]]]).append(circuit, circuit.qubits)
            True
        """
        from qiskit.quantum_info import Kraus

        if not self.kraus and not self.wait:
            return False
        if self.wait:
            circuit.delay(self.wait, list(bath), unit="s")
        if self.wait and self.kraus:
            circuit.barrier()  # all wait with the bath
        if self.kraus:
            circuit.append(Kraus(list(self.kraus)).to_instruction(), list(bath))
        return True


#: The link that does nothing.
IDENTITY = Link("identity")


class IdentitySettings(Settings):
    """No link: the task acts on the state that the reset left in the bath.

    Example:
        >>> IdentitySettings().build().name
        'identity'
    """

    name: Literal["identity"] = "identity"

    def build(self) -> Link:
        """Build the link."""
        return IDENTITY


#: Settings of each link by its name: module and class. An installed package adds links by the
#: entry point group ``GROUP``.
LINKS = {
    "identity": f"{__name__}:IdentitySettings",
}
GROUP = "recycling.links"
