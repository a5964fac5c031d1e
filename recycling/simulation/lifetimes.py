"""Interactions of a qubit with others or with a record: when it enters and when it can leave."""

from __future__ import annotations

from collections.abc import Sequence

from recycling.compilation.items import Item


def last_interactions(items: Sequence[Item]) -> dict[int, int]:
    """Find the index of each qubit's last measurement, condition or gate with another qubit.

    Example:
        >>> items = [Item("cx", (0, 1)), Item("measure", (1,)), Item("x", (1,))]
        >>> last_interactions(items)
        {0: 0, 1: 1}
    """
    last: dict[int, int] = {}
    for index, item in enumerate(items):
        if item.blocks:
            touched = {qubit for block in item.blocks for qubit in interacting(block)}
        elif item.name == "measure" or (len(item.qubits) > 1 and item.name != "barrier"):
            touched = {*item.qubits}
        else:
            continue
        last |= dict.fromkeys(touched, index)
    return last


def interacting(block: Sequence[Item]) -> set[int]:
    """Find the qubits of a block that do not only idle.

    Example:
        >>> sorted(interacting([Item("cx", (0, 1)), Item("delay", (2,))]))
        [0, 1]
    """
    idle = ("barrier", "delay")
    return {qubit for item in block if item.name not in idle for qubit in item.qubits}
