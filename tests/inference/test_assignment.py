"""Assignment matrices: recovered, told from thermal excitation, undone, and stored with a run."""

import io
import json
import math
import shutil
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from qiskit import qpy
from scipy.stats import chi2

import recycling as rc
from circuits.calibration.assignment import (
    PREFIX,
    THERMAL,
    assignment_circuits,
    preparations,
)
from circuits.calibration.characterisation import REGISTER
from recycling.compilation.calibrations import compile_assignment
from recycling.devices.profiles import ideal_device
from recycling.errors import BadInput
from recycling.inference.bath.drift import readout_drift
from recycling.inference.readout.assignment import Assignment, drifting
from recycling.inference.readout.calibration import estimate_assignment
from recycling.inference.readout.matrices import inverse_matrices, tensor_product
from recycling.inference.readout.readout import estimate_readout
from recycling.inference.readout.undoing import inverse_record_map
from recycling.jobs.cut import ASSIGNMENTS
from recycling.jobs.job import Job, calibration_pubs
from recycling.reporting.conduct import conduct_tables
from recycling.results.calibrations import calibrations
from recycling.results.device import device_assignment
from recycling.running.runs import stored_work
from recycling.simulation.probabilities import pub_probabilities
from recycling.spec.experiment import HardwareSpec
from recycling.store.files import seal, unseal
from recycling.studies.protocol import STUDY
from recycling.studies.stored import resume
from tests.execution.test_ibm import chi_squared
from tests.inference.of_hhl import LAYOUT
from tests.loopback import LoopbackService
from tests.on_ibm import IBM, command, connected, plan_on_ibm, planned_once, without_results
from tests.on_ibm import spec as spec_on_ibm

SHOTS = 8000
REPEATS = 150
FALSE_EXCITED = np.array([0.010, 0.006, 0.012, 0.008])
FALSE_GROUND = np.array([0.020, 0.011, 0.025, 0.015])
START = np.array([0.0038, 0.010, 0.0038, 0.0060])
THERMAL_POPULATION = np.array([0.0038, 0.020, 0.050, 0.0038])
#: Chance of a relaxation between the two measurements, far above that of 1 µs.
DECAY = 0.02
PREPARED = preparations(4)
BITS = np.array([[int(bit) for bit in name] for name in PREPARED])


def probabilities(e0, e1, start, thermal, decay=DECAY):
    """Probabilities of both records for independent qubits (array of shape (17, 2, ..., 2))."""
    tables = []
    for bits in (*BITS, None):
        table = np.ones((1, 1))
        for i in range(4):
            excited = thermal[i] if bits is None else abs(bits[i] - start[i])
            readout = np.array([[1 - e0[i], e0[i]], [e1[i], 1 - e1[i]]])  # true, recorded
            between = np.array([[1, 0], [decay, 1 - decay]])
            own = np.einsum("t,tx,tu,uy->xy", [1 - excited, excited], readout, between, readout)
            table = np.kron(table, own)
        tables.append(table)
    return np.stack(tables).reshape(17, *(2,) * 8)


def sample(probabilities, generator, shots=SHOTS):
    rows = np.maximum(probabilities.reshape(17, -1), 0)
    counts = generator.multinomial(shots, rows / rows.sum(axis=1, keepdims=True))
    return counts.reshape(17, *(2,) * 8)


def of_qubit(counts, qubit):
    """Both records of one qubit (array of shape (17, 2, 2))."""
    others = tuple(axis for axis in range(1, 9) if axis not in (1 + qubit, 5 + qubit))
    return counts.sum(axis=others)


@pytest.fixture(scope="module")
def model():
    return probabilities(FALSE_EXCITED, FALSE_GROUND, START, THERMAL_POPULATION)


@pytest.fixture(scope="module")
def repeats(model):
    generator = np.random.default_rng(1)
    return [estimate_assignment(sample(model, generator)) for _ in range(REPEATS)]


@pytest.fixture(scope="module")
def exact(model):
    return estimate_assignment(SHOTS * model)


