"""The unit cell as printed: its digits, and what it says of them."""

import numpy as np
import pytest
from scipy.constants import h, k

import recycling as rc

KELVIN = np.array([0.01, 1.0, 4.0, 300.0])
LOSS = np.array([1e-5, 3e-6, 1e-6, 3e-7, 1e-7, 3e-8, 1e-8])[:, None]
#: T2* in µs by loss tangent and temperature, computed independently.
T2_STAR = [
    [9.4637, 5.8258, 2.6910, 0.0498],
    [9.5050, 7.9473, 5.3103, 0.1574],
    [9.5168, 8.8702, 7.3559, 0.4122],
    [9.5209, 9.2461, 8.5022, 0.9512],
    [9.5221, 9.3593, 8.8984, 1.5185],
    [9.5226, 9.3997, 9.0459, 1.9192],
    [9.5227, 9.4112, 9.0889, 2.0756],
]


def test_numbers_give_numbers():
    assert all(map(np.isscalar, vars(rc.unit_cell(4.0, 1e-5)).values()))


def test_all_cells():
    cell = rc.unit_cell(KELVIN, LOSS)
    np.testing.assert_allclose(cell.t2_star * 1e6, T2_STAR, rtol=0, atol=5.1e-5)
    anchored = np.zeros((7, 4), bool)
    anchored[:, 0] = anchored[[0, 4], 2] = True
    assert np.array_equal(cell.extrapolated, ~anchored)
    assert anchored.sum() == 9
    for field in ("t1", "dephasing_rate", "fidelity", "breaks_detailed_balance"):
        assert getattr(cell, field).shape == (7, 4)
    np.testing.assert_allclose(cell.t1[0] * 1e6, 100 / (1 + KELVIN / 4.2))


@pytest.mark.parametrize(
    ("kelvin", "loss", "fidelity"),
    [(4, 1e-5, 99.8761), (4, 1e-7, 99.9625), (0.01, 1e-7, 99.9650)],
)
def test_printed_fidelities(kelvin, loss, fidelity):
    cell = rc.unit_cell(kelvin, loss)
    assert not cell.extrapolated
    assert round(float(cell.fidelity) * 100, 4) == fidelity
    twice = rc.unit_cell(kelvin, loss, gate_time=20e-9)
    np.testing.assert_allclose(1 - twice.fidelity, 2 * (1 - cell.fidelity), rtol=1e-12)


def test_coherence_beyond_detailed_balance_is_flagged():
    """At 4 K above 5.997 µs: 2 T1 of a bath of bosons."""
    limit = 2 * 100e-6 * np.tanh(h * 5e9 / (2 * k * 4.0))
    assert round(limit * 1e6, 3) == 5.997
    cell = rc.unit_cell(4.0, np.geomspace(1e-8, 1e-5, 50))
    assert np.array_equal(cell.breaks_detailed_balance, cell.t2_star > limit)
    assert not rc.unit_cell(0.01, LOSS).breaks_detailed_balance.any()


@pytest.mark.parametrize(
    ("arguments", "line"),
    [
        ((-1, 1e-7), "temperature = -1 K: give a finite number above 0"),
        ((0, 1e-7), "temperature = 0 K: give a finite number above 0"),
        ((4, -1e-7), "loss_tangent = -1e-07: give a finite number, 0 or more"),
    ],
)
def test_bad_numbers_are_refused(arguments, line):
    with pytest.raises(rc.BadInput) as caught:
        rc.unit_cell(*arguments)
    assert str(caught.value) == line
