"""The feedforward latency that an earlier run has measured, for what is planned next."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

import tomlkit

from recycling.errors import BadInput
from recycling.execution.registry import parse_backend
from recycling.results.timing import Latency, latency_of
from recycling.studies.stored import of_the_protocol, open_run

if TYPE_CHECKING:
    from recycling.planning.plan import Plan


@dataclass(frozen=True)
class MeasuredLatency:
    """A latency, and the run that measured it.

    Attributes:
        latency: as the schedules of the service tell it.
        run: directory of the run.
        simulated: whether its outcomes are simulated: a rehearsal tells nothing of a device.

    Example:
        >>> found = MeasuredLatency(Latency(1e-6, 1e-6, 1e-6, 4, "4 rounds"), Path("runs/a"), True)
        >>> found.source
        'measured in runs/a: 4 rounds'
    """

    latency: Latency
    run: Path
    simulated: bool

    @property
    def source(self) -> str:
        """Where it comes from, in words."""
        return f"measured in {self.run}: {self.latency.source}"

    def put_into(self, text: str) -> str:
        r"""Put it into the text of a spec, and leave other lines and comments as they are.

        Example:
            >>> latency = Latency(1e-6, 1e-6, 1e-6, 4, "4 rounds")
            >>> text = MeasuredLatency(latency, Path("runs/a"), True).put_into('name = "a"')
            >>> text.splitlines()[-1]
            'feedforward_latency = 1e-06 # measured in runs/a: 4 rounds'
        """
        document = tomlkit.parse(text if text.endswith("\n") else f"{text}\n")
        value = tomlkit.item(float(f"{self.latency.seconds:.6g}"))
        device = document.setdefault("device", tomlkit.table())
        if isinstance(device, tomlkit.items.Table):
            value.comment(self.source)
        device["feedforward_latency"] = value
        return tomlkit.dumps(document)

    def said_in(self, plan: Plan) -> Plan:
        """A plan of such a spec, whose device says where the latency comes from.

        Raises:
            BadInput: the run is a rehearsal and the plan is for a device, or the other way round.
        """
        if plan.hardware is not None and plan.hardware.simulated != self.simulated:
            kind, other = ("a rehearsal", "a device")[:: 1 if self.simulated else -1]
            raise BadInput(
                f"latency_from = '{self.run}': is of {kind}, and the plan is for {other}; give a "
                f"run on {plan.device.name}"
            )
        device = plan.device
        said = device.replace(self.source, feedforward_latency=device.feedforward_latency)
        return replace(plan, device=said)


def measured_latency(path: str | Path, backend: str) -> MeasuredLatency:
    """Read the latency that a run has measured on a machine.

    Args:
        path: run directory.
        backend: name of the machine.

    Raises:
        BadInput: the folder is no run of the protocol, or one on another machine, or no schedule
            of the service tells its latency.

    Example:
        >>> measured_latency("no such run", "ibm:ibm_fez")
        Traceback (most recent call last):
        recycling.errors.BadInput: run = 'no such run' is not a run directory: give one that ...
    """
    run, name = of_the_protocol(open_run(path)), str(parse_backend(backend))
    if run.record["backend"] != name:
        raise BadInput(
            f"latency_from = '{path}': is a run on {run.record['backend']}, not on {name}; give a "
            f"run on {name}"
        )
    latency = latency_of(run)
    if not latency.measured:
        raise BadInput(
            f"latency_from = '{path}': no schedule of a service tells its latency; give a run that "
            "has measured one"
        )
    return MeasuredLatency(latency, Path(path), run.simulated)
