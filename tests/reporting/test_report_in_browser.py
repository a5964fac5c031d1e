"""The report in a real browser: one file that asks nobody for anything, and answers its reader."""

import io
import json

import pandas as pd
import pytest
from scipy.constants import h

import recycling as rc
from recycling.reporting.verdict_table import verdict_table
from tests.browser import DESKTOP, PHONE, launched, opened, violations

pytestmark = pytest.mark.browser

#: What a reader may have.
WAYS = {
    "desktop": {"viewport": DESKTOP},
    "phone": {"viewport": PHONE},
    "dark": {"viewport": DESKTOP, "color_scheme": "dark"},
    "no script": {"viewport": DESKTOP, "java_script_enabled": False},
}


@pytest.fixture(scope="module")
def browser():
    with launched() as found:
        yield found


@pytest.fixture(scope="module")
def dataset(small_run):
    return rc.analyse(small_run)


@pytest.fixture(scope="module")
def address(small_run, dataset):
    return rc.report(small_run, dataset).as_uri()


@pytest.fixture
def page(browser, address):
    with opened(browser, address, viewport=DESKTOP, reduced_motion="reduce") as found:
        yield found
        assert found.complaints == []


def reading(page):
    return page.locator(".reading").text_content()


def slide(page, place):
    page.locator("#explorer-p-x").evaluate(
        "(slider, place) => { slider.value = place; slider.dispatchEvent(new Event('input')); }",
        place,
    )


@pytest.mark.parametrize("way", WAYS)
def test_the_report_asks_for_nothing_but_itself(browser, address, way):
    with opened(browser, address, **WAYS[way]) as page:
        assert "small" in page.title()
        page.keyboard.press("End")
        assert [url for url in page.asked if not url.startswith("data:")] == [address]
        assert page.complaints == []


@pytest.mark.parametrize(("window", "scheme"), [(DESKTOP, "light"), (PHONE, "dark")])
def test_axe_finds_nothing(browser, address, window, scheme):
    with opened(browser, address, viewport=window, color_scheme=scheme) as page:
        assert violations(page) == []


def test_the_first_screen_of_a_phone_shows_the_verdict(browser, address):
    with opened(browser, address, viewport=PHONE) as page:
        box = page.locator("p.verdict").last.bounding_box()
        assert box["y"] + box["height"] < PHONE["height"]
        assert page.evaluate("document.documentElement.scrollWidth") == PHONE["width"]
        contents = page.locator("nav.page li a")
        assert not contents.first.is_visible()
        page.get_by_text("Contents").click()
        assert contents.first.is_visible()


def test_the_contents_lead_to_every_section(page):
    titles = page.locator("main h2").all_text_contents()
    links = page.locator("nav.page li a")
    assert links.all_text_contents() == titles
    for title, address in (("Verdict", "#section-verdict"), ("Device", "#section-device")):
        page.get_by_role("link", name=title, exact=True).click()
        assert page.evaluate("location.hash") == address
    assert abs(page.locator("#section-device").bounding_box()["y"]) < 100
    assert links.first.is_visible(), "the contents stay in view"


def test_print_is_light_and_opens_what_is_folded(browser, address):
    """By style alone, so that it holds without JavaScript too."""
    options = {"viewport": DESKTOP, "color_scheme": "dark", "java_script_enabled": False}
    with opened(browser, address, **options) as page:
        spec = page.locator("details pre").last
        assert not spec.is_visible()
        on_screen = page.locator("body").evaluate("body => getComputedStyle(body).backgroundColor")
        page.emulate_media(media="print")
        assert spec.is_visible()
        assert page.locator("body").evaluate("b => getComputedStyle(b).backgroundColor") == (
            "rgb(255, 255, 255)"
        )
        assert on_screen != "rgb(255, 255, 255)"
        assert not page.locator("nav.page").is_visible()
        assert page.locator("#fig4b-recycling img").evaluate(
            "image => getComputedStyle(image).filter"
        ) == "none"  # fmt: skip
        assert page.pdf().startswith(b"%PDF")


def test_a_button_turns_the_page_dark_and_stores_nothing(page):
    image = page.locator("#fig3-fidelity img")
    button = page.get_by_role("button", name="Dark page")
    assert image.evaluate("image => getComputedStyle(image).filter") == "none"
    button.click()
    assert "invert" in image.evaluate("image => getComputedStyle(image).filter")
    assert page.get_by_role("button", name="Light page").is_visible()
    assert page.context.storage_state() == {"cookies": [], "origins": []}


