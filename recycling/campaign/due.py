"""Which run is due when: its spec with all changes, its backend, and its time."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from recycling.campaign.folder import Folder
from recycling.campaign.spec import Rehearsal
from recycling.errors import BadInput
from recycling.execution.machine import Account
from recycling.execution.registry import backend_kind, connect, parse_backend
from recycling.spec.experiment import Experiment
from recycling.spec.files import read_toml
from recycling.spec.messages import parse_spec

if TYPE_CHECKING:
    from recycling.execution.registry import BackendName
    from recycling.planning.plan import Plan

#: Seeds are below it.
_SEEDS = 2**63


@dataclass(frozen=True)
class Due:
    """A run that is due.

    Attributes:
        run: its number, from 1.
        spec: path or preset, as the campaign names it.
        source: file that errors name.
        backend: where it is executed.
        text: text of its spec.
        changes: top-level fields that overrule the text.
        experiment: the spec with the changes.
        rehearsed: what it suffers on purpose.
    """

    run: int
    spec: str
    source: str
    backend: BackendName
    text: str
    changes: dict[str, Any]
    experiment: Experiment
    rehearsed: Rehearsal

    @property
    def simulated(self) -> bool:
        """Whether it is executed here, and not on a machine."""
        return is_simulator(self.backend)


def is_simulator(name: BackendName) -> bool:
    """Whether a backend executes its jobs here.

    Example:
        >>> is_simulator(parse_backend("exact")), is_simulator(parse_backend("ibm:ibm_fez"))
        (True, False)
    """
    kind = backend_kind(name.kind)
    return kind is not None and kind.simulate is not None


def due(folder: Folder, run: int) -> Due:
    r"""Read the spec of a run, with its changes.

    Each run has a seed: that of the spec, plus the number of the run less 1. Simulators measure
    brackets where the spec says "auto", as hardware does: drift is seen by them. What is rehearsed
    changes the device.

    Raises:
        BadInput: with a line for each fault of the spec.

    Example:
        >>> from pathlib import Path
        >>> text = 'interval = 60\nbudget.qpu_seconds = 9\nruns = [{ spec = "theory", count = 2 }]'
        >>> second = due(Folder(Path("campaign"), text, ('name = "theory"\nseed = 5',)), 2)
        >>> second.experiment.seed, second.experiment.hardware.brackets
        (6, True)
    """
    spec = folder.spec
    place, entry = spec.place_of(run), spec.entry_of(run)
    text, source = folder.specs[place], folder.source(place)
    backend, rehearsed = parse_backend(entry.backend), spec.rehearsed(run)
    content, given = read_toml(text, source), parse_spec(Experiment, text, {}, source=source)
    changes: dict[str, Any] = {"seed": (given.seed + run - 1) % _SEEDS}
    if is_simulator(backend):
        if given.hardware.brackets == "auto":
            changes["hardware"] = content.get("hardware", {}) | {"brackets": True}
        if rehearsed.changes:
            changes["device"] = content.get("device", {}) | rehearsed.changes
    elif rehearsed.record:
        raise BadInput(
            f"runs[{place}].backend = {entry.backend!r}: run {run} is rehearsed, and a machine "
            "cannot; give a simulator, such as 'exact'"
        )
    experiment = parse_spec(Experiment, text, changes, source=source)
    return Due(run, entry.spec, source, backend, text, changes, experiment, rehearsed)


@dataclass(frozen=True)
class Planner:
    """Plans each run once. On simulators, runs that differ in their seed alone share a plan.

    ``account`` pays on machines.

    Example:
        >>> from recycling.spec.experiment import preset
        >>> first = Due(1, "theory", "theory", parse_backend("exact"), "", {}, preset("theory"),
        ...     Rehearsal(from_run=1))
        >>> planner = Planner()
        >>> second = replace(first, run=2)
        >>> planner.plan(first).circuits is planner.plan(second).circuits
        True
    """

    account: Account = field(default_factory=Account)
    known: dict[tuple[str, str, str], Plan] = field(default_factory=dict)

    def plan(self, due: Due, progress: Callable[[str], None] = lambda _step: None) -> Plan:
        """Plan a run.

        Raises:
            BadInput: it cannot be executed there.
            BackendFailure: the machine does not answer.
        """
        from recycling.planning.plan import plan_on

        of_machine = "" if due.simulated else str(due.run)  # its calibration is that of the moment
        key = str(due.backend), due.experiment.model_copy(update={"seed": 0}).hash, of_machine
        planned = self.known.get(key)
        if planned is None:
            progress(f"planning run {due.run}")
            connection = connect(due.backend, self.account)
            try:
                planned = plan_on(due.experiment, due.backend, connection)
            except BadInput as error:
                raise BadInput(*(f"{due.source}: {fault}" for fault in error.faults)) from None
            # A machine is calibrated anew: nobody asks for its earlier plans again.
            for other in [other for other in self.known if other[-1]]:
                del self.known[other]
            self.known[key] = planned
        return replace(planned, experiment=due.experiment)
