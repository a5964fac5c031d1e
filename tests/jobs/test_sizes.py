"""Sizes: what a run takes is estimated, and refused with the number, before anything begins."""

import resource
import time
import tracemalloc
from dataclasses import replace

import numpy as np
import pytest

import recycling as rc
import recycling.jobs.sizes
import recycling.planning.plan
from recycling.execution.exact import execute_exact
from recycling.jobs.cut import trial_jobs
from recycling.jobs.job import EXECUTIONS_PER_JOB
from recycling.jobs.sizes import check_size, density_bytes, size_of
from recycling.spec.experiment import Experiment
from recycling.spec.files import LONGEST_SPEC
from recycling.store.outcomes import Form, read_outcomes, write_outcomes
from recycling.studies.latency.spec import LatencySpec
from tests.on_ibm import command

LAYOUT = "[device]\nlayout = { C_I = 11, C_C0 = 18, C_C1 = 12, C_A = 13, B = 10, S = 9 }\n"


def experiment(*lines):
    return Experiment.parse("\n".join(['name = "x"', *lines]))


@pytest.fixture
def small_machine(monkeypatch):
    """16 GB of memory and 2 TB of free disk, wherever the tests run."""
    monkeypatch.setattr(recycling.jobs.sizes, "machine_memory", lambda: 16e9)
    monkeypatch.setattr(recycling.jobs.sizes, "free_space", lambda _folder: 2e12)


# -- what is refused at once -------------------------------------------------------------------


@pytest.mark.parametrize(
    ("lines", "parts"),
    [
        ("[sweep]\np_x = { start = 0, stop = 1, points = 1_000_000_000_000 }",
         ["sweep.p_x.points = 1000000000000: give 10000 or less"]),
        ("[sweep]\ntheta_b = { start = 0, stop = 0.5, points = 10_001 }",
         ["sweep.theta_b.points = 10001: give 10000 or less"]),
        ("[measurement]\ntrials = 100_000_000", ["trials = 100000000: give 10000 or less"]),
        ("[inference]\nresamples = 1_000_000_000_000", ["resamples = 1000000000000: give 1e+06"]),
        ('[device]\nprofile = "FakeProviderForBackendV2"', ["is not a Heron snapshot: give"]),
        ("[sweep]\np_x = [" + "0.1, " * 2_000_000 + "]", [f"is longer than {LONGEST_SPEC} bytes"]),
        ("seed = " + "9" * 5000, ["holds what cannot be read"]),
        ("a = " + "[" * 5000 + "]" * 5000, ["is nested too deeply"]),
    ],
)  # fmt: skip
def test_absurd_sizes_are_one_line_within_a_moment(lines, parts, tmp_path):
    path = tmp_path / "spec.toml"
    path.write_text(f'name = "x"\n{lines}\n', encoding="utf-8")
    started, memory = time.process_time(), resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    done = command("run", path, "--out", tmp_path / "out")
    assert time.process_time() - started < 5
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - memory < 200_000  # kB
    assert done.code == 2
    for part in parts:
        assert part in done.only_line
    assert [child.name for child in tmp_path.iterdir()] == ["spec.toml"]


@pytest.mark.parametrize(
    ("text", "part"),
    [
        ("shots = 1_000_000_000_000", "a service takes no more than 10000000 executions a job"),
        ("[ladders]\nx = [" + ", ".join(map(str, range(1, 1001))) + "]",
         "ladders.x has 1000 values: give 500 or fewer"),
        ("[ladders]\nx = [1, 2, 100001]", "ladders.x[2] = 100001: give 100000 or less"),
        ("[clock]\nreset = 1", "clock.reset = 1: give 0 to 100 ms (did you mean '1 us'?)"),
        ('[clock]\nshortest_shot = "65 ns"\nqueue = "1 year"', "clock.queue"),
    ],
)  # fmt: skip
def test_latency_specs_are_guarded_too(text, part):
    with pytest.raises(rc.BadInput) as caught:
        LatencySpec.parse(text)
    assert part in str(caught.value)
    assert len(caught.value.faults) == 1


