"""Values of the points: any part of a sweep by itself is the same as in the whole."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from recycling.spec.over import over_of
from recycling.sweeps.chunks import Chunks
from recycling.sweeps.points import Points

CONTENT = {
    "samples": 300,
    "device.t1": {"sobol": [3e-5, 4e-4], "scale": "log"},
    "device.t2": {"random": [1e-5, 6e-5]},
    "bath.temperature": {"random": [0.02, 0.09]},
    "device.readout_error": {"sobol": [0.0, 0.1]},
    "device.cz_error": {"start": 5e-4, "stop": 8e-3, "points": 3, "scale": "log"},
    "device.profile": ["FakeFez", "FakeTorino"],
}


def points(seed=3, **changes):
    return Points(over_of(CONTENT | changes, {}, ()), seed)


@settings(max_examples=12)
@given(st.integers(0, 299), st.integers(1, 300), st.integers(0, 2**63 - 1))
def test_any_part_is_that_of_the_whole(start, length, seed):
    sweep = points(seed)
    every = (slice(None), slice(None), slice(0, 300))
    part = (slice(1, 3), slice(0, 1), slice(start, min(300, start + length)))
    shape = tuple(sweep.sizes.values())
    for key, values in sweep.columns(part).items():
        whole = sweep.columns(every)[key].reshape(shape)
        assert np.array_equal(whole[part].ravel(), values), key


def test_values_keep_to_their_ends():
    columns = points().columns((slice(None), slice(None), slice(0, 300)))
    for key, (low, high) in {
        "device.t1": (3e-5, 4e-4), "device.t2": (1e-5, 6e-5), "bath.temperature": (0.02, 0.09),
        "device.readout_error": (0.0, 0.1), "device.cz_error": (5e-4, 8e-3),
    }.items():  # fmt: skip
        assert low * (1 - 1e-12) <= columns[key].min()
        assert columns[key].max() <= high * (1 + 1e-12)


def test_an_axis_more_leaves_the_random_ones_alone():
    more = points(**{"device.single_qubit_error": {"random": [0.0, 0.1]}})
    assert np.array_equal(more.sampled(0, 9)["device.t2"], points().sampled(0, 9)["device.t2"])


def test_seeds_make_other_samples():
    ours, theirs = points(3).sampled(0, 300), points(4).sampled(0, 300)
    assert all(not np.array_equal(ours[key], theirs[key]) for key in ours)


def test_a_sobol_sequence_is_even():
    sweep = Points(over_of({"samples": 1024, "sweep.p_x": {"sobol": [0.0, 1.0]}}, {}, ()), 1)
    counts, _ = np.histogram(sweep.sampled(0, 1024)["sweep.p_x"], bins=64, range=(0, 1))
    assert set(counts) == {16}


@settings(max_examples=50)
@given(
    st.dictionaries(st.sampled_from("abc"), st.integers(1, 12), min_size=1, max_size=3),
    st.floats(1e4, 1e7),
)
def test_chunks_cover_a_sweep_once(sizes, bytes_per_point):
    chunks = Chunks.of(sizes, bytes_per_point)
    counted = np.zeros(tuple(sizes.values()), np.int8)
    for number in list(chunks)[:300]:
        counted[chunks.region(number)] += 1
        assert counted[chunks.region(number)].size == chunks.points(number)
    assert counted.max() == 1
    assert chunks.count > 300 or counted.min() == 1
    assert len({chunks.file(number) for number in chunks}) == chunks.count


@pytest.mark.parametrize(("sizes", "shape"), [
    ({"sample": 2**20}, (4096,)),
    ({"sample": 100}, (64,)),
    ({"profile": 2, "cz_error": 20, "sample": 60000}, (1, 1, 4096)),
    ({"cz_error": 20, "profile": 3}, (20, 3)),
])  # fmt: skip
def test_chunks_have_a_size_for_the_engine(sizes, shape):
    assert Chunks.of(sizes, 376).shape == shape
