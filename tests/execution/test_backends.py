"""Backends: each takes the same jobs, and gives the same physics in the same form."""

from dataclasses import replace
from itertools import pairwise
from types import SimpleNamespace

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from qiskit import ClassicalRegister, QuantumCircuit
from scipy.stats import chi2

import recycling as rc
import recycling.jobs.cut
from circuits.tomography import BASIS_ANGLES
from recycling.compilation.calibrations import compile_brackets
from recycling.compilation.place import place_on_chip
from recycling.compilation.walk import walk
from recycling.devices.profiles import ideal_device
from recycling.errors import BadInput
from recycling.execution import simulator
from recycling.execution.aer import execute_aer
from recycling.execution.exact import ExactJobs, execute_exact
from recycling.execution.ibm.backend import HardwareBackend, placed_circuit
from recycling.execution.ibm.machine import HERON
from recycling.execution.ibm.sampler import execute_sampler
from recycling.execution.local import LocalBackend, job_seed
from recycling.execution.machine import Account
from recycling.execution.registry import backend_kind, connect, parse_backend
from recycling.jobs.counts import trial_counts
from recycling.jobs.cut import all_jobs, executions_per_point, trial_jobs
from recycling.jobs.job import (
    EXECUTIONS_PER_JOB,
    Job,
    Pub,
    calibration_pubs,
    executions,
    expected_shape,
    full_parameters,
)
from recycling.jobs.outcomes import Outcomes
from recycling.planning.plan import check_for_machine, plan
from recycling.planning.rehearsal import simulate_counts
from recycling.results.analysis import analyse_counts
from recycling.results.attributes import experiment_attributes
from recycling.running.work import Work, prepare
from recycling.spec.experiment import (
    DeviceSpec,
    Experiment,
    HardwareSpec,
    MeasurementSpec,
    SweepSpec,
)
from recycling.studies.protocol import STUDY
from tests.inference.of_hhl import ARMS, RECORDED, SETTINGS
from tests.scripted import outcomes_of

#: One angle: 24 circuits, of which Aer needs half a second each.
SPEC = """\
name = "tiny"
seed = 5

[device]
profile = "ideal"

[sweep]
theta_b = [0.6]
p_x = [0.1, 0.4]

[measurement]
shots = 300
trials = 1

[inference]
resamples = 100
"""
ON_CHIP = """
profile = "FakeMarrakesh"
layout = { C_I = 11, C_C0 = 18, C_C1 = 12, C_A = 13, B = 10, S = 9 }
"""
#: A right backend fails a test once in 10⁴ by chance; the seeds are fixed.
LEVEL = 1e-4
EXECUTE = {"exact": execute_exact, "aer": execute_aer, "fake": execute_sampler}


def probabilities_of(planned):
    """Exact probabilities over the axes of counts."""
    exact = MeasurementSpec(shots="exact", trials=1)
    experiment = planned.experiment.model_copy(update={"measurement": exact})
    backend = parse_backend("exact")
    return simulate_counts(replace(planned, experiment=experiment, backend=backend))


@pytest.fixture(scope="module")
def simulated():
    """By backend: its plan, its counts and their Dataset."""
    found = {}
    for backend in ("exact", "aer", "fake:FakeMarrakesh", "trajectories"):
        on_chip = backend.startswith("fake")
        text = SPEC.replace('profile = "ideal"', ON_CHIP) if on_chip else SPEC
        planned = plan(Experiment.parse(text), backend)
        counts = simulate_counts(planned)
        attributes = experiment_attributes(planned.experiment, planned.device)
        found[backend] = planned, counts, analyse_counts(planned.experiment, counts, attributes)
    return found


# -- the same form ---------------------------------------------------------------------------


def form(dataset):
    """Everything of a Dataset but its numbers."""
    return {
        "sizes": dict(dataset.sizes),
        "coords": sorted(dataset.coords),
        "attrs": sorted(dataset.attrs),
        "variables": {
            # The quantile of a band follows from the numbers.
            name: (
                array.dims,
                array.dtype,
                array.attrs | {f"quantile_{arm}": None for arm in ARMS},
            )
            for name, array in dataset.data_vars.items()
        },
    }


