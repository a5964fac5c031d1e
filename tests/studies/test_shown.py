"""What a notebook shows of plans, experiments, devices and comparisons: escaped and short."""

import shutil

import pytest

import recycling as rc

HOSTILE = "<script>alert(1)</script>"


def test_an_experiment_shows_its_keys(small_experiment):
    assert repr(small_experiment) == (
        "<Experiment small: hhl on paper, 3 θ_b × 4 p_x, 500 shots × 2 trials, T0 = 43 mK>"
    )
    page = small_experiment.with_(link={"preset": "eth-5m"})._repr_html_()
    for text in ("5 GHz, T0 = 43 mK, declared", "eth-5m", "500 shots", "seed", "θ_b"):
        assert text in page


def test_a_plan_shows_cost_and_promise(small_plan):
    assert repr(small_plan) == "<Plan of small on exact: paper (ibm_kawasaki), 2 jobs>"
    page = small_plan._repr_html_()
    for text in ("of QPU time", "circuit", "predicted", "rep_delay"):
        assert text in page


def test_a_device_shows_numbers_and_sources(small_plan):
    device = small_plan.device
    assert repr(device).startswith(f"<Device {device.name}: ")
    page = device._repr_html_()
    assert all(f"<td>{role}</td>" in page for role in device.roles)
    assert "T1 (µs)" in page
    assert f"{device.t1[0] * 1e6:.4g}" in page
    swept = device.replace("a test", t1=[[1e-4] * 6, [2e-4] * 6], t2=(1e-4,) * 6)
    assert "100 to 200" in swept._repr_html_()


@pytest.mark.parametrize("where", ["name", "sources"])
def test_text_of_a_device_is_escaped(where, small_plan):
    change = (
        {"name": HOSTILE}
        if where == "name"
        else {"sources": small_plan.device.sources | {"t1": HOSTILE}}
    )
    page = small_plan.device.model_copy(update=change)._repr_html_()
    assert "<script" not in page
    assert "&lt;script&gt;" in page


def test_a_comparison_shows_each_run(small_run, theory_run, tmp_path):
    other = shutil.copytree(theory_run.path, tmp_path / HOSTILE.replace("/", ""))
    found = rc.compare(small_run, other)
    page = found._repr_html_()
    assert repr(found).startswith("<Comparison at p_x = 0.4: ")
    assert "simulated" in page
    assert "<script" not in page
    assert "&lt;script&gt;" in page
