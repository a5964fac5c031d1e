"""The percentile bootstrap for comparison: its mean is the plain estimate, its seed decides."""

import numpy as np
import pytest

import recycling as rc


def test_draws_scatter_about_the_plain_estimate(small_run, small_dataset):
    drawn = rc.plain_bootstrap(small_run, draws=60, seed=2)
    heat = drawn["heat"]
    assert heat.dims == ("theta_b", "p_x", "draw", "trial")
    plain = small_dataset["heat"].sel(arm="recycling").transpose("theta_b", "p_x", "trial")
    scatter = heat.std("draw")
    # The bias of the resampled estimate is below its scatter; 6 standard errors of the mean more.
    assert (abs(heat.mean("draw") - plain) < scatter * (1 + 6 / np.sqrt(60))).all()
    assert drawn.identical(rc.plain_bootstrap(small_run, draws=60, seed=2))
    assert drawn["entropy"].sizes["qubit"] == 3


def test_what_cannot_be_resampled_is_refused(small_run, theory_run):
    with pytest.raises(rc.BadInput, match="equal shots"):
        rc.plain_bootstrap(theory_run)
    with pytest.raises(rc.BadInput, match="draws = 10000000: give 1 to"):
        rc.plain_bootstrap(small_run, draws=10**7)
