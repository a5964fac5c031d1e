"""The pages in a real browser: list, filters, a run, a comparison, maps; all from loopback."""

import shutil

import pytest

from recycling.campaign.server import listening
from recycling.serving.application import application
from tests.browser import DESKTOP, PHONE, launched, opened, violations
from tests.serving.folder import fill, fill_with_more, forged

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def browser():
    with launched() as found:
        yield found


@pytest.fixture(scope="module")
def folder(small_run, small_dataset, theory_run, tmp_path_factory):
    assert small_dataset.sizes["trial"] == 2
    root = tmp_path_factory.mktemp("browsed")
    (root / "runs").mkdir()
    fill(root / "runs", small_run, theory_run)
    fill_with_more(root / "runs", root / "elsewhere")
    shutil.copytree(small_run.path, root / "runs/<script>alert(1)<b> & \"x\" 'y'")
    return root / "runs"


@pytest.fixture(scope="module")
def address(folder):
    app = application(folder)
    with listening(0, app) as found:
        app.test_client().get("/", base_url=found)
        app.extensions["shelf"].wait()
        yield found


PAGES = ["", "runs/small", "runs/broken", "sweeps/chips", "campaigns/nights", "?name=nowhere"]


@pytest.mark.parametrize(
    ("window", "scheme"), [(DESKTOP, "light"), (PHONE, "dark")], ids=["desktop", "dark phone"]
)
def test_every_page_is_accessible_fits_and_stays_here(browser, address, window, scheme):
    for path in PAGES:
        with opened(browser, address + path, viewport=window, color_scheme=scheme) as page:
            assert violations(page) == []
            assert page.complaints == []
            assert all(url.startswith((address, "data:")) for url in page.asked)
            assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")


def test_the_list_is_filtered_at_once_and_sorted_by_a_click(browser, address):
    with opened(browser, address, viewport=DESKTOP) as page:
        assert page.locator(".runs tbody tr").count() == 6
        page.get_by_label("state").select_option("damaged")
        page.wait_for_url("**state=damaged**")
        assert page.locator(".runs tbody tr").count() == 1
        page.goto(address)
        page.get_by_role("link", name="run", exact=True).click()
        names = page.locator(".runs .name a").all_inner_texts()
        assert names == sorted(names)
        assert page.locator("th[aria-sort=ascending]").count() == 1
        page.get_by_label("name").fill("theory")
        page.get_by_label("name").press("Enter")
        page.wait_for_url("**name=theory**")
        assert page.locator(".runs tbody tr").count() == 2


def test_a_run_is_opened_and_its_report_has_no_origin(browser, address, folder):
    (folder / "small/report.html").write_text(
        f"<title>r</title><p id=p>no</p><script>p.textContent = origin; fetch('{address}api/runs')"
        ".then(() => p.textContent = 'reached')</script>"
    )
    with opened(browser, address, viewport=DESKTOP) as page:
        page.get_by_role("link", name="small", exact=True).click()
        assert "gain of a thermal bath" in page.locator("main").inner_text()
        page.get_by_role("link", name="Open the report").click()
        page.wait_for_timeout(200)
        assert page.locator("#p").inner_text() == "null"
    (folder / "small/report.html").unlink()


def test_two_runs_are_ticked_and_compared_by_the_keyboard(browser, address):
    with opened(browser, address, viewport=DESKTOP) as page:
        page.keyboard.press("Tab")
        assert page.evaluate("document.activeElement.className") == "skip"
        for name in ("small", "later/theory"):
            page.get_by_label(f"compare {name}", exact=True).focus()
            page.keyboard.press("Space")
        assert page.locator("#ticked").inner_text() == "2 ticked."
        page.get_by_role("button", name="Compare").focus()
        page.keyboard.press("Enter")
        page.wait_for_url("**/compare?**")
        assert "Comparison" in page.title()
        assert page.complaints == []


def test_the_list_is_printed_on_a_page(browser, address):
    with opened(browser, address, viewport={"width": 720, "height": 1000}) as page:
        page.emulate_media(media="print")
        assert page.evaluate("document.documentElement.scrollWidth") == 720
        sizes = page.locator(".runs td, .runs .note, .runs .tag").evaluate_all(
            "cells => cells.map(cell => getComputedStyle(cell).fontSize)"
        )
        assert len(set(sizes)) == 1


def test_a_sweep_has_its_maps(browser, address):
    with opened(browser, f"{address}sweeps/chips", viewport=DESKTOP) as page:
        assert page.locator("figure#margins img").count() == 1
        assert page.locator("figure[id^=map-] img").count() == 3
        assert page.evaluate("[...document.images].every((i) => i.naturalWidth > 0)")


def test_the_list_follows_the_folder_and_keeps_what_is_ticked(browser, address, folder):
    with opened(browser, address, viewport=DESKTOP) as page:
        page.get_by_label("compare small", exact=True).check()
        row = page.locator(".runs tbody tr", has=page.get_by_label("compare open", exact=True))
        assert row.locator(".state").inner_text() == "open"
        forged(folder / "open", state="done")
        page.locator(".runs tr.done input[value=open]").wait_for()
        assert page.get_by_label("compare small", exact=True).is_checked()
        assert page.complaints == []
    forged(folder / "open", state="open")


def test_it_works_without_javascript(browser, address):
    with opened(browser, address, viewport=PHONE, java_script_enabled=False) as page:
        page.get_by_label("backend").select_option("exact")
        page.get_by_role("button", name="Filter").click()
        assert "5 of 6 runs" in page.locator("main").inner_text()
