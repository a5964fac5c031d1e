"""The report: one file that holds everything and asks the network for nothing."""

import base64
import hashlib
import html
import io
import json
import re
import shutil
import subprocess
from html.parser import HTMLParser

import numpy as np
import pandas as pd
import pytest
from matplotlib.collections import PolyCollection
from scipy.constants import h

import recycling as rc
from recycling.inference.readout.correction import READOUTS
from recycling.reporting import explorer
from recycling.reporting.citation import bibtex
from recycling.reporting.evidence import Evidence
from recycling.reporting.figures import paper_figures
from recycling.reporting.paper import compare, replay_of
from recycling.reporting.readings import (
    assignment_table,
    readout_datasets,
    readout_table,
    temperature_table,
)
from recycling.reporting.verdict_csv import COLUMNS
from recycling.reporting.verdict_table import verdict_table
from recycling.results.calibrations import calibrations
from recycling.results.controls import controls
from recycling.results.export import tables
from recycling.results.summary import headline
from recycling.results.theory import stored_theory
from recycling.results.verdicts import verdicts

PAPER = (
    "fig3-fidelity", "fig4a-equilibrium", "fig4b-recycling", "fig4c-theory", "fig5a-mixedness",
    "fig5b-ratio",
)  # fmt: skip
READINGS = (
    "sensitivity-temperature", "sensitivity-frequency", "critical-temperature", "entropy-tradeoff",
    "branch-gain",
)  # fmt: skip
PREDICTION = ("prediction-heat", "prediction-excess-tight")
FIGURES = (*PAPER, *PREDICTION, *READINGS, "ledger", "schedule", "circuit")
#: Attributes through which a page loads something.
LOADING = {"src", "srcset", "href", "xlink:href", "action", "data", "poster", "background", "style"}
#: Elements that load or run something.
FOREIGN = {"link", "iframe", "object", "embed", "base", "form", "audio", "video"}
CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")


class Page(HTMLParser):
    """Elements of a page, and its text outside style sheets."""

    def __init__(self, source):
        super().__init__()
        self.elements, self.text, self._open = [], "", None
        self.feed(source)

    def handle_starttag(self, tag, attributes):
        self.elements.append((tag, dict(attributes)))
        self._open = tag

    def handle_data(self, data):
        if self._open not in ("style", "script"):
            self.text += data

    def of(self, tag):
        return [attributes for name, attributes in self.elements if name == tag]


@pytest.fixture(scope="module")
def reported(small_run, small_dataset):
    """Run whose report is written."""
    assert rc.report(small_run, small_dataset) == small_run.path / "report.html"
    return small_run


@pytest.fixture(scope="module")
def source(reported):
    return (reported.path / "report.html").read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def page(source):
    return Page(source)


@pytest.fixture(scope="module")
def pictures(page):
    """SVG of each picture in the page, by name."""
    names = [attributes["id"] for attributes in page.of("figure")]
    prefix = "data:image/svg+xml;base64,"
    uris = [attributes["src"] for attributes in page.of("img")]
    assert all(uri.startswith(prefix) for uri in uris)
    return {
        name: base64.b64decode(uri.removeprefix(prefix), validate=True)
        for name, uri in zip(names, uris, strict=True)
    }


def test_the_page_loads_nothing(page, source):
    assert {tag for tag, _ in page.elements} & FOREIGN == set()
    for tag, attributes in page.elements:
        # A link is followed by a reader alone, and tells the other side nothing.
        leads_elsewhere = tag == "a" and attributes.get("rel") == "noreferrer"
        for name in LOADING & set(attributes) - ({"href"} if leads_elsewhere else set()):
            assert attributes[name].startswith(("data:", "#")), (tag, name, attributes[name][:80])
        assert not any(name.startswith("on") for name in attributes), (tag, "handler")
    (sheet,) = re.findall(r"<style>(.*?)</style>", source, flags=re.DOTALL)
    assert "url(" not in sheet
    assert "@import" not in sheet
    policies = [meta["content"] for meta in page.of("meta") if "http-equiv" in meta]
    assert len(policies) == 1, "no redirect"
    assert policies[0].startswith("default-src 'none'; img-src data:;")