@pytest.mark.parametrize("seed", ["9" * 5000, "9" * 4000, "1e12", "nan"])
def test_absurd_options_are_one_line(seed):
    done = command("run", "theory", "--seed", seed)
    assert done.code == 2
    assert "seed" in done.err.splitlines()[-1]
    assert (done.traceback, done.out) == ("", "")


@pytest.mark.usefixtures("small_machine")
@pytest.mark.parametrize(
    ("lines", "kind", "part"),
    [
        (["[inference]", "resamples = 1_000_000"], "exact",
         "takes about 89 GB of memory, this machine has 16 GB: give less of sweep = 11 × 40"),
        (["[sweep]", "theta_b = { start = 0, stop = 0.7, points = 10_000 }",
          "p_x = { start = 0, stop = 1, points = 10_000 }"], "exact", "of memory"),
        (["[sweep]", "p_x = { start = 0, stop = 1, points = 80 }",
          "[measurement]", "trials = 10_000"], "ibm", "takes about 21 GB of memory"),
        (["[measurement]", "shots = 10_000_000"], "aer",
         "hours, and no simulation may take more than 168"),
    ],
)  # fmt: skip
def test_a_run_that_does_not_fit_is_refused_with_its_size(lines, kind, part):
    with pytest.raises(rc.BadInput) as caught:
        check_size(experiment(*lines), kind)
    assert any(part in fault for fault in caught.value.faults), caught.value.faults


QUBITS = """
[algorithm]
matrix = [[1, 0, 0, 0], [0, 2, 0, 0], [0, 0, 3, 0], [0, 0, 0, 3]]
clock_qubits = 6
[sweep]
theta_b = [0.1, 0.2]
p_x = [0.4]
[measurement]
shots = 100
"""


@pytest.mark.parametrize("command_name", ["run", "plan"])
def test_too_large_a_density_matrix_is_one_line_before_any_work(
    command_name, tmp_path, monkeypatch
):
    # 9 qubits: 4 × 4⁹ × 8 bytes at each of 2 points.
    monkeypatch.setattr(recycling.jobs.sizes, "machine_memory", lambda: 10e6)
    path = tmp_path / "spec.toml"
    path.write_text(f'name = "x"\n{QUBITS}', encoding="utf-8")
    done = command(command_name, path, *(["--out", tmp_path / "out"] * (command_name == "run")))
    assert done.code == 2
    assert (
        "the exact engine takes about 17 MB of memory, for the density matrices of 9 qubits at 2 "
        "points, this machine has 10 MB: give fewer qubits or points, or --backend trajectories"
    ) in " ".join(done.only_line.split())
    assert [child.name for child in tmp_path.iterdir()] == ["spec.toml"]


@pytest.mark.usefixtures("small_machine")
def test_trajectories_need_no_density_matrix():
    large = experiment(QUBITS, "")
    check_size(large, "trajectories")
    check_size(large, None)
    assert size_of(large, "exact").memory - size_of(large, "trajectories").memory > 2 * 8 * 4**9
    # As many qubits as a spec may have.
    assert density_bytes(16) == 8 * 4**16


def test_more_jobs_than_anybody_can_run_are_refused():
    sweep = "[sweep]\ntheta_b = { start = 0, stop = 0.7, points = 10_000 }\np_x = [0.4]"
    large = experiment(sweep, "[measurement]", "shots = 10_000_000", "trials = 10_000")
    started = time.process_time()
    with pytest.raises(rc.BadInput, match=r"takes \d+ jobs or more; give less, for 100000 jobs"):
        trial_jobs(large)
    assert time.process_time() - started < 2


def test_a_disk_that_is_too_small_is_told(tmp_path, monkeypatch):
    monkeypatch.setattr(recycling.jobs.sizes, "free_space", lambda _folder: 5e9)
    check_size(rc.preset("paper"), "exact", tmp_path)
    large = experiment("[measurement]", "shots = 10_000_000")
    with pytest.raises(rc.BadInput, match=r"the shots take about 6\.6 GB in .*where 5 GB are free"):
        check_size(large, "exact", tmp_path / "not" / "there")


