"""A third study, of qubits that are tossed like coins: one file, and one line in the registry."""

import json
from dataclasses import dataclass, replace

import numpy as np
from pydantic import BaseModel, ConfigDict
from qiskit import QuantumCircuit

from recycling.errors import BadInput
from recycling.execution.machine import check_number
from recycling.execution.registry import BackendName
from recycling.jobs.job import Job, Pub
from recycling.planning.chips import build_device
from recycling.planning.cost import estimate_cost, wait_between_shots
from recycling.planning.plan import chip_behind
from recycling.reporting.tables import Table
from recycling.spec.experiment import DeviceSpec, Experiment
from recycling.spec.messages import parse_spec
from recycling.store.circuits import check_circuit
from recycling.store.files import write_whole
from recycling.store.outcomes import Form
from recycling.studies.study import Conclusion, Study


class CoinSpec(BaseModel):
    """So many tosses of so many coins, each turned by √X once more than the one before."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str = "coins"
    seed: int = 0
    tosses: int = 100
    coins: int = 3
    device: DeviceSpec = DeviceSpec()

    @property
    def experiment(self):
        return Experiment(name=self.name, seed=self.seed, device=self.device)

    def to_toml(self):
        import tomli_w

        return tomli_w.dumps(self.model_dump(mode="json", exclude_none=True))


@dataclass(frozen=True)
class CoinPlan:
    """A circuit and a job for each coin."""

    spec: CoinSpec
    backend: BackendName
    device: object
    circuits: dict
    hardware: object = None

    @property
    def experiment(self):
        return self.spec.experiment

    @property
    def jobs(self):
        return jobs(self.spec)

    @property
    def identity(self):
        return {}

    @property
    def cost(self):
        wait = wait_between_shots(None, self.hardware)
        pairs = ((job, self.pubs(job)) for job in self.jobs)
        return estimate_cost(pairs, self.device, wait, self.hardware)

    def on(self, machine):
        return replace(self, hardware=machine)

    def pubs(self, job):
        return [Pub(self.circuits[job.length], {})]

    def named_circuits(self):
        return {f"coin {turns}": circuit for turns, circuit in self.circuits.items()}


def jobs(spec, _record=None):
    return tuple(
        Job(f"coin-{turns}", None, shots=spec.tosses, kind="coin", length=turns)
        for turns in range(spec.coins)
    )


def circuits(spec, device):
    found = {}
    for turns in range(spec.coins):
        circuit = found[turns] = QuantumCircuit(device.num_qubits, 1)
        for _ in range(turns):
            circuit.sx(0)
        circuit.measure(0, 0)
    return found


def plan(spec, name, connection):
    device = build_device(spec.experiment, chip_behind(name, connection))
    machine = connection and connection.machine
    return CoinPlan(spec, name, device, circuits(spec, device), machine)


def stored_plan(run, name, compiled):
    kept = run.circuits if compiled else circuits(run.spec, run.device)
    return CoinPlan(run.spec, name, run.device, kept)


def check(planned, max_qpu_seconds):
    if max_qpu_seconds is not None:
        check_number(max_qpu_seconds)
        if planned.cost.qpu_seconds > max_qpu_seconds:
            raise BadInput(f"max_qpu_seconds = {max_qpu_seconds:g}: give fewer tosses")


def conclude(run, step):
    step("counting heads")
    heads = {job.name: int(np.sum(run.outcomes(job).shots)) for job in run.jobs}
    write_whole(run.path / "coins.json", json.dumps(heads).encode())
    table = Table(("coin", "heads"), [(name, str(count)) for name, count in heads.items()], "")
    return Conclusion(
        record={"heads": heads},
        tables=[(table, "coins")],
        headline=f"{sum(heads.values())} heads",
        files={"heads": run.path / "coins.json"},
    )


STUDY = Study(
    name="coins",
    read=lambda text, changes, source: parse_spec(CoinSpec, text, changes, source=source),
    stored=lambda text, changes: parse_spec(CoinSpec, text, changes, any_size=True),
    to_toml=CoinSpec.to_toml,
    experiment=lambda spec: spec.experiment,
    jobs=jobs,
    form=lambda _spec, job: Form((1,), job.shots, bits=1),
    circuit_names=lambda spec: {turns: f"coin {turns}" for turns in range(spec.coins)},
    check_circuit=lambda circuit, device, _spec: check_circuit(circuit, device, 1),
    plan=plan,
    stored_plan=stored_plan,
    check=check,
    conclude=conclude,
)
