"""The dry run: what a plan compiles to, what it costs, and what it promises to show."""

import json
from dataclasses import replace
from functools import cache
from itertools import pairwise

import numpy as np
import pytest
from qiskit import ClassicalRegister, QuantumCircuit, QuantumRegister
from rich.cells import cell_len
from scipy.constants import h, k

import recycling as rc
from circuits import HHL
from recycling.compilation.structure import duration_of_circuit, schedule, structure
from recycling.compilation.timeline import timeline
from recycling.execution.ibm.machine import HERON, PRICE
from recycling.execution.machine import Machine
from recycling.inference.states.estimates import Question, estimate
from recycling.inference.states.records import Layout, RecordMap
from recycling.jobs.cut import protocol_pubs
from recycling.jobs.job import Job
from recycling.jobs.status import charged_seconds
from recycling.planning.cost import (
    USUAL_LIMITS,
    Cost,
    JobCost,
    check_budget,
    estimate_cost,
)
from recycling.planning.influence import PREDICTED
from recycling.planning.prediction import predict
from recycling.results.analysis import analyse
from recycling.results.verdicts import verdicts
from recycling.running.budget import used_seconds
from recycling.simulation.probabilities import protocol_probabilities
from recycling.spec.experiment import MeasurementSpec, SweepSpec, shown_p_x
from recycling.store.journal import Attempt, JobRecord, Surplus
from recycling.studies.plan_view import (
    longest_setting,
    plan_headline,
    plan_summary,
    plan_tables,
)
from recycling.thermodynamics import Bath

DESIGN = HHL([[2, -1], [-1, 2]]).design
QUANTUM = h * 5e9  # hf, J
BATH = Bath.qubit(5e9, 0.043)
#: Lengths of the paper's circuits in ns. Algorithm 2160, measurement 2584, basis rotation 2 · 32;
#: SWAP 3 CZ of 68 and 4 sx of 32; latency 3.3 µs less measurement and SWAP.
LENGTHS = {
    ("equilibrium", "before"): 2160 + 2584 + 64 + 2584,
    ("equilibrium", "after"): 2160 + 2584 + 332 + 64 + 2584,
    ("recycling", "before"): 2160 + 2584 + 384 + 332 + 64 + 2584,
    ("recycling", "after"): 2160 + 2584 + 384 + 332 + 332 + 64 + 2584,
}  # fmt: skip


def changed(plan, **sections):
    """The same circuits for an experiment with some sections changed."""
    return replace(plan, experiment=plan.experiment.model_copy(update=sections))


def cost_of(plan, **options):
    return estimate_cost([(job, plan.pubs(job)) for job in plan.jobs], plan.device, **options)


def predicted(plan):
    pubs = protocol_pubs(plan.experiment, plan.circuits)
    return predict(plan.experiment, plan.device, pubs)


@pytest.fixture(scope="module")
def paper(small_plan):
    """The replay: its sweep and shots on the circuits of its layout."""
    preset = rc.preset("paper")
    return changed(small_plan, name="paper", sweep=preset.sweep, measurement=preset.measurement)


@pytest.fixture(scope="module")
def theory():
    return rc.plan(rc.preset("theory"))


# --- Cost


def test_paper_takes_46_minutes_of_qpu_time(paper):
    cost = cost_of(paper)
    executions = 11 * 3 * 8 * 8000 * 5  # angles, bases, settings, shots, trials
    in_circuits = 11 * 3 * 8000 * 5 * 2 * sum(LENGTHS.values()) * 1e-9  # two preparations
    assert cost.executions == executions == 10_560_000
    assert (len(cost.jobs), cost.pubs, cost.parameter_sets) == (5, 5 * 8, 5 * 8 * 33)
    assert cost.circuit_seconds == pytest.approx(in_circuits, rel=1e-12)
    by_hand = 5 * 2 + executions * 250e-6 + in_circuits
    assert cost.qpu_seconds == pytest.approx(by_hand, rel=1e-12)
    assert round(cost.qpu_seconds / 60) == 46
    assert cost.allowances == pytest.approx(by_hand / 600, rel=1e-12)
    assert cost.posting_minutes == 0
    assert cost.beyond_limits() == ()


def test_every_job_is_costed_by_itself(paper):
    cost = cost_of(paper)
    assert [own.job.name for own in cost.jobs] == [f"trial-{trial}" for trial in range(5)]
    assert {(own.pubs, own.parameter_sets, own.executions) for own in cost.jobs} == {
        (8, 264, 2_112_000)
    }
    assert cost.qpu_seconds == sum(own.qpu_seconds for own in cost.jobs)


