"""A run as it is compared with the paper, and what it can say to a statement."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from scipy.constants import h as planck

if TYPE_CHECKING:
    import xarray as xr
    from qiskit import QuantumCircuit

    from recycling.devices.device import Device
    from recycling.spec.experiment import Experiment

Outcome = Literal["agree", "differs", "not resolved", "input"]


@dataclass(frozen=True)
class Replay:
    """A run beside the paper.

    Attributes:
        experiment: its spec.
        dataset: its analysis.
        theory: the analysis of its noiseless counterpart with infinitely many shots; None where
            none was kept.
        device: device that it ran on.
        circuit: the longest compiled circuit; None where it cannot be read.
    """

    experiment: Experiment
    dataset: xr.Dataset
    theory: xr.Dataset | None
    device: Device
    circuit: QuantumCircuit | None

    @property
    def quantum(self) -> float:
        """Energy hf of the bath, J."""
        return float(planck * self.dataset.attrs["frequency_Hz"])


@dataclass(frozen=True)
class Found:
    """What a run says to a statement."""

    text: str
    outcome: Outcome


def agree(holds: bool) -> Outcome:
    """Outcome of a statement that holds or does not."""
    return "agree" if holds else "differs"
