"""The documentation site in a real browser: legible, usable, and nothing leaves this machine."""

from pathlib import Path

import pytest

import recycling as rc
from tests.browser import DESKTOP, PHONE, launched, opened, violations

pytestmark = pytest.mark.browser

SITE = Path(rc.__file__).parents[1] / "build" / "docs"
PAGES = (
    "index.html",
    "first-ten-minutes.html",
    "theory.html",
    "features.html",
    "how-to/hardware.html",
)


@pytest.fixture(scope="module")
def site():
    """Address of the site that ``make docs`` built."""
    if not (SITE / "index.html").exists():
        pytest.skip("the site is not built: make docs")
    return SITE.as_uri()


@pytest.fixture(scope="module")
def browser(site):  # noqa: ARG001
    """A browser, where there is a site."""
    with launched() as found:
        yield found


@pytest.mark.parametrize(
    ("name", "scheme"),
    [*((name, "light") for name in PAGES), ("index.html", "dark"), ("theory.html", "dark")],
)
def test_a_page_is_accessible_and_asks_nobody(browser, site, name, scheme):
    with opened(browser, f"{site}/{name}", viewport=DESKTOP, color_scheme=scheme) as page:
        # axe-core reads style sheets again, which a browser refuses it for files.
        assert page.complaints == []
        assert all(address.startswith(("file:", "data:")) for address in page.asked)
        assert violations(page) == []


@pytest.mark.parametrize("name", PAGES)
def test_a_page_fits_a_phone(browser, site, name):
    with opened(browser, f"{site}/{name}", viewport=PHONE) as page:
        assert page.evaluate("document.documentElement.scrollWidth") <= PHONE["width"]
        page.locator("label.nav-overlay-icon").first.click()
        assert page.get_by_role("link", name="First ten minutes").first.is_visible()


@pytest.mark.parametrize("name", ["theory.html", "reference/spec.html"])
def test_what_is_wider_than_a_phone_is_reached_by_keys(browser, site, name):
    with opened(browser, f"{site}/{name}", viewport=PHONE) as page:
        assert violations(page) == []


def test_equations_are_drawn_in_the_ink_of_the_text(browser, site):
    with opened(browser, f"{site}/theory.html", color_scheme="dark") as page:
        drawn = page.locator("div.math svg")
        assert drawn.count() > 10
        ink = "element => getComputedStyle(element).color"
        fill = "element => getComputedStyle(element).fill"
        assert drawn.first.locator("path").evaluate(fill) == page.locator(
            "article p"
        ).first.evaluate(ink)


def test_search_finds_a_key(browser, site):
    with opened(browser, f"{site}/search.html?q=low_frequency_dephasing") as page:
        page.wait_for_selector("#search-results li a", timeout=20_000)
        assert page.locator("#search-results li").count() >= 1
