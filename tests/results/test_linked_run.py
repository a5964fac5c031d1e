"""A run with the 5 m link, from its spec to every place that shows it, by the command line."""

import json

import pytest
import xarray as xr
from scipy.constants import h, k

from recycling.reporting import page
from recycling.results.link_gains import link_gains
from recycling.results.production import entropy_production
from recycling.results.summary import headline
from recycling.results.verdicts import verdicts
from tests.on_ibm import command

QUANTUM = h * 5e9  # hf, J
SPEC = """
name = "theory-5m"
device.profile = "ideal"
measurement = { shots = "exact", trials = 1 }
sweep = { theta_b = [0.0, 0.7853981633974483], p_x = [0.4] }
link.preset = "eth-5m"
"""
#: Preset theory with the link eth-5m, in units of hf and nats: θ_b/(π/4), ΔS, ΔQ_B, gain and that
#: of the link alone.
PRINTED = [(0.0, None, None, 0.009669, 0.016123), (1.0, 0.346579, 0.063249, None, None)]
LANDAUER, TIGHT = 0.062105, 0.118454  # at θ_b = π/4


@pytest.fixture(scope="module")
def done(tmp_path_factory):
    """What the command prints as JSON, and the run directory."""
    folder = tmp_path_factory.mktemp("linked")
    (folder / "spec.toml").write_text(SPEC, encoding="utf-8")
    with pytest.MonkeyPatch.context() as patch:  # other tests look at the other sections
        patch.setattr(page, "SECTIONS", (page.verdict_section, page.link_heat_section))
        run = command("run", folder / "spec.toml", "--out", folder / "run", "--json")
    assert (run.code, run.traceback) == (0, "")
    return json.loads(run.out), folder / "run"


@pytest.fixture(scope="module")
def linked_theory(done):
    with xr.open_dataset(done[1] / "results.nc") as dataset:
        yield dataset


def test_json_has_both_ledgers(done):
    facts, _ = done
    assert facts["verdict_ledger"] == "net against separate"
    assert [v["verdict"] for v in facts["verdicts"]] == ["below", "below", "above", "above"]
    link = facts["link"]
    assert (link["transmissivity"], link["ledger"]) == (0.675, "strict")
    cold, recycled = link["verdicts"]
    assert (cold["verdict"], cold["link_makes"]) == ("below", "all of it")
    assert recycled["verdict"] == "above"
    assert recycled["heat_J"] / QUANTUM == pytest.approx(0.063249 + 0.162498, abs=1e-6)
    assert recycled["link_heat_J"] / QUANTUM == pytest.approx(0.162498, abs=1e-6)
    assert facts["controls_failed"] == []


def test_terminal_report_and_tables_show_the_link(done, tmp_path):
    path = done[1]
    shown = command("analyse", path).out
    for text in ("net against separate", "strict, z", "ΔS (nat)", "the link makes", "all of it"):
        assert text in shown
    text = (path / "report.html").read_text(encoding="utf-8")
    assert "<h2>Heat in the link</h2>" in text
    assert {"link-heat.svg", "link-excess.svg", "link-gain.svg"} <= {
        figure.name for figure in (path / "figures").iterdir()
    }
    command("export", path, "--out", tmp_path / "tables")
    tables = [path.read_text(encoding="utf-8") for path in (tmp_path / "tables").glob("*.csv")]
    columns = {name for table in tables for name in table.splitlines()[0].split(",")}
    assert {"link_heat", "excess_strict_tight_low", "link_heat_combined_z"} <= columns


@pytest.mark.parametrize("row", PRINTED, ids=["0", "pi/4"])
def test_theory_with_the_5_m_link_has_the_printed_figures(linked_theory, row):
    quarter, decrease, heat, gain, alone = row
    theory = linked_theory
    point = theory.isel(theta_b=int(quarter)).sel(p_x=0.4)
    printed = {"rel": 0, "abs": 6e-7}
    shown = point.sel(arm="recycling", limit="value")
    if heat is not None:
        assert float(shown["entropy_decrease_combined"]) == pytest.approx(decrease, **printed)
        assert float(shown["heat_combined"]) / QUANTUM == pytest.approx(heat, **printed)
        assert float(shown["bound_tight_combined"]) / QUANTUM == pytest.approx(TIGHT, **printed)
        bound = float(shown["bound_landauer_combined"]) / QUANTUM
        assert bound == pytest.approx(LANDAUER, **printed)
    gains, index = link_gains(theory), int(quarter)
    if gain is not None:
        assert gains.gain[index] / QUANTUM == pytest.approx(gain, **printed)
        assert gains.alone[index] / QUANTUM == pytest.approx(alone, **printed)
        assert gains.made_by_link[index] == "all of it"
    else:
        assert 0 < gains.share[index] < 0.1


def test_verdicts_of_both_ledgers_and_the_sentence_about_them(linked_theory):
    theory = linked_theory
    tight, landauer, strict = (
        verdicts(theory, bound=bound) for bound in ("tight", "landauer", "strict_tight")
    )
    assert [v.text for v in tight] == ["below", "below"]
    assert [v.text for v in landauer] == ["above", "above"]
    assert [v.text for v in strict] == ["below", "above"]
    left = theory["link_heat_combined"].sel(arm="recycling", limit="value", p_x=0.4).values
    added = [s.heat - t.heat for s, t in zip(strict, tight, strict=True)]
    assert added == pytest.approx(left, rel=0, abs=1e-12 * QUANTUM)
    sentence = headline(theory)
    for text in (
        "net against separate: ΔQ_B is below Q_tight at 2 of 2 angles",
        "strict: ΔQ_B + link heat is below Q_tight at 1 of 2 angles, θ_b = 0.000",
        "The link alone makes all of the gain at 1 of 2 angles, θ_b = 0.000, elsewhere",
    ):
        assert text in sentence


def test_a_link_adds_its_heat_over_its_temperature_and_what_it_mixes(linked_theory):
    """π/4: 0.1625 hf at 20 mK, S_in = 0.030653, S_out = S_S − ΔS with S_S = 0.673315 nats."""
    found = entropy_production(linked_theory).value
    local = entropy_production(linked_theory, "equilibrium").value
    of_link = 0.162498 * h * 5e9 / (k * 0.02) + (0.673315 - 0.346579) - 0.030653
    assert found[-1] - local[-1] == pytest.approx(of_link, abs=2e-5)
    assert (found > local).all()
