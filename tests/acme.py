"""A second vendor, whose machine is scripted: another chip, other limits, prices, ids and delays.

Its service is a folder, named by ``ACME``, so that it lives on when a client dies. Nothing of the
package knows of it: an entry point of the group ``recycling.backends`` leads here.
"""

import json
import os
import signal
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

import numpy as np
from qiskit.circuit import Delay, IfElseOp, Measure, Parameter
from qiskit.circuit.library import CZGate, RZGate, SXGate, XGate
from qiskit.transpiler import InstructionProperties, QubitProperties, Target

from recycling.errors import BackendFailure, BadInput
from recycling.execution.exact import execute_exact
from recycling.execution.machine import Account, Limits, Machine, Price, placed_circuit
from recycling.execution.registry import BackendKind
from recycling.jobs.job import executions
from recycling.jobs.status import JobStatus, ListedJob

#: Pairs of the chip's qubits that a CZ couples.
EDGES = ((0, 1), (1, 2), (2, 3), (3, 4), (2, 5), (5, 6), (6, 7))
DT = 2e-9
LIMITS = Limits(
    executions_per_job=5_000,
    longest_job=30.0,
    jobs_per_minute=60,
    shortest_rep_delay=1e-6,
    longest_rep_delay=1e-2,
    default_rep_delay=40e-6,
)
PRICE = Price(
    job_overhead=0.25,
    shot_overhead=10e-6,
    formula="Acme's tariff: 0.25 s a job + (rep_delay + 10 µs + circuit length) × executions",
)


def target():
    """Eight qubits with x, sx, rz and cz."""
    count = 8
    qubits = [QubitProperties(t1=90e-6 + q * 1e-6, t2=80e-6, frequency=4.8e9) for q in range(count)]
    chip = Target(num_qubits=count, dt=DT, qubit_properties=qubits)
    angle, duration = Parameter("angle"), Parameter("duration")
    for gate, seconds, error in ((XGate(), 40e-9, 4e-4), (SXGate(), 40e-9, 4e-4),
                                 (RZGate(angle), 0.0, 0.0), (Measure(), 800e-9, 0.02)):  # fmt: skip
        chip.add_instruction(
            gate, {(q,): InstructionProperties(duration=seconds, error=error) for q in range(count)}
        )
    pairs = [*EDGES, *(edge[::-1] for edge in EDGES)]
    cz = InstructionProperties(duration=100e-9, error=5e-3)
    chip.add_instruction(CZGate(), dict.fromkeys(pairs, cz))
    chip.add_instruction(Delay(duration), {(q,): None for q in range(count)})
    chip.add_instruction(IfElseOp, name="if_else")
    return chip


@dataclass
class Executor:
    """Jobs in the folder of the service."""

    folder: Path
    device: object
    group: None = None
    list_lag: float = 0.0
    polls: dict = field(default_factory=dict)

    def submit(self, job, pubs, tags):
        assert executions(job, pubs) <= LIMITS.executions_per_job, job.name
        chip = target()
        for pub in pubs:
            placed = placed_circuit(pub.circuit, self.device, chip.num_qubits)
            assert set(placed.count_ops()) <= {*chip.operation_names, "barrier"}
        number = len(list(self.folder.iterdir()))
        name = f"acme~{number:04}"
        (self.folder / f"{name}.json").write_text(json.dumps({"job": job.name, "tags": tags}))
        if os.environ.get("ACME_KILL_AT") == str(number):
            os.kill(os.getpid(), signal.SIGKILL)  # it was accepted, and the answer is never read
        return name

    def find(self, tag):
        jobs = {f.stem: json.loads(f.read_text()) for f in sorted(self.folder.iterdir())}
        return [ListedJob(id_, tuple(j["tags"])) for id_, j in jobs.items() if tag in j["tags"]]

    def poll(self, job_id):
        seen = self.polls[job_id] = self.polls.get(job_id, 0) + 1
        return JobStatus("running" if seen == 1 else "done")

    def fetch(self, job, pubs, job_id):
        accepted = json.loads((self.folder / f"{job_id}.json").read_text())
        if accepted["job"] != job.name:
            raise BackendFailure(f"{job_id} is {accepted['job']}, not {job.name}")
        seed = np.random.SeedSequence(11, spawn_key=tuple(job.name.encode()))
        outcomes = execute_exact(job, pubs, self.device, seed)
        usage = {"seconds": round(PRICE.seconds(executions(job, pubs), 0.0, 40e-6), 3)}
        return type(outcomes)(
            outcomes.bits, shots=outcomes.shots, record={"metrics": {"usage": usage}}
        )

    def cancel(self, job_id):
        raise BackendFailure(f"{job_id} is done")

    def charged(self, job_id):
        del job_id

    def close(self):
        """Nothing is open."""


@dataclass(frozen=True)
class Connection:
    """The way to a chip."""

    chip: str
    account: Account

    @cached_property
    def folder(self):
        if self.chip != "chip1":
            raise BadInput(f"backend = 'acme:{self.chip}': Acme has chip1 alone; give it")
        return Path(os.environ["ACME"])

    @cached_property
    def machine(self):
        assert self.folder.is_dir()
        return Machine(
            name="acme_chip1",
            target=target(),
            limits=LIMITS,
            price=PRICE,
            simulated=False,
            account=Account(name=self.account.name or "lab"),
            calibration={"chip": "chip1", "edges": EDGES},
        )

    def remaining_seconds(self):
        return 77.0

    def executor(self, device, options, earlier):
        del options, earlier
        return Executor(self.folder, device)


BACKEND = BackendKind(usage="'acme:NAME' (acme:chip1)", has_chips=True, connect=Connection)
