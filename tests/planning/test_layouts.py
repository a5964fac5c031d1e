"""Placements ranked by predicted gain: the figure itself, the order, the spec, table and map."""

from dataclasses import replace
from itertools import combinations

import numpy as np
import pytest
from qiskit.providers.fake_provider import GenericBackendV2
from qiskit.transpiler import CouplingMap, InstructionProperties
from qiskit_ibm_runtime.fake_provider import FakeMarrakesh
from scipy.constants import h as planck

import recycling as rc
from circuits import HHL
from circuits.protocol import recycling_circuit
from recycling.compilation.route import route_algorithm
from recycling.devices.device import ROLES
from recycling.devices.placement import cz_errors, expected_errors, placements
from recycling.devices.profiles import override_device
from recycling.devices.shape import shape_of
from recycling.errors import BadInput
from recycling.execution.ibm.snapshots import snapshot_backend
from recycling.inference.bath.quantities import bloch_of
from recycling.inference.states.plain import plain_estimates
from recycling.inference.states.records import Layout, RecordMap
from recycling.jobs.cut import protocol_pubs
from recycling.planning.branches import branch_states
from recycling.planning.chips import build_device, chip, circuit_work
from recycling.planning.circuits import compile_all, compile_as_executed
from recycling.planning.ranking import (
    ScoredLayout,
    _compile,
    _score,
    score_layouts,
    with_layout,
)
from recycling.simulation.engine import compile_program, execute
from recycling.simulation.probabilities import protocol_probabilities
from recycling.spec.experiment import spec_text
from recycling.studies.chip_map import chip_map, layout_table, qubit_positions

QUANTUM = planck * 5e9
SHAPE = shape_of(HHL([[2, -1], [-1, 2]]).design, HHL([[2, -1], [-1, 2]]))
#: θ_b of the checked theory curve, and its ΔQ_B in units of hf at p_x = 0.4.
THETA_B = [0.0, np.pi / 8, np.pi / 4]
NOISELESS_HEAT = np.array([0.392728, 0.282678, -0.099249]) * QUANTUM
#: The theory curve is printed to six digits.
PRINTED = {"rel": 0, "abs": 1e-6 * QUANTUM}
SPEC = f"""
name = "small"
[sweep]
theta_b = {THETA_B}
p_x = [0.1, 0.4]
"""
#: Placements on the paper's chip, of unlike timing and of unlike quality.
CANDIDATES = (
    (11, 18, 12, 13, 10, 9), (11, 12, 10, 9, 18, 31), (3, 16, 4, 5, 2, 1),
    (73, 79, 72, 71, 74, 75), (133, 119, 134, 135, 132, 131),
)  # fmt: skip
#: Placements on a chip whose CZ gates take unlike times.
TORINO = ((67, 74, 68, 69, 66, 65), (88, 87, 89, 90, 94, 107))
LAYOUT = (11, 12, 18, 31, 10, 9)
INLINE = "{ C_I = 11, C_C0 = 12, C_C1 = 18, C_A = 31, B = 10, S = 9 }"


@pytest.fixture(scope="module")
def experiment():
    return rc.Experiment.parse(SPEC)


@pytest.fixture(scope="module")
def whole(experiment):
    return chip(experiment)


@pytest.fixture(scope="module")
def target(whole):
    return whole.target


@pytest.fixture(scope="module")
def scored(experiment):
    return score_layouts(experiment, candidates=CANDIDATES)


def alone(experiment, device, circuits):
    """Score of a placement that is evolved by itself."""
    states = branch_states(circuits, device, experiment.design, experiment.points)
    return _score(experiment, device, states, NOISELESS_HEAT, 0.0, SHAPE)


@pytest.fixture(scope="module")
def device(whole):
    return whole.device_on(CANDIDATES[0])


@pytest.fixture(scope="module")
def routed(experiment, device):
    return route_algorithm(experiment.algorithm.build(), device, optimization_level=1)


@pytest.fixture(scope="module")
def score(experiment, device, routed):
    """Score of a device that differs from ``device`` in its errors alone."""
    circuits = _compile(experiment, routed, device)
    return lambda damaged: alone(experiment, damaged, circuits)


def with_readout(device, false_excited, false_ground):
    count = device.num_qubits
    return device.replace(
        "test", false_excited=(false_excited,) * count, false_ground=(false_ground,) * count
    )


def with_cz_error(device, roles, error):
    pair = {device.roles.index(role) for role in roles}
    gates = tuple(
        gate.model_copy(update={"error": error}) if set(gate.qubits) == pair else gate
        for gate in device.gates
    )
    return device.replace("test", gates=gates)


