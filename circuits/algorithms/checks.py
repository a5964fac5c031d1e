"""Whether the parts of an algorithm fit each other and the experiment around it."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import TYPE_CHECKING

from circuits.design import FLAG
from circuits.tomography import BASIS_PARAMETERS

if TYPE_CHECKING:
    from circuits.algorithms.algorithm import AnyAlgorithm

#: Most bits that a shot records, of flags and measured qubits together: a shot is a byte.
MOST_RECORDED = 8
#: Beginnings of the names of parameters that turn single qubits.
_TURNED = tuple(f"{name}_" for name in BASIS_PARAMETERS)
#: Registers that the experiment adds to those of the algorithm.
_ADDED = ("B", "S")
#: Names of axes of counts and results, which neither a parameter nor the recycled qubit may have.
_AXES = ("arm", "stage", "preparation", "basis", "trial", FLAG, "p_x", "qubit", "limit")


def check_structure(algorithm: AnyAlgorithm) -> None:
    """Check that registers, flags, failure records, recycled register and parameters fit.

    Raises:
        ValueError: they do not fit; one line: field, value, mend.

    Example:
        >>> from types import SimpleNamespace
        >>> from circuits.design import Register
        >>> check_structure(SimpleNamespace(registers=[Register("S", 1)]))
        Traceback (most recent call last):
        ValueError: registers = 'S': the experiment adds registers B and S itself; rename the ...
    """
    names = [register.name for register in algorithm.registers]
    for name in names:
        if not re.fullmatch(r"[A-Za-z0-9_]+", name):
            raise ValueError(f"registers = {name!r}: rename it to letters, digits and '_'")
    for name in _ADDED:
        if name in names:
            raise ValueError(
                f"registers = {name!r}: the experiment adds registers {' and '.join(_ADDED)} "
                "itself; rename the circuit's"
            )
    for register in algorithm.registers:
        if register.size < 1:
            raise ValueError(f"registers = {register.name!r} has no qubit: remove it")
    roles = [role for register in algorithm.registers for role in register.roles]
    _check_distinct("registers", [*roles, *(name for name in _ADDED)])
    if algorithm.recycled not in names:
        raise ValueError(unknown("recycled", algorithm.recycled, names))
    recycled = next(r for r in algorithm.registers if r.name == algorithm.recycled)
    _check_flags(algorithm, roles, recycled.roles)
    _check_failure(algorithm)
    recorded = len(algorithm.flags) + 3 * recycled.size
    if recorded > MOST_RECORDED:
        raise ValueError(
            f"flags = {list(algorithm.flags)}: each shot would record {recorded} bits, with those "
            f"of the {3 * recycled.size} measured qubits; give flags such that there are "
            f"{MOST_RECORDED} or fewer"
        )
    _check_parameters(algorithm, recycled.roles)
    for pair in algorithm.coupling:
        for role in pair:
            if role not in roles:
                raise ValueError(unknown("coupling", role, roles))


def unknown(field: str, name: object, known: Iterable[str]) -> str:
    """Message that a name is not among the known names.

    Example:
        >>> unknown("flags", "succes", ["data", "success"])
        "flags = 'succes' is not in the circuit: give one of data, success"
    """
    return f"{field} = {name!r} is not in the circuit: give one of {', '.join(known)}"


def _check_flags(algorithm: AnyAlgorithm, roles: list[str], recycled: tuple[str, ...]) -> None:
    if not algorithm.flags:
        raise ValueError("flags = []: give at least one qubit that tells success from failure")
    _check_distinct("flags", algorithm.flags)
    for role in algorithm.flags:
        if role not in roles:
            raise ValueError(unknown("flags", role, roles))
        if role in recycled:
            raise ValueError(
                f"flags = {role!r} is in the recycled register too: a measured qubit holds no "
                "state to recycle; give another flag or another recycled register"
            )


def _check_failure(algorithm: AnyAlgorithm) -> None:
    records = 2 ** len(algorithm.flags)
    if not algorithm.failure:
        raise ValueError("failure = []: give at least one record of the flags, such as [0]")
    _check_distinct("failure", algorithm.failure)
    for record in algorithm.failure:
        if isinstance(record, bool) or not isinstance(record, int) or not 0 <= record < records:
            raise ValueError(
                f"failure = {record!r}: give records of the flags, from 0 to {records - 1}"
            )
    if len(algorithm.failure) == records:
        raise ValueError(
            f"failure = {list(algorithm.failure)} holds all records: leave out those of success"
        )
    for record in algorithm.corrections:
        if record not in algorithm.failure:
            raise ValueError(
                f"corrections = {record!r} is no failure record: give one of "
                f"{list(algorithm.failure)}"
            )


def _check_parameters(algorithm: AnyAlgorithm, recycled: tuple[str, ...]) -> None:
    _check_distinct("parameters", [parameter.name for parameter in algorithm.parameters])
    if not algorithm.parameters:
        raise ValueError("parameters = []: give circuits.design.POINT where nothing is swept")
    taken = (*_AXES, *BASIS_PARAMETERS, *_ADDED, *recycled)
    for parameter in algorithm.parameters:
        if not parameter.name.isidentifier() or parameter.name.startswith("_"):
            raise ValueError(
                f"parameters = {parameter.name!r}: rename it to letters, digits and '_', the "
                "first a letter"
            )
        if parameter.name in taken or parameter.name.startswith(_TURNED):
            raise ValueError(
                f"parameters = {parameter.name!r}: the experiment uses this name itself; rename it"
            )
    for role in recycled:
        if role in (*_AXES, *BASIS_PARAMETERS):
            raise ValueError(
                f"recycled = {role!r}: the experiment uses this name itself; rename the register"
            )


def _check_distinct(field: str, names: Iterable[object]) -> None:
    seen: set[object] = set()
    for name in names:
        if name in seen:
            raise ValueError(f"{field} = {name!r} is repeated: give each name once")
        seen.add(name)