class TestCircuits:
    def test_there_is_one_for_each_preparation_and_the_wait(self, small_plan):
        device = small_plan.device
        circuits = compile_assignment(device, small_plan.experiment.design)
        assert [c.name for c in circuits] == [PREFIX + name for name in (*PREPARED, THERMAL)]
        qubits = [device.roles.index(role) for role in ("C_A", "S", "B", "C_I")]
        for circuit, name in zip(circuits, (*PREPARED, "0000"), strict=True):
            assert [(r.name, r.size) for r in circuit.cregs] == [(REGISTER, 8)]
            assert set(circuit.count_ops()) <= {"x", "delay", "barrier", "measure"}
            flipped = [
                circuit.find_bit(i.qubits[0]).index for i in circuit.data if i.operation.name == "x"
            ]
            assert flipped == [q for q, bit in zip(qubits, name, strict=True) if bit == "1"]
            measured = [
                (circuit.find_bit(i.qubits[0]).index, circuit.find_bit(i.clbits[0]).index)
                for i in circuit.data
                if i.operation.name == "measure"
            ]
            assert measured == list(zip(qubits * 2, range(8), strict=True))

    def test_the_wait_is_five_of_the_longest_t1(self, small_plan):
        device = small_plan.device
        longest = max(
            device.t1[device.roles.index(role)]
            for role in small_plan.experiment.design.recorded_roles
        )
        waits = {
            i.operation.duration
            for i in compile_assignment(device, small_plan.experiment.design)[-1].data[:4]
        }
        assert len(waits) == 1
        assert waits.pop() * device.dt == pytest.approx(5 * longest, abs=16 * device.dt)

    def test_a_stored_circuit_is_the_same(self, small_plan):
        circuits = compile_assignment(small_plan.device, small_plan.experiment.design)
        stream = io.BytesIO()
        qpy.dump(circuits, stream)
        stream.seek(0)
        assert all(a == b for a, b in zip(qpy.load(stream), circuits, strict=True))

    @pytest.mark.parametrize(
        "change",
        [
            {"t1": math.inf},
            {"dt": 0.0},
            {"alignment": 0},
            {"qubits": ()},
            {"qubits": (0, 1, 2, 2)},
            {"qubits": (0, 1, 2, 6)},
        ],
    )
    def test_refuses(self, change):
        options = {"t1": 1e-4, "dt": 4e-9, "qubits": (0, 1, 2, 3), "num_qubits": 6}
        with pytest.raises(ValueError, match=next(iter(change))):
            assignment_circuits(**options | change)


small = st.lists(st.floats(0, 0.2), min_size=4, max_size=4)
population = st.lists(st.floats(0, 0.3), min_size=4, max_size=4)


