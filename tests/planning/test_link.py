"""A link from the spec to counts: as a channel in simulators, as a wait on machines."""

from types import SimpleNamespace

import numpy as np
import pytest
from scipy.constants import h
from scipy.stats import chi2

import recycling as rc
from circuits.tomography import BASIS_ANGLES
from recycling.compilation.structure import schedule
from recycling.compilation.walk import waits, walk
from recycling.execution.aer import noise_model, simulator_of, with_idle_noise
from recycling.execution.machine import placed_circuit
from recycling.planning.circuits import channel_on
from recycling.planning.plan import check_for_machine
from recycling.planning.ranking import score_layouts
from recycling.planning.rehearsal import simulate_counts
from recycling.results.analysis import analyse_counts
from recycling.results.attributes import experiment_attributes
from recycling.results.theory import ideal_experiment

SMALL = """\
name = "linked"
[algorithm]
name = "repeat-until-success"
[device]
profile = "FakeMarrakesh"
layout = { data = 11, ancilla = 12, B = 10, S = 9 }
[sweep]
theta = [0.6]
p_x = [0.4]
[measurement]
shots = "exact"
trials = 1
"""
LOSSY = """
[link]
transmissivity = 0.6
coherence = 0.8
temperature = "80 mK"
delay = "2 us"
"""
IDLE = """
[link]
preset = "eth-5m"
realisation = "idle"
"""
#: A right link fails once in 10⁴ by chance; the seeds are fixed.
LEVEL = 1e-4


@pytest.fixture(scope="module")
def plans():
    """Plans on the same chip without a link, with a channel, and with a wait."""
    texts = {"none": "", "channel": LOSSY, "idle": IDLE, "lossless": "[link]\ntransmissivity = 1"}
    return {name: rc.plan(rc.Experiment.parse(SMALL + text)) for name, text in texts.items()}


# -- figures ---------------------------------------------------------------------------------------

FIGURES = """
[sweep]
theta_b = ["45 deg"]
p_x = [0.4]
[measurement]
shots = "exact"
trials = 1
[link]
preset = "eth-5m"
"""


@pytest.mark.parametrize(
    ("device", "figures"),
    [
        ('profile = "ideal"', {"entropy_decrease": 0.346579, "heat": 0.063249,
                               "bound_tight": 0.118454, "bound_landauer": 0.062105}),
        # The layout that is best for the preset "paper".
        ('profile = "paper"\nlayout = { C_I = 11, C_C0 = 18, C_C1 = 12, C_A = 13, B = 10, '
         "S = 9 }", {"heat": 0.065816, "bound_tight": 0.091070, "bound_landauer": 0.051758}),
    ],
    ids=["theory", "paper"],
)  # fmt: skip
def test_the_five_metre_link_at_the_largest_angle(device, figures):
    experiment = rc.Experiment.parse(f'name = "linked"\n[device]\n{device}\n{FIGURES}')
    predicted = rc.plan(experiment).prediction.values
    for name, figure in figures.items():
        unit = 1 if name == "entropy_decrease" else h * 5e9
        assert float(np.ravel(predicted[name])[0]) / unit == pytest.approx(figure, abs=6e-7), name


def test_at_the_smallest_angle_the_link_alone_makes_the_gain():
    text = f'name = "linked"\n[device]\nprofile = "ideal"\n{FIGURES}'.replace('"45 deg"', "0")
    experiment = rc.Experiment.parse(text)
    predicted = rc.plan(experiment).prediction.values
    bath, link = rc.Bath.qubit(), experiment.physical_link
    decrease = float(np.ravel(predicted["entropy_decrease"])[0])
    alone = rc.gain(decrease, bath, link.transmit(bath.gibbs()))
    assert float(np.ravel(predicted["gain"])[0]) / (h * 5e9) == pytest.approx(0.009669, abs=6e-7)
    assert alone / (h * 5e9) == pytest.approx(0.016123, abs=6e-7)


# -- channel ---------------------------------------------------------------------------------------


def test_a_lossless_link_leaves_the_dataset_as_it_is(plans):
    def dataset(planned):
        experiment = planned.experiment
        attributes = experiment_attributes(experiment, planned.device)
        return analyse_counts(experiment, simulate_counts(planned), attributes)

    without, linked = dataset(plans["none"]), dataset(plans["lossless"])
    assert set(without.data_vars) <= set(linked.data_vars)  # with a link there are its heats too
    for name, values in without.data_vars.items():
        if values.dtype.kind == "f":
            scale = h * 5e9 if values.attrs.get("units") == "J" else 1
            np.testing.assert_allclose(
                linked[name] / scale, values / scale, rtol=1e-12, atol=1e-12, err_msg=name
            )


