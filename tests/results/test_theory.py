"""The theory of a run: computed once, kept with it, and read back by whoever needs no simulator."""

import shutil

import numpy as np
import pytest
import xarray as xr
from hypothesis import given
from hypothesis import strategies as st

import recycling as rc
import recycling.running.theory
from circuits.algorithms.hhl import HHL
from circuits.design import EQUILIBRIUM, RECYCLING
from recycling.results.theory import (
    BLOCH,
    PROBABILITY,
    THEORY,
    ideal_experiment,
    stored_theory,
    theory_bytes,
)
from recycling.running.theory import branch_states, keep_theory, theory_dataset
from recycling.spec.experiment import AlgorithmSpec, Range, SweepSpec
from tests.on_ibm import command

#: Matrices whose eigenvalues a clock of two qubits holds exactly.
EXACT = (
    ((2, -1), (-1, 2)),
    ((2, -1j), (1j, 2)),
    ((1.5, 0.5), (0.5, 1.5)),
)


@pytest.fixture
def copied(small_run, tmp_path):
    """A copy of the small run, to be damaged."""
    return rc.open_run(shutil.copytree(small_run.path, tmp_path / "run"))


def of_matrix(experiment, matrix, points=7):
    sweep = SweepSpec(theta_b=Range(start=0, stop=float(np.pi / 4), points=points), p_x=(0.4,))
    algorithm = AlgorithmSpec(matrix=matrix)
    return experiment.model_copy(update={"algorithm": algorithm, "sweep": sweep})


def bloch_vectors(states):
    """Bloch vectors (..., X Y Z) of density matrices (..., 2, 2)."""
    coherence = states[..., 1, 0]
    z = (states[..., 0, 0] - states[..., 1, 1]).real
    return np.stack([2 * coherence.real, 2 * coherence.imag, z], axis=-1)


@pytest.mark.parametrize("matrix", EXACT)
def test_the_engine_and_the_formula_agree(small_experiment, matrix):
    experiment = of_matrix(small_experiment, matrix)
    algorithm, angles = HHL(matrix), experiment.theta_b
    found = branch_states(rc.plan(ideal_experiment(experiment)))
    assert found[BLOCH].dims == ("arm", "theta_b", "role", "axis")
    assert list(found["role"].values) == ["C_I"]
    assert list(found["axis"].values) == ["X", "Y", "Z"]
    vectors = found[BLOCH].sel(role="C_I")
    states = {EQUILIBRIUM: algorithm.success_state, RECYCLING: algorithm.failure_state}
    for flag, arm in ((1, EQUILIBRIUM), (0, RECYCLING)):
        expected = bloch_vectors(states[arm](angles))
        np.testing.assert_allclose(vectors.sel(arm=arm), expected, rtol=0, atol=1e-12)
        np.testing.assert_allclose(
            found[PROBABILITY].sel(arm=arm),
            algorithm.branch_probabilities(angles)[:, flag],
            rtol=0,
            atol=1e-12,
        )
    pure = algorithm.solution(angles)
    solution = pure[:, :, None] * pure[:, None, :].conj()
    np.testing.assert_allclose(
        vectors.sel(arm=EQUILIBRIUM), bloch_vectors(solution), rtol=0, atol=1e-12
    )


def test_a_run_keeps_its_theory(small_run, small_experiment):
    assert (small_run.path / THEORY).is_file()
    kept, computed = stored_theory(small_run), theory_dataset(small_experiment)
    xr.testing.assert_equal(kept, computed)
    assert kept.attrs["data_kind"] == "simulated"
    assert kept.attrs["shots"] == "exact"


def test_it_is_computed_once(small_run, monkeypatch):
    def again(_experiment):
        raise AssertionError("computed again")

    monkeypatch.setattr(recycling.running.theory, "theory_dataset", again)
    assert keep_theory(small_run).equals(stored_theory(small_run))
    assert rc.resume(small_run.path).path == small_run.path


def test_another_experiments_theory_is_not_taken(copied, small_experiment):
    other = small_experiment.model_copy(update={"sweep": SweepSpec(theta_b=(0.1,), p_x=(0.4,))})
    (copied.path / THEORY).write_bytes(theory_bytes(theory_dataset(other)))
    assert stored_theory(copied) is None
    assert keep_theory(copied)["theta_b"].size == 3
    assert stored_theory(copied) is not None


@given(data=st.data())
def test_a_damaged_file_is_no_theory(small_run, tmp_path_factory, data):
    """Whichever byte is changed, and wherever it is cut: the theory as it was, or none."""
    folder = tmp_path_factory.mktemp("damaged")
    content = bytearray((small_run.path / THEORY).read_bytes())
    place = data.draw(st.integers(0, len(content) - 1))
    if data.draw(st.booleans(), label="cut"):
        content = content[:place]
    else:
        content[place] ^= data.draw(st.integers(1, 255))
    (folder / THEORY).write_bytes(content)
    run = rc.Run(folder)
    run.__dict__["experiment"] = small_run.experiment
    found = stored_theory(run)
    assert found is None or found.equals(stored_theory(small_run))


def test_the_run_itself_is_left_alone_where_the_theory_goes_elsewhere(copied, tmp_path):
    (copied.path / THEORY).unlink()
    keep_theory(copied, tmp_path / "else")
    assert not (copied.path / THEORY).exists()
    assert stored_theory(copied) is None
    assert stored_theory(copied, tmp_path / "else") is not None


@pytest.mark.parametrize("verb", ["analyse", "report"])
def test_a_command_makes_the_theory_of_an_older_run(copied, monkeypatch, verb):
    import recycling.reporting.page

    monkeypatch.setattr(recycling.reporting.page, "SECTIONS", ())
    (copied.path / THEORY).unlink()
    done = command(verb, copied.path)
    assert done.code == 0, done.err
    assert stored_theory(copied) is not None