def test_the_page_runs_the_script_of_its_policy_alone(page, source):
    """A browser compares the script with its digest; numbers are data, and no text is run."""
    assert [script.get("type") for script in page.of("script")] == ["application/json", None]
    numbers, script = re.findall(r"<script[^>]*>(.*?)</script>", source, flags=re.DOTALL)
    assert "<" not in numbers
    assert json.loads(numbers)["kind"] == "simulated"
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    assert f"script-src 'sha256-{digest}';" in source
    assert script.count("\n") < 300
    for word in ("eval(", "Function(", "fetch(", "XMLHttpRequest", "import(", "localStorage"):
        assert word not in script


def test_the_pictures_load_nothing(pictures):
    for name, svg in pictures.items():
        references = re.findall(rb"""(?:href|src)\s*=\s*["']([^"']*)""", svg)
        references += re.findall(rb"""url\(["']?([^"')]*)""", svg)
        assert all(r.startswith((b"#", b"data:")) for r in references), name
        assert b"<script" not in svg
        assert b"@import" not in svg


def test_every_figure_is_in_the_page_and_in_the_folder(reported, page, pictures):
    assert tuple(pictures) == FIGURES
    folder = reported.path / "figures"
    assert sorted(path.name for path in folder.iterdir()) == sorted(f"{n}.svg" for n in FIGURES)
    for name, svg in pictures.items():
        assert (folder / f"{name}.svg").read_bytes() == svg
        assert b"<svg" in svg
    for image, figure in zip(page.of("img"), FIGURES, strict=True):
        assert image["alt"], figure
    for number in ("3", "4(a)", "4(b)", "4(c)", "5(a)", "5(b)"):
        assert f"Fig. {number}." in page.text


def test_the_page_says_what_was_found(page, reported, small_dataset):
    assert headline(small_dataset) in page.text
    assert headline(small_dataset).startswith("At p_x = 0.4, ΔQ_B is below Q_tight at none of 3")
    corrected = readout_datasets(reported, calibrations(reported).assignment, 0.043)["corrected"]
    table = verdict_table(small_dataset, corrected)
    assert len(table.rows) == 3
    for cell in [*table.columns, *(cell for row in table.rows for cell in row)]:
        assert cell in page.text
    for bound in ("tight", "landauer"):
        for verdict in verdicts(small_dataset, bound=bound):
            assert verdict.text in page.text
    for control in controls(small_dataset):
        for part in (control.name, control.expected, control.found):
            assert part in page.text


def test_the_page_hands_out_the_numbers_of_the_verdicts(page, small_dataset):
    """The CSV in the page, and the columns that an export writes, digit for digit."""
    (uri,) = (a["href"] for a in page.of("a") if a.get("download") == "verdicts.csv")
    text = base64.b64decode(uri.partition("base64,")[2], validate=True).decode()
    frame = pd.read_csv(io.StringIO(text))
    assert len(frame) == 3 * 3
    assert frame["verdict_tight"].tolist()[::3] == [v.text for v in verdicts(small_dataset)]
    exported = [table.frame for table in tables(small_dataset)]
    for name in COLUMNS:
        (own,) = (table for table in exported if name in table)
        keys = [key for key in ("arm", "theta_b", "p_x", "limit") if key in own]
        both = frame[[*keys, name]].merge(own[[*keys, name]], on=keys, suffixes=("", "_exported"))
        assert len(both) == len(frame), name
        assert (both[name] == both[f"{name}_exported"]).all(), name


def test_the_slider_has_the_numbers_of_the_dataset(source, small_dataset):
    """At every p_x: energies and z to six digits, and the table as the terminal writes it."""
    data = json.loads(re.search(r'id="explorer-data">(.*?)</script>', source).group(1))
    raw, arm = data["sources"]["raw"], small_dataset.sel(arm="recycling")
    assert raw["p_x"] == small_dataset["p_x"].values.tolist()
    assert data["axis"]["values"] == small_dataset["theta_b"].values.tolist()
    for name, values in raw["values"].items():
        expected = arm[f"{name}_combined"].transpose("p_x", "theta_b", "limit").values / (h * 5e9)
        shown = np.array(values, dtype=float)
        # JSON has no infinity: there is nothing to draw.
        np.testing.assert_allclose(shown, np.where(np.isfinite(expected), expected, np.nan), 5e-6)
    for place in (0, 3):
        table = verdict_table(small_dataset.isel(p_x=[place]))
        rows = [tuple(row[: len(table.columns)]) for row in raw["rows"][place]]
        assert rows == list(table.rows)
    assert set(data["sources"]) == set(READOUTS)
    assert all(each["p_x"] == raw["p_x"] for each in data["sources"].values())


