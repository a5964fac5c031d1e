"""The spec: everything that defines an experiment, read from TOML and validated."""

from __future__ import annotations

import hashlib
import tomllib
from importlib import resources
from pathlib import Path
from typing import Annotated, Any, Literal, Self

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from circuits.hhl import HHL
from recycling.errors import BadInput

#: Largest angle of b in the paper, rad; above it the sweep repeats itself by symmetry.
LARGEST_THETA_B = np.pi / 4

PositiveFloat = Annotated[float, Field(gt=0, allow_inf_nan=False)]
ErrorRate = Annotated[float, Field(ge=0, lt=0.5)]


class _Section(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Range(_Section):
    """Evenly spaced values, both ends included."""

    start: float
    stop: float
    points: Annotated[int, Field(ge=1)]


def _values(values: Range | tuple[float, ...]) -> NDArray[np.float64]:
    if isinstance(values, Range):
        # Rounded at 1e-12 so that 0.01 steps are the decimal numbers that they look like.
        return np.round(np.linspace(values.start, values.stop, values.points), 12)
    return np.array(values, dtype=float)


class AlgorithmSpec(_Section):
    """The algorithm whose failure branch is recycled."""

    name: Literal["hhl"] = "hhl"
    matrix: tuple[tuple[complex, complex], tuple[complex, complex]] = ((2, -1), (-1, 2))
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
    """The bath qubit: frequency in Hz and T0 in K. Every qubit starts at T0."""

    frequency: PositiveFloat = 5e9
    temperature: PositiveFloat = 0.043


class DeviceSpec(_Section):
    """The device: a profile, and what to change in it.

    ``profile`` is "paper", "ideal" or the name of a Heron snapshot such as "FakeTorino". The
    optional numbers overrule the profile on every qubit: times in s, errors as probabilities.
    """

    profile: str = "paper"
    layout: Literal["best"] | dict[str, Annotated[int, Field(ge=0)]] = "best"
    feedforward_latency: Literal["profile"] | Annotated[float, Field(ge=0, le=1)] = "profile"
    optimization_level: Annotated[int, Field(ge=0, le=3)] = 1
    t1: PositiveFloat | None = None
    t2: PositiveFloat | None = None
    single_qubit_error: ErrorRate | None = None
    cz_error: ErrorRate | None = None
    readout_error: ErrorRate | None = None


class SweepSpec(_Section):
    """The sweep: angles θ_b in rad and excited weights p_x of the target."""

    theta_b: Range | tuple[float, ...] = Range(start=0, stop=float(np.pi / 4), points=11)
    p_x: Range | tuple[float, ...] = Range(start=0.01, stop=0.4, points=40)

    @model_validator(mode="after")
    def _check(self) -> Self:
        for name, largest in (("theta_b", LARGEST_THETA_B), ("p_x", 1.0)):
            values = _values(getattr(self, name))
            if values.size == 0:
                raise ValueError(f"{name} is empty: give at least one value")
            if len(np.unique(values)) < len(values):
                raise ValueError(f"{name} has a value twice: give each once")
            outside = values[~((values >= 0) & (values <= largest * (1 + 1e-9)))]
            if outside.size:
                raise ValueError(f"{name} = {outside[0]:g}: give values in [0, {largest:.6g}]")
        return self


class MeasurementSpec(_Section):
    """Shots of each basis and target preparation, or "exact" for infinitely many; trials."""

    shots: Literal["exact"] | Annotated[int, Field(ge=1)] = 8000
    trials: Annotated[int, Field(ge=1)] = 5

    @model_validator(mode="after")
    def _check(self) -> Self:
        if self.shots == "exact" and self.trials != 1:
            raise ValueError(
                f"trials = {self.trials}: exact trials are all alike; give 1 with shots = 'exact'"
            )
        return self


class InferenceSpec(_Section):
    """The estimator of states and the number of bootstrap resamples behind each interval."""

    estimator: Literal["linear inversion"] = "linear inversion"
    resamples: Annotated[int, Field(ge=100)] = 500


class Experiment(_Section):
    """A validated experiment.

    Raises:
        BadInput: from ``from_toml`` and ``parse``, one line that names field, value and mend.
    """

    name: Annotated[str, Field(pattern=r"^[A-Za-z0-9][\w.-]*$")]
    seed: Annotated[int, Field(ge=0)] = 0
    algorithm: AlgorithmSpec = AlgorithmSpec()
    bath: BathSpec = BathSpec()
    device: DeviceSpec = DeviceSpec()
    sweep: SweepSpec = SweepSpec()
    measurement: MeasurementSpec = MeasurementSpec()
    inference: InferenceSpec = InferenceSpec()

    @classmethod
    def parse(cls, text: str, **changes: Any) -> Experiment:
        """Read a spec from TOML text; ``changes`` overrule its top-level fields."""
        try:
            return cls.model_validate(tomllib.loads(text) | changes)
        except tomllib.TOMLDecodeError as error:
            raise BadInput(f"the spec is not TOML: {error}") from None
        except ValidationError as error:
            raise BadInput(one_line(error)) from None

    @classmethod
    def from_toml(cls, path: str | Path) -> Experiment:
        """Read a spec from a TOML file."""
        return cls.parse(spec_text(path))

    def to_toml(self) -> str:
        """Write the experiment as TOML that ``parse`` reads back as an equal experiment."""
        import tomli_w

        return tomli_w.dumps(self.model_dump(mode="json", exclude_none=True))

    @property
    def theta_b(self) -> NDArray[np.float64]:
        """Angles θ_b of the sweep (array of shape (θ_b,)), rad."""
        return _values(self.sweep.theta_b)

    @property
    def p_x(self) -> NDArray[np.float64]:
        """Excited weights p_x of the sweep (array of shape (p_x,))."""
        return _values(self.sweep.p_x)

    @property
    def hash(self) -> str:
        """SHA-256 of the validated spec: equal for equal experiments."""
        return hashlib.sha256(self.model_dump_json().encode()).hexdigest()


def spec_text(spec: str | Path) -> str:
    """Text of a spec: a path, or the name of a preset.

    Raises:
        BadInput: neither a readable file nor a preset.
    """
    path = Path(spec)
    if path.is_file():
        return path.read_text(encoding="utf-8")
    preset_file = resources.files("recycling") / "presets" / f"{spec}.toml"
    if str(spec) in preset_names():
        return preset_file.read_text(encoding="utf-8")
    raise BadInput(
        f"spec = {str(spec)!r} is neither a file nor a preset: give a path or one of "
        + ", ".join(preset_names())
    )


def preset_names() -> list[str]:
    """Names of the presets."""
    folder = resources.files("recycling") / "presets"
    return sorted(
        f.name.removesuffix(".toml") for f in folder.iterdir() if f.name.endswith(".toml")
    )


def preset(name: str) -> Experiment:
    """Experiment of a preset: "paper" (the replay) or "theory" (noiseless, infinite shots)."""
    if name not in preset_names():
        raise BadInput(f"preset = {name!r}: give one of {', '.join(preset_names())}")
    return Experiment.parse(spec_text(name))


def one_line(error: ValidationError) -> str:
    """First fault of a validation error as one line: field, value, mend."""
    first = error.errors(include_url=False)[0]
    # Branches of a union add their type to the location; the user knows only the keys.
    keys = [str(key) for key in first["loc"]]
    known = [k for k in keys if k.isidentifier() and k not in ("Range", "float", "int", "str")]
    field = ".".join(known)
    message = first["msg"].removeprefix("Value error, ")
    more = f" (and {error.error_count() - 1} more)" if error.error_count() > 1 else ""
    if first["type"] == "value_error":
        return f"{field}: {message}{more}" if field else f"{message}{more}"
    if first["type"] == "extra_forbidden":
        return (
            f"{field} = {first['input']!r} is an unknown key: remove it or correct its name{more}"
        )
    if first["type"] == "missing":
        return f"{field} is missing: add it{more}"
    message = message.replace("Input should be", "give a value that is").lower()
    return f"{field} = {first['input']!r}: {message}{more}"