@pytest.mark.parametrize("backend", ["aer", "fake:FakeMarrakesh", "trajectories"])
def test_every_backend_gives_the_same_form(simulated, backend):
    _, counts, dataset = simulated[backend]
    _, reference, expected = simulated["exact"]
    assert form(dataset) == form(expected)
    assert len(dataset.data_vars) > 30
    assert (counts.dims, counts.dtype, counts.shape) == (
        reference.dims, reference.dtype, reference.shape,
    )  # fmt: skip
    np.testing.assert_array_equal(counts.sum(RECORDED), 300)


# -- the same physics ------------------------------------------------------------------------


def p_value(counts, probabilities):
    """P-value of the counts of all settings; records that expect less than 5 are one record."""
    statistic = freedom = 0.0
    for observed, expected in zip(
        counts.reshape(-1, 16), 300 * probabilities.reshape(-1, 16), strict=True
    ):
        rare = expected < 5
        cells, means = observed[~rare], expected[~rare]
        if expected[rare].sum() > 1:
            cells = np.append(cells, observed[rare].sum())
            means = np.append(means, expected[rare].sum())
        statistic += np.sum((cells - means) ** 2 / means)
        freedom += len(cells) - 1
    return chi2.sf(statistic, freedom)


@pytest.mark.parametrize("backend", ["exact", "aer", "fake:FakeMarrakesh", "trajectories"])
def test_every_backend_has_the_same_physics(simulated, backend):
    planned, counts, _ = simulated[backend]
    expected = probabilities_of(planned)
    assert p_value(counts.values, expected.values) > LEVEL
    # The same test refuses other settings: it has power.
    for axis in ("arm", "stage", "preparation", "basis"):
        other = expected.roll({axis: 1})
        assert p_value(counts.values, other.values) < 1e-12, axis


def test_device_noise_is_in_the_fake_backend(simulated):
    planned, counts, _ = simulated["fake:FakeMarrakesh"]
    assert planned.device.name == "fake_marrakesh"
    assert planned.device.layout == (11, 18, 12, 13, 10, 9)
    device = planned.experiment.device.model_copy(update={"profile": "ideal", "layout": "best"})
    ideal = plan(planned.experiment.model_copy(update={"device": device}))
    assert p_value(counts.values, probabilities_of(ideal).values) < 1e-12


@pytest.mark.parametrize("backend", ["exact", "aer", "trajectories"])
def test_each_qubit_starts_at_its_temperature(backend):
    planned = plan(Experiment.parse(SPEC.replace("p_x = [0.1, 0.4]", "p_x = [0.4]")), backend)
    temperatures = (0.3, 0.02, 0.03, 0.25, 0.4, 0.1)
    device = planned.device.replace("thermometer", temperature=temperatures)
    counts = simulate_counts(replace(planned, device=device)).values
    expected = probabilities_of(replace(planned, device=device)).values
    assert p_value(counts, expected) > LEVEL
    # The same temperatures on other qubits are other physics.
    for other in (temperatures[::-1], (0.2,) * 6):
        wrong = planned.device.replace("thermometer", temperature=other)
        unlike = probabilities_of(replace(planned, device=wrong)).values
        assert p_value(counts, unlike) < 1e-12


def test_a_named_backend_takes_the_place_of_the_profile(simulated):
    """The spec's profile is what simulators use; a chip that is named is used itself."""
    planned, _, _ = simulated["fake:FakeMarrakesh"]
    device = planned.experiment.device.model_copy(update={"profile": "paper"})
    named = plan(planned.experiment.model_copy(update={"device": device}), "fake:FakeMarrakesh")
    assert named.device == planned.device


# -- bits in their places --------------------------------------------------------------------


@pytest.fixture(scope="module")
def cold():
    """Noiseless device at 1 mK: each qubit starts in |0⟩."""
    return ideal_device(temperature=1e-3, frequency=5e9)


def recorded(device, registers, ones):
    """Circuit that records given qubits as 1, the others as 0."""
    circuit = QuantumCircuit(device.num_qubits)
    places = []
    for register in registers:
        circuit.add_register(register)
        places += list(register)
    for qubit in ones:
        circuit.x(qubit)
    for qubit, place in enumerate(places):
        circuit.measure(qubit, place)
    return circuit


