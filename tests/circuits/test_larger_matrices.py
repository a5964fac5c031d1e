"""HHL for 2ⁿ × 2ⁿ matrices: the circuit, the formulas and A⁻¹b agree."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from qiskit.quantum_info import Statevector
from scipy.stats import unitary_group

from circuits import HHL
from circuits.design import POINT
from recycling.devices.channels import PAULIS
from recycling.planning.plan import plan
from recycling.results.theory import BLOCH, PROBABILITY, ideal_experiment
from recycling.running.theory import branch_states
from recycling.spec.experiment import Experiment

ROUNDING = 1e-10


def on_the_clock(qubits, clock_qubits, generator):
    """Random Hermitian matrix whose eigenvalues lie on clock values, the largest on the highest."""
    highest = 2**clock_qubits - 1
    ticks = generator.integers(1, highest + 1, size=2**qubits)
    ticks[0] = highest
    vectors = unitary_group.rvs(2**qubits, random_state=generator)
    matrix = (vectors * ticks) @ vectors.conj().T
    return (matrix + matrix.conj().T) / 2


def vector(size, generator):
    return generator.normal(size=size) + 1j * generator.normal(size=size)


def amplitudes_of(algorithm, *values):
    """Amplitudes of the circuit by flag, clock and row (array of shape (2, 2ᵐ, 2ⁿ))."""
    circuit = algorithm.circuit(*values)
    amplitudes = Statevector(circuit).data.reshape(2, 2**algorithm.clock_qubits, -1)
    # C_I is the lowest bit of the circuit, and qubit ``recycled_qubit`` of the vector.
    qubits = amplitudes.shape[-1].bit_length() - 1
    rows = amplitudes.reshape(*amplitudes.shape[:2], *(2,) * qubits)
    moved = np.moveaxis(rows, -1, rows.ndim - 1 - algorithm.recycled_qubit)
    return moved.reshape(amplitudes.shape)


def check(algorithm, *values):
    """The circuit's branches are those of the formulas; the whole vector and C_I alone."""
    amplitudes = amplitudes_of(algorithm, *values)
    states = np.einsum("fci,fcj->fij", amplitudes, amplitudes.conj())
    probabilities = algorithm.branch_probabilities(*values)
    found = [algorithm.failure_state(*values), algorithm.success_state(*values)]
    for flag in (0, 1):
        np.testing.assert_allclose(
            probabilities[flag] * found[flag], states[flag], rtol=0, atol=ROUNDING
        )
    lower = 2**algorithm.recycled_qubit
    by_qubit = amplitudes.reshape(2, amplitudes.shape[1], -1, 2, lower)
    reduced = np.einsum("fchil,fchjl->fij", by_qubit, by_qubit.conj())
    np.testing.assert_allclose(algorithm.branches(*values), reduced, rtol=0, atol=ROUNDING)


@settings(max_examples=25, deadline=None)
@given(st.integers(1, 3), st.integers(2, 3), st.integers(0, 2), st.integers(0, 2**32), st.data())
def test_an_exact_clock_gives_the_solution(qubits, clock_qubits, recycled, seed, data):
    generator = np.random.default_rng(seed)
    matrix = on_the_clock(qubits, clock_qubits, generator)
    smallest = np.linalg.eigvalsh(matrix)[0]
    scale = smallest * data.draw(st.floats(0.2, 1))
    b = vector(2**qubits, generator)
    algorithm = HHL(matrix, clock_qubits, scale, b, recycled_qubit=min(recycled, qubits - 1))
    check(algorithm)
    solution = np.linalg.solve(matrix, b / np.linalg.norm(b))
    # P(flag = 1) = c² |A⁻¹b|², and the state is pure.
    length = np.linalg.norm(solution)
    assert algorithm.branch_probabilities()[1] == pytest.approx((scale * length) ** 2, abs=ROUNDING)
    solution /= length
    success = algorithm.success_state()
    np.testing.assert_allclose(success, np.outer(solution, solution.conj()), rtol=0, atol=ROUNDING)
    assert abs(algorithm.solve().conj() @ solution) == pytest.approx(1, abs=ROUNDING)


def test_sixteen_rows():
    generator = np.random.default_rng(16)
    matrix = on_the_clock(4, 2, generator)
    for recycled in (0, 3):
        algorithm = HHL(matrix, b=vector(16, generator), recycled_qubit=recycled)
        check(algorithm)
        assert algorithm.design.roles[:4] == ("C_I", "C_J0", "C_J1", "C_J2")
        assert algorithm.parameters == (POINT,)


