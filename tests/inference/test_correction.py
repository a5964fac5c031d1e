"""Readout taken out of records: exact matrices, finite calibrations, and a flag that is misread."""

import numpy as np
import pytest

from recycling.errors import BadInput
from recycling.inference.readout.assignment import Assignment, drifting
from recycling.inference.readout.correction import record_maps
from recycling.inference.readout.matrices import tensor_product
from recycling.inference.states.estimates import Question, estimate, plain_values
from recycling.inference.states.samples import mixture, sample
from recycling.jobs.cut import protocol_pubs
from recycling.results.device import device_assignment
from recycling.simulation.probabilities import protocol_probabilities
from recycling.thermodynamics import Bath
from tests.inference.of_hhl import (
    AFTER,
    ANALYSED_FLAG,
    ARMS,
    BEFORE,
    C_I,
    DESIGN,
    LAYOUT,
    B,
    S,
    raw,
)

BATH = Bath.qubit()
P_X = np.array([0.05, 0.4])
FALSE_EXCITED = np.array([0.010, 0.006, 0.012, 0.008])
FALSE_GROUND = np.array([0.030, 0.011, 0.025, 0.015])
EPS = np.finfo(float).eps
#: An inverse of 16 × 16, of condition 1.2, times sums of 16.
ROUNDING = 200 * EPS
#: Bloch vectors of S, B and C_I by flag, stage and preparation: of a reset without any error.
STATES = np.zeros((2, 2, 2, 3, 3))
STATES[..., 2] = [
    [[[0.97, 0.3, 0.98], [-0.95, 0.3, 0.98]], [[0.3, 0.96, 0.98], [0.3, -0.94, 0.98]]],
    [[[0.96, 0.985, -0.5], [-0.94, 0.985, -0.5]], [[0.985, 0.95, -0.5], [0.985, -0.93, -0.5]]],
]
# Swapped into B from the output, and on into S.
STATES[0, BEFORE, :, B, 0] = STATES[0, AFTER, :, S, 0] = 0.6
#: Probability of the flags 0 and 1.
FLAGS = np.array([0.75, 0.25])


def assignment_matrices(e0, e1):
    """By [recorded, true] (array of shape (..., qubit, 2, 2))."""
    return np.stack([np.stack([1 - e0, e1], -1), np.stack([e0, 1 - e1], -1)], axis=-2)


def read_out(tables, e0=FALSE_EXCITED, e1=FALSE_GROUND):
    """Tables as recorded with errors of S, B and C_I; those of the flag come elsewhere."""
    factors = assignment_matrices(e0, e1)
    factors[..., 0, :, :] = np.eye(2)
    matrix = tensor_product(factors).swapaxes(-1, -2)
    # One matrix, or one for each θ_b.
    return tables @ matrix.reshape(-1, 1, 1, 1, 16, 16) if matrix.ndim > 2 else tables @ matrix


def assignment(covariance=None, joint=None, **changes):
    """Assignment matrices, told to be correlated if a joint one is given."""
    matrices = assignment_matrices(FALSE_EXCITED, FALSE_GROUND)
    values = {
        "false_excited": FALSE_EXCITED,
        "false_ground": FALSE_GROUND,
        "covariance": np.zeros((8, 8)) if covariance is None else covariance,
        "start_population": np.zeros(4),
        "start_stderr": np.zeros(4),
        "thermal_population": np.zeros(4),
        "thermal_stderr": np.zeros(4),
        "joint": tensor_product(matrices) if joint is None else joint,
        "p_value": 1.0 if joint is None else 0.0,
        "source": "a test",
    }
    return Assignment(**values | changes)


def product_tables(states):
    """Probabilities (..., basis, record of S, B, C_I) of product states (..., qubit, component)."""
    single = np.stack([(1 + states) / 2, (1 - states) / 2], axis=-1)
    tables = np.einsum(
        "...xa,...xb,...xc->...xabc", single[..., S, :, :], single[..., B, :, :],
        single[..., C_I, :, :],
    )  # fmt: skip
    return tables.reshape(*tables.shape[:-3], 8)


def of_flags(branches):
    """Tables (theta_b, trial, stage, preparation, basis, 16) of branches by true flag."""
    joined = np.concatenate(
        [FLAGS[flag] * product_tables(branches[flag]) for flag in (0, 1)], axis=-1
    )
    return joined[None, None]


def asked(maps, points=1):
    reference = np.tile([0.0, 0, 1], (points, 1))
    return Question(*maps, P_X, BATH, reference, "median unbiased")


def maps_of(arm, readout, known):
    return record_maps(DESIGN.arm(arm), readout, known, LAYOUT)


def vectors(tables, records):
    return mixture(tables, records, P_X).vector()