# --- the figures ---------------------------------------------------------------------------------


def test_agrees_with_the_analysis_of_infinitely_many_shots(experiment, device, score):
    """By another way: tomography circuits, joint probabilities, and the estimator of a run.

    With perfect and lasting single qubits the tomography adds nothing: CZ errors alone are left.
    """
    lasting = override_device(device, t1=1e3, t2=1e3, single_qubit_error=0.0, readout_error=0.0)
    circuits = compile_all(experiment, lasting)
    # Less than 3 µs of tomography over a T1 of 1000 s move a population by 3e-9.
    exact = {"rel": 0, "abs": 1e-7 * QUANTUM}

    def analysed(device):
        pubs = protocol_pubs(experiment, circuits)
        probabilities = protocol_probabilities(pubs, device, experiment.design).values
        layout = Layout.of(experiment.design)
        equilibrium, recycling = (
            plain_estimates(
                # (stage, preparation, theta_b, basis, …) → (theta_b, stage, …, record)
                np.moveaxis(probabilities[arm].reshape(2, 2, len(THETA_B), 3, 16), 2, 0),
                RecordMap.raw(layout, [flag]), np.array([0.4]), rc.Bath.qubit(5e9, 0.043),
                bloch_of(experiment.algorithm.build().solution(experiment.theta_b)),
            )
            for arm, flag in ((0, 1), (1, 0))
        )  # fmt: skip
        heat, tight = (recycling[name][:, 0] for name in ("heat", "bound_tight"))
        credited = np.maximum(heat, NOISELESS_HEAT)
        return (
            (tight - credited).mean(), (tight - heat).mean(),
            recycling["gain"].mean(), equilibrium["fidelity"].mean(),
        )  # fmt: skip

    recycled, realised, gain, fidelity = analysed(lasting)
    own = score(lasting)
    assert own.recycled_gain == pytest.approx(recycled, **exact)
    assert own.recorded_gain == pytest.approx(recycled, **exact)
    assert own.realised_gain == pytest.approx(realised, **exact)
    assert own.gain == pytest.approx(gain, **exact)
    assert own.success_fidelity == pytest.approx(fidelity, rel=0, abs=1e-7)
    misread = with_readout(lasting, 0.01, 0.04)
    own = score(misread)
    assert own.recorded_gain == pytest.approx(analysed(misread)[0], **exact)


def test_agrees_with_the_thermodynamics_of_the_density_matrices(experiment, whole, scored):
    """On a noisy placement that was scored with circuits routed for another one."""
    own = next(one for one in scored if one.layout == CANDIDATES[3])
    device = whole.device_on(own.layout)
    routed = route_algorithm(experiment.algorithm.build(), device, optimization_level=1)
    bath = rc.Bath.qubit(5e9, 0.043)
    states = {}
    for stage in ("before", "after"):
        circuits = [
            recycling_circuit(
                routed, stage=stage, excited=excited, tomography=False,
                feedforward_latency=device.feedforward_latency,
            )
            for excited in (False, True)
        ]  # fmt: skip
        compiled = compile_as_executed(circuits, device, optimization_level=1)
        for role in ("S", "B"):
            programs = [
                compile_program(
                    circuit, device, {"theta_b": experiment.theta_b}, keep=[ROLES.index(role)]
                )
                for circuit in compiled
            ]
            without, with_x = (outcome.density_matrices[:, 0] for outcome in execute(programs))
            states[role, stage] = 0.6 * without + 0.4 * with_x
    before, after = (rc.von_neumann_entropy(states["S", stage]) for stage in ("before", "after"))
    heat = bath.energy(states["B", "after"]) - bath.energy(states["B", "before"])
    tight = rc.tight_bound(before - after, bath)
    gain = rc.gain(before - after, bath, states["B", "before"])
    # Rounding of some thousand operations on numbers near one.
    exact = {"rel": 0, "abs": 1e-12 * QUANTUM}
    assert own.gain == pytest.approx(gain.mean(), **exact)
    assert own.realised_gain == pytest.approx((tight - heat).mean(), **exact)
    recycled = (tight - np.maximum(heat, NOISELESS_HEAT)).mean()
    assert own.recycled_gain == pytest.approx(recycled, **PRINTED)


