"""The spec of a latency experiment, read from TOML and validated."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, model_validator

from circuits.calibration.ladders import LADDERS, LadderName
from recycling.inference.ladders.latency import LEAST_LENGTHS
from recycling.jobs.job import EXECUTIONS_PER_JOB
from recycling.planning.cost import USUAL_LIMITS, USUAL_PRICE
from recycling.spec.experiment import BathSpec, DeviceSpec, Experiment, HardwareSpec
from recycling.spec.messages import not_too_many, parse_spec
from recycling.spec.quantities import JobDelay, JobTime, ShotDelay, ShotTime

#: Most lengths of a ladder: each is a job, and a line is known from a few dozen.
MOST_LENGTHS = 500
Lengths = Annotated[
    tuple[Annotated[int, Field(ge=1, le=100_000)], ...],
    BeforeValidator(partial(not_too_many, MOST_LENGTHS)),
]


class _Section(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class LaddersSpec(_Section):
    """Lengths N of the ladders; an empty ladder is left out.

    Round numbers would be a bad choice: where all steps are multiples of the same number, every job
    is rounded alike, and rounding errors do not average out.

    Example:
        >>> len(LaddersSpec(x=(110, 230, 470, 950, 1900), feedforward=()).x)
        5
    """

    x: Lengths = (110, 410, 790, 1130, 1490, 1870, 2270, 2930, 3610, 4370, 5230, 6170, 7190, 8290,
                  9470)  # fmt: skip
    feedforward: Lengths = (1, 4, 7, 11, 14, 18, 23, 29, 36, 44, 53, 63, 74, 86, 99)

    @model_validator(mode="after")
    def _check(self) -> Self:
        if not any(getattr(self, name) for name in LADDERS):
            raise ValueError(f"both are empty: give lengths for {' or '.join(LADDERS)}")
        for name in LADDERS:
            lengths = getattr(self, name)
            if len(set(lengths)) < len(lengths):
                twice = next(n for n in lengths if lengths.count(n) > 1)
                raise ValueError(f"{name} = {twice} comes twice: give each length once")
            if 0 < len(lengths) < LEAST_LENGTHS:
                raise ValueError(
                    f"{name} has {len(lengths)} lengths: give {LEAST_LENGTHS} or more, for a line "
                    "and its beginning"
                )
        return self


class ClockSpec(_Section):
    """The clock model: additions of a service to the time of the circuits; simulated runs only.

    Times in s. A job takes ``overhead``, ``load`` for each repetition of its circuit, and for each
    shot the repetition delay, the ``reset`` and the circuit, yet never less than ``shortest_shot``
    for the latter two: so the time grows linearly only from some length on. The default is the
    beginning in the paper: 2,000 X gates and 20 rounds of feedforward both take about 65 µs.
    ``jitter`` is the standard deviation of the time of a job. The time is recorded in steps of
    ``resolution``, rounded up, down or to the nearest. ``queue`` is the mean wait before a job; it
    is not part of its time. ``execution_jitter`` is that of the time of all executions alone, which
    the service counts in ns.

    Example:
        >>> ClockSpec(overhead="2 s", jitter=0.1).overhead
        2.0
    """

    overhead: JobDelay = USUAL_PRICE.job_overhead
    load: JobDelay = 0.05
    reset: ShotDelay = 1e-6
    shortest_shot: ShotDelay = 65e-6
    queue: JobDelay = 30.0
    jitter: JobDelay = 0.3
    execution_jitter: JobDelay = 1e-3
    resolution: JobTime = 1.0
    rounding: Literal["up", "down", "nearest"] = "up"


class LatencyHardwareSpec(_Section):
    """How an IBM Quantum backend executes the jobs; see ``HardwareSpec``.

    Example:
        >>> LatencyHardwareSpec(rep_delay="250 us").rep_delay
        0.00025
    """

    mode: Literal["batch", "session", "job"] = "batch"
    rep_delay: ShotTime | None = None
    init_qubits: bool = True
    max_execution_time: Annotated[int, Field(ge=1, le=10800)] | None = None


class LatencySpec(_Section):
    r"""A validated latency experiment.

    ``shots`` of each circuit, which each job repeats ``repetitions`` times. The other sections are
    those of an experiment; the qubits are those that the protocol would use.

    Raises:
        BadInput: from ``parse``: a line for each fault that names field, value and mend.

    Example:
        >>> spec = LatencySpec.parse("shots = 1000\nrepetitions = 5")
        >>> spec.executions, len(spec.lengths("feedforward"))
        (5000, 15)
    """

    name: Annotated[str, Field(pattern=r"^[A-Za-z0-9][\w.-]*$")] = "latency"
    seed: Annotated[int, Field(ge=0, le=2**63 - 1)] = 0
    shots: Annotated[int, Field(ge=1)] = 10_000
    repetitions: Annotated[int, Field(ge=1)] = 10
    ladders: LaddersSpec = LaddersSpec()
    bath: BathSpec = BathSpec()
    device: DeviceSpec = DeviceSpec()
    hardware: LatencyHardwareSpec = LatencyHardwareSpec()
    clock: ClockSpec = ClockSpec()

    @model_validator(mode="after")
    def _check(self) -> Self:
        if self.executions > EXECUTIONS_PER_JOB:
            raise ValueError(
                f"shots = {self.shots} in {self.repetitions} repetitions: a service takes no more "
                f"than {EXECUTIONS_PER_JOB} executions a job; give fewer"
            )
        if self.device.profile == "ideal":
            raise ValueError("device.profile = 'ideal': nothing takes time there; give another")
        return self

    @classmethod
    def parse(cls, text: str, **changes: Any) -> LatencySpec:
        """Read a spec from TOML text; ``changes`` overrule its top-level fields."""
        return parse_spec(cls, text, changes)

    @classmethod
    def stored(cls, text: str, changes: Mapping[str, Any]) -> LatencySpec:
        """Read the spec of a stored run, whose quantities may be any that it was run with."""
        return parse_spec(cls, text, changes, any_size=True)

    def to_toml(self) -> str:
        """Write the spec as TOML that ``parse`` reads back as an equal spec."""
        import tomli_w

        return tomli_w.dumps(self.model_dump(mode="json", exclude_none=True))

    @property
    def executions(self) -> int:
        """Executions of the circuit of a job."""
        return self.shots * self.repetitions

    @property
    def rep_delay(self) -> float:
        """Wait between shots in a simulation, s."""
        return self.hardware.rep_delay or USUAL_LIMITS.default_rep_delay

    @property
    def experiment(self) -> Experiment:
        """The experiment whose device, and qubits on it, the ladders are run on."""
        return Experiment(
            name=self.name,
            seed=self.seed,
            bath=self.bath,
            device=self.device,
            # Validated before, and that of a stored run by other limits.
            hardware=HardwareSpec.model_construct(**self.hardware.model_dump()),
        )

    def lengths(self, ladder: LadderName) -> tuple[int, ...]:
        """Lengths of a ladder."""
        found: tuple[int, ...] = getattr(self.ladders, ladder)
        return found