def test_waits_between_shots_are_charged_for_each_execution(paper):
    short, long = cost_of(paper, rep_delay=20e-6), cost_of(paper, rep_delay=2e-3)
    assert long.circuit_seconds == short.circuit_seconds
    difference = long.qpu_seconds - short.qpu_seconds
    assert difference == pytest.approx(10_560_000 * 1.98e-3, rel=1e-12)


def test_cuts_of_a_trial_cost_a_job_each(paper):
    # 24 circuits of 100,000 shots a point: 4 points a job, so 4 + 4 + 3 of the 11.
    large = changed(paper, measurement=MeasurementSpec(shots=100_000, trials=2))
    cost = cost_of(large)
    sizes = [own.executions for own in cost.jobs]
    assert sizes == [9_600_000, 9_600_000, 7_200_000] * 2
    assert cost.executions == 2 * 11 * 24 * 100_000
    assert cost.posting_minutes == 1  # the sixth post waits for the next minute


@pytest.mark.parametrize(("jobs", "minutes"), [(1, 0), (5, 0), (6, 1), (10, 1), (11, 2), (100, 19)])
def test_five_jobs_a_minute_can_be_posted(jobs, minutes):
    one = JobCost(Job("trial", 0, shots=1), 1, 1, 1, 0.0, 2.0)
    assert Cost((one,) * jobs, USUAL_LIMITS.default_rep_delay).posting_minutes == minutes


def test_brackets_are_in_the_cost(small_plan):
    from recycling.compilation.calibrations import compile_brackets

    bracketed = replace(small_plan, brackets=compile_brackets(small_plan.device))
    bare, cost = cost_of(small_plan), cost_of(bracketed)
    names = [own.job.name for own in cost.jobs]
    assert names == ["bracket-before", "trial-0", "trial-1", "bracket-after"]
    count, shots = len(bracketed.brackets), small_plan.experiment.hardware.bracket_shots
    lengths = [duration_of_circuit(c, small_plan.device) for c in bracketed.brackets]
    # The longest echo and decay last four decay times, the thermal circuit waits for five.
    assert max(lengths) > 5 * small_plan.device.t1[4]
    before = cost.jobs[0]
    assert (before.pubs, before.parameter_sets, before.executions) == (count, count, count * shots)
    by_hand = 2 + count * shots * 250e-6 + shots * sum(lengths)
    assert before.qpu_seconds == pytest.approx(by_hand, rel=1e-12)
    assert cost.qpu_seconds == pytest.approx(bare.qpu_seconds + 2 * by_hand, rel=1e-12)


def test_jobs_that_the_service_would_not_finish_are_named(paper):
    # 2,112,000 executions of 2 ms are 4224 s.
    cost = cost_of(paper, rep_delay=2e-3)
    assert cost.beyond_limits() == ()
    assert cost.beyond_limits(longest_job=600) == cost.jobs
    assert cost_of(paper, rep_delay=10e-3).beyond_limits() != ()  # 21,120 s, above three hours
    large = JobCost(Job("trial-0", 0, shots=1), 1, 1, 10_000_001, 0.0, 2.0)
    assert Cost((large,), 0.0).beyond_limits() == (large,)


def test_infinitely_many_shots_have_no_cost(theory):
    assert cost_of(theory) is None
    check_budget(None, theory.experiment, 1)


# --- Budget


def refusal(plan, cost, budget, **options):
    with pytest.raises(rc.BadInput) as caught:
        check_budget(cost, plan.experiment, budget, **options)
    return str(caught.value)


def test_budget_that_is_enough_passes(paper):
    cost = cost_of(paper)
    check_budget(cost, paper.experiment, cost.qpu_seconds)


@pytest.mark.parametrize("budget", [np.nan, np.inf, 0, -1])
def test_a_budget_that_nothing_can_be_above_is_refused(paper, budget):
    assert refusal(paper, cost_of(paper), budget) == (
        f"max_qpu_seconds = {budget}: give a number of seconds above 0"
    )


@pytest.mark.parametrize(
    ("usage", "charged"),
    [
        ({"status": "complete", "qpu_charge_time_seconds": 3}, 3.0),
        ({"quantum_seconds": 2.5, "seconds": 4}, 2.5),
        ({"status": "complete", "qpu_charge_time_seconds": 0}, 0.0),
        ({"status": "pending", "qpu_charge_time_seconds": 0}, None),
        ({}, None),
        (None, None),
    ],
)
def test_charged_time_is_what_the_service_counted(usage, charged):
    assert charged_seconds({"usage": usage}) == charged


