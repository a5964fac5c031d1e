"""Sections whose keys depend on a name: the algorithm, the task, the link."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from pydantic import ValidationError, ValidationInfo
from pydantic_core import InitErrorDetails, PydanticKnownError

from circuits import links
from circuits.algorithms import ALGORITHMS
from circuits.algorithms import GROUP as ALGORITHM_GROUP
from circuits.algorithms.checks import check_structure
from circuits.settings import Settings, settings_of
from circuits.tasks import GROUP as TASK_GROUP
from circuits.tasks import TASKS
from recycling.spec.messages import wrong
from recycling.spec.sweep import sweep_section

#: Most qubits of an algorithm. Trajectories hold 2ⁿ numbers for each shot: at most 4 MB.
#: What the exact engine takes is checked where it is to be used.
MOST_QUBITS = 16


@dataclass(frozen=True)
class Choice:
    """A section whose ``name`` decides its other keys.

    Attributes:
        known: module and class of the settings of each built-in name.
        group: entry point group of installed packages.
        usual: name where a spec gives none.
        check: raises ValueError where the settings build a part that the experiment cannot use.
        with_keys: name where a spec gives none, but other keys; ``usual`` if empty.

    Example:
        >>> LINK.settings({"name": "identity"}).__name__
        'IdentitySettings'
        >>> LINK.settings({"transmissivity": 0.9}).__name__
        'PhotonicSettings'
        >>> TASK.settings({"name": "cooling"})
        Traceback (most recent call last):
        ValueError: name = 'cooling': give 'erasure'
    """

    known: Mapping[str, str]
    group: str
    usual: str
    check: Callable[[Any], None]
    with_keys: str = ""

    def settings(self, section: object) -> type[Settings]:
        """Settings class of a section.

        Raises:
            ValueError: its name is unknown, or its package is broken; one line.
        """
        return settings_of(self._name(section), self.known, self.group)

    def _name(self, section: object) -> object:
        if not isinstance(section, Mapping):
            return self.usual
        return section.get("name", (self.with_keys if section else "") or self.usual)

    def validate(self, section: Any, info: ValidationInfo) -> Settings:
        """Read and check the settings of a section.

        Raises:
            ValueError: the section holds no settings; pydantic turns it into a fault.
        """
        settings = section if isinstance(section, Settings) else self._read(section, info.context)
        self.check(settings.build())
        return settings

    def _read(self, section: Any, context: Any) -> Settings:
        if not isinstance(section, Mapping):
            raise PydanticKnownError("dict_type")
        try:
            settings = self.settings(section)
        except ValueError as error:
            fault = InitErrorDetails(
                type=wrong(str(error).removeprefix("name ")), loc=("name",), input=section
            )
            raise ValidationError.from_exception_data("name", [fault]) from None
        try:
            return settings.model_validate(section, context=context)
        except ValueError:
            raise
        except Exception as error:  # whatever the code of an installed package raises
            reason = " ".join(f"{type(error).__name__}: {error}".split())[:200]
            name = self._name(section)
            raise ValueError(
                f"name = {name!r} fails ({reason}); repair the installed package"
            ) from None


def _check_algorithm(algorithm: Any) -> None:
    try:
        check_structure(algorithm)
    except AttributeError as error:
        raise ValueError(
            f"name gives no algorithm ({error}); repair the installed package"
        ) from None
    sweep_section(algorithm.parameters)
    qubits = sum(register.size for register in algorithm.registers)
    if qubits > MOST_QUBITS:
        raise ValueError(
            f"registers have {qubits} qubits in all: give {MOST_QUBITS} or fewer, for the shots "
            "of a simulator"
        )
    size = next(r.size for r in algorithm.registers if r.name == algorithm.recycled)
    if size > 1:
        raise ValueError(
            f"recycled = {algorithm.recycled!r} has {size} qubits: give a register of one qubit"
        )


def _check_task(task: Any) -> None:
    sizes = (len(task.stages), len(task.preparations), task.target_size)
    if sizes != (2, 2, 1):
        raise ValueError(
            "name gives a task of {} stages, {} preparations and {} target qubits: give one of 2, "
            "2 and 1".format(*sizes)
        )


def _check_link(link: Any) -> None:
    if any(len(operator) != 2 for operator in link.kraus):
        raise ValueError("name gives a channel on several qubits: give one on one qubit")


ALGORITHM = Choice(ALGORITHMS, ALGORITHM_GROUP, "hhl", _check_algorithm)
TASK = Choice(TASKS, TASK_GROUP, "erasure", _check_task)
LINK = Choice(
    links.LINKS | {"photonic": "recycling.spec.link:PhotonicSettings"},
    links.GROUP,
    "identity",
    _check_link,
    with_keys="photonic",
)
