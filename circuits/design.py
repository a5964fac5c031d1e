"""The design of an experiment: registers, branches, arms, settings, and what is recorded.

Names of qubits and arms, the order of classical bits and the dims of counts come from the design
alone. It holds no circuit and no number that a device or a spec decides.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import product
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from circuits.algorithms.algorithm import AnyAlgorithm
    from circuits.tasks.task import Task

#: The arm without a reset, whose bath stays thermal; it shows what the algorithm computes.
EQUILIBRIUM = "equilibrium"
#: The arm whose failed branches are reset into the bath.
RECYCLING = "recycling"
#: Classical register of the flags, and the dim of their record.
FLAG = "flag"
#: Arm, stage and preparation of one circuit.
Setting = tuple[str, str, str]


@dataclass(frozen=True)
class Register:
    """A quantum register: its name, its number of qubits, and what it is for.

    Example:
        >>> Register("C_I", 1).roles, Register("C_C", 2).roles
        (('C_I',), ('C_C0', 'C_C1'))
    """

    name: str
    size: int
    purpose: Literal["algorithm", "bath", "target"] = "algorithm"

    @property
    def roles(self) -> tuple[str, ...]:
        """Names of its qubits: the name of the register, with a number where there are several."""
        if self.size == 1:
            return (self.name,)
        return tuple(f"{self.name}{index}" for index in range(self.size))


@dataclass(frozen=True)
class SweepParameter:
    """A parameter of the algorithm that a sweep runs over: values from ``low`` to ``high``.

    Example:
        >>> SweepParameter("angle", "rad", 0, 1).high
        1
    """

    name: str
    unit: str = "rad"
    low: float = float("-inf")
    high: float = float("inf")
    description: str = ""


#: Parameter of an algorithm that has none: its only point. No circuit holds it.
POINT = SweepParameter("point", "1", 0, 0, "the only point")


@dataclass(frozen=True)
class Arm:
    """Half of the experiment: whether it resets, and the records of the flags that it analyses.

    Example:
        >>> Arm(RECYCLING, resets=True, records=(0,)).records
        (0,)
    """

    name: str
    resets: bool
    records: tuple[int, ...]


@dataclass(frozen=True)
class Design:
    """What an experiment consists of.

    Attributes:
        registers: quantum registers in the order of the device's qubits: those of the algorithm,
            the bath, the target.
        flags: roles of the qubits that are measured after the algorithm; the first one is the
            lowest bit of a record.
        failure: records of the flags whose branches are reset into the bath.
        recycled: name of the register that is swapped into the bath.
        parameters: parameters of the algorithm that are swept.
        stages: when the states are measured, by the task.
        preparations: how the target is prepared, by the task.

    Example:
        >>> from circuits import HHL
        >>> design = HHL([[2, -1], [-1, 2]]).design
        >>> design.recorded_roles
        ('C_A', 'S', 'B', 'C_I')
        >>> [(arm.name, arm.resets, arm.records) for arm in design.arms]
        [('equilibrium', False, (1,)), ('recycling', True, (0,))]
        >>> len(design.settings), design.settings[0]
        (8, ('equilibrium', 'before', 'I'))
        >>> design.dims[:3], design.dims[-4:]
        (('arm', 'stage', 'preparation'), ('flag', 'S', 'B', 'C_I'))
    """

    registers: tuple[Register, ...]
    flags: tuple[str, ...]
    failure: tuple[int, ...]
    recycled: str
    parameters: tuple[SweepParameter, ...]
    stages: tuple[str, ...]
    preparations: tuple[str, ...]

    @cached_property
    def roles(self) -> tuple[str, ...]:
        """Names of all qubits, in the order of the device's qubits."""
        return tuple(role for register in self.registers for role in register.roles)

    def register(self, name: str) -> Register:
        """Register of a name."""
        return next(register for register in self.registers if register.name == name)

    def purpose(self, purpose: str) -> tuple[str, ...]:
        """Roles of all registers of a purpose."""
        registers = (register for register in self.registers if register.purpose == purpose)
        return tuple(role for register in registers for role in register.roles)

    @property
    def bath(self) -> tuple[str, ...]:
        """Roles of the bath."""
        return self.purpose("bath")

    @property
    def target(self) -> tuple[str, ...]:
        """Roles of the target."""
        return self.purpose("target")

    @cached_property
    def measured(self) -> tuple[str, ...]:
        """Roles that tomography measures, in the order of their classical bits."""
        return (*self.target, *self.bath, *self.register(self.recycled).roles)

    @property
    def recorded_roles(self) -> tuple[str, ...]:
        """Role that each classical bit is measured on, in the order of the bits."""
        return (*self.flags, *self.measured)

    @property
    def flag_records(self) -> int:
        """Number of records that the flags can have."""
        return int(2 ** len(self.flags))

    @property
    def success(self) -> tuple[int, ...]:
        """Records of the flags that are no failure."""
        return tuple(r for r in range(self.flag_records) if r not in self.failure)

    @cached_property
    def arms(self) -> tuple[Arm, ...]:
        """Both arms, each with the branch that it analyses."""
        return (Arm(EQUILIBRIUM, False, self.success), Arm(RECYCLING, True, self.failure))

    @property
    def arm_names(self) -> tuple[str, ...]:
        """Names of the arms."""
        return tuple(arm.name for arm in self.arms)

    def arm(self, name: str) -> Arm:
        """Arm of a name."""
        return next(arm for arm in self.arms if arm.name == name)

    @property
    def success_arm(self) -> Arm:
        """The arm without a reset, which analyses the success branch."""
        return next(arm for arm in self.arms if not arm.resets)

    @cached_property
    def settings(self) -> tuple[Setting, ...]:
        """Arm, stage and preparation of each circuit, in the order in which they are submitted."""
        return tuple(product(self.arm_names, self.stages, self.preparations))

    @property
    def parameter_names(self) -> tuple[str, ...]:
        """Names of the swept parameters: dims of counts and results."""
        return tuple(parameter.name for parameter in self.parameters)

    @property
    def dims(self) -> tuple[str, ...]:
        """Dims of counts: the setting, the sweep, the basis, the trial, then what is recorded.

        All flags share the dim of their record; every measured qubit has a dim.
        """
        setting = ("arm", "stage", "preparation")
        return (*setting, *self.parameter_names, "basis", "trial", FLAG, *self.measured)

    def record_of(self, bits: Sequence[int]) -> int:
        """Record of the flags as a number, the first flag its lowest bit."""
        return sum(bit << place for place, bit in enumerate(bits))


