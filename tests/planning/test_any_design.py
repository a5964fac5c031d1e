"""Algorithms that nobody knew when the planning was written, from a spec to their counts."""

from functools import cache
from typing import Literal

import numpy as np
import pytest
from qiskit import QuantumCircuit, QuantumRegister
from qiskit.circuit import Parameter
from qiskit.circuit.library import RYGate, RZGate, SwapGate
from qiskit.quantum_info import Operator, Statevector
from scipy.stats import chi2

import recycling as rc
from circuits import Algorithm
from circuits.design import EQUILIBRIUM, RECYCLING
from circuits.settings import Settings
from circuits.tomography import BASIS_ANGLES
from recycling.compilation.structure import schedule, structure
from recycling.compilation.timeline import timeline
from recycling.compilation.walk import cz_counts, walk
from recycling.devices.placement import check_layout, placements
from recycling.devices.shape import shape_of
from recycling.execution.ibm.snapshots import snapshot_backend
from recycling.jobs.counts import counts_of, trial_counts
from recycling.jobs.outcomes import Outcomes
from recycling.planning.rehearsal import simulate_counts
from recycling.simulation.probabilities import protocol_probabilities

#: Synthesis of gates takes angles from eigenvalues by square roots.
SYNTHESIS = np.sqrt(np.finfo(float).eps)


class TwoFlags(Settings):
    """Three qubits that all interact, two flags, three records of which are recycled."""

    name: Literal["two-flags"] = "two-flags"

    def build(self):
        registers = [QuantumRegister(1, name) for name in ("first", "data", "second")]
        circuit = QuantumCircuit(*registers, name="two flags")
        tilt, turn = Parameter("tilt"), Parameter("turn")
        circuit.ry(2 * tilt, 1)
        circuit.cry(0.9, 1, 0)
        circuit.cry(turn, 0, 2)
        circuit.crx(0.7, 2, 1)
        circuit.cz(0, 2)
        circuit.ry(0.4, 2)
        return Algorithm.from_circuit(
            circuit, flags=["first", "second"], recycled="data", failure=(0, 1, 2)
        )


class OneFlag(Settings):
    """Two qubits, of which the flag comes first, and a parameter named phi."""

    name: Literal["one-flag"] = "one-flag"

    def build(self):
        registers = [QuantumRegister(1, name) for name in ("ok", "data")]
        circuit = QuantumCircuit(*registers, name="one flag")
        circuit.ry(Parameter("phi"), 1)
        circuit.cry(1.1, 1, 0)
        return Algorithm.from_circuit(circuit, flags=["ok"], recycled="data", failure=(1,))


class NoParameter(Settings):
    """Two qubits and nothing to sweep over."""

    name: Literal["no-parameter"] = "no-parameter"

    def build(self):
        circuit = QuantumCircuit(QuantumRegister(1, "data"), QuantumRegister(1, "ok"))
        circuit.ry(0.8, 0)
        circuit.cry(1.1, 0, 1)
        return Algorithm.from_circuit(circuit, flags=["ok"], recycled="data", failure=(0,))


SWEEPS = {
    TwoFlags: {"tilt": (0.2, 0.9), "turn": (0.3, 1.1, 2.0)},
    OneFlag: {"phi": (0.4, 1.2)},
    NoParameter: {},
}
every_algorithm = pytest.mark.parametrize("settings", SWEEPS)
every_chip = pytest.mark.parametrize("chip", ["FakeTorino", "FakeFez"])


@cache
def planned(settings, profile, backend="exact", shots="exact"):
    exact = shots == "exact"
    # Aer takes seconds a point.
    sweep = {key: values[:1] if backend == "aer" else values
             for key, values in SWEEPS[settings].items()}  # fmt: skip
    experiment = rc.Experiment(
        name="any",
        seed=5,
        algorithm=settings(),
        sweep={**sweep, "p_x": (0.4,)},
        device={"profile": profile},
        # Cold enough for no excitation at all where nothing else is asked for: exp(-240).
        bath={"temperature": 1e-3 if exact else 0.043},
        measurement={"shots": shots, "trials": 1},
        hardware={"assignment": not exact},
    )
    return rc.plan(experiment, backend)