def test_expected_errors_are_what_the_best_layout_goes_by(experiment, whole, scored):
    everywhere = list(placements(whole.target, SHAPE))
    work = circuit_work(experiment, whole.device_on(everywhere[0]))
    fewest = min(everywhere, key=lambda own: expected_errors(own, whole.target, SHAPE, *work))
    assert fewest == build_device(experiment).layout
    for own in scored:
        expected = expected_errors(own.layout, whole.target, SHAPE, *work)
        assert own.expected_errors == pytest.approx(expected, rel=1e-12)


# --- why this figure and no plainer one ----------------------------------------------------------


@pytest.mark.parametrize("roles", SHAPE.couplings, ids="-".join)
def test_falls_with_every_cz_error(device, score, roles):
    own = [score(with_cz_error(device, roles, error)) for error in (0.002, 0.02, 0.1)]
    assert own[0].recycled_gain > own[1].recycled_gain > own[2].recycled_gain
    assert own[0].predicted_gain > own[1].predicted_gain > own[2].predicted_gain


@pytest.mark.parametrize("role", ["C_I", "C_C0", "C_C1"])
def test_falls_with_a_short_t1_of_the_algorithm(device, score, role):
    short = [15e-6 if own == role else t1 for own, t1 in zip(ROLES, device.t1, strict=True)]
    t2 = np.minimum(device.t2, np.multiply(2, short))
    damaged = device.replace("test", t1=tuple(short), t2=tuple(t2))
    assert score(damaged).predicted_gain < score(device).predicted_gain


def test_plain_figures_rise_with_errors(device, score):
    """The reason for the definition: should this fail one day, it can be simpler."""
    own = score(device)
    assert score(with_cz_error(device, ("B", "S"), 0.1)).gain > own.gain
    faulty = score(with_cz_error(device, ("C_I", "C_C1"), 0.3))
    assert faulty.realised_gain > own.realised_gain
    assert faulty.gain > own.gain


def test_a_hot_bath_does_not_win(scored):
    """Here a dying CZ gate makes the largest G of all, and the largest realised gain."""
    faulty = next(own for own in scored if own.layout == CANDIDATES[3])
    assert faulty.gain == max(own.gain for own in scored)
    assert faulty.realised_gain == max(own.realised_gain for own in scored)
    assert scored.index(faulty) == 3
    assert scored[0].success_fidelity > 0.95 > faulty.success_fidelity


def test_misread_bits_do_not_help(device, score):
    perfect, symmetric = (score(with_readout(device, error, error)) for error in (0.0, 0.05))
    assert perfect.recorded_gain == pytest.approx(perfect.recycled_gain, rel=1e-9, abs=0)
    assert symmetric.predicted_gain == symmetric.recorded_gain < perfect.predicted_gain
    # A target whose excitations are overlooked seems better erased than it is.
    low = np.where(np.array(ROLES) == "S", 0.12, device.false_ground)
    flattered = score(device.replace("test", false_ground=tuple(low)))
    assert flattered.predicted_gain == flattered.recycled_gain < flattered.recorded_gain


# --- the order -----------------------------------------------------------------------------------


def test_best_first_whatever_the_order_of_the_candidates(experiment, scored):
    gains = [own.predicted_gain for own in scored]
    assert gains == sorted(gains, reverse=True)
    assert sorted(own.layout for own in scored) == sorted(CANDIDATES)
    fractions = []
    again = score_layouts(experiment, candidates=CANDIDATES[::-1], progress=fractions.append)
    assert again == scored
    assert fractions == [0.2, 0.4, 0.6, 0.8, 1.0]


def test_placements_that_are_evolved_together_are_those_evolved_alone():
    """Also where their gates, and so their delays, take unlike times."""
    named = rc.Experiment.parse(SPEC + '[device]\nprofile = "FakeTorino"\n')
    devices = [chip(named).device_on(layout) for layout in TORINO]
    assert not np.array_equal(*(each.gates.durations.max() for each in devices[:2]))
    routed = route_algorithm(named.algorithm.build(), devices[0], optimization_level=1)
    scored = {own.layout: own for own in score_layouts(named, candidates=TORINO)}
    for device in devices:
        together = scored[device.layout]
        single = alone(named, device, _compile(named, routed, device))
        for name in ("recycled_gain", "recorded_gain", "gain", "success_fidelity"):
            assert getattr(together, name) == pytest.approx(getattr(single, name), rel=1e-11), name


