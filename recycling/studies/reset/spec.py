"""The spec of a study of resets, read from TOML and validated."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, model_validator

from circuits.calibration.resets import RESETS, ResetName
from recycling.spec.experiment import BathSpec, DeviceSpec, Experiment, HardwareSpec
from recycling.spec.messages import not_too_many, parse_spec
from recycling.spec.quantities import ShotTime
from recycling.studies.latency.spec import LatencyHardwareSpec

#: The qubit that is reset, the bath qubits of "swap" in their order, and its flag.
QUBIT, BATHS, FLAG = "B", ("S", "C_I"), "C_A"
#: Most lengths of a ladder: each is two circuits of a job.
MOST_LENGTHS = 50
Rounds = Annotated[
    tuple[Annotated[int, Field(ge=1, le=100)], ...],
    BeforeValidator(partial(not_too_many, MOST_LENGTHS)),
]
Waits = Annotated[tuple[ShotTime, ...], BeforeValidator(partial(not_too_many, MOST_LENGTHS))]
Weights = Annotated[
    tuple[Annotated[float, Field(ge=0, le=1)], ...],
    BeforeValidator(partial(not_too_many, MOST_LENGTHS)),
]


class ResetSpec(BaseModel):
    r"""A validated study of resets.

    ``methods`` are some of "wait", "reset", "measure-and-flip" and "swap". ``rounds`` are the
    numbers of resets in a row; "swap" takes those for which there are bath qubits that are cold.
    ``waits`` are times in s. ``p_x`` are weights of the preparation 1 in mixtures, which are made
    from the same data. ``shots`` of each circuit, or "exact" for infinitely many. The other
    sections are those of an experiment; B is the qubit that is reset.

    Raises:
        BadInput: from ``parse``: a line for each fault that names field, value and mend.

    Example:
        >>> spec = ResetSpec.parse("rounds = [1, 2, 4]\nmethods = ['reset', 'swap']")
        >>> spec.lengths("reset"), spec.lengths("swap"), spec.lengths("wait")
        ((1, 2, 4), (1, 2), ())
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: Annotated[str, Field(pattern=r"^[A-Za-z0-9][\w.-]*$")] = "reset"
    seed: Annotated[int, Field(ge=0, le=2**63 - 1)] = 0
    shots: Literal["exact"] | Annotated[int, Field(ge=1, le=1_000_000)] = 4000
    methods: tuple[ResetName, ...] = RESETS
    rounds: Rounds = (1, 2, 3, 4, 5)
    waits: Waits = (25e-6, 50e-6, 100e-6, 200e-6, 400e-6, 800e-6, 1600e-6)
    p_x: Weights = (0.4,)
    bath: BathSpec = BathSpec()
    device: DeviceSpec = DeviceSpec()
    hardware: LatencyHardwareSpec = LatencyHardwareSpec()

    @model_validator(mode="after")
    def _check(self) -> Self:
        for name in ("methods", "rounds", "waits", "p_x"):
            values = getattr(self, name)
            if len(set(values)) < len(values):
                twice = next(value for value in values if values.count(value) > 1)
                raise ValueError(f"{name} = {twice!r} comes twice: give each once")
        if not self.methods:
            raise ValueError(f"methods is empty: give some of {', '.join(RESETS)}")
        for method in self.methods:
            if not self.lengths(method):
                known = "waits" if method == "wait" else "rounds"
                limit = f" from 1 to {len(BATHS)}" if method == "swap" else ""
                raise ValueError(
                    f"{known} = {list(getattr(self, known))} has no length for {method!r}: give "
                    f"one{limit}, or leave it out of methods"
                )
        if self.device.profile == "ideal":
            raise ValueError("device.profile = 'ideal': nothing takes time there; give another")
        return self

    @classmethod
    def parse(cls, text: str, **changes: Any) -> ResetSpec:
        """Read a spec from TOML text; ``changes`` overrule its top-level fields."""
        return parse_spec(cls, text, changes)

    @classmethod
    def stored(cls, text: str, changes: Mapping[str, Any]) -> ResetSpec:
        """Read the spec of a stored run, whose quantities may be any that it was run with."""
        return parse_spec(cls, text, changes, any_size=True)

    def to_toml(self) -> str:
        """Write the spec as TOML that ``parse`` reads back as an equal spec."""
        import tomli_w

        return tomli_w.dumps(self.model_dump(mode="json", exclude_none=True))

    @property
    def experiment(self) -> Experiment:
        """The experiment whose device, and qubits on it, are used."""
        return Experiment(
            name=self.name,
            seed=self.seed,
            bath=self.bath,
            device=self.device,
            # Validated before, and that of a stored run by other limits.
            hardware=HardwareSpec.model_construct(**self.hardware.model_dump()),
        )

    @property
    def weights(self) -> tuple[float, ...]:
        """Weights of the preparation 1: both pure preparations, then the mixtures."""
        return (0.0, 1.0, *(weight for weight in self.p_x if weight not in (0, 1)))

    def lengths(self, method: ResetName) -> tuple[float, ...]:
        """Lengths of a method's ladder: times in s, or numbers of rounds; () where it is left out.

        No bath qubit is used twice, since it is hot then.
        """
        if method not in self.methods:
            return ()
        if method == "wait":
            return self.waits
        return tuple(n for n in self.rounds if method != "swap" or n <= len(BATHS))