def test_a_slider_that_would_be_too_large_is_left_out(reported, small_dataset, monkeypatch):
    evidence = Evidence(reported, small_dataset)
    data = len(json.dumps(explorer.explorer_data(evidence, 14), ensure_ascii=False).encode())
    assert data / 2 < explorer.estimated_bytes(evidence, 14) + 6000 < 2 * data
    monkeypatch.setattr(explorer, "_MOST", 1000)
    (part,) = explorer.explorer_section(evidence).parts
    assert "MB of this page" in part.text


def test_the_page_says_how_to_cite_it(page, reported):
    version = reported.record["software"]["thermodynamic-recycling"]
    assert bibtex(version, "2026").split("\n\n")[0] in page.text
    assert f"version = {{{version}}}" in page.text
    assert any(a["href"].endswith("/abs/2601.07522") for a in page.of("a"))


def test_raw_verdicts_stand_beside_their_known_bias(page, reported, small_dataset):
    """What readout errors do to the excess at each angle: as recorded less the corrected one."""
    corrected = readout_datasets(reported, calibrations(reported).assignment, 0.043)["corrected"]
    table = verdict_table(small_dataset, corrected)
    assert table.columns[-1] == "bias by readout (hf)"
    assert table.columns[-1] in page.text
    for row, verdict, better in zip(
        table.rows, verdicts(small_dataset), verdicts(corrected), strict=True
    ):
        bias = (verdict.excess - better.excess) / (h * 5e9)
        assert float(row[-1]) == pytest.approx(bias, abs=5e-5)
        assert abs(bias) > 1e-3
    # Nothing to compare with: no column.
    assert len(verdict_table(small_dataset).columns) == len(table.columns) - 1


def test_figures_draw_the_bands_of_bounds_and_of_the_ratio(small_dataset):
    """One shaded area for heat and each bound in Fig. 4, and for each angle in Fig. 5(b)."""
    theory = small_dataset  # drawn likewise
    figures = paper_figures(small_dataset, theory)
    for name in ("fig4a-equilibrium", "fig4b-recycling", "fig5a-mixedness"):
        axes = figures[name][0].axes[0]
        assert sum(isinstance(own, PolyCollection) for own in axes.collections) == 4, name
    ratio, caption = figures["fig5b-ratio"]
    assert "Fieller" in caption
    shaded = [own for own in ratio.axes[0].collections if isinstance(own, PolyCollection)]
    assert len(shaded) == 3


def test_the_page_shows_what_readout_and_temperature_do(page, reported):
    errors, experiment = calibrations(reported).assignment, reported.experiment
    assignment = assignment_table(errors, experiment.design)
    readings = readout_table(experiment, errors, readout_datasets(reported, errors, 0.043))
    temperatures = temperature_table(experiment, calibrations(reported).temperatures)
    for table in (readings, assignment, temperatures):
        assert table.rows
        for cell in [*table.columns, *(cell for row in table.rows for cell in row), table.note]:
            assert cell in page.text
    assert all(any(word in column for column in readings.columns) for word in READOUTS)


def test_the_page_shows_the_run_beside_the_paper(page, source, reported, small_dataset):
    theory = stored_theory(reported)
    rows = compare(replay_of(reported, small_dataset, theory))
    assert source.count('<td class="outcome ') == len(rows) > 10
    assert {row.outcome for row in rows} >= {"agree", "differs", "input"}
    for row in rows:
        for cell in (row.where, row.about, row.printed, row.found, row.outcome):
            assert cell in page.text.replace("\u00a0", " ")


