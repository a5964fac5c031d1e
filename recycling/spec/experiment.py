"""The spec: everything that defines an experiment, read from TOML and validated."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from functools import cached_property, partial
from importlib import resources
from pathlib import Path
from typing import Annotated, Any, Literal, Self

import numpy as np
from numpy.typing import NDArray
from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    FiniteFloat,
    model_validator,
)

from circuits.algorithms.hhl import HHL
from circuits.design import Design
from recycling.devices.snapshots import HERONS, SIMILAR, why_unknown
from recycling.errors import BadInput
from recycling.spec.files import read_spec_file
from recycling.spec.messages import not_too_many, parse_spec, wrong
from recycling.spec.quantities import ANGLE, Frequency, Latency, Lifetime, ShotTime, Temperature

#: Largest angle of b in the paper, rad; above it the sweep repeats itself by symmetry.
LARGEST_THETA_B = np.pi / 4
#: Excited weight at which the paper shows Figs. 3 and 4.
PAPER_P_X = 0.4
#: Most points of one axis of a sweep. Curves look continuous from a few hundred on.
MOST_POINTS = 10_000
#: Most trials: each is a job at least, with files of its own, and a chip drifts over hours.
MOST_TRIALS = 10_000
#: Most draws of the bootstrap: they widen bands by a factor known to 0.1 % from 10⁵ on.
MOST_RESAMPLES = 1_000_000
#: Profiles of a device that are no snapshot.
PROFILES = ("paper", "ideal")

PositiveFloat = Annotated[float, Field(gt=0, allow_inf_nan=False)]
ErrorRate = Annotated[float, Field(ge=0, lt=0.5)]


class _Section(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Range(_Section):
    """Evenly spaced values, both ends included."""

    start: FiniteFloat
    stop: FiniteFloat
    points: Annotated[int, Field(ge=1, le=MOST_POINTS)]


def _values(values: Range | tuple[float, ...]) -> NDArray[np.float64]:
    if isinstance(values, Range):
        # Rounded at 1e-12 so that 0.01 steps are the decimal numbers that they look like.
        return np.round(np.linspace(values.start, values.stop, values.points), 12)
    return np.array(values, dtype=float)


def _in_radians(values: Any) -> Any:
    """Convert angles that are given as text, one by one or as the ends of a range."""
    not_too_many(MOST_POINTS, values)
    if isinstance(values, list | tuple):
        return [ANGLE.convert(value) for value in values]
    if isinstance(values, dict):
        ends = {key: ANGLE.convert(values[key]) for key in ("start", "stop") if key in values}
        return values | ends
    return values


def _checked_values(largest: float, given: Range | tuple[float, ...]) -> Range | tuple[float, ...]:
    """Check that the values of a sweep are there, distinct, and from 0 to the largest."""
    values = _values(given)
    if values.size == 0:
        raise wrong("is empty: give at least one value")
    distinct, times = np.unique(values, return_counts=True)
    if distinct.size < values.size:
        twice = distinct[np.argmax(times > 1)]
        raise wrong(f"= {twice:g} comes twice: give each value once")
    outside = values[~((values >= 0) & (values <= largest * (1 + 1e-9)))]
    if outside.size:
        raise wrong(f"= {outside[0]:g}: give values in [0, {largest:.6g}]")
    return given


class AlgorithmSpec(_Section):
    """The algorithm whose failure branch is recycled."""

    name: Literal["hhl"] = "hhl"
    matrix: tuple[tuple[complex, complex], tuple[complex, complex]] = (
        (2 + 0j, -1 + 0j),
        (-1 + 0j, 2 + 0j),
    )
    clock_qubits: Annotated[int, Field(ge=2, le=6)] = 2
    scale: PositiveFloat = 0.5

    @model_validator(mode="after")
    def _check(self) -> Self:
        self.build()
        return self

    def build(self) -> HHL:
        """Build the algorithm."""
        return HHL(self.matrix, self.clock_qubits, self.scale)


class BathSpec(_Section):
    """The bath qubit: frequency in Hz and T0 in K. Every qubit starts at T0.

    These and all other quantities may be text with a unit, such as "43 mK".
    """

    frequency: Frequency = 5e9
    temperature: Temperature = 0.043


def _known_profile(name: str) -> str:
    if name not in (*PROFILES, *HERONS, *SIMILAR):
        raise wrong(why_unknown(name, PROFILES))
    return name


class DeviceSpec(_Section):
    """The device: a profile, and what to change in it.

    ``profile`` is "paper", "ideal" or the name of a Heron snapshot such as "FakeTorino". The
    optional numbers overrule the profile on every qubit: times in s, errors as probabilities.
    """

    profile: Annotated[str, AfterValidator(_known_profile)] = "paper"
    layout: Literal["best"] | dict[str, Annotated[int, Field(ge=0)]] = "best"
    feedforward_latency: Literal["profile"] | Latency = "profile"
    optimization_level: Annotated[int, Field(ge=0, le=3)] = 1
    t1: Lifetime | None = None
    t2: Lifetime | None = None
    single_qubit_error: ErrorRate | None = None
    cz_error: ErrorRate | None = None
    readout_error: ErrorRate | None = None


class SweepSpec(_Section):
    """The sweep: angles θ_b in rad and excited weights p_x of the target."""

    theta_b: Annotated[
        Range | tuple[float, ...],
        BeforeValidator(_in_radians),
        AfterValidator(partial(_checked_values, LARGEST_THETA_B)),
    ] = Range(start=0, stop=float(np.pi / 4), points=11)
    p_x: Annotated[
        Range | tuple[float, ...],
        BeforeValidator(partial(not_too_many, MOST_POINTS)),
        AfterValidator(partial(_checked_values, 1.0)),
    ] = Range(start=0.01, stop=0.4, points=40)


class MeasurementSpec(_Section):
    """Shots of each basis and target preparation, or "exact" for infinitely many; trials."""

    # The outcome of every shot is kept: ten million are 2.6 GB for one trial of the paper's sweep.
    shots: Literal["exact"] | Annotated[int, Field(ge=1, le=10**7)] = 8000
    trials: Annotated[int, Field(ge=1, le=MOST_TRIALS)] = 5

    @model_validator(mode="after")
    def _check(self) -> Self:
        if self.shots == "exact" and self.trials != 1:
            raise ValueError(
                f"trials = {self.trials}: exact trials are all alike; give 1 with shots = 'exact'"
            )
        return self


class HardwareSpec(_Section):
    """How an IBM Quantum backend executes the jobs; simulators heed the calibrations alone.

    ``mode`` is "batch", "session" or "job". ``rep_delay`` is the wait between shots in s, by
    default the backend's. ``init_qubits`` resets all qubits before each shot: without it the bath
    relaxes by itself during ``rep_delay``, and carries over what has not relaxed.
    ``max_execution_time`` in s bounds each job. ``brackets`` measures T1, T2, readout and thermal
    population of the bath qubit before and after; ``assignment`` measures the assignment matrices
    of the recorded qubits, which correct the readout, before and after the trials, each time by
    ``assignment_shots`` of 17 circuits. "auto" does so on hardware only.
    """

    mode: Literal["batch", "session", "job"] = "batch"
    rep_delay: ShotTime | None = None
    init_qubits: bool = True
    max_execution_time: Annotated[int, Field(ge=1, le=10800)] | None = None
    brackets: Literal["auto"] | bool = "auto"
    bracket_shots: Annotated[int, Field(ge=100, le=100_000)] = 2000
    assignment: Literal["auto"] | bool = "auto"
    assignment_shots: Annotated[int, Field(ge=100, le=100_000)] = 8000


class InferenceSpec(_Section):
    """How counts are read.

    ``estimator`` is that of the values: "linear inversion" with projection, as in the paper, or
    "median unbiased"; intervals are calibrated with either. ``readout`` is "raw", "corrected" for
    the assignment errors of S, B and C_I, or "unmixed" for those of the flag too. ``temperature``
    says where T0 of the bounds comes from: "given" is that of ``[bath]``, "measured" that of B
    before the erasure, "calibration" that of the bracket before the run. ``resamples`` of the
    bootstrap tell how estimates move together.
    """

    estimator: Literal["linear inversion", "median unbiased"] = "linear inversion"
    readout: Literal["raw", "corrected", "unmixed"] = "raw"
    temperature: Literal["given", "measured", "calibration"] = "given"
    resamples: Annotated[int, Field(ge=100, le=MOST_RESAMPLES)] = 1000


class Experiment(_Section):
    """A validated experiment.

    Raises:
        BadInput: from ``from_toml`` and ``parse``: a line for each fault that names field, value
            and mend, and of a file its name and line.
    """

    name: Annotated[str, Field(pattern=r"^[A-Za-z0-9][\w.-]*$")]
    seed: Annotated[int, Field(ge=0, le=2**63 - 1)] = 0  # a netCDF attribute holds no larger one
    algorithm: AlgorithmSpec = AlgorithmSpec()
    bath: BathSpec = BathSpec()
    device: DeviceSpec = DeviceSpec()
    sweep: SweepSpec = SweepSpec()
    measurement: MeasurementSpec = MeasurementSpec()
    hardware: HardwareSpec = HardwareSpec()
    inference: InferenceSpec = InferenceSpec()

    @classmethod
    def parse(cls, text: str, **changes: Any) -> Experiment:
        """Read a spec from TOML text; ``changes`` overrule its top-level fields."""
        return parse_spec(cls, text, changes)

    @classmethod
    def from_toml(cls, path: str | Path) -> Experiment:
        """Read a spec from a TOML file."""
        return parse_spec(cls, spec_text(path), {}, source=str(path))

    @classmethod
    def stored(cls, text: str, changes: Mapping[str, Any]) -> Experiment:
        """Read the spec of a stored run, whose quantities may be any that it was run with."""
        return parse_spec(cls, text, changes, any_size=True)

    def to_toml(self) -> str:
        """Write the experiment as TOML that ``parse`` reads back as an equal experiment."""
        import tomli_w

        return tomli_w.dumps(self.model_dump(mode="json", exclude_none=True))

    @cached_property
    def design(self) -> Design:
        """Registers, arms, settings and recorded bits of the experiment."""
        return self.algorithm.build().design

    @property
    def theta_b(self) -> NDArray[np.float64]:
        """Angles θ_b of the sweep (array of shape (θ_b,)), rad."""
        return _values(self.sweep.theta_b)

    @property
    def coordinates(self) -> dict[str, NDArray[np.float64]]:
        """Values of each swept parameter by its name (arrays of one axis)."""
        return {"theta_b": self.theta_b}

    @property
    def points(self) -> dict[str, NDArray[np.float64]]:
        """Values of each swept parameter at every point of the sweep (arrays of shape (point,)).

        The points are the product of the values of all parameters, the last one fastest.
        """
        grid = np.meshgrid(*self.coordinates.values(), indexing="ij")
        return {name: axis.ravel() for name, axis in zip(self.coordinates, grid, strict=True)}

    @property
    def p_x(self) -> NDArray[np.float64]:
        """Excited weights p_x of the sweep (array of shape (p_x,))."""
        return _values(self.sweep.p_x)

    @property
    def hash(self) -> str:
        """SHA-256 of the validated spec: equal for equal experiments."""
        # Sorted, since tables with the same keys in another order are equal.
        fields = json.dumps(self.model_dump(mode="json"), sort_keys=True)
        return hashlib.sha256(fields.encode()).hexdigest()


def shown_p_x(p_x: NDArray[np.float64]) -> float:
    """Excited weight to show: the paper's 0.4, or the closest one there is."""
    return float(p_x[np.argmin(np.abs(p_x - PAPER_P_X))])