class TestEstimation:
    @settings(max_examples=40)
    @given(e0=small, e1=small, start=population, thermal=population, decay=st.floats(0, 0.3))
    def test_exact_probabilities_give_the_truth(self, e0, e1, start, thermal, decay):
        found = estimate_assignment(SHOTS * probabilities(e0, e1, start, thermal, decay))
        assert found.false_excited == pytest.approx(e0, abs=1e-12)
        assert found.false_ground == pytest.approx(e1, abs=1e-12)
        assert found.start_population == pytest.approx(start, abs=1e-12)
        assert found.thermal_population == pytest.approx(thermal, abs=1e-12)
        np.testing.assert_allclose(found.joint, tensor_product(found.matrices), atol=1e-12)
        assert not found.correlated

    def test_standard_errors_cover(self, repeats):
        """Pulls of all values have mean zero and unit variance."""
        pulls = {
            "false_excited": [(a.false_excited - FALSE_EXCITED) / a.stderr[0] for a in repeats],
            "false_ground": [(a.false_ground - FALSE_GROUND) / a.stderr[1] for a in repeats],
            "start": [(a.start_population - START) / a.start_stderr for a in repeats],
            "thermal": [
                (a.thermal_population - THERMAL_POPULATION) / a.thermal_stderr for a in repeats
            ],
        }
        low, high = chi2.ppf([1e-4, 1 - 1e-4], REPEATS)
        for name, z in pulls.items():
            assert ((np.square(z).sum(axis=0) > low) & (np.square(z).sum(axis=0) < high)).all(), (
                name
            )
            assert (np.abs(np.mean(z, axis=0)) < 4 / math.sqrt(REPEATS)).all(), name

    def test_covariance_is_the_scatter(self, repeats):
        values = np.array([np.concatenate([a.false_excited, a.false_ground]) for a in repeats])
        scatter = np.corrcoef(values.T)
        told = repeats[0].covariance / np.outer(*[np.sqrt(np.diag(repeats[0].covariance))] * 2)
        # The error of a correlation r of n draws is (1 - r²)/√n.
        assert np.abs(told - scatter).max() < 4.5 / math.sqrt(REPEATS)

    def test_qubits_that_err_together_are_misjudged_together(self):
        generator = np.random.default_rng(0)
        found = [estimate_assignment(sample(together(0.01, 0.5), generator)) for _ in range(50)]
        values = np.array([a.false_excited for a in found])
        told = found[0].covariance[1, 2] / np.prod(found[0].stderr[0, 1:3])
        scatter = np.corrcoef(values.T)[1, 2]
        assert told > 0.2
        assert abs(told - scatter) < 4 * (1 - told**2) / math.sqrt(len(found))

    def test_agrees_with_the_bracket_and_is_sharper(self):
        """The same probabilities by the method of the brackets, where nothing relaxes."""
        e0, e1 = [0.01] * 4, [0.02] * 4
        counts = SHOTS * probabilities(e0, e1, [0.004] * 4, [0.004] * 4, decay=0)
        found = estimate_assignment(counts)
        own = of_qubit(counts, 2)
        values, errors = estimate_readout(own[0b0000], own[0b0010], own[16])
        _, false_excited, false_ground, thermal, start, _ = values
        assert found.false_excited[2] == pytest.approx(false_excited, abs=1e-12)
        assert found.false_ground[2] == pytest.approx(false_ground, abs=1e-12)
        assert found.start_population[2] == pytest.approx(start, abs=1e-12)
        assert found.thermal_population[2] == pytest.approx(thermal, abs=1e-12)
        assert 2.5 * found.stderr[0, 2] < errors[1]

    def test_thermal_excitation_is_no_readout_error(self, small_plan):
        """The engine starts thermal: probabilities of the first record alone hide that."""
        hot = small_plan.device.replace("test", temperature=0.15)
        qubits = [hot.roles.index(role) for role in small_plan.experiment.design.recorded_roles]
        tables = pub_probabilities(
            calibration_pubs(compile_assignment(hot, small_plan.experiment.design)), hot
        )
        counts = SHOTS * np.stack([table.reshape((2,) * 8) for table in tables])
        found = estimate_assignment(counts)
        population = hot.excited_population[qubits]
        assert (population > 0.1).all()
        # What is left is the relaxation of x gates, which counts as P(0|1).
        assert found.false_excited == pytest.approx(np.array(hot.false_excited)[qubits], abs=1e-4)
        assert found.start_population == pytest.approx(population, abs=1e-3)
        assert found.thermal_population == pytest.approx(population, abs=2e-3)
        naive = of_qubit(counts, 2)[0, 1].sum() / SHOTS
        assert naive - found.false_excited[2] > 0.1

    def test_survives_json(self, repeats):
        again = Assignment.model_validate_json(repeats[0].model_dump_json())
        for name in Assignment.model_fields:
            np.testing.assert_array_equal(getattr(again, name), getattr(repeats[0], name))
        with pytest.raises(ValueError, match="read-only"):
            again.false_excited[0] = 0

    def test_says_how_it_was_measured(self, repeats):
        assert repeats[0].shots == SHOTS
        assert repeats[0].source == "measured with the run, 8000 shots a preparation"

    @pytest.mark.parametrize(
        ("change", "message"),
        [
            (lambda counts: counts[:16], r"shape \(16, 2, 2, 2, 2, 2, 2, 2, 2\): give \(17, 2"),
            (lambda counts: counts * (np.arange(17) != 3).reshape(-1, *[1] * 8), "circuit 3: 0 sh"),
            (lambda counts: -counts, "circuit 0: -8000 shots: give 1 or more"),
            (lambda counts: counts * np.nan, "circuit 0: nan shots"),
        ],
    )
    def test_refuses_counts(self, model, change, message):
        with pytest.raises(BadInput, match=message):
            estimate_assignment(change(SHOTS * model))


def together(rate, share):
    """Readout in which S and B err together in a share of their errors, at one rate."""
    readout = np.array([[1 - rate, rate], [rate, 1 - rate]])
    both = np.zeros((4, 4))  # true, recorded
    for true in range(4):
        both[true, true] = 1 - rate * (2 - share)
        both[true, true ^ 3] = rate * share
        both[true, true ^ 1] = both[true, true ^ 2] = rate * (1 - share)
    whole = np.kron(np.kron(readout, both), readout)
    tables = []
    for bits in (*BITS, BITS[0]):
        start = np.ones(1)
        for bit in bits:
            start = np.kron(start, [0.996, 0.004] if bit == 0 else [0.004, 0.996])
        tables.append(np.einsum("t,tx,ty->xy", start, whole, whole))
    return np.stack(tables).reshape(17, *(2,) * 8)


