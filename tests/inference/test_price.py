"""The price of jobs is fitted to their bills: with its error, and unmoved by odd bills."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from recycling.inference.statistics.price import fit_price


def jobs_of(generator, count):
    """Executions of jobs, and the time that the formula explains."""
    executions = generator.integers(1_000, 2_000_000, count)
    return executions, executions * generator.uniform(20e-6, 500e-6, count)


@given(st.floats(0, 20), st.floats(0, 1e-4), st.integers(0, 2**32 - 1))
@settings(max_examples=40)
def test_exact_bills_give_the_price_back(overhead, extra, seed):
    executions, explained = jobs_of(np.random.default_rng(seed), 12)
    fit = fit_price(overhead + explained + extra * executions, explained, executions)
    assert fit.overhead == pytest.approx(overhead, abs=1e-6)
    assert fit.per_execution == pytest.approx(extra, abs=1e-12)
    assert not fit.poor
    assert fit.seconds(explained, executions) == pytest.approx(
        overhead + explained + extra * executions
    )


def test_whole_seconds_are_within_the_error_and_a_few_odd_bills_do_not_move_it():
    generator, distances = np.random.default_rng(4), []
    for _ in range(60):
        executions, explained = jobs_of(generator, 20)
        bills = np.ceil(2.0 + explained + 5e-6 * executions)
        bills[:2] += 100  # two jobs that were charged for a fault of the service
        fit = fit_price(bills, explained, executions)
        # A bill is rounded up: by half a second in the mean.
        distances.append(((fit.overhead - 2.5) / fit.overhead_error,
                          (fit.per_execution - 5e-6) / fit.per_execution_error))  # fmt: skip
        assert not fit.poor
    # 68 % within one error, 95 % within two: 4 standard deviations of 60 draws allowed.
    within = np.mean(np.abs(distances) < 2, axis=0)
    assert (within > 0.95 - 4 * np.sqrt(0.95 * 0.05 / 60)).all()


def test_bills_that_follow_no_formula_are_a_poor_fit():
    generator = np.random.default_rng(5)
    executions, explained = jobs_of(generator, 30)
    assert fit_price(explained * generator.uniform(0.5, 3, 30), explained, executions).poor


def test_jobs_alike_tell_the_overhead_alone_and_two_jobs_nothing():
    alike = fit_price([12, 12, 13, 12], [9.8, 9.8, 9.8, 9.8], [40_000] * 4)
    assert alike.per_execution == alike.per_execution_error == 0
    # Robust: from the median of the bills less 9.8 s to their mean.
    assert 2.2 <= alike.overhead <= 2.45
    assert fit_price([12, 13], [9.8, 9.8], [40_000, 80_000]) is None