def expected_probabilities(experiment):
    """Probabilities over the dims of the design but trial, from statevectors, by projection."""
    design, algorithm = experiment.design, experiment.algorithm.build()
    where = {role: place for place, role in enumerate(design.roles)}
    (data,), (bath,), (target,) = (
        [where[role] for role in roles]
        for roles in (design.register(design.recycled).roles, design.bath, design.target)
    )
    flags = [where[role] for role in design.flags]
    measured = [where[role] for role in design.measured]
    points = list(zip(*experiment.points.values(), strict=True))
    count = len(design.roles)
    table = np.zeros(
        (2, 2, 2, len(points), 3, design.flag_records, *(2,) * len(measured)), dtype=float
    )
    for index in np.ndindex(*table.shape[:5]):
        arm, stage, preparation, point, basis = index
        circuit = QuantumCircuit(count)
        computation = algorithm.circuit(*points[point])
        circuit.compose(computation, range(computation.num_qubits), inplace=True)
        if design.preparations[preparation] == "X":
            circuit.x(target)
        whole = Statevector(circuit)
        theta, phi = list(BASIS_ANGLES.values())[basis]
        for record in range(design.flag_records):
            state = whole
            for place, flag in enumerate(flags):
                projector = np.diag([1.0, 0.0] if not record >> place & 1 else [0.0, 1.0])
                state = state.evolve(Operator(projector), [flag])
            if design.arm_names[arm] == RECYCLING and record in design.failure:
                state = state.evolve(SwapGate(), [data, bath])
            if design.stages[stage] == "after":
                state = state.evolve(SwapGate(), [target, bath])
            for qubit in measured:
                state = state.evolve(RZGate(phi), [qubit]).evolve(RYGate(theta), [qubit])
            weights = np.abs(state.data.reshape((2,) * count)) ** 2
            # Qiskit's first qubit is the last axis.
            order = [count - 1 - qubit for qubit in measured]
            others = tuple(axis for axis in range(count) if axis not in order)
            table[(*index, record)] = weights.transpose(*order, *others).sum(
                axis=tuple(range(len(order), count))
            )
    return table


@every_algorithm
@pytest.mark.parametrize("profile", ["ideal", "FakeTorino"])
def test_probabilities_agree_with_the_statevector(settings, profile):
    """On a chip all noise is taken away, and what was compiled for it is left."""
    plan = planned(settings, profile)
    design = plan.experiment.design
    device = plan.device.replace(
        "perfect",
        t1=(np.inf,) * plan.device.num_qubits,
        t2=(np.inf,) * plan.device.num_qubits,
        false_excited=(0.0,) * plan.device.num_qubits,
        false_ground=(0.0,) * plan.device.num_qubits,
        gates=tuple(gate.model_copy(update={"error": 0.0}) for gate in plan.device.gates),
    )
    (job,) = plan.jobs
    found = protocol_probabilities(plan.pubs(job), device, design)
    assert found.dims == (
        "arm", "stage", "preparation", "point", "basis", "flag", *design.measured
    )  # fmt: skip
    expected = expected_probabilities(plan.experiment)
    np.testing.assert_allclose(found.values, expected, rtol=0, atol=SYNTHESIS)


@every_algorithm
@every_chip
def test_layout_has_the_shape_on_working_gates(settings, chip):
    plan = planned(settings, chip)
    target = snapshot_backend(chip).target
    algorithm = plan.experiment.algorithm.build()
    shape = shape_of(plan.experiment.design, algorithm)
    assert plan.device.roles == shape.roles == plan.experiment.design.roles
    check_layout(plan.device.layout, target, shape)
    assert plan.device.layout in set(placements(target, shape))


@every_algorithm
@every_chip
def test_recycled_and_flag_qubits_keep_their_places(settings, chip):
    plan = planned(settings, chip)
    design, device = plan.experiment.design, plan.device
    recycled, bath, target = (
        device.roles.index(roles[0])
        for roles in (design.register(design.recycled).roles, design.bath, design.target)
    )
    flags = [device.roles.index(role) for role in design.flags]
    for (arm, stage, _), circuit in plan.circuits.items():
        inside = [located for located in walk(circuit) if located.conditional]
        acting = [i for i in inside if i.instruction.operation.name not in ("delay", "barrier")]
        resets = len(design.failure) if arm == RECYCLING else 0
        assert sum(len(located.qubits) == 2 for located in acting) == 3 * resets
        if resets:
            assert {qubit for located in acting for qubit in located.qubits} == {recycled, bath}
        assert cz_counts(circuit).get(frozenset((target, bath)), 0) == 3 * (stage == "after")
        measured = [
            (circuit.find_bit(i.clbits[0]).index, circuit.find_bit(i.qubits[0]).index)
            for i in circuit.data
            if i.operation.name == "measure"
        ]
        recorded = [device.roles.index(role) for role in design.recorded_roles]
        assert sorted(measured) == list(enumerate(recorded))
        assert recorded[: len(flags)] == flags


@every_algorithm
def test_every_gate_is_native_and_nothing_idles_unnoticed(settings):
    plan = planned(settings, "FakeTorino")
    for circuit in plan.circuits.values():
        operations = timeline(circuit, plan.device)
        for qubit in range(plan.device.num_qubits):
            own = [o for o in operations if qubit in o.qubits]
            elapsed = own[-1].end - own[0].start
            # Some hundred times below 1e-4 s, each rounded.
            assert sum(o.duration for o in own) == pytest.approx(elapsed, abs=1e-17)