def test_the_channel_acts_on_b_in_the_recycling_arm_alone(plans):
    for (arm, *_), circuit in plans["channel"].circuits.items():
        channels = [each for each in walk(circuit) if each.instruction.operation.name == "kraus"]
        bath = plans["channel"].device.roles.index("B")
        assert [(each.qubits, each.conditional) for each in channels] == (
            [((bath,), False)] * (arm == "recycling")
        )
    without, linked = (simulate_counts(plans[name]) for name in ("none", "channel"))
    np.testing.assert_array_equal(without.sel(arm="equilibrium"), linked.sel(arm="equilibrium"))
    # Whatever the flag: P1(B) before is η P1 + (1 - η) p_eq in either branch, then misread.
    link = plans["channel"].experiment.physical_link
    device = plans["channel"].device
    assignment = device.assignment[device.roles.index("B")]
    setting = {"arm": "recycling", "stage": "before", "preparation": "I"}

    def excited(counts):
        table = counts.sel(setting).isel(basis=2).sum(["S", "data"]).squeeze()
        recorded = table.values / table.values.sum(-1, keepdims=True)
        return np.linalg.solve(assignment, recorded.T)[1]

    relaxed = 2e-6 / device.t1[device.roles.index("B")]
    expected = link.transmit([np.diag([1 - p, p]) for p in excited(without)])[:, 1, 1].real
    np.testing.assert_allclose(excited(linked), expected, atol=1.1 * relaxed)


def p_value(observed, probabilities):
    """P-value of 500 shots of each setting; records that expect less than 5 are one record."""
    statistic, freedom = 0.0, 0
    for found, p in zip(observed, probabilities, strict=True):
        means = 500 * p.ravel()
        rare = means < 5
        cells = np.append(found[~rare], found[rare].sum())
        expected = np.append(means[~rare], means[rare].sum())
        kept = expected > 1
        statistic += np.sum((cells - expected)[kept] ** 2 / expected[kept])
        freedom += kept.sum() - 1
    return chi2.sf(statistic, freedom)


def test_aer_agrees_with_the_exact_engine(plans):
    planned = plans["channel"]
    # Coherences where the target shows no preparation, and populations where it does.
    bases = {setting: "Z" if setting[2] == "X" else "X" for setting in planned.circuits}
    bound = []
    for setting, circuit in planned.circuits.items():
        angles = dict(zip(("basis_theta", "basis_phi"), BASIS_ANGLES[bases[setting]], strict=True))
        noisy = with_idle_noise(circuit, planned.device)
        bound.append(noisy.assign_parameters({"theta": 0.6} | angles))
    # All in one run: Aer takes longer to begin than to draw the shots.
    job = simulator_of(noise_model(planned.device)).run(bound, shots=500, seed_simulator=1)
    observed = np.zeros((8, 16))
    for number in range(8):
        for record, count in job.result().get_counts(number).items():
            observed[number, int(record.replace(" ", ""), 2)] = count
    # The first register is outermost, as in the counts.
    observed = observed.reshape(8, 2, 2, 2, 2).transpose(0, 4, 3, 2, 1).reshape(8, 16)

    def probabilities(name):
        exact = simulate_counts(plans[name])
        dims = ("arm", "stage", "preparation", "basis")
        return [exact.sel(dict(zip(dims, (*setting, basis), strict=True))).values
                for setting, basis in bases.items()]  # fmt: skip

    assert p_value(observed, probabilities("channel")) > LEVEL
    assert p_value(observed, probabilities("none")) < 1e-12


def test_a_channel_acts_where_its_delay_is_over(plans):
    """So what data say of the state before the link is what entered the channel."""
    circuit = plans["channel"].circuits["recycling", "before", "I"]
    bath = circuit.qubits[plans["channel"].device.roles.index("B")]
    names = [each.operation.name for each in circuit.data if bath in each.qubits]
    assert names[names.index("kraus") - 2 :][:3] == ["delay", "barrier", "kraus"]


# -- idle ------------------------------------------------------------------------------------------