@settings(max_examples=10, deadline=None)
@given(st.integers(2, 3), st.floats(0, np.pi / 4), st.integers(0, 1), st.integers(0, 2**32))
def test_the_angle_turns_each_qubit_and_eigenvalues_may_lie_off_the_clock(
    qubits, theta_b, recycled, seed
):
    generator = np.random.default_rng(seed)
    root = generator.normal(size=(2**qubits, 2**qubits))
    matrix = root @ root.T / 2**qubits + 0.6 * np.eye(2**qubits)
    algorithm = HHL(matrix, 2, 0.5, recycled_qubit=recycled)
    check(algorithm, theta_b)
    single = np.array([np.cos(theta_b), np.sin(theta_b)])
    b = single
    for _ in range(qubits - 1):
        b = np.kron(b, single)
    solution = np.linalg.solve(matrix, b)
    overlap = algorithm.solve(theta_b) @ solution / np.linalg.norm(solution)
    assert abs(overlap) == pytest.approx(1, abs=ROUNDING)
    assert algorithm.solution is None  # C_I alone is not pure


SPEC = """
name = "larger"
[algorithm]
matrix = [[1, 0, 0, "0.5j"], [0, 2, 0, 0], [0, 0, 2, 0], ["-0.5j", 0, 0, 1]]
b = [1, "1j", 0, 1]
recycled_qubit = 1
"""


def test_a_spec_has_a_larger_matrix_with_complex_entries():
    experiment = Experiment.parse(SPEC)
    algorithm = experiment.algorithm.build()
    assert algorithm.matrix[0, 3] == 0.5j
    assert algorithm.recycled_qubit == 1
    np.testing.assert_allclose(algorithm.b, np.array([1, 1j, 0, 1]) / 3**0.5)
    assert Experiment.parse(experiment.to_toml()) == experiment
    assert experiment.points["point"].tolist() == [0]


def test_newer_keys_at_their_default_change_neither_text_nor_hash():
    bare = Experiment(name="x")
    given = Experiment.parse('name = "x"\n[algorithm]\nrecycled_qubit = 0')
    assert given.hash == bare.hash
    assert given.to_toml() == bare.to_toml()
    assert "recycled_qubit" not in bare.to_toml()
    other = Experiment.parse('name = "x"\n[algorithm]\nb = [1, 0]')
    assert other.hash != bare.hash


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("recycled_qubit = 1", "algorithm.recycled_qubit = 1: give a qubit of b, from 0 to 0"),
        ("recycled_qubit = 4", "algorithm.recycled_qubit = 4: give "),
        ("b = [1, 2, 3]", "algorithm.b has shape (3,): give 2 entries, one for each row"),
        ("b = [0, 0]", "algorithm.b has no entry but zeros: give one that is not zero"),
        ("b = [inf, 0]", "algorithm.b has an entry that is not finite: give finite numbers"),
        ('b = ["x", 0]', "algorithm.b[0] = 'x': give a number"),
        ("matrix = [[1, 0, 0, 0], [0, 1, 0, 0], [0, 0, 1, 0], [0, 0, 1]]",
         "algorithm.matrix[3]"),
        ("b = [1, 0]\n[sweep]\ntheta_b = [0.1]", "sweep.theta_b = [0.1] is an unknown key"),
    ],
)  # fmt: skip
def test_wrong_keys_are_explained_in_one_line(text, message):
    from recycling.errors import BadInput

    with pytest.raises(BadInput) as caught:
        Experiment.parse(f'name = "x"\n[algorithm]\n{text}')
    (line,) = caught.value.args[0].splitlines()
    assert line.removeprefix("line 3: ").startswith(message) or message in line


def test_the_compiled_protocol_recycles_the_qubit_of_the_formulas():
    experiment = ideal_experiment(Experiment.parse(SPEC))
    states = branch_states(plan(experiment))
    algorithm = experiment.algorithm.build()
    branches = algorithm.branches()
    for arm, flag in (("equilibrium", 1), ("recycling", 0)):
        found = states.sel(arm=arm).isel(point=0)
        weight = np.trace(branches[flag]).real
        # Synthesis of unitaries takes angles from eigenvalues by square roots.
        assert float(found[PROBABILITY]) == pytest.approx(weight, abs=1e-7)
        bloch = np.einsum("aij,ji->a", PAULIS[1:], branches[flag] / weight).real
        np.testing.assert_allclose(found[BLOCH].values.ravel(), bloch, rtol=0, atol=1e-7)
