"""The spec of a campaign: which runs, how often, within which budget, and what is promised."""

from __future__ import annotations

from bisect import bisect_left
from dataclasses import asdict
from itertools import accumulate
from typing import Annotated, Literal, Self

from pydantic import AfterValidator, Field, field_validator, model_validator

from recycling.campaign import alerts
from recycling.campaign.metrics import METRICS
from recycling.campaign.objectives import Objective
from recycling.errors import BadInput
from recycling.execution.registry import parse_backend
from recycling.spec.messages import parse_spec, wrong
from recycling.spec.quantities import CampaignTime, ClockOffset, Power, Temperature
from recycling.spec.sections import DeviceSpec, Section

#: Most runs: of one a minute, two months.
MOST_RUNS = 100_000
_Number = Annotated[float, Field(strict=True, allow_inf_nan=False)]  # true is none, nor is "1"
_Positive = Annotated[_Number, Field(gt=0)]
_RunNumber = Annotated[int, Field(strict=True, ge=1, le=MOST_RUNS)]
_Name = Annotated[str, Field(pattern=r"^[A-Za-z0-9][\w.-]*$", max_length=60)]


class Budget(Section):
    """QPU time that all runs together may use, s.

    Simulated runs are charged what they would cost on hardware; infinitely many shots cost nothing.

    Example:
        >>> Budget(qpu_seconds=600).qpu_seconds
        600.0
    """

    qpu_seconds: Annotated[_Number, Field(ge=0)]


class Thermal(Section):
    """A declared model of the plate under the chip: C1 T dT/dt = P - A (T² - T_b²).

    ``capacity_coefficient`` C1 in J/K², ``cooling_coefficient`` A in W/K², ``base_temperature``
    T_b in K, ``temperature`` of the plate at the beginning in K, by default that of the idle plate,
    ``idle_power`` and the ``job_power`` that a run adds in W, ``duration`` of a run in s, by
    default its estimated QPU time and of infinitely many shots the interval, ``limit`` of the plate
    in K, ``utilisation``: fraction of the cooling power at the limit that may be used.

    Example:
        >>> Thermal(
        ...     capacity_coefficient=1e-3, cooling_coefficient=0.1, base_temperature="10 mK",
        ...     job_power="2 uW", limit="15 mK",
        ... ).utilisation
        0.8
    """

    capacity_coefficient: _Positive
    cooling_coefficient: _Positive
    base_temperature: Temperature
    temperature: Temperature | None = None
    idle_power: Power = 0.0
    job_power: Power
    duration: CampaignTime | None = None
    limit: Temperature
    utilisation: _Positive = 0.8

    @model_validator(mode="after")
    def _check(self) -> Self:
        if self.limit <= self.base_temperature:
            raise ValueError(
                f"limit = {self.limit:g}: the plate is never below base_temperature = "
                f"{self.base_temperature:g}; give a higher limit"
            )
        if self.temperature is not None and self.temperature < self.base_temperature:
            raise ValueError(
                f"temperature = {self.temperature:g}: the plate is never below base_temperature = "
                f"{self.base_temperature:g}; give that or a higher one"
            )
        return self


def _known_backend(name: str) -> str:
    try:
        parse_backend(name)
    except BadInput as error:
        raise wrong(error.one_line.removeprefix("backend ")) from None
    return name


class Runs(Section):
    """Runs of one spec in a row: a path beside the campaign's file or a preset, and a backend.

    Example:
        >>> Runs(spec="theory", count=3).backend
        'exact'
    """

    spec: Annotated[str, Field(min_length=1)]
    backend: Annotated[str, AfterValidator(_known_backend)] = "exact"
    count: _RunNumber = 1


class Rehearsal(Section):
    """What simulated runs are to suffer from a run on: a drifted device, a wrong clock, silence.

    ``device`` holds keys of ``[device]`` that overrule the spec. ``clock_offset`` in s is what the
    service's clock is ahead, ``telemetry = false`` records no metrics. A later rehearsal overrules
    the keys that it gives.

    Example:
        >>> Rehearsal(from_run=6, device={"t1": "100 us"}).changes
        {'t1': 0.0001}
    """

    from_run: _RunNumber
    device: DeviceSpec = DeviceSpec()
    clock_offset: ClockOffset | None = None
    telemetry: Annotated[bool, Field(strict=True)] | None = None

    @property
    def changes(self) -> dict[str, object]:
        """Keys of the device that are overruled, as a spec holds them."""
        return self.device.model_dump(mode="json", include=self.device.model_fields_set)

    @property
    def record(self) -> dict[str, object]:
        """What is rehearsed, as a record holds it; empty where nothing is."""
        parts = {
            "device": self.changes or None,
            "clock_offset": self.clock_offset,
            "telemetry": self.telemetry,
        }
        return {name: value for name, value in parts.items() if value is not None}


