"""Unequal shots and turned axes from the spec to counts, on every simulator."""

import numpy as np
import pytest

import recycling
from recycling.errors import BadInput
from recycling.jobs.cut import trial_jobs
from recycling.planning.rehearsal import simulate_counts

#: Repeats of the basis Z before, and of all bases after; a setting that is not measured at a point.
REPEATS = {
    "recycling": {"before": {"I": [[1, 1, 5], [2, 2, 2]]}, "after": {"X": [[0, 0, 0], [3, 1, 7]]}}
}
POLES = {
    "recycling": {"after": {"B": [[0.7, 0.3], [2.1, -1.0]]}, "before": {"S": [[0.1, 0], [0, 0]]}}
}


def experiment(shots=100, **allocation):
    return recycling.Experiment(
        name="tiny",
        algorithm={"name": "repeat-until-success"},
        device={"profile": "ideal"},
        sweep={"theta": [0.3, 0.6], "p_x": [0.1]},
        measurement={
            "shots": shots,
            "trials": 2 if shots != "exact" else 1,
            "allocation": allocation,
        },
    )


@pytest.mark.parametrize(
    "backend",
    [
        "exact",
        "trajectories",
        pytest.param("aer", marks=pytest.mark.slow),
        pytest.param("fake:FakeFez", marks=pytest.mark.slow),
    ],
)
def test_counts_have_the_shots_of_the_allocation(backend):
    spec = experiment(shots=10, repeats=REPEATS)
    counts = simulate_counts(recycling.plan(spec, backend))
    shots = counts.sum(["flag", *spec.design.measured]).transpose(
        "trial", "arm", "stage", "preparation", "theta", "basis"
    )
    assert np.array_equal(shots, np.broadcast_to(10 * spec.allocation.repeats, shots.shape))


def test_counts_follow_the_probabilities_in_the_frames():
    """Frequencies of sampled counts against the exact probabilities (χ² of all cells)."""
    exact = simulate_counts(recycling.plan(experiment("exact", repeats=REPEATS, poles=POLES)))
    spec = experiment(2000, repeats=REPEATS, poles=POLES)
    counts = simulate_counts(recycling.plan(spec)).sum("trial")
    record = ["flag", *spec.design.measured]
    expected = exact.isel(trial=0) * counts.sum(record)
    likely = expected > 5
    chi = float((((counts - expected) ** 2 / expected).where(likely)).sum())
    cells = int(likely.sum())
    assert abs(chi - cells) < 5 * np.sqrt(2 * cells)


def test_turned_axes_show_the_same_state():
    """Σ axes × components gives the Bloch vector that X, Y and Z show (linear inversion)."""
    turned, fixed = (experiment("exact", **given) for given in ({"poles": POLES}, {}))
    vectors = []
    for spec in (turned, fixed):
        counts = simulate_counts(recycling.plan(spec)).isel(trial=0, preparation=0).sel(flag=0)
        axes = spec.allocation.axes(len(spec.design.measured))
        signs = np.array([1, -1])
        found = []
        for qubit, role in enumerate(spec.design.measured):
            others = [name for name in spec.design.measured if name != role]
            table = counts.sum(others).transpose("arm", "stage", "theta", "basis", role).values
            found.append(np.einsum("astb,astbk->astk", table @ signs, axes[:, :, :, qubit]))
        vectors.append(found)
    assert np.allclose(*vectors, atol=1e-12)


def test_repeats_of_one_change_nothing():
    plain = experiment().without_allocation
    ones = {"recycling": {"before": {"I": [[1, 1, 1], [1, 1, 1]]}}}
    same = experiment(repeats=ones)
    counts = [simulate_counts(recycling.plan(spec)) for spec in (plain, same)]
    assert plain.hash != same.hash
    assert counts[0].sum() == counts[1].sum()
    assert [job.name for job in trial_jobs(same)] == [job.name for job in trial_jobs(plain)]


def test_a_job_takes_complete_points_and_a_point_that_is_too_large_is_refused():
    spec = experiment(repeats=REPEATS)
    at_points = spec.allocation.repeats.sum(axis=(0, 1, 2, 4)) * 100
    jobs = trial_jobs(spec, executions_per_job=int(at_points.max()))
    assert [job.points for job in jobs] == [(0, 1), (1, 2)] * 2
    with pytest.raises(BadInput, match="a point takes"):
        trial_jobs(spec, executions_per_job=int(at_points.max()) - 1)


def test_a_run_with_an_allocation_is_stored_and_read_back(tmp_path):
    spec = experiment(50, repeats=REPEATS, poles=POLES)
    run = recycling.run(spec, out=tmp_path / "run")
    again = recycling.open_run(run.path)
    assert again.damage() == []
    assert int(again.counts.sum()) == 2 * 50 * spec.allocation.repeats.sum()
    assert again.counts.equals(simulate_counts(recycling.plan(spec)))