def test_the_schedule_names_the_parts_of_any_design():
    plan = planned(TwoFlags, "FakeTorino")
    design = plan.experiment.design
    circuit = plan.circuits[RECYCLING, "after", "X"]
    steps = {step.name: step for step in schedule(circuit, plan.device, design)}
    assert steps["algorithm"].roles == ("first", "data", "second")
    assert set(steps["measurement of the flags"].roles) == {"first", "second"}
    assert steps["tomography measurement"].roles == ("S", "B", "data")
    last = list(steps.values())[-1]
    assert last.start + last.duration == pytest.approx(structure(circuit, plan.device).duration)


@every_algorithm
def test_jobs_run_over_all_points_of_the_sweep(settings):
    plan = planned(settings, "ideal")
    points = int(np.prod([len(values) for values in SWEEPS[settings].values()]))
    (job,) = plan.jobs
    assert (job.kind, job.points) == ("trial", (0, points))
    pubs = plan.pubs(job)
    assert len(pubs) == 8
    assert {pub.sweep for pub in pubs} == {(points, 3)}
    for pub in pubs:
        held = {parameter.name for parameter in pub.circuit.parameters}
        assert held == set(pub.parameters)


def test_a_record_counts_the_flags_from_the_lowest_bit():
    """One shot for each record, in which the measured qubits spell its number."""
    plan = planned(TwoFlags, "ideal")
    design, (job,) = plan.experiment.design, plan.jobs
    assert design.recorded_roles == ("first", "second", "S", "B", "data")
    # Bits as they are stored, the first recorded one lowest: first, second, S, B, data.
    shots = np.array([0b00000, 0b00101, 0b01010, 0b11111], dtype=np.uint8)
    outcomes = Outcomes(5, shots=np.broadcast_to(shots, (8, 6, 3, 4)))
    counts = counts_of(plan.experiment, {0: trial_counts(design, [(job, outcomes)])})
    assert counts.dims == design.dims
    assert counts.sizes["flag"] == 4
    assert (counts.sizes["tilt"], counts.sizes["turn"]) == (2, 3)
    found = counts.isel(arm=1, stage=0, preparation=0, tilt=1, turn=2, basis=0, trial=0)
    assert {tuple(where) for where in np.argwhere(found.values)} == {
        (0, 0, 0, 0), (1, 1, 0, 0), (2, 0, 1, 0), (3, 1, 1, 1)
    }  # fmt: skip


def test_points_are_unflattened_in_their_order():
    plan = planned(TwoFlags, "ideal")
    (job,) = plan.jobs
    counts = simulate_counts(plan)
    flat = protocol_probabilities(plan.pubs(job), plan.device, plan.experiment.design)
    for point, (tilt, turn) in enumerate(zip(*plan.experiment.points.values(), strict=True)):
        np.testing.assert_allclose(
            counts.sel(tilt=tilt, turn=turn).squeeze("trial").values,
            flat.isel(point=point).transpose(..., "basis", "flag", "S", "B", "data").values,
            rtol=0, atol=1e-12,
        )  # fmt: skip


@pytest.mark.slow
def test_aer_agrees_with_the_engine_on_a_noisy_chip():
    shots = 300
    plan = planned(TwoFlags, "FakeTorino", "aer", shots)
    assert len(plan.assignment) == 2 ** len(plan.experiment.design.recorded_roles) + 1
    trial = next(job for job in plan.jobs if job.kind == "trial")
    counts = simulate_counts(plan).squeeze("trial").values
    expected = protocol_probabilities(plan.pubs(trial), plan.device, plan.experiment.design).values
    records = int(np.prod(expected.shape[5:]))
    found = counts.reshape(-1, records)
    expected = np.clip(expected.reshape(-1, records), 0, None)
    assert (found.sum(axis=1) == shots).all()
    # Records that come less than five times are put together, so that χ² is what it is called.
    statistic, freedom = 0.0, 0
    for row, p in zip(found, expected, strict=True):
        often = p * shots > 5
        merged = np.append(p[often], p[~often].sum()) * shots
        seen = np.append(row[often], row[~often].sum())
        if merged[-1] < 5:
            merged, seen = merged[:-1], seen[:-1]
        statistic += ((seen - merged) ** 2 / merged).sum()
        freedom += len(merged) - 1
    assert chi2.sf(statistic, freedom) > 1e-4
    assert chi2.cdf(statistic, freedom) > 1e-4


def test_two_flags_are_recycled_in_three_records():
    """In the equilibrium arm the bath stays cold; in the other it holds what failed."""
    plan = planned(TwoFlags, "ideal")
    in_z = simulate_counts(plan).sel(basis="Z", stage="before").sum(("S", "data"))
    in_z = in_z.isel(trial=0, preparation=0)
    excited = in_z.sel(arm=EQUILIBRIUM).isel(B=1)
    assert float(np.abs(excited).max()) < 1e-12
    of_record = in_z.sel(arm=RECYCLING).isel(B=1).max(("tilt", "turn"))
    assert float(of_record.isel(flag=3)) < 1e-12
    assert all(float(of_record.isel(flag=record)) > 1e-3 for record in (0, 1, 2))