class TestDependence:
    def test_independent_readout_is_found_correlated_at_the_nominal_rate(self, repeats):
        # 0.27 % of 150: more than 4 have a chance of 7e-5.
        assert sum(a.correlated for a in repeats) <= 4
        p = np.array([a.p_value for a in repeats])
        for level in (0.05, 0.5):
            sigma = math.sqrt(level * (1 - level) / REPEATS)
            assert abs((p < level).mean() - level) < 4 * sigma

    def test_qubits_that_err_together_are_found(self):
        generator = np.random.default_rng(0)
        found = [estimate_assignment(sample(together(0.01, 0.1), generator)) for _ in range(10)]
        assert all(a.correlated for a in found)
        own = estimate_assignment(sample(together(0.01, 0.0), generator))
        assert not own.correlated

    def test_the_joint_matrix_holds_what_the_others_miss(self):
        truth = together(0.01, 0.5)
        found = estimate_assignment(SHOTS * truth)
        assert found.joint[0b0110, 0] == pytest.approx(0.99**2 * 0.005, abs=1e-12)
        assert tensor_product(found.matrices)[0b0110, 0] == pytest.approx(0.99**2 * 1e-4, abs=1e-12)

    def test_agrees_with_qiskit_experiments(self):
        """Where the start is cold, the matrices are those of its two analyses."""
        from qiskit_experiments.framework import ExperimentData
        from qiskit_experiments.library import CorrelatedReadoutError, LocalReadoutError

        def assignment(kind, first, preparations):
            """Its mitigator, of counts by preparation and first record."""
            data = [
                # Qiskit writes the first qubit last.
                {
                    "counts": {PREPARED[r][::-1]: int(n) for r, n in enumerate(first[index]) if n},
                    "metadata": {"state_label": PREPARED[index][::-1]},
                }
                for index in preparations
            ]
            stored = ExperimentData(kind([0, 1, 2, 3]))
            stored.add_data(data)
            analysis = kind([0, 1, 2, 3]).analysis
            analysis.set_options(plot=False)
            analysis.run(stored).block_for_results()
            (mitigator,) = stored.analysis_results(dataframe=True)["value"]
            return mitigator

        def found(first):
            """Ours, of a second measurement without errors, which sees no excitation."""
            counts = np.zeros((17, 16, 16))
            counts[np.arange(17), :, [*range(16), 0]] = first
            own = estimate_assignment(counts.reshape(17, *(2,) * 8))
            np.testing.assert_allclose(own.start_population, 0, atol=1e-15)
            return own

        cold = probabilities(FALSE_EXCITED, FALSE_GROUND, np.zeros(4), np.zeros(4))
        first = sample(cold, np.random.default_rng(3)).reshape(17, 16, 16).sum(axis=2)
        order = [int(name[::-1], 2) for name in PREPARED]
        whole = assignment(CorrelatedReadoutError, first, order).assignment_matrix()
        np.testing.assert_allclose(whole[np.ix_(order, order)], found(first).joint, atol=1e-12)

        # LocalReadoutError prepares all qubits alike, ours in all ways: without noise that is one.
        first = np.rint(1e12 * cold.reshape(17, 16, 16).sum(axis=2))
        local = assignment(LocalReadoutError, first, (0, 15))
        for qubit, matrix in enumerate(found(first).matrices):
            np.testing.assert_allclose(local.assignment_matrix([qubit]), matrix, atol=1e-10)


def dirty(assignment, joint, unmix_flag):
    """The map that ``inverse_record_map`` undoes, from definitions alone."""
    if joint and unmix_flag:
        return assignment.joint
    if joint:
        whole = np.zeros((16, 16))
        # Whatever the flag is, and whatever is recorded of it.
        block = sum(
            assignment.joint[8 * recorded :, 8 * true :][:8, :8] / 2
            for recorded in (0, 1)
            for true in (0, 1)
        )
        whole[:8, :8] = whole[8:, 8:] = block
        return whole
    flag, *others = assignment.matrices
    product = flag if unmix_flag else np.eye(2)
    for matrix in others:
        product = np.kron(product, matrix)
    return product