@pytest.mark.usefixtures("small_machine")
def test_the_paper_and_a_thousand_times_its_shots_fit(tmp_path):
    check_size(rc.preset("paper"), "exact", tmp_path)
    check_size(rc.preset("theory"), "exact", tmp_path)
    check_size(experiment("[measurement]", "shots = 10_000_000"), "exact", tmp_path)


@pytest.mark.usefixtures("small_machine")
def test_plan_and_run_look_before_they_compile(tmp_path, monkeypatch):
    def working(*_arguments):
        raise AssertionError("it compiled before it looked at the size")

    monkeypatch.setattr(recycling.planning.plan, "build_device", working)
    large = experiment("[inference]", "resamples = 1_000_000")
    for act in (rc.plan, lambda spec: rc.run(spec, out=tmp_path / "out")):
        with pytest.raises(rc.BadInput, match="of memory"):
            act(large)
    assert not (tmp_path / "out").exists()


# -- what the estimates are worth --------------------------------------------------------------


@pytest.fixture(scope="module")
def traced():
    """Peak memory of an action beyond what there was, bytes."""

    def peak(action):
        tracemalloc.start()
        action()
        found = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        return found

    return peak


def test_ten_million_shots_run_in_jobs_of_flat_memory(small_plan, traced, tmp_path):
    large = experiment(LAYOUT, "[measurement]", "shots = 10_000_000")
    jobs = trial_jobs(large)
    shots = sum(job.shots * (job.points[1] - job.points[0]) for job in jobs)
    assert shots == 10_000_000 * 11 * 5
    assert max(job.shots for job in jobs) * 24 <= EXECUTIONS_PER_JOB
    # A twentieth of one of its jobs: memory grows with the executions of a job and nothing else.
    plan = replace(small_plan, experiment=large)
    part = jobs[0].__class__("trial-0", 0, (0, 1), 0, jobs[0].shots // 20)
    pubs, path = plan.pubs(part), tmp_path / "trial-0.npz"
    execute_exact(part, pubs, plan.device, np.random.SeedSequence(1))  # fills the caches

    def one_job():
        outcomes = execute_exact(part, pubs, plan.device, np.random.SeedSequence(1))
        write_outcomes(path, outcomes, "a tag")
        form = Form((8, 1, 3), part.shots, bits=4)
        assert read_outcomes(path, form).outcomes.counts().sum() == 24 * part.shots

    executions = 24 * part.shots
    assert traced(one_job) < 20 * executions
    assert path.stat().st_size / executions < recycling.jobs.sizes._PACKED


@pytest.mark.slow
@pytest.mark.parametrize("sizes", [(3, 4, 2, 500), (3, 40, 2, 100), (1, 4, 20, 100)])
def test_the_analysis_takes_no_more_than_estimated(sizes, small_plan, traced):
    from recycling.planning.rehearsal import simulate_counts
    from recycling.results.analysis import analyse_counts
    from recycling.results.attributes import experiment_attributes

    angles, weights, trials, resamples = sizes
    given = experiment(
        LAYOUT,
        f"[sweep]\ntheta_b = {{ start = 0, stop = 0.7, points = {angles} }}",
        f"p_x = {{ start = 0.01, stop = 0.4, points = {weights} }}",
        f"[measurement]\nshots = 500\ntrials = {trials}",
        f"[inference]\nresamples = {resamples}",
    )
    plan = replace(small_plan, experiment=given)  # circuits do not depend on the sweep
    counts = simulate_counts(plan)
    attributes = experiment_attributes(given, plan.device)
    analyse_counts(given, counts, attributes)
    growing = size_of(given).memory - recycling.jobs.sizes._PROGRAM
    constant = 10e6  # the Dataset's names and attributes, part of the program's share
    assert traced(lambda: analyse_counts(given, counts, attributes)) < growing + constant
