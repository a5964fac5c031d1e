"""The spec: everything that defines an experiment, read from TOML and validated."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from contextlib import suppress
from functools import cached_property
from math import prod
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Self

import numpy as np
from numpy.typing import NDArray
from pydantic import (
    BaseModel,
    Field,
    PlainValidator,
    SerializeAsAny,
    ValidationError,
    ValidationInfo,
    model_validator,
)

from circuits.algorithms.hhl import HHL, HHLSettings
from circuits.allocation import Allocation
from circuits.design import Design, design_of
from circuits.links import IdentitySettings
from circuits.tasks.erasure import ErasureSettings
from recycling.devices.idle import aligned, idle_wait
from recycling.devices.link import Link
from recycling.errors import BadInput
from recycling.spec import shown
from recycling.spec.changing import NAMED, changed_content
from recycling.spec.chosen import ALGORITHM, LINK, TASK
from recycling.spec.link import PhotonicSettings
from recycling.spec.measurement import MeasurementSpec
from recycling.spec.messages import MOST_FAULTS, fault_lines, parse_spec
from recycling.spec.over import over_of
from recycling.spec.sections import (
    PROFILES,
    BathSpec,
    DecouplingSpec,
    DeviceSpec,
    HardwareSpec,
    InferenceSpec,
    PredictionSpec,
    Section,
    StageSpec,
)
from recycling.spec.sweep import Range, Sweep, SweepSpec, sweep_section, values_of
from recycling.spec.texts import preset_names, spec_text

if TYPE_CHECKING:
    from recycling.devices.device import Device

__all__ = [
    "LARGEST_THETA_B",
    "PAPER_P_X",
    "PROFILES",
    "AlgorithmSpec",
    "BathSpec",
    "DecouplingSpec",
    "DeviceSpec",
    "Experiment",
    "HardwareSpec",
    "InferenceSpec",
    "MeasurementSpec",
    "Range",
    "StageSpec",
    "SweepSpec",
    "preset",
    "preset_names",
    "shown_p_x",
    "spec_text",
]

#: Settings of the algorithm of the paper.
AlgorithmSpec = HHLSettings
#: Largest angle of b in the paper, rad; above it the sweep repeats itself by symmetry.
LARGEST_THETA_B = HHL.parameters[0].high
#: Sections, and keys of older sections, that specs of the first version do not have.
_NEWER_SECTIONS = ("task", "link", "stage", "decoupling", "prediction")
_NEWER_KEYS = {
    "measurement": ("allocation",),
    "device": ("low_frequency_dephasing",),
    "prediction": ("feedforward_latency",),
}
#: Excited weight at which the paper shows Figs. 3 and 4.
PAPER_P_X = 0.4


def _sweep(value: Any, info: ValidationInfo) -> Sweep:
    """Sweep of the parameters that the algorithm has."""
    algorithm = info.data.get("algorithm")
    if algorithm is None:  # it has faults, so its parameters are unknown
        value = {key: value[key] for key in ("p_x",) if isinstance(value, dict) and key in value}
    section = sweep_section(algorithm.build().parameters if algorithm is not None else ())
    if isinstance(value, section):
        return value
    if isinstance(value, Sweep):
        value = {key: getattr(value, key) for key in value.model_fields_set}
    if isinstance(value, dict) and value.get("over") is not None and algorithm is not None:
        settings: dict[str, Any] = {"algorithm": type(algorithm), "link": PhotonicSettings}
        value = value | {"over": over_of(value["over"], settings, section.parameters)}
    return section.model_validate(value, context=info.context)


class Experiment(Section):
    """A validated experiment.

    Raises:
        BadInput: from ``from_toml`` and ``parse``: a line for each fault that names field, value
            and mend, and of a file its name and line.

    Example:
        >>> experiment = Experiment(name="small", sweep={"theta_b": [0.0, 0.4], "p_x": [0.1]})
        >>> experiment.design.measured
        ('S', 'B', 'C_I')
        >>> experiment.points["theta_b"].tolist()  # rad
        [0.0, 0.4]
    """

    name: Annotated[str, Field(pattern=r"^[A-Za-z0-9][\w.-]*$")]
    seed: Annotated[int, Field(ge=0, le=2**63 - 1)] = 0  # a netCDF attribute holds no larger one
    algorithm: Annotated[SerializeAsAny[Any], PlainValidator(ALGORITHM.validate)] = HHLSettings()
    bath: BathSpec = BathSpec()
    device: DeviceSpec = DeviceSpec()
    sweep: Annotated[SerializeAsAny[Sweep], PlainValidator(_sweep)] = Field(
        SweepSpec(), validate_default=True
    )
    measurement: MeasurementSpec = MeasurementSpec()
    hardware: HardwareSpec = HardwareSpec()
    inference: InferenceSpec = InferenceSpec()
    task: Annotated[SerializeAsAny[Any], PlainValidator(TASK.validate)] = ErasureSettings()
    link: Annotated[SerializeAsAny[Any], PlainValidator(LINK.validate)] = IdentitySettings()
    stage: StageSpec | None = None
    decoupling: DecouplingSpec = DecouplingSpec()
    prediction: PredictionSpec = PredictionSpec()

    @model_validator(mode="after")
    def _check(self) -> Self:
        self.allocation  # noqa: B018
        return self

    @classmethod
    def parse(cls, text: str, **changes: Any) -> Experiment:
        """Read a spec from TOML text; ``changes`` overrule its top-level fields.

        A section in ``changes`` replaces that of the text; ``with_`` changes single keys.

        Example:
            >>> Experiment.parse('name = "small"', seed=3).seed
            3
        """
        return parse_spec(cls, text, changes)

    def with_(self, **changes: Any) -> Experiment:
        """The experiment with other values for some keys, validated as a spec is.

        Everything else is kept. A mapping for a section changes its keys alone, a key such as
        ``bath__temperature`` or ``sweep__p_x__points`` changes one of any depth, and None removes
        an optional one. Quantities may be text with a unit, values of a sweep an array. An
        algorithm, task or link of another name begins anew.

        Raises:
            BadInput: a line for each unknown key and each value that no spec can have.

        Example:
            >>> warm = preset("theory").with_(bath={"frequency": "6 GHz"}, seed=8)
            >>> warm.with_(bath__temperature="30 mK").bath
            BathSpec(frequency=6000000000.0, temperature=0.03)
        """
        cls = type(self)
        content = self.model_dump(mode="json", exclude_none=True, exclude_unset=True)
        for key in NAMED:
            if _is_default(self, key):
                content.pop(key, None)
            else:
                content[key]["name"] = getattr(self, key).name
        content = changed_content(content, changes, cls, cls.tables(content))
        try:
            return cls.model_validate(content)
        except ValidationError as error:
            raise BadInput(*fault_lines(error, cls, cls.tables(content))[:MOST_FAULTS]) from None

    @classmethod
    def from_toml(cls, path: str | Path) -> Experiment:
        """Read a spec from a TOML file.

        Example:
            >>> from tempfile import TemporaryDirectory
            >>> with TemporaryDirectory() as folder:
            ...     path = Path(folder) / "small.toml"
            ...     _ = path.write_text('name = "small"')
            ...     Experiment.from_toml(path).measurement.shots
            8000
        """
        return parse_spec(cls, spec_text(path), {}, source=str(path))

    @classmethod
    def stored(cls, text: str, changes: Mapping[str, Any]) -> Experiment:
        """Read the spec of a stored run, whose quantities may be any that it was run with."""
        return parse_spec(cls, text, changes, any_size=True)

    @classmethod
    def tables(cls, content: Mapping[str, Any]) -> dict[str, type[BaseModel]]:
        """Models of the sections whose keys depend on a name, as far as the content names them."""
        tables: dict[str, type[BaseModel]] = {}
        for key, choice in (("algorithm", ALGORITHM), ("task", TASK), ("link", LINK)):
            with suppress(ValueError):
                tables[key] = choice.settings(content.get(key))
        with suppress(Exception):  # whatever the code of an installed package raises
            algorithm = ALGORITHM.settings(content.get("algorithm"))
            built = algorithm.model_validate(content.get("algorithm", {})).build()
            tables["sweep"] = sweep_section(built.parameters)
        return tables

    def to_toml(self) -> str:
        """Write the experiment as TOML that ``parse`` reads back as an equal experiment.

        Example:
            >>> experiment = Experiment(name="small")
            >>> Experiment.parse(experiment.to_toml()) == experiment
            True
        """
        import tomli_w

        content = self.model_dump(mode="json", exclude_none=True, exclude=self._usual)
        return tomli_w.dumps(content)

    def __repr__(self) -> str:
        return shown.line_of(self)

    def _repr_html_(self) -> str:
        return shown.page_of(self)

    @cached_property
    def design(self) -> Design:
        """Registers, arms, settings and recorded bits of the experiment."""
        return design_of(self.algorithm.build(), self.task.build())

    @property
    def allocation(self) -> Allocation | None:
        """How the shots of a trial are shared out; None for equal shots along X, Y and Z.

        Raises:
            ValueError: it does not fit the design or the sweep.
        """
        given = self.measurement.allocation
        return None if given is None else given.build(self.design, self.num_points)

    @property
    def without_allocation(self) -> Experiment:
        """The same experiment with equal shots along X, Y and Z, for what needs no shots.

        Example:
            >>> Experiment(name="small").without_allocation.allocation is None
            True
        """
        measurement = self.measurement.model_copy(update={"allocation": None})
        return self.model_copy(update={"measurement": measurement})

    @property
    def physical_link(self) -> Link | None:
        """The link that the bath crosses, at its frequency; None without one.

        A link of another package, which is a channel without parameters, is None too. With
        realisation = "idle" this is the link that is wanted, of which ``link_wait`` is the wait.

        Example:
            >>> Experiment(name="linked", link={"preset": "eth-5m"}).physical_link.frequency
            5000000000.0
        """
        return self.link.on(self.bath) if isinstance(self.link, PhotonicSettings) else None

    def link_wait(self, device: Device) -> float:
        """How long B of a device waits for the link, s: for its delay or, if idle, for its losses.

        Raises:
            BadInput: B cannot wait as an idle link wants it.

        Example:
            >>> from recycling.devices.profiles import ideal_device, override_device
            >>> ideal = ideal_device(temperature=0.05, frequency=5e9)
            >>> link = {"preset": "eth-5m", "realisation": "idle"}
            >>> experiment = Experiment(name="linked", link=link)
            >>> device = override_device(ideal, t1=397e-6, t2=180.5e-6)
            >>> f"{experiment.link_wait(device) * 1e6:.1f} µs"
            '156.0 µs'
        """
        link = self.physical_link
        if link is None:
            return 0.0
        if self.link.is_idle:
            return idle_wait(float(link.total_transmissivity), device)
        return aligned(float(link.delay), device)

    @property
    def without_waiting(self) -> Experiment:
        """The same experiment with the channel of an idle link's losses in place of its wait.

        Example:
            >>> idle = Experiment(name="linked", link={"preset": "eth-5m", "realisation": "idle"})
            >>> idle.without_waiting.link.realisation
            'channel'
        """
        if not (isinstance(self.link, PhotonicSettings) and self.link.is_idle):
            return self
        return self.model_copy(update={"link": self.link.as_channel(self.bath)})

    @property
    def theta_b(self) -> NDArray[np.float64]:
        """Angles θ_b of the sweep (array of shape (θ_b,)), rad."""
        return self.coordinates["theta_b"]

    @property
    def coordinates(self) -> dict[str, NDArray[np.float64]]:
        """Values of each swept parameter by its name (arrays of one axis).

        An algorithm without parameters has the coordinate "point" of one value.
        """
        return self.sweep.coordinates

    @property
    def num_points(self) -> int:
        """Number of points of the sweep."""
        return prod(len(values) for values in self.coordinates.values())

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
        return values_of(self.sweep.p_x)

    @property
    def hash(self) -> str:
        """SHA-256 of the validated spec: equal for equal experiments."""
        fields = self.model_dump(mode="json", exclude=self._usual)
        for key in ("algorithm", "task", "link"):
            for field in getattr(self, key).unhashed:
                fields.get(key, {}).pop(field, None)
        # Sorted, since tables with the same keys in another order are equal.
        return hashlib.sha256(json.dumps(fields, sort_keys=True).encode()).hexdigest()

    @property
    def _usual(self) -> dict[str, Any]:
        """Newer sections and keys that hold their default, which is what older specs mean."""
        sections: dict[str, Any] = {key: True for key in _NEWER_SECTIONS if _is_default(self, key)}
        for key, names in _NEWER_KEYS.items():
            usual = {name for name in names if _is_default(getattr(self, key), name)}
            if usual and key not in sections:
                sections[key] = usual
        return sections


def _is_default(section: BaseModel, key: str) -> bool:
    """Whether a key of a section holds its default."""
    return bool(getattr(section, key) == type(section).model_fields[key].default)


def shown_p_x(p_x: NDArray[np.float64]) -> float:
    """Choose the excited weight to show: the paper's 0.4, or the closest value of the sweep.

    Example:
        >>> shown_p_x(np.array([0.1, 0.2, 0.35]))
        0.35
    """
    return float(p_x[np.argmin(np.abs(p_x - PAPER_P_X))])


def preset(name: str) -> Experiment:
    """Read the experiment of a preset: "paper" (the replay) or "theory" (noiseless, exact).

    Raises:
        BadInput: the preset is unknown.

    Example:
        >>> preset("theory").measurement.shots
        'exact'
    """
    if name not in preset_names():
        raise BadInput(f"preset = {name!r}: give one of {', '.join(preset_names())}")
    return Experiment.parse(spec_text(name))
