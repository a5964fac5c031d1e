"""The table [sweep.over]: what it means, and each fault of it in one line."""

import numpy as np
import pytest

from recycling.errors import BadInput
from recycling.spec.experiment import Experiment, preset
from recycling.spec.over import GridAxis, RandomAxis, SobolAxis

ISSUE = """\
name = "swept"
[sweep.over]
samples = 60000
"device.t1" = { sobol = [3e-5, 4e-4], scale = "log" }
"bath.temperature" = { random = [0.02, 0.09] }
"device.cz_error" = { start = 5e-4, stop = 8e-3, points = 20, scale = "log" }
"device.profile" = ["FakeFez", "FakeTorino"]
"""


def over(*lines):
    text = "\n".join(['name = "swept"', "[sweep.over]", *lines])
    return Experiment.parse(text).sweep.over


def test_axes_of_every_form():
    axes = Experiment.parse(ISSUE).sweep.over.axes
    assert axes["device.t1"] == SobolAxis(sobol=(3e-5, 4e-4), scale="log")
    assert axes["bath.temperature"] == RandomAxis(random=(0.02, 0.09))
    assert axes["device.cz_error"] == GridAxis(start=5e-4, stop=8e-3, points=20, scale="log")
    assert axes["device.profile"] == ("FakeFez", "FakeTorino")


def test_values_may_have_units():
    axes = over('"device.t1" = ["30 us", 4e-5]', '"sweep.theta_b" = ["0 deg", "45 deg"]').axes
    assert axes["device.t1"] == (3e-5, 4e-5)
    assert axes["sweep.theta_b"] == pytest.approx((0, np.pi / 4))


def test_keys_without_quotes_are_tables():
    assert over("device.t1 = [1e-4]") == over('"device.t1" = [1e-4]')


def test_coordinates_have_the_last_parts_of_keys():
    content = over('"device.t1[B]" = [1e-4]', '"bath.temperature" = [0.03]')
    assert set(content.names) == {"t1[B]", "temperature"}


def test_specs_are_written_and_read_back():
    experiment = Experiment.parse(ISSUE)
    again = Experiment.parse(experiment.to_toml())
    assert again == experiment
    assert again.hash == experiment.hash
    assert list(again.sweep.over.axes) == list(experiment.sweep.over.axes)


def test_hashes_of_specs_without_a_sweep_are_as_before():
    assert preset("paper").hash.startswith("9174c0a99281")
    assert preset("theory").hash.startswith("0dab16d9468e")
    assert Experiment(name="a").hash.startswith("ce4388f8a7ce")


@pytest.mark.parametrize(
    ("lines", "fault"),
    [
        ([], "has no axes: give one"),
        (['"device.t1" = []'], '"device.t1" = [] has no points'),
        (['"device.t1" = { start = 1e-4, stop = 2e-4, points = 0 }'], "has no points"),
        (['"device.t3" = [1e-4]'], '"device.t3" is an unknown key: did you mean device.t'),
        (['"measurement.shots" = [3]'], '"measurement.shots" is an unknown key'),
        (['"device.t1" = [43]'], "give 1 ns to 10 s (did you mean '43 us'?)"),
        (['"device.t1" = { start = 1e-4, stop = 20, points = 2 }'], "= 20: give 1 ns to 10 s"),
        (['"device.t1" = [1e-4, 1e-4]'], "comes twice: give each value once"),
        (['"device.t1" = [true]'], "= True: give numbers"),
        (['"device.t1" = 1e-4'], "give a list of values"),
        (['"device.t1" = { start = 1e-4, points = 2 }'], "stop is missing"),
        (['"device.cz_error" = { start = 0, stop = 0.1, points = 3, scale = "log" }'],
         "= 0 has no logarithm"),
        (['"device.t1" = { sobol = [1e-4, 2e-4] }'], "samples is missing"),
        (["samples = 0", '"device.t1" = { sobol = [1e-4, 2e-4] }'], "samples = 0: give"),
        (["samples = 4", '"device.t1" = [1e-4]'], "samples = 4: no axis is random or Sobol"),
        (["samples = 4", '"device.t1" = { random = [2e-4, 1e-4] }'], "the smaller first"),
        (["samples = 4", '"device.profile" = { random = ["paper", "ideal"] }'], "takes a list"),
        (['"bath.temperature" = [0.02]', '"link.temperature" = [0.02]'],
         '"link.temperature" ends like "bath.temperature"'),
        (['"device.profile" = ["FakeKawasaki"]'], "= 'FakeKawasaki' is"),
        (['"sweep.theta_b" = [2.0]'], "= 2.0: give values in [0, 0.785398]"),
        (["samples = 4", '"sweep.p_x" = { random = [-1, 0.4] }'], "= -1: give values in [0, 1]"),
        (['"device.cz_error[B]" = [1e-3]'], "is no number of a single qubit"),
        (['"device.t1[]" = [1e-3]'], "is an unknown key"),
        (['"device.feedforward_latency" = ["profile"]'], "give numbers"),
        (["samples = 1" + "0" * 400, '"device.t1" = { sobol = [1e-4, 2e-4] }'],
         "0…: give 1073741824 or fewer"),
        (["device.t1 = [1e-4]", '"device.t1" = [2e-4]'], "is given with quotes and without"),
        (["limit_t2 = 3", '"device.t1" = [1e-4]'], "limit_t2 = 3: give true or false"),
    ],
)  # fmt: skip
def test_each_fault_has_one_line(lines, fault):
    with pytest.raises(BadInput) as error:
        over(*lines)
    (line,) = error.value.faults
    assert line.startswith("sweep.over")
    assert fault in line


def test_a_fault_names_file_and_line(tmp_path):
    spec = tmp_path / "bad.toml"
    spec.write_text('name = "swept"\n[sweep.over]\n"device.t1" = []')
    with pytest.raises(BadInput, match=r'bad\.toml:2: sweep\.over\."device\.t1" = \[\] has no'):
        Experiment.from_toml(spec)