# --- exact matrices ------------------------------------------------------------------------------


def test_raw_records_are_left_alone():
    records, moved = maps_of("recycling", "raw", assignment())
    expected = raw("recycling")
    np.testing.assert_array_equal(records.weights, expected.weights)
    np.testing.assert_array_equal(records.values, expected.values)
    assert moved == ()


@pytest.mark.parametrize("arm", ARMS)
def test_corrected_records_show_the_true_states(arm):
    true = of_flags(STATES)
    records = raw(arm)
    # The flag is read out without error here: misreading it is no matter of S, B and C_I.
    recorded = read_out(true)
    corrected, _ = maps_of(arm, "corrected", assignment())
    found, expected = vectors(recorded, corrected), vectors(true, records)
    np.testing.assert_allclose(found, expected, rtol=0, atol=ROUNDING)
    assert np.abs(vectors(recorded, records) - expected).max() > 0.01, "raw ones do not"
    question = (BATH, np.array([[0.0, 0, 1]]))
    values = plain_values(recorded, Question(corrected, (), P_X, *question, "linear inversion"))
    truth = plain_values(true, Question(records, (), P_X, *question, "linear inversion"))
    for name, value in values.items():
        scale = 1.0 if name in ("entropy", "entropy_decrease") else np.nanmax(np.abs(truth[name]))
        # An entropy magnifies a rounding next to a pure state by up to ln(1/(1 - |r|)) ~ 5.
        np.testing.assert_allclose(value, truth[name], rtol=0, atol=1e-12 * scale, err_msg=name)


def test_a_correlated_joint_matrix_is_undone_whole():
    """Where S is read as 1, B is misread more often."""
    joint = np.array(assignment().joint).reshape(2, 8, 2, 8).sum(axis=0).mean(axis=1)
    crosstalk = np.eye(8)
    for record in range(4, 8):  # S is 1
        other = record ^ 2  # B the other way
        crosstalk[record, record], crosstalk[other, record] = 0.97, 0.03
    joint = crosstalk @ joint
    known = assignment(joint=np.kron(np.eye(2), joint))
    assert known.correlated
    true = of_flags(STATES)
    recorded = true @ np.kron(np.eye(2), joint).T
    for arm in ARMS:
        expected = vectors(true, raw(arm))
        corrected, _ = maps_of(arm, "corrected", known)
        np.testing.assert_allclose(vectors(recorded, corrected), expected, rtol=0, atol=ROUNDING)
        separately, _ = maps_of(arm, "corrected", assignment())
        assert np.abs(vectors(recorded, separately) - expected).max() > 0.01


# --- the flag ------------------------------------------------------------------------------------


def swapped(states, places):
    return states[..., places, :]


def misread(arm, e0=FALSE_EXCITED[:1], e1=FALSE_GROUND[:1]):
    """True branches, and tables of a device that misreads the flag and resets by what it read.

    Without a reset a misread flag is a matter of sorting alone. With one, an output that is taken
    for a failure is swapped with the bath, and a failure that is overlooked is not.
    """
    # (recorded, true, theta_b, and the axes of a table)
    chances = np.array([[1 - e0, e1], [e0, 1 - e1]]).reshape(2, 2, -1, 1, 1, 1, 1, 1)
    if arm == "equilibrium":
        own = [[STATES[flag] for flag in (0, 1)] for _ in (0, 1)]
    else:
        # By recorded and true flag: the reset exchanges C_I and B, the erasure then B and S.
        reset = np.array(STATES)
        unlike = np.array(STATES)
        for flag in (0, 1):
            unlike[flag, BEFORE] = swapped(STATES[flag, BEFORE], [S, C_I, B])
            unlike[flag, AFTER] = swapped(STATES[flag, AFTER], [C_I, B, S])
        own = [[(reset if read == flag else unlike)[flag] for flag in (0, 1)] for read in (0, 1)]
    tables = [
        sum(chances[read, flag] * FLAGS[flag] * product_tables(own[read][flag]) for flag in (0, 1))
        for read in (0, 1)
    ]
    return of_flags(STATES), np.concatenate(tables, axis=-1)


@pytest.mark.parametrize("arm", ARMS)
def test_unmixed_records_show_the_branches_of_a_perfect_flag(arm):
    true, recorded = misread(arm)
    known, recorded = assignment(), read_out(recorded)
    expected = vectors(true, raw(arm))
    unmixed, _ = maps_of(arm, "unmixed", known)
    np.testing.assert_allclose(vectors(recorded, unmixed), expected, rtol=0, atol=1e-12)
    corrected, _ = maps_of(arm, "corrected", known)
    assert np.abs(vectors(recorded, corrected) - expected).max() > 1e-3
    # And how often the branch comes.
    question = asked((unmixed, ()))
    found = plain_values(recorded, question)["branch_probability"]
    assert found[0, 0] == pytest.approx(FLAGS[ANALYSED_FLAG[arm]], abs=1e-12)