def spec_text(spec: str | Path) -> str:
    """Text of a spec: a path, or the name of a preset.

    Raises:
        BadInput: neither a readable file nor a preset, or longer than a spec can be.
    """
    path = Path(spec)
    try:
        is_file = path.is_file()
    except OSError as error:  # a name that is too long
        raise BadInput(f"spec = {str(spec)!r}: {error.strerror}; give another file") from None
    if is_file:
        return read_spec_file(path)
    preset_file = resources.files("recycling.spec") / "presets" / f"{spec}.toml"
    if str(spec) in preset_names():
        return preset_file.read_text(encoding="utf-8")
    raise BadInput(
        f"spec = {str(spec)!r} is neither a file nor a preset: give a path or one of "
        + ", ".join(preset_names())
    )


def preset_names() -> list[str]:
    """Names of the presets."""
    folder = resources.files("recycling.spec") / "presets"
    return sorted(
        f.name.removesuffix(".toml") for f in folder.iterdir() if f.name.endswith(".toml")
    )


def preset(name: str) -> Experiment:
    """Experiment of a preset: "paper" (the replay) or "theory" (noiseless, infinite shots)."""
    if name not in preset_names():
        raise BadInput(f"preset = {name!r}: give one of {', '.join(preset_names())}")
    return Experiment.parse(spec_text(name))
