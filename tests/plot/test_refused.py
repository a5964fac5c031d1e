"""What cannot be drawn is refused in one line, whatever the figure."""

import matplotlib.pyplot as plt
import pytest
import xarray as xr

import recycling as rc


@pytest.mark.parametrize("name", rc.plot.__all__)
def test_one_line_refuses_what_cannot_be_drawn(name, theory_run):
    before = plt.get_fignums()
    part = theory_run.dataset.sel(arm="recycling")
    for given in (None, 3, "runs/mine", xr.Dataset(), part):
        with pytest.raises(rc.BadInput) as refused:
            getattr(rc.plot, name)(given)
        assert "\n" not in str(refused.value), given
    assert plt.get_fignums() == before


@pytest.mark.parametrize("ax", [3, [], "left"])
def test_axes_that_are_none(ax, theory_run):
    with pytest.raises(rc.BadInput, match=r"^ax = .*: give axes of Matplotlib, or None"):
        rc.plot.fig4b(theory_run, ax=ax)