def test_backend_with_placements_of_unlike_timing(experiment):
    """No placement is scored with the delays of another one."""
    backend = snapshot_backend("FakeTorino")
    lengths = {backend.target["cz"][pair].duration for pair in ((67, 74), (88, 87))}
    assert len(lengths) == 2
    named = rc.Experiment.parse(SPEC + '[device]\nprofile = "FakeTorino"\n')
    one_way = score_layouts(experiment, backend, candidates=TORINO)
    assert one_way == score_layouts(named, candidates=TORINO[::-1])


def test_circuits_chosen_by_gate_errors():
    """From level 2 on each placement is scored with the circuit that a run on it would get."""
    spec = rc.Experiment.parse(SPEC + '[device]\nprofile = "FakeFez"\noptimization_level = 2\n')
    layouts = ((87, 97, 86, 85, 88, 89), (89, 78, 90, 91, 88, 87))
    devices = [chip(spec).device_on(layout) for layout in layouts]
    routed = [
        route_algorithm(spec.algorithm.build(), device, optimization_level=2) for device in devices
    ]
    assert routed[0].circuit().count_ops() != routed[1].circuit().count_ops()
    scored = {own.layout: own for own in score_layouts(spec, candidates=layouts)}
    for layout, device, algorithm in zip(layouts, devices, routed, strict=True):
        own = alone(spec, device, _compile(spec, algorithm, device))
        assert scored[layout].gain == own.gain


def test_dead_gates_are_not_used(experiment):
    backend = FakeMarrakesh()  # changed below
    assert CANDIDATES[0] in list(placements(backend.target, SHAPE))
    for pair in ((10, 9), (9, 10)):
        if pair in backend.target["cz"]:
            dead = InstructionProperties(duration=68e-9, error=1.0)
            backend.target.update_instruction_properties("cz", pair, dead)
    for layout in placements(backend.target, SHAPE):
        place = dict(zip(ROLES, layout, strict=True))
        assert all({place[first], place[second]} != {9, 10} for first, second in SHAPE.couplings)
    with pytest.raises(BadInput, match="B = 10 and S = 9 are joined by a dead gate"):
        score_layouts(experiment, backend, candidates=CANDIDATES)


def test_no_chip():
    with pytest.raises(BadInput, match=r"device\.profile = 'ideal' has no chip"):
        score_layouts(rc.Experiment.parse('name = "a"\n[device]\nprofile = "ideal"\n'))


def test_no_placement(experiment):
    line = CouplingMap.from_line(8)
    backend = GenericBackendV2(
        8, basis_gates=["rz", "sx", "x", "cz"], control_flow=True, coupling_map=line, seed=1
    )
    with pytest.raises(BadInput, match=r"device\.layout: no placement on working gates"):
        score_layouts(experiment, backend)


# --- the choice goes into the spec ---------------------------------------------------------------


@pytest.mark.parametrize(
    "text",
    [
        spec_text("paper"),
        'name = "a"  # no device',
        'name = "a"\n[bath]\nfrequency = 4e9  # Hz\n',
        'name = "a"\ndevice = { profile = "FakeFez", t1 = 1e-4 }  # inline\nseed = 2\n',
        'name = "a"\ndevice.profile = "FakeFez"  # dotted\nseed = 2\n',
        'name = "a"\n[device]\nlayout.C_I = 3\nlayout.S = 4  # dotted\nt1 = 1e-4\n',
        'name = "a"\n[device]\nlayout = { C_I = 3, X = 2 }  # of another time\nt1 = 1e-4\n',
        'name = "a"\n[device]\nt1 = 1e-4\n[device.layout]  # a table\nB = 1 # b\n[bath]\n',
        'name = "a"\r\n[device]\r\nlayout = "best"  # line ends\r\nt1 = 1e-4\r\n',
    ],
)
def test_with_layout_changes_the_layout_alone(text):
    changed = with_layout(text, LAYOUT)
    before, after = rc.Experiment.parse(text), rc.Experiment.parse(changed)
    assert after.device.layout == dict(zip(ROLES, LAYOUT, strict=True))
    device = before.device.model_copy(update={"layout": after.device.layout})
    assert after == before.model_copy(update={"device": device})
    comments = [line.partition("#")[2] for line in text.splitlines()]
    assert [line.partition("#")[2] for line in changed.splitlines() if "#" in line] == [
        comment for comment in comments if comment
    ]
    assert with_layout(changed, LAYOUT) == changed


