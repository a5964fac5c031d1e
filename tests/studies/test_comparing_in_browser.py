"""The page on two runs in a real browser: it has the form of a report."""

import pytest

import recycling as rc
from tests.browser import DESKTOP, PHONE, launched, opened, violations

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def browser():
    with launched() as found:
        yield found


@pytest.fixture(scope="module")
def address(small_run, theory_run, tmp_path_factory):
    page = tmp_path_factory.mktemp("page") / "page.html"
    rc.compare(small_run.path, theory_run.path, out=page)
    return page.as_uri()


@pytest.mark.parametrize(("window", "scheme"), [(DESKTOP, "dark"), (PHONE, "light")])
def test_the_page_is_accessible_and_asks_nobody(browser, address, window, scheme):
    with opened(browser, address, viewport=window, color_scheme=scheme) as page:
        assert violations(page) == []
        assert [url for url in page.asked if not url.startswith("data:")] == [address]
        assert page.complaints == []
        assert page.evaluate("document.documentElement.scrollWidth") == window["width"]
        assert page.locator("p.verdict").bounding_box()["y"] < window["height"] / 2
        for internal in ("bound landauer", "excess tight", "bound tight"):
            assert internal not in page.locator("main").text_content()


def test_the_page_prints_what_is_folded(browser, address):
    with opened(browser, address, viewport=DESKTOP, java_script_enabled=False) as page:
        table = page.locator("details table").last
        assert not table.is_visible()
        page.emulate_media(media="print")
        assert table.is_visible()