def test_the_page_says_where_everything_comes_from(page, reported, small_dataset):
    device, record = reported.device, reported.record
    for field, origin in device.sources.items():
        assert field in page.text
        assert origin in page.text
    for role, qubit in zip(device.roles, device.layout, strict=True):
        assert role in page.text
        assert str(qubit) in page.text
    assert f"{device.t1[4] * 1e6:.0f}" == "397", "the printed T1 of the bath"
    assert "397" in page.text
    for name, version in record["software"].items():
        assert f"{name} {version}" in page.text
    assert record["spec_hash"] in page.text
    assert "43 mK" in page.text
    assert small_dataset.attrs["data_kind"] in page.text
    assert "seed 3" in page.text


def test_controls_are_shown_with_their_outcome(small_dataset, source):
    found = controls(small_dataset)
    for word, outcome in (("passed", True), ("failed", False), ("for information", None)):
        shown = re.findall(rf"<td>(?:<span class=\"\w+\">)?{word}", source)
        assert len(shown) == sum(control.passed is outcome for control in found), word


def test_what_the_spec_says_is_escaped(page, source, small_spec):
    comment = '<script>alert("markup")</script> in it & an ampersand'
    assert comment in small_spec
    assert comment in page.text, "the reader sees it"
    assert len(page.of("script")) == 2, "the browser does not"
    assert "<script>alert" not in source.lower()
    assert "&lt;script&gt;" in source
    # The whole spec is there, as it was given.
    assert small_spec.strip() in page.text


@pytest.mark.skipif(CHROMIUM is None, reason="there is no chromium on the path")
def test_the_page_fits_a_phone(source, tmp_path):
    """Rendered 390 pixels wide: every picture drawn, and nothing to scroll sideways for."""
    wrapper = f"""<!doctype html><meta charset="utf-8"><body>
    <iframe id="phone" style="width: 390px; height: 844px" srcdoc="{html.escape(source)}"></iframe>
    <script>
    const frame = document.getElementById("phone");
    frame.addEventListener("load", () => {{
      const page = frame.contentDocument, root = page.documentElement;
      const found = {{
        visible: root.clientWidth,
        needed: Math.max(root.scrollWidth, page.body.scrollWidth),
        height: root.scrollHeight,
        heading: page.querySelector("h1").textContent,
        pictures: [...page.images].map(image => image.complete ? image.naturalWidth : 0),
      }};
      frame.remove();
      document.body.textContent = JSON.stringify(found);
    }});
    </script>"""
    (tmp_path / "phone.html").write_text(wrapper, encoding="utf-8")
    done = subprocess.run(
        [
            CHROMIUM, "--headless", "--no-sandbox", "--disable-gpu", "--no-first-run",
            "--disable-background-networking", "--disable-component-update", "--disable-sync",
            f"--user-data-dir={tmp_path / 'profile'}", "--virtual-time-budget=10000", "--dump-dom",
            (tmp_path / "phone.html").as_uri(),
        ],
        capture_output=True,
        text=True,
        encoding="utf-8",
        check=True,
        timeout=60,
    )  # fmt: skip
    shown = re.search(r"<body[^>]*>(\{.*\})", done.stdout)
    assert shown, done.stdout[-500:]
    found = json.loads(html.unescape(shown.group(1)))
    assert 300 < found["visible"] <= 390
    assert found["heading"] == "thermodynamic recycling: small"
    assert found["height"] > 2000, "it was laid out"
    assert len(found["pictures"]) == len(FIGURES)
    assert all(width > 0 for width in found["pictures"])
    assert found["needed"] <= found["visible"], "no horizontal overflow"


def test_figures_of_a_single_point_show_its_lines_and_its_place(small_dataset):
    """A line through one point would be invisible; so would be the colours of a single angle."""
    point = small_dataset.isel(theta_b=[1], p_x=[-1])
    figures = paper_figures(point, theory=point)
    for name, (figure, _) in figures.items():
        axes, *beside = figure.axes
        lines = [line for line in axes.lines if not line.get_label().startswith("_")]
        assert all(len(line.get_xdata()) == 2 for line in lines), name
        assert len(axes.get_xticks()) == 1, name
        assert not beside, name
    names = {"fig4a-equilibrium", "fig4b-recycling", "fig4c-theory", "fig5a-mixedness"}
    assert all(len(figures[name][0].axes[0].get_legend().get_lines()) == 4 for name in names)