def test_with_layout_keeps_every_other_line():
    lines = spec_text("paper").splitlines(keepends=True)
    number = lines.index('layout = "best"\n')
    changed = with_layout("".join(lines), LAYOUT).splitlines(keepends=True)
    assert changed[number] == f"layout = {INLINE}\n"
    assert changed[:number] + changed[number + 1 :] == lines[:number] + lines[number + 1 :]
    commented = 'name = "a"\n[device]\nlayout = "best"   # why\nt1 = 1e-4  # s\n'
    assert with_layout(commented, LAYOUT) == commented.replace('"best"', INLINE)


def test_with_layout_refuses_what_is_no_spec():
    with pytest.raises(BadInput, match="not TOML"):
        with_layout("name =", LAYOUT)


# --- table and map -------------------------------------------------------------------------------


@pytest.fixture(scope="module", params=["FakeTorino", "FakeMarrakesh"])
def snapshot(request):
    return snapshot_backend(request.param)


def made_up(target, seed=0):
    """Scores of all placements without an engine."""
    generator = np.random.default_rng(seed)
    gains = np.sort(generator.normal(-0.05, 0.03, 10_000))[::-1] * QUANTUM
    return [
        ScoredLayout(layout, gain, gain, gain, gain, 0.95, 0.2 + rank / 100, SHAPE)
        for rank, (layout, gain) in enumerate(zip(placements(target, SHAPE), gains, strict=False))
    ]


def test_qubits_stand_where_the_maker_puts_them(snapshot):
    given = np.array(snapshot.configuration().coords) - 1
    assert qubit_positions(snapshot.target) == pytest.approx(given * [1, -1], abs=0)


def test_other_chips_are_laid_out_from_their_couplings():
    grid = GenericBackendV2(
        12, basis_gates=["rz", "sx", "x", "cz"], coupling_map=CouplingMap.from_grid(3, 4), seed=1
    )
    positions = qubit_positions(grid.target)
    distances = [np.linalg.norm(positions[a] - positions[b]) for a, b in combinations(range(12), 2)]
    assert positions.shape == (12, 2)
    assert min(distances) > 0.5


def test_map_shows_every_qubit_and_the_roles_of_the_best(snapshot):
    target = snapshot.target
    scores = made_up(target)
    figure = chip_map(target, scores, 5e9, title="a chip", alternatives=0)
    axes, bar = figure.axes
    positions = qubit_positions(target)
    texts = {text.get_text(): np.array(text.get_position()) for text in axes.texts}
    for qubit, position in enumerate(positions):
        assert texts[str(qubit)] == pytest.approx(position)
    names = ("$C_{I}$", "$C_{C0}$", "$C_{C1}$", "$C_{A}$", "$B$", "$S$")
    for name, qubit in zip(names, scores[0].layout, strict=True):
        assert np.linalg.norm(texts[name] - positions[qubit]) < 0.5
    dashed = next(lines for lines in axes.collections if len(lines.get_linestyle()[0][1] or ()) > 1)
    couplings = {frozenset(pair) for pair in target["cz"]}
    assert len(dashed.get_segments()) == len(couplings) - len(cz_errors(target)) > 0
    assert "(hf)" in bar.get_ylabel()
    assert axes.get_title() == "a chip"


def test_alternatives_share_no_qubit(target):
    scores = made_up(target)
    labels = {str(number) for number in range(target.num_qubits)}
    few = chip_map(target, scores, 5e9, title="", alternatives=0).axes[0]
    many = chip_map(target, scores, 5e9, title="", alternatives=3).axes[0]
    assert len(many.texts) == len(few.texts) + 3
    assert len(few.texts) == len(labels) + len(ROLES)
    ranks = [int(text.get_text()) for text in many.texts[:3]]
    chosen = [set(scores[0].layout), *(set(scores[rank - 1].layout) for rank in ranks)]
    assert all(a.isdisjoint(b) for a, b in combinations(chosen, 2))


def test_table_in_quanta(scored):
    table = layout_table(scored, 5e9, top=3)
    assert [row[0] for row in table.rows] == ["1", "2", "3"]
    assert all(len(row) == len(table.columns) for row in table.rows)
    assert table.rows[0][1].split() == [str(qubit) for qubit in scored[0].layout]
    assert table.rows[0][2] == f"{scored[0].recycled_gain / QUANTUM:+.4f}"
    assert "fewest expected errors has rank" in table.note
    nothing = replace(scored[0], gain=-np.inf)
    assert "no process" in layout_table([nothing], 5e9).rows[0]


def test_table_tells_how_far_the_error_product_agrees(target):
    agreeing = made_up(target)
    note = layout_table(agreeing, 5e9).note
    assert f"has rank 1 of {len(agreeing)}; the rank correlation of the two orders is 1.00." in note