class TestCorrection:
    @pytest.mark.parametrize("joint", [False, True])
    @pytest.mark.parametrize("unmix_flag", [False, True])
    def test_inverse_undoes_the_assignment(self, repeats, joint, unmix_flag):
        undo = inverse_record_map(repeats[0], LAYOUT, joint=joint, unmix_flag=unmix_flag)
        np.testing.assert_allclose(
            undo @ dirty(repeats[0], joint, unmix_flag), np.eye(16), atol=1e-14
        )
        np.testing.assert_allclose(undo.sum(axis=0), 1, atol=1e-14)

    def test_records_of_the_model_are_corrected(self, exact):
        """Four marginals in the order flag, S, B, C_I, each its own."""
        true = np.ones(1)
        for excited in (0.1, 0.2, 0.3, 0.4):
            true = np.kron(true, [1 - excited, excited])
        recorded = true @ tensor_product(
            np.stack(
                [[[1 - a, a], [b, 1 - b]] for a, b in zip(FALSE_EXCITED, FALSE_GROUND, strict=True)]
            )
        )
        undo = inverse_record_map(exact, LAYOUT, unmix_flag=True)
        np.testing.assert_allclose(undo @ recorded, true, atol=1e-12)
        kept = (inverse_record_map(exact, LAYOUT) @ recorded).reshape(2, 8)
        np.testing.assert_allclose(kept.sum(axis=0), true.reshape(2, 8).sum(axis=0), atol=1e-12)
        flag = recorded.reshape(2, 8).sum(axis=1)
        np.testing.assert_allclose(kept.sum(axis=1), flag, atol=1e-12)

    def test_many_draws_at_once(self, repeats):
        e0 = np.stack([a.false_excited for a in repeats[:5]])
        e1 = np.stack([a.false_ground for a in repeats[:5]])
        maps = tensor_product(inverse_matrices(e0, e1))
        assert maps.shape == (5, 16, 16)
        for own, assignment in zip(maps, repeats, strict=False):
            np.testing.assert_allclose(
                own, inverse_record_map(assignment, LAYOUT, unmix_flag=True), atol=1e-14
            )

    def test_a_perfect_readout_needs_none(self):
        device = ideal_device(temperature=0.043, frequency=5e9)
        assignment = device_assignment(device, LAYOUT.roles)
        for joint in (False, True):
            undo = inverse_record_map(assignment, LAYOUT, joint=joint, unmix_flag=True)
            np.testing.assert_array_equal(undo, np.eye(16))

    @pytest.mark.parametrize("seed", range(5))
    def test_a_blind_readout_is_refused(self, seed):
        """B tells nothing: no correction has a use for it, and the others are as they were."""
        half = np.where(np.arange(4) == 2, 0.5, 0.01)
        blind = probabilities(half, half, START, THERMAL_POPULATION)
        found = estimate_assignment(sample(blind, np.random.default_rng(seed)))
        for joint in (False, True):
            with pytest.raises(
                BadInput, match=r"assignment of B: P\(1\|0\) \+ P\(0\|1\) = .* is not"
            ):
                inverse_record_map(found, LAYOUT, joint=joint)
        assert (
            np.abs(found.false_excited - half)[[0, 1, 3]] < 4 * found.stderr[0, [0, 1, 3]]
        ).all()

    def test_a_blind_flag_is_refused_where_it_is_unmixed(self):
        half = np.where(np.arange(4) == 0, 0.5, 0.01)
        found = estimate_assignment(
            sample(probabilities(half, half, START, START), np.random.default_rng(0))
        )
        assert np.isfinite(inverse_record_map(found, LAYOUT)).all()
        with pytest.raises(BadInput, match=r"assignment of C_A: .*leave the readout corr"):
            inverse_record_map(found, LAYOUT, unmix_flag=True)

    def test_no_number_is_refused(self):
        """All records alike, to the last count."""
        found = estimate_assignment(np.full((17, *(2,) * 8), 4))
        with pytest.raises(BadInput, match="assignment of S: "):
            inverse_record_map(found, LAYOUT)
        nothing = device_assignment(ideal_device(temperature=0.043, frequency=5e9), LAYOUT.roles)
        without = nothing.model_copy(update={"joint": np.full((16, 16), np.nan)})
        with pytest.raises(BadInput, match="an entry that is no number"):
            inverse_record_map(without, LAYOUT, joint=True)

    def test_a_given_singular_matrix_is_refused(self, small_plan):
        device = small_plan.device.replace(
            "test", false_excited=(0.5,) * 6, false_ground=(0.5,) * 6
        )
        with pytest.raises(BadInput, match=r"assignment of S: P.* = 1 ± 0 is not below 1"):
            inverse_record_map(device_assignment(device, LAYOUT.roles), LAYOUT)

    def test_a_joint_matrix_too_uncertain_is_refused(self, exact):
        matrix = np.kron(np.eye(4), np.kron([[0.51, 0.49], [0.49, 0.51]], np.eye(2)))
        uncertain = exact.model_copy(update={"joint": matrix, "shots": 100})
        with pytest.raises(BadInput, match=r"condition number 50\D.*hardware.assignment_shots"):
            inverse_record_map(uncertain, LAYOUT, joint=True)
        certain = exact.model_copy(update={"joint": matrix, "shots": 10**6})
        assert np.isfinite(inverse_record_map(certain, LAYOUT, joint=True)).all()