def test_without_javascript_everything_else_is_there(browser, address):
    with opened(browser, address, **WAYS["no script"]) as page:
        assert page.locator("noscript p").is_visible()
        assert not page.locator("#explorer").is_visible()
        assert page.locator("nav.page li a").first.is_visible()
        assert page.locator("#section-verdict tbody tr").count() == 3
        assert page.get_by_text("archivePrefix").is_visible()


def test_the_slider_moves_table_and_figure_to_the_numbers_of_the_dataset(page, dataset):
    arm = dataset.sel(arm="recycling")
    for place, p_x in enumerate(dataset["p_x"].values):
        slide(page, place)
        assert float(page.locator(".choices output").text_content()) == p_x
        table = verdict_table(dataset.isel(p_x=[place]))
        for number, row in enumerate(table.rows):
            cells = page.locator(f"#explorer tbody tr:nth-child({number + 1}) td")
            assert cells.all_text_contents()[: len(row)] == list(row)
        heat = arm["heat_combined"].sel(p_x=p_x, limit="value").values / (h * 5e9)
        places = page.locator("circle.heat[data-key]").evaluate_all(
            "dots => dots.map(dot => [+dot.getAttribute('cy'), dot.getAttribute('aria-label')])"
        )
        for value, (_, words) in zip(heat, places, strict=True):
            assert f"ΔQ_B = {value:+.4f} hf".replace("-", "−") in words
        # The height of a point is linear in its energy.
        (first, _), *_, (last, _) = places
        scale = (last - first) / (heat[-1] - heat[0])
        assert scale < 0
        # Energies are on the page with six digits: this one's, the first's, and twice in the scale.
        rounded = 4 * abs(scale) * 5e-6 * abs(heat).max()
        wanted = first + scale * (heat - heat[0])
        assert [y for y, _ in places] == pytest.approx(wanted, rel=0, abs=rounded)


def test_readouts_are_switched(page):
    data = json.loads(page.locator("#explorer-data").text_content())
    for readout in ("corrected", "unmixed", "raw"):
        page.get_by_label(readout, exact=readout != "raw").check()
        expected = data["sources"][readout]["rows"][3][2]
        shown = page.locator("#explorer tbody tr").last.locator("td").all_text_contents()
        assert shown == expected
        assert f"readout {readout}" in page.locator("#explorer caption").text_content()


def test_values_are_read_by_mouse_and_by_keyboard_alone(page):
    page.locator("circle.bound_tight[data-key]").last.hover()
    assert "Q_tight = +0." in reading(page)
    assert "z of ΔQ_B against it" in reading(page)
    page.locator("#explorer-p-x").focus()
    page.keyboard.press("Home")
    assert page.locator(".choices output").text_content() == "0.05"
    page.keyboard.press("ArrowRight")
    assert page.locator(".choices output").text_content() == "0.1"
    for _ in range(6):  # past the choices, to the one stop of the figure
        page.keyboard.press("Tab")
        if page.evaluate("document.activeElement.tagName") == "circle":
            break
    assert "ΔQ_B" in reading(page)
    assert "θ_b = 0," in reading(page)
    page.keyboard.press("ArrowRight")
    assert "θ_b = 0.4," in reading(page)
    page.keyboard.press("ArrowDown")
    assert "Q_ath" in reading(page)


def test_the_skip_link_is_the_first_stop(page):
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.textContent") == "Skip to the results"
    page.keyboard.press("Enter")
    assert page.evaluate("document.activeElement.id") == "main"


def test_theory_is_drawn_over_the_run(page):
    assert page.locator("path.theory").count() == 0
    page.get_by_label("Theory").check()
    assert page.locator("path.theory").count() == 4


def test_the_verdicts_are_saved_as_csv(page, dataset):
    with page.expect_download() as saved:
        page.get_by_role("link", name="as CSV").click()
    assert saved.value.suggested_filename == "verdicts.csv"
    frame = pd.read_csv(io.BytesIO(saved.value.path().read_bytes()))
    at = {"arm": "recycling", "p_x": 0.4}
    for name in ("heat_combined", "excess_tight_combined", "excess_landauer_combined"):
        expected = dataset[name].sel(at).transpose("theta_b", "limit").values.ravel()
        assert frame[name].tolist() == expected.tolist(), "to the last digit"


def test_bibtex_is_copied_or_selected(page):
    page.get_by_role("button", name="Copy BibTeX").click()
    button = page.locator("#section-cite button")
    button.filter(has_text="selected").or_(button.filter(has_text="copied")).wait_for()


def test_the_circuit_is_legible(page):
    """Its drawing has its natural size: the smallest text, 8 % of an inch, is 9 px."""
    width = page.locator("#circuit img").evaluate("image => image.width / image.naturalWidth")
    assert width >= 0.99