def test_used_time_is_charged_or_else_estimated():
    def attempt(state, charged=None):
        usage = {} if charged is None else {"qpu_charge_time_seconds": charged}
        return Attempt(tag="t", state=state, record={"metrics": {"usage": usage}})

    attempts = [
        attempt("failed"),  # nothing is known of it
        attempt("cancelled", 7),
        attempt("done", 4),
        attempt("submitted"),
        attempt("done"),
        attempt("intended"),  # counts as what would be submitted
    ]
    expected = [0, 7, 4, 10, 10, 0]
    for number, seconds in enumerate(expected):
        record = JobRecord(name="trial-0", attempts=tuple(attempts[number:]))
        assert used_seconds(record, {"trial-0": 10.0}) == sum(expected[number:]), seconds
    surplus = [("cancelled", None, 0), ("done", 4.0, 4), ("failed", 3.0, 3), ("running", None, 10)]
    for state, charged, counted in surplus:
        job = Surplus(id="i", tag="t", state=state, qpu_seconds=charged)
        assert used_seconds(JobRecord(name="trial-0", surplus=(job,)), {"trial-0": 10.0}) == counted


def test_refusal_names_the_budget_the_cost_and_the_mends(paper):
    # Shots: (600 - 10)/(2733.59 - 10) of 8000. Trials: 600/546.72. Delay: 250 µs less 2133.59 s
    # over 10.56 million executions, which is 202.05 µs.
    assert refusal(paper, cost_of(paper), 600) == (
        "max_qpu_seconds = 600: the plan takes about 2734 s of QPU time; give measurement.shots = "
        "1733 or measurement.trials = 1 or hardware.rep_delay = 4.7e-05 or a larger budget"
    )


def test_mends_that_are_not_enough_are_not_offered(paper):
    cost = cost_of(paper)
    few = refusal(
        paper, cost, 100
    )  # below the cost of one trial, and of all executions without wait
    assert "shots = 264" in few
    assert "trials" not in few
    assert "rep_delay" not in few
    assert "rep_delay" not in refusal(paper, cost, 600, shortest_rep_delay=50e-6)
    assert refusal(paper, cost, 10).endswith("of QPU time; give a larger budget")


@pytest.mark.parametrize("budget", [60.0, 200.0, 601.5, 2000.0])
@pytest.mark.parametrize("brackets", [False, True])
def test_each_mend_is_enough_and_no_more_than_that(paper, budget, brackets):
    from recycling.compilation.calibrations import compile_brackets

    if brackets:
        paper = replace(paper, brackets=compile_brackets(paper.device))
    text = refusal(paper, cost_of(paper), budget)
    measurement = paper.experiment.measurement
    mends = dict(part.split(" = ") for part in text.split("give ")[1].split(" or ")[:-1])
    for name, value in mends.items():
        if name == "hardware.rep_delay":
            least = cost_of(paper, rep_delay=float(value))
            more = cost_of(paper, rep_delay=float(value) + 1e-6)
        else:
            field = name.removeprefix("measurement.")
            least, more = (
                cost_of(changed(paper, measurement=measurement.model_copy(update={field: number})))
                for number in (int(value), int(value) + 1)
            )
        assert least.qpu_seconds <= budget < more.qpu_seconds, name
    assert mends or budget == 60


# --- Structure and schedule


@pytest.mark.parametrize("setting", DESIGN.settings)
def test_gates_are_counted_inside_the_conditional_block_too(small_plan, setting):
    circuit = small_plan.circuits[setting]
    found = structure(circuit, small_plan.device)
    outer = {n: c for n, c in circuit.count_ops().items() if n not in ("barrier", "delay")}
    blocks = [i.operation.blocks[0] for i in circuit.data if i.operation.name == "if_else"]
    assert len(blocks) == outer.pop("if_else", 0) == (setting[0] == "recycling")
    inner = {n: c for block in blocks for n, c in block.count_ops().items() if n != "delay"}
    assert found.conditional == inner
    assert found.gates == {n: outer.get(n, 0) + inner.get(n, 0) for n in outer | inner}
    assert found.gates["measure"] == 4
    if blocks:
        assert found.conditional["cz"] == 3


def test_erasure_and_reset_are_three_cz_each(small_plan):
    cz = {s: structure(c, small_plan.device).gates["cz"] for s, c in small_plan.circuits.items()}
    for preparation in ("I", "X"):
        algorithm = cz["equilibrium", "before", preparation]
        assert cz["equilibrium", "after", preparation] == algorithm + 3
        assert cz["recycling", "before", preparation] == algorithm + 3
        assert cz["recycling", "after", preparation] == algorithm + 6