def calibration(change=0.0):
    """Counts without noise, as if of a calibration, the readout of S changed."""
    e0, e1 = (each * (1 + change * (np.arange(4) == 1)) for each in (FALSE_EXCITED, FALSE_GROUND))
    return estimate_assignment(SHOTS * probabilities(e0, e1, START, THERMAL_POPULATION))


class TestDrift:
    def test_half_of_the_change_is_one_standard_error(self):
        before, after = calibration(), calibration(0.2)
        between = drifting(before, after)
        np.testing.assert_allclose(between.false_excited[1], 1.1 * FALSE_EXCITED[1], rtol=1e-9)
        np.testing.assert_allclose(between.false_ground[1], 1.1 * FALSE_GROUND[1], rtol=1e-9)
        half = np.zeros(8)
        half[[1, 5]] = 0.1 * FALSE_EXCITED[1], 0.1 * FALSE_GROUND[1]
        expected = (before.covariance + after.covariance) / 2 + np.outer(half, half)
        np.testing.assert_allclose(between.covariance, expected, rtol=1e-9, atol=1e-16)
        assert between.shots == before.shots + after.shots
        assert not between.correlated

    def test_qubits_drift_by_themselves(self):
        before, after = calibration(), calibration(0.2)
        e0 = np.array(after.false_excited)
        e0[2] += 0.01
        change = drifting(before, after.model_copy(update={"false_excited": e0})).covariance
        change = change - (before.covariance + after.covariance) / 2
        assert change[2, 2] == pytest.approx(0.005**2, rel=1e-9)
        assert abs(change[1, 2]) < 1e-16

    def test_nothing_changed_is_the_mean(self):
        one = calibration()
        between = drifting(one, one)
        np.testing.assert_allclose(between.covariance, one.covariance, rtol=1e-12)
        np.testing.assert_allclose(between.joint, one.joint, rtol=1e-12)

    def test_a_change_is_flagged(self):
        changes = readout_drift(calibration(), calibration(1.0), LAYOUT.roles)
        flagged = {change.text.split(":")[0] for change in changes if change.flagged}
        assert flagged == {"P(1|0) of S", "P(0|1) of S"}
        still = readout_drift(calibration(), calibration(), LAYOUT.roles)
        assert [change.z for change in still] == pytest.approx([0] * 8, abs=1e-9)


class TestOfDevice:
    def test_is_what_the_device_says(self, small_plan):
        device = small_plan.device
        qubits = [device.roles.index(role) for role in ("C_A", "S", "B", "C_I")]
        found = device_assignment(device, LAYOUT.roles)
        np.testing.assert_array_equal(found.matrices, device.assignment[qubits])
        np.testing.assert_array_equal(found.start_population, device.excited_population[qubits])
        assert not found.covariance.any()
        assert not found.correlated
        assert found.shots == 0
        assert found.source == device.source("false_excited", "B")


# -- with a run ------------------------------------------------------------------------------

MEASURED = HardwareSpec(assignment=True, assignment_shots=20_000)


