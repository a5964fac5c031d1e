"""The spec: everything that defines an experiment, read from TOML and validated."""

from __future__ import annotations

import hashlib
import json
import tomllib
from importlib import resources
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal, Self

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field, FiniteFloat, ValidationError, model_validator

from circuits.hhl import HHL
from recycling.errors import BadInput

if TYPE_CHECKING:
    from pydantic_core import ErrorDetails

#: Largest angle of b in the paper, rad; above it the sweep repeats itself by symmetry.
LARGEST_THETA_B = np.pi / 4
#: Excited weight at which the paper shows Figs. 3 and 4.
PAPER_P_X = 0.4

PositiveFloat = Annotated[float, Field(gt=0, allow_inf_nan=False)]
ErrorRate = Annotated[float, Field(ge=0, lt=0.5)]


class _Section(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Range(_Section):
    """Evenly spaced values, both ends included."""

    start: FiniteFloat
    stop: FiniteFloat
    points: Annotated[int, Field(ge=1)]


def _values(values: Range | tuple[float, ...]) -> NDArray[np.float64]:
    if isinstance(values, Range):
        # Rounded at 1e-12 so that 0.01 steps are the decimal numbers that they look like.
        return np.round(np.linspace(values.start, values.stop, values.points), 12)
    return np.array(values, dtype=float)


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
            distinct, times = np.unique(values, return_counts=True)
            if distinct.size < values.size:
                twice = distinct[np.argmax(times > 1)]
                raise ValueError(f"{name} = {twice:g} comes twice: give each value once")
            outside = values[~((values >= 0) & (values <= largest * (1 + 1e-9)))]
            if outside.size:
                raise ValueError(f"{name} = {outside[0]:g}: give values in [0, {largest:.6g}]")
        return self


class MeasurementSpec(_Section):
    """Shots of each basis and target preparation, or "exact" for infinitely many; trials."""

    # The outcome of every shot is kept: ten million are 2.6 GB for one trial of the paper's sweep.
    shots: Literal["exact"] | Annotated[int, Field(ge=1, le=10**7)] = 8000
    trials: Annotated[int, Field(ge=1)] = 5

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
    of the recorded qubits, which correct the readout, by ``assignment_shots`` of 17 circuits each.
    "auto" does so on hardware only.
    """

    mode: Literal["batch", "session", "job"] = "batch"
    rep_delay: PositiveFloat | None = None
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
    resamples: Annotated[int, Field(ge=100)] = 1000


class Experiment(_Section):
    """A validated experiment.

    Raises:
        BadInput: from ``from_toml`` and ``parse``, one line that names field, value and mend.
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
        try:
            return cls.model_validate(tomllib.loads(text) | changes)
        except tomllib.TOMLDecodeError as error:
            raise BadInput(f"the spec is not TOML: {error}; correct it there") from None
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
        # Sorted, since tables with the same keys in another order are equal.
        fields = json.dumps(self.model_dump(mode="json"), sort_keys=True)
        return hashlib.sha256(fields.encode()).hexdigest()


def shown_p_x(p_x: NDArray[np.float64]) -> float:
    """Excited weight to show: the paper's 0.4, or the closest one there is."""
    return float(p_x[np.argmin(np.abs(p_x - PAPER_P_X))])


def spec_text(spec: str | Path) -> str:
    """Text of a spec: a path, or the name of a preset.

    Raises:
        BadInput: neither a readable file nor a preset.
    """
    path = Path(spec)
    try:
        if path.is_file():
            return path.read_bytes().decode()  # line ends as they are: the text is kept as given
    except OSError as error:
        raise BadInput(f"spec = {str(spec)!r}: {error.strerror}; give another file") from None
    except UnicodeDecodeError:
        raise BadInput(f"spec = {str(spec)!r} is not UTF-8 text: save it as such") from None
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


#: What to give instead, by the type of the fault; in braces the limit that was broken.
_MENDS = {
    "greater_than": "a number above {gt:g}",
    "greater_than_equal": "{ge:g} or more",
    "less_than": "a number below {lt:g}",
    "less_than_equal": "{le:g} or less",
    "finite_number": "a finite number",
    "literal_error": "{expected}",
    "string_pattern_mismatch": "letters, digits, '.', '_' and '-', the first a letter or digit",
    "string_type": "text",
    "model_type": "a table",
    "dict_type": "a table",
    "tuple_type": "a list",
    "too_long": "{max_length} entries",
    **dict.fromkeys(("int_type", "int_parsing", "int_from_float"), "a whole number"),
    **dict.fromkeys(("float_type", "float_parsing"), "a number"),
    **dict.fromkeys(("bool_type", "bool_parsing"), "true or false"),
    **dict.fromkeys(("complex_type", "complex_str_parsing"), "a number"),
}


def one_line(error: ValidationError) -> str:
    """First fault of a validation error as one line: field, value, mend."""
    faults = error.errors(include_url=False)
    # A union has a fault from each of its branches: the one that got deepest was meant.
    same = [fault for fault in faults if _keys(fault)[:2] == _keys(faults[0])[:2]]
    first = max(same, key=lambda fault: len(_keys(fault)))
    mends = dict.fromkeys(_mend(fault) for fault in same if _keys(fault) == _keys(first))
    field = "".join(f"[{key}]" if isinstance(key, int) else f".{key}" for key in _keys(first))[1:]
    more = f" (and {len(faults) - len(same)} more)" if len(faults) > len(same) else ""
    if first["type"] == "value_error":
        # Its message begins with the name of the field inside the section.
        message = first["msg"].removeprefix("Value error, ")
        return f"{field}.{message}{more}" if field else f"{message}{more}"
    if first["type"] == "extra_forbidden":
        value = first["input"]
        return f"{field} = {value!r} is an unknown key: remove it or correct its name{more}"
    if first["type"] == "missing":
        return f"{field} is missing: add it{more}"
    return f"{field} = {first['input']!r}: give {' or '.join(mends)}{more}"


def _mend(fault: ErrorDetails) -> str:
    if fault["type"] not in _MENDS:
        return f"another value ({fault['msg']})"
    return _MENDS[fault["type"]].format(**fault.get("ctx", {}))


def _keys(fault: ErrorDetails) -> tuple[str | int, ...]:
    """Keys that the user wrote, down to the fault."""
    # The third entry may be no key, but pydantic's name for the branch of a field's union.
    return tuple(
        key if isinstance(key, int) or key.isprintable() else repr(key)
        for depth, key in enumerate(fault["loc"])
        if depth != 2
        or isinstance(key, int)
        or (key.isidentifier() and key not in ("Range", "bool"))
    )
