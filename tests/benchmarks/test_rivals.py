"""The problem of the rivals is the circuit that our engine executes."""

import numpy as np
import pytest

from benchmarks.rivals import ours
from benchmarks.rivals.channels import kraus, merged, reference, separate
from benchmarks.rivals.problem import load, save
from recycling.simulation.engine import compile_program, execute


@pytest.fixture(scope="module")
def written(tmp_path_factory):
    circuit, device = ours.circuit_and_device()
    folder = tmp_path_factory.mktemp("rivals")
    problem, point = ours.problem_of(circuit, device)
    batch = ours.random_batch(circuit, device, 3)
    save(folder, problem, point | ours.swept_numbers(device), batch)
    return circuit, device, *load(folder)


def test_agrees_with_the_engine(written):
    circuit, device, problem, point, _ = written
    (outcome,) = execute([compile_program(circuit, device, ours.PARAMETERS)])
    for steps in (merged, separate):
        answer = reference(problem, point, steps)
        np.testing.assert_allclose(answer, outcome.probabilities, rtol=0, atol=1e-14)


def test_agrees_at_random_devices(written):
    _, _, problem, point, batch = written
    exact = ours.engine(problem, merged).batch(batch)
    answers = [reference(problem, {name: batch[name][i] for name in point}) for i in range(3)]
    np.testing.assert_allclose(exact, answers, rtol=0, atol=1e-14)


def test_kraus_operators_preserve_the_trace(written):
    *_, problem, point, _ = written
    for step in merged(problem, point):
        operators = kraus(step)
        total = sum(operator.conj().T @ operator for operator in operators)
        np.testing.assert_allclose(total, np.eye(len(total)), rtol=0, atol=1e-13)