@pytest.fixture(scope="module")
def measured_run(small_plan, tmp_path_factory):
    experiment = small_plan.experiment.model_copy(update={"hardware": MEASURED})
    plan = replace(
        small_plan,
        experiment=experiment,
        assignment=compile_assignment(small_plan.device, small_plan.experiment.design),
    )
    with pytest.MonkeyPatch.context() as patch:
        planned_once(patch, plan)
        return rc.run(experiment, out=tmp_path_factory.mktemp("measured") / "run")


def recovered(assignment, device):
    """Largest deviation from a device that starts thermal, in standard errors."""
    truth = device_assignment(device, LAYOUT.roles)
    pulls = [
        (assignment.false_excited - truth.false_excited) / assignment.stderr[0],
        (assignment.false_ground - truth.false_ground) / assignment.stderr[1],
        (assignment.start_population - truth.start_population) / assignment.start_stderr,
        (assignment.thermal_population - truth.thermal_population) / assignment.thermal_stderr,
    ]
    return np.abs(pulls).max()


class TestRun:
    def test_readout_of_the_device_is_recovered(self, measured_run):
        found = calibrations(measured_run).assignment
        assert recovered(found, measured_run.device) < 4
        # Thermal excitation would be off by 0.0038.
        assert (found.stderr[0] < 0.0038 / 8).all()
        assert not found.correlated

    def test_it_is_a_job_before_the_trials_and_one_after(self, measured_run, small_run):
        names = ["assignment", "trial-0", "trial-1", "assignment-after"]
        assert [job.name for job in measured_run.jobs] == names
        assert measured_run.record["assignment"] is True
        first, last = (measured_run.outcomes(measured_run.jobs[i]).shots for i in (0, -1))
        assert first.shape == last.shape == (17, 20_000)
        assert (first != last).any(), "shots of their own"
        assert measured_run.counts.identical(small_run.counts), "trials are drawn as without it"
        assert len(measured_run.assignment) == 17
        assert measured_run.brackets == ()
        for name, assignment in calibrations(measured_run).assignments.items():
            (told,) = [e for e in measured_run.telemetry if e["event"] == name]
            assert told["false_excited"] == assignment.false_excited.tolist()
        assert {*calibrations(measured_run).assignments} == {*ASSIGNMENTS}

    def test_its_change_during_the_run_is_told(self, measured_run):
        changes = calibrations(measured_run).readout
        assert [change.text.split(":")[0] for change in changes][:3] == [
            "P(1|0) of C_A", "P(0|1) of C_A", "P(1|0) of S",
        ]  # fmt: skip
        assert len(changes) == 8
        assert not any(change.flagged for change in changes)
        assert "Readout during the run" in conduct_tables(measured_run, calibrations(measured_run))

    def test_an_older_run_has_measured_it_once(self, measured_run, tmp_path):
        path = shutil.copytree(measured_run.path, tmp_path / "run")
        record = unseal((path / "run.json").read_bytes())
        del record["assignments"]
        for name in ("run.json", "run.json.copy"):
            (path / name).write_bytes(seal(record))
        for file in path.rglob("assignment-after*"):
            file.unlink()
        run = resume(path)
        assert [job.name for job in run.jobs] == ["assignment", "trial-0", "trial-1"]
        assert run.complete
        assert run.damage() == []
        assert stored_work(STUDY, run).jobs == run.jobs
        only = calibrations(run).assignments["assignment"]
        first = calibrations(measured_run).assignments["assignment"]
        np.testing.assert_array_equal(only.joint, first.joint)
        np.testing.assert_array_equal(calibrations(run).assignment.covariance, only.covariance)
        assert calibrations(run).readout == ()

    def test_without_it_the_device_is_asked(self, small_run):
        assert calibrations(small_run).assignments == {}
        assert [job.name for job in small_run.jobs] == ["trial-0", "trial-1"]
        found = calibrations(small_run).assignment
        assert found.source == small_run.device.source("false_excited", "B")

    def test_it_goes_on_where_it_stopped(self, measured_run, tmp_path):
        """Circuits are compiled and shots drawn again, to the same bits."""
        path = shutil.copytree(measured_run.path, tmp_path / "run")
        expected = measured_run.outcomes(measured_run.jobs[0]).shots
        for name in ("shots/assignment.npz", "circuits.qpy"):
            (path / name).write_bytes(b"")
        run = resume(path)
        assert run.damage() == []
        np.testing.assert_array_equal(run.outcomes(run.jobs[0]).shots, expected)
        assert len(run.assignment) == 17

    def test_it_is_planned_and_paid_for(self, small_plan):
        planned = replace(
            small_plan,
            assignment=compile_assignment(small_plan.device, small_plan.experiment.design),
        )
        names = ["assignment", "trial-0", "trial-1", "assignment-after"]
        assert [job.name for job in planned.jobs] == names
        assert planned.jobs[0].shots == planned.jobs[-1].shots == 8000
        assert planned.cost.executions - small_plan.cost.executions == 2 * 17 * 8000

    @pytest.mark.parametrize("wanted", [True, False, "auto"])
    def test_simulations_measure_it_if_told(self, wanted):
        experiment = rc.Experiment.parse(
            'name = "x"\n[device]\nprofile = "ideal"\nreadout_error = 0.05'
        ).model_copy(update={"hardware": HardwareSpec(assignment=wanted)})
        planned = rc.plan(experiment)
        assert bool(planned.assignment) == (wanted is True)
        if wanted is True:  # nothing decays, and there is a readout to measure all the same
            assert len(planned.assignment) == 17

    @pytest.mark.parametrize("backend", ["aer", "fake"])
    def test_simulators_agree_with_the_engine(self, small_plan, backend):
        from recycling.execution.aer import execute_aer
        from recycling.execution.ibm.sampler import execute_sampler

        device, shots = small_plan.device.replace("test", temperature=0.15), 2000
        circuits = compile_assignment(device, small_plan.experiment.design)
        pubs = calibration_pubs([circuits[0b0110], circuits[-1]])
        execute = {"aer": execute_aer, "fake": execute_sampler}[backend]
        job = Job(ASSIGNMENTS[0], None, shots=shots)
        counts = execute(job, pubs, device, np.random.SeedSequence(1)).counts()
        tables = np.reshape(pub_probabilities(pubs, device), (2, -1))
        statistic, mean, sigma = chi_squared(counts.reshape(2, -1), tables, shots)
        assert abs(statistic - mean) < 4 * sigma
        swapped = np.swapaxes(counts, 2, 3).reshape(2, -1)  # S and B
        assert chi_squared(swapped, tables, shots)[0] - mean > 40 * sigma