@pytest.fixture(scope="module")
def devices(small_plan):
    """Branch states (arm: vectors) of a device that reads the flag without error, and with one."""
    plan = small_plan
    pubs = protocol_pubs(plan.experiment, plan.circuits)
    qubit = plan.device.roles.index("C_A")

    def probabilities(false_excited, false_ground):
        rates = {}
        for name, rate in (("false_excited", false_excited), ("false_ground", false_ground)):
            old = getattr(plan.device, name)
            rates[name] = (*old[:qubit], rate, *old[qubit + 1 :])
        device = plan.device.replace("test", **rates)
        found = protocol_probabilities(pubs, device, plan.experiment.design).values
        tables = found.reshape(*found.shape[:5], 16)
        return device, np.moveaxis(tables, 3, 1)[:, :, None]

    return probabilities(0.0, 0.0), probabilities(0.01, 0.03)


@pytest.mark.parametrize("arm", ARMS)
def test_unmixing_undoes_what_a_device_with_a_misread_flag_does(devices, arm):
    """Its swap takes time and has errors, so a little is left: of the misread, the SWAP's error."""
    (perfect, of_perfect), (faulty, of_faulty) = devices
    own = ARMS.index(arm)
    branch, _ = maps_of(arm, "corrected", device_assignment(perfect, LAYOUT.roles))
    expected = vectors(of_perfect[own], branch)
    off = {}
    for readout in ("corrected", "unmixed"):
        records, _ = maps_of(arm, readout, device_assignment(faulty, LAYOUT.roles))
        off[readout] = np.abs(vectors(of_faulty[own], records) - expected).max()
    if arm == "equilibrium":  # nothing is done by the flag, so sorting is all
        assert off["unmixed"] < 1e-12 < off["corrected"]
    else:
        assert off["unmixed"] < off["corrected"] / 10


# --- finite calibrations -------------------------------------------------------------------------


@pytest.mark.slow
@pytest.mark.parametrize("readout", ["corrected", "unmixed"])
@pytest.mark.parametrize("calibration_shots", [400, 8000])
def test_corrected_estimates_cover_with_a_finite_calibration(readout, calibration_shots):
    """The calibration is off by an error of its own in every experiment.

    Here it is the truth that is drawn about the calibration, which is the same for small errors:
    so one map serves all experiments.
    """
    copies, shots, arm = 600, 8000, "recycling"
    rates = np.concatenate([FALSE_EXCITED, FALSE_GROUND])
    # Eight of sixteen preparations tell each of the errors.
    variance = rates * (1 - rates) / (8 * calibration_shots)
    generator = np.random.default_rng([calibration_shots, len(readout)])
    drawn = np.abs(generator.normal(rates, np.sqrt(variance), (copies, 8)))
    branch = raw(arm)
    true, recorded = misread(arm, drawn[:, 0], drawn[:, 4])
    if readout == "corrected":  # then the branch is what the recorded flag makes of it
        true = recorded
    truth = plain_values(true, asked((branch, ()), len(true)))
    counts = generator.multinomial(shots, read_out(recorded, drawn[:, :4], drawn[:, 4:]))
    records, moved = maps_of(arm, readout, assignment(np.diag(variance)))

    least = 0.93 - 3 * np.sqrt(0.93 * 0.07 / copies)

    def coverage(errors):
        found = estimate(counts, asked((records, errors), copies))
        return {
            name: ((found[name].low <= truth[name]) & (truth[name] <= found[name].high))
            .mean(axis=0)
            .min()
            for name in ("heat", "entropy_decrease", "excess_tight", "excess_landauer",
                         "excess_athermal", "entropy", "excited_population", "fidelity",
                         "branch_probability")
        }  # fmt: skip

    covered = coverage(moved)
    assert min(covered.values()) >= least, covered
    if calibration_shots == 400:
        ignored = coverage(())
        for name in ("entropy", "excited_population", "fidelity"):
            assert ignored[name] < least, "else they need not be known"


