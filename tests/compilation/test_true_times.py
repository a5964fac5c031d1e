"""A schedule of the service beside the plan: latency, idle time and order in numbers."""

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from recycling.compilation.timeline import Operation
from recycling.compilation.true_times import Comparison, idle_time, latencies

PLANNED = (
    Operation("delay", (1,), 0.0, 1e-6, False),
    Operation("x", (0,), 0.0, 4e-8, False),
    Operation("measure", (0,), 4e-8, 1e-6, False),
    Operation("cz", (0, 1), 1.54e-6, 7e-8, True),
    Operation("measure", (1,), 1.61e-6, 1e-6, False),
)


def later(operations, seconds, after):
    """The same operations, those after a time later."""
    return tuple(replace(o, start=o.start + seconds * (o.start > after)) for o in operations)


@given(st.floats(0, 5e-6))
@settings(max_examples=30)
def test_a_longer_latency_is_measured_as_it_is(more):
    compared = Comparison(PLANNED, later(PLANNED, more, after=1.1e-6))
    assert latencies(compared.planned) == pytest.approx([0.5e-6], abs=1e-12)
    assert compared.latency_difference == pytest.approx(more, abs=1e-12)
    # The measured qubit waits for the decision; the bath begins with it.
    assert compared.idle_difference(0) == pytest.approx(more, abs=1e-12)
    assert compared.idle_difference(1) == pytest.approx(0.0, abs=1e-12)
    assert compared.other_order == 0


def test_every_round_has_a_latency_of_its_own():
    second = tuple(replace(o, start=o.start + 10e-6 + 2e-7 * o.conditional) for o in PLANNED)
    assert latencies(PLANNED + second) == pytest.approx([0.5e-6, 0.7e-6], abs=1e-12)
    assert latencies(PLANNED[:3]) == []
    assert Comparison(PLANNED, PLANNED[:3]).latency_difference is None


def test_operations_in_another_order_are_counted_in_pairs():
    apart = (Operation("x", (0,), 0.0, 1e-8, False), Operation("x", (1,), 1e-8, 1e-8, False),
             Operation("x", (2,), 2e-8, 1e-8, False))  # fmt: skip
    swapped = (replace(apart[0], start=2e-8), apart[1], replace(apart[2], start=0.0))
    assert Comparison(apart, swapped).other_order == 3
    # What was planned at the same time has no order.
    together = tuple(replace(o, start=0.0) for o in apart)
    assert Comparison(together, apart).other_order == 0


def test_a_qubit_without_operations_never_idles():
    assert idle_time(PLANNED, 7) == 0.0
