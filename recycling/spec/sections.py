"""Sections of a spec that are the same for any algorithm and task."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Literal, Self, get_args

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    ValidationError,
    ValidationInfo,
    field_validator,
)

from recycling.devices.snapshots import HERONS, SIMILAR, why_unknown
from recycling.devices.stage import BathKind, Stage
from recycling.errors import BadInput
from recycling.spec.messages import fault_lines, shown_value, wrong
from recycling.spec.quantities import (
    Frequency,
    Latency,
    Lifetime,
    ShotDelay,
    ShotTime,
    Temperature,
)

#: Most draws of the bootstrap: they widen bands by a factor known to 0.1 % from 10⁵ on.
MOST_RESAMPLES = 1_000_000
#: Profiles of a device that are no snapshot.
PROFILES = ("paper", "ideal")

ErrorRate = Annotated[float, Field(ge=0, lt=0.5)]


def _kinds(annotation: Any) -> set[Any]:
    """Every type that a field may have, without what annotates it."""
    parts = get_args(annotation)
    return {annotation}.union(*map(_kinds, parts)) if parts else {annotation}


class Section(BaseModel):
    """A table of a spec: it cannot be changed, and knows all of its keys.

    Example:
        >>> class CoolerSpec(Section):
        ...     stages: int = 2
        >>> CoolerSpec(stages=3).stages
        3
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    @field_validator("*", mode="before")
    @classmethod
    def _is_no_truth_value(cls, value: Any, info: ValidationInfo) -> Any:
        # Python and pydantic take true for 1, and so for one kelvin.
        given = value if isinstance(value, list) else [value]
        if any(isinstance(each, bool) for each in given):
            kinds = _kinds(cls.model_fields[str(info.field_name)].annotation)
            if bool not in kinds and kinds & {int, float}:
                number = "number" if float in kinds else "whole number"
                raise wrong(f"= {shown_value(value)}: give a {number}")
        return value

    def model_copy(self, *, update: Mapping[str, Any] | None = None, deep: bool = False) -> Self:
        """Copy the section; what is changed is validated as a spec is.

        Raises:
            BadInput: an unknown key, or a value that a spec cannot have.

        Example:
            >>> BathSpec().model_copy(update={"temperature": "30 mK"}).temperature
            0.03
        """
        if not update:
            return super().model_copy(deep=deep)
        given = {name: getattr(self, name) for name in self.model_fields_set}
        try:
            return type(self).model_validate(given | dict(update))
        except ValidationError as error:
            raise BadInput(*fault_lines(error, type(self))) from None


class BathSpec(Section):
    """The bath qubit: frequency in Hz and T0 in K. Every qubit starts at T0.

    These and all other quantities may be text with a unit, such as "43 mK".

    Example:
        >>> BathSpec(temperature="43 mK").temperature
        0.043
    """

    frequency: Frequency = 5e9
    temperature: Temperature = 0.043


def _known_profile(name: str) -> str:
    if name not in (*PROFILES, *HERONS, *SIMILAR):
        raise wrong(why_unknown(name, PROFILES))
    return name


class DeviceSpec(Section):
    """The device: a profile, and changes to it.

    ``layout`` gives the physical qubit of each role, or how they are chosen: "best" for the fewest
    expected errors, "readout" for the fewest errors of readout.
    ``profile`` is "paper", "ideal" or the name of a Heron snapshot such as "FakeTorino". The
    optional numbers overrule the profile on every qubit: times in s, errors as probabilities.
    ``low_frequency_dephasing`` declares what calibrations by an echo do not show: the time in s
    after which detunings that are constant during a shot, and normal from shot to shot, leave 1/e
    of an idle qubit's coherence.

    Example:
        >>> DeviceSpec(profile="FakeTorino", t1="250 us").t1
        0.00025
    """

    profile: Annotated[str, AfterValidator(_known_profile)] = "paper"
    layout: Literal["best", "readout"] | dict[str, Annotated[int, Field(ge=0)]] = "best"
    feedforward_latency: Literal["profile"] | Latency = "profile"
    optimization_level: Annotated[int, Field(ge=0, le=3)] = 1
    t1: Lifetime | None = None
    t2: Lifetime | None = None
    single_qubit_error: ErrorRate | None = None
    cz_error: ErrorRate | None = None
    readout_error: ErrorRate | None = None
    low_frequency_dephasing: Lifetime | None = None


class DecouplingSpec(Section):
    """Pulses on qubits that idle, which turn slow dephasing back; none by default.

    ``sequence`` is "none", "XX", "XpXm" (the second pulse about -X) or "XY4". ``qubits`` are the
    roles that get pulses: without it the recycled register, the bath and the target. Windows
    shorter than ``shortest`` in s stay empty, and those too short for the pulses.

    Example:
        >>> DecouplingSpec(sequence="XY4", qubits=["C_I"], shortest="1 us").shortest
        1e-06
    """

    sequence: Literal["none", "XX", "XpXm", "XY4"] = "none"
    qubits: Annotated[tuple[str, ...], Field(min_length=1)] | None = None
    shortest: ShotDelay = 0.0