@pytest.mark.slow
@pytest.mark.parametrize("growth", [1.2, 1.0])
def test_corrected_estimates_cover_while_the_readout_drifts(growth):
    """By 20 % in all elements, at once after the first calibration: nothing is farther off.

    Five trials of 8,000 shots, and 8,000 of each preparation in both calibrations.
    """
    calibrations, copies, shots, arm = 12, 8, 40_000, "equilibrium"
    rates = 3 * np.concatenate([FALSE_EXCITED, FALSE_GROUND])
    generator = np.random.default_rng(20)
    true = of_flags(STATES)
    recorded = read_out(true, *np.split(growth * rates, 2))[np.zeros(copies, dtype=int)]
    truth = plain_values(true, asked((raw(arm), ())))
    names = ("entropy_decrease", "excess_tight")
    covered, widths = {"both": [], "before": []}, {"both": [], "before": []}
    for _ in range(calibrations):
        before, after = (measured(each, generator) for each in (rates, growth * rates))
        counts = generator.multinomial(shots, recorded)
        for known, matrices in (("both", drifting(before, after)), ("before", before)):
            found = estimate(counts, asked(maps_of(arm, "corrected", matrices), copies))
            limits = [(found[name].low, truth[name], found[name].high) for name in names]
            covered[known].append([((low <= t) & (t <= high)).mean(0) for low, t, high in limits])
            low, _, high = limits[0]
            widths[known].append(np.median(high - low))
    coverage = {known: np.mean(each, axis=0).min() for known, each in covered.items()}
    # Copies share the error of their calibration.
    error = np.std(covered["both"], axis=0).max() / np.sqrt(calibrations)
    assert coverage["both"] >= 0.93 - 3 * error
    if growth > 1:
        assert coverage["before"] < 0.67, "as without the second calibration"
    else:
        # The variance of a calibration grows by one half at most.
        assert np.mean(widths["both"]) < np.sqrt(1.5) * np.mean(widths["before"])


def measured(rates, generator, preparation_shots=8000):
    """Assignment matrices as a calibration measures them: eight preparations tell each error."""
    variance = rates * (1 - rates) / (8 * preparation_shots)
    found = generator.normal(rates, np.sqrt(variance))
    matrices = assignment_matrices(found[:4], found[4:])
    return assignment(
        np.diag(variance),
        false_excited=found[:4],
        false_ground=found[4:],
        joint=tensor_product(matrices),
        p_value=1.0,
    )


def test_corrected_outcomes_have_the_ends_and_the_shots_of_their_map():
    """A record stands for a value beyond ±1; a shot of negative weight takes information away."""
    records, _ = maps_of("equilibrium", "unmixed", assignment())
    for qubit in range(3):
        e0, e1 = FALSE_EXCITED[1 + qubit], FALSE_GROUND[1 + qubit]
        # All recorded as 0, or as 1: the mean outcome is r = (p̂ - e₁)/(1 - e₀ - e₁) · 2 - 1.
        assert records.top[qubit] == pytest.approx(2 * (1 - e1) / (1 - e0 - e1) - 1, rel=1e-14)
        assert records.bottom[qubit] == pytest.approx(-2 * e1 / (1 - e0 - e1) - 1, rel=1e-14)
    flag = ANALYSED_FLAG["equilibrium"]
    # The inverse of the flag's matrix: its row for the true flag that is analysed.
    contrast = 1 - FALSE_EXCITED[0] - FALSE_GROUND[0]
    own, other = (1 - FALSE_EXCITED[0]) / contrast, -FALSE_EXCITED[0] / contrast
    expected = np.where(LAYOUT.bits[:, 0] == flag, own, other)
    assert flag == 1
    np.testing.assert_allclose(records.weights, expected, rtol=1e-14)
    counts = np.random.default_rng(3).multinomial(8000, np.full(16, 1 / 16), size=(2, 3))
    found = sample(counts, records).shots[..., 0]
    weighted = (counts @ expected) ** 2 / (counts @ expected**2)
    np.testing.assert_allclose(found, weighted.T, rtol=1e-13)


# --- what cannot be undone -----------------------------------------------------------------------


@pytest.mark.parametrize("arm", ARMS)
def test_a_readout_that_tells_nothing_is_refused(arm):
    blind = np.array(FALSE_EXCITED)
    blind[1 + B] = 1 - FALSE_GROUND[1 + B]
    with pytest.raises(BadInput, match="assignment of B"):
        maps_of(arm, "corrected", assignment(false_excited=blind))


@pytest.mark.parametrize("arm", ARMS)
def test_a_flag_that_tells_nothing_is_refused_only_where_it_is_unmixed(arm):
    blind = np.array(FALSE_EXCITED)
    blind[0] = 1 - FALSE_GROUND[0]
    known = assignment(false_excited=blind)
    with pytest.raises(BadInput, match="assignment of C_A"):
        maps_of(arm, "unmixed", known)
    records, _ = maps_of(arm, "corrected", known)
    assert np.isfinite(records.values).all()


def test_a_singular_joint_matrix_is_refused():
    joint = np.array(assignment().joint)
    joint[:, 3] = joint[:, 2]
    joint[:, 11] = joint[:, 10]
    with pytest.raises(BadInput, match="the joint matrix has the condition number"):
        maps_of("recycling", "corrected", assignment(joint=joint))
