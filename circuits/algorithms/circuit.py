"""An algorithm of the user's: any circuit in an OpenQASM 3 or QPY file, named in the spec."""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal

from pydantic import Field

from circuits.algorithms.algorithm import Algorithm
from circuits.algorithms.reading import Content
from circuits.settings import Settings

#: Names of registers; nobody gives more flags than a shot has bits.
_Names = Annotated[tuple[Annotated[str, Field(max_length=100)], ...], Field(max_length=8)]


class CircuitSettings(Settings):
    """A circuit whose failed branches are recycled.

    ``file`` is an OpenQASM 3 or QPY file, relative to the spec; its ``content`` is kept in the
    spec of a run. ``flags`` are the quantum registers measured after it, the first qubit the
    lowest bit of a record; ``failure`` are the records that are recycled; ``recycled`` is the
    register that is swapped into the bath.

    Example:
        >>> program = "OPENQASM 3.0; qubit[1] data; qubit[1] success; U(1, 0, 0) data[0];"
        >>> settings = CircuitSettings(
        ...     content={"qasm": program}, flags=["success"], recycled="data"
        ... )
        >>> settings.build().design.measured
        ('S', 'B', 'data')
    """

    #: A circuit is what its content says, wherever the file lies.
    unhashed: ClassVar[frozenset[str]] = frozenset({"file"})

    name: Literal["circuit"] = "circuit"
    file: Annotated[str, Field(max_length=1000)] | None = None
    content: Content | None = None
    flags: _Names
    failure: Annotated[tuple[int, ...], Field(max_length=256)] = (0,)
    recycled: Annotated[str, Field(max_length=100)]

    def build(self) -> Algorithm:
        """Build the algorithm."""
        if self.content is None:
            if self.file is None:
                raise ValueError("file is missing: add it, an OpenQASM 3 or QPY file")
            raise ValueError(
                f"file = {self.file!r}: a spec without a folder cannot read it; read the spec "
                "from its file, or give the program as content.qasm"
            )
        return Algorithm.from_circuit(
            self.content.circuit(), flags=self.flags, failure=self.failure, recycled=self.recycled
        )