def test_depth_counts_layers_of_gates_and_of_the_conditional_block(small_plan):
    qubits, bit = QuantumRegister(6), ClassicalRegister(1)
    circuit = QuantumCircuit(qubits, bit)
    circuit.x(0)
    circuit.delay(100, 0)
    circuit.x(1)  # beside the first
    circuit.barrier()
    circuit.measure(0, 0)
    circuit.barrier()
    with circuit.if_test((bit, 1)):
        circuit.sx(1)
        circuit.rz(0.1, 1)
        circuit.sx(1)
    circuit.barrier()
    circuit.x(2)
    found = structure(circuit, small_plan.device)
    assert found.depth == 1 + 1 + 3 + 1
    assert found.gates == {"x": 3, "measure": 1, "sx": 2, "rz": 1}
    assert found.conditional == {"sx": 2, "rz": 1}


def test_depth_without_a_conditional_is_that_of_qiskit(small_plan):
    circuit = small_plan.circuits["equilibrium", "after", "X"]
    expected = circuit.depth(
        lambda instruction: instruction.operation.name not in ("delay", "barrier")
    )
    assert structure(circuit, small_plan.device).depth == expected


@pytest.mark.parametrize("setting", DESIGN.settings)
def test_length_is_the_sum_of_the_parts(small_plan, setting):
    circuit = small_plan.circuits[setting]
    length = structure(circuit, small_plan.device).duration
    assert length == pytest.approx(LENGTHS[setting[:2]] * 1e-9, rel=1e-12)
    assert length == max(o.end for o in timeline(circuit, small_plan.device))


@pytest.mark.parametrize("setting", DESIGN.settings)
def test_parts_of_the_schedule_follow_each_other(small_plan, setting):
    steps = schedule(small_plan.circuits[setting], small_plan.device, small_plan.experiment.design)
    assert steps[0].start == 0
    for one, following in pairwise(steps):
        assert one.start + one.duration == pytest.approx(following.start, rel=1e-12)
    end = steps[-1].start + steps[-1].duration
    assert end == pytest.approx(LENGTHS[setting[:2]] * 1e-9, rel=1e-12)
    parts = ["algorithm", "measurement of the flag"]
    parts += ["feedforward latency", "conditional SWAP"] * (setting[0] == "recycling")
    parts += ["erasure SWAP"] * (setting[1] == "after")
    parts += ["basis rotation", "tomography measurement"]
    assert [step.name for step in steps] == parts


def test_parts_of_the_schedule_agree_with_the_timeline(small_plan):
    device = small_plan.device
    circuit = small_plan.circuits["recycling", "after", "X"]
    operations = [o for o in timeline(circuit, device) if o.name != "delay"]
    steps = {step.name: step for step in schedule(circuit, device, small_plan.experiment.design)}
    spans = {
        name: (round(step.start * 1e9), round((step.start + step.duration) * 1e9))
        for name, step in steps.items()
    }

    def within(name):
        """Operations of a part: those that begin in it, and end in it unless they take no time."""
        start, end = spans[name]
        return [
            o for o in operations
            if start <= round(o.start * 1e9) and round(o.end * 1e9) <= end and o.duration > 0
        ]  # fmt: skip

    roles = {name: {device.roles[q] for o in within(name) for q in o.qubits} for name in steps}
    for name in ("algorithm", "measurement of the flag", "conditional SWAP", "erasure SWAP",
                 "basis rotation", "tomography measurement"):  # fmt: skip
        assert roles[name] == set(steps[name].roles), name
    assert steps["feedforward latency"].roles == device.roles
    assert [o.name for o in within("feedforward latency")] == ["x"]  # S is prepared meanwhile
    assert sum(len(within(name)) for name in steps) == sum(o.duration > 0 for o in operations)
    assert [o.name for o in within("measurement of the flag")] == ["measure"]
    assert {o.conditional for o in within("conditional SWAP")} == {True}
    assert sum(o.name == "cz" for o in within("erasure SWAP")) == 3
    assert {o.name for o in within("basis rotation")} == {"sx"}
    assert [o.name for o in within("tomography measurement")] == ["measure"] * 3
    assert set(steps["tomography measurement"].roles) == set(DESIGN.measured)
    # The latency is what the device has, to half a cycle.
    latency = steps["feedforward latency"].duration
    assert abs(latency - device.feedforward_latency) <= device.dt / 2 + 1e-15