@pytest.mark.parametrize("backend", EXECUTE)
@pytest.mark.parametrize("layout", ["four of one bit", "one of two bits"])
def test_the_first_register_is_the_lowest_bit(cold, backend, layout):
    if layout == "one of two bits":
        registers, bits = [ClassicalRegister(2, "record")], 2
    else:
        registers, bits = [ClassicalRegister(1, name) for name in RECORDED], 4
    expected = (0b01, 0b10) if bits == 2 else (0b0001, 0b0010, 0b1100)
    pubs = [
        Pub(recorded(cold, registers, [q for q in range(bits) if value >> q & 1]), {})
        for value in expected
    ]
    job = Job("any", None, shots=20)
    outcomes = EXECUTE[backend](job, pubs, cold, np.random.SeedSequence(1), lambda _done: None)
    assert outcomes.bits == bits
    assert outcomes.shots.dtype == np.uint8
    assert outcomes.shots.shape == expected_shape(job, pubs) == (len(expected), 20)
    np.testing.assert_array_equal(outcomes.shots, np.array(expected)[:, None].repeat(20, axis=1))


@pytest.mark.parametrize("backend", EXECUTE)
def test_a_sweep_keeps_its_order(cold, backend):
    """PUBs over (angle, basis): each point is where its values are."""
    from qiskit.circuit import Parameter

    turn, other = Parameter("turn"), Parameter("other")
    circuit = QuantumCircuit(cold.num_qubits)
    registers = [ClassicalRegister(1, name) for name in RECORDED]
    circuit.add_register(*registers)
    # Two √X with an Rz between: π gives 0, and 0 gives 1.
    for qubit, angle in ((0, turn), (1, other)):
        circuit.sx(qubit)
        circuit.rz(angle, qubit)
        circuit.sx(qubit)
    for qubit in range(4):
        circuit.measure(qubit, qubit)
    values = {"turn": np.array([[0.0], [np.pi]]), "other": np.array([[np.pi, 0.0, np.pi]])}
    pubs = [Pub(circuit, values)]
    assert pubs[0].sweep == (2, 3)
    job = Job("any", 0, (0, 2), shots=5)
    outcomes = EXECUTE[backend](job, pubs, cold, np.random.SeedSequence(1), lambda _done: None)
    assert outcomes.shots.shape == expected_shape(job, pubs) == (1, 2, 3, 5)
    expected = np.array([[0b01, 0b11, 0b01], [0b00, 0b10, 0b00]])
    np.testing.assert_array_equal(outcomes.shots[0], expected[..., None].repeat(5, axis=-1))


@given(st.integers(1, 6), st.integers(1, 3), st.integers(1, 50), st.randoms())
def test_counts_are_those_of_a_plain_tally(bits, rows, shots, random):
    raw = np.array([[random.randrange(2**bits) for _ in range(shots)] for _ in range(rows)])
    counts = Outcomes(bits, shots=raw.astype(np.uint8)).counts()
    assert counts.shape == (rows, *(2,) * bits)
    for row in range(rows):
        for outcome in np.ndindex(*(2,) * bits):
            value = sum(bit << place for place, bit in enumerate(outcome))
            assert counts[(row, *outcome)] == np.sum(raw[row] == value)


def test_full_parameters_are_broadcast(small_plan):
    pub = small_plan.pubs(small_plan.jobs[0])[0]
    full = full_parameters(pub)
    assert set(full) == {"theta_b", "basis_theta", "basis_phi"}
    assert {values.shape for values in full.values()} == {(3, 3)}
    assert all(values.flags.c_contiguous for values in full.values())
    np.testing.assert_array_equal(full["theta_b"][:, 1], small_plan.experiment.theta_b)
    np.testing.assert_array_equal(full["basis_theta"][1], [t for t, _ in BASIS_ANGLES.values()])
    np.testing.assert_array_equal(full["basis_phi"][1], [p for _, p in BASIS_ANGLES.values()])


# -- simulators as backends ------------------------------------------------------------------


def simulator_of_plan(plan, *progress):
    return simulator(plan.backend, plan.device, plan.experiment.seed, *progress)


def test_a_simulator_loses_and_owes_nothing(small_plan):
    backend = simulator_of_plan(small_plan)
    assert isinstance(backend, LocalBackend)
    job = small_plan.jobs[0]
    assert backend.submit(job, small_plan.pubs(job), ("a tag", "of a run")) == "a tag"
    assert list(backend.find("a tag")) == []
    assert backend.charged("a tag") is None
    assert backend.poll("a tag").state == "done"
    assert backend.group is None
    backend.cancel("a tag")
    backend.close()