class StageSpec(Section):
    """The stage that the device sits on: its numbers are carried to the temperature of the bath.

    ``calibrated_at`` is the temperature in K at which the profile's numbers and those of
    ``[device]`` hold, ``loss_tangent`` that of its dielectrics. ``bath`` is "boson" or "tls". The
    dephasing rate grows by ``dephasing_prefactor`` × ``loss_tangent`` × k(T - calibrated_at)/ħ.

    Example:
        >>> StageSpec(calibrated_at="43 mK", loss_tangent=1e-7).build().calibrated_at
        0.043
    """

    calibrated_at: Temperature
    loss_tangent: Annotated[float, Field(strict=True, ge=0, le=1)]
    bath: BathKind = "boson"
    dephasing_prefactor: Annotated[float, Field(strict=True, ge=0, allow_inf_nan=False)] = 0.05

    def build(self) -> Stage:
        """Make the stage."""
        return Stage(self.calibrated_at, self.loss_tangent, self.bath, self.dephasing_prefactor)


class HardwareSpec(Section):
    """How an IBM Quantum backend executes the jobs; simulators use the calibrations alone.

    ``mode`` is "batch", "session" or "job". ``rep_delay`` is the wait between shots in s, by
    default the backend's. ``init_qubits`` resets all qubits before each shot: without it the bath
    relaxes by itself during ``rep_delay``, and carries over what has not relaxed.
    ``max_execution_time`` in s bounds each job. ``brackets`` measures T1, T2, readout and thermal
    population of the bath qubit before and after; ``assignment`` measures the assignment matrices
    of the recorded qubits, which correct the readout, before and after the trials, each time by
    ``assignment_shots`` of 17 circuits. "interleaved" measures them in the jobs of the trials
    instead, so many in all trials together. "auto" measures both on hardware only.

    Example:
        >>> HardwareSpec(rep_delay="100 us").rep_delay
        0.0001
    """

    mode: Literal["batch", "session", "job"] = "batch"
    rep_delay: ShotTime | None = None
    init_qubits: bool = True
    max_execution_time: Annotated[int, Field(ge=1, le=10800)] | None = None
    brackets: Literal["auto"] | bool = "auto"
    bracket_shots: Annotated[int, Field(ge=100, le=100_000)] = 2000
    assignment: Literal["auto", "interleaved"] | bool = "auto"
    assignment_shots: Annotated[int, Field(ge=100, le=100_000)] = 8000


class InferenceSpec(Section):
    """How counts are read.

    ``estimator`` gives the values: "linear inversion" with projection, as in the paper, or
    "median unbiased"; intervals are calibrated with either. ``readout`` is "raw", "corrected" for
    the assignment errors of S, B and C_I, or "unmixed" for those of the flag too. ``temperature``
    says where T0 of the bounds comes from: "given" is that of ``[bath]``, "measured" that of B
    before the erasure, "calibration" that of the bracket before the run. ``resamples`` is the
    number of draws of the bootstrap, which gives the correlations of the estimates.

    Example:
        >>> InferenceSpec(readout="corrected").estimator
        'linear inversion'
    """

    estimator: Literal["linear inversion", "median unbiased"] = "linear inversion"
    readout: Literal["raw", "corrected", "unmixed"] = "raw"
    temperature: Literal["given", "measured", "calibration"] = "given"
    resamples: Annotated[int, Field(ge=100, le=MOST_RESAMPLES)] = 1000


Relative = Annotated[float, Field(strict=True, ge=0, le=1)]


class PredictionSpec(Section):
    """How well a calibration is known: relative standard errors, as the prediction assumes them.

    Snapshots of a calibration come without errors. ``t1`` and ``t2`` are those of the rates 1/T1
    and 1/T2, ``single_qubit_error`` and ``two_qubit_error`` those of gate errors,
    ``readout_error`` those of P(1|0) and P(0|1), ``excited_population`` that of each qubit at the
    start, ``feedforward_latency`` that of a latency that no schedule of the service tells.
    The defaults are assumptions of the size of the scatter over days that is reported for
    lifetimes: P. V. Klimov et al., Phys. Rev. Lett. 121, 090502 (2018); J. J. Burnett et al., npj
    Quantum Inf. 5, 54 (2019).

    Example:
        >>> PredictionSpec(t1=0.3).t2
        0.2
    """

    t1: Relative = 0.2
    t2: Relative = 0.2
    single_qubit_error: Relative = 0.2
    two_qubit_error: Relative = 0.2
    readout_error: Relative = 0.2
    excited_population: Relative = 0.3
    feedforward_latency: Relative = 0.1