def test_an_idle_link_waits_in_whole_steps_and_prepares_the_target_afterwards(plans):
    planned = plans["idle"]
    device, step = planned.device, 16 * planned.device.dt
    bath, target = (device.roles.index(role) for role in ("B", "S"))
    wanted = -device.t1[bath] * np.log(0.675)
    wait = channel_on(planned.experiment, device).wait
    assert wait == pytest.approx(wanted, abs=step / 2)
    assert wait / step == pytest.approx(round(wait / step), abs=1e-9)
    for (arm, _, preparation), circuit in planned.circuits.items():
        if arm == "equilibrium":
            assert waits(circuit) == frozenset()
            continue
        found = [circuit.data[place] for place in waits(circuit)]
        (delay,) = [each.operation for each in found if circuit.qubits[bath] in each.qubits]
        assert (delay.unit, delay.duration) == ("dt", round(wait / device.dt))
        gates = [
            (place, circuit.find_bit(each.qubits[0]).index)
            for place, each in enumerate(circuit.data)
            if each.operation.name == "x"
        ]
        of_target = [place for place, qubit in gates if qubit == target]
        assert len(of_target) == (preparation == "X")
        assert all(place > max(waits(circuit)) for place in of_target)
    steps = {each.name: each for each in schedule(planned.circuits["recycling", "after", "X"],
                                                  device, planned.experiment.design)}  # fmt: skip
    assert steps["link"].duration == pytest.approx(wait)
    assert steps["link"].roles == ("B",)


def test_the_equilibrium_arm_does_not_wait(plans):
    without, idle = (simulate_counts(plans[name]) for name in ("none", "idle"))
    np.testing.assert_array_equal(without.sel(arm="equilibrium"), idle.sel(arm="equilibrium"))


def test_a_service_gets_the_wait_and_no_other_delay(plans):
    planned, layout = plans["idle"], plans["idle"].device.layout
    wait = round(channel_on(planned.experiment, planned.device).wait / planned.device.dt)
    for (arm, *_), circuit in planned.circuits.items():
        placed = placed_circuit(circuit, planned.device, 156)
        found = {
            placed.find_bit(each.qubits[0]).index: each.operation.duration
            for each in placed.data
            if each.operation.name == "delay"
        }
        assert found == (dict.fromkeys(layout, wait) if arm == "recycling" else {})


def test_hardware_takes_an_idle_link_and_no_channel():
    machine = SimpleNamespace(limits=SimpleNamespace(shortest_rep_delay=0, longest_rep_delay=1))
    connection = SimpleNamespace(machine=machine)
    check_for_machine(rc.Experiment.parse(SMALL + IDLE), connection)
    check_for_machine(rc.Experiment.parse(SMALL), connection)
    with pytest.raises(rc.BadInput) as caught:
        check_for_machine(rc.Experiment.parse(SMALL + LOSSY), connection)
    assert str(caught.value) == ("link.realisation = 'channel': hardware applies none; give 'idle'")


def test_an_ideal_bath_does_not_relax():
    experiment = rc.Experiment.parse('name = "a"\ndevice.profile = "ideal"\n' + IDLE)
    with pytest.raises(rc.BadInput, match="B of this device does not relax; give 'channel'"):
        rc.plan(experiment)


@pytest.mark.parametrize("link", [IDLE, LOSSY], ids=["idle", "channel"])
def test_where_gates_take_no_time_all_qubits_wait_with_b(link):
    text = SMALL[: SMALL.index("[device]")] + SMALL[SMALL.index("[sweep]") :]
    ideal = '[device]\nprofile = "ideal"\nt1 = "200 us"\nt2 = "150 us"\n'
    planned = rc.plan(rc.Experiment.parse(text + ideal + link))
    for (arm, *_), circuit in planned.circuits.items():
        waiting = [circuit.data[place].qubits[0] for place in waits(circuit)]
        assert set(waiting) == (set(circuit.qubits) if arm == "recycling" else set())
        assert circuit.count_ops().get("delay", 0) == len(waiting)


def test_the_theory_of_an_idle_link_has_the_channel_of_its_losses(plans):
    ideal = ideal_experiment(plans["idle"].experiment)
    assert ideal.physical_link.total_transmissivity == 0.675
    assert ideal.physical_link.temperature == 0.043
    assert not ideal.link.is_idle


def test_layouts_are_ranked_with_the_wait_that_each_needs(plans):
    experiment = plans["idle"].experiment
    places = [(11, 12, 10, 9), (12, 11, 13, 14)]
    (alone,) = score_layouts(experiment, candidates=places[1:])
    scored = {each.layout: each.gain for each in score_layouts(experiment, candidates=places)}
    assert scored[places[1]] == alone.gain