@pytest.mark.parametrize(
    ("name", "simulate"),
    [("exact", execute_exact), ("aer", execute_aer), ("fake:FakeFez", execute_sampler)],
)
def test_each_name_has_its_simulator(small_plan, name, simulate):
    backend = simulator_of_plan(replace(small_plan, backend=parse_backend(name)))
    if name == "exact":  # keeps what the jobs of a run share
        assert isinstance(backend.simulate, ExactJobs)
        assert backend_kind(name).simulate is simulate
    else:
        assert backend.simulate is simulate
    assert backend.seed == small_plan.experiment.seed


def test_hardware_has_its_backend(small_plan):
    connection = connect(parse_backend("ibm:ibm_fez"), Account())
    backend = prepare(STUDY, Work(small_plan, small_plan.jobs, connection))
    assert isinstance(backend, HardwareBackend)
    assert backend.hardware is connection.hardware
    assert backend.hardware.name == "ibm_fez"


def test_progress_of_a_simulation_ends_at_one(small_plan):
    seen = []
    backend = simulator_of_plan(small_plan, lambda job, done: seen.append((job.name, done)))
    job = small_plan.jobs[0]
    backend.fetch(job, small_plan.pubs(job), "id")
    assert seen[-1] == (job.name, 1.0)


# -- names of backends -----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "kind", "chip"),
    [
        ("exact", "exact", ""),
        ("aer", "aer", ""),
        ("fake:FakeFez", "fake", "FakeFez"),
        ("ibm:ibm_fez", "ibm", "ibm_fez"),
        ("trajectories", "trajectories", ""),
    ],
)
def test_backends_have_names(name, kind, chip):
    found = parse_backend(name)
    assert (found.kind, found.chip, str(found)) == (kind, chip, name)


@pytest.mark.parametrize(
    "name",
    ["", ":", "exact:", "exact:x", "aer:x", "fake", "fake:", "ibm", "ibm:", "Exact", "exact ",
     "trajectories:x", "FakeFez", "ibm_fez", "qasm:x"],
)  # fmt: skip
def test_other_names_are_refused(name):
    with pytest.raises(BadInput) as caught:
        parse_backend(name)
    message = str(caught.value)
    assert message.startswith(f"backend = {name!r}: give 'exact', 'aer', 'fake:NAME'")
    assert "'ibm:NAME'" in message
    assert len(message.splitlines()) == 1


@pytest.mark.parametrize("chip", ["FakeNothing", "Nothing", "FakeSherbrooke", "os"])
def test_a_chip_that_is_no_heron_snapshot_is_refused(chip):
    with pytest.raises(BadInput, match=f"'?{chip}'? is not a Heron snapshot"):
        plan(Experiment.parse(SPEC), f"fake:{chip}")


@pytest.mark.parametrize("backend", ["aer", "fake:FakeMarrakesh", "trajectories"])
def test_infinitely_many_shots_are_refused_elsewhere(backend):
    text = SPEC.replace("shots = 300", 'shots = "exact"')
    with pytest.raises(BadInput, match=r"measurement\.shots = 'exact': only the backend 'exact'"):
        plan(Experiment.parse(text), backend)
    assert plan(Experiment.parse(text), "exact").jobs[0].shots is None


LIMITS = replace(HERON, shortest_rep_delay=20e-6, longest_rep_delay=2e-3)
FEZ = SimpleNamespace(machine=SimpleNamespace(name="ibm_fez", limits=LIMITS))


@pytest.mark.parametrize("field", ["t1", "t2", "single_qubit_error", "cz_error", "readout_error"])
def test_hardware_takes_no_numbers_of_its_own(field):
    experiment = Experiment(name="x", device=DeviceSpec(**{field: 1e-4}))
    with pytest.raises(BadInput, match=rf"device\.{field} = 0.0001: hardware has its own; remove"):
        check_for_machine(experiment, FEZ)


