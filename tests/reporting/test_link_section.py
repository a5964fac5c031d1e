"""A run with a link: its Dataset, its warning, and the section of its report."""

import numpy as np
import pytest

import recycling as rc
from recycling.devices.profiles import ideal_device, override_device
from recycling.reporting.evidence import Evidence
from recycling.reporting.link_figures import link_figures
from recycling.reporting.link_section import link_section, made_table, parameter_table
from recycling.results.link import made_link

SPEC = """\
name = "linked"
[algorithm]
name = "repeat-until-success"
[device]
profile = "ideal"
[sweep]
theta = [0.6]
p_x = [0.2, 0.4]
[measurement]
shots = "exact"
trials = 1
"""
HOT = """
[link]
preset = "eth-30m"
temperature = "0.1 K"
segments = [[30, 0.01, "20 mK"]]
"""


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    text = SPEC + HOT
    out = tmp_path_factory.mktemp("linked") / "run"
    return rc.run(rc.Experiment.parse(text), out=out, spec=text)


@pytest.fixture(scope="module")
def dataset(run):
    return rc.analyse(run)


def test_the_dataset_says_which_link_it_was_and_warns(run, dataset):
    link = run.experiment.physical_link
    attributes = dataset.attrs
    assert attributes["link"] == "channel"
    assert attributes["link_transmissivity"] == pytest.approx(0.75 * 10**-0.03)
    assert attributes["link_thermal_population"] == pytest.approx(link.thermal_population)
    assert attributes["warnings"].startswith("link: 0.0")
    assert len(attributes["warnings"].splitlines()) == 1


def test_the_report_names_parameters_sources_and_metrics(run, dataset):
    section = link_section(Evidence(run, dataset))
    said, warning, parameters, made = section.parts
    assert section.title == "Link"
    assert said.text.startswith("The link eth-30m is a channel on B in the recycling arm")
    assert warning.mark == "Warning"
    rows = {name: (value, source) for name, value, source in parameters.table.rows}
    assert rows["temperature"] == ("100 mK", "given")
    assert rows["segments"] == ("30 m of 0.01 dB/m at 0.02 K", "given")
    assert rows["transmissivity"][1].startswith("assumed")
    values = dict(made.table.rows)
    fidelity = run.experiment.physical_link.metrics().bell_fidelity
    assert values["process and Bell fidelity F_p"] == f"{fidelity:.4f}"


def test_a_curve_of_a_single_angle_is_seen(dataset):
    for name, curves in (("link-heat", 4), ("link-excess", 2)):
        figure, _ = link_figures(dataset)[name]
        drawn = [line for line in figure.axes[0].lines if not line.get_label().startswith("_")]
        assert len(drawn) == curves
        assert all(np.ptp(line.get_xdata()) > 0 for line in drawn)


def test_a_run_without_a_link_has_no_section(small_run, small_dataset):
    assert link_section(Evidence(small_run, small_dataset)) is None
    assert not any(name.startswith("link") for name in small_dataset.attrs)


def test_an_idle_link_says_what_its_wait_does_not_use():
    idle = rc.Experiment.parse(SPEC + '[link]\npreset = "eth-5m"\nrealisation = "idle"')
    rows = {row[0]: row[2] for row in parameter_table(idle.link).rows}
    assert rows["coherence"].endswith("of no use to a wait")
    assert rows["transmissivity"] == "printed: PRL 125, 260502"
    device = override_device(ideal_device(temperature=0.043, frequency=5e9), t1=397e-6, t2=180.5e-6)
    assert dict(made_table(made_link(idle, device)).rows)["wait of B (µs)"] == "156.032"