def design_of(algorithm: AnyAlgorithm, task: Task) -> Design:
    """Make the design of an experiment that recycles the failures of an algorithm for a task.

    The bath has as many qubits as the recycled register.

    Example:
        >>> from circuits import HHL
        >>> from circuits.tasks.erasure import ERASURE
        >>> design_of(HHL([[2, -1], [-1, 2]]), ERASURE).roles
        ('C_I', 'C_C0', 'C_C1', 'C_A', 'B', 'S')
    """
    recycled = next(r for r in algorithm.registers if r.name == algorithm.recycled)
    return Design(
        registers=(
            *algorithm.registers,
            Register("B", recycled.size, "bath"),
            Register("S", task.target_size, "target"),
        ),
        flags=algorithm.flags,
        failure=algorithm.failure,
        recycled=algorithm.recycled,
        parameters=algorithm.parameters,
        stages=tuple(task.stages),
        preparations=tuple(task.preparations),
    )


_NAMES = (
    "alpha beta gamma delta epsilon zeta eta theta iota kappa lambda mu nu xi pi rho sigma tau "
    "upsilon phi chi psi omega"
)
#: Greek letters by the names that both Python and matplotlib know.
GREEK = dict(zip(_NAMES.split(), "αβγδεζηθικλμνξπρστυφχψω", strict=True))


def symbol(name: str) -> str:
    """Write the name of a parameter as a physicist does, with Greek letters.

    Example:
        >>> symbol("alpha_0")
        'α_0'
    """
    letter, underscore, index = name.partition("_")
    return f"{GREEK.get(letter, letter)}{underscore}{index}"