@pytest.mark.parametrize(("delay", "fine"), [(19e-6, False), (20e-6, True), (2.1e-3, False)])
def test_a_repetition_delay_is_in_the_range_of_the_device(delay, fine):
    experiment = Experiment(name="x", hardware=HardwareSpec(rep_delay=delay))
    if fine:
        check_for_machine(experiment, FEZ)
        return
    with pytest.raises(BadInput, match=r"hardware\.rep_delay = .*ibm_fez takes 2e-05 to 0.002 s"):
        check_for_machine(experiment, FEZ)


# -- limits of a machine ---------------------------------------------------------------------


@given(
    limit=st.integers(24, 3000),
    shots=st.integers(1, 200),
    points=st.integers(1, 5),
    trials=st.integers(1, 3),
)
def test_jobs_fit_the_limit_of_any_machine_and_leave_no_shot_out(limit, shots, points, trials):
    experiment = Experiment(
        name="x",
        sweep=SweepSpec(theta_b=tuple(0.1 * point for point in range(points)), p_x=(0.4,)),
        measurement=MeasurementSpec(shots=shots, trials=trials),
    )
    found = np.zeros((trials, points), dtype=int)
    for job in trial_jobs(experiment, limit):
        assert job.kind == "trial"
        points = job.points[1] - job.points[0]
        assert points * executions_per_point(experiment.design) * job.shots <= limit
        found[job.trial, slice(*job.points)] += job.shots
    assert (found == shots).all()


# -- cutting into jobs -----------------------------------------------------------------------


def sized(points, shots, trials, hardware=None):
    base = Experiment(name="x")
    return base.model_copy(
        update={
            "sweep": SweepSpec(theta_b=tuple(np.linspace(0, 0.7, points)), p_x=(0.4,)),
            "measurement": MeasurementSpec(shots=shots, trials=trials),
            "hardware": hardware or HardwareSpec(),
        }
    )


@given(
    st.integers(1, 40),
    st.integers(1, 10**4) | st.integers(1, 10**7) | st.sampled_from([416_666, 416_667, 10**7]),
    st.integers(1, 3),
)
@example(1, 416_666, 1)
@example(1, 416_667, 1)
@example(11, 8000, 5)
@example(40, 10**7, 1)
@settings(max_examples=60)
def test_jobs_hold_every_shot_of_every_point_once(points, shots, trials):
    jobs = trial_jobs(sized(points, shots, trials))
    assert len({job.name for job in jobs}) == len(jobs)
    assert all(job.name.replace("-", "").isalnum() for job in jobs), "names are names of files"
    assert [job.trial for job in jobs] == sorted(job.trial for job in jobs)
    taken = {}
    for job in jobs:
        assert 24 * (job.points[1] - job.points[0]) * job.shots <= EXECUTIONS_PER_JOB
        for point in range(*job.points):
            taken.setdefault((job.trial, point), []).append((job.first_shot, job.shots))
    assert set(taken) == {(trial, point) for trial in range(trials) for point in range(points)}
    for parts in taken.values():
        parts.sort()
        assert parts[0][0] == 0
        assert all(first + count == start for (first, count), (start, _) in pairwise(parts))
        assert sum(count for _, count in parts) == shots
        assert all(count > 0 for _, count in parts)
    if 24 * points * shots <= EXECUTIONS_PER_JOB:
        assert [job.name for job in jobs] == [f"trial-{trial}" for trial in range(trials)]


def test_executions_of_a_job_are_those_of_its_pubs(small_plan):
    job = small_plan.jobs[0]
    assert executions(job, small_plan.pubs(job)) == 8 * 3 * 3 * 500
    exact = sized(3, "exact", 1)
    (whole,) = trial_jobs(exact)
    assert (whole.shots, whole.points) == (None, (0, 3))
    assert executions(whole, small_plan.pubs(whole)) == 0
    assert expected_shape(whole, small_plan.pubs(whole)) == (8, 3, 3, 16)