def test_it_runs_on_the_service(tmp_path, monkeypatch):
    """Submitted before the trials and after, in the same batch, and found where the device is."""
    text = spec_on_ibm("assignment_shots = 5000").replace("assignment = false", "")
    text = text.replace("trials = 2", "trials = 1")
    with (
        LoopbackService(snapshots=("FakeMarrakesh",), seed=1) as service,
        connected(service, tmp_path / "accounts.json") as patch,
    ):
        without_results(patch)
        monkeypatch.chdir(tmp_path)
        (tmp_path / "spec.toml").write_text(text)
        planned = plan_on_ibm(rc.Experiment.parse(text))
        planned_once(patch, planned)
        done = command("run", "spec.toml", "--backend", IBM, "--out", "run")
        assert done.code == 0, done.err
        run = rc.open_run("run")
        names = ["assignment", "trial-0", "assignment-after"]
        assert [job.name for job in run.jobs] == names
        assert [job.tags[2] for job in service.jobs] == [f"job:{name}" for name in names]
        assert len({job.session_id for job in service.jobs}) == 1
        assert service.jobs[0].task.shots == 5000
        assert len(service.jobs[0].task.circuits) == 17
        found = calibrations(run).assignment
        assert recovered_readout(found, run.device) < 4
        # A lost journal: the job is found by its tag, and not submitted again.
        (run.path / "jobs" / "assignment.json").unlink()
        (run.path / "shots" / "assignment.npz").unlink()
        assert command("resume", "run").code == 0
        assert len(service.jobs) == 3
        again = calibrations(rc.open_run("run")).assignment
        np.testing.assert_array_equal(again.joint, found.joint)
        status = json.loads(command("status", "run", "--json").out)
        assert [job["state"] for job in status["jobs"]] == ["done"] * 3


def recovered_readout(assignment, device):
    """As ``recovered``, whatever the service's reset leaves at the start."""
    truth = device_assignment(device, LAYOUT.roles)
    return np.abs([
        (assignment.false_excited - truth.false_excited) / assignment.stderr[0],
        (assignment.false_ground - truth.false_ground) / assignment.stderr[1],
    ]).max()  # fmt: skip
