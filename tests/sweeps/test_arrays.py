"""The library that evolves the points of a sweep: the same numbers, and one for each folder."""

import sys

import numpy as np
import pytest

import recycling as rc
from recycling.errors import BadInput
from recycling.sweeps.run import sweep

OVER = {
    "samples": 20,
    "device.t1": {"random": [5e-5, 4e-4]},
    "device.feedforward_latency": {"sobol": [1e-7, 1e-5]},
}
TINY = rc.Experiment(
    name="tiny",
    algorithm={"name": "repeat-until-success"},
    device={"profile": "ideal", "t2": 5e-5},
    sweep={"theta": [0.3, 0.6], "p_x": [0.4], "over": OVER},
    measurement={"shots": "exact", "trials": 1},
)


@pytest.mark.slow
def test_jax_computes_the_same(tmp_path):
    plain = sweep(TINY, tmp_path / "numpy", workers=0)
    traced = sweep(TINY, tmp_path / "jax", workers=0, arrays="jax")
    heat = float(np.abs(plain["heat"]).max())
    for name, values in plain.data_vars.items():
        # Differences of energies keep the rounding of the energies.
        atol = 1e-12 * (heat if values.attrs["units"] == "J" else 1)
        np.testing.assert_allclose(traced[name], values, rtol=1e-10, atol=atol, err_msg=name)


def test_a_folder_stays_with_its_library(tmp_path):
    sweep(TINY, tmp_path / "sweep", workers=0)
    with pytest.raises(BadInput, match=r"arrays = 'jax': out = .* was begun with numpy, which"):
        sweep(TINY, tmp_path / "sweep", workers=0, arrays="jax")


@pytest.mark.parametrize(
    ("arrays", "hidden", "fault"),
    [
        ("abacus", None, "arrays = 'abacus': unknown; give numpy, jax or cupy"),
        ("cupy", "cupy", "arrays = 'cupy': CuPy is not installed; give numpy or jax"),
        ("jax", "jax", r"JAX is not installed: pip install 'thermodynamic-recycling\[jax\]'"),
    ],
)
def test_a_library_that_is_not_there_is_said(arrays, hidden, fault, tmp_path, monkeypatch):
    from recycling.simulation.traced import traced_library

    traced_library.cache_clear()
    if hidden:
        monkeypatch.setitem(sys.modules, hidden, None)
    with pytest.raises(BadInput, match=fault):
        sweep(TINY, tmp_path / "sweep", workers=0, arrays=arrays)
    assert not (tmp_path / "sweep").exists()