@pytest.mark.parametrize(
    ("limit", "count"),
    [
        (24 * 3 * 500, 1),  # all in one
        (24 * 2 * 500, 2),  # two points, and one
        (24 * 499, 6),  # a point has one shot too many
        (24 * 200, 9),  # 200, 200 and 100 shots
    ],
)
def test_trials_in_several_jobs_are_put_together(small_plan, monkeypatch, limit, count):
    monkeypatch.setattr(recycling.jobs.cut, "EXECUTIONS_PER_JOB", limit)
    jobs = [job for job in trial_jobs(small_plan.experiment) if job.trial == 0]
    assert len(jobs) == count
    whole = np.random.default_rng(1).integers(0, 16, (8, 3, 3, 500), dtype=np.uint8)
    parts = [
        (
            job,
            Outcomes(4, shots=whole[:, slice(*job.points), :, job.first_shot :][..., : job.shots]),
        )
        for job in jobs
    ]
    for job, part in parts:
        assert part.shots.shape == expected_shape(job, small_plan.pubs(job))
        assert outcomes_of(job, small_plan.pubs(job)).shots.shape == part.shots.shape
    expected = Outcomes(4, shots=whole).counts().reshape(2, 2, 2, 3, 3, 2, 2, 2, 2)
    np.testing.assert_array_equal(
        trial_counts(small_plan.experiment.design, reversed(parts)), expected
    )


def test_shots_in_several_jobs_are_drawn_anew(small_plan, monkeypatch):
    monkeypatch.setattr(recycling.jobs.cut, "EXECUTIONS_PER_JOB", 24 * 250)
    planned = replace(small_plan)  # its jobs are cut anew
    first, second = planned.jobs[:2]
    assert (first.points, second.points) == ((0, 1), (0, 1))
    assert (first.first_shot, second.first_shot) == (0, 250)
    one, other = (
        execute_exact(job, planned.pubs(job), planned.device, job_seed(3, job)).shots
        for job in (first, second)
    )
    # Two draws of one setting agree in Σ p² of the shots, and not in all.
    assert (one == other).mean() < 0.9
    counts = simulate_counts(planned)
    np.testing.assert_array_equal(counts.sum(RECORDED), 500)


# -- brackets --------------------------------------------------------------------------------


def test_brackets_are_around_all_other_jobs():
    experiment = sized(2, 100, 2, HardwareSpec(bracket_shots=700))
    jobs = all_jobs(experiment, brackets=True)
    assert [job.name for job in jobs] == [
        "bracket-before", "trial-0", "trial-1", "bracket-after",
    ]  # fmt: skip
    assert [job.trial for job in jobs] == [None, 0, 1, None]
    assert jobs[0].shots == jobs[-1].shots == 700
    assert [job.name for job in all_jobs(experiment, brackets=False)] == ["trial-0", "trial-1"]
    seeds = {job_seed(1, job).spawn_key for job in jobs}
    assert len(seeds) == 4


@pytest.mark.parametrize(("wanted", "count"), [("auto", 0), (False, 0), (True, 2)])
def test_simulations_have_brackets_if_told(wanted, count):
    decaying = DeviceSpec(profile="ideal", t1=2e-4, t2=1e-4)
    experiment = Experiment(name="x", device=decaying, hardware=HardwareSpec(brackets=wanted))
    planned = plan(experiment)
    assert sum(job.trial is None for job in planned.jobs) == count
    assert bool(planned.brackets) == bool(count)


def test_a_device_without_decay_has_no_brackets():
    assert compile_brackets(ideal_device(temperature=0.043, frequency=5e9)) == ()


def test_brackets_do_not_change_what_is_measured(small_experiment, small_run, tmp_path):
    experiment = small_experiment.model_copy(
        update={"hardware": HardwareSpec(brackets=True, bracket_shots=100)}
    )
    run = rc.run(experiment, out=tmp_path / "run")
    assert [job.name for job in run.jobs] == [
        "bracket-before", "trial-0", "trial-1", "bracket-after",
    ]  # fmt: skip
    assert run.counts.identical(small_run.counts)
    for side in ("before", "after"):
        shots = run.outcomes(next(j for j in run.jobs if j.name == f"bracket-{side}")).shots
        assert shots.shape == (len(run.brackets), 100)
    before, after = (run.outcomes(run.jobs[index]).shots for index in (0, -1))
    assert (before != after).any(), "each bracket is drawn anew"
    assert rc.open_run(run.path).damage() == []


# -- on the chip -----------------------------------------------------------------------------


def described(circuit, place=lambda qubit: qubit):
    """Instructions but delays: name, parameters, physical qubits, bits, and whether conditional."""
    return [
        (
            located.instruction.operation.name,
            tuple(str(value) for value in located.instruction.operation.params),
            tuple(place(qubit) for qubit in located.qubits),
            tuple(bit._register.name if bit._register else None
                  for bit in located.instruction.clbits),
            located.conditional,
        )
        for located in walk(circuit)
        if located.instruction.operation.name != "delay"
    ]  # fmt: skip