def test_longest_branch_is_the_recycling_arm_after_the_erasure(small_plan):
    assert longest_setting(small_plan) == ("recycling", "after", "X")


def test_nothing_takes_time_on_the_ideal_device(theory):
    circuit = theory.circuits["recycling", "after", "I"]
    assert schedule(circuit, theory.device, theory.experiment.design) == []
    assert structure(circuit, theory.device).duration == 0


# --- Prediction


def test_prediction_without_noise_is_the_theory(theory):
    # Fig. 4(c) at θ_b = 0 and π/4, p_x = 0.4, in hf, to the six decimals printed.
    found = predicted(theory)
    table = {
        0: (0.647567, 0.392728, 0.116041, 0.394487, 0.392728),
        20: (0.642662, -0.099249, 0.115162, 0.383247, -0.099249),
    }
    assert found.points["theta_b"][20] == pytest.approx(np.pi / 4)
    for point, (decrease, heat, landauer, tight, athermal) in table.items():
        by_name = {name: values[point] / QUANTUM for name, values in found.values.items()}
        assert by_name.pop("entropy_decrease") * QUANTUM == pytest.approx(decrease, abs=1e-6)
        assert by_name == pytest.approx(
            {
                "heat": heat,
                "bound_landauer": landauer,
                "bound_tight": tight,
                "bound_athermal": athermal,
                "gain": tight - athermal,
                "excess_landauer": heat - landauer,
                "excess_tight": heat - tight,
            },
            abs=2e-6,  # the gain is the difference of two printed numbers
        )


def test_infinitely_many_shots_leave_no_error(theory):
    found = predicted(theory)
    assert found.shots is None
    assert not found.pooled_stderr("heat").any()
    assert np.array_equal(found.z(), np.where(found.values["excess_tight"] < 0, -np.inf, np.inf))
    assert np.isfinite(found.shots_for_verdict).any()  # what a device without noise would need


def test_error_of_the_heat_is_that_of_four_proportions(paper):
    """ΔQ_B/hf mixes four measured populations, each of the shots of its branch."""
    found = predicted(paper)
    pubs = protocol_pubs(paper.experiment, paper.circuits)
    # (stage, preparation, theta_b, S, B, C_I) in the branch flag = 0 and the basis Z
    branch = protocol_probabilities(pubs, paper.device, paper.experiment.design).values[1][
        :, :, :, 2, 0
    ]
    reached = branch.sum(axis=(-3, -2, -1))
    excited = branch.sum(axis=(-3, -1))[..., 1] / reached
    variance = excited * (1 - excited) / (8000 * reached)
    weights = np.array([0.6, 0.4]) ** 2
    expected = np.sqrt(np.einsum("p,spt->t", weights, variance))
    np.testing.assert_allclose(found.stderr("heat") / QUANTUM, expected, rtol=1e-7)


def asked(p_x):
    """What is asked of the recycling arm; a reference, for the fidelity, does not matter."""
    design = rc.preset("paper").design
    raw = RecordMap.raw(Layout.of(design), design.arm("recycling").records)
    return Question(raw, (), np.array([p_x]), BATH, None, "median unbiased")


def tables(probabilities):
    """(stage, preparation, theta_b, basis, ...) as (theta_b, trial, stage, ..., record)."""
    return np.moveaxis(probabilities.reshape(*probabilities.shape[:4], 16), 2, 0)[:, None]


def test_errors_agree_with_those_of_the_analysis(paper):
    angles = SweepSpec(theta_b=(0.1, 0.4, 0.7), p_x=(0.4,))
    plan = changed(paper, sweep=angles)
    pubs = protocol_pubs(plan.experiment, plan.circuits)
    expected = tables(protocol_probabilities(pubs, plan.device, plan.experiment.design).values[1])
    off = {}
    for shots in (10_000, 1_000_000):
        one = MeasurementSpec(shots=shots, trials=1)
        found = predicted(changed(plan, measurement=one))
        # Expected counts: no noise, but a width of the limits.
        estimates = estimate(np.round(shots * expected), asked(0.4))
        off[shots] = {
            name: np.abs(estimates[name].stderr[:, 0, 0] / found.stderr(name) - 1).max()
            for name in PREDICTED
        }
    # The prediction is of first order: what it leaves out falls with 1/shots, from some percent
    # for the entropy of a bath that is nearly pure. The gain's limits are the wider ones of both
    # sides, on either side; how much wider falls with the root.
    for name in PREDICTED:
        slowest = 10 if name == "gain" else 100
        assert off[10_000][name] < 0.15, name
        assert off[1_000_000][name] < 0.15 / slowest, name