class Window(Section):
    """Two windows in s over which an error budget burns, and what to do above ``burn``.

    Example:
        >>> Window(long="1 h", short="5 min", burn=14.4).action
        'page'
    """

    long: CampaignTime
    short: CampaignTime
    burn: _Positive
    action: Literal["page", "ticket"] = "page"

    @model_validator(mode="after")
    def _check(self) -> Self:
        if self.short > self.long:
            raise ValueError(f"short = {self.short:g}: give {self.long:g} or less, as long is")
        return self


#: Three times for an hour, and the usual set for a budget of 30 days.
USUAL_WINDOWS = tuple(
    Window.model_validate(asdict(window)) for window in (*alerts.WINDOWS_3X, *alerts.WINDOWS_USUAL)
)


def _known_metric(name: str) -> str:
    if name not in METRICS:
        raise wrong(f"= {name!r} is no metric of a run: give one of {', '.join(METRICS)}")
    return name


class Slo(Section):
    """A service level objective: a fraction ``objective`` of runs has ``metric`` ≥ ``at_least``.

    Example:
        >>> slo = Slo(name="fidelity", metric="success_fidelity", at_least=0.9, objective=0.99)
        >>> [window.burn for window in slo.windows]
        [3.0, 14.4, 6.0, 1.0]
    """

    name: _Name
    metric: Annotated[str, AfterValidator(_known_metric)]
    at_least: _Number
    objective: Annotated[_Number, Field(gt=0, lt=1)]
    windows: tuple[Window, ...] = USUAL_WINDOWS

    def build(self) -> Objective:
        """Make the objective."""
        windows = tuple(alerts.Window(**window.model_dump()) for window in self.windows)
        return Objective(self.name, self.metric, self.at_least, self.objective, windows)


class CampaignSpec(Section):
    """A validated campaign. Run ``i``, from 1, is due (i - 1) · ``interval`` after the beginning.

    Example:
        >>> spec = CampaignSpec(
        ...     interval=3600, budget={"qpu_seconds": 60}, runs=[{"spec": "theory", "count": 3}]
        ... )
        >>> spec.count, spec.entry_of(3).spec
        (3, 'theory')
    """

    interval: CampaignTime
    budget: Budget
    thermal: Thermal | None = None
    runs: tuple[Runs, ...]
    rehearse: tuple[Rehearsal, ...] = ()
    slo: tuple[Slo, ...] = ()

    @field_validator("runs")
    @classmethod
    def _check_runs(cls, runs: tuple[Runs, ...]) -> tuple[Runs, ...]:
        if not runs:
            raise wrong("holds none: give one or more")
        return runs

    @field_validator("slo")
    @classmethod
    def _check_names(cls, slo: tuple[Slo, ...]) -> tuple[Slo, ...]:
        names = [each.name for each in slo]
        for name in names:
            if names.count(name) > 1:
                raise wrong(f"holds the name {name!r} {names.count(name)} times: give each another")
        return slo

    @model_validator(mode="after")
    def _check(self) -> Self:
        if self.count > MOST_RUNS:
            raise ValueError(f"runs: {self.count} runs: give {MOST_RUNS} or fewer in all")
        for number, rehearsal in enumerate(self.rehearse):
            if rehearsal.from_run > self.count:
                raise ValueError(
                    f"rehearse[{number}].from_run = {rehearsal.from_run}: the campaign has "
                    f"{self.count} runs; give one of them"
                )
        return self

    @property
    def count(self) -> int:
        """Number of runs."""
        return sum(entry.count for entry in self.runs)

    def place_of(self, run: int) -> int:
        """Place in ``runs`` of a run, which counts from 1."""
        return bisect_left(list(accumulate(entry.count for entry in self.runs)), run)

    def entry_of(self, run: int) -> Runs:
        """Entry of ``runs`` that a run, which counts from 1, belongs to."""
        return self.runs[self.place_of(run)]

    @property
    def starts(self) -> list[int]:
        """Runs from which on another spec is run, or something else is suffered."""
        ends = list(accumulate(entry.count for entry in self.runs))
        return sorted({1, *(end + 1 for end in ends[:-1]), *(r.from_run for r in self.rehearse)})

    def rehearsed(self, run: int) -> Rehearsal:
        """All that a run suffers, as one rehearsal."""
        suffered = [each for each in self.rehearse if each.from_run <= run]
        device = {key: value for each in suffered for key, value in each.changes.items()}
        offsets = [each.clock_offset for each in suffered if each.clock_offset is not None]
        recorded = [each.telemetry for each in suffered if each.telemetry is not None]
        return Rehearsal(
            from_run=run,
            device=DeviceSpec.model_validate(device),
            clock_offset=offsets[-1] if offsets else None,
            telemetry=recorded[-1] if recorded else None,
        )


def read_campaign(text: str, source: str = "") -> CampaignSpec:
    r"""Read a campaign from TOML text, whose faults name the file ``source``.

    Raises:
        BadInput: with a line for each fault.

    Example:
        >>> read_campaign('interval = 60\nruns = [{ spec = "theory" }]')
        Traceback (most recent call last):
        recycling.errors.BadInput: budget is missing: add it
    """
    return parse_spec(CampaignSpec, text, {}, source=source)