def delays(circuit):
    return [
        (located.qubits, located.instruction.operation.duration, located.conditional)
        for located in walk(circuit)
        if located.instruction.operation.name == "delay"
    ]


@pytest.mark.parametrize("setting", SETTINGS, ids=" ".join)
def test_circuits_are_placed_gate_by_gate(small_plan, setting):
    circuit, layout = small_plan.circuits[setting], small_plan.device.layout
    placed = place_on_chip(circuit, layout, 133, keep_delays=False)
    assert placed.num_qubits == 133
    assert [(r.name, r.size) for r in placed.cregs] == [(name, 1) for name in RECORDED]
    assert placed.name == circuit.name
    assert placed.metadata == circuit.metadata
    assert placed.global_phase == circuit.global_phase
    assert {p.name for p in placed.parameters} == {p.name for p in circuit.parameters}
    assert len(delays(circuit)) > 0
    assert delays(placed) == []
    expected = described(circuit, lambda qubit: layout[qubit])
    if setting[0] == "recycling":
        # The scheduler's own barrier, on all qubits, which goes with its delays.
        conditional = [entry[-1] for entry in expected].index(True)
        name, _, qubits, *_ = expected.pop(conditional - 1)
        assert (name, len(qubits)) == ("barrier", 6)
    assert described(placed) == expected
    assert any(name == "barrier" for name, *_ in described(placed))


def test_the_conditional_block_is_on_the_qubits_of_the_reset(small_plan):
    layout = small_plan.device.layout
    roles = dict(zip(small_plan.device.roles, layout, strict=True))
    for (arm, *_), circuit in small_plan.circuits.items():
        placed = place_on_chip(circuit, layout, 133, keep_delays=False)
        blocks = [i for i in placed.data if i.operation.name == "if_else"]
        assert len(blocks) == (arm == "recycling")
        inside = {q for located in walk(placed) if located.conditional for q in located.qubits}
        if blocks:
            register, value = blocks[0].operation.condition
            assert (register.name, value) == ("flag", 0)
            assert placed.cregs[0] == register
            assert inside == {roles["C_I"], roles["B"]}
            gates = [located.instruction.operation.name for located in walk(placed)
                     if located.conditional]  # fmt: skip
            assert gates.count("cz") == 3


def test_the_target_does_not_wait_for_the_feedforward(small_plan):
    """No barrier holds S before the conditional block: its X gate can be scheduled late."""
    target = small_plan.device.layout[small_plan.device.roles.index("S")]
    for preparation in "IX":
        circuit = small_plan.circuits["recycling", "after", preparation]
        placed = placed_circuit(circuit, small_plan.device, 133)
        before = described(placed)
        before = before[: [entry[-1] for entry in before].index(True)]
        held = [qubits for name, _, qubits, *_ in before if name == "barrier"]
        assert len(held) >= 2
        assert not any(target in qubits for qubits in held)


def test_delays_may_be_kept(small_plan):
    circuit, layout = small_plan.circuits["recycling", "after", "X"], small_plan.device.layout
    placed = place_on_chip(circuit, layout, 133, keep_delays=True)
    expected = [
        (tuple(layout[q] for q in qubits), duration, conditional)
        for qubits, duration, conditional in delays(circuit)
    ]
    assert delays(placed) == expected
    assert described(placed) == described(circuit, lambda qubit: layout[qubit])


def test_brackets_keep_their_delays_and_the_protocol_does_not(small_plan):
    device = small_plan.device
    pubs = calibration_pubs(compile_brackets(device))
    bath = device.layout[device.roles.index("B")]
    for pub in pubs:
        placed = placed_circuit(pub.circuit, device, 133)
        assert delays(placed) == [((bath,), d, c) for _, d, c in delays(pub.circuit)]
        assert {qubit for located in walk(placed) for qubit in located.qubits} == {bath}
        assert placed.metadata == pub.circuit.metadata
    assert sum(len(delays(pub.circuit)) for pub in pubs) >= len(pubs)
    for circuit in small_plan.circuits.values():
        assert delays(placed_circuit(circuit, device, 133)) == []