def with_shots(plan, shots, trials):
    return predicted(changed(plan, measurement=MeasurementSpec(shots=shots, trials=trials)))


def test_distance_grows_with_the_root_of_shots_and_of_trials(paper):
    distance = predicted(paper).distance()
    np.testing.assert_allclose(with_shots(paper, 32_000, 5).distance(), 2 * distance, rtol=1e-12)
    np.testing.assert_allclose(with_shots(paper, 8000, 20).distance(), 2 * distance, rtol=1e-12)


def test_significance_is_that_of_a_verdict(paper):
    """As many shots say less in few trials, which cannot tell drift from none."""
    found = [with_shots(paper, 40_000 // trials, trials) for trials in (1, 2, 5, 20)]
    alone, two, five, twenty = (np.abs(one.z()) for one in found)
    np.testing.assert_allclose(alone, np.abs(found[0].distance()), rtol=1e-12)
    assert (two < five).all()
    assert (five < twenty).all()
    assert (twenty < alone).all()
    # The four angles of the replay; two trials can hardly carry a claim of 3 σ.
    assert [int(one.below().sum()) for one in found] == [4, 0, 4, 4]


def test_a_verdict_is_expected_where_something_is_erased_alone(paper):
    """At the smallest p_x the heat is below the bound by more than ΔS is above zero."""
    cold = changed(paper, sweep=SweepSpec(theta_b=(0.7853,), p_x=(0.01,)))
    found = with_shots(cold, 8000, 5)
    assert -found.distance()[0] > 3 * found.distance("entropy_decrease")[0]
    assert not found.below()[0]
    decrease = found.values["entropy_decrease"][0]
    if decrease > 0:
        one = replace(found, shots=int(found.shots_for_verdict[0]), trials=1)
        assert one.distance("entropy_decrease")[0] >= 3


def test_prediction_agrees_with_a_run(small_experiment, tmp_path):
    """Predicted and found excess, error and z, each within 4 of its own standard errors."""
    measurement = MeasurementSpec(shots=40_000, trials=1)
    sweep = small_experiment.sweep.model_copy(update={"p_x": (0.4,)})
    experiment = small_experiment.model_copy(update={"measurement": measurement, "sweep": sweep})
    plan = rc.plan(experiment)
    found = verdicts(analyse(rc.run(experiment, out=tmp_path / "run")))
    expected = predicted(plan)
    stderr = expected.pooled_stderr("excess_tight")
    # (stage, preparation, theta_b, S, B, C_I) in the branch flag = 0 and the basis Z
    pubs = protocol_pubs(experiment, plan.circuits)
    branch = protocol_probabilities(pubs, plan.device, plan.experiment.design).values[1][
        :, :, :, 2, 0
    ]
    # A binomial error √k of a count is known to 1/(2√k) of itself: of the scarcest excited B.
    excited = branch.sum(axis=(-3, -1))[..., 1].min(axis=(0, 1))
    precision = 1 / (2 * np.sqrt(measurement.shots * measurement.trials * excited))
    for point, verdict in enumerate(found):
        excess, z = expected.values["excess_tight"][point], expected.z()[point]
        assert abs(verdict.excess - excess) < 4 * stderr[point]
        assert abs(verdict.stderr / stderr[point] - 1) < 4 * precision[point]
        assert abs(verdict.z - z) < 4 * np.hypot(1, z * precision[point])


def test_shots_for_a_verdict_bring_z_to_three(paper):
    found = predicted(paper)
    excess = found.values["excess_tight"]
    assert np.array_equal(np.isinf(found.shots_for_verdict), excess > 0)
    room = np.log(2) - BATH.entropy() - found.values["entropy_decrease"]
    for point in np.flatnonzero(excess < 0):
        for offset, enough in ((0, True), (-1, False)):
            shots = int(found.shots_for_verdict[point]) + offset
            one = replace(found, shots=shots, trials=1)
            resolved = one.z()[point] <= -3
            bounded = room[point] >= 3 * one.stderr("entropy_decrease")[point]
            assert bool(resolved and bounded) == enough


@pytest.mark.parametrize(("factor", "least", "most"), [(3, 18, 20), (1 / 3, 0, 5)])
def test_shots_for_a_verdict_give_one(paper, factor, least, most):
    """Three times as many make it near certain that one trial is resolved, a third unlikely."""
    point = 8
    plan = changed(paper, sweep=SweepSpec(theta_b=(paper.experiment.theta_b[point],), p_x=(0.4,)))
    shots = int(predicted(plan).shots_for_verdict[0] * factor)
    pubs = protocol_pubs(plan.experiment, plan.circuits)
    table = np.clip(
        tables(protocol_probabilities(pubs, plan.device, plan.experiment.design).values[1]), 0, None
    )
    table /= table.sum(axis=-1, keepdims=True)
    counts = np.random.default_rng(11).multinomial(shots, np.repeat(table, 20, axis=1))
    below = (estimate(counts, asked(0.4))["excess_tight"].z <= -3).sum()
    assert least <= below <= most


def test_no_shots_are_enough_where_nothing_is_erased(paper):
    # A target as cold as the bath: its entropy grows when the two are swapped.
    found = predicted(changed(paper, sweep=SweepSpec(theta_b=(0.7853,), p_x=(0.0,))))
    assert found.values["entropy_decrease"][0] < 0
    assert found.shots_for_verdict[0] == np.inf


def test_shown_weight_is_the_closest_to_the_papers():
    assert shown_p_x(np.array([0.1, 0.35, 0.5])) == 0.35
    assert shown_p_x(np.array([0.5, 0.4])) == 0.4


# --- View


@cache
def machine(remaining):
    limits = replace(
        HERON, shortest_rep_delay=20e-6, longest_rep_delay=2e-3, default_rep_delay=200e-6
    )
    return Machine("ibm_test", None, limits, PRICE, True, remaining_seconds=remaining)


def cells(plan, heading):
    """Rows of the table whose first column has a heading."""
    (table,) = (t for t in plan_tables(plan) if t.columns[0] == heading)
    return table


def test_every_table_fits_a_terminal(paper, theory):
    for table in (*plan_tables(paper), *plan_tables(theory)):
        columns = list(zip(table.columns, *table.rows, strict=True))
        # As they are printed: one blank between columns, one at either end.
        width = sum(max(map(cell_len, column)) for column in columns) + len(columns) + 1
        assert width <= 80, table.columns
        assert all(len(row) == len(table.columns) for row in table.rows)


def test_headline_of_the_paper(paper):
    assert plan_headline(paper) == (
        "on hardware 45.6 min of QPU time in 5 jobs; predicted ΔQ_B − Q_tight = -0.288 hf at θ_b = "
        "0.785, z = -6; for 3 σ one trial needs 69 shots"
    )


def test_headline_without_hope(paper):
    warm = changed(paper, sweep=SweepSpec(theta_b=(0.0, 0.1), p_x=(0.4,)))
    assert plan_headline(warm).endswith("θ_b = 0.000, z = +6; no shots will show it below")


def test_headline_with_too_few_shots(paper):
    few = changed(paper, measurement=MeasurementSpec(shots=50, trials=5))
    assert plan_headline(few).endswith("; for 3 σ one trial needs 69 shots, not 50")


def test_where_no_process_exists_nothing_is_below(paper):
    point = predicted(changed(paper, sweep=SweepSpec(theta_b=(0.7,), p_x=(0.4,))))
    infinite = {"bound_tight": np.array([np.inf]), "excess_tight": np.array([np.inf])}
    none = replace(
        point,
        values={**point.values, **infinite},
        deviations={**point.deviations, **infinite},
        shots_for_verdict=np.array([np.inf]),
    )
    assert none.z() == np.inf
    plan = replace(paper)
    plan.__dict__["prediction"] = none  # as if it had been computed
    assert plan_headline(plan).endswith("no process that erases so much exists at any θ_b")
    (row,) = cells(plan, "θ_b").rows
    assert row[3:8] == ("–", row[4], "– ± –", "–", "–")
    (found,) = plan_summary(plan)["prediction"]["points"]
    assert found["excess_tight_J"] is None
    assert found["excess_tight_z"] is None


def test_headline_without_shots(theory):
    text = plan_headline(theory)
    assert text.startswith("infinitely many shots: for the exact engine alone; predicted")
    assert "z =" not in text


def test_table_of_the_jobs_adds_up(small_plan):
    from recycling.compilation.calibrations import compile_brackets

    bracketed = replace(small_plan, brackets=compile_brackets(small_plan.device))
    table = cells(bracketed, "jobs")
    assert [row[:2] for row in table.rows] == [
        ("2", "bracket-before"), ("2", "trial-0"), ("4", "all"),
    ]  # fmt: skip
    brackets, trials, everything = (
        [float(c.replace(",", "")) for c in row[2:]] for row in table.rows
    )
    # Each number is rounded to 0.1.
    np.testing.assert_allclose(2 * np.add(brackets, trials), everything, atol=2 * 2 * 0.05 + 0.051)
    assert "documented default of a Heron: as if on hardware" in table.note


def test_table_of_the_limits_on_hardware(small_plan):
    on_chip = replace(small_plan, hardware=machine(12.0))
    spec = small_plan.experiment.hardware.model_copy(
        update={"mode": "session", "max_execution_time": 5}
    )
    table = cells(changed(on_chip, hardware=spec), "limit")
    found = {row[0]: row[1:] for row in table.rows}
    # A trial is 2 s + 36,000 executions of 200 µs and its circuits.
    assert found["QPU time of a job"] == ("9 s", "5 s", "too much")
    assert found["left in the instance"] == ("19 s", "12 s", "too much")
    assert found["open plan"] == ("19 s", "10 min in 28 days", "fits")
    assert "billed by the clock" in table.note
    assert "the default of ibm_test" in cells(on_chip, "jobs").note
    unknown = cells(replace(small_plan, hardware=machine(None)), "limit")
    assert "left in the instance" not in [row[0] for row in unknown.rows]
    assert plan_headline(on_chip).startswith("19 s of QPU time in 2 jobs; ")


def test_table_of_the_limits_of_the_paper(paper):
    assert list(cells(paper, "limit").rows) == [
        ("executions of a job", "2,112,000", "10,000,000", "fits"),
        ("QPU time of a job", "547 s", "10,800 s", "fits"),
        ("posts", "5 jobs", "5 a minute", "fits"),
        ("open plan", "45.6 min", "10 min in 28 days", "4.6 allowances"),
    ]


def test_delay_of_the_spec_is_used(small_plan):
    spec = small_plan.experiment.hardware.model_copy(update={"rep_delay": 1e-3})
    given = changed(small_plan, hardware=spec)
    assert given.cost.rep_delay == 1e-3
    assert "rep_delay = 1000 µs, given in the spec" in cells(given, "jobs").note


def test_predictions_are_shown_in_units_of_the_quantum(paper):
    table = cells(paper, "θ_b")
    last = dict(zip(table.columns, table.rows[-1], strict=True))
    found = predicted(paper)
    assert float(last["ΔQ_B"]) == pytest.approx(found.values["heat"][-1] / QUANTUM, abs=5e-5)
    excess, error = map(float, last["ΔQ_B − Q_tight"].split(" ± "))
    assert excess == pytest.approx(found.values["excess_tight"][-1] / QUANTUM, abs=5e-5)
    half_width = 1.96 * found.pooled_stderr("excess_tight")[-1] / QUANTUM
    assert error == pytest.approx(half_width, abs=5e-5)
    assert table.rows[0][-2:] == ("–", "")
    assert [row[-1] for row in table.rows].count("below") == found.below().sum() == 4
    assert f"{QUANTUM / (k * 0.043 * np.log(2)):.3g} k_B T0 ln 2" in table.note


def test_infinitely_many_shots_are_shown_without_errors_or_cost(theory):
    headings = [table.columns[0] for table in plan_tables(theory)]
    assert headings == ["plan of theory", "circuit", "θ_b"]
    assert not any("±" in cell for row in cells(theory, "θ_b").rows for cell in row)


def test_summary_is_strict_json(paper, theory):
    for plan in (paper, theory):
        text = json.dumps(plan_summary(plan), allow_nan=False)
        assert json.loads(text) == plan_summary(plan)


def test_summary_holds_the_numbers(paper, theory):
    summary = plan_summary(paper)
    cost, found = cost_of(paper), predicted(paper)
    assert summary["cost"]["qpu_seconds"] == cost.qpu_seconds
    assert summary["cost"]["executions"] == 10_560_000
    assert sum(job["qpu_seconds"] for job in summary["cost"]["jobs"]) == cost.qpu_seconds
    assert summary["cost"]["jobs_beyond_limits"] == []
    assert [c["gates"]["cz"] for c in summary["circuits"]] == [20, 20, 23, 23, 23, 23, 26, 26]
    assert summary["schedule"][0]["part"] == "algorithm"
    point = summary["prediction"]["points"][-1]
    assert point["heat_J"] == found.values["heat"][-1]
    assert point["excess_tight_z"] == found.z()[-1]
    assert [p["below_tight"] for p in summary["prediction"]["points"]] == [False] * 7 + [True] * 4
    assert point["shots_for_verdict"] == 69
    assert summary["prediction"]["points"][0]["shots_for_verdict"] is None
    exact = plan_summary(theory)
    assert exact["cost"] is None
    assert exact["layout"] is None
    assert exact["prediction"]["points"][-1]["excess_tight_z"] is None
